//! What the handles tell of the list and of each other.

use aiter_adapters::bounded;

use crate::{once, ready, wait};

#[test]
fn pusher_is_closed_until_revived_or_stopped() {
    let (pusher, cursor) = bounded::<u32>(1);
    assert!(!pusher.is_closed());
    drop(cursor);
    assert!(pusher.is_closed() && !pusher.is_stopped());
    let cursor = pusher.subscribe();
    assert!(!pusher.is_closed());
    cursor.close();
    assert!(pusher.is_closed() && pusher.is_stopped());
}

#[test]
fn handles_are_counted() {
    let (pusher, cursor) = bounded::<u32>(2);
    let permit = ready(pusher.clone().reserve_owned()).unwrap();
    let fork = cursor.fork();
    assert_eq!((cursor.pusher_count(), cursor.cursor_count()), (2, 2));
    let taker = cursor.share();
    assert_eq!((taker.pusher_count(), fork.cursor_count()), (2, 2));
    drop((permit, taker.clone(), taker));
    assert_eq!((fork.pusher_count(), fork.cursor_count()), (1, 1));
    assert_eq!((fork.capacity(), fork.max_capacity()), (2, 2));
    drop(pusher);
    assert_eq!((fork.pusher_count(), fork.capacity()), (0, 0));
}

#[test]
fn handles_know_their_list() {
    let ((pusher, cursor), (other, stranger)) = (bounded::<u32>(1), bounded(1));
    assert!(pusher.feeds(&cursor) && !other.feeds(&cursor));
    assert!(cursor.same_list(&cursor.resubscribe()) && !cursor.same_list(&stranger));
    let taker = cursor.fork().share();
    assert!(taker.same_list(&cursor.share()) && !taker.same_list(&stranger.share()));
}

#[test]
fn close_of_taker_refuses_waiting_pushes() {
    let (pusher, cursor) = bounded(1);
    let mut taker = cursor.share();
    pusher.try_push(1).unwrap();
    let (mut push, mut closed) = (pusher.push(2), pusher.closed());
    let wakers = [wait(&mut push), wait(&mut closed)];
    taker.close();
    assert_eq!(wakers.each_ref().map(|waker| waker.wakes()), [1, 1]);
    assert_eq!(ready(push).unwrap_err().into_inner(), 2);
    assert!(once(&mut closed).is_ready());
    taker.close(); // no effect
    assert_eq!(taker.try_next(), Ok(1));
    assert!(taker.is_drained());
}

#[test]
fn subscriber_of_pusher_holds_no_position() {
    let (pusher, cursor) = bounded(1);
    let subscriber = pusher.subscriber();
    drop(cursor);
    assert!(pusher.is_closed() && !subscriber.is_stopped());
    let mut late = subscriber.subscribe().unwrap();
    pusher.try_push(1).unwrap();
    assert_eq!(late.try_next(), Ok(1));
    drop(pusher);
    assert!(subscriber.is_stopped() && subscriber.subscribe().is_none());
}
