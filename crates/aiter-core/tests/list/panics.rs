//! Panics in user code: in `T::drop`, `T::clone`, in wakers and preflights.

use crate::{
    blocks::slots,
    drain,
    ledger::{Ledger, Tracked},
    scaled, take, take_ready,
    waker::{Counting, next, on_wake, poll},
};
use aiter_core::{Cursor, Pusher, push_list, task::PollLock};
use alloc::{sync::Arc, task::Wake};
use core::{
    mem,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
};
use std::{panic::catch_unwind, sync::Mutex};

fn caught<R>(f: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(f)).ok()
}

/// Panics when dropped, after it was written down.
struct Bomb {
    armed: u8,
    item: Tracked,
}

impl Bomb {
    fn new(item: Tracked, armed: u8) -> Self {
        Self { armed, item }
    }
}

impl Clone for Bomb {
    fn clone(&self) -> Self {
        Self::new(self.item.clone(), 0)
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(mem::take(&mut self.armed) == 0, "on purpose: item {}", self.item.value);
    }
}

/// A list of `n` items, of which one panics when it is dropped.
fn mined(ledger: &Ledger, n: usize, mine: usize) -> (Pusher<Bomb>, Cursor<Bomb>) {
    let (pusher, cursor) = push_list();
    for item in ledger.items(n) {
        let armed = u8::from(item.value == mine as u64);
        pusher.push(Bomb::new(item, armed)).unwrap();
    }
    (pusher, cursor)
}

fn mines(n: usize) -> impl Iterator<Item = usize> {
    (0..n).step_by(scaled(1, 11))
}

#[test]
fn a_panic_in_drop_frees_the_others_when_the_cursor_goes() {
    const N: usize = scaled(100, 40);
    for mine in mines(N) {
        let ledger = Ledger::new();
        let (pusher, cursor) = mined(&ledger, N, mine);
        caught(|| drop(cursor));
        ledger.assert_settled();
        let mut cursor = pusher.subscribe();
        pusher.push(Bomb::new(ledger.item(0), 0)).unwrap();
        assert_eq!(take(&mut cursor, 1).len(), 1);
        drop((pusher, cursor));
        ledger.assert_settled();
    }
}

#[test]
fn a_panic_in_drop_frees_the_others_when_the_cursor_goes_last() {
    const N: usize = scaled(100, 40);
    for mine in mines(N) {
        let ledger = Ledger::new();
        let (pusher, cursor) = mined(&ledger, N, mine);
        drop(pusher);
        caught(|| drop(cursor));
        ledger.assert_settled();
    }
}

#[test]
fn a_panic_in_drop_while_forks_read_loses_nothing() {
    // The originals are dropped by whoever retires them, with a panic on the way.
    const N: usize = scaled(100, 40);
    for mine in mines(N) {
        let ledger = Ledger::new();
        let (pusher, one) = mined(&ledger, N, mine);
        let two = one.fork();
        pusher.stop();
        for mut cursor in [one, two] {
            let mut read = Vec::new();
            while !cursor.is_drained() {
                // Throws where an armed original is dropped: by the list, or in our hand.
                caught(|| {
                    let item = cursor.try_next().unwrap();
                    read.push(item.item.value);
                });
            }
            caught(|| drop(cursor));
            // The item in the hand of whoever threw may be gone with the panic, no other one.
            assert!(read.is_sorted_by(|one, two| one < two));
            assert!(read.len() >= N - 1, "{read:?}");
        }
        caught(|| drop(pusher));
        ledger.assert_settled();
    }
}

/// Who leaves a block as the last one drops what is left there, in the middle of its run.
#[test]
fn a_panic_in_drop_while_forks_read_in_runs_loses_nothing() {
    let n = scaled(200, 130);
    for mine in mines(n) {
        let ledger = Ledger::new();
        let (pusher, cursor) = mined(&ledger, n, mine);
        let mut cursors = [cursor.fork(), cursor];
        let mut read = [Vec::new(), Vec::new()];
        let mut panics = 0;
        while read.iter().any(|items| items.len() < n) {
            for (cursor, items) in cursors.iter_mut().zip(&mut read) {
                panics += usize::from(caught(|| cursor.try_next_many(items, 40)).is_none());
            }
        }
        // Who was alone in a block has the mine itself.
        let mines = read.iter_mut().flatten().map(|bomb| mem::take(&mut bomb.armed));
        let moved = mines.filter(|&armed| armed > 0).count();
        assert!(read.iter().all(|items| items.iter().map(|bomb| bomb.item.value).eq(0..n as u64)));
        drop(read);
        panics += usize::from(caught(|| drop((cursors, pusher))).is_none());
        assert_eq!(panics + moved, 1);
        ledger.assert_settled();
    }
}

#[test]
fn a_panic_in_drop_while_sleepers_settle_frees_the_others() {
    const N: usize = 20;
    for mine in mines(N) {
        let ledger = Ledger::new();
        let (pusher, mut one) = mined(&ledger, N, mine);
        let mut two = one.fork();
        for cursor in [&mut one, &mut two] {
            let mut left = N;
            while left > 0 {
                caught(|| drop(cursor.try_next()));
                left = cursor.len();
            }
        }
        for cursor in [&mut one, &mut two] {
            caught(|| next(cursor).is_pending());
        }
        let counting = Counting::new();
        for cursor in [&mut one, &mut two] {
            assert!(counting.poll(cursor).is_pending());
        }
        pusher.push(Bomb::new(ledger.item(77), 0)).unwrap();
        assert_eq!(counting.wakes(), 2);
        for cursor in [&mut one, &mut two] {
            assert_eq!(cursor.len(), 1);
            caught(|| assert_eq!(take_ready(cursor)[0].item.value, 77));
            assert_eq!(cursor.len(), 0);
        }
        caught(|| drop(one));
        caught(|| drop(two));
        ledger.assert_settled();
    }
}

/// Panics in `clone` as long as `FUSE` says so.
struct Fragile {
    value: usize,
    fuse: &'static AtomicUsize,
    _item: Tracked,
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        let left = self.fuse.load(Ordering::Relaxed);
        if left > 0 {
            self.fuse.store(left - 1, Ordering::Relaxed);
            panic!("on purpose: {left} left");
        }
        Self { value: self.value, fuse: self.fuse, _item: self._item.clone() }
    }
}

#[test]
fn a_panic_in_clone_consumes_nothing() {
    static FUSE: AtomicUsize = AtomicUsize::new(0);
    const N: usize = scaled(100, 40);
    let ledger = Ledger::new();
    let (pusher, mut cursor) = push_list();
    let keeper = cursor.fork();
    for (value, item) in ledger.items(N).enumerate() {
        pusher.push(Fragile { value, fuse: &FUSE, _item: item }).map_err(drop).unwrap();
    }
    for expected in 0..N {
        FUSE.store(2, Ordering::Relaxed);
        assert!(caught(|| next(&mut cursor)).is_none());
        assert_eq!(cursor.len(), N - expected);
        assert!(caught(|| cursor.try_next()).is_none());
        assert_eq!(cursor.len(), N - expected);
        assert_eq!(cursor.try_next().map(|item| item.value).ok(), Some(expected));
    }
    assert_eq!(keeper.len(), N);
    drop((cursor, keeper, pusher));
    ledger.assert_settled();
}

#[test]
fn a_panic_in_clone_leaves_a_run_where_it_broke() {
    static FUSE: AtomicUsize = AtomicUsize::new(0);
    const N: usize = scaled(100, 40);
    let ledger = Ledger::new();
    let (pusher, mut cursor) = push_list();
    let keeper = cursor.fork();
    for (value, item) in ledger.items(N).enumerate() {
        pusher.push(Fragile { value, fuse: &FUSE, _item: item }).map_err(drop).unwrap();
    }
    let mut buf = Vec::new();
    cursor.try_next_many(&mut buf, 5);
    FUSE.store(1, Ordering::Relaxed);
    assert!(caught(|| cursor.try_next_many(&mut buf, 10)).is_none());
    while cursor.try_next_many(&mut buf, 10) > 0 {}
    assert!(buf.iter().map(|item| item.value).eq(0..N));
    drop((cursor, keeper, pusher, buf));
    ledger.assert_settled();
}

#[test]
fn a_panic_in_clone_under_a_shared_cursor_costs_the_others_nothing() {
    static FUSE: AtomicUsize = AtomicUsize::new(0);
    let ledger = Ledger::new();
    let (pusher, cursor) = push_list();
    let keeper = cursor.fork();
    let mut one = cursor.share();
    let mut two = one.clone();
    let counting = Counting::new();
    assert!(next(&mut one).is_pending());
    assert!(counting.poll(&mut two).is_pending());
    for (value, item) in ledger.items(3).enumerate() {
        pusher.push(Fragile { value, fuse: &FUSE, _item: item }).map_err(drop).unwrap();
    }
    FUSE.store(1, Ordering::Relaxed);
    assert!(caught(|| next(&mut one)).is_none());
    drop(one);
    assert_eq!(counting.wakes(), 1);
    pusher.stop();
    // The item in the hand of the one that panicked may be gone with it, no other one.
    let read: Vec<_> = drain(&mut two).iter().map(|item| item.value).collect();
    assert!(read.ends_with(&[1, 2]), "{read:?}");
    drop((two, keeper, pusher));
    ledger.assert_settled();
}

#[test]
fn a_waker_that_panics_does_not_keep_the_others_asleep() {
    for bad in 0..4 {
        let (pusher, cursor) = push_list();
        let mut forks: Vec<_> = (0..4).map(|_| (cursor.fork(), Counting::new())).collect();
        for (i, (fork, counting)) in forks.iter_mut().enumerate() {
            if i == bad {
                let waker = on_wake(|| panic!("on purpose"));
                assert!(poll(fork, &waker).is_pending());
            } else {
                assert!(counting.poll(fork).is_pending());
            }
        }
        // The panic may surface here or be kept; the item is in either way.
        caught(|| pusher.push(1).unwrap());
        for (i, (fork, counting)) in forks.iter_mut().enumerate() {
            assert_eq!(counting.wakes(), usize::from(i != bad));
            assert_eq!(counting.poll(fork), Poll::Ready(Some(1)));
            assert_eq!(counting.poll(fork), Poll::Pending);
        }
        pusher.push(2).unwrap();
        for (i, (fork, counting)) in forks.iter_mut().enumerate() {
            assert_eq!(counting.wakes(), 1 + usize::from(i != bad));
            assert_eq!(counting.poll(fork), Poll::Ready(Some(2)));
        }
    }
}

#[test]
fn a_waker_that_panics_on_stop_ends_the_others() {
    for bad in 0..3 {
        let (pusher, cursor) = push_list::<u8>();
        let mut forks: Vec<_> = (0..3).map(|_| (cursor.fork(), Counting::new())).collect();
        for (i, (fork, counting)) in forks.iter_mut().enumerate() {
            if i == bad {
                assert!(poll(fork, &on_wake(|| panic!("on purpose"))).is_pending());
            } else {
                assert!(counting.poll(fork).is_pending());
            }
        }
        caught(|| drop(pusher));
        for (i, (fork, counting)) in forks.iter_mut().enumerate() {
            assert_eq!(counting.wakes(), usize::from(i != bad));
            assert_eq!(counting.poll(fork), Poll::Ready(None));
        }
    }
}

#[test]
fn a_waker_that_panics_loses_no_item_of_a_run() {
    for sole in [0, 1] {
        let ledger = Ledger::new();
        let (mut pusher, mut cursor) = push_list();
        assert!(poll(&mut cursor, &on_wake(|| panic!("on purpose"))).is_pending());
        let items: Vec<_> = ledger.items(100).collect();
        caught(|| {
            if sole == 1 {
                pusher.unique().unwrap().push_all(items).unwrap()
            } else {
                pusher.push_all(items).unwrap()
            }
        });
        // Where the panic cut the run is open; what is in is a prefix and nothing is lost or kept.
        let before = cursor.len();
        pusher.push(ledger.item(1000)).unwrap();
        let read = take_ready(&mut cursor);
        assert_eq!(read.len(), before + 1);
        assert!(read[..before].iter().map(|item| item.value).eq(0..before as u64));
        drop(read);
        ledger.assert_settled();
    }
}

#[test]
fn a_waker_that_panics_under_a_shared_cursor() {
    let (pusher, cursor) = push_list();
    let mut one = cursor.share();
    let mut two = one.clone();
    let counting = Counting::new();
    assert!(poll(&mut one, &on_wake(|| panic!("on purpose"))).is_pending());
    assert!(counting.poll(&mut two).is_pending());
    caught(|| pusher.push(1).unwrap());
    caught(|| pusher.push(2).unwrap());
    assert_eq!(next(&mut one), Poll::Ready(Some(1)));
    assert_eq!(counting.wakes(), 1);
    assert_eq!(counting.poll(&mut two), Poll::Ready(Some(2)));
}

#[test]
fn a_preflight_that_panics_leaves_the_cursor_usable() {
    let (pusher, cursor) = push_list();
    let mut polls = 0;
    let mut cursor = cursor.preflight(move |_: &mut core::task::Context<'_>| {
        polls += 1;
        assert!(polls != 2, "on purpose");
    });
    pusher.push(1).unwrap();
    pusher.push(2).unwrap();
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    assert!(caught(|| next(&mut cursor)).is_none());
    assert_eq!(cursor.len(), 1);
    assert_eq!(next(&mut cursor), Poll::Ready(Some(2)));
    assert_eq!(next(&mut cursor), Poll::Pending);
}

#[test]
fn a_panic_in_drop_of_the_last_cursor_leaves_the_list_in_order() {
    #[derive(Clone)]
    struct OnDrop(bool);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            assert!(!mem::take(&mut self.0), "on purpose");
        }
    }
    let (pusher, cursor) = push_list();
    pusher.push(OnDrop(true)).map_err(drop).unwrap();
    assert!(caught(|| drop(cursor)).is_none());
    let mut cursor = pusher.subscribe();
    for _ in 0..scaled(1000, 150) {
        pusher.push(OnDrop(false)).map_err(drop).unwrap();
        drop(cursor.try_next().map_err(drop).unwrap());
    }
    assert!(pusher.retained() < 200, "{} are held", pusher.retained());
}

#[test]
fn a_panic_in_a_waker_of_a_cursor_hides_no_wake_from_a_taker() {
    let (pusher, mut cursor) = push_list::<u8>();
    let mut taker = cursor.fork().share();
    let counting = Counting::new();
    assert_eq!(counting.poll(&mut taker), Poll::Pending);
    let panics = on_wake(|| panic!("on purpose"));
    assert!(poll(&mut cursor, &panics).is_pending());
    assert!(caught(|| pusher.stop()).is_none());
    assert_eq!(counting.wakes(), 1);
}

/// A waker that panics when it is dropped, once it is armed.
struct PanicOnDrop(Arc<AtomicBool>);

impl Wake for PanicOnDrop {
    fn wake(self: Arc<Self>) {}
}

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        assert!(!self.0.swap(false, Ordering::Relaxed), "on purpose");
    }
}

/// Polls a handle with such a waker, and arms it.
fn asleep<H>(handle: &mut H, poll: impl FnOnce(&mut H, &Waker)) {
    let armed = Arc::new(AtomicBool::new(false));
    poll(handle, &Waker::from(Arc::new(PanicOnDrop(Arc::clone(&armed)))));
    armed.store(true, Ordering::Relaxed);
}

#[test]
fn panic_in_waker_drop_takes_no_wake_from_taker() {
    let (pusher, cursor) = push_list::<u8>();
    let mut one = cursor.share();
    let mut two = one.clone();
    asleep(&mut one, |one, waker| assert!(poll(one, waker).is_pending()));
    let counting = Counting::new();
    assert_eq!(counting.poll(&mut two), Poll::Pending);
    assert!(caught(|| drop(one)).is_none());
    pusher.push(1).unwrap();
    assert_eq!(counting.wakes(), 1);
    assert_eq!(counting.poll(&mut two), Poll::Ready(Some(1)));
}

#[test]
fn panic_in_waker_drop_leaves_relay_in_order() {
    /// Keeps the waker that it is polled with.
    type Source = Arc<Mutex<Option<Waker>>>;
    fn poll(relay: &mut PollLock<Source>, waker: &Waker) {
        let polled =
            relay.poll_locked(&mut Context::from_waker(waker), |source: Pin<&mut Source>, cx| {
                *source.lock().unwrap() = Some(cx.waker().clone());
                Poll::<()>::Pending
            });
        assert!(polled.is_pending());
    }
    let source = Source::default();
    let wake = || {
        let waker = source.lock().unwrap().take();
        waker.unwrap().wake();
    };
    let mut relay = PollLock::new(Arc::clone(&source));
    let mut other = relay.clone();
    asleep(&mut relay, poll);
    let counting = Counting::new();
    poll(&mut other, counting.waker());
    assert!(caught(|| drop(relay)).is_none());
    wake();
    assert_eq!(counting.wakes(), 1);
}

std::thread_local! {
    /// Runs in the next clone of a `Hooked`.
    static ON_CLONE: core::cell::RefCell<Option<Box<dyn FnOnce()>>> =
        const { core::cell::RefCell::new(None) };
}

/// Runs `ON_CLONE` when it is cloned. Its drop panics if it is told to; that of a clone does not.
struct Hooked {
    tracked: Tracked,
    panics: bool,
}

impl Clone for Hooked {
    fn clone(&self) -> Self {
        let on_clone = ON_CLONE.take();
        if let Some(on_clone) = on_clone {
            on_clone();
        }
        Self { tracked: self.tracked.clone(), panics: false }
    }
}

impl Drop for Hooked {
    fn drop(&mut self) {
        assert!(!self.panics, "the drop of item {}", self.tracked.value);
    }
}

/// The taker's clone is there when it gives the block back, as its last reader.
#[test]
fn taker_block_drop_panics_clone_is_dropped() {
    let ledger = Ledger::new();
    let (pusher, cursor) = push_list();
    let items = 2 * slots::<Hooked>();
    for tracked in ledger.items(items) {
        let panics = tracked.value == 3;
        pusher.push(Hooked { tracked, panics }).map_err(drop).unwrap();
    }
    let other = cursor.fork();
    let mut taker = cursor.share();
    let mut rest = taker.clone();
    ON_CLONE.set(Some(Box::new(move || {
        for _ in 1..items {
            drop(rest.try_next().map_err(drop));
        }
        drop((rest, other));
    })));
    let taken = caught(|| drop(taker.try_next()));
    assert!(taken.is_none(), "the drop of item 3 panics");
    drop((taker, pusher));
    ledger.assert_settled();
}

#[test]
fn new_member_drop_panics_result_is_dropped() {
    let ledger = Ledger::new();
    let mut node = aiter_core::task::ReadyQueue::new().node::<Hooked>(0);
    let member = Hooked { tracked: ledger.item(0), panics: true };
    let polled = caught(|| drop(node.poll_new(member, |_, _| Poll::Ready(ledger.item(1)))));
    assert!(polled.is_none(), "the drop of the member panics");
    drop(node);
    ledger.assert_settled();
}
