//! Methods of `WeighedPusher` that manage the list: its end and its counts.

use crate::bounded::weighed::pusher::WeighedPusher;

impl<T, W> WeighedPusher<T, W> {
    /// Returns the weight that could be pushed now: 0 while a request waits in line.
    ///
    /// Scans the cursors under a lock.
    ///
    /// # Examples
    /// See [`used`](Self::used).
    pub fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    /// Returns the largest total weight of unread items. Wait-free.
    ///
    /// This is the `cap` of [`bounded_by`](crate::bounded_by), or a quarter of the range of counts
    /// if that is less.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, _cursor) = bounded_by(8, |item: &&str| item.len());
    /// pusher.try_push("one")?;
    /// assert_eq!((pusher.capacity(), pusher.max_capacity()), (5, 8));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    pub fn max_capacity(&self) -> usize {
        self.inner.max_capacity()
    }

    /// Returns the weight in use: that of the items that a cursor has not read, and of permits.
    ///
    /// Scans the cursors under a lock. Returns 0 if the list has no cursor.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, cursor) = bounded_by(10, String::len);
    /// pusher.try_push("item".to_owned())?;
    /// let permit = pusher.try_reserve(5).expect("the list has room");
    /// assert_eq!((pusher.used(), pusher.capacity(), cursor.len()), (9, 1, 1));
    /// # drop(permit);
    /// # Ok::<(), aiter_core::TryPushError<String>>(())
    /// ```
    #[doc(alias = "len")]
    #[doc(alias = "weight")]
    pub fn used(&self) -> usize {
        self.inner.len()
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
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, mut cursor) = bounded_by(8, |item: &&str| item.len());
    /// pusher.try_push("one")?;
    /// pusher.stop();
    /// assert!(pusher.is_stopped());
    /// assert_eq!(pusher.try_push("two").unwrap_err().into_inner(), "two");
    /// assert_eq!(cursor.try_next(), Ok("one"));
    /// assert!(cursor.is_drained());
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    pub fn stop(&self) {
        self.inner.stop();
    }

    /// Returns `true` if the list was stopped. Wait-free.
    ///
    /// # Examples
    /// See [`stop`](Self::stop).
    pub fn is_stopped(&self) -> bool {
        self.inner.is_stopped()
    }

    /// Returns `true` if the list accepts no items: it was stopped, or has no cursor. Wait-free.
    ///
    /// [`closed`](Self::closed) waits for this.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, cursor) = bounded_by(8, String::len);
    /// assert!(!pusher.is_closed());
    /// drop(cursor);
    /// assert!(pusher.is_closed() && !pusher.is_stopped());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// Returns the number of cursors of the list. A shared cursor counts once. Wait-free.
    ///
    /// # Examples
    /// See [`pusher_count`](Self::pusher_count).
    #[doc(alias = "receiver_count")]
    pub fn cursor_count(&self) -> usize {
        self.inner.cursor_count()
    }

    /// Returns the number of pushers of the list. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, cursor) = bounded_by(8, String::len);
    /// let (_other, _fork) = (pusher.clone(), cursor.fork());
    /// assert_eq!((pusher.pusher_count(), pusher.cursor_count()), (2, 2));
    /// ```
    #[doc(alias = "sender_count")]
    pub fn pusher_count(&self) -> usize {
        self.inner.pusher_count()
    }

    /// Returns `true` if both pushers push into the same list. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, _cursor) = bounded_by(8, String::len);
    /// let (other, _other_cursor) = bounded_by(8, String::len);
    /// assert!(pusher.same_list(&pusher.clone()) && !pusher.same_list(&other));
    /// ```
    #[doc(alias = "same_channel")]
    pub fn same_list(&self, other: &Self) -> bool {
        self.inner.same_list(&other.inner)
    }
}
