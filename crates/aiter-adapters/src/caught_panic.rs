use alloc::{
    borrow::{Cow, ToOwned},
    boxed::Box,
    string::String,
};
use core::{any::Any, error::Error, fmt};
use std::sync::{Mutex, PoisonError};

/// A panic that was caught, with its payload.
///
/// # Examples
/// ```
/// use aiter_adapters::{AiterExt, CaughtPanic};
/// use futures_util::{FutureExt, StreamExt, stream};
///
/// let inverse = |n: u32| async move { 100 / n };
/// let mut inverses = stream::iter([0]).map_par(1, inverse).catch_panics();
/// let caught: CaughtPanic = inverses.next().now_or_never().flatten().unwrap().unwrap_err();
/// assert_eq!(caught.message(), Some("attempt to divide by zero"));
/// let resumed = std::panic::catch_unwind(|| std::panic::resume_unwind(caught.into_payload()));
/// assert!(resumed.is_err());
/// ```
pub struct CaughtPanic {
    message: Option<Cow<'static, str>>,
    /// The mutex is never contended. It makes the panic `Sync`, as errors should be.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl CaughtPanic {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        let literal = payload.downcast_ref::<&'static str>().copied().map(Cow::Borrowed);
        let text = || payload.downcast_ref::<String>().map(|text| Cow::Owned(text.to_owned()));
        Self { message: literal.or_else(text), payload: Mutex::new(payload) }
    }

    /// Returns the message of the panic, if the payload is text.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Returns the payload, for example for `std::panic::resume_unwind`.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CaughtPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaughtPanic").field("message", &self.message()).finish_non_exhaustive()
    }
}

impl fmt::Display for CaughtPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => write!(f, "panicked: {message}"),
            None => f.write_str("panicked"),
        }
    }
}

impl Error for CaughtPanic {}
