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

/// A task whose waker polls its cursor inside `wake`, and so registers again.
struct EagerTask {
    state: Mutex<(Cursor<usize>, Vec<usize>, bool)>,
    me: Weak<EagerTask>,
}

impl EagerTask {
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
fn waker_polls_cursor_reads_each_item() {
    const N: usize = scaled(200, 70);
    let (pusher, cursor) = push_list();
    let tasks: Vec<_> = (0..3).map(|_| EagerTask::start(cursor.fork())).collect();
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
        assert!(state.2, "the cursor must end inside `wake`");
        assert_eq!(state.1, (0..N).collect::<Vec<_>>());
    }
}

#[test]
fn waker_polls_cursor_in_push_all_reads_all() {
    const N: usize = scaled(1000, 100);
    let (mut pusher, cursor) = push_list();
    let task = EagerTask::start(cursor);
    assert_eq!(pusher.push_all(0..N).unwrap(), N);
    assert_eq!(pusher.unique().unwrap().push_all(N..2 * N).unwrap(), N);
    assert_eq!(task.state.lock().unwrap().1, (0..2 * N).collect::<Vec<_>>());
}

#[test]
fn waker_pushes_item_is_delivered() {
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
fn waker_pushes_wakes_other_forks() {
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
fn waker_stops_list_ends_cursors() {
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
fn waker_drops_own_cursor_keeps_fork() {
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
fn waker_drops_other_waiting_cursors() {
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
fn waker_drops_other_pusher_keeps_item() {
    let (pusher, mut cursor) = push_list();
    let slot = Mutex::new(Some(pusher.clone()));
    let waker = on_wake(move || drop(slot.lock().unwrap().take()));
    assert_eq!(poll(&mut cursor, &waker), Poll::Pending);
    pusher.push(1).unwrap();
    drop(pusher);
    assert_eq!(drain(&mut cursor), [1]);
}

#[test]
fn waker_subscribes_and_forks_see_items() {
    const N: usize = scaled(40, 20);
    let (pusher, mut cursor) = push_list();
    let new_cursors = Arc::new(Mutex::new(Vec::new()));
    let (inside, out, fork_source) =
        (pusher.clone(), Arc::clone(&new_cursors), Mutex::new(cursor.fork()));
    let waker = on_wake(move || {
        let mut out = out.lock().unwrap();
        out.push(inside.subscribe());
        out.push(fork_source.lock().unwrap().fork());
    });
    for item in 0..N {
        assert_eq!(poll(&mut cursor, &waker), Poll::Pending);
        pusher.push(item).unwrap();
        assert_eq!(take(&mut cursor, 1), [item]);
    }
    let mut new_cursors = new_cursors.lock().unwrap();
    pusher.push(N).unwrap();
    for (i, cursor) in new_cursors.iter_mut().enumerate() {
        let first = if i % 2 == 0 { i / 2 + 1 } else { 0 };
        assert_eq!(take_ready(cursor), (first..=N).collect::<Vec<_>>());
    }
}

/// A waker whose last drop runs a closure.
struct DropHook<F: Fn()>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for DropHook<F> {
    fn wake(self: Arc<Self>) {}
}

impl<F: Fn()> Drop for DropHook<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn waker_drop_pushes_item_is_delivered() {
    let (pusher, mut cursor) = push_list();
    let drop_hook = |item: usize| {
        let inside = pusher.clone();
        Waker::from(Arc::new(DropHook(move || inside.push(item).map_err(drop).unwrap_or(()))))
    };
    // The waker is dropped when it is replaced and after it was called. The list stays usable.
    for item in 0..scaled(100, 40) {
        assert_eq!(poll(&mut cursor, &drop_hook(item)), Poll::Pending);
        // The poll drops the first waker. Its push is read at once or wakes the second waker.
        let counting = Counting::new();
        if counting.poll(&mut cursor).is_pending() {
            assert_eq!(counting.wakes(), 1);
            assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(item)));
        }
        assert!(take_ready(&mut cursor).is_empty());
    }
    // The waker is dropped with its cursor.
    let mut fork = cursor.fork();
    assert_eq!(poll(&mut fork, &drop_hook(7)), Poll::Pending);
    drop(fork);
    assert_eq!(take_ready(&mut cursor), [7]);
}

/// An item whose clone pushes another item into the same list.
struct PushOnClone {
    value: usize,
    pusher: Option<Pusher<PushOnClone>>,
}

impl Clone for PushOnClone {
    fn clone(&self) -> Self {
        if let Some(pusher) = &self.pusher {
            let item = PushOnClone { value: self.value + 1000, pusher: None };
            pusher.push(item).map_err(drop).unwrap();
        }
        Self { value: self.value, pusher: None }
    }
}

#[test]
fn clone_pushes_items_are_delivered() {
    const N: usize = scaled(100, 40);
    let (pusher, mut cursor) = push_list();
    let mut fork_source = cursor.fork();
    for value in 0..N {
        let item = PushOnClone { value, pusher: Some(pusher.clone()) };
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
    while fork_source.try_next_many(&mut buf, 7) > 0 {}
    assert!(buf[..N].iter().map(|item| item.value).eq(0..N));
}

/// The handles that clones of `ActOnClone` use.
struct CloneContext {
    pusher: Pusher<ActOnClone>,
    fork_source: Cursor<ActOnClone>,
    others: Vec<Cursor<ActOnClone>>,
    calls: usize,
}

/// An item whose clones fork, drop, subscribe and stop.
struct ActOnClone(Arc<Mutex<Option<CloneContext>>>);

impl Clone for ActOnClone {
    fn clone(&self) -> Self {
        if let Some(context) = self.0.lock().unwrap().as_mut() {
            context.calls += 1;
            match context.calls {
                1 => context.others.push(context.fork_source.fork()),
                2 => drop(context.others.swap_remove(0)),
                3 => context.others.push(context.pusher.subscribe()),
                4 => context.others.clear(),
                _ => context.pusher.stop(),
            }
        }
        Self(Arc::clone(&self.0))
    }
}

#[test]
fn clone_changes_handles_keeps_items() {
    let (pusher, mut cursor) = push_list();
    let context = Arc::new(Mutex::new(Some(CloneContext {
        pusher: pusher.clone(),
        fork_source: cursor.fork(),
        others: vec![cursor.fork(), cursor.fork()],
        calls: 0,
    })));
    for _ in 0..40 {
        pusher.push(ActOnClone(Arc::clone(&context))).map_err(drop).unwrap();
    }
    assert_eq!(drain(&mut cursor).len(), 40);
    let context = context.lock().unwrap().take().unwrap();
    assert!(pusher.is_stopped());
    assert_eq!(context.calls, 40);
    assert_eq!(context.fork_source.len(), 40);
    assert_eq!(pusher.cursor_count(), 2);
}

/// An item whose first clone drops the other cursor.
struct DropOtherOnClone {
    value: usize,
    is_clone: bool,
    other: Arc<Mutex<Option<Cursor<DropOtherOnClone>>>>,
}

impl Clone for DropOtherOnClone {
    fn clone(&self) -> Self {
        let other = self.other.lock().unwrap().take();
        drop(other);
        Self { value: self.value, is_clone: true, other: Arc::clone(&self.other) }
    }
}

#[test]
fn clone_drops_other_cursor_moves_rest() {
    let n = scaled(1000, 200);
    let (pusher, mut cursor) = push_list();
    let other = Arc::new(Mutex::new(Some(cursor.fork())));
    for value in 0..n {
        let item = DropOtherOnClone { value, is_clone: false, other: Arc::clone(&other) };
        pusher.push(item).map_err(drop).unwrap();
    }
    let mut buf = Vec::new();
    assert_eq!(cursor.try_next_many(&mut buf, n), n);
    assert!(buf.iter().map(|item| item.value).eq(0..n));
    // At most the rest of a block is cloned, because the cursor is exclusive from the next one on.
    let cloned = buf.iter().filter(|item| item.is_clone).count();
    assert!((1..=64).contains(&cloned), "{cloned} clones");
    drop((pusher, cursor, buf));
    assert_eq!(Arc::strong_count(&other), 1);
}

/// An item whose drop pushes into its list.
struct PushOnDrop {
    value: usize,
    pusher: Option<Pusher<PushOnDrop>>,
}

impl Drop for PushOnDrop {
    fn drop(&mut self) {
        if let Some(pusher) = self.pusher.take() {
            // Returns the item if no cursor is left.
            drop(pusher.push(PushOnDrop { value: self.value + 1000, pusher: None }));
        }
    }
}

impl Clone for PushOnDrop {
    fn clone(&self) -> Self {
        Self { value: self.value, pusher: None }
    }
}

#[test]
fn item_drop_pushes_items_are_delivered() {
    const N: usize = scaled(100, 40);
    let (pusher, mut cursor) = push_list();
    for value in 0..N {
        pusher.push(PushOnDrop { value, pusher: Some(pusher.clone()) }).map_err(drop).unwrap();
    }
    drop(take(&mut cursor, N));
    assert!(take_ready(&mut cursor).iter().map(|item| item.value).eq(1000..1000 + N));
    // The list itself drops the items, with forks and with the last cursor.
    let mut fork = cursor.fork();
    for value in 0..N {
        pusher.push(PushOnDrop { value, pusher: Some(pusher.clone()) }).map_err(drop).unwrap();
    }
    assert!(take(&mut cursor, N).iter().map(|item| item.value).eq(0..N));
    assert!(take(&mut fork, N).iter().map(|item| item.value).eq(0..N));
    for cursor in [&mut cursor, &mut fork] {
        while next(cursor).is_ready() {}
    }
    for value in 0..N {
        pusher.push(PushOnDrop { value, pusher: Some(pusher.clone()) }).map_err(drop).unwrap();
    }
    drop(fork);
    drop(cursor);
    assert_eq!(pusher.cursor_count(), 0);
    assert!(pusher.push(PushOnDrop { value: 0, pusher: None }).is_err());
}

#[test]
fn preflight_pushes_item_in_same_poll() {
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
fn preflight_stops_ends_same_poll() {
    let (pusher, cursor) = push_list();
    let inside = pusher.clone();
    pusher.push(1).unwrap();
    let mut cursor = cursor.preflight(move |_: &mut Context<'_>| inside.stop());
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    assert_eq!(next(&mut cursor), Poll::Ready(None));
    assert!(cursor.is_drained());
}

#[test]
fn preflight_drops_last_pusher_ends_same_poll() {
    let (pusher, cursor) = push_list::<u8>();
    let mut inside = Some(pusher);
    let mut cursor = cursor.preflight(move |_: &mut Context<'_>| drop(inside.take()));
    assert_eq!(next(&mut cursor), Poll::Ready(None));
}

#[test]
fn preflight_changes_cursors_keeps_items() {
    let (pusher, cursor) = push_list();
    let fork_source = cursor.fork();
    let others = RefCell::new(Vec::new());
    let polls = Cell::new(0);
    let mut cursor = cursor.preflight(|_: &mut Context<'_>| {
        polls.set(polls.get() + 1);
        if polls.get() % 3 == 0 {
            others.borrow_mut().clear();
        } else {
            others.borrow_mut().extend([fork_source.fork(), pusher.subscribe()]);
        }
    });
    for item in 0..scaled(100, 40) {
        pusher.push(item).unwrap();
        assert_eq!(next(&mut cursor), Poll::Ready(Some(item)));
    }
    assert_eq!(fork_source.len(), scaled(100, 40));
}

#[test]
fn preflight_wakes_own_poll_loses_no_wake_up() {
    let (pusher, cursor) = push_list();
    let mut cursor = cursor.preflight(|cx: &mut Context<'_>| cx.waker().wake_by_ref());
    let counting = Counting::new();
    assert_eq!(counting.poll(&mut cursor), Poll::Pending);
    assert_eq!(counting.wakes(), 1);
    pusher.push(1).unwrap();
    assert_eq!(counting.wakes(), 2);
    assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(1)));
}
