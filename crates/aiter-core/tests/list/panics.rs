//! Panics in user code: in `T::drop`, `T::clone`, wakers and preflights.

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

/// A counted item whose drop panics if it is armed.
struct PanicOnDrop {
    armed: u8,
    item: Tracked,
}

impl PanicOnDrop {
    fn new(item: Tracked, armed: u8) -> Self {
        Self { armed, item }
    }
}

impl Clone for PanicOnDrop {
    fn clone(&self) -> Self {
        Self::new(self.item.clone(), 0)
    }
}

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        assert!(mem::take(&mut self.armed) == 0, "on purpose: item {}", self.item.value);
    }
}

/// Returns a list of `n` items. The drop of item `bad` panics.
fn list_with_panic_at(
    ledger: &Ledger,
    n: usize,
    bad: usize,
) -> (Pusher<PanicOnDrop>, Cursor<PanicOnDrop>) {
    let (pusher, cursor) = push_list();
    for item in ledger.items(n) {
        let armed = u8::from(item.value == bad as u64);
        pusher.push(PanicOnDrop::new(item, armed)).unwrap();
    }
    (pusher, cursor)
}

fn bad_positions(n: usize) -> impl Iterator<Item = usize> {
    (0..n).step_by(scaled(1, 11))
}

#[test]
fn drop_panic_in_cursor_drop_frees_others() {
    const N: usize = scaled(100, 40);
    for bad in bad_positions(N) {
        let ledger = Ledger::new();
        let (pusher, cursor) = list_with_panic_at(&ledger, N, bad);
        caught(|| drop(cursor));
        ledger.assert_all_dropped();
        let mut cursor = pusher.subscribe();
        pusher.push(PanicOnDrop::new(ledger.item(0), 0)).unwrap();
        assert_eq!(take(&mut cursor, 1).len(), 1);
        drop((pusher, cursor));
        ledger.assert_all_dropped();
    }
}

#[test]
fn drop_panic_in_last_handle_frees_others() {
    const N: usize = scaled(100, 40);
    for bad in bad_positions(N) {
        let ledger = Ledger::new();
        let (pusher, cursor) = list_with_panic_at(&ledger, N, bad);
        drop(pusher);
        caught(|| drop(cursor));
        ledger.assert_all_dropped();
    }
}

#[test]
fn drop_panic_while_forks_read_loses_no_item() {
    // The cursor that retires the original drops it, and this drop panics.
    const N: usize = scaled(100, 40);
    for bad in bad_positions(N) {
        let ledger = Ledger::new();
        let (pusher, one) = list_with_panic_at(&ledger, N, bad);
        let two = one.fork();
        pusher.stop();
        for mut cursor in [one, two] {
            let mut read = Vec::new();
            while !cursor.is_drained() {
                // Unwinds when the armed original is dropped, by the list or by this closure.
                caught(|| {
                    let item = cursor.try_next().unwrap();
                    read.push(item.item.value);
                });
            }
            caught(|| drop(cursor));
            // The unwinding read may lose its own item, but no other.
            assert!(read.is_sorted_by(|one, two| one < two));
            assert!(read.len() >= N - 1, "{read:?}");
        }
        caught(|| drop(pusher));
        ledger.assert_all_dropped();
    }
}

/// The last cursor to leave a block drops the rest of its items in the middle of a run.
#[test]
fn drop_panic_while_forks_read_runs_loses_none() {
    let n = scaled(200, 130);
    for bad in bad_positions(n).step_by(scaled(1, 3)) {
        let ledger = Ledger::new();
        let (pusher, cursor) = list_with_panic_at(&ledger, n, bad);
        let mut cursors = [cursor.fork(), cursor];
        let mut read = [Vec::new(), Vec::new()];
        let mut panics = 0;
        while read.iter().any(|items| items.len() < n) {
            for (cursor, items) in cursors.iter_mut().zip(&mut read) {
                panics += usize::from(caught(|| cursor.try_next_many(items, 40)).is_none());
            }
        }
        // An exclusive cursor moved the armed item out.
        let bad_positions = read.iter_mut().flatten().map(|item| mem::take(&mut item.armed));
        let moved = bad_positions.filter(|&armed| armed > 0).count();
        assert!(read.iter().all(|items| items.iter().map(|item| item.item.value).eq(0..n as u64)));
        drop(read);
        panics += usize::from(caught(|| drop((cursors, pusher))).is_none());
        assert_eq!(panics + moved, 1);
        ledger.assert_all_dropped();
    }
}

#[test]
fn drop_panic_while_cursors_park_frees_others() {
    const N: usize = 20;
    for bad in bad_positions(N) {
        let ledger = Ledger::new();
        let (pusher, mut one) = list_with_panic_at(&ledger, N, bad);
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
        pusher.push(PanicOnDrop::new(ledger.item(77), 0)).unwrap();
        assert_eq!(counting.wakes(), 2);
        for cursor in [&mut one, &mut two] {
            assert_eq!(cursor.len(), 1);
            caught(|| assert_eq!(take_ready(cursor)[0].item.value, 77));
            assert_eq!(cursor.len(), 0);
        }
        caught(|| drop(one));
        caught(|| drop(two));
        ledger.assert_all_dropped();
    }
}

/// An item whose next `fuse` clones panic.
struct PanicOnClone {
    value: usize,
    fuse: &'static AtomicUsize,
    _item: Tracked,
}

impl Clone for PanicOnClone {
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
fn clone_panic_consumes_no_item() {
    static FUSE: AtomicUsize = AtomicUsize::new(0);
    const N: usize = scaled(100, 40);
    let ledger = Ledger::new();
    let (pusher, mut cursor) = push_list();
    let fork = cursor.fork();
    for (value, item) in ledger.items(N).enumerate() {
        pusher.push(PanicOnClone { value, fuse: &FUSE, _item: item }).map_err(drop).unwrap();
    }
    for expected in 0..N {
        FUSE.store(2, Ordering::Relaxed);
        assert!(caught(|| next(&mut cursor)).is_none());
        assert_eq!(cursor.len(), N - expected);
        assert!(caught(|| cursor.try_next()).is_none());
        assert_eq!(cursor.len(), N - expected);
        assert_eq!(cursor.try_next().map(|item| item.value).ok(), Some(expected));
    }
    assert_eq!(fork.len(), N);
    drop((cursor, fork, pusher));
    ledger.assert_all_dropped();
}

#[test]
fn clone_panic_in_run_keeps_position() {
    static FUSE: AtomicUsize = AtomicUsize::new(0);
    const N: usize = scaled(100, 40);
    let ledger = Ledger::new();
    let (pusher, mut cursor) = push_list();
    let fork = cursor.fork();
    for (value, item) in ledger.items(N).enumerate() {
        pusher.push(PanicOnClone { value, fuse: &FUSE, _item: item }).map_err(drop).unwrap();
    }
    let mut buf = Vec::new();
    cursor.try_next_many(&mut buf, 5);
    FUSE.store(1, Ordering::Relaxed);
    assert!(caught(|| cursor.try_next_many(&mut buf, 10)).is_none());
    while cursor.try_next_many(&mut buf, 10) > 0 {}
    assert!(buf.iter().map(|item| item.value).eq(0..N));
    drop((cursor, fork, pusher, buf));
    ledger.assert_all_dropped();
}

#[test]
fn clone_panic_in_taker_keeps_other_items() {
    static FUSE: AtomicUsize = AtomicUsize::new(0);
    let ledger = Ledger::new();
    let (pusher, cursor) = push_list();
    let fork = cursor.fork();
    let mut one = cursor.share();
    let mut two = one.clone();
    let counting = Counting::new();
    assert!(next(&mut one).is_pending());
    assert!(counting.poll(&mut two).is_pending());
    for (value, item) in ledger.items(3).enumerate() {
        pusher.push(PanicOnClone { value, fuse: &FUSE, _item: item }).map_err(drop).unwrap();
    }
    FUSE.store(1, Ordering::Relaxed);
    assert!(caught(|| next(&mut one)).is_none());
    drop(one);
    assert_eq!(counting.wakes(), 1);
    pusher.stop();
    // The taker that unwinds may lose its own item, but no other.
    let read: Vec<_> = drain(&mut two).iter().map(|item| item.value).collect();
    assert!(read.ends_with(&[1, 2]), "{read:?}");
    drop((two, fork, pusher));
    ledger.assert_all_dropped();
}

#[test]
fn waker_panic_on_push_wakes_other_forks() {
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
        // The push may unwind or not. The item is in the list in both cases.
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
fn waker_panic_on_stop_ends_other_forks() {
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
fn waker_panic_in_push_all_loses_no_item() {
    for unique in [0, 1] {
        let ledger = Ledger::new();
        let (mut pusher, mut cursor) = push_list();
        assert!(poll(&mut cursor, &on_wake(|| panic!("on purpose"))).is_pending());
        let items: Vec<_> = ledger.items(100).collect();
        caught(|| {
            if unique == 1 {
                pusher.unique().unwrap().push_all(items).unwrap()
            } else {
                pusher.push_all(items).unwrap()
            }
        });
        // The panic may cut the run anywhere. A prefix is in the list, and the rest is dropped.
        let before = cursor.len();
        pusher.push(ledger.item(1000)).unwrap();
        let read = take_ready(&mut cursor);
        assert_eq!(read.len(), before + 1);
        assert!(read[..before].iter().map(|item| item.value).eq(0..before as u64));
        drop(read);
        ledger.assert_all_dropped();
    }
}

#[test]
fn waker_panic_of_taker_wakes_next_taker() {
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
fn preflight_panic_leaves_cursor_usable() {
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
fn drop_panic_in_last_cursor_keeps_list_usable() {
    #[derive(Clone)]
    struct PanicIfSet(bool);
    impl Drop for PanicIfSet {
        fn drop(&mut self) {
            assert!(!mem::take(&mut self.0), "on purpose");
        }
    }
    let (pusher, cursor) = push_list();
    pusher.push(PanicIfSet(true)).map_err(drop).unwrap();
    assert!(caught(|| drop(cursor)).is_none());
    let mut cursor = pusher.subscribe();
    for _ in 0..scaled(1000, 150) {
        pusher.push(PanicIfSet(false)).map_err(drop).unwrap();
        drop(cursor.try_next().map_err(drop).unwrap());
    }
    assert!(pusher.retained() < 200, "{} retained", pusher.retained());
}

#[test]
fn waker_panic_of_cursor_still_wakes_taker() {
    let (pusher, mut cursor) = push_list::<u8>();
    let mut taker = cursor.fork().share();
    let counting = Counting::new();
    assert_eq!(counting.poll(&mut taker), Poll::Pending);
    let panics = on_wake(|| panic!("on purpose"));
    assert!(poll(&mut cursor, &panics).is_pending());
    assert!(caught(|| pusher.stop()).is_none());
    assert_eq!(counting.wakes(), 1);
}

/// A waker whose drop panics once if it is armed.
struct PanicOnDropWaker(Arc<AtomicBool>);

impl Wake for PanicOnDropWaker {
    fn wake(self: Arc<Self>) {}
}

impl Drop for PanicOnDropWaker {
    fn drop(&mut self) {
        assert!(!self.0.swap(false, Ordering::Relaxed), "on purpose");
    }
}

/// Polls `handle` with a waker whose drop panics, and arms the waker.
fn register_panicking_waker<H>(handle: &mut H, poll: impl FnOnce(&mut H, &Waker)) {
    let armed = Arc::new(AtomicBool::new(false));
    poll(handle, &Waker::from(Arc::new(PanicOnDropWaker(Arc::clone(&armed)))));
    armed.store(true, Ordering::Relaxed);
}

#[test]
fn waker_drop_panic_still_wakes_next_taker() {
    let (pusher, cursor) = push_list::<u8>();
    let mut one = cursor.share();
    let mut two = one.clone();
    register_panicking_waker(&mut one, |one, waker| assert!(poll(one, waker).is_pending()));
    let counting = Counting::new();
    assert_eq!(counting.poll(&mut two), Poll::Pending);
    assert!(caught(|| drop(one)).is_none());
    pusher.push(1).unwrap();
    assert_eq!(counting.wakes(), 1);
    assert_eq!(counting.poll(&mut two), Poll::Ready(Some(1)));
}

#[test]
fn waker_drop_panic_keeps_poll_lock_usable() {
    /// The waker of the last poll.
    type Source = Arc<Mutex<Option<Waker>>>;
    fn poll(lock: &mut PollLock<Source>, waker: &Waker) {
        let polled =
            lock.poll_locked(&mut Context::from_waker(waker), |source: Pin<&mut Source>, cx| {
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
    let mut lock = PollLock::new(Arc::clone(&source));
    let mut other = lock.clone();
    register_panicking_waker(&mut lock, poll);
    let counting = Counting::new();
    poll(&mut other, counting.waker());
    assert!(caught(|| drop(lock)).is_none());
    wake();
    assert_eq!(counting.wakes(), 1);
}

std::thread_local! {
    /// Runs in the next clone of a `CloneHook`.
    static ON_CLONE: core::cell::RefCell<Option<Box<dyn FnOnce()>>> =
        const { core::cell::RefCell::new(None) };
}

/// An item whose clone runs `ON_CLONE`. Its drop panics if `panics` is set; clones clear it.
struct CloneHook {
    tracked: Tracked,
    panics: bool,
}

impl Clone for CloneHook {
    fn clone(&self) -> Self {
        let on_clone = ON_CLONE.take();
        if let Some(on_clone) = on_clone {
            on_clone();
        }
        Self { tracked: self.tracked.clone(), panics: false }
    }
}

impl Drop for CloneHook {
    fn drop(&mut self) {
        assert!(!self.panics, "the drop of item {}", self.tracked.value);
    }
}

/// The taker holds its clone while it retires the block as the last reader.
#[test]
fn taker_block_drop_panics_drops_clone() {
    let ledger = Ledger::new();
    let (pusher, cursor) = push_list();
    let items = 2 * slots::<CloneHook>();
    for tracked in ledger.items(items) {
        let panics = tracked.value == 3;
        pusher.push(CloneHook { tracked, panics }).map_err(drop).unwrap();
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
    assert!(taken.is_none(), "the drop of item 3 must panic");
    drop((taker, pusher));
    ledger.assert_all_dropped();
}

#[test]
fn new_member_drop_panics_drops_result() {
    let ledger = Ledger::new();
    let mut node = aiter_core::task::ReadyQueue::new().node::<CloneHook>(0);
    let member = CloneHook { tracked: ledger.item(0), panics: true };
    let polled = caught(|| drop(node.poll_new(member, |_, _| Poll::Ready(ledger.item(1)))));
    assert!(polled.is_none(), "the drop of the member must panic");
    drop(node);
    ledger.assert_all_dropped();
}
