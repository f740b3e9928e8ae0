//! The bounded queues of asyncband: permits, grants and the line.

use aiter::{TryNextError, TryPushError};
use aiter_adapters::{ReserveManyError, TryReserveError, bounded};
use core::mem;

use crate::bounded::{Task, ready};

#[test]
fn permit_reserves_room_but_no_order() {
    for cap in [1, 3, 64] {
        let (pusher, mut cursor) = bounded(cap);
        let permit = pusher.try_reserve().unwrap();
        (1..cap).for_each(|n| pusher.try_push(n).unwrap());
        assert_eq!(pusher.try_reserve().err(), Some(TryReserveError::Full));
        assert_eq!(pusher.try_push(0), Err(TryPushError::Full(0)));
        assert!((1..cap).all(|n| cursor.try_next() == Ok(n)));
        assert_eq!(cursor.try_next(), Err(TryNextError::Empty), "a permit must not block reads");
        permit.push(0).unwrap();
        assert_eq!(cursor.try_next(), Ok(0));
        for _ in 0..3 {
            let permits: Vec<_> = (0..cap).map(|_| pusher.try_reserve().unwrap()).collect();
            assert_eq!(pusher.try_reserve().err(), Some(TryReserveError::Full));
            drop(permits);
        }
    }
}

#[test]
fn pushes_and_reserves_share_one_line() {
    let (pusher, cursor) = bounded(1);
    let mut taker = cursor.share();
    pusher.try_push(0).unwrap();
    let mut first = Task::waiting(pusher.reserve());
    let mut second = Task::waiting(pusher.push(2));
    let mut third = Task::waiting(pusher.reserve());
    assert_eq!(taker.try_next(), Ok(0));
    assert_eq!((first.wakes(), second.wakes(), third.wakes()), (1, 0, 0));
    drop(Task::waiting(pusher.push(9)));
    first.ready().unwrap().push(1).unwrap();
    assert_eq!(taker.clone().try_next(), Ok(1));
    assert_eq!((second.wakes(), third.wakes()), (1, 0));
    second.ready().unwrap();
    assert_eq!(taker.try_next(), Ok(2));
    third.woken().unwrap().push(3).unwrap();
    assert_eq!(taker.try_next(), Ok(3));
}

#[test]
fn dropped_grant_goes_to_next_push() {
    let (pusher, mut cursor) = bounded(1);
    let permit = pusher.try_reserve().unwrap();
    let reserve = Task::waiting(pusher.reserve());
    let mut push = Task::waiting(pusher.push(7));
    drop(permit);
    assert_eq!((reserve.wakes(), push.wakes()), (1, 0));
    drop(reserve);
    assert_eq!(push.wakes(), 1);
    assert_eq!(pusher.try_push(9), Err(TryPushError::Full(9)));
    push.ready().unwrap();
    assert_eq!(cursor.try_next(), Ok(7));
    assert_eq!(pusher.capacity(), 1);
}

#[test]
fn last_cursor_fails_granted_push() {
    let (pusher, mut cursor) = bounded(2);
    pusher.try_push("queued").unwrap();
    pusher.try_push("too").unwrap();
    let mut push = Task::waiting(pusher.push("granted"));
    let mut waiting = Task::waiting(pusher.reserve_many(2));
    assert_eq!((cursor.try_next(), cursor.try_next()), (Ok("queued"), Ok("too")));
    assert_eq!((push.wakes(), waiting.wakes()), (1, 0));
    drop(cursor);
    assert_eq!(push.ready().unwrap_err().into_inner(), "granted");
    assert_eq!(waiting.woken().err(), Some(ReserveManyError::NoCursor));
}

#[test]
fn forgotten_permit_does_not_delay_end() {
    let (pusher, mut cursor) = bounded(3);
    let held = pusher.try_reserve().unwrap();
    mem::forget(pusher.try_reserve().unwrap());
    pusher.try_push("ready").unwrap();
    assert_eq!(cursor.try_next(), Ok("ready"));
    pusher.try_push("unread").unwrap();
    assert_eq!(pusher.try_push("more"), Err(TryPushError::Full("more")));
    let mut waiting = Task::waiting(pusher.reserve());
    drop(cursor);
    assert!(waiting.woken().is_err());
    assert_eq!(held.push("unsent").unwrap_err().into_inner(), "unsent");
    assert_eq!(pusher.try_push("late"), Err(TryPushError::NoCursor("late")));
}

#[test]
fn any_cap_is_accepted() {
    for cap in [usize::MAX / 4 + 1, usize::MAX / 2 + 1, usize::MAX] {
        let (pusher, mut cursor) = bounded(cap);
        let permit = pusher.try_reserve().unwrap();
        pusher.try_push(()).unwrap();
        assert_eq!(cursor.try_next(), Ok(()));
        drop(permit);
        ready(pusher.reserve()).unwrap().push(()).unwrap();
        let permit = pusher.try_reserve().unwrap();
        drop(cursor);
        assert!(permit.push(()).is_err());
        assert_eq!(pusher.try_push(()), Err(TryPushError::NoCursor(())));
    }
}

#[test]
fn held_permit_outlasts_many_rounds() {
    let (pusher, mut cursor) = bounded(3);
    let held = pusher.try_reserve().unwrap();
    for n in 0..100 {
        pusher.try_push([n; 1024]).unwrap();
        pusher.try_push([n + 1; 1024]).unwrap();
        assert!(pusher.try_push([0; 1024]).is_err());
        assert_eq!((cursor.try_next(), cursor.try_next()), (Ok([n; 1024]), Ok([n + 1; 1024])));
    }
    held.push([42; 1024]).unwrap();
    assert_eq!(cursor.try_next(), Ok([42; 1024]));
    assert_eq!(pusher.capacity(), 3);
}
