//! Reads that leave items out: they return the room of what they skip.

use core::task::Poll;

use aiter_adapters::bounded;
use aiter_core::TryNextError;

use crate::{ledger::Ledger, once, ready, wait};

#[test]
fn skip_returns_room_and_wakes_producers_in_order() {
    let (pusher, mut cursor) = bounded(3);
    for n in 0..3 {
        pusher.try_push(n).unwrap();
    }
    let mut pushes = [pusher.push(3), pusher.push(4), pusher.push(5)];
    let wakers = pushes.each_mut().map(wait);
    let wakes = || wakers.each_ref().map(|waker| waker.wakes());
    assert_eq!(cursor.skip_items(2), 2);
    assert_eq!(wakes(), [1, 1, 0]);
    assert_eq!(cursor.seek_to_end(), 1);
    assert_eq!(wakes(), [1, 1, 1]);
    assert!(pushes.into_iter().all(|push| ready(push).is_ok()));
    assert_eq!(cursor.latest(), Ok(5));
    assert_eq!((pusher.capacity(), cursor.skip_items(1)), (3, 0));
}

#[test]
fn latest_returns_room_and_wakes_producers() {
    let (pusher, mut cursor) = bounded(2);
    assert_eq!(cursor.latest(), Err(TryNextError::Empty));
    pusher.try_push(1).unwrap();
    pusher.try_push(2).unwrap();
    let mut many = pusher.reserve_many(2);
    let waker = wait(&mut many);
    assert_eq!(cursor.latest(), Ok(2));
    assert_eq!(waker.wakes(), 1);
    drop(many);
    pusher.stop();
    assert_eq!(cursor.latest(), Err(TryNextError::Ended));
}

#[test]
fn skip_of_fast_cursor_waits_for_slow_one() {
    let (pusher, mut fast) = bounded(2);
    let mut slow = fast.fork();
    pusher.try_push(1).unwrap();
    pusher.try_push(2).unwrap();
    let mut push = pusher.push(3);
    let waker = wait(&mut push);
    assert_eq!((fast.seek_to_end(), waker.wakes()), (2, 0));
    assert_eq!((slow.skip_items(1), waker.wakes()), (1, 1));
    assert!(ready(push).is_ok());
    assert_eq!((fast.try_next(), slow.latest()), (Ok(3), Ok(3)));
    assert_eq!(pusher.capacity(), 2);
}

#[test]
fn skipped_items_are_dropped_once() {
    let ledger = Ledger::new();
    let (pusher, mut one) = bounded(200);
    let mut two = one.fork();
    for item in ledger.items(200) {
        pusher.try_push(item).unwrap();
    }
    assert_eq!((one.skip_items(150), two.seek_to_end(), one.seek_to_end()), (150, 200, 50));
    assert_eq!(pusher.capacity(), 200);
    ledger.assert_all_dropped();
}

/// A late subscriber first passes items that were pushed before it.
#[test]
fn skip_of_subscriber_counts_only_its_items() {
    let counts: &[usize] = if cfg!(miri) { &[0, 64] } else { &[0, 1, 40, 64, 100] };
    for &before in counts {
        let (pusher, mut first) = bounded(200);
        for n in 0..before {
            pusher.try_push(n).unwrap();
        }
        let mut late = pusher.subscribe();
        for n in 0..70 {
            pusher.try_push(n).unwrap();
        }
        assert_eq!((late.skip_items(69), late.latest()), (69, Ok(69)));
        assert_eq!(first.seek_to_end(), before + 70);
        assert_eq!(pusher.capacity(), 200, "{before} items before");
    }
}

#[test]
fn resubscribed_cursor_begins_at_end() {
    let (pusher, cursor) = bounded(2);
    pusher.try_push(1).unwrap();
    let mut late = cursor.resubscribe();
    assert_eq!(late.try_next(), Err(TryNextError::Empty));
    drop(cursor);
    pusher.try_push(2).unwrap();
    pusher.try_push(3).unwrap();
    let mut push = pusher.push(4);
    let waker = wait(&mut push);
    assert_eq!((late.try_next(), waker.wakes()), (Ok(2), 1));
    drop(push);
    drop(pusher);
    let mut ended = late.resubscribe();
    assert_eq!(once(&mut ended.next()), Poll::Ready(None));
    assert_eq!((late.try_next(), late.try_next()), (Ok(3), Err(TryNextError::Ended)));
}

#[cfg(panic = "unwind")]
#[test]
fn item_drop_panics_in_skip_room_is_returned() {
    use core::panic::AssertUnwindSafe;
    use std::panic::catch_unwind;

    struct PanicOnDrop(bool);
    impl Drop for PanicOnDrop {
        fn drop(&mut self) {
            assert!(!self.0, "panic on drop");
        }
    }

    let (pusher, mut cursor) = bounded(3);
    for is_bad in [false, true, false] {
        pusher.try_push(PanicOnDrop(is_bad)).map_err(|_| ()).unwrap();
    }
    let mut reserve = pusher.reserve_many(2);
    let waker = wait(&mut reserve);
    assert!(catch_unwind(AssertUnwindSafe(|| cursor.skip_items(2))).is_err());
    assert_eq!(waker.wakes(), 1);
    drop(reserve);
    assert_eq!((cursor.len(), pusher.capacity()), (1, 2));
}
