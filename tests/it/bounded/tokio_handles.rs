//! Tokio's bounded `mpsc`: its handles, strong and weak.

use aiter::TryPushError;
use aiter_adapters::{
    BoundedCursor, BoundedPusher, BoundedSubscriber, OwnedPermit, Permit, Permits,
    SharedBoundedCursor, WeakBoundedPusher, bounded,
};
use core::{
    fmt::Debug,
    panic::{RefUnwindSafe, UnwindSafe},
    task::Poll,
};

use crate::{bounded::Task, waker::next};

#[test]
fn handles_are_send_sync_and_unwind_safe() {
    fn check<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
    check::<BoundedPusher<u8>>();
    check::<BoundedCursor<u8>>();
    check::<SharedBoundedCursor<u8>>();
    check::<Permit<'_, u8>>();
    check::<Permits<'_, u8>>();
    check::<OwnedPermit<u8>>();
    check::<WeakBoundedPusher<u8>>();
    check::<BoundedSubscriber<u8>>();
}

#[test]
fn handles_need_no_item_traits() {
    fn is_debug(_: &impl Debug) {}
    struct Plain;
    let (pusher, mut cursor) = bounded(100);
    is_debug(&pusher);
    is_debug(&cursor);
    is_debug(&pusher.downgrade());
    is_debug(&pusher.try_reserve().unwrap());
    assert!(pusher.clone().try_push(Plain).is_ok());
    assert!(cursor.try_next().is_ok());
}

#[test]
fn last_pusher_stops_list() {
    let (pusher, cursor) = bounded(10);
    let other = pusher.clone();
    pusher.try_push(1).unwrap();
    drop(pusher);
    assert!(!cursor.is_stopped());
    drop(other);
    assert!(cursor.is_stopped(), "unread items must not delay the stop");
    assert_eq!(cursor.len(), 1);
}

/// Also async-channel's `weak` and flume's `weak_close` and `weak_upgrade`.
#[test]
fn weak_pusher_upgrades_until_last_is_dropped() {
    let (pusher, mut cursor) = bounded(11);
    let weak = pusher.clone().downgrade();
    let other = pusher.downgrade();
    (0..10).for_each(|n| pusher.try_push(n).unwrap());
    let upgraded = weak.upgrade().unwrap();
    drop(pusher);
    upgraded.try_push(20).unwrap();
    assert_eq!(upgraded.try_push(21), Err(TryPushError::Full(21)), "the gate must be the same");
    drop(upgraded);
    assert!(weak.upgrade().is_none() && other.upgrade().is_none());
    assert!((0..10).chain([20]).all(|n| next(&mut cursor) == Poll::Ready(Some(n))));
    assert_eq!(next(&mut cursor), Poll::Ready(None));
}

#[test]
fn actor_with_weak_pusher_ends() {
    let (pusher, cursor) = bounded(8);
    let weak = pusher.downgrade();
    let mut actor = Task::waiting(async move {
        let mut requests = cursor;
        let mut seen = Vec::new();
        while let Some(request) = requests.next().await {
            seen.push(request);
            if let Some(own) = weak.upgrade().filter(|_| request == "request") {
                own.push("to itself").await.unwrap();
            }
        }
        seen
    });
    pusher.try_push("request").unwrap();
    assert_eq!(actor.wakes(), 1);
    assert!(actor.poll().is_pending());
    drop(pusher);
    assert_eq!(actor.woken(), ["request", "to itself"]);
}

/// Tokio's `broadcast_sender_closed_with_extra_subscribe`.
#[test]
fn subscribe_before_poll_makes_closed_wait() {
    let (pusher, cursor) = bounded::<u8>(1);
    let fork = cursor.fork();
    let mut closed = Task::waiting(pusher.closed());
    drop(cursor);
    assert_eq!(closed.wakes(), 0);
    drop(fork);
    assert_eq!(closed.wakes(), 1);
    let late = pusher.subscribe();
    assert!(closed.poll().is_pending(), "the list accepts items again");
    drop(late);
    assert_eq!(closed.wakes(), 2);
    closed.ready();
}
