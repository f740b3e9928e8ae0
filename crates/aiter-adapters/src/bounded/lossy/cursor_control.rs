//! Methods of lossy cursors that concern the whole list: its end, its handles and its identity.

use crate::{
    bounded::lossy::{LossyPolicy, cursor::LossyCursor},
    sync::Arc,
};

impl<T> LossyCursor<T> {
    /// Stops the list from this side: refuses further pushes. The items that were pushed are still
    /// read.
    ///
    /// Does the same as [`LossyPusher::stop`](crate::LossyPusher::stop).
    ///
    /// # Panics
    /// Panics if a waker panics. The list is stopped, and all other tasks are woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, mut cursor) = bounded_lossy(2, LossyPolicy::DropOldest);
    /// pusher.push(1)?;
    /// cursor.close();
    /// assert!(pusher.push(2).is_err());
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert!(cursor.is_drained());
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[doc(alias = "stop")]
    pub fn close(&self) {
        // Without a pusher, the list has stopped.
        if let Some(core) = self.list.core.upgrade() {
            core.stop();
        }
    }

    /// Makes a cursor that receives the items that are pushed from now on.
    ///
    /// The new cursor has missed no item, also if this cursor was cut. Takes constant time at any
    /// backlog, under a short lock. If the list was stopped, the new cursor is at its end.
    ///
    /// # Panics
    /// Panics as [`Pusher::subscribe`](aiter_core::Pusher::subscribe) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, mut cursor) = bounded_lossy(2, LossyPolicy::DropOldest);
    /// pusher.push(1)?;
    /// let mut late = cursor.resubscribe();
    /// pusher.push(2)?;
    /// assert_eq!((cursor.try_next(), late.try_next()), (Ok(1), Ok(2)));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[doc(alias = "tail")]
    #[doc(alias = "new_receiver")]
    pub fn resubscribe(&self) -> Self
    where
        T: Clone + Sync,
    {
        Self::subscribe(&self.list)
    }

    /// Returns the number of items that the list keeps for cursors that lag. Wait-free.
    ///
    /// # Examples
    /// See [`policy`](Self::policy).
    pub fn max_capacity(&self) -> usize {
        self.list.cap
    }

    /// Returns what a cursor that lags loses. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (_pusher, cursor) = bounded_lossy::<u32>(8, LossyPolicy::DropOldest);
    /// assert_eq!((cursor.max_capacity(), cursor.policy()), (8, LossyPolicy::DropOldest));
    /// ```
    pub fn policy(&self) -> LossyPolicy {
        self.list.policy
    }

    /// Returns the number of pushers of the list. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, cursor) = bounded_lossy::<u32>(1, LossyPolicy::DropOldest);
    /// let _other = pusher.clone();
    /// assert_eq!((cursor.pusher_count(), cursor.cursor_count()), (2, 1));
    /// ```
    #[doc(alias = "sender_count")]
    #[doc(alias = "sender_strong_count")]
    pub fn pusher_count(&self) -> usize {
        self.list.core.pusher_count()
    }

    /// Returns the number of cursors of the list, without cursors that were cut off. Takes a short
    /// lock.
    ///
    /// # Examples
    /// See [`pusher_count`](Self::pusher_count).
    #[doc(alias = "receiver_count")]
    pub fn cursor_count(&self) -> usize {
        self.list.cursor_count()
    }

    /// Returns `true` if both cursors read the same list. Wait-free.
    ///
    /// [`LossyPusher::feeds`](crate::LossyPusher::feeds) compares a pusher and a cursor.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (_pusher, cursor) = bounded_lossy::<u32>(1, LossyPolicy::DropOldest);
    /// let (_other_pusher, other) = bounded_lossy(1, LossyPolicy::DropOldest);
    /// assert!(cursor.same_list(&cursor.fork()) && !cursor.same_list(&other));
    /// ```
    #[doc(alias = "same_channel")]
    pub fn same_list(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.list, &other.list)
    }
}
