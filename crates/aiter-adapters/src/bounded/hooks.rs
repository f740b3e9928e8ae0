//! Hidden functions for `aiter::inspect`, and for wrappers of a cursor.

use aiter_core::WeakPusher;

#[cfg(doc)]
use crate::bounded::pusher::BoundedPusher;
use crate::bounded::{cursor::BoundedCursor, shared::SharedBoundedCursor, weak::WeakBoundedPusher};

impl<T> WeakBoundedPusher<T> {
    /// Returns the weak pusher of the list behind the gate. An upgraded pusher would not ask the
    /// gate.
    #[doc(hidden)]
    pub fn core(&self) -> &WeakPusher<T> {
        &self.list.pusher
    }

    /// Returns how many places are in use, as [`BoundedPusher::len`] does.
    #[doc(hidden)]
    pub fn used(&self) -> usize {
        self.list.gate.used()
    }

    /// Returns the largest number of places in use. Wait-free.
    #[doc(hidden)]
    pub fn max_capacity(&self) -> usize {
        self.list.gate.cap()
    }

    /// Returns the number of requests that wait for room. Goes through all of them under a lock.
    #[doc(hidden)]
    pub fn waiting(&self) -> usize {
        self.list.gate.waiting()
    }
}

impl<T> BoundedCursor<T> {
    /// Returns the address of the list, which is unique as long as a handle of the list lives.
    #[doc(hidden)]
    pub fn list_id(&self) -> usize {
        self.cursor.list_id()
    }

    /// Returns the index of the next item in the order of the list. Wait-free.
    #[doc(hidden)]
    pub fn index(&self) -> usize {
        self.cursor.index()
    }

    /// Cancels the registration of the task that waits at this cursor, as the drop of
    /// [`next`](Self::next) does.
    #[doc(hidden)]
    pub fn cancel_wait(&mut self) {
        self.cursor.cancel_wait();
    }
}

impl<T> SharedBoundedCursor<T> {
    /// Returns the address of the list, which is unique as long as a handle of the list lives.
    #[doc(hidden)]
    pub fn list_id(&self) -> usize {
        self.taker.list_id()
    }

    /// Cancels the registrations of the task that waits at this taker, as the drop of
    /// [`next`](Self::next) does.
    #[doc(hidden)]
    pub fn cancel_wait(&mut self) {
        self.taker.cancel_wait();
    }
}
