//! Methods of `LossyPusher` that manage the list: its end, subscription and counts.

use aiter_core::Closed;

use crate::{
    bounded::lossy::{LossyPolicy, cursor::LossyCursor, pusher::LossyPusher},
    sync::Arc,
};

impl<T> LossyPusher<T> {
    /// Makes a cursor that receives the items that are pushed from now on.
    ///
    /// Takes constant time at any backlog, under a short lock. If the list had no cursor, it
    /// accepts items again.
    ///
    /// # Panics
    /// Panics as [`Pusher::subscribe`](aiter_core::Pusher::subscribe) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, cursor) = bounded_lossy(2, LossyPolicy::DropOldest);
    /// pusher.push("early")?;
    /// let mut late = pusher.subscribe();
    /// pusher.push("late")?;
    /// assert_eq!((late.try_next(), cursor.len()), (Ok("late"), 2));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "tail")]
    pub fn subscribe(&self) -> LossyCursor<T>
    where
        T: Clone + Sync,
    {
        LossyCursor::subscribe(&self.list)
    }

    /// Stops the list and wakes every waiting task.
    ///
    /// Every cursor still receives the items that were pushed before, and a cursor that was cut the
    /// newest `cap` of them. Later pushes are refused. A second call has no effect.
    ///
    /// # Panics
    /// Panics if a waker panics. The list is stopped, and all other tasks are woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    /// use aiter_core::TryNextError;
    ///
    /// let (pusher, mut cursor) = bounded_lossy(1, LossyPolicy::DropOldest);
    /// pusher.push(1)?;
    /// pusher.push(2)?;
    /// pusher.stop();
    /// assert_eq!(pusher.push(3).unwrap_err().into_inner(), 3);
    /// assert_eq!(cursor.try_next(), Ok(2));
    /// assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn stop(&self) {
        self.core.stop();
    }

    /// Returns `true` if the list was stopped. Wait-free.
    ///
    /// # Examples
    /// See [`is_closed`](Self::is_closed).
    pub fn is_stopped(&self) -> bool {
        self.core.is_stopped()
    }

    /// Returns `true` if the list refuses items: it was stopped, or has no cursor that was not cut
    /// off. Wait-free.
    ///
    /// A list that was not stopped accepts items again after [`subscribe`](Self::subscribe).
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, cursor) = bounded_lossy(1, LossyPolicy::Disconnect);
    /// pusher.push(1)?;
    /// assert!(!pusher.is_closed());
    /// pusher.push(2)?; // the only cursor is cut off
    /// assert!(pusher.is_closed() && !pusher.is_stopped());
    /// # drop(cursor);
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[doc(alias = "is_disconnected")]
    pub fn is_closed(&self) -> bool {
        self.core.is_closed()
    }

    /// Waits until the list accepts no items: it is stopped, its last cursor is dropped, or its
    /// last cursor is cut off.
    ///
    /// If `subscribe` revives the list after the wake-up and before the poll, the future waits on.
    ///
    /// # Panics
    /// See [`Pusher::closed`](aiter_core::Pusher::closed).
    ///
    /// # Cancel safety
    /// Cancel safe.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = bounded_lossy::<u32>(1, LossyPolicy::DropOldest);
    /// assert_eq!(pusher.closed().now_or_never(), None);
    /// drop(cursor);
    /// assert_eq!(pusher.closed().now_or_never(), Some(()));
    /// ```
    pub fn closed(&self) -> Closed<'_, T> {
        self.core.closed()
    }

    /// Returns how many items the slowest cursor is to read: at most `max_capacity`.
    ///
    /// Scans the cursors under a lock. Returns 0 if the list has no cursor.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, mut fast) = bounded_lossy(2, LossyPolicy::DropOldest);
    /// let slow = fast.fork();
    /// for n in 0..5 {
    ///     pusher.push(n)?;
    ///     assert_eq!(fast.try_next(), Ok(n));
    /// }
    /// assert_eq!((pusher.len(), fast.len(), slow.len()), (2, 0, 2));
    /// drop(slow);
    /// assert!(pusher.is_empty());
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn len(&self) -> usize {
        self.list.len(&self.core)
    }

    /// Returns `true` if [`len`](Self::len) is 0.
    ///
    /// # Examples
    /// See [`len`](Self::len).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of items that the list keeps for cursors that lag. Wait-free.
    ///
    /// This is the `cap` of [`bounded_lossy`](crate::bounded_lossy), or an eighth of the range of
    /// counts if that is less.
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
    /// let (pusher, _cursor) = bounded_lossy::<u32>(8, LossyPolicy::DropOldest);
    /// assert_eq!((pusher.max_capacity(), pusher.policy()), (8, LossyPolicy::DropOldest));
    /// ```
    pub fn policy(&self) -> LossyPolicy {
        self.list.policy
    }

    /// Returns the number of cursors of the list, without those that were cut off. Takes a short
    /// lock.
    ///
    /// # Examples
    /// See [`pusher_count`](Self::pusher_count).
    #[doc(alias = "receiver_count")]
    pub fn cursor_count(&self) -> usize {
        self.list.cursor_count()
    }

    /// Returns the number of pushers of the list. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, cursor) = bounded_lossy(1, LossyPolicy::Disconnect);
    /// let (_other, mut fork) = (pusher.clone(), cursor.fork());
    /// assert_eq!((pusher.pusher_count(), pusher.cursor_count()), (2, 2));
    /// pusher.push(1)?;
    /// assert_eq!(fork.try_next(), Ok(1));
    /// pusher.push(2)?; // `cursor` is cut off
    /// assert_eq!(pusher.cursor_count(), 1);
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[doc(alias = "sender_count")]
    pub fn pusher_count(&self) -> usize {
        self.core.pusher_count()
    }

    /// Returns `true` if both pushers push into the same list. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, _cursor) = bounded_lossy::<u32>(1, LossyPolicy::DropOldest);
    /// let (other, _other_cursor) = bounded_lossy(1, LossyPolicy::DropOldest);
    /// assert!(pusher.same_list(&pusher.clone()) && !pusher.same_list(&other));
    /// ```
    #[doc(alias = "same_channel")]
    pub fn same_list(&self, other: &Self) -> bool {
        self.core.same_list(&other.core)
    }

    /// Returns `true` if the cursor reads the list of this pusher. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, cursor) = bounded_lossy::<u32>(1, LossyPolicy::DropOldest);
    /// let (other, _other_cursor) = bounded_lossy(1, LossyPolicy::DropOldest);
    /// assert!(pusher.feeds(&cursor) && !other.feeds(&cursor));
    /// ```
    #[doc(alias = "same_list")]
    pub fn feeds(&self, cursor: &LossyCursor<T>) -> bool {
        Arc::ptr_eq(&self.list, &cursor.list)
    }
}
