//! The error of a permit.

use core::{error::Error, fmt};

use aiter_core::{PushError, PushErrorKind};

/// The error of [`WeighedPermit::push`](crate::WeighedPermit::push), with the item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WeighedPermitError<T> {
    /// The item is heavier than the permit.
    TooHeavy(T),
    /// The list was stopped.
    Stopped(T),
    /// The list has no cursor, so the item would never be read.
    NoCursor(T),
}

impl<T> WeighedPermitError<T> {
    /// Returns the item.
    ///
    /// # Examples
    /// See [`is_too_heavy`](Self::is_too_heavy).
    pub fn into_inner(self) -> T {
        match self {
            Self::TooHeavy(item) | Self::Stopped(item) | Self::NoCursor(item) => item,
        }
    }

    /// Returns `true` if the item is heavier than the permit, so the item can be pushed with
    /// another permit.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, _cursor) = bounded_by(8, |item: &&str| item.len());
    /// let permit = pusher.try_reserve(3).expect("the list has room");
    /// let error = permit.push("three").unwrap_err();
    /// assert!(error.is_too_heavy());
    /// pusher.try_push(error.into_inner())?;
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    pub fn is_too_heavy(&self) -> bool {
        matches!(self, Self::TooHeavy(_))
    }
}

impl<T> From<PushError<T>> for WeighedPermitError<T> {
    fn from(error: PushError<T>) -> Self {
        match error {
            PushError::Stopped(item) => Self::Stopped(item),
            PushError::NoCursor(item) => Self::NoCursor(item),
        }
    }
}

impl<T> fmt::Debug for WeighedPermitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooHeavy(_) => "WeighedPermitError::TooHeavy(..)",
            Self::Stopped(_) => "WeighedPermitError::Stopped(..)",
            Self::NoCursor(_) => "WeighedPermitError::NoCursor(..)",
        })
    }
}

impl<T> fmt::Display for WeighedPermitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooHeavy(_) => f.write_str("the item is heavier than its permit"),
            Self::Stopped(_) => PushErrorKind::Stopped.fmt(f),
            Self::NoCursor(_) => PushErrorKind::NoCursor.fmt(f),
        }
    }
}

impl<T> Error for WeighedPermitError<T> {}
