//! The errors of reservations.

use core::{error::Error, fmt};

use aiter_core::PushErrorKind;

/// The error of [`BoundedPusher::try_reserve`](crate::BoundedPusher::try_reserve).
///
/// # Examples
/// See [`Permit::push`](crate::Permit::push).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TryReserveError {
    /// A cursor has not read `cap` items yet, or a request waits in line.
    Full,
    /// The list was stopped.
    Stopped,
    /// Every cursor was dropped. After `subscribe`, the list accepts items again.
    NoCursor,
}

impl fmt::Display for TryReserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the list is full"),
            Self::Stopped => PushErrorKind::Stopped.fmt(f),
            Self::NoCursor => PushErrorKind::NoCursor.fmt(f),
        }
    }
}

impl Error for TryReserveError {}

/// The error of [`BoundedPusher::reserve_many`](crate::BoundedPusher::reserve_many).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReserveManyError {
    /// The request is larger than the capacity of the list, so it would wait forever.
    TooMany,
    /// The list was stopped.
    Stopped,
    /// Every cursor was dropped. After `subscribe`, the list accepts items again.
    NoCursor,
}

impl From<PushErrorKind> for ReserveManyError {
    fn from(kind: PushErrorKind) -> Self {
        match kind {
            PushErrorKind::Stopped => Self::Stopped,
            PushErrorKind::NoCursor => Self::NoCursor,
        }
    }
}

impl fmt::Display for ReserveManyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => f.write_str("the request is larger than the capacity"),
            Self::Stopped => PushErrorKind::Stopped.fmt(f),
            Self::NoCursor => PushErrorKind::NoCursor.fmt(f),
        }
    }
}

impl Error for ReserveManyError {}
