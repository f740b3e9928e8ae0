//! Basic promises of a push list and its forks.

use crate::{
    drain, scaled, take, take_ready,
    waker::{Counting, next},
};
use aiter_core::{PushError, push_list};
use core::{
    pin::pin,
    task::{Context, Poll},
};

#[test]
fn stopped_list_delivers_queued_items() {
    let (pusher, mut cursor) = push_list();
    for item in [5, 4, 3] {
        pusher.push(item).unwrap();
    }
    pusher.stop();
    assert_eq!(cursor.available_iter().copied().collect::<Vec<_>>(), [5, 4, 3]);
    assert_eq!(drain(&mut cursor), [5, 4, 3]);
}

#[test]
fn push_after_stop_returns_item() {
    let (pusher, _cursor) = push_list();
    pusher.stop();
    assert!(matches!(pusher.push(7), Err(PushError::Stopped(7))));
}

#[test]
fn stop_twice_changes_nothing() {
    let (pusher, mut cursor) = push_list();
    pusher.push(1).unwrap();
    pusher.stop();
    pusher.stop();
    assert!(pusher.is_stopped());
    assert_eq!(drain(&mut cursor), [1]);
    pusher.stop();
    assert_eq!(next(&mut cursor), Poll::Ready(None));
}

#[test]
fn available_iter_twice_yields_same_items() {
    let (pusher, cursor) = push_list();
    assert_eq!(cursor.available_iter().count(), 0);
    for n in 1..scaled(100, 35) {
        pusher.push(n).unwrap();
        let first: Vec<usize> = cursor.available_iter().copied().collect();
        let second: Vec<usize> = cursor.available_iter().copied().collect();
        assert_eq!(first, (1..=n).collect::<Vec<_>>());
        assert_eq!(first, second);
        assert_eq!(cursor.len(), n);
    }
}

#[test]
fn waiting_read_dropped_loses_no_item() {
    let (pusher, mut cursor) = push_list();
    let counting = Counting::new();
    {
        let mut buf = Vec::new();
        let mut read = pin!(cursor.next_many(&mut buf, 8));
        assert_eq!(read.as_mut().poll(&mut Context::from_waker(counting.waker())), Poll::Pending);
    }
    pusher.push(5).unwrap();
    assert_eq!(cursor.len(), 1);
    assert!(!cursor.is_stopped());
    assert_eq!(take_ready(&mut cursor), [5]);
}

#[test]
fn waiting_fork_dropped_loses_no_item() {
    let (pusher, cursor) = push_list();
    let mut waiting = cursor.fork();
    assert_eq!(next(&mut waiting), Poll::Pending);
    drop(waiting);
    pusher.push(5).unwrap();
    assert_eq!(cursor.len(), 1);
    assert!(!cursor.is_stopped());
}

#[test]
fn stopped_list_with_items_is_not_drained() {
    let (pusher, mut cursor) = push_list();
    for item in 0..3 {
        pusher.push(item).unwrap();
    }
    assert!(!cursor.is_stopped());
    pusher.stop();
    for left in (0..3).rev() {
        assert!(cursor.is_stopped());
        assert!(!cursor.is_drained());
        assert_eq!(take(&mut cursor, 1).len(), 1);
        assert_eq!(cursor.len(), left);
    }
    assert!(cursor.is_drained());
}

#[test]
fn len_grows_with_each_push() {
    let (pusher, cursor) = push_list();
    assert_eq!(cursor.len(), 0);
    assert_eq!(pusher.push_all([1, 2]).unwrap(), 2);
    assert_eq!(cursor.len(), 2);
    pusher.push(3).unwrap();
    assert_eq!(cursor.len(), 3);
}

#[test]
fn fork_starts_at_position_of_parent() {
    let (pusher, mut cursor) = push_list();
    assert_eq!(pusher.push_all(1..=5).unwrap(), 5);
    assert_eq!(take(&mut cursor, 3), [1, 2, 3]);
    let mut fork = cursor.fork();
    assert_eq!(pusher.push_all(7..=13).unwrap(), 7);
    pusher.stop();
    let expected: Vec<i32> = [4, 5].into_iter().chain(7..=13).collect();
    assert_eq!(drain(&mut cursor), expected);
    assert_eq!(drain(&mut fork), expected);
}

#[test]
fn two_waiting_forks_both_receive_item() {
    let (pusher, mut one) = push_list();
    let mut two = one.fork();
    let (first, second) = (Counting::new(), Counting::new());
    assert_eq!(first.poll(&mut one), Poll::Pending);
    assert_eq!(second.poll(&mut two), Poll::Pending);
    pusher.push(1).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
    assert_eq!(first.poll(&mut one), Poll::Ready(Some(1)));
    assert_eq!(second.poll(&mut two), Poll::Ready(Some(1)));
}

#[test]
fn three_forks_in_any_order_read_all() {
    let (pusher, cursor) = push_list();
    let mut forks = [cursor.fork(), cursor.fork(), cursor.fork()];
    drop(cursor);
    assert_eq!(pusher.push_all(0..8).unwrap(), 8);
    pusher.stop();
    for i in [1, 0, 2] {
        assert_eq!(drain(&mut forks[i]), (0..8).collect::<Vec<_>>());
    }
}

#[test]
fn fork_of_fork_reads_remaining_items() {
    let (pusher, mut cursor) = push_list();
    assert_eq!(pusher.push_all(0..100).unwrap(), 100);
    take(&mut cursor, 10);
    let mut fork = cursor.fork();
    take(&mut fork, 40);
    let mut second = fork.fork();
    pusher.push(100).unwrap();
    pusher.stop();
    assert_eq!(drain(&mut second), (50..=100).collect::<Vec<_>>());
    assert_eq!(drain(&mut fork), (50..=100).collect::<Vec<_>>());
    assert_eq!(drain(&mut cursor), (10..=100).collect::<Vec<_>>());
}
