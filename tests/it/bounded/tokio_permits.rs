//! Tokio's bounded `mpsc`: reservations, permits and their capacity.

use aiter::{PushError, PushErrorKind, TryNextError, TryPushError};
use aiter_adapters::{TryReserveError, bounded};
use core::task::Poll;

use crate::{
    bounded::{Task, ready},
    waker::{Counting, next},
};

#[test]
fn freed_room_wakes_reserves_in_line() {
    let (pusher, mut cursor) = bounded(2);
    let first = ready(pusher.reserve()).unwrap();
    let second = ready(pusher.reserve()).unwrap();
    let mut third = Task::waiting(pusher.reserve());
    let mut fourth = Task::waiting(pusher.reserve());
    first.push(1).unwrap();
    assert_eq!(third.wakes(), 0, "a used permit must not free its room before the read");
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    assert_eq!((third.wakes(), fourth.wakes()), (1, 0));
    drop(second);
    assert_eq!(fourth.wakes(), 1);
    Task::waiting(pusher.reserve());
    let _permits = (third.ready().unwrap(), fourth.ready().unwrap());
    assert_eq!(pusher.capacity(), 0);
}

#[test]
fn dropped_reserve_passes_turn_unwoken() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(0).unwrap();
    let mut first = Box::pin(pusher.reserve());
    let waker = Counting::new();
    assert!(crate::bounded::poll(&mut first, waker.waker()).is_pending());
    let mut second = Task::waiting(pusher.reserve());
    drop(first);
    assert_eq!(waker.held(), 0, "a dropped reserve must let its waker go");
    assert_eq!(next(&mut cursor), Poll::Ready(Some(0)));
    assert_eq!((waker.wakes(), second.wakes()), (0, 1));
    assert!(second.ready().is_ok());
}

#[test]
fn try_push_fails_beside_granted_reserve() {
    let (pusher, mut cursor) = bounded(1);
    ready(pusher.reserve()).unwrap().push(1).unwrap();
    let mut reserve = Task::waiting(pusher.reserve());
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    assert_eq!(reserve.wakes(), 1);
    assert_eq!(pusher.try_push(9), Err(TryPushError::Full(9)));
    assert_eq!(pusher.try_reserve().err(), Some(TryReserveError::Full));
    reserve.ready().unwrap().push(2).unwrap();
    assert_eq!(next(&mut cursor), Poll::Ready(Some(2)));
}

#[test]
fn close_fails_waiter_and_returns_permit_item() {
    let (pusher, mut cursor) = bounded(1);
    let permit = ready(pusher.reserve()).unwrap();
    let mut reserve = Task::waiting(pusher.reserve());
    cursor.close();
    assert_eq!(reserve.woken().err(), Some(PushErrorKind::Stopped));
    assert_eq!(permit.push(123).unwrap_err().into_inner(), 123);
    assert_eq!(next(&mut cursor), Poll::Ready(None));
}

/// A closed list ends at once, so its cursor never waits for the holders of permits.
#[test]
fn closed_list_ends_despite_permits() {
    let (pusher, mut cursor) = bounded(100);
    let waker = Counting::new();
    let (permit, owned) = (pusher.try_reserve().unwrap(), ready(pusher.clone().reserve_owned()));
    let many = ready(pusher.reserve_many(3)).unwrap();
    assert!(waker.poll(&mut cursor).is_pending());
    pusher.stop();
    assert_eq!(waker.wakes(), 1);
    assert_eq!(waker.poll(&mut cursor), Poll::Ready(None));
    assert!(permit.push(1).is_err());
    assert!(owned.unwrap().push(2).is_err());
    drop(many);
    assert_eq!(next(&mut cursor), Poll::Ready(None));
}

#[test]
fn close_fails_granted_and_waiting_requests() {
    for drop_granted in [false, true] {
        let (pusher, mut cursor) = bounded(2);
        let permits = [pusher.try_reserve().unwrap(), pusher.try_reserve().unwrap()];
        let mut granted = Task::waiting(pusher.push(1));
        let mut many = Task::waiting(pusher.reserve_many(2));
        let [first, second] = permits;
        drop(first);
        assert_eq!((granted.wakes(), many.wakes()), (1, 0));
        cursor.close();
        assert!(many.woken().is_err());
        if drop_granted {
            drop(granted);
        } else {
            assert_eq!(granted.ready(), Err(PushError::Stopped(1)));
        }
        drop(second);
        assert_eq!(next(&mut cursor), Poll::Ready(None));
    }
}

#[test]
fn reserve_many_above_cap_fails_at_once() {
    let (pusher, _cursor) = bounded::<u8>(1);
    for n in [2, usize::MAX / 4, usize::MAX] {
        assert!(ready(pusher.reserve_many(n)).is_err(), "{n}");
    }
    assert_eq!(pusher.capacity(), 1);
}

#[test]
fn reserve_many_of_zero_is_ready() {
    let (pusher, _cursor) = bounded(1);
    assert_eq!(ready(pusher.reserve_many(0)).unwrap().count(), 0);
    pusher.try_push(0).unwrap();
    assert_eq!(ready(pusher.reserve_many(0)).unwrap().count(), 0, "even if the list is full");
}

#[test]
fn reserved_permits_push_one_by_one() {
    let (pusher, mut cursor) = bounded(100);
    for n in 0..100 {
        for permit in ready(pusher.reserve_many(n)).unwrap() {
            permit.push(n).unwrap();
            assert_eq!(cursor.try_next(), Ok(n));
        }
        assert!(cursor.is_empty());
    }
    assert_eq!(pusher.capacity(), 100);
}

#[test]
fn unused_permits_return_their_room() {
    for n in 1..24 {
        for used in 0..n {
            let (pusher, mut cursor) = bounded(n);
            let permits = ready(pusher.reserve_many(n)).unwrap();
            assert_eq!(permits.len(), n);
            assert_eq!(pusher.capacity(), 0);
            assert_eq!(pusher.try_reserve().err(), Some(TryReserveError::Full));
            permits.take(used).for_each(|permit| permit.push(0).unwrap());
            assert_eq!(pusher.capacity(), n - used);
            drop(ready(pusher.reserve_many(n - used)).unwrap());
            if used > 0 {
                drop(Task::waiting(pusher.reserve_many(n - used + 1)));
            }
            (0..used).for_each(|_| assert_eq!(cursor.try_next(), Ok(0)));
            assert_eq!(pusher.capacity(), n);
        }
    }
}

#[test]
fn dropped_permit_wakes_waiter() {
    let (pusher, _cursor) = bounded::<u8>(1);
    let permit = ready(pusher.reserve()).unwrap();
    let mut reserve = Task::waiting(pusher.reserve());
    drop(permit);
    drop(reserve.woken().unwrap());
    drop(pusher.try_reserve().unwrap());
    assert!(pusher.try_reserve().is_ok());
}

#[test]
fn dropped_permits_wake_large_request() {
    for n in 1..100 {
        let (pusher, _cursor) = bounded::<u8>(n);
        let permits = ready(pusher.reserve_many(n)).unwrap();
        let mut other = Task::waiting(pusher.reserve_many(n));
        drop(permits);
        drop(other.woken().unwrap());
        assert_eq!(pusher.capacity(), n);
    }
}

#[test]
fn capacity_counts_items_and_permits() {
    let (pusher, mut cursor) = bounded(10);
    assert_eq!((pusher.capacity(), pusher.max_capacity()), (10, 10));
    let permit = ready(pusher.reserve()).unwrap();
    assert_eq!((pusher.capacity(), pusher.max_capacity()), (9, 10));
    ready(pusher.push(())).unwrap();
    assert_eq!((pusher.capacity(), pusher.max_capacity()), (8, 10));
    drop(permit);
    assert_eq!(cursor.try_next(), Ok(()));
    assert_eq!((pusher.capacity(), pusher.max_capacity()), (10, 10));
}

#[test]
fn owned_permit_keeps_list_open() {
    for downgrade_first in [true, false] {
        let (pusher, mut cursor) = bounded(1);
        let early = downgrade_first.then(|| pusher.downgrade());
        let other = pusher.clone();
        let permit = ready(pusher.reserve_owned()).unwrap();
        let weak = early.unwrap_or_else(|| other.downgrade());
        drop(other);
        assert!(!cursor.is_stopped());
        assert!(weak.upgrade().is_some());
        permit.push(1).unwrap();
        assert!(weak.upgrade().is_none(), "the permit was the last pusher");
        assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
        assert_eq!(next(&mut cursor), Poll::Ready(None));
    }
}

#[test]
fn push_future_waits_only_when_polled() {
    let (pusher, mut cursor) = bounded(2);
    pusher.try_push(1).unwrap();
    pusher.try_push(2).unwrap();
    let late = pusher.push(3);
    assert_eq!((cursor.try_next(), cursor.try_next()), (Ok(1), Ok(2)));
    ready(late).unwrap();
    drop(cursor);
    assert_eq!(ready(pusher.push(4)).unwrap_err().into_inner(), 4);
}

#[test]
fn try_next_tells_end_despite_permit() {
    let (pusher, mut cursor) = bounded::<u8>(5);
    let permit = pusher.try_reserve().unwrap();
    assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
    cursor.close();
    assert_eq!(cursor.try_next(), Err(TryNextError::Ended), "a permit is refused after a close");
    assert_eq!(permit.push(1), Err(PushError::Stopped(1)));
    assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
}
