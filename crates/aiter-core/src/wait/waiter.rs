//! The place of a cursor or a handle in a queue.

use core::task::{RawWakerVTable, Waker};

use crate::wait::slot::Place;

/// A handle's side of a queue. The queue outlives it, and does not move while it has a place.
pub(crate) struct Waiter {
    pub(super) place: Option<Place>,
    /// What tells the registered waker from others.
    pub(super) identity: (*const (), *const RawWakerVTable),
}

// SAFETY: a place leads to a slot of a queue that outlives the waiter; what is not atomic in it is
// handed over as the protocol says. `identity` is only compared.
unsafe impl Send for Waiter {}

// SAFETY: as above. The callers of what works by `&Waiter` have the handle mutably borrowed.
unsafe impl Sync for Waiter {}

impl Waiter {
    pub(crate) const fn new() -> Self {
        Self { place: None, identity: (core::ptr::null(), core::ptr::null()) }
    }

    /// Returns `true` if the queue may have a waker of this waiter.
    #[inline(always)]
    pub(crate) fn has_slept(&self) -> bool {
        self.place.is_some()
    }
}

pub(super) fn identity(waker: &Waker) -> (*const (), *const RawWakerVTable) {
    (waker.data(), waker.vtable())
}
