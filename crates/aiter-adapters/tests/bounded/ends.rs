//! Ends: the last cursor is dropped, `close`, `stop`, revival, and `closed`.

use core::error::Error;

use aiter_adapters::{BoundedPusher, TryReserveError, bounded};
use aiter_core::{PushError, PushErrorKind, TryPushError};

use crate::{once, ready, wait, waker::Counting};

#[test]
fn last_cursor_drop_returns_items_of_waiters() {
    let (pusher, cursor) = bounded(1);
    let fork = cursor.fork();
    pusher.try_push(0).unwrap();
    let (mut one, mut two) = (pusher.push(1), pusher.reserve());
    let (mut many, mut closed) = (pusher.reserve_many(1), pusher.closed());
    let wakers = [wait(&mut one), wait(&mut two), wait(&mut many), wait(&mut closed)];
    drop(cursor);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [0; 4]);
    drop(fork);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1; 4]);
    assert_eq!(ready(one), Err(PushError::NoCursor(1)));
    assert_eq!(ready(two).unwrap_err(), PushErrorKind::NoCursor);
    assert!(ready(many).is_err());
    ready(closed);
    assert_eq!(pusher.try_push(2), Err(TryPushError::NoCursor(2)));
    assert_eq!(ready(pusher.push(3)), Err(PushError::NoCursor(3)));
}

#[test]
fn stopped_list_without_cursor_refuses_as_stopped() {
    let (pusher, cursor) = bounded(1);
    pusher.stop();
    drop(cursor);
    assert_eq!(pusher.try_reserve().unwrap_err(), TryReserveError::Stopped);
    assert_eq!(ready(pusher.reserve()).unwrap_err(), PushErrorKind::Stopped);
    assert_eq!(pusher.try_push(1), Err(TryPushError::Stopped(1)));
}

#[test]
fn subscribe_revives_list() {
    let (pusher, cursor) = bounded(1);
    pusher.try_push(0).unwrap();
    let permit = pusher.clone();
    drop(cursor);
    for n in 0..5 {
        assert!(pusher.try_push(n).is_err());
        assert!(ready(pusher.push(n)).is_err());
    }
    let mut late = pusher.subscribe();
    let mut closed = permit.closed();
    assert!(once(&mut closed).is_pending());
    assert_eq!(pusher.capacity(), 1);
    pusher.try_push(1).unwrap();
    assert!(pusher.try_push(2).unwrap_err().is_full());
    assert_eq!(late.try_next(), Ok(1));
    drop(late);
    ready(closed);
}

#[test]
fn permit_outlives_last_cursor() {
    let (pusher, cursor) = bounded(2);
    let (one, two) = (pusher.try_reserve().unwrap(), pusher.try_reserve().unwrap());
    drop(cursor);
    assert_eq!(one.push(1), Err(PushError::NoCursor(1)));
    let mut late = pusher.subscribe();
    assert_eq!(pusher.capacity(), 1);
    two.push(2).unwrap();
    assert_eq!(late.try_next(), Ok(2));
    assert_eq!(pusher.capacity(), 2);
}

#[test]
fn close_and_stop_refuse_waiters_and_permits() {
    for by_cursor in [true, false] {
        let (pusher, mut cursor) = bounded(2);
        pusher.try_push(0).unwrap();
        let permit = pusher.try_reserve().unwrap();
        let (mut push, mut closed) = (pusher.push(1), pusher.closed());
        let wakers = [wait(&mut push), wait(&mut closed)];
        if by_cursor {
            cursor.close()
        } else {
            pusher.stop()
        }
        assert_eq!(wakers.each_ref().map(Counting::wakes), [1; 2]);
        assert_eq!(ready(push), Err(PushError::Stopped(1)));
        ready(closed);
        assert_eq!(permit.push(2), Err(PushError::Stopped(2)));
        assert_eq!(pusher.try_push(3), Err(TryPushError::Stopped(3)));
        assert_eq!(pusher.try_reserve().unwrap_err(), TryReserveError::Stopped);
        assert_eq!(ready(pusher.reserve()).unwrap_err(), PushErrorKind::Stopped);
        assert!(cursor.is_stopped() && pusher.is_stopped());
        assert_eq!(ready(cursor.next()), Some(0));
        assert_eq!(ready(cursor.next()), None);
        assert!(cursor.is_drained());
    }
}

#[test]
fn stop_wakes_waiting_reader() {
    let (pusher, mut cursor) = bounded::<u32>(1);
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    pusher.stop();
    assert_eq!(waker.wakes(), 1);
    assert_eq!(ready(cursor.next()), None);
}

#[test]
fn last_pusher_drop_stops_list() {
    let (pusher, cursor) = bounded::<u32>(1);
    let other = pusher.clone();
    assert_eq!(pusher.pusher_count(), 2);
    let weak = pusher.downgrade();
    drop(pusher);
    assert!(!cursor.is_stopped());
    let permit = ready(other.reserve_owned()).unwrap();
    assert!(!cursor.is_stopped());
    drop(permit);
    assert!(cursor.is_stopped() && weak.upgrade().is_none());
    cursor.close();
    assert!(cursor.subscriber().subscribe().is_none());
}

#[test]
fn owned_reservation_dropped_in_line_leaves_it() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(0).unwrap();
    let mut reservation = pusher.clone().reserve_owned();
    let mut push = pusher.push(1);
    let wakers = [wait(&mut reservation), wait(&mut push)];
    assert_eq!(cursor.try_next(), Ok(0));
    drop(reservation);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1, 1]);
    assert!(ready(push).is_ok());
}

#[test]
fn closed_dropped_before_end_removes_waker() {
    let (pusher, cursor) = bounded::<u32>(1);
    let mut closed = pusher.closed();
    let waker = wait(&mut closed);
    drop(closed);
    assert_eq!(waker.held(), 0);
    drop(cursor);
    assert_eq!(waker.wakes(), 0);
}

#[test]
#[should_panic(expected = "`cap` must not be 0")]
fn capacity_zero_panics() {
    let _ = bounded::<u32>(0);
}

#[test]
fn huge_capacity_is_clamped() {
    let (pusher, cursor) = bounded(usize::MAX);
    assert_eq!(pusher.max_capacity(), (usize::MAX >> 3) / 4);
    const ITEMS: u32 = if cfg!(miri) { 100 } else { 1000 };
    for n in 0..ITEMS {
        pusher.try_push(n).unwrap();
    }
    assert_eq!((pusher.len(), cursor.len()), (ITEMS as usize, ITEMS as usize));
}

#[test]
fn errors_are_boxed_and_say_their_reason() {
    fn reserve(pusher: &BoundedPusher<u32>) -> Result<(), Box<dyn Error>> {
        drop(ready(pusher.reserve())?);
        drop(ready(pusher.reserve_many(1))?);
        pusher.try_reserve()?.push(1)?;
        pusher.try_push(2)?;
        Ok(())
    }
    fn reason(result: Result<impl Sized, impl Error>) -> String {
        result.err().expect("the list refuses").to_string()
    }
    let (pusher, cursor) = bounded(1);
    assert_eq!(reserve(&pusher).unwrap_err().to_string(), "the list is full");
    assert_eq!(reason(pusher.try_reserve()), "the list is full");
    assert_eq!(reason(ready(pusher.reserve_many(2))), "the request is larger than the capacity");
    drop(cursor);
    assert_eq!(reason(ready(pusher.reserve())), "the list has no cursor left");
    assert_eq!(reason(ready(pusher.reserve_many(1))), "the list has no cursor left");
    pusher.stop();
    assert_eq!(reason(ready(pusher.reserve())), "the list is stopped");
    assert_eq!(reserve(&pusher).unwrap_err().to_string(), "the list is stopped");
}
