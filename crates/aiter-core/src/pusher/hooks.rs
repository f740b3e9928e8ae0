//! Hidden functions for the bounded list of `aiter-adapters`.

use crate::pusher::Pusher;

impl<T> Pusher<T> {
    /// Returns the number of pushers of the list. Wait-free.
    #[doc(hidden)]
    pub fn pusher_count(&self) -> usize {
        self.list.handles.pushers()
    }
}
