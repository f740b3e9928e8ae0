//! The broadcast channels of async-broadcast: forks, and handles that read nothing.

use aiter::{PushError, PushErrorKind, TryNextError, TryPushError};
use aiter_adapters::bounded;
use core::task::Poll;
use futures_util::future::join;

use crate::{
    bounded::{Task, ready, run},
    waker::{Counting, next},
};

#[test]
fn forks_read_what_follows_their_position() {
    let (pusher, mut first) = bounded(10);
    let mut second = first.fork();
    pusher.try_push(7).unwrap();
    let mut behind = second.fork();
    assert_eq!(first.try_next(), Ok(7));
    assert_eq!(ready(second.next()), Some(7));
    let mut third = first.fork();
    ready(pusher.push(8)).unwrap();
    for cursor in [&mut first, &mut second, &mut third] {
        assert_eq!(ready(cursor.next()), Some(8));
        assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
    }
    assert_eq!((behind.try_next(), behind.try_next()), (Ok(7), Ok(8)));
}

#[test]
fn two_pushers_fill_list_for_two_cursors() {
    let (one, mut first) = bounded(2);
    let two = one.clone();
    let mut second = first.fork();
    one.try_push(7).unwrap();
    two.try_push(8).unwrap();
    for pusher in [&one, &two] {
        assert_eq!(pusher.try_push(9), Err(TryPushError::Full(9)));
    }
    let mut pushes = Task::waiting(async { (one.push(9).await, two.push(10).await) });
    assert_eq!((ready(first.next()), pushes.wakes()), (Some(7), 0));
    assert_eq!((ready(second.next()), pushes.wakes()), (Some(7), 1));
    assert!(pushes.poll().is_pending());
    assert_eq!((ready(second.next()), ready(first.next())), (Some(8), Some(8)));
    assert_eq!(pushes.woken(), (Ok(()), Ok(())));
    drop(pushes);
    drop(one);
    drop(two);
    for mut cursor in [first, second] {
        assert_eq!([(); 3].map(|()| ready(cursor.next())), [Some(9), Some(10), None]);
    }
}

#[test]
fn list_without_cursors_is_revived() {
    let (pusher, cursor) = bounded(2);
    let dormant = cursor.subscriber();
    drop(cursor);
    assert_eq!(pusher.try_push(9), Err(TryPushError::NoCursor(9)));
    assert_eq!(ready(pusher.push(9)).unwrap_err().kind(), PushErrorKind::NoCursor);
    for round in 0..3 {
        let mut cursor = dormant.subscribe().unwrap();
        let pushed = run(join(pusher.push(2 * round), pusher.push(2 * round + 1)));
        assert_eq!(pushed, (Ok(()), Ok(())));
        assert_eq!(pusher.try_push(9), Err(TryPushError::Full(9)));
        assert_eq!(next(&mut cursor), Poll::Ready(Some(2 * round)));
        let mut waiting = Task::waiting(join(pusher.push(8), pusher.push(9)));
        drop(cursor);
        assert_eq!(waiting.woken(), (Ok(()), Err(PushError::NoCursor(9))));
        assert_eq!(pusher.try_push(9), Err(TryPushError::NoCursor(9)));
    }
}

#[test]
fn dormant_handle_does_not_hold_producers_up() {
    let (pusher, mut cursor) = bounded(1);
    let dormant = cursor.subscriber();
    for n in 0..100 {
        pusher.try_push(n).unwrap();
        assert_eq!(cursor.try_next(), Ok(n));
    }
    pusher.try_push(100).unwrap();
    let mut late = dormant.subscribe().unwrap();
    assert_eq!(late.try_next(), Err(TryNextError::Empty), "it reads what is pushed from now on");
    assert_eq!(cursor.try_next(), Ok(100));
    pusher.try_push(101).unwrap();
    assert_eq!(late.try_next(), Ok(101));
    assert_eq!(pusher.try_push(102), Err(TryPushError::Full(102)));
}

#[test]
fn dropped_dormant_handles_leave_list_closed() {
    let (pusher, cursor) = bounded::<u8>(1);
    let dormant = cursor.subscriber();
    let mut closed = Task::waiting(pusher.closed());
    drop(cursor);
    closed.woken();
    drop(dormant);
    ready(pusher.closed());
    assert_eq!(pusher.try_push(1), Err(TryPushError::NoCursor(1)));
}

#[test]
fn dormant_handle_of_stopped_list_ends() {
    let (pusher, cursor) = bounded::<u8>(1);
    let dormant = cursor.subscriber();
    let waker = Counting::new();
    let mut late = dormant.subscribe().unwrap();
    assert!(waker.poll(&mut late).is_pending());
    drop(pusher);
    assert_eq!(waker.wakes(), 1, "a dormant handle must not keep the list open");
    assert_eq!(waker.poll(&mut late), Poll::Ready(None));
    assert!(dormant.subscribe().is_none(), "no pusher is left");
}
