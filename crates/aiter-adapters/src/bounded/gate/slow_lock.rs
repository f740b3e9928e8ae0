//! The lock of the slow paths.
//!
//! No user code runs under it, so it is held for a few instructions at a time.

use std::sync::PoisonError;

use crate::sync::Mutex;

/// A mutex that ignores poisoning: what it guards is consistent at each possible panic.
pub(in crate::bounded) struct SlowLock<T>(Mutex<T>);

impl<T> SlowLock<T> {
    pub(in crate::bounded) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Calls `f` under the lock.
    #[inline]
    pub(in crate::bounded) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
