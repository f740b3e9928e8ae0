use alloc::{
    borrow::{Cow, ToOwned},
    boxed::Box,
    string::String,
};
use core::{any::Any, error::Error, fmt};
use std::sync::{Mutex, PoisonError};

/// Why a function gave no result: it said so, or it panicked.
#[derive(Debug)]
pub enum Failure<E> {
    /// The function's own error.
    Failed(E),
    /// It panicked.
    Panicked(Panic),
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Panicked(panic) => panic.fmt(f),
        }
    }
}

impl<E: Error> Error for Failure<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => error.source(),
            Self::Panicked(_) => None,
        }
    }
}

/// A panic that was caught.
pub struct Panic {
    message: Option<Cow<'static, str>>,
    /// Never locked but by its owner: it makes the panic `Sync`, as errors should be.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl Panic {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        let literal = payload.downcast_ref::<&'static str>().copied().map(Cow::Borrowed);
        let text = || payload.downcast_ref::<String>().map(|text| Cow::Owned(text.to_owned()));
        Self { message: literal.or_else(text), payload: Mutex::new(payload) }
    }

    /// What the panic said, if it was text.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// What the panic carried: for `std::panic::resume_unwind`.
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panic").field("message", &self.message()).finish_non_exhaustive()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => write!(f, "panicked: {message}"),
            None => f.write_str("panicked"),
        }
    }
}

impl Error for Panic {}
