//! What the weight function returns, and what it may do.

use alloc::sync::Arc;
use core::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering},
};
use std::sync::Mutex;

use aiter_adapters::{WeighedCursor, WeighedPusher, bounded_by};
use aiter_core::TryPushError;

use crate::{list, once, ready, wait};

#[test]
fn item_heavier_than_cap_passes_alone() {
    let (pusher, mut cursor) = list(10, [1]);
    assert_eq!(pusher.try_push(99), Err(TryPushError::Full(99)));
    let mut heavy = pusher.push(usize::MAX);
    let waker = wait(&mut heavy);
    let mut light = pusher.push(1);
    let last = wait(&mut light);
    assert_eq!(cursor.try_next(), Ok(1));
    assert_eq!((waker.wakes(), last.wakes()), (1, 0));
    assert!(ready(heavy).is_ok());
    assert_eq!((pusher.used(), last.wakes()), (10, 0));
    assert_eq!(cursor.try_next(), Ok(usize::MAX));
    assert_eq!(last.wakes(), 1);
    assert!(ready(light).is_ok());
    assert_eq!((cursor.try_next(), pusher.capacity()), (Ok(1), 10));
}

#[test]
fn weight_zero_counts_as_one() {
    let (pusher, mut cursor) = list(3, [0, 0, 0]);
    assert!(pusher.try_push(0).unwrap_err().is_full());
    assert_eq!((cursor.try_next(), pusher.capacity()), (Ok(0), 1));
    let permit = pusher.try_reserve(0).unwrap();
    assert_eq!((permit.weight(), pusher.capacity()), (1, 0));
}

#[test]
fn bound_is_exact_at_every_fill() {
    let (pusher, mut cursor) = list(10, []);
    for used in 0..10 {
        for extra in 1..=12 {
            if used > 0 {
                pusher.try_push(used).unwrap();
            }
            let fits = used + extra <= 10 || used == 0;
            assert_eq!(pusher.try_push(extra).is_ok(), fits, "{extra} beside {used}");
            while cursor.try_next().is_ok() {}
            assert_eq!(pusher.capacity(), 10);
        }
    }
}

#[test]
fn impure_weigh_leaves_counts_right() {
    let calls = AtomicUsize::new(0);
    let weigh = |_: &u32| calls.fetch_add(1, Ordering::Relaxed) * 7919 % 23;
    let (pusher, mut cursor) = bounded_by(16, weigh);
    let mut slow = cursor.fork();
    for n in 0..if cfg!(miri) { 100 } else { 5000 } {
        let pushed = if n % 2 == 0 {
            pusher.try_push(n).is_ok()
        } else {
            pusher.try_reserve(9).is_ok_and(|permit| permit.push(n).is_ok())
        };
        if !pushed || n % 3 == 0 {
            assert_eq!(cursor.try_next().is_ok(), slow.try_next().is_ok());
        }
        assert!(pusher.used() <= 16);
    }
    cursor.seek_to_end();
    while slow.try_next().is_ok() {}
    assert_eq!((pusher.used(), pusher.capacity()), (0, 16));
}

#[test]
fn weigh_is_called_once_for_each_item() {
    let calls = AtomicUsize::new(0);
    let weigh = |_: &u32| calls.fetch_add(1, Ordering::Relaxed) + 1;
    let (pusher, mut cursor) = bounded_by(1, weigh);
    let mut fork = cursor.fork();
    pusher.try_push(0).unwrap();
    let mut push = pusher.push(1);
    wait(&mut push);
    wait(&mut push);
    assert_eq!((cursor.try_next(), fork.try_next()), (Ok(0), Ok(0)));
    assert!(ready(push).is_ok());
    assert_eq!((cursor.try_next(), fork.seek_to_end()), (Ok(1), 1));
    assert_eq!((calls.load(Ordering::Relaxed), pusher.capacity()), (2, 1));
}

#[test]
fn weigh_may_use_all_handles() {
    type Weigh = Box<dyn Fn(&u32) -> usize + Send + Sync>;
    type Slot = Option<(WeighedPusher<u32, Weigh>, WeighedCursor<u32>)>;
    let slot: Arc<Mutex<Slot>> = Arc::default();
    let used = Arc::clone(&slot);
    let weigh: Weigh = Box::new(move |_| {
        // Taken out, so that a nested call does not use the handles again.
        let handles = used.lock().unwrap().take();
        if let Some((pusher, mut cursor)) = handles {
            let _ = (pusher.used(), pusher.capacity(), pusher.try_reserve(1).is_ok());
            let _ = pusher.try_push(7);
            drop((cursor.fork(), cursor.try_next(), cursor.seek_to_end()));
            *used.lock().unwrap() = Some((pusher, cursor));
        }
        2
    });
    let (pusher, mut cursor) = bounded_by(4, weigh);
    *slot.lock().unwrap() = Some((pusher.clone(), cursor.fork()));
    pusher.try_push(0).unwrap();
    let _ = once(&mut pusher.push(1));
    let _ = pusher.try_reserve(2).map(|permit| permit.push(2));
    cursor.seek_to_end();
    let handles = slot.lock().unwrap().take().expect("the function returns the handles");
    drop(handles);
    assert_eq!(pusher.capacity(), 4);
}

#[test]
fn clones_share_weight_function() {
    /// Not `Clone`.
    struct Factor(usize);
    let factor = Factor(3);
    let (pusher, cursor) = bounded_by(12, move |item: &usize| factor.0 * item);
    let other = pusher.clone();
    other.try_push(4).unwrap();
    assert!(pusher.try_push(1).unwrap_err().is_full());
    assert!(pusher.same_list(&other) && pusher.pusher_count() == 2);
    drop(cursor);
    // Neither `Send` nor `Sync`.
    let calls = Cell::new(0);
    let (pusher, _cursor) = bounded_by(1, |_: &u8| calls.replace(1));
    pusher.try_push(0).unwrap();
    assert_eq!(calls.get(), 1);
}
