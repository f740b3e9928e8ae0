//! Methods of bounded cursors that concern the whole list: its end, its handles and its identity.

use crate::{
    bounded::{cursor::BoundedCursor, shared::SharedBoundedCursor},
    sync::Arc,
};

impl<T> BoundedCursor<T> {
    /// Stops the list from this side: refuses further pushes. The items that were pushed are still
    /// read.
    ///
    /// Pushes that wait get their item back. Does the same as
    /// [`BoundedPusher::stop`](crate::BoundedPusher::stop).
    ///
    /// # Panics
    /// Panics if a waker panics. The list is stopped, and all other tasks are woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, mut cursor) = bounded(2);
    /// pusher.try_push(1)?;
    /// cursor.close();
    /// assert!(pusher.try_push(2).is_err());
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert!(cursor.is_drained());
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn close(&self) {
        self.place.list.close();
    }

    /// Makes a cursor that receives the items that are pushed from now on.
    ///
    /// Takes constant time at any backlog, under a short lock. From now on, pushes also wait for
    /// the new cursor; see [`fork`](Self::fork). If the list was stopped, the new cursor is at its
    /// end.
    ///
    /// # Panics
    /// Panics as [`Pusher::subscribe`](aiter_core::Pusher::subscribe) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, mut cursor) = bounded(2);
    /// pusher.try_push(1)?;
    /// let mut late = cursor.resubscribe();
    /// pusher.try_push(2)?;
    /// assert_eq!((cursor.try_next(), late.try_next()), (Ok(1), Ok(2)));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[doc(alias = "tail")]
    #[doc(alias = "new_receiver")]
    pub fn resubscribe(&self) -> Self
    where
        T: Clone + Sync,
    {
        Self::subscribe(&self.place.list)
    }

    /// Returns how many items could be pushed now: 0 while a request waits in line, and after the
    /// list was stopped.
    ///
    /// Scans the cursors under a lock.
    ///
    /// # Examples
    /// See [`max_capacity`](Self::max_capacity).
    pub fn capacity(&self) -> usize {
        if self.is_stopped() { 0 } else { self.place.list.gate.room() }
    }

    /// Returns the largest number of unread items. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(3);
    /// pusher.try_push(1)?;
    /// assert_eq!((cursor.capacity(), cursor.max_capacity(), cursor.len()), (2, 3, 1));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn max_capacity(&self) -> usize {
        self.place.list.gate.cap()
    }

    /// Returns the number of pushers of the list. Each [`OwnedPermit`](crate::OwnedPermit) counts
    /// as a pusher. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded::<u32>(1);
    /// let _other = pusher.clone();
    /// assert_eq!((cursor.pusher_count(), cursor.cursor_count()), (2, 1));
    /// ```
    #[doc(alias = "sender_count")]
    #[doc(alias = "sender_strong_count")]
    pub fn pusher_count(&self) -> usize {
        self.cursor.pusher_count()
    }

    /// Returns the number of cursors of the list. A shared cursor counts once. Wait-free.
    ///
    /// # Examples
    /// See [`pusher_count`](Self::pusher_count).
    #[doc(alias = "receiver_count")]
    pub fn cursor_count(&self) -> usize {
        self.cursor.cursor_count()
    }

    /// Returns `true` if both cursors read the same list. Wait-free.
    ///
    /// [`BoundedPusher::feeds`](crate::BoundedPusher::feeds) compares a pusher and a cursor.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (_pusher, cursor) = bounded::<u32>(1);
    /// let (_other_pusher, other) = bounded(1);
    /// assert!(cursor.same_list(&cursor.fork()) && !cursor.same_list(&other));
    /// ```
    #[doc(alias = "same_channel")]
    pub fn same_list(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.place.list, &other.place.list)
    }
}

impl<T> SharedBoundedCursor<T> {
    /// Stops the list as [`BoundedCursor::close`] does: refuses further pushes. The items that were
    /// pushed are still taken.
    ///
    /// # Panics
    /// Panics if a waker panics. The list is stopped, and all other tasks are woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(2);
    /// let mut taker = cursor.share();
    /// pusher.try_push(1)?;
    /// taker.close();
    /// assert!(pusher.try_push(2).is_err());
    /// assert_eq!(taker.try_next(), Ok(1));
    /// assert!(taker.is_drained());
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[doc(alias = "stop")]
    pub fn close(&self) {
        self.place.list.close();
    }

    /// Returns the number of pushers of the list. Each [`OwnedPermit`](crate::OwnedPermit) counts
    /// as a pusher. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded::<u32>(1);
    /// let taker = cursor.share();
    /// let _other = pusher.clone();
    /// assert_eq!(taker.pusher_count(), 2);
    /// ```
    #[doc(alias = "sender_count")]
    pub fn pusher_count(&self) -> usize {
        self.taker.pusher_count()
    }

    /// Returns `true` if both takers take from the same list, at any two positions. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (_pusher, cursor) = bounded::<u32>(1);
    /// let other = cursor.fork().share();
    /// assert!(cursor.share().same_list(&other));
    /// ```
    #[doc(alias = "same_channel")]
    pub fn same_list(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.place.list, &other.place.list)
    }
}
