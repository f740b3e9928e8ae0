//! The bounded channels of async-channel.

use aiter::{PushErrorKind, TryNextError, TryPushError};
use aiter_adapters::bounded;
use core::task::Poll;

use crate::{
    bounded::{Task, ready},
    waker::{Counting, next},
};

#[test]
fn push_and_read_alternate_at_cap_one() {
    let (pusher, mut cursor) = bounded(1);
    ready(pusher.push(7)).unwrap();
    assert_eq!(cursor.try_next(), Ok(7));
    ready(pusher.push(8)).unwrap();
    assert_eq!(ready(cursor.next()), Some(8));
    assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
}

#[test]
fn max_capacity_is_cap() {
    for cap in 1..10 {
        let (pusher, _cursor) = bounded::<()>(cap);
        assert_eq!((pusher.max_capacity(), pusher.capacity()), (cap, cap));
    }
}

#[test]
fn full_list_of_units_has_no_capacity() {
    let (pusher, mut cursor) = bounded(2);
    for (len, room) in [(0, 2), (1, 1), (2, 0)] {
        assert_eq!((pusher.len(), cursor.len(), pusher.capacity()), (len, len, room));
        let pushed = pusher.try_push(());
        assert_eq!(pushed.is_ok(), room > 0);
    }
    assert_eq!(ready(cursor.next()), Some(()));
    assert_eq!((pusher.len(), cursor.len(), pusher.capacity()), (1, 1, 1));
}

#[test]
fn waiting_read_takes_pushes_then_ends() {
    let (pusher, mut cursor) = bounded(100);
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    ready(pusher.push(7)).unwrap();
    ready(pusher.push(8)).unwrap();
    assert_eq!(waker.wakes(), 1);
    assert_eq!(waker.poll(&mut cursor), Poll::Ready(Some(7)));
    assert_eq!(waker.poll(&mut cursor), Poll::Ready(Some(8)));
    assert!(waker.poll(&mut cursor).is_pending());
    drop(pusher);
    assert_eq!(waker.wakes(), 2);
    assert_eq!(waker.poll(&mut cursor), Poll::Ready(None));
}

#[test]
fn last_push_is_left_unread_without_wait() {
    let (pusher, mut cursor) = bounded(1);
    ready(pusher.push(7)).unwrap();
    for n in [8, 9, 10] {
        let mut push = Task::waiting(pusher.push(n));
        assert_eq!(ready(cursor.next()), Some(n - 1));
        push.woken().unwrap();
    }
    assert_eq!(cursor.len(), 1);
    drop(cursor);
    assert_eq!(pusher.try_push(11), Err(TryPushError::NoCursor(11)));
}

#[test]
fn closed_resolves_when_cursor_is_dropped() {
    let (pusher, mut cursor) = bounded(1);
    ready(pusher.push(7)).unwrap();
    let mut closed = Task::waiting(pusher.closed());
    assert_eq!(ready(cursor.next()), Some(7));
    assert!(closed.poll().is_pending());
    assert_eq!(closed.wakes(), 0, "a read must not wake the wait");
    drop(cursor);
    closed.woken();
    ready(pusher.closed());
}

#[test]
fn dropped_cursor_wakes_waiting_push() {
    let (pusher, cursor) = bounded(1);
    pusher.try_push(1).unwrap();
    let mut push = Task::waiting(pusher.push(2));
    drop(cursor);
    let error = push.woken().unwrap_err();
    assert_eq!((error.kind(), error.into_inner()), (PushErrorKind::NoCursor, 2));
}

#[test]
fn dropped_pusher_wakes_waiting_cursor() {
    let (pusher, mut cursor) = bounded::<()>(1);
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    drop(pusher);
    assert_eq!(waker.wakes(), 1);
    assert_eq!(waker.poll(&mut cursor), Poll::Ready(None));
}

/// The line is first in, first out, so a push that is kept and not polled holds its place. In
/// async-channel's `forget_blocked_sender`, the others overtake it.
#[test]
fn kept_push_holds_its_place_until_dropped() {
    let (pusher, mut cursor) = bounded(2);
    pusher.try_push(3).unwrap();
    pusher.try_push(7).unwrap();
    let kept = Task::waiting(pusher.push(13));
    let mut behind = Task::waiting(pusher.push(42));
    assert_eq!(next(&mut cursor), Poll::Ready(Some(3)));
    assert_eq!((kept.wakes(), behind.wakes()), (1, 0));
    assert_eq!(next(&mut cursor), Poll::Ready(Some(7)));
    behind.woken().expect("the second place is for the second request");
    assert_eq!(pusher.try_push(99), Err(TryPushError::Full(99)), "one place is granted");
    drop(kept);
    pusher.try_push(43).unwrap();
    assert_eq!(next(&mut cursor), Poll::Ready(Some(42)));
    assert_eq!(next(&mut cursor), Poll::Ready(Some(43)));
}

#[test]
fn kept_taker_does_not_stop_others() {
    let (pusher, cursor) = bounded(2);
    let mut taker = cursor.share();
    let mut other = taker.clone();
    let kept = Task::waiting(taker.next());
    let mut read = Task::waiting(other.next());
    pusher.try_push(3).unwrap();
    pusher.try_push(7).unwrap();
    assert_eq!(read.ready(), Some(3));
    pusher.try_push(42).expect("the read must free its room");
    drop(kept);
}

/// Also flume's `async_recv_drop_recv` and `stream_recv_drop_recv`.
#[test]
fn dropped_taker_passes_its_wake_on() {
    let (pusher, cursor) = bounded(10);
    let mut taker = cursor.share();
    let mut other = taker.clone();
    let first = Task::waiting(taker.next());
    let mut second = Task::waiting(other.next());
    pusher.try_push(42).unwrap();
    assert_eq!(first.wakes(), 1);
    drop(first);
    assert_eq!(second.woken(), Some(42));
}

#[test]
fn cursor_count_follows_forks_and_drops() {
    let (pusher, cursor) = bounded::<u8>(5);
    let forks: Vec<_> = (0..20).map(|_| cursor.fork()).collect();
    assert_eq!(pusher.cursor_count(), 21);
    drop(forks);
    let takers = vec![cursor.share(); 20];
    assert_eq!(pusher.cursor_count(), 1, "takers share one position");
    drop(takers);
    assert_eq!(pusher.clone().cursor_count(), 0);
}
