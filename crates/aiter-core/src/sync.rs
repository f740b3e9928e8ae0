//! Atomics, `Arc` and cells, either real or from a model checker. No other file chooses.
//!
//! `portable_atomic` re-exports the atomics of `core` if the target has compare-and-swap. Other
//! targets (thumbv6m, riscv32imc) get it from a back end that the final program chooses. Under
//! `cfg(loom)` and `cfg(shuttle)`, the same names come from the checker. `cfg(aiter_weaken)` wraps
//! them so that `ci/weaken.sh` can weaken an ordering.

#[cfg(all(test, loom))]
mod stories;
#[cfg(aiter_weaken)]
mod weaken;
#[cfg(aiter_weaken)]
pub(crate) use weaken::{AtomicBool, AtomicPtr, AtomicUsize, fence};

#[cfg(all(not(loom), not(shuttle), not(aiter_weaken)))]
pub(crate) use portable_atomic::{AtomicBool, AtomicPtr, AtomicUsize, fence};

#[cfg(all(loom, not(aiter_weaken)))]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, fence};

#[cfg(all(shuttle, not(loom)))]
pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, fence};

#[cfg(not(any(loom, shuttle)))]
pub(crate) use AtomicUsize as Hint;
/// A number that affects only speed, never a result. Checkers do not explore its values.
#[cfg(any(loom, shuttle))]
pub(crate) use portable_atomic::AtomicUsize as Hint;

pub(crate) use core::sync::atomic::Ordering;

#[cfg(all(not(loom), not(shuttle), target_has_atomic = "ptr"))]
pub(crate) use alloc::sync::Arc;
#[cfg(all(not(loom), not(shuttle), not(target_has_atomic = "ptr")))]
pub(crate) use portable_atomic_util::Arc;

#[cfg(loom)]
pub(crate) use loom::sync::Arc;
#[cfg(all(shuttle, not(loom)))]
pub(crate) use shuttle::sync::Arc;

/// Drops an `Arc`, and returns the value if it was the last reference.
#[cfg(not(any(loom, shuttle)))]
pub(crate) fn arc_into_inner<T>(arc: Arc<T>) -> Option<T> {
    Arc::into_inner(arc)
}

/// Drops an `Arc`, and returns the value if it was the last reference. A checker's `Arc` has no
/// `into_inner`, so concurrent calls may all return `None` here.
#[cfg(any(loom, shuttle))]
pub(crate) fn arc_into_inner<T>(arc: Arc<T>) -> Option<T> {
    Arc::try_unwrap(arc).ok()
}

/// The `Arc` and the trait for wakers. The trait of `alloc` requires the `Arc` of `alloc`, and the
/// `Arc` of a checker does not convert into a `Waker`.
pub(crate) use portable_atomic_util::{Arc as WakeArc, task::Wake};

#[cfg(loom)]
pub(crate) use loom::cell::UnsafeCell;

/// Number of wake-ups at which a ready node stops counting them. Small under a checker, so that
/// loom tests reach it.
pub(crate) const MAX_WAKES: usize = if IS_MODEL { 3 } else { usize::MAX };

/// `true` under a model checker, which explores small states and models no time.
pub(crate) const IS_MODEL: bool = cfg!(any(loom, shuttle));

/// `true` if a test needs more than the two slots that a block has under a model checker.
pub(crate) const HAS_FOUR_SLOTS: bool = option_env!("AITER_FOUR_SLOTS").is_some();

/// `true` if cells track their accesses, so that a block must construct each cell. Otherwise cells
/// are plain memory.
pub(crate) const CELLS_ARE_CHECKED: bool = cfg!(loom);

/// The cell of `core` with the closure interface of loom.
#[cfg(not(loom))]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T: ?Sized>(core::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    #[inline(always)]
    pub(crate) const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner()
    }

    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Yields to the checker's scheduler in a retry loop, so that the checker does not repeat the loop
/// without end.
#[cfg(loom)]
pub(crate) fn retry_hint() {
    loom::thread::yield_now();
}

/// Does nothing. If a compare-and-swap fails, another party has made progress, so the loop retries
/// at once.
#[cfg(not(loom))]
#[inline(always)]
pub(crate) fn retry_hint() {}
