//! Reservations of a list that accepts no items, in tokio's and asyncband's bounded queues.

use aiter::PushErrorKind;
use aiter_adapters::{ReserveManyError, TryReserveError, bounded};
use core::future::poll_fn;
use futures_util::SinkExt;

use crate::bounded::{Task, ready};

/// Tokio's `dropping_rx_closes_channel` and `reserve_many_on_closed_channel`.
#[test]
fn list_without_cursor_refuses_reservations() {
    let (pusher, cursor) = bounded::<u8>(100);
    drop(cursor);
    assert_eq!(ready(pusher.reserve()).err(), Some(PushErrorKind::NoCursor));
    assert_eq!(ready(pusher.reserve_many(10)).err(), Some(ReserveManyError::NoCursor));
    assert_eq!(ready(pusher.clone().reserve_owned()).err(), Some(PushErrorKind::NoCursor));
    assert_eq!(pusher.try_reserve().err(), Some(TryReserveError::NoCursor));
}

/// Tokio-util's `closed_when_receiver_drops`.
#[test]
fn sink_without_cursor_is_refused() {
    let (pusher, cursor) = bounded::<u8>(1);
    drop(cursor);
    let mut sink = pusher.into_sink();
    assert!(ready(poll_fn(|cx| sink.poll_ready_unpin(cx))).is_err());
}

/// Tokio's `failed_reserve_wakes_closed_receiver`.
#[test]
fn closed_list_refuses_granted_reserve() {
    let (pusher, cursor) = bounded::<u8>(1);
    let permit = pusher.try_reserve().unwrap();
    let mut granted = Task::waiting(pusher.reserve());
    drop(permit);
    assert_eq!(granted.wakes(), 1);
    cursor.close();
    assert_eq!(granted.ready().err(), Some(PushErrorKind::Stopped));
}

/// Asyncband's `last_receiver_drop_fails_pending_and_granted_reservations`.
#[test]
fn list_without_cursor_refuses_granted_reserve() {
    let (pusher, cursor) = bounded::<u8>(1);
    let permit = pusher.try_reserve().unwrap();
    let mut granted = Task::waiting(pusher.reserve());
    drop(permit);
    assert_eq!(granted.wakes(), 1);
    drop(cursor);
    assert_eq!(granted.ready().err(), Some(PushErrorKind::NoCursor));
}

/// Tokio's `reserve_many_zero`.
#[test]
fn reserve_many_of_zero_tells_end() {
    let (pusher, cursor) = bounded::<u8>(1);
    drop(cursor);
    assert_eq!(ready(pusher.reserve_many(0)).err(), Some(ReserveManyError::NoCursor));
    let (pusher, cursor) = bounded::<u8>(1);
    cursor.close();
    assert_eq!(ready(pusher.reserve_many(0)).err(), Some(ReserveManyError::Stopped));
}
