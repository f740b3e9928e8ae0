//! `close`, by which a cursor ends the list, and the counts of handles.

use crate::{
    drain,
    waker::{Counting, next, on_wake, poll},
};
use aiter_core::{Cursor, PushError, PushErrorKind, Pusher, TryNextError, TryPushError, push_list};
use alloc::sync::Arc;
use core::task::{Poll, Waker};
use std::sync::Mutex;

fn assert_refuses(pusher: &Pusher<u32>) {
    assert_eq!(pusher.push(9), Err(PushError::Stopped(9)));
    assert_eq!(pusher.try_push(9), Err(TryPushError::Stopped(9)));
    let error = pusher.push_all([8, 9]).unwrap_err();
    assert_eq!((error.kind(), error.pushed()), (PushErrorKind::Stopped, 0));
    assert!(error.into_unpushed().eq([8, 9]));
    assert!(pusher.is_closed());
}

#[test]
fn closed_list_refuses_pushes_and_drains() {
    for close in [0, 1] {
        let (pusher, cursor) = push_list();
        let mut fork = cursor.fork();
        pusher.push_all(0..100).unwrap();
        assert!(!pusher.is_closed());
        for _ in 0..2 {
            match close {
                0 => cursor.close(),
                _ => fork.fork().share().close(),
            }
        }
        assert_refuses(&pusher);
        assert!(pusher.is_stopped() && cursor.is_stopped() && !cursor.is_drained());
        let mut late = pusher.subscribe();
        assert_eq!(late.try_next(), Err(TryNextError::Ended));
        for cursor in [&mut fork, &mut { cursor }] {
            assert!(drain(cursor).into_iter().eq(0..100));
        }
    }
}

#[test]
fn close_wakes_waiting_cursors_and_takers() {
    let (_pusher, mut cursor) = push_list::<u32>();
    let mut fork = cursor.fork();
    let mut taker = cursor.fork().share();
    let wakers = [Counting::new(), Counting::new(), Counting::new()];
    assert!(wakers[0].poll(&mut cursor).is_pending());
    assert!(wakers[1].poll(&mut fork).is_pending());
    assert!(wakers[2].poll(&mut taker).is_pending());
    taker.close();
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1, 1, 1]);
    assert_eq!(next(&mut cursor), Poll::Ready(None));
    assert_eq!(next(&mut fork), Poll::Ready(None));
    assert_eq!(next(&mut taker), Poll::Ready(None));
    assert_eq!(wakers.each_ref().map(Counting::held), [0, 0, 0]);
}

#[test]
fn close_of_drained_cursor_ends_it() {
    let (pusher, mut cursor) = push_list();
    pusher.push(1).unwrap();
    assert_eq!(cursor.try_next(), Ok(1));
    cursor.close();
    assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
}

/// The only pusher has been unique, so it may still be.
#[test]
fn close_beside_unique_pusher_ends_at_next_push() {
    let (mut pusher, mut cursor) = push_list();
    let waker = Counting::new();
    let mut unique = pusher.unique().unwrap();
    unique.push(1).unwrap();
    assert_eq!(cursor.try_next(), Ok(1));
    assert!(waker.poll(&mut cursor).is_pending());
    cursor.close();
    assert!(!cursor.is_stopped(), "the end is known to the unique pusher only");
    assert_eq!(unique.push(2), Err(PushError::Stopped(2)));
    assert_eq!(waker.wakes(), 1);
    assert_eq!(next(&mut cursor), Poll::Ready(None));
    assert_eq!(unique.push(3), Err(PushError::Stopped(3)));
    assert_eq!(unique.push_all([4]).unwrap_err().kind(), PushErrorKind::Stopped);
    assert_refuses(&pusher);
    assert!(pusher.unique().unwrap().push(5).is_err());
}

#[test]
fn close_after_unique_pusher_ends_by_any_call() {
    type Call = fn(Pusher<u32>) -> Option<Pusher<u32>>;
    let calls: [Call; 6] = [
        |_pusher| None,
        |mut pusher| {
            assert!(pusher.unique().unwrap().push(9).is_err());
            Some(pusher)
        },
        |pusher| {
            assert_refuses(&pusher);
            Some(pusher)
        },
        |pusher| {
            assert_eq!(pusher.try_push(9), Err(TryPushError::Stopped(9)));
            Some(pusher)
        },
        |pusher| {
            assert_eq!(pusher.push_all([9]).unwrap_err().kind(), PushErrorKind::Stopped);
            Some(pusher)
        },
        |pusher| {
            pusher.stop();
            Some(pusher)
        },
    ];
    // The second number is at the edge of a block.
    for (call, items) in calls.into_iter().flat_map(|call| [(call, 1), (call, 56), (call, 57)]) {
        let (mut pusher, mut cursor) = push_list();
        pusher.unique().unwrap().push_all(0..items).unwrap();
        let waker = Counting::new();
        assert!((0..items).all(|n| cursor.try_next() == Ok(n)));
        assert!(waker.poll(&mut cursor).is_pending());
        cursor.close();
        cursor.close();
        assert!(pusher.is_closed());
        let _kept = call(pusher);
        assert_eq!(waker.wakes(), 1);
        assert_eq!(next(&mut cursor), Poll::Ready(None));
    }
}

#[test]
fn close_with_other_handles_ends_at_once() {
    for weak in [false, true] {
        let (mut pusher, mut cursor) = push_list::<u32>();
        pusher.unique().unwrap().push(1).unwrap();
        let _other = (!weak).then(|| pusher.clone());
        let _weak = weak.then(|| pusher.downgrade());
        cursor.close();
        assert_eq!(cursor.try_next(), Ok(1));
        assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
    }
}

#[test]
fn unique_of_closed_list_refuses_items() {
    let (mut pusher, mut cursor) = push_list();
    cursor.close();
    assert_eq!(pusher.unique().unwrap().push(1), Err(PushError::Stopped(1)));
    assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
}

#[test]
fn closed_list_counts_cursors() {
    let (mut pusher, cursor) = push_list::<u32>();
    assert!(pusher.unique().is_some());
    cursor.close();
    let fork = cursor.fork();
    assert_eq!((pusher.cursor_count(), cursor.cursor_count()), (2, 2));
    drop((cursor, fork));
    assert_eq!(pusher.cursor_count(), 0);
    assert_refuses(&pusher);
    let late = pusher.subscribe();
    assert_eq!(late.cursor_count(), 1);
    assert_refuses(&pusher);
}

/// A waker that `close` calls pushes, drops the pusher and closes again.
#[test]
fn close_calls_wakers_that_use_list() {
    let (pusher, cursor) = push_list::<u32>();
    let cursor = Arc::new(cursor);
    let mut other = cursor.fork();
    let (again, pusher) = (Arc::clone(&cursor), Mutex::new(Some(pusher)));
    let waker = on_wake(move || {
        again.close();
        if let Some(pusher) = pusher.lock().unwrap().take() {
            assert!(pusher.push(1).is_err());
        }
    });
    assert!(poll(&mut other, &waker).is_pending());
    cursor.close();
    assert_eq!(cursor.pusher_count(), 0);
    assert_eq!(poll(&mut other, Waker::noop()), Poll::Ready(None));
}

#[test]
fn counts_count_handles_of_both_sides() {
    let (pusher, cursor) = push_list::<u32>();
    let counts = |cursor: &Cursor<u32>| (cursor.pusher_count(), cursor.cursor_count());
    assert_eq!(counts(&cursor), (1, 1));
    let other = pusher.clone();
    let weak = pusher.downgrade();
    let taker = cursor.fork().share();
    let _second = taker.clone();
    assert_eq!(counts(&cursor), (2, 2));
    assert_eq!((pusher.pusher_count(), pusher.cursor_count()), (2, 2));
    drop((pusher, other));
    assert_eq!(counts(&cursor), (0, 2));
    assert!(weak.upgrade().is_none());
}

#[test]
fn same_list_compares_handles() {
    let (pusher, cursor) = push_list::<u32>();
    let (other_pusher, other) = push_list::<u32>();
    assert!(cursor.same_list(&pusher.subscribe()) && !cursor.same_list(&other));
    assert!(pusher.feeds(&cursor.fork()) && !pusher.feeds(&other));
    assert!(other_pusher.feeds(&other) && !other_pusher.same_list(&pusher));
}
