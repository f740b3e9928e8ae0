//! Hidden functions for the bounded list of `aiter-adapters`.

use crate::{
    cursor::Cursor,
    error::PushError,
    pusher::{Pusher, weak::WeakPusher},
};

impl<T> Pusher<T> {
    /// Appends an item as [`push`](Self::push) does, and returns its index in the order of the
    /// list.
    #[doc(hidden)]
    #[inline]
    pub fn push_indexed(&self, item: T) -> Result<usize, PushError<T>> {
        let mut index = 0;
        self.list.push(item, &mut index).map(|()| index)
    }

    /// Returns the index of the next item to push. Lock-free.
    #[doc(hidden)]
    pub fn index(&self) -> usize {
        self.list.tail_index()
    }
}

impl<T> WeakPusher<T> {
    /// Makes a cursor that receives the items that are pushed from now on, as
    /// [`Subscriber::subscribe`](crate::Subscriber::subscribe) does.
    #[doc(hidden)]
    pub fn subscribe(&self) -> Cursor<T>
    where
        T: Clone + Sync,
    {
        Cursor::at_tail(&self.list)
    }
}
