//! The line of requests: its order, its grants and what a dropped request leaves.

use core::task::Poll;

use crate::{list, once, poll, ready, wait, waker::Counting};

#[test]
fn waiter_is_woken_by_read_that_makes_room() {
    let (pusher, mut cursor) = list(10, [1, 2, 3, 4]);
    let mut push = pusher.push(6);
    let waker = wait(&mut push);
    for item in [1, 2] {
        assert_eq!(cursor.try_next(), Ok(item));
        assert_eq!(waker.wakes(), 0);
    }
    assert_eq!(cursor.try_next(), Ok(3));
    assert_eq!(waker.wakes(), 1);
    assert!(ready(push).is_ok());
    assert_eq!(pusher.used(), 10);
}

#[test]
fn light_push_does_not_overtake_heavy_one() {
    let (pusher, mut cursor) = list(10, [5]);
    let (mut heavy, mut light) = (pusher.push(8), pusher.push(1));
    let wakers = [wait(&mut heavy), wait(&mut light)];
    assert!(pusher.try_push(1).unwrap_err().is_full(), "must not overtake the line");
    assert!(pusher.try_reserve(1).is_err());
    assert_eq!(pusher.capacity(), 0);
    assert_eq!(cursor.try_next(), Ok(5));
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1, 1]);
    assert!(ready(light).is_ok() && ready(heavy).is_ok());
    assert_eq!((cursor.try_next(), cursor.try_next()), (Ok(1), Ok(8)));
}

#[test]
fn read_of_heavy_item_grants_several_light_requests() {
    let (pusher, mut cursor) = list(10, [10]);
    let mut pushes = [3, 3, 3, 3].map(|weight| pusher.push(weight));
    let wakers = pushes.each_mut().map(wait);
    assert_eq!(cursor.try_next(), Ok(10));
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1, 1, 1, 0]);
    let [first, .., last] = pushes;
    // A grant that is dropped makes room for the next request.
    drop(first);
    assert_eq!(wakers[3].wakes(), 1);
    assert!(ready(last).is_ok());
}

#[test]
fn heavy_front_request_dropped_lets_light_pass() {
    let (pusher, mut cursor) = list(10, [5]);
    let (mut heavy, mut light) = (pusher.reserve(9), pusher.push(5));
    let wakers = [wait(&mut heavy), wait(&mut light)];
    drop(heavy);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [0, 1]);
    assert_eq!(wakers[0].held(), 0, "a dropped request must drop its waker");
    assert!(ready(light).is_ok());
    assert_eq!((cursor.try_next(), cursor.try_next()), (Ok(5), Ok(5)));
    assert_eq!(pusher.capacity(), 10);
}

#[test]
fn push_dropped_at_each_point_returns_room() {
    for point in 0..4 {
        let (pusher, mut cursor) = list(10, [7]);
        let mut push = pusher.push(6);
        let mut next = pusher.push(7);
        let mut wakers = Vec::new();
        if point >= 1 {
            wakers.push(wait(&mut push));
            wakers.push(wait(&mut next));
        }
        if point >= 2 {
            assert_eq!(cursor.try_next(), Ok(7));
            assert_eq!(wakers.iter().map(Counting::wakes).collect::<Vec<_>>(), [1, 0]);
        }
        if point == 3 {
            assert_eq!(once(&mut push), Poll::Ready(Ok(())));
            assert_eq!(push.into_inner(), None);
            assert_eq!(wakers[1].wakes(), 0);
            assert_eq!(cursor.try_next(), Ok(6));
        } else {
            assert_eq!(push.into_inner(), Some(6));
        }
        if point < 2 {
            assert_eq!(cursor.try_next(), Ok(7));
        }
        assert!(wakers.iter().skip(1).all(|waker| waker.wakes() == 1), "point {point}");
        assert!(ready(next).is_ok());
        assert_eq!((cursor.try_next(), pusher.capacity()), (Ok(7), 10));
    }
}

#[test]
fn reservation_dropped_at_each_point_returns_room() {
    for point in 0..4 {
        let (pusher, mut cursor) = list(10, [7]);
        let mut reserve = pusher.reserve(6);
        let waker = (point >= 1).then(|| wait(&mut reserve));
        if point >= 2 {
            assert_eq!(cursor.try_next(), Ok(7));
            assert_eq!(waker.as_ref().map(Counting::wakes), Some(1));
            assert_eq!(pusher.used(), 6);
        }
        if point == 3 {
            let permit = ready(&mut reserve).unwrap();
            assert_eq!(permit.weight(), 6);
            drop(reserve);
            assert_eq!(pusher.used(), 6);
            drop(permit);
        } else {
            drop(reserve);
        }
        assert!(waker.is_none_or(|waker| waker.held() == 0));
        let _ = cursor.try_next();
        assert_eq!(pusher.capacity(), 10, "point {point}");
    }
}

#[test]
fn changed_waker_is_the_one_that_is_called() {
    let (pusher, mut cursor) = list(4, [3]);
    let mut push = pusher.push(2);
    let (old, new) = (wait(&mut push), Counting::new());
    assert!(poll(&mut push, new.waker()).is_pending());
    assert_eq!(cursor.try_next(), Ok(3));
    assert_eq!((old.held(), old.wakes(), new.wakes()), (0, 0, 1));
    assert!(ready(push).is_ok());
}
