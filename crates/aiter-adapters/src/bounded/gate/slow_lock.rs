//! The lock of the slow paths.
//!
//! No user code runs under it, so it is held for a few steps at a time.
//!
//! With `std` it is a mutex. Without `std` it is a critical section, because an interrupt handler
//! may push. A handler that found a lock held by the thread that it has preempted could neither
//! wait nor continue. Critical sections nest, so the list's atomics and the allocator may have
//! sections of their own inside.

#[cfg(feature = "std")]
mod inner {
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
}

#[cfg(not(feature = "std"))]
mod inner {
    use core::{
        cell::RefCell,
        panic::{RefUnwindSafe, UnwindSafe},
    };

    use critical_section::Mutex;

    /// A value that is only accessed in critical sections.
    pub(in crate::bounded) struct SlowLock<T>(Mutex<RefCell<T>>);

    // As the mutex of `std`: what it guards is consistent at each possible panic.
    impl<T> UnwindSafe for SlowLock<T> {}
    impl<T> RefUnwindSafe for SlowLock<T> {}

    impl<T> SlowLock<T> {
        pub(in crate::bounded) fn new(value: T) -> Self {
            Self(Mutex::new(RefCell::new(value)))
        }

        /// Calls `f` in a critical section. `f` does not use the lock.
        #[inline]
        pub(in crate::bounded) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
            critical_section::with(|section| f(&mut self.0.borrow_ref_mut(section)))
        }
    }
}

pub(in crate::bounded) use inner::SlowLock;
