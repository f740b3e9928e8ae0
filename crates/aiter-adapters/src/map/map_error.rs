use core::{error::Error, fmt};

use crate::caught_panic::CaughtPanic;

/// The error of a function: its own, or a panic.
///
/// # Examples
/// See the example of [`MapTry::catch_panics`](crate::MapTry::catch_panics).
#[derive(Debug)]
pub enum MapError<E> {
    /// The function's own error.
    Failed(E),
    /// A panic of the function.
    Panicked(CaughtPanic),
}

impl<E: fmt::Display> fmt::Display for MapError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Panicked(panic) => panic.fmt(f),
        }
    }
}

impl<E: Error> Error for MapError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => error.source(),
            Self::Panicked(_) => None,
        }
    }
}
