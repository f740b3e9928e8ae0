//! Panics of user code that travel from a task to the consumer.
//!
//! Without the feature `std` nothing can be caught: [`Caught`] has no values, and [`catch`] calls.

#[cfg(feature = "std")]
use {
    crate::failure::Panic,
    alloc::boxed::Box,
    core::panic::AssertUnwindSafe,
    std::panic::{catch_unwind, resume_unwind},
};

/// A panic that was caught.
#[cfg(feature = "std")]
pub(crate) struct Caught(Box<Panic>);

/// A panic that was caught: none ever is.
#[cfg(not(feature = "std"))]
pub(crate) enum Caught {}

impl Caught {
    /// Lets the panic go on in the caller. The panic hook does not run a second time.
    #[cfg(feature = "std")]
    #[cold]
    pub(crate) fn resume(self) -> ! {
        resume_unwind(self.0.into_payload())
    }

    /// Lets the panic go on in the caller.
    #[cfg(not(feature = "std"))]
    pub(crate) fn resume(self) -> ! {
        match self {}
    }
}

/// Calls user code.
///
/// The caller must leave nothing half-done that the code shares with later calls: no check of
/// `UnwindSafe` is made, because the panic goes on in the consumer.
#[cfg(feature = "std")]
#[inline]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Caught> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| Caught(Box::new(Panic::new(payload))))
}

/// Calls user code. A panic unwinds through.
#[cfg(not(feature = "std"))]
#[inline]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Caught> {
    Ok(f())
}
