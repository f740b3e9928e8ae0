//! Panics of user code that are passed from a task to the consumer.
//!
//! Without the feature `std` no panic can be caught. [`TaskPanic`] then has no values, and
//! [`catch`] only calls.

#[cfg(feature = "std")]
use {
    crate::caught_panic::CaughtPanic,
    alloc::boxed::Box,
    core::panic::AssertUnwindSafe,
    std::panic::{catch_unwind, resume_unwind},
};

/// A panic of user code that was caught in a task.
#[cfg(feature = "std")]
pub(crate) struct TaskPanic(Box<CaughtPanic>);

/// A panic of user code that was caught in a task. There is none without `std`.
#[cfg(not(feature = "std"))]
pub(crate) enum TaskPanic {}

impl TaskPanic {
    /// Resumes the panic in the caller. The panic hook does not run again.
    #[cfg(feature = "std")]
    #[cold]
    pub(crate) fn resume(self) -> ! {
        resume_unwind(self.0.into_payload())
    }

    /// Resumes the panic in the caller.
    #[cfg(not(feature = "std"))]
    pub(crate) fn resume(self) -> ! {
        match self {}
    }
}

/// Calls user code, and catches its panic.
///
/// `UnwindSafe` is not required, because the panic resumes in the consumer. The caller must leave
/// no state inconsistent that later calls share.
#[cfg(feature = "std")]
#[inline]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, TaskPanic> {
    catch_unwind(AssertUnwindSafe(f))
        .map_err(|payload| TaskPanic(Box::new(CaughtPanic::new(payload))))
}

/// Calls user code. A panic unwinds through this function.
#[cfg(not(feature = "std"))]
#[inline]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, TaskPanic> {
    Ok(f())
}
