//! Hidden functions for the bounded list of `aiter-adapters`.

use crate::{error::PushError, pusher::Pusher};

impl<T> Pusher<T> {
    /// Appends an item as [`push`](Self::push) does, and returns its index in the order of the list.
    #[doc(hidden)]
    #[inline]
    pub fn push_indexed(&self, item: T) -> Result<usize, PushError<T>> {
        self.list.push_indexed(item)
    }

    /// Returns the index of the next item to push. Lock-free.
    #[doc(hidden)]
    pub fn index(&self) -> usize {
        self.list.tail_index()
    }

    /// Returns the number of pushers of the list. Wait-free.
    #[doc(hidden)]
    pub fn pusher_count(&self) -> usize {
        self.list.handles.pushers()
    }
}
