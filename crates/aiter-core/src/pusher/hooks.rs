//! Hidden functions for the bounded list of `aiter-adapters` and for `aiter::inspect`.

use crate::{
    cursor::Cursor,
    error::PushError,
    list::block::Block,
    pusher::{FIRST_INDEX, Pusher, weak::WeakPusher},
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

    /// Links blocks for `unread` items behind a cursor at any position, and keeps as many from now
    /// on.
    ///
    /// [`reserve`](Self::reserve) counts from the tail. A cursor may have read all items of a block
    /// and not have left it, so this is one block more.
    ///
    /// # Panics
    /// Panics as [`reserve`](Self::reserve) does.
    #[doc(hidden)]
    #[track_caller]
    pub fn reserve_unread(&self, unread: usize) {
        self.list.reserve(unread.saturating_add(Block::<T>::CAP));
    }

    /// Returns the index of the next item to push. Lock-free.
    #[doc(hidden)]
    pub fn index(&self) -> usize {
        self.list.tail_index()
    }
}

impl<T> WeakPusher<T> {
    /// Makes a cursor as [`Subscriber::subscribe`](crate::Subscriber::subscribe) does, and runs no
    /// user code: if it must drop items, the new cursor drops them when it finds nothing to read.
    ///
    /// # Panics
    /// Panics as [`Subscriber::subscribe`](crate::Subscriber::subscribe) does.
    #[doc(hidden)]
    pub fn subscribe_without_reclaim(&self) -> Cursor<T>
    where
        T: Clone + Sync,
    {
        Cursor::at_tail_without_reclaim(&self.list)
    }

    /// Returns the address of the list, which is unique as long as a handle of the list lives.
    #[doc(hidden)]
    pub fn list_id(&self) -> usize {
        self.list.id()
    }

    /// Returns the index of the first item of any list.
    #[doc(hidden)]
    pub fn first_index() -> usize {
        FIRST_INDEX
    }

    /// Returns the index of the next item to push. Lock-free.
    #[doc(hidden)]
    pub fn index(&self) -> usize {
        self.list.tail_index()
    }

    /// Returns what [`Pusher::retained`] returns. Lock-free.
    #[doc(hidden)]
    pub fn retained(&self) -> usize {
        self.list.retained()
    }

    /// Returns the number of cursors of the list. Wait-free.
    #[doc(hidden)]
    pub fn cursor_count(&self) -> usize {
        self.list.cursor_count()
    }
}
