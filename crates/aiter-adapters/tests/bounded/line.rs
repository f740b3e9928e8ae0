//! The line of requests: its order, its grants and what a dropped request leaves.

use core::task::Poll;

use aiter_adapters::{ReserveManyError, bounded};

use crate::{once, poll, ready, wait, waker::Counting};

#[test]
fn read_wakes_first_waiter_only() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(0).unwrap();
    let (mut one, mut two) = (pusher.push(1), pusher.push(2));
    let wakers = [wait(&mut one), wait(&mut two)];
    assert_eq!(cursor.try_next(), Ok(0));
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1, 0]);
    assert!(once(&mut two).is_pending());
    assert!(ready(&mut one).is_ok());
    assert_eq!(cursor.try_next(), Ok(1));
    assert!(ready(&mut two).is_ok());
    assert_eq!(cursor.try_next(), Ok(2));
}

#[test]
fn two_readers_move_while_one_waits() {
    let (pusher, mut one) = bounded(1);
    let mut two = one.fork();
    for n in 0..if cfg!(miri) { 20 } else { 100 } {
        pusher.try_push(n).unwrap();
        let mut push = pusher.push(1000);
        let waker = wait(&mut push);
        let (first, second) = if n % 2 == 0 { (&mut one, &mut two) } else { (&mut two, &mut one) };
        assert_eq!(first.try_next(), Ok(n));
        assert_eq!(waker.wakes(), 0);
        assert_eq!(second.try_next(), Ok(n));
        assert_eq!(waker.wakes(), 1);
        drop(push);
    }
}

#[test]
fn drop_of_slowest_wakes_waiter() {
    let (pusher, mut fast) = bounded(1);
    let slow = fast.fork();
    pusher.try_push(1).unwrap();
    let mut push = pusher.push(2);
    let waker = wait(&mut push);
    assert_eq!(fast.try_next(), Ok(1));
    assert_eq!(waker.wakes(), 0);
    drop(slow);
    assert_eq!(waker.wakes(), 1);
    assert!(ready(push).is_ok());
}

#[test]
fn fork_at_lag_holds_gate() {
    let (pusher, mut cursor) = bounded(3);
    for n in 0..3 {
        pusher.try_push(n).unwrap();
    }
    assert_eq!(cursor.try_next(), Ok(0));
    let mut fork = cursor.fork();
    pusher.try_push(3).unwrap();
    for n in 1..4 {
        assert_eq!(cursor.try_next(), Ok(n));
    }
    let mut push = pusher.push(4);
    let waker = wait(&mut push);
    assert_eq!(fork.try_next(), Ok(1));
    assert_eq!(waker.wakes(), 1);
    assert!(ready(push).is_ok());
    assert_eq!(pusher.len(), 3);
}

#[test]
fn granted_waiter_dropped_unpolled_passes_grant() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(0).unwrap();
    let (mut one, mut two) = (pusher.push(1), pusher.push(2));
    let wakers = [wait(&mut one), wait(&mut two)];
    assert_eq!(cursor.try_next(), Ok(0));
    drop(one);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1, 1]);
    assert!(ready(two).is_ok());
    assert_eq!(cursor.try_next(), Ok(2));
}

#[test]
fn waiters_dropped_in_mid_line_keep_order() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(0).unwrap();
    let mut pushes: Vec<_> = (1..=6).map(|n| Some(pusher.push(n))).collect();
    let wakers: Vec<_> = pushes.iter_mut().flatten().map(wait).collect();
    for index in [1, 2, 4] {
        pushes[index] = None;
        assert_eq!(wakers[index].held(), 0, "a dropped request must drop its waker");
    }
    for (index, n) in [(0, 1), (3, 4), (5, 6)] {
        assert!(cursor.try_next().is_ok());
        assert_eq!(wakers[index].wakes(), 1);
        assert!(ready(pushes[index].take().unwrap()).is_ok());
        assert_eq!(cursor.available_iter().next(), Some(&n));
    }
}

#[test]
fn large_front_request_dropped_lets_small_pass() {
    let (pusher, cursor) = bounded(100);
    pusher.try_push(0).unwrap();
    pusher.try_push(0).unwrap();
    let mut large = pusher.reserve_many(99);
    let mut small = pusher.push(1);
    let wakers = [wait(&mut large), wait(&mut small)];
    assert!(pusher.try_push(2).unwrap_err().is_full(), "must not overtake a large request");
    assert_eq!(pusher.capacity(), 0);
    drop(large);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [0, 1]);
    assert!(ready(small).is_ok());
    assert!(pusher.try_push(2).is_ok());
    assert_eq!(cursor.len(), 4);
}

#[test]
fn try_push_does_not_take_unpolled_grant() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(0).unwrap();
    let mut push = pusher.push(1);
    wait(&mut push);
    assert_eq!(cursor.try_next(), Ok(0));
    assert!(pusher.try_push(2).unwrap_err().is_full());
    assert!(pusher.try_reserve().is_err());
    assert!(ready(push).is_ok());
    assert_eq!(cursor.try_next(), Ok(1));
}

#[cfg_attr(miri, ignore = "leaks on purpose")]
#[test]
fn forgotten_granted_waiter_loses_one_place() {
    let (pusher, mut cursor) = bounded(2);
    pusher.try_push(0).unwrap();
    pusher.try_push(1).unwrap();
    let mut push = Box::pin(pusher.push(2));
    wait(&mut push);
    assert_eq!(cursor.try_next(), Ok(0));
    core::mem::forget(push);
    assert_eq!(cursor.try_next(), Ok(1));
    assert_eq!(pusher.capacity(), 1);
    pusher.try_push(3).unwrap();
    assert_eq!(cursor.try_next(), Ok(3));
}

#[test]
fn returned_permit_wakes_waiter() {
    let (pusher, mut cursor) = bounded(1);
    let permit = pusher.try_reserve().unwrap();
    let mut push = pusher.push(1);
    let waker = wait(&mut push);
    drop(permit);
    assert_eq!(waker.wakes(), 1);
    assert!(ready(push).is_ok());
    assert_eq!(cursor.try_next(), Ok(1));
}

#[test]
fn reserve_many_waits_for_all_places() {
    let (pusher, mut cursor) = bounded(4);
    pusher.try_push(0).unwrap();
    let permit = pusher.try_reserve().unwrap();
    let mut many = pusher.reserve_many(4);
    let waker = wait(&mut many);
    assert_eq!(cursor.try_next(), Ok(0));
    assert_eq!(waker.wakes(), 0);
    drop(permit);
    assert_eq!(waker.wakes(), 1);
    let mut permits = ready(many).unwrap();
    assert_eq!(pusher.capacity(), 0);
    permits.next().unwrap().push(5).unwrap();
    drop(permits);
    assert_eq!(pusher.capacity(), 3);
    assert_eq!(ready(pusher.reserve_many(0)).unwrap().len(), 0);
    assert_eq!(ready(pusher.reserve_many(5)).unwrap_err(), ReserveManyError::TooMany);
}

#[test]
fn one_event_grants_more_than_32_requests() {
    let (pusher, cursor) = bounded(100);
    for n in 0..100 {
        pusher.try_push(n).unwrap();
    }
    let slow = cursor.fork();
    let mut cursor = cursor;
    for n in 0..100 {
        assert_eq!(cursor.try_next(), Ok(n));
    }
    let mut pushes: Vec<_> = (0..100).map(|n| pusher.push(n)).collect();
    let wakers: Vec<_> = pushes.iter_mut().map(wait).collect();
    drop(slow);
    assert!(wakers.iter().all(|waker| waker.wakes() == 1));
    assert!(pushes.into_iter().all(|push| ready(push).is_ok()));
    assert_eq!(cursor.len(), 100);
}

#[test]
fn changed_waker_is_the_one_that_is_called() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(0).unwrap();
    let mut push = pusher.push(1);
    let (old, new) = (wait(&mut push), Counting::new());
    assert!(poll(&mut push, new.waker()).is_pending());
    assert_eq!(old.held(), 0);
    assert!(poll(&mut push, new.waker()).is_pending());
    assert_eq!(cursor.try_next(), Ok(0));
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    assert_eq!(poll(&mut push, new.waker()), Poll::Ready(Ok(())));
    assert_eq!(new.held(), 0);
}

#[test]
fn many_cancelled_waiters_take_linear_time() {
    const WAITERS: usize = if cfg!(miri) { 200 } else { 100_000 };
    const LAST: usize = WAITERS / 2 - 1;
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(0).unwrap();
    let mut pushes: Vec<_> = (0..WAITERS).map(|n| Some(pusher.push(n))).collect();
    let wakers: Vec<_> = pushes.iter_mut().flatten().map(wait).collect();
    // From the middle, then from the front.
    for index in (LAST + 1..WAITERS).chain(0..LAST) {
        pushes[index] = None;
    }
    assert_eq!(cursor.try_next(), Ok(0));
    assert_eq!(wakers.iter().map(Counting::wakes).sum::<usize>(), 1);
    assert!(ready(pushes[LAST].take().unwrap()).is_ok());
    assert_eq!(cursor.try_next(), Ok(LAST));
    assert!(pusher.try_push(7).is_ok());
}
