//! Permits: heavier and lighter items, and permits that are not used.

use aiter_adapters::{TryReserveError, WeighedPermitError};

use crate::{list, ready, wait};

#[test]
fn lighter_item_returns_difference() {
    let (pusher, mut cursor) = list(10, []);
    let permit = pusher.try_reserve(10).unwrap();
    let mut push = pusher.push(7);
    let waker = wait(&mut push);
    permit.push(3).unwrap();
    assert_eq!((waker.wakes(), pusher.used()), (1, 10));
    assert!(ready(push).is_ok());
    assert_eq!((cursor.try_next(), pusher.used()), (Ok(3), 7));
    assert_eq!((cursor.try_next(), pusher.used()), (Ok(7), 0));
}

#[test]
fn heavier_item_comes_back_and_room_returns() {
    let (pusher, cursor) = list(10, []);
    let permit = pusher.try_reserve(4).unwrap();
    let mut push = pusher.push(7);
    let waker = wait(&mut push);
    assert_eq!(permit.push(5), Err(WeighedPermitError::TooHeavy(5)));
    assert_eq!((waker.wakes(), cursor.len(), pusher.used()), (1, 0, 7));
    drop(push);
    assert_eq!(pusher.used(), 0);
}

#[test]
fn permit_for_capacity_is_enough_for_every_item() {
    let (pusher, mut cursor) = list(10, []);
    for weight in [10, 11, usize::MAX] {
        let permit = ready(pusher.reserve(weight)).unwrap();
        assert_eq!((permit.weight(), pusher.capacity()), (10, 0));
        permit.push(weight).unwrap();
        assert_eq!(cursor.try_next(), Ok(weight));
    }
    assert_eq!(pusher.capacity(), 10);
}

#[test]
fn permit_is_used_in_any_order() {
    let (pusher, mut cursor) = list(10, []);
    let [one, two, three] = [2, 3, 5].map(|weight| pusher.try_reserve(weight).unwrap());
    assert_eq!(pusher.try_reserve(1).unwrap_err(), TryReserveError::Full);
    three.push(5).unwrap();
    one.push(2).unwrap();
    assert_eq!((cursor.try_next(), pusher.used()), (Ok(5), 5));
    drop(two);
    assert_eq!((cursor.try_next(), pusher.used()), (Ok(2), 0));
}

#[test]
fn permit_that_is_dropped_wakes_waiter() {
    let (pusher, cursor) = list(10, [4]);
    let permit = pusher.try_reserve(6).unwrap();
    let mut push = pusher.push(6);
    let waker = wait(&mut push);
    drop(permit);
    assert_eq!(waker.wakes(), 1);
    assert!(ready(push).is_ok());
    assert_eq!(cursor.len(), 2);
}

#[test]
fn permit_error_tells_reason() {
    let (pusher, cursor) = list(10, []);
    let [heavy, stopped] = [1, 2].map(|weight| pusher.try_reserve(weight).unwrap());
    let error = heavy.push(2).unwrap_err();
    assert!(error.is_too_heavy());
    assert_eq!(error.to_string(), "the item is heavier than its permit");
    assert_eq!((format!("{error:?}"), error.into_inner()), {
        ("WeighedPermitError::TooHeavy(..)".to_owned(), 2)
    });
    cursor.close();
    let error = stopped.push(2).unwrap_err();
    assert_eq!((error, error.to_string()), {
        (WeighedPermitError::Stopped(2), "the list is stopped".to_owned())
    });
    let (pusher, cursor) = list(10, []);
    let permit = pusher.try_reserve(1).unwrap();
    drop(cursor);
    let error = permit.push(1).unwrap_err();
    assert_eq!((error, error.to_string()), {
        (WeighedPermitError::NoCursor(1), "the list has no cursor left".to_owned())
    });
}
