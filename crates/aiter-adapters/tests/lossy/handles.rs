//! What the handles tell of the list and of each other, and the cursors that they make.

use core::task::Poll;

use aiter_adapters::{
    AiterExt,
    LossyPolicy::{Disconnect, DropOldest},
    bounded_lossy,
};
use aiter_core::TryNextError;

use crate::{Live, Lone, POLICIES, drain, waker::next};

#[test]
fn pusher_is_closed_without_cursor_that_reads() {
    let (pusher, cursor) = bounded_lossy(1, Disconnect);
    pusher.push(1).unwrap();
    assert!(!pusher.is_closed());
    pusher.push(2).unwrap();
    assert!(cursor.is_lagged() && pusher.is_closed() && !pusher.is_stopped());
    let revived = cursor.resubscribe();
    assert!(!pusher.is_closed());
    revived.close();
    assert!(pusher.is_closed() && pusher.is_stopped() && cursor.is_stopped());
}

#[test]
fn handles_are_counted() {
    for policy in POLICIES {
        let (pusher, cursor) = bounded_lossy(1, policy);
        let (other, fork) = (pusher.clone(), cursor.fork());
        assert_eq!((cursor.pusher_count(), cursor.cursor_count()), (2, 2));
        assert_eq!((cursor.max_capacity(), cursor.policy()), (1, policy));
        pusher.push_all(0..2).unwrap();
        drop(other);
        let counted = if policy == DropOldest { 2 } else { 0 };
        assert_eq!((fork.pusher_count(), fork.cursor_count()), (1, counted));
        drop(pusher);
        assert_eq!(fork.pusher_count(), 0);
    }
}

#[test]
fn weak_pusher_upgrades_until_last_is_dropped() {
    for policy in POLICIES {
        let (pusher, mut cursor) = bounded_lossy(11, policy);
        let weak = pusher.clone().downgrade();
        let other = pusher.downgrade();
        pusher.push_all(0..10).unwrap();
        let upgraded = weak.upgrade().unwrap();
        drop(pusher);
        upgraded.push(20).unwrap();
        assert_eq!((upgraded.pusher_count(), cursor.is_stopped()), (1, false));
        drop(upgraded);
        assert!(weak.upgrade().is_none() && other.upgrade().is_none());
        assert!(drain(&mut cursor).into_iter().eq((0..10).chain([20])));
        assert_eq!(next(&mut cursor), Poll::Ready(None));
    }
}

#[test]
fn handles_know_their_list() {
    let ((pusher, cursor), (other, stranger)) =
        (bounded_lossy::<u32>(1, DropOldest), bounded_lossy(1, DropOldest));
    assert!(pusher.feeds(&cursor) && !other.feeds(&cursor));
    assert!(cursor.same_list(&cursor.resubscribe()) && !cursor.same_list(&stranger));
}

#[test]
fn cursor_resubscribed_by_laggard_has_missed_nothing() {
    for policy in POLICIES {
        let (pusher, cursor) = bounded_lossy(2, policy);
        let mut other = cursor.fork();
        for n in 0..5 {
            pusher.push(n).unwrap();
            assert_eq!(other.try_next(), Ok(n));
        }
        assert!(cursor.is_lagged());
        let mut late = cursor.resubscribe();
        assert_eq!((late.try_next(), late.is_lagged()), (Err(TryNextError::Empty), false));
        pusher.push(5).unwrap();
        assert_eq!((late.try_next(), late.missed()), (Ok(5), 0));
        drop(pusher);
        let mut ended = cursor.resubscribe();
        assert_eq!(next(&mut ended), Poll::Ready(None));
        assert!(!ended.is_lagged());
    }
}

#[test]
fn subscriber_keeps_no_item() {
    let live = Live::default();
    let (pusher, cursor) = bounded_lossy(8, DropOldest);
    let subscribers = [cursor.subscriber(), pusher.subscriber()];
    drop(cursor);
    assert!(pusher.push(live.item(0)).is_err());
    assert_eq!(live.count(), 0);
    for subscriber in &subscribers {
        let mut late = subscriber.subscribe().unwrap();
        pusher.push(live.item(1)).unwrap();
        assert_eq!(late.try_next().unwrap(), 1);
    }
    pusher.stop();
    assert!(subscribers[0].clone().is_stopped());
    assert!(subscribers[0].subscribe().unwrap().is_drained());
    drop(pusher);
    assert!(subscribers[1].subscribe().is_none());
}

#[test]
fn skips_count_apart_from_missed_items() {
    let (pusher, mut cursor) = bounded_lossy(4, DropOldest);
    pusher.push_all(0..10).unwrap();
    assert_eq!((cursor.skip_items(3), cursor.missed()), (3, 6));
    assert_eq!((cursor.seek_to_end(), cursor.latest()), (1, Err(TryNextError::Empty)));
    pusher.push_all(10..20).unwrap();
    assert_eq!((cursor.latest(), cursor.missed()), (Ok(19), 12));
    pusher.push_all(20..23).unwrap();
    let mut buf = Vec::new();
    assert_eq!((cursor.try_next_many(&mut buf, 2), cursor.try_next_many(&mut buf, 2)), (2, 1));
    assert_eq!(buf, [20, 21, 22]);
    pusher.stop();
    assert_eq!(cursor.latest(), Err(TryNextError::Ended));
}

#[test]
fn skip_of_cut_off_cursor_finds_nothing() {
    let (pusher, mut cursor) = bounded_lossy(1, Disconnect);
    pusher.push_all(0..2).unwrap();
    assert_eq!((cursor.skip_items(1), cursor.seek_to_end()), (0, 0));
    assert_eq!(cursor.try_next_many(&mut Vec::new(), 9), 0);
    assert_eq!(cursor.latest(), Err(TryNextError::Ended));
}

#[test]
fn skipped_items_are_dropped_and_need_no_clone() {
    let live = Live::default();
    let (pusher, mut cursor) = bounded_lossy(100, DropOldest);
    pusher.push_all((0..150).map(|n| Lone(live.item(n)))).unwrap();
    assert_eq!(cursor.skip_items(99), 99);
    assert_eq!(live.count(), 1);
    assert_eq!(cursor.latest().unwrap().0, 149);
    assert_eq!(live.count(), 0);
}

/// `sharable` takes the place of `share`.
#[test]
fn clones_of_sharable_cursor_take_each_item_once() {
    let (pusher, cursor) = bounded_lossy(3, DropOldest);
    let mut one = cursor.sharable();
    let mut two = one.clone();
    assert!(next(&mut one).is_pending() && next(&mut two).is_pending());
    pusher.push_all(0..10).unwrap();
    assert_eq!(next(&mut two), Poll::Ready(Some(7)));
    assert_eq!(next(&mut one), Poll::Ready(Some(8)));
    assert_eq!(next(&mut one), Poll::Ready(Some(9)));
    drop(pusher);
    assert_eq!((next(&mut one), next(&mut two)), (Poll::Ready(None), Poll::Ready(None)));
}

#[test]
fn try_next_many_of_laggard_reads_kept_items() {
    let (pusher, mut cursor) = bounded_lossy(4, DropOldest);
    let other = cursor.fork();
    pusher.push_all(0..9).unwrap();
    let mut buf = Vec::new();
    assert_eq!(cursor.try_next_many(&mut buf, 100), 4);
    assert_eq!((buf, cursor.missed()), (vec![5, 6, 7, 8], 5));
    assert_eq!(drain(&mut { other }), [5, 6, 7, 8]);
}
