//! The end of a list: `stop`, the drop of the last pusher, and what cursors return.

use crate::{
    blocks::slots,
    drain, offsets, scaled, take,
    waker::{Counting, next},
};
use aiter_core::{Cursor, PushError, PushErrorKind, TryNextError, push_list};
use core::task::{Context, Poll};
use futures_core::{FusedStream, Stream};

#[test]
fn stop_delivers_items_pushed_before() {
    for n in offsets::<usize>(200) {
        let (pusher, mut cursor) = push_list();
        for item in 0..n {
            pusher.push(item).unwrap();
        }
        pusher.stop();
        assert_eq!(drain(&mut cursor), (0..n).collect::<Vec<_>>());
        assert_eq!(next(&mut cursor), Poll::Ready(None));
    }
}

#[test]
fn last_pusher_dropped_delivers_items_and_ends() {
    for n in offsets::<usize>(200) {
        let (pusher, mut cursor) = push_list();
        let other = pusher.clone();
        for item in 0..n {
            pusher.push(item).unwrap();
        }
        drop(pusher);
        assert!(!cursor.is_stopped());
        drop(other);
        assert!(cursor.is_stopped());
        assert_eq!(drain(&mut cursor), (0..n).collect::<Vec<_>>());
    }
}

#[test]
fn push_after_stop_is_refused_and_not_counted() {
    for n in offsets::<usize>(100) {
        let (pusher, mut cursor) = push_list();
        assert_eq!(pusher.push_all(0..n).unwrap(), n);
        pusher.stop();
        for item in 0..3 {
            match pusher.push(item) {
                Err(PushError::Stopped(back)) => assert_eq!(back, item),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(cursor.len(), n);
        assert_eq!(drain(&mut cursor), (0..n).collect::<Vec<_>>());
    }
}

#[test]
fn stop_by_clone_stops_all_pushers() {
    let (pusher, mut cursor) = push_list();
    let other = pusher.clone();
    other.push(1).unwrap();
    other.stop();
    assert!(pusher.is_stopped());
    assert!(matches!(pusher.push(2), Err(PushError::Stopped(2))));
    drop(other);
    drop(pusher);
    assert_eq!(drain(&mut cursor), [1]);
}

#[test]
fn push_error_has_kind_and_item() {
    let (pusher, cursor) = push_list();
    pusher.stop();
    let error = pusher.push(String::from("kept")).unwrap_err();
    assert_eq!(error.kind(), PushErrorKind::Stopped);
    assert_eq!(error.into_inner(), "kept");
    drop(cursor);
    let (pusher, cursor) = push_list();
    drop(cursor);
    let error = pusher.push(String::from("kept")).unwrap_err();
    assert_eq!(error.kind(), PushErrorKind::NoCursor);
    assert_eq!(error.into_inner(), "kept");
}

#[test]
fn try_next_distinguishes_empty_and_ended() {
    let (pusher, mut cursor) = push_list();
    assert!(matches!(cursor.try_next(), Err(TryNextError::Empty)));
    pusher.push(1).unwrap();
    pusher.stop();
    assert_eq!(cursor.try_next().unwrap(), 1);
    assert!(matches!(cursor.try_next(), Err(TryNextError::Ended)));
    assert!(matches!(cursor.try_next(), Err(TryNextError::Ended)));
}

#[test]
fn stopped_cursor_is_drained_after_last_item() {
    let (pusher, mut one) = push_list();
    let mut two = one.fork();
    assert!(!one.is_stopped() && !one.is_drained());
    assert_eq!(pusher.push_all(0..40).unwrap(), 40);
    pusher.stop();
    assert!(one.is_stopped() && two.is_stopped());
    take(&mut one, 40);
    assert!(one.is_drained());
    assert!(!two.is_drained());
    take(&mut two, 40);
    assert!(two.is_drained());
}

#[test]
fn empty_stopped_list_is_drained_at_once() {
    let (pusher, mut cursor) = push_list::<u8>();
    pusher.stop();
    assert!(cursor.is_drained());
    assert_eq!(next(&mut cursor), Poll::Ready(None));
}

#[test]
fn stop_wakes_every_waiting_fork() {
    let (pusher, cursor) = push_list::<u8>();
    let mut forks: Vec<_> = (0..5).map(|_| (cursor.fork(), Counting::new())).collect();
    for (fork, counting) in &mut forks {
        assert_eq!(counting.poll(fork), Poll::Pending);
    }
    pusher.stop();
    for (fork, counting) in &mut forks {
        assert_eq!(counting.wakes(), 1);
        assert_eq!(counting.poll(fork), Poll::Ready(None));
    }
    pusher.stop();
    assert!(forks.iter().all(|(_, counting)| counting.wakes() == 1));
}

#[test]
fn last_pusher_dropped_wakes_waiting_cursor() {
    let (pusher, mut cursor) = push_list::<u8>();
    let (other, weak) = (pusher.clone(), pusher.downgrade());
    let counting = Counting::new();
    assert_eq!(counting.poll(&mut cursor), Poll::Pending);
    drop(pusher);
    assert_eq!(counting.wakes(), 0);
    drop(other);
    assert_eq!(counting.wakes(), 1);
    assert_eq!(counting.poll(&mut cursor), Poll::Ready(None));
    assert!(weak.upgrade().is_none());
}

#[test]
fn stop_wakes_cursor_at_any_offset() {
    for n in offsets::<usize>(200) {
        let (pusher, mut cursor) = push_list();
        assert_eq!(pusher.push_all(0..n).unwrap(), n);
        take(&mut cursor, n);
        let counting = Counting::new();
        assert_eq!(counting.poll(&mut cursor), Poll::Pending);
        pusher.stop();
        assert_eq!(counting.wakes(), 1, "at offset {n}");
        assert_eq!(counting.poll(&mut cursor), Poll::Ready(None));
    }
}

/// A `select!` skips terminated streams, so an early `true` would hide the end.
#[test]
fn cursor_is_terminated_after_end_is_returned() {
    fn check(is_terminated: bool, read: impl FnOnce(&mut Cursor<u8>)) {
        let (pusher, mut cursor) = push_list();
        pusher.push(1).unwrap();
        pusher.stop();
        assert_eq!(cursor.try_next(), Ok(1));
        assert!(cursor.is_drained() && !cursor.is_terminated());
        read(&mut cursor);
        assert_eq!(cursor.is_terminated(), is_terminated);
        // A new cursor has not returned the end yet.
        let mut fork = cursor.fork();
        let mut taker = cursor.fork().share();
        for _ in 0..2 {
            assert!(fork.is_drained() && !fork.is_terminated() && !taker.is_terminated());
            assert_eq!((next(&mut fork), next(&mut taker)), (Poll::Ready(None), Poll::Ready(None)));
            assert!(fork.is_terminated() && taker.is_terminated());
            (fork, taker) = (fork.fork(), taker.clone());
        }
        assert_eq!(taker.try_next(), Err(TryNextError::Ended));
        assert!(taker.is_terminated());
    }
    let many = |cursor: &mut Cursor<u8>, max| {
        let waker = Counting::new();
        cursor.poll_next_many(&mut Context::from_waker(waker.waker()), &mut Vec::new(), max)
    };
    check(true, |cursor| assert_eq!(next(cursor), Poll::Ready(None)));
    check(true, |cursor| assert_eq!(cursor.try_next(), Err(TryNextError::Ended)));
    check(true, |cursor| assert_eq!(many(cursor, 1), Poll::Ready(0)));
    // These calls do not return the end.
    check(false, |cursor| assert_eq!(many(cursor, 0), Poll::Ready(0)));
    check(false, |cursor| assert_eq!(cursor.try_next_many(&mut Vec::new(), 1), 0));
    check(false, |cursor| assert_eq!(cursor.next_ready(), None));
}

#[test]
fn preflight_of_stopped_list_is_not_terminated() {
    let (pusher, cursor) = push_list::<u8>();
    drop(pusher);
    let mut cursor = cursor.preflight(|_: &mut Context<'_>| {});
    assert!(cursor.is_drained() && !cursor.is_terminated());
    assert_eq!(next(&mut cursor), Poll::Ready(None));
    assert!(cursor.is_terminated());
    assert!(cursor.into_inner().is_terminated());
}

#[test]
fn ended_cursor_keeps_returning_none() {
    let (pusher, mut cursor) = push_list();
    assert!(!cursor.is_terminated());
    pusher.push(1).unwrap();
    pusher.stop();
    assert!(!cursor.is_terminated());
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    for _ in 0..3 {
        assert_eq!(next(&mut cursor), Poll::Ready(None));
        assert!(cursor.is_terminated());
    }
    assert!(matches!(pusher.push(2), Err(PushError::Stopped(2))));
    assert_eq!(next(&mut cursor), Poll::Ready(None));
    drop(pusher);
    assert_eq!(next(&mut cursor), Poll::Ready(None));
}

#[test]
fn fork_of_ended_cursor_is_ended() {
    let (pusher, mut cursor) = push_list();
    let n = slots::<usize>() + 1;
    assert_eq!(pusher.push_all(0..n).unwrap(), n);
    pusher.stop();
    assert_eq!(drain(&mut cursor).len(), n);
    let mut fork = cursor.fork();
    assert!(fork.is_drained());
    assert_eq!(fork.len(), 0);
    assert_eq!(next(&mut fork), Poll::Ready(None));
}

#[test]
fn size_hint_brackets_remaining_items() {
    const N: usize = scaled(200, 70);
    let (pusher, mut cursor) = push_list();
    let mut pushed = 0;
    let mut read = 0;
    for step in 0..N {
        for _ in 0..step % 3 {
            pusher.push(pushed).unwrap();
            pushed += 1;
        }
        if step % 2 == 0 && read < pushed {
            assert_eq!(cursor.try_next().unwrap(), read);
            read += 1;
        }
        let (lower, upper) = cursor.size_hint();
        assert!(lower <= pushed - read);
        assert_eq!(upper, None);
    }
    pusher.stop();
    for read in read..=pushed {
        let (lower, upper) = cursor.size_hint();
        assert!(lower <= pushed - read);
        assert!(upper.expect("a stopped list has an upper bound") >= pushed - read);
        let expected = (read < pushed).then_some(read);
        assert_eq!(next(&mut cursor), Poll::Ready(expected));
    }
    assert_eq!(cursor.size_hint(), (0, Some(0)));
}
