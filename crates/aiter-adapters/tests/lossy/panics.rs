//! Panics of clones, drops and wakers.

use alloc::sync::Arc;
use core::{
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicBool, Ordering},
};
use std::panic::catch_unwind;

use aiter_adapters::{
    LossyPolicy::{Disconnect, DropOldest},
    bounded_lossy,
};

use crate::{
    Live, drain,
    waker::{Counting, on_wake, poll},
};

fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// Panics in `clone` or `drop` while its flag is set.
struct Fragile {
    item: crate::Item,
    clone_panics: Arc<AtomicBool>,
    drop_panics: Arc<AtomicBool>,
}

impl Fragile {
    fn new(live: &Live, value: usize) -> Self {
        let (clone_panics, drop_panics) = Default::default();
        Self { item: live.item(value), clone_panics, drop_panics }
    }
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        assert!(!self.clone_panics.load(Ordering::SeqCst), "clone");
        let (clone_panics, drop_panics) = Default::default();
        Self { item: self.item.clone(), clone_panics, drop_panics }
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        if self.drop_panics.swap(false, Ordering::SeqCst) && !std::thread::panicking() {
            panic!("drop");
        }
    }
}

#[test]
fn read_whose_clone_panics_can_be_cut() {
    let live = Live::default();
    let (pusher, mut cursor) = bounded_lossy(2, DropOldest);
    let other = cursor.fork();
    let bad = Fragile::new(&live, 0);
    bad.clone_panics.store(true, Ordering::SeqCst);
    pusher.push(bad).unwrap();
    assert!(panics(|| cursor.try_next()));
    assert_eq!((cursor.len(), cursor.missed()), (1, 0));
    pusher.push_all((1..4).map(|n| Fragile::new(&live, n))).unwrap();
    assert!(cursor.is_lagged());
    let read = drain(&mut cursor);
    assert!(read.iter().map(|fragile| fragile.item.value).eq([2, 3]));
    assert_eq!(cursor.missed(), 2);
    drop((cursor, other, read));
    assert_eq!(live.count(), 0);
}

#[test]
fn next_many_whose_clone_panics_is_cut_at_its_item() {
    let live = Live::default();
    let (pusher, mut cursor) = bounded_lossy(4, DropOldest);
    let other = cursor.fork();
    for n in 0..4 {
        let fragile = Fragile::new(&live, n);
        fragile.clone_panics.store(n == 2, Ordering::SeqCst);
        pusher.push(fragile).unwrap();
    }
    let mut buf = Vec::new();
    let mut cx = core::task::Context::from_waker(core::task::Waker::noop());
    assert!(panics(|| cursor.poll_next_many(&mut cx, &mut buf, 4)));
    assert_eq!(buf.len(), 2);
    pusher.push_all((4..10).map(|n| Fragile::new(&live, n))).unwrap();
    buf.extend(drain(&mut cursor));
    assert_eq!((buf.len(), cursor.missed()), (6, 4));
    drop((cursor, other, buf));
    assert_eq!(live.count(), 0);
}

#[test]
fn item_drop_panics_in_push_item_is_pushed() {
    for forks in [0, 2] {
        for policy in [DropOldest, Disconnect] {
            let live = Live::default();
            let (pusher, mut cursor) = bounded_lossy(2, policy);
            let stuck: Vec<_> = (0..forks).map(|_| cursor.fork()).collect();
            let bad = Fragile::new(&live, 0);
            bad.drop_panics.store(true, Ordering::SeqCst);
            pusher.push(bad).unwrap();
            pusher.push(Fragile::new(&live, 1)).unwrap();
            assert!(panics(|| pusher.push(Fragile::new(&live, 2))));
            let read = drain(&mut cursor);
            if policy == DropOldest {
                assert!(read.iter().map(|fragile| fragile.item.value).eq([1, 2]));
                pusher.push_all((3..5).map(|n| Fragile::new(&live, n))).unwrap();
            }
            drop((read, cursor, stuck));
            assert_eq!(live.count(), 0);
        }
    }
}

/// The keeper moves four items at a time, so the laggard drops three of them.
#[test]
fn item_drop_panics_in_return_is_counted() {
    let live = Live::default();
    let (pusher, mut cursor) = bounded_lossy(16, DropOldest);
    pusher.push_all((0..17).map(|n| Fragile::new(&live, n))).unwrap();
    assert_eq!(live.count(), 16);
    let mut flags = Vec::new();
    for n in 17..20 {
        let fragile = Fragile::new(&live, n);
        flags.push(fragile.drop_panics.clone());
        pusher.push(fragile).unwrap();
    }
    assert_eq!(live.count(), 19);
    pusher.push_all((20..36).map(|n| Fragile::new(&live, n))).unwrap();
    assert_eq!(live.count(), 19);
    flags.iter().for_each(|flag| flag.store(true, Ordering::SeqCst));
    assert!(panics(|| cursor.try_next()));
    let read = drain(&mut cursor);
    assert!(read.iter().map(|fragile| fragile.item.value).eq(20..36));
    assert_eq!(cursor.missed(), 20);
    drop((read, cursor));
    assert_eq!(live.count(), 0);
}

/// The first waker pushes. If the cursors wait at the last slot of a block, these pushes do not
/// wake the other two, but their cuts do.
#[test]
fn waker_panics_in_cut_others_are_woken() {
    let mut panicked = 0;
    // The steps reach 60: after 60 items, the cursors wait at the last slot of a block.
    for read in (0..64).step_by(if cfg!(miri) { 20 } else { 1 }) {
        let (pusher, mut first) = bounded_lossy(1, Disconnect);
        for n in 0..read {
            pusher.push(n).unwrap();
            assert_eq!(first.try_next(), Ok(n));
        }
        let (mut bad, mut good) = (first.fork(), first.fork());
        let inner = pusher.downgrade();
        let has_panicked = Arc::new(AtomicBool::new(false));
        let pushes = {
            let has_panicked = has_panicked.clone();
            on_wake(move || {
                let pusher = inner.upgrade().unwrap();
                let push = AssertUnwindSafe(|| pusher.push_all(1..3).is_ok());
                has_panicked.store(catch_unwind(push).is_err(), Ordering::SeqCst);
            })
        };
        assert!(poll(&mut first, &pushes).is_pending());
        assert!(poll(&mut bad, &on_wake(|| panic!("waker"))).is_pending());
        let waker = Counting::new();
        assert!(waker.poll(&mut good).is_pending());
        let _ = catch_unwind(AssertUnwindSafe(|| pusher.push(0)));
        assert!(waker.wakes() >= 1, "after {read} items");
        panicked += usize::from(good.is_lagged() && has_panicked.load(Ordering::SeqCst));
    }
    assert!(panicked > 0, "a waker must panic in a cut");
}
