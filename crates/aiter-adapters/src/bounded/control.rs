//! Methods of `BoundedPusher` that manage the list: its end, subscription, memory and counts.

use aiter_core::Closed;

use crate::bounded::{cursor::BoundedCursor, pusher::BoundedPusher};

impl<T> BoundedPusher<T> {
    /// Returns how many items could be pushed now: 0 while a request waits in line.
    ///
    /// Scans the cursors under a lock.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(3);
    /// pusher.try_push(1)?;
    /// assert_eq!((pusher.capacity(), pusher.max_capacity(), pusher.len()), (2, 3, 1));
    /// # drop(cursor);
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn capacity(&self) -> usize {
        self.list.gate.room()
    }

    /// Returns the largest number of unread items. Wait-free.
    ///
    /// This is the `cap` of [`bounded`](crate::bounded()), or a quarter of the range of counts if
    /// that is less.
    ///
    /// # Examples
    /// See [`capacity`](Self::capacity).
    pub fn max_capacity(&self) -> usize {
        self.list.gate.cap()
    }

    /// Returns how many places are in use: items that a cursor has not read, and permits.
    ///
    /// Scans the cursors under a lock. Returns 0 if the list has no cursor.
    ///
    /// # Examples
    /// See [`capacity`](Self::capacity).
    pub fn len(&self) -> usize {
        self.list.gate.used()
    }

    /// Returns `true` if [`len`](Self::len) is 0.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, mut cursor) = bounded(2);
    /// pusher.try_push(1)?;
    /// assert!(!pusher.is_empty());
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert!(pusher.is_empty()); // all cursors have read all items
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns `true` if the list refuses items: it was stopped, or has no cursor. Wait-free.
    ///
    /// A list that was not stopped accepts items again after [`subscribe`](Self::subscribe).
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded::<u32>(1);
    /// assert!(!pusher.is_closed());
    /// drop(cursor);
    /// assert!(pusher.is_closed() && !pusher.is_stopped());
    /// ```
    #[doc(alias = "is_disconnected")]
    pub fn is_closed(&self) -> bool {
        self.core.is_closed()
    }

    /// Waits until the list accepts no items, as
    /// [`Pusher::closed`](aiter_core::Pusher::closed) does.
    ///
    /// # Panics
    /// See [`Pusher::closed`](aiter_core::Pusher::closed).
    ///
    /// # Cancel safety
    /// Cancel safe.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = bounded::<u32>(1);
    /// assert_eq!(pusher.closed().now_or_never(), None);
    /// drop(cursor);
    /// assert_eq!(pusher.closed().now_or_never(), Some(()));
    /// ```
    pub fn closed(&self) -> Closed<'_, T> {
        self.core.closed()
    }

    /// Stops the list and wakes every waiting task.
    ///
    /// Every cursor still receives the items that were pushed before. Later pushes are refused, and
    /// so are the pushes that wait and the permits that are out. A second call has no effect.
    ///
    /// # Panics
    /// Panics if a waker panics. The list is stopped, and all other tasks are woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use aiter_core::TryNextError;
    ///
    /// let (pusher, mut cursor) = bounded(2);
    /// pusher.try_push(1)?;
    /// pusher.stop();
    /// assert_eq!(pusher.try_push(2).unwrap_err().into_inner(), 2);
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn stop(&self) {
        self.list.stop(&self.core);
    }

    /// Returns `true` if the list was stopped. Wait-free.
    ///
    /// # Examples
    /// See [`is_closed`](Self::is_closed).
    pub fn is_stopped(&self) -> bool {
        self.core.is_stopped()
    }

    /// Makes a cursor that receives the items that are pushed from now on.
    ///
    /// Takes constant time at any backlog, under a short lock. If the list had no cursor, it
    /// accepts items again. From now on, pushes also wait for the new cursor; see
    /// [`BoundedCursor::fork`].
    ///
    /// # Panics
    /// Panics as [`Pusher::subscribe`](aiter_core::Pusher::subscribe) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, mut cursor) = bounded(2);
    /// pusher.try_push("early")?;
    /// let mut late = pusher.subscribe();
    /// pusher.try_push("late")?;
    /// assert_eq!((cursor.try_next(), late.try_next()), (Ok("early"), Ok("late")));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "tail")]
    pub fn subscribe(&self) -> BoundedCursor<T>
    where
        T: Clone + Sync,
    {
        BoundedCursor::subscribe(&self.list)
    }

    /// Links memory for `max_capacity` unread items, so that later calls of
    /// [`try_push`](Self::try_push) allocate nothing. The memory stays with the list.
    ///
    /// # Panics
    /// Panics as [`Pusher::reserve`](aiter_core::Pusher::reserve) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(256);
    /// pusher.preallocate();
    /// pusher.try_push(1)?;
    /// # drop(cursor);
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[track_caller]
    #[doc(alias = "with_capacity")]
    pub fn preallocate(&self) {
        self.core.reserve_unread(self.max_capacity());
    }

    /// Returns the number of cursors of the list. A shared cursor counts once. Wait-free.
    ///
    /// # Examples
    /// See [`pusher_count`](Self::pusher_count).
    #[doc(alias = "receiver_count")]
    pub fn cursor_count(&self) -> usize {
        self.core.cursor_count()
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
    /// let _takers = [cursor.fork().share(), cursor.fork().share()];
    /// assert_eq!((pusher.pusher_count(), pusher.cursor_count()), (2, 3));
    /// ```
    #[doc(alias = "sender_count")]
    pub fn pusher_count(&self) -> usize {
        self.core.pusher_count()
    }

    /// Returns `true` if both pushers push into the same list. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, _cursor) = bounded::<u32>(1);
    /// let (other, _other_cursor) = bounded(1);
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
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded::<u32>(1);
    /// let (other, _other_cursor) = bounded(1);
    /// assert!(pusher.feeds(&cursor) && !other.feeds(&cursor));
    /// ```
    #[doc(alias = "same_list")]
    pub fn feeds(&self, cursor: &BoundedCursor<T>) -> bool {
        self.core.feeds(&cursor.cursor)
    }
}
