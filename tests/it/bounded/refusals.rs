//! Reservations of a list that accepts no items, in tokio's and asyncband's bounded queues.

use aiter::PushErrorKind;
use aiter_adapters::{ReserveManyError, TryReserveError, bounded};

use crate::bounded::ready;

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
