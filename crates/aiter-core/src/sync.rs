//! The only file that chooses between the real atomics and those of a model checker.
//!
//! `portable_atomic` is `core`'s own atomics wherever the target has them, and adds
//! compare-and-swap where it has not (thumbv6m, riscv32imc) through a back end that the final
//! program chooses. Under `cfg(loom)` and `cfg(shuttle)` the same names come from the checker. `cfg(aiter_weaken)`
//! puts a wrapper around them that can weaken an ordering (`ci/weaken.sh`).

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
/// A number that nothing depends on but the time that something takes. A checker does not explore it.
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

/// Gives up an `Arc`, and returns the value if it was the last one.
#[cfg(not(any(loom, shuttle)))]
pub(crate) fn arc_into_inner<T>(arc: Arc<T>) -> Option<T> {
    Arc::into_inner(arc)
}

/// A checker's `Arc` has no such method. This form may return `None` to all of several callers.
#[cfg(any(loom, shuttle))]
pub(crate) fn arc_into_inner<T>(arc: Arc<T>) -> Option<T> {
    Arc::try_unwrap(arc).ok()
}

/// What wakers are made of. Not `alloc`'s, whose trait has methods with an `alloc` receiver, and not a
/// checker's own, which is no `Waker`.
pub(crate) use portable_atomic_util::{Arc as WakeArc, task::Wake};

#[cfg(loom)]
pub(crate) use loom::cell::UnsafeCell;

/// Wake-ups of a ready node from which on they are counted no more. Few under a checker, which then gets
/// there.
pub(crate) const MAX_WAKES: usize = if cfg!(any(loom, shuttle)) { 3 } else { usize::MAX };

/// Slots a block holds at most: one ready bit each below an empty one and the flags of the block's state
/// word, and few enough for the tag bits of a block's address. Two under a checker, which then crosses blocks in
/// every story, or four, for what can only happen inside one.
pub(crate) const MAX_SLOTS: usize = if cfg!(any(loom, shuttle)) {
    if option_env!("AITER_FOUR_SLOTS").is_some() { 4 } else { 2 }
} else if usize::BITS >= 64 {
    61
} else {
    16
};

/// How many `spin_loop` hints a cursor that kept up with a run of items waits, once, before it goes
/// to sleep, at first (see `cursor/spin.rs`): a fraction of what a sleep and a wake-up cost the two sides. None where a core that waits
/// is a core that the producer needs, nor for checkers, which have no time.
pub(crate) const PAUSES: usize =
    if cfg!(any(loom, shuttle, miri)) || usize::BITS < 64 { 0 } else { 16 };

/// How many `spin_loop` hints a claim pauses that another one got ahead of, and a taker before each
/// further look. They wait for nobody: the number is fixed. None where there are none for a cursor.
pub(crate) const RIVAL_PAUSES: usize = if PAUSES > 0 { 64 } else { 0 };

/// A cursor or taker that has read so many items since it last slept is not one that is woken for each.
pub(crate) const KEPT_UP: usize = if cfg!(any(loom, shuttle)) { 1 } else { 8 };

/// How often a taker that kept up looks again before it goes to sleep.
pub(crate) const LOOKS: usize = if cfg!(any(loom, shuttle)) {
    1
} else if PAUSES > 0 {
    4
} else {
    0
};

/// So many bytes of read blocks are kept for producers while readers find something to read. None where
/// memory is scarce.
pub(crate) const FREE_LIST_BYTES: usize = if usize::BITS >= 64 { 16 * 1024 } else { 0 };

/// The checker's cells keep books and must be made; ours are plain memory.
pub(crate) const CELLS_ARE_CHECKED: bool = cfg!(loom);

/// `core`'s cell with loom's closure interface.
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

/// Tells the checker, which schedules by itself, that this loop waits for nobody but may retry.
#[cfg(loom)]
pub(crate) fn retry_hint() {
    loom::thread::yield_now();
}

/// A failed compare-and-swap means that another party made progress: nothing to wait for.
#[cfg(not(loom))]
#[inline(always)]
pub(crate) fn retry_hint() {}
