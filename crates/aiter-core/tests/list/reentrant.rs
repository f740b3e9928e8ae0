//! User code that calls back into the list: wakers, `clone`, `drop`, preflights.

use crate::{
    drain, scaled, take, take_ready,
    waker::{Counting, next, on_wake, poll},
};
use aiter_core::{Cursor, Pusher, push_list};
use alloc::{
    sync::{Arc, Weak},
    task::Wake,
};
use core::{
    cell::{Cell, RefCell},
    task::{Context, Poll, Waker},
};
use std::sync::Mutex;

/// A task in the small: its waker polls its cursor inside `wake`, and so registers again.
struct Eager {
    state: Mutex<(Cursor<usize>, Vec<usize>, bool)>,
    me: Weak<Eager>,
}

impl Eager {
    fn start(cursor: Cursor<usize>) -> Arc<Self> {
        let eager = Arc::new_cyclic(|me| Self {
            state: Mutex::new((cursor, Vec::new(), false)),
            me: Weak::clone(me),
        });
        eager.run();
        eager
    }

    fn run(&self) {
        let waker = on_wake({
            let me = Weak::clone(&self.me);
            move || {
                if let Some(me) = me.upgrade() {
                    me.run();
                }
            }
        });
        let mut state = self.state.lock().unwrap();
        loop {
            match poll(&mut state.0, &waker) {
                Poll::Ready(Some(item)) => state.1.push(item),
                Poll::Ready(None) => break state.2 = true,
                Poll::Pending => break,
            }
        }
    }
}

#[test]
fn a_waker_that_polls_its_cursor_inside_wake() {
    const N: usize = scaled(200, 70);
    let (pusher, cursor) = push_list();
    let tasks: Vec<_> = (0..3).map(|_| Eager::start(cursor.fork())).collect();
    drop(cursor);
    for item in 0..N {
        pusher.push(item).unwrap();
        for task in &tasks {
            assert_eq!(task.state.lock().unwrap().1.len(), item + 1);
        }
    }
    pusher.stop();
    for task in &tasks {
        let state = task.state.lock().unwrap();
        assert!(state.2, "ended inside wake");
        assert_eq!(state.1, (0..N).collect::<Vec<_>>());
    }
}

#[test]
fn a_waker_that_polls_its_cursor_inside_wake_of_a_run() {
    const N: usize = scaled(1000, 100);
    let (mut pusher, cursor) = push_list();
    let task = Eager::start(cursor);
    assert_eq!(pusher.push_all(0..N).unwrap(), N);
    assert_eq!(pusher.unique().unwrap().push_all(N..2 * N).unwrap(), N);
    assert_eq!(task.state.lock().unwrap().1, (0..2 * N).collect::<Vec<_>>());
}

#[test]
fn a_waker_that_pushes() {
    let (pusher, mut cursor) = push_list();
    for item in 0..scaled(100, 40) {
        let inside = pusher.clone();
        let waker = on_wake(move || inside.push(item + 1000).unwrap());
        assert_eq!(poll(&mut cursor, &waker), Poll::Pending);
        pusher.push(item).unwrap();
        assert_eq!(take_ready(&mut cursor), [item, item + 1000]);
    }
}

#[test]
fn a_waker_that_pushes_while_others_wait() {
    let (pusher, cursor) = push_list();
    let mut forks: Vec<_> = (0..4).map(|_| (cursor.fork(), Counting::new())).collect();
    drop(cursor);
    for (i, (fork, counting)) in forks.iter_mut().enumerate() {
        if i % 2 == 0 {
            let inside = pusher.clone();
            let waker = on_wake(move || inside.push(i).unwrap());
            assert_eq!(poll(fork, &waker), Poll::Pending);
        } else {
            assert_eq!(counting.poll(fork), Poll::Pending);
        }
    }
    pusher.push(100).unwrap();
    for (i, (fork, counting)) in forks.iter_mut().enumerate() {
        assert!(i % 2 == 0 || counting.wakes() >= 1);
        let mut read = take_ready(fork);
        read[1..].sort_unstable();
        assert_eq!(read, [100, 0, 2]);
    }
}

#[test]
fn a_waker_that_stops() {
    let (pusher, mut cursor) = push_list();
    let mut other = cursor.fork();
    let counting = Counting::new();
    let inside = pusher.clone();
    assert_eq!(poll(&mut cursor, &on_wake(move || inside.stop())), Poll::Pending);
    assert_eq!(counting.poll(&mut other), Poll::Pending);
    pusher.push(1).unwrap();
    assert!(pusher.is_stopped());
    assert!(counting.wakes() >= 1);
    assert_eq!(drain(&mut cursor), [1]);
    assert_eq!(drain(&mut other), [1]);
}

#[test]
fn a_waker_that_drops_its_own_cursor() {
    let (pusher, cursor) = push_list();
    let mut other = cursor.fork();
    let slot = Arc::new(Mutex::new(Some(cursor)));
    let inside = Arc::clone(&slot);
    let waker = on_wake(move || drop(inside.lock().unwrap().take()));
    assert!(poll(slot.lock().unwrap().as_mut().unwrap(), &waker).is_pending());
    drop(waker);
    pusher.push(1).unwrap();
    assert!(slot.lock().unwrap().is_none());
    assert_eq!(pusher.cursor_count(), 1);
    assert_eq!(next(&mut other), Poll::Ready(Some(1)));
}

#[test]
fn a_waker_that_drops_the_other_waiting_cursors() {
    for dropper in 0..3 {
        let (pusher, cursor) = push_list();
        let slots: Vec<_> = (0..3).map(|_| Arc::new(Mutex::new(Some(cursor.fork())))).collect();
        drop(cursor);
        for (i, slot) in slots.iter().enumerate() {
            let waker = if i == dropper {
                let others: Vec<_> =
                    slots.iter().filter(|other| !Arc::ptr_eq(other, slot)).cloned().collect();
                on_wake(move || others.iter().for_each(|other| drop(other.lock().unwrap().take())))
            } else {
                Waker::noop().clone()
            };
            assert!(poll(slot.lock().unwrap().as_mut().unwrap(), &waker).is_pending());
        }
        pusher.push(1).unwrap();
        assert_eq!(pusher.cursor_count(), 1);
        let mut left = slots[dropper].lock().unwrap().take().unwrap();
        assert_eq!(next(&mut left), Poll::Ready(Some(1)));
        assert_eq!(next(&mut left), Poll::Pending);
    }
}

#[test]
fn a_waker_that_drops_the_last_other_pusher() {
    let (pusher, mut cursor) = push_list();
    let slot = Mutex::new(Some(pusher.clone()));
    let waker = on_wake(move || drop(slot.lock().unwrap().take()));
    assert_eq!(poll(&mut cursor, &waker), Poll::Pending);
    pusher.push(1).unwrap();
    drop(pusher);
    assert_eq!(drain(&mut cursor), [1]);
}

#[test]
fn a_waker_that_subscribes_and_forks() {
    const N: usize = scaled(40, 20);
    let (pusher, mut cursor) = push_list();
    let made = Arc::new(Mutex::new(Vec::new()));
    let (inside, out, keeper) = (pusher.clone(), Arc::clone(&made), Mutex::new(cursor.fork()));
    let waker = on_wake(move || {
        let mut out = out.lock().unwrap();
        out.push(inside.subscribe());
        out.push(keeper.lock().unwrap().fork());
    });
    for item in 0..N {
        assert_eq!(poll(&mut cursor, &waker), Poll::Pending);
        pusher.push(item).unwrap();
        assert_eq!(take(&mut cursor, 1), [item]);
    }
    let mut made = made.lock().unwrap();
    pusher.push(N).unwrap();
    for (i, cursor) in made.iter_mut().enumerate() {
        let first = if i % 2 == 0 { i / 2 + 1 } else { 0 };
        assert_eq!(take_ready(cursor), (first..=N).collect::<Vec<_>>());
    }
}

/// A waker whose last drop runs a closure.
struct Parting<F: Fn()>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Parting<F> {
    fn wake(self: Arc<Self>) {}
}

impl<F: Fn()> Drop for Parting<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_waker_that_pushes_when_it_is_dropped() {
    let (pusher, mut cursor) = push_list();
    let parting = |item: usize| {
        let inside = pusher.clone();
        Waker::from(Arc::new(Parting(move || inside.push(item).map_err(drop).unwrap_or(()))))
    };
    // Replaced by another waker, and woken: the push that drops it finds the list in order.
    for item in 0..scaled(100, 40) {
        assert_eq!(poll(&mut cursor, &parting(item)), Poll::Pending);
        // Polling drops the first waker, whose push is seen now or wakes the second.
        let counting = Counting::new();
        if counting.poll(&mut cursor).is_pending() {
            assert_eq!(counting.wakes(), 1);
            assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(item)));
        }
        assert!(take_ready(&mut cursor).is_empty());
    }
    // Dropped with its cursor.
    let mut fork = cursor.fork();
    assert_eq!(poll(&mut fork, &parting(7)), Poll::Pending);
    drop(fork);
    assert_eq!(take_ready(&mut cursor), [7]);
}

/// Pushes a clone's farewell into its own list when it is cloned.
struct Echo {
    value: usize,
    pusher: Option<Pusher<Echo>>,
}

impl Clone for Echo {
    fn clone(&self) -> Self {
        if let Some(pusher) = &self.pusher {
            let echo = Echo { value: self.value + 1000, pusher: None };
            pusher.push(echo).map_err(drop).unwrap();
        }
        Self { value: self.value, pusher: None }
    }
}

#[test]
fn a_clone_that_pushes() {
    const N: usize = scaled(100, 40);
    let (pusher, mut cursor) = push_list();
    let mut keeper = cursor.fork();
    for value in 0..N {
        let item = Echo { value, pusher: Some(pusher.clone()) };
        pusher.push(item).map_err(drop).unwrap();
    }
    for value in 0..N {
        assert_eq!(take(&mut cursor, 1)[0].value, value);
    }
    for value in 0..N {
        assert_eq!(take(&mut cursor, 1)[0].value, value + 1000);
    }
    assert!(cursor.is_empty());
    let mut buf = Vec::new();
    while keeper.try_next_many(&mut buf, 7) > 0 {}
    assert!(buf[..N].iter().map(|item| item.value).eq(0..N));
}

/// What the clones of `Call` have at hand.
struct Hand {
    pusher: Pusher<Call>,
    keeper: Cursor<Call>,
    others: Vec<Cursor<Call>>,
    calls: usize,
}

/// Forks, drops, subscribes and stops as it is cloned.
struct Call(Arc<Mutex<Option<Hand>>>);

impl Clone for Call {
    fn clone(&self) -> Self {
        if let Some(hand) = self.0.lock().unwrap().as_mut() {
            hand.calls += 1;
            match hand.calls {
                1 => hand.others.push(hand.keeper.fork()),
                2 => drop(hand.others.swap_remove(0)),
                3 => hand.others.push(hand.pusher.subscribe()),
                4 => hand.others.clear(),
                _ => hand.pusher.stop(),
            }
        }
        Self(Arc::clone(&self.0))
    }
}

#[test]
fn a_clone_that_forks_drops_subscribes_and_stops() {
    let (pusher, mut cursor) = push_list();
    let hand = Arc::new(Mutex::new(Some(Hand {
        pusher: pusher.clone(),
        keeper: cursor.fork(),
        others: vec![cursor.fork(), cursor.fork()],
        calls: 0,
    })));
    for _ in 0..40 {
        pusher.push(Call(Arc::clone(&hand))).map_err(drop).unwrap();
    }
    assert_eq!(drain(&mut cursor).len(), 40);
    let hand = hand.lock().unwrap().take().unwrap();
    assert!(pusher.is_stopped());
    assert_eq!(hand.calls, 40);
    assert_eq!(hand.keeper.len(), 40);
    assert_eq!(pusher.cursor_count(), 2);
}

/// Lets the other cursor go when it is first cloned.
struct Release {
    value: usize,
    is_clone: bool,
    other: Arc<Mutex<Option<Cursor<Release>>>>,
}

impl Clone for Release {
    fn clone(&self) -> Self {
        let other = self.other.lock().unwrap().take();
        drop(other);
        Self { value: self.value, is_clone: true, other: Arc::clone(&self.other) }
    }
}

#[test]
fn a_clone_that_leaves_its_reader_alone_in_a_run() {
    let n = scaled(1000, 200);
    let (pusher, mut cursor) = push_list();
    let other = Arc::new(Mutex::new(Some(cursor.fork())));
    for value in 0..n {
        let item = Release { value, is_clone: false, other: Arc::clone(&other) };
        pusher.push(item).map_err(drop).unwrap();
    }
    let mut buf = Vec::new();
    assert_eq!(cursor.try_next_many(&mut buf, n), n);
    assert!(buf.iter().map(|item| item.value).eq(0..n));
    // The rest of a block at most: from the next one on it is known to be alone.
    let cloned = buf.iter().filter(|item| item.is_clone).count();
    assert!((1..=64).contains(&cloned), "{cloned} clones");
    drop((pusher, cursor, buf));
    assert_eq!(Arc::strong_count(&other), 1);
}

/// Pushes into its list when it is dropped.
struct Last {
    value: usize,
    pusher: Option<Pusher<Last>>,
}

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(pusher) = self.pusher.take() {
            // Gives the item back when nobody reads any more.
            drop(pusher.push(Last { value: self.value + 1000, pusher: None }));
        }
    }
}

impl Clone for Last {
    fn clone(&self) -> Self {
        Self { value: self.value, pusher: None }
    }
}

#[test]
fn a_drop_that_pushes() {
    const N: usize = scaled(100, 40);
    let (pusher, mut cursor) = push_list();
    for value in 0..N {
        pusher.push(Last { value, pusher: Some(pusher.clone()) }).map_err(drop).unwrap();
    }
    drop(take(&mut cursor, N));
    assert!(take_ready(&mut cursor).iter().map(|item| item.value).eq(1000..1000 + N));
    // Dropped by the list itself: with forks, and with the last cursor.
    let mut fork = cursor.fork();
    for value in 0..N {
        pusher.push(Last { value, pusher: Some(pusher.clone()) }).map_err(drop).unwrap();
    }
    assert!(take(&mut cursor, N).iter().map(|item| item.value).eq(0..N));
    assert!(take(&mut fork, N).iter().map(|item| item.value).eq(0..N));
    for cursor in [&mut cursor, &mut fork] {
        while next(cursor).is_ready() {}
    }
    for value in 0..N {
        pusher.push(Last { value, pusher: Some(pusher.clone()) }).map_err(drop).unwrap();
    }
    drop(fork);
    drop(cursor);
    assert_eq!(pusher.cursor_count(), 0);
    assert!(pusher.push(Last { value: 0, pusher: None }).is_err());
}

#[test]
fn a_preflight_that_pushes_is_seen_in_the_same_poll() {
    let (pusher, cursor) = push_list();
    let inside = pusher.clone();
    let mut item = 0;
    let mut cursor = cursor.preflight(move |_: &mut Context<'_>| {
        item += 1;
        inside.push(item).unwrap();
    });
    for item in 1..scaled(100, 40) {
        assert_eq!(next(&mut cursor), Poll::Ready(Some(item)));
    }
    assert!(cursor.is_empty());
    drop(pusher);
}

#[test]
fn a_preflight_that_stops_ends_the_same_poll() {
    let (pusher, cursor) = push_list();
    let inside = pusher.clone();
    pusher.push(1).unwrap();
    let mut cursor = cursor.preflight(move |_: &mut Context<'_>| inside.stop());
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    assert_eq!(next(&mut cursor), Poll::Ready(None));
    assert!(cursor.is_drained());
}

#[test]
fn a_preflight_that_drops_the_last_pusher_ends_the_same_poll() {
    let (pusher, cursor) = push_list::<u8>();
    let mut inside = Some(pusher);
    let mut cursor = cursor.preflight(move |_: &mut Context<'_>| drop(inside.take()));
    assert_eq!(next(&mut cursor), Poll::Ready(None));
}

#[test]
fn a_preflight_that_forks_subscribes_and_drops() {
    let (pusher, cursor) = push_list();
    let keeper = cursor.fork();
    let others = RefCell::new(Vec::new());
    let polls = Cell::new(0);
    let mut cursor = cursor.preflight(|_: &mut Context<'_>| {
        polls.set(polls.get() + 1);
        if polls.get() % 3 == 0 {
            others.borrow_mut().clear();
        } else {
            others.borrow_mut().extend([keeper.fork(), pusher.subscribe()]);
        }
    });
    for item in 0..scaled(100, 40) {
        pusher.push(item).unwrap();
        assert_eq!(next(&mut cursor), Poll::Ready(Some(item)));
    }
    assert_eq!(keeper.len(), scaled(100, 40));
}

#[test]
fn a_preflight_wakes_its_own_poll_without_losing_the_wake() {
    let (pusher, cursor) = push_list();
    let mut cursor = cursor.preflight(|cx: &mut Context<'_>| cx.waker().wake_by_ref());
    let counting = Counting::new();
    assert_eq!(counting.poll(&mut cursor), Poll::Pending);
    assert_eq!(counting.wakes(), 1);
    pusher.push(1).unwrap();
    assert_eq!(counting.wakes(), 2);
    assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(1)));
}
