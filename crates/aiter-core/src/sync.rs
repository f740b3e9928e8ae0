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
pub(crate) const MAX_WAKES: usize = if cfg!(any(loom, shuttle)) { 3 } else { usize::MAX };

/// Maximum number of slots in a block. The state word of a block has a ready bit for each slot, an
/// unused bit, and the flags. The tag bits of a block's address must be able to hold the slot
/// number.
///
/// Two under a checker, so that each loom test crosses blocks. Four for tests of a block's inside.
pub(crate) const MAX_SLOTS: usize = if cfg!(any(loom, shuttle)) {
    if option_env!("AITER_FOUR_SLOTS").is_some() { 4 } else { 2 }
} else if usize::BITS >= 64 {
    61
} else {
    16
};

/// Initial number of `spin_loop` hints before a cursor that kept up with a run of items sleeps (see
/// `cursor/spin.rs`). The hints take a fraction of the time of a sleep and a wake-up.
///
/// Zero on targets where the producer may need the core of the cursor, and under checkers, which do
/// not model time.
pub(crate) const PAUSES: usize =
    if cfg!(any(loom, shuttle, miri)) || usize::BITS < 64 { 0 } else { 16 };

/// Number of `spin_loop` hints after a claim that lost to another claim, and before a taker checks
/// again. The number is fixed, so the spin waits for no other party. Zero if `PAUSES` is zero.
pub(crate) const RIVAL_PAUSES: usize = if PAUSES > 0 { 64 } else { 0 };

/// Number of items since the last sleep from which on a cursor or taker counts as keeping up. Below
/// it, each item may have needed a wake-up.
pub(crate) const KEPT_UP: usize = if cfg!(any(loom, shuttle)) { 1 } else { 8 };

/// Number of times that a taker that kept up checks again before it sleeps.
pub(crate) const LOOKS: usize = if cfg!(any(loom, shuttle)) {
    1
} else if PAUSES > 0 {
    4
} else {
    0
};

/// Maximum size of the retired blocks that a list keeps for producers while readers find items, in
/// bytes. Zero on targets with little memory.
pub(crate) const FREE_LIST_BYTES: usize = if usize::BITS >= 64 { 16 * 1024 } else { 0 };

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
