//! Hidden functions for `aiter::inspect`, as those of the bounded list.

use crate::bounded::{
    weak::WeakBoundedPusher,
    weighed::{SharedWeighedCursor, WeighedCursor, WeighedPusher},
};

impl<T, W> WeighedPusher<T, W> {
    /// Makes a weak handle of the bounded list inside, whose counts are weights.
    #[doc(hidden)]
    pub fn downgrade_inner(&self) -> WeakBoundedPusher<impl Send + 'static + use<T, W>>
    where
        T: Send + 'static,
    {
        self.inner.downgrade()
    }
}

impl<T> WeighedCursor<T> {
    /// Returns the address of the list, which is unique as long as a handle of the list lives.
    #[doc(hidden)]
    pub fn list_id(&self) -> usize {
        self.inner.list_id()
    }

    /// Returns the index of the next item in the order of the list. Wait-free.
    #[doc(hidden)]
    pub fn index(&self) -> usize {
        self.inner.index()
    }

    /// Cancels the registration of the task that waits at this cursor, as the drop of
    /// [`next`](Self::next) does.
    #[doc(hidden)]
    pub fn cancel_wait(&mut self) {
        self.inner.cancel_wait();
    }
}

impl<T> SharedWeighedCursor<T> {
    /// Returns the address of the list, which is unique as long as a handle of the list lives.
    #[doc(hidden)]
    pub fn list_id(&self) -> usize {
        self.inner.list_id()
    }

    /// Cancels the registrations of the task that waits at this taker, as the drop of
    /// [`next`](Self::next) does.
    #[doc(hidden)]
    pub fn cancel_wait(&mut self) {
        self.inner.cancel_wait();
    }
}
