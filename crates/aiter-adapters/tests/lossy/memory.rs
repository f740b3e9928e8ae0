//! How many items are alive.

use core::hint::black_box;

use aiter_adapters::{
    LossyPolicy::{self, Disconnect, DropOldest},
    bounded_lossy,
};

use crate::{Live, POLICIES};

const PUSHES: usize = if cfg!(miri) { 150 } else { 1_000_000 };

/// The largest number of slots of a block.
const SLOTS: usize = 61;

/// Returns the largest number of items in memory after a push if no cursor is read and all are made
/// by `fork`.
fn bound(cap: usize, policy: LossyPolicy) -> usize {
    match policy {
        DropOldest => cap + (cap / 4).min(32),
        Disconnect => cap,
    }
}

#[test]
fn unread_cursors_bound_memory() {
    const CAP: usize = if cfg!(miri) { 64 } else { 256 };
    for policy in POLICIES {
        let live = Live::default();
        let (pusher, one) = bounded_lossy(CAP, policy);
        let stuck = [one.fork(), pusher.subscribe(), one];
        let mut most = 0;
        for n in 0..PUSHES {
            let pushed = pusher.push(live.item(n));
            assert_eq!(pushed.is_ok(), policy == DropOldest || n <= CAP);
            drop(pushed);
            most = most.max(live.count());
        }
        assert!((CAP..=CAP + (CAP / 4).min(32)).contains(&most), "{most} items under {policy:?}");
        assert_eq!(live.count() == 0, policy == Disconnect);
        drop(stuck);
        assert_eq!(live.count(), 0);
    }
}

#[test]
fn unread_cursors_bound_memory_at_each_cap() {
    let caps: &[usize] =
        if cfg!(miri) { &[1, 57] } else { &[1, 2, 3, 4, 5, 7, 8, 31, 57, 64, 127, 128, 129, 500] };
    for &cap in caps {
        for forks in [0, 1, 5] {
            let live = Live::default();
            let (pusher, one) = bounded_lossy(cap, DropOldest);
            let stuck: Vec<_> = (0..forks).map(|_| one.fork()).collect();
            for n in 0..if cfg!(miri) { cap + 70 } else { 3000 } {
                // The item that is about to be pushed counts, too.
                let item = live.item(n);
                assert!(live.count() <= cap + (cap / 4).clamp(1, 32), "cap {cap}");
                pusher.push(item).unwrap();
            }
            drop((one, stuck));
            assert_eq!(live.count(), 0);
        }
    }
}

#[test]
fn reader_and_laggard_bound_memory() {
    let caps: &[usize] = if cfg!(miri) { &[16] } else { &[1, 16, 64] };
    for &cap in caps {
        let live = Live::default();
        let (pusher, mut fast) = bounded_lossy(cap, DropOldest);
        let stuck = fast.fork();
        for n in 0..if cfg!(miri) { 150 } else { 5000 } {
            pusher.push(live.item(n)).unwrap();
            assert_eq!(fast.try_next().unwrap(), n);
            let most = bound(cap, DropOldest) + SLOTS;
            assert!(live.count() <= most, "cap {cap}: {}", live.count());
        }
        drop(stuck);
        drop(fast);
        assert_eq!(live.count(), 0);
    }
}

/// The subscriber counts as a reader of its whole block.
#[test]
fn unread_subscriber_and_laggard_bound_memory() {
    let caps: &[usize] = if cfg!(miri) { &[16] } else { &[1, 2, 16, 57, 256] };
    for policy in POLICIES {
        for (&cap, before) in caps.iter().flat_map(|cap| {
            let before = if cfg!(miri) { 40..41 } else { 0..130 };
            before.map(move |before| (cap, before))
        }) {
            let live = Live::default();
            let (pusher, first) = bounded_lossy(cap, policy);
            let mut late = None;
            for n in 0..before + cap + 130 {
                if n == before {
                    late = Some(pusher.subscribe());
                }
                let _ = pusher.push(live.item(n));
                let most = bound(cap, policy) + SLOTS;
                assert!(live.count() <= most, "{policy:?}, cap {cap}: {}", live.count());
            }
            drop((first, late));
            assert_eq!(live.count(), 0);
        }
    }
}

#[test]
fn list_without_laggard_keeps_no_read_item() {
    let live = Live::default();
    let (pusher, mut one) = bounded_lossy(64, DropOldest);
    let mut two = one.fork();
    for n in 0..if cfg!(miri) { 80 } else { 1000 } {
        pusher.push(live.item(n)).unwrap();
        for cursor in [&mut one, &mut two] {
            assert!(cursor.try_next().is_ok());
            assert!(cursor.try_next().is_err());
        }
        assert_eq!(live.count(), 0);
    }
}

#[test]
fn laggard_that_returns_needs_no_second_copy() {
    const ITEMS: usize = if cfg!(miri) { 200 } else { 1000 };
    let live = Live::default();
    let (pusher, mut one) = bounded_lossy(100, DropOldest);
    drop(one.fork());
    pusher.push_all((0..ITEMS).map(|n| live.item(n))).unwrap();
    for n in ITEMS - 100..ITEMS {
        assert_eq!(black_box(one.try_next()).unwrap(), n);
    }
    assert!(one.try_next().is_err());
    assert_eq!(live.count(), 0);
}
