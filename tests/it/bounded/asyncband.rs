//! The bounded broadcast of asyncband: forks, capacity, cancellation and ends.

use aiter::{PushErrorKind, TryNextError, TryPushError};
use aiter_adapters::bounded;
use core::task::Poll;
use futures_util::{
    StreamExt,
    future::{Either, join, select},
};

use crate::{
    bounded::{Task, run},
    waker::{Counting, next},
};

#[test]
fn slow_cursor_loses_nothing_under_pressure() {
    let (pusher, mut fast) = bounded(2);
    let mut slow = fast.fork();
    pusher.try_push(1).unwrap();
    pusher.try_push(2).unwrap();
    assert_eq!((fast.try_next(), fast.try_next()), (Ok(1), Ok(2)));
    assert_eq!((fast.len(), slow.len(), pusher.len()), (0, 2, 2));
    assert_eq!(pusher.try_push(3), Err(TryPushError::Full(3)));
    assert_eq!(slow.try_next(), Ok(1));
    assert_eq!((fast.len(), slow.len(), pusher.len()), (0, 1, 1));
    pusher.try_push(3).unwrap();
    assert_eq!((slow.try_next(), slow.try_next(), fast.try_next()), (Ok(2), Ok(3), Ok(3)));
    assert_eq!(pusher.len(), 0);
}

#[test]
fn late_cursor_starts_at_tail() {
    let (pusher, mut cursor) = bounded(4);
    pusher.try_push(1).unwrap();
    pusher.try_push(2).unwrap();
    let mut late = pusher.subscribe();
    assert_eq!((late.try_next(), late.len()), (Err(TryNextError::Empty), 0));
    pusher.try_push(3).unwrap();
    assert_eq!(late.try_next(), Ok(3));
    assert_eq!([(); 3].map(|()| cursor.try_next()), [Ok(1), Ok(2), Ok(3)]);
}

#[test]
fn cursors_take_no_capacity() {
    let (pusher, cursor) = bounded(2);
    let _late: Vec<_> = (0..8).map(|_| pusher.subscribe()).collect();
    let _forks: Vec<_> = (0..8).map(|_| cursor.fork()).collect();
    pusher.try_push(1).unwrap();
    pusher.try_push(2).unwrap();
    assert_eq!(pusher.try_push(3), Err(TryPushError::Full(3)));
    assert_eq!((pusher.len(), pusher.capacity()), (2, 0));
}

#[test]
fn push_waits_for_slowest_cursor() {
    let (pusher, mut fast) = bounded(1);
    let mut slow = pusher.subscribe();
    pusher.try_push(1).unwrap();
    let mut push = Task::waiting(pusher.push(2));
    assert_eq!(fast.try_next(), Ok(1));
    assert_eq!(push.wakes(), 0);
    assert!(push.poll().is_pending());
    assert_eq!(next(&mut slow), Poll::Ready(Some(1)));
    assert_eq!(push.wakes(), 1);
    push.ready().unwrap();
    assert_eq!((fast.try_next(), slow.try_next()), (Ok(2), Ok(2)));
}

#[test]
fn each_read_wakes_one_push_in_order() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(0).unwrap();
    let mut pushes = [1, 2, 3].map(|n| Task::waiting(pusher.push(n)));
    for n in 0..3 {
        assert_eq!(cursor.try_next(), Ok(n));
        let wakes = pushes.each_ref().map(Task::wakes);
        assert_eq!(wakes, [0, 1, 2].map(|at| usize::from(at <= n)), "read {n}");
        pushes[n].ready().unwrap();
    }
    assert_eq!(cursor.try_next(), Ok(3));
}

#[test]
fn dropped_laggard_wakes_push() {
    let (pusher, mut cursor) = bounded(1);
    let laggard = cursor.fork();
    pusher.try_push(0).unwrap();
    assert_eq!(cursor.try_next(), Ok(0));
    let mut push = Task::waiting(pusher.push(1));
    drop(laggard);
    push.woken().unwrap();
    assert_eq!((cursor.try_next(), pusher.len()), (Ok(1), 0));
}

#[test]
fn dropped_laggard_wakes_all_that_fit() {
    let (pusher, mut fast) = bounded(40);
    let laggard = pusher.subscribe();
    for n in 0..40 {
        pusher.try_push(n).unwrap();
        assert_eq!(fast.try_next(), Ok(n));
    }
    let mut pushes: Vec<_> = (40..90).map(|n| Task::waiting(pusher.push(n))).collect();
    drop(laggard);
    for (n, push) in (0..).zip(&mut pushes) {
        assert_eq!(push.wakes(), usize::from(n < 40), "{n}");
        assert_eq!(push.poll().is_ready(), n < 40, "{n}");
    }
    assert!((40..80).all(|n| fast.try_next() == Ok(n)));
    pushes.drain(..40);
    assert!(pushes.iter_mut().all(|push| push.woken() == Ok(())));
}

#[test]
fn last_cursor_returns_all_waiting_items() {
    let (pusher, cursor) = bounded(2);
    let other = cursor.fork();
    pusher.try_push(0).unwrap();
    pusher.try_push(1).unwrap();
    let mut pushes: Vec<_> = (2..9).map(|n| Task::waiting(pusher.push(n))).collect();
    drop(cursor);
    assert!(pushes.iter().all(|push| push.wakes() == 0));
    drop(other);
    for (n, push) in (2..).zip(&mut pushes) {
        assert_eq!(push.wakes(), 1);
        let error = push.woken().unwrap_err();
        assert_eq!((error.kind(), error.into_inner()), (PushErrorKind::NoCursor, n));
    }
    assert_eq!(pusher.len(), 0);
    let mut revived = pusher.subscribe();
    assert_eq!(revived.try_next(), Err(TryNextError::Empty), "refused items must not be buffered");
    pusher.try_push(9).unwrap();
    pusher.try_push(10).unwrap();
    assert_eq!((revived.try_next(), revived.try_next()), (Ok(9), Ok(10)));
}

#[test]
fn late_cursor_frees_no_room() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(0).unwrap();
    let mut push = Task::waiting(pusher.push(1));
    let mut late = pusher.subscribe();
    assert_eq!((push.wakes(), pusher.len()), (0, 1));
    assert!(push.poll().is_pending());
    assert_eq!(cursor.try_next(), Ok(0));
    push.woken().unwrap();
    assert_eq!((late.try_next(), cursor.try_next()), (Ok(1), Ok(1)));
}

#[test]
fn dropped_push_publishes_nothing() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(0).unwrap();
    drop(Task::waiting(pusher.push(1)));
    assert_eq!(cursor.try_next(), Ok(0));
    pusher.try_push(2).unwrap();
    assert_eq!(cursor.try_next(), Ok(2));
    assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
}

#[test]
fn dropped_push_passes_turn_granted_or_not() {
    for is_granted in [false, true] {
        let (pusher, mut cursor) = bounded(1);
        pusher.try_push(0).unwrap();
        let first = Task::waiting(pusher.push(1));
        let mut second = Task::waiting(pusher.push(2));
        if is_granted {
            assert_eq!(cursor.try_next(), Ok(0));
            assert_eq!((first.wakes(), second.wakes()), (1, 0));
            drop(first);
            assert_eq!(cursor.try_next(), Err(TryNextError::Empty), "it must be polled to push");
        } else {
            drop(first);
            assert_eq!(second.wakes(), 0);
            assert_eq!(cursor.try_next(), Ok(0));
        }
        assert_eq!(second.wakes(), 1);
        second.ready().unwrap();
        assert_eq!(cursor.try_next(), Ok(2));
    }
}

#[test]
fn dropped_taker_releases_its_waker() {
    let (pusher, cursor) = bounded(4);
    let mut taker = cursor.share();
    let _other = taker.clone();
    let waker = Counting::new();
    assert!(waker.poll(&mut taker).is_pending());
    assert_eq!(waker.held(), 1);
    drop(taker);
    assert_eq!(waker.held(), 0);
    pusher.try_push(1).unwrap();
    assert_eq!(waker.wakes(), 0);
}

#[test]
fn dropped_woken_cursor_keeps_waiter_of_fork() {
    let (pusher, mut cursor) = bounded(2);
    let mut fork = cursor.fork();
    let (first, second) = (Counting::new(), Counting::new());
    assert!(first.poll(&mut cursor).is_pending());
    pusher.try_push(1).unwrap();
    assert_eq!((first.wakes(), fork.try_next()), (1, Ok(1)));
    assert!(second.poll(&mut fork).is_pending());
    drop(cursor);
    pusher.try_push(2).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
    assert_eq!(second.poll(&mut fork), Poll::Ready(Some(2)));
}

#[test]
fn only_last_pusher_wakes_waiting_cursors() {
    let (pusher, mut cursor) = bounded::<u8>(4);
    let mut fork = cursor.fork();
    let other = pusher.clone();
    let wakers = [Counting::new(), Counting::new()];
    assert!(wakers[0].poll(&mut cursor).is_pending() && wakers[1].poll(&mut fork).is_pending());
    drop(pusher);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [0, 0]);
    drop(other);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1, 1]);
    assert_eq!((next(&mut cursor), next(&mut fork)), (Poll::Ready(None), Poll::Ready(None)));
}

/// Asyncband's `selection_preserves_messages_across_cancelled_receives`.
#[test]
fn read_that_loses_selection_loses_nothing() {
    let (one, mut of_one) = bounded(1);
    let (two, mut of_two) = bounded(1);
    let push = async move {
        for n in 0..100 {
            let pusher = if n % 3 == 0 { &one } else { &two };
            pusher.push(n).await.unwrap();
        }
    };
    let read = async {
        let mut items = Vec::new();
        loop {
            let one_has_ended = match select(of_one.next(), of_two.next()).await {
                Either::Left((Some(item), _)) | Either::Right((Some(item), _)) => {
                    items.push(item);
                    continue;
                }
                Either::Left((None, _)) => true,
                Either::Right((None, _)) => false,
            };
            let rest = if one_has_ended { of_two } else { of_one };
            items.extend(rest.collect::<Vec<_>>().await);
            break;
        }
        items.sort_unstable();
        assert!(items.into_iter().eq(0..100));
    };
    run(join(push, read));
}
