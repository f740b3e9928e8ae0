//! Ends: the last cursor is dropped, `close`, `stop` and `closed`.

use aiter_adapters::{TryReserveError, WeighedPermitError, bounded_by};
use aiter_core::{PushError, PushErrorKind, TryPushError};
use futures_core::{FusedStream, Stream};

use crate::{list, ready, wait, waker::Counting};

#[test]
fn last_cursor_drop_returns_items() {
    let (pusher, cursor) = list(10, [4]);
    let fork = cursor.fork();
    let permit = pusher.try_reserve(3).unwrap();
    let (mut push, mut reserve) = (pusher.push(5), pusher.reserve(5));
    let mut closed = pusher.closed();
    assert!(!pusher.is_closed());
    let wakers = [wait(&mut push), wait(&mut reserve), wait(&mut closed)];
    drop(cursor);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [0; 3]);
    drop(fork);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1; 3]);
    assert_eq!(ready(push), Err(PushError::NoCursor(5)));
    assert_eq!(ready(reserve).unwrap_err(), PushErrorKind::NoCursor);
    ready(closed);
    assert!(pusher.is_closed() && !pusher.is_stopped());
    assert_eq!(permit.push(3), Err(WeighedPermitError::NoCursor(3)));
    assert_eq!(pusher.try_push(1), Err(TryPushError::NoCursor(1)));
    assert_eq!(pusher.try_push(99), Err(TryPushError::NoCursor(99)));
    assert_eq!(ready(pusher.push(1)), Err(PushError::NoCursor(1)));
    assert_eq!(ready(pusher.push(99)), Err(PushError::NoCursor(99)));
    assert_eq!(pusher.try_reserve(1).unwrap_err(), TryReserveError::NoCursor);
    assert_eq!((pusher.used(), pusher.capacity(), pusher.cursor_count()), (0, 0, 0));
}

#[test]
fn stopped_list_without_cursor_refuses_as_stopped() {
    let (pusher, cursor) = list(10, [4]);
    pusher.stop();
    drop(cursor);
    assert_eq!(pusher.try_reserve(1).unwrap_err(), TryReserveError::Stopped);
    assert_eq!(ready(pusher.reserve(1)).unwrap_err(), PushErrorKind::Stopped);
    assert_eq!(pusher.try_push(1), Err(TryPushError::Stopped(1)));
}

#[test]
fn close_and_stop_return_items() {
    for by_cursor in [true, false] {
        let (pusher, mut cursor) = list(10, [4]);
        let permit = pusher.try_reserve(3).unwrap();
        let (mut push, mut closed) = (pusher.push(5), pusher.closed());
        let wakers = [wait(&mut push), wait(&mut closed)];
        if by_cursor {
            cursor.close()
        } else {
            pusher.stop()
        }
        assert_eq!(wakers.each_ref().map(Counting::wakes), [1; 2]);
        assert_eq!(ready(push), Err(PushError::Stopped(5)));
        ready(closed);
        assert_eq!(permit.push(2), Err(WeighedPermitError::Stopped(2)));
        assert_eq!(pusher.used(), 4, "a refused item must return its room");
        assert_eq!(pusher.try_push(1), Err(TryPushError::Stopped(1)));
        assert_eq!(ready(pusher.push(1)), Err(PushError::Stopped(1)));
        assert_eq!(ready(pusher.reserve(1)).unwrap_err(), PushErrorKind::Stopped);
        assert_eq!(pusher.try_reserve(1).unwrap_err(), TryReserveError::Stopped);
        assert!(cursor.is_stopped() && pusher.is_stopped() && !cursor.is_drained());
        assert_eq!(ready(cursor.next()), Some(4));
        assert!(cursor.is_drained() && !cursor.is_terminated());
        assert_eq!(ready(cursor.next()), None);
        assert!(cursor.is_terminated());
    }
}

#[test]
fn last_pusher_drop_ends_stream() {
    let (pusher, mut cursor) = list(10, [1, 2]);
    assert_eq!(cursor.size_hint(), (2, None));
    let other = pusher.clone();
    drop(pusher);
    assert!(!cursor.is_stopped());
    drop(other);
    assert_eq!(cursor.size_hint(), (2, Some(2)));
    let mut buf = Vec::new();
    assert_eq!(ready(cursor.next_many(&mut buf, 9)), 2);
    assert_eq!(ready(cursor.next_many(&mut buf, 9)), 0);
    assert!(cursor.is_terminated());
}

#[test]
fn stop_wakes_waiting_reader() {
    let (pusher, mut cursor) = list(10, []);
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    pusher.stop();
    assert_eq!(waker.wakes(), 1);
    assert_eq!(ready(cursor.next()), None);
}

#[test]
#[should_panic(expected = "`cap` must not be 0")]
fn capacity_zero_panics() {
    let _ = bounded_by(0, String::len);
}

#[test]
fn huge_capacity_is_clamped() {
    let (pusher, mut cursor) = list(usize::MAX, [7]);
    let cap = pusher.max_capacity();
    assert!((usize::MAX / 64..usize::MAX / 8).contains(&cap), "{cap}");
    pusher.try_push(cap / 2).unwrap();
    assert_eq!(pusher.used(), 7 + cap / 2);
    assert!(pusher.try_push(cap - cap / 2).unwrap_err().is_full());
    assert_eq!((cursor.seek_to_end(), pusher.used()), (2, 0));
    // The counts wrap around.
    for _ in 0..if cfg!(miri) { 10 } else { 100 } {
        pusher.try_push(usize::MAX).unwrap();
        assert!(pusher.try_push(0).unwrap_err().is_full());
        assert_eq!(cursor.try_next(), Ok(usize::MAX));
    }
    assert_eq!(pusher.capacity(), cap);
}
