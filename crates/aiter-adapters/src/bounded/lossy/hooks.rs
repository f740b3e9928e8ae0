//! Hidden functions for `aiter::inspect`, as those of the bounded list.

use aiter_core::WeakPusher;

use crate::bounded::lossy::{cursor::LossyCursor, weak::WeakLossyPusher};

impl<T> WeakLossyPusher<T> {
    /// Returns the weak pusher of the list inside. An upgraded pusher would cut no cursor.
    #[doc(hidden)]
    pub fn core(&self) -> &WeakPusher<T> {
        &self.list.core
    }

    /// Returns the number of items that a cursor may lag behind. Wait-free.
    #[doc(hidden)]
    pub fn max_capacity(&self) -> usize {
        self.list.cap
    }
}

impl<T> LossyCursor<T> {
    /// Returns the address of the list, which is unique as long as a handle of the list lives.
    #[doc(hidden)]
    pub fn list_id(&self) -> usize {
        self.list.core.list_id()
    }

    /// Returns the index of the item after the last read, in the order of the list. Wait-free.
    #[doc(hidden)]
    pub fn index(&self) -> usize {
        self.seat.position()
    }

    /// Cancels the registration of the task that waits at this cursor, as the drop of
    /// [`next`](Self::next) does.
    #[doc(hidden)]
    pub fn cancel_wait(&mut self) {
        self.deregister();
    }
}
