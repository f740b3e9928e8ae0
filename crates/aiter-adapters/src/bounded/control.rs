//! Methods of `BoundedPusher` that manage the list: its end, subscription, memory and counts.

use aiter_core::Closed;
#[cfg(doc)]
use aiter_core::Pusher;

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
    pub fn max_capacity(&self) -> usize {
        self.list.gate.cap()
    }

    /// Returns how many places are in use: items that a cursor has not read, and permits.
    ///
    /// Scans the cursors under a lock. Returns 0 if the list has no cursor.
    pub fn len(&self) -> usize {
        self.list.gate.used()
    }

    /// Returns `true` if [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until the list accepts no items, as [`Pusher::closed`] does.
    ///
    /// # Panics
    /// See [`Pusher::closed`].
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
    /// Panics as [`Pusher::subscribe`] does.
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
        BoundedCursor::subscribe(&self.list, &self.core)
    }

    /// Links memory for `max_capacity` unread items, so that later calls of
    /// [`try_push`](Self::try_push) allocate nothing. The memory stays with the list.
    ///
    /// # Panics
    /// Panics as [`Pusher::reserve`] does.
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
    #[doc(alias = "receiver_count")]
    pub fn cursor_count(&self) -> usize {
        self.core.cursor_count()
    }

    /// Returns the number of pushers of the list. Each [`OwnedPermit`](crate::OwnedPermit) counts
    /// as a pusher. Wait-free.
    #[doc(alias = "sender_count")]
    pub fn pusher_count(&self) -> usize {
        self.core.pusher_count()
    }

    /// Returns `true` if both pushers push into the same list. Wait-free.
    #[doc(alias = "same_channel")]
    pub fn same_list(&self, other: &Self) -> bool {
        self.core.same_list(&other.core)
    }
}
