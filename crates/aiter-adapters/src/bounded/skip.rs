//! Reads of a bounded cursor that leave items out.

use aiter_core::TryNextError;

use crate::bounded::cursor::BoundedCursor;

impl<T> BoundedCursor<T> {
    /// Skips up to `n` ready items and returns how many it skipped.
    ///
    /// No item is cloned, as in [`Cursor::skip_items`](aiter_core::Cursor::skip_items). Returns the
    /// room of all of them at once, and wakes the producers that it suffices for. Never waits. The
    /// time grows with the number of items.
    ///
    /// # Panics
    /// Panics as [`Cursor::skip_items`](aiter_core::Cursor::skip_items) does, or if the waker of a
    /// waiting producer panics. The room of the items that were skipped is returned, and all other
    /// producers are woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, mut cursor) = bounded(3);
    /// for n in 0..3 {
    ///     pusher.try_push(n)?;
    /// }
    /// assert_eq!((cursor.skip_items(2), pusher.capacity()), (2, 2));
    /// assert_eq!(cursor.try_next(), Ok(2));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[doc(alias = "skip")]
    #[doc(alias = "advance_by")]
    pub fn skip_items(&mut self, n: usize) -> usize {
        self.pass(|cursor| cursor.skip_items(n))
    }

    /// Skips all ready items and returns how many it skipped.
    ///
    /// Calls [`skip_items`](Self::skip_items) with the current [`len`](Self::len). If a push is not
    /// finished, neither its item nor the items behind it are ready, so they are still to be read.
    ///
    /// # Panics
    /// Panics as [`skip_items`](Self::skip_items) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, mut cursor) = bounded(2);
    /// pusher.try_push("old")?;
    /// pusher.try_push("older")?;
    /// let mut push = pusher.push("new");
    /// assert!((&mut push).now_or_never().is_none()); // the list is full
    /// assert_eq!(cursor.seek_to_end(), 2);
    /// assert!(push.now_or_never().expect("there is room").is_ok());
    /// assert_eq!(cursor.try_next(), Ok("new"));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "clear")]
    pub fn seek_to_end(&mut self) -> usize {
        self.skip_items(self.len())
    }

    /// Skips to the newest ready item and takes it.
    ///
    /// For readers that need only the last state. The items before it are skipped as by
    /// [`skip_items`](Self::skip_items). If a push is not finished, the newest ready item is the
    /// one before it. Never waits.
    ///
    /// # Errors
    /// Returns an error as [`try_next`](Self::try_next) does.
    ///
    /// # Panics
    /// Panics as [`skip_items`](Self::skip_items) or [`try_next`](Self::try_next) does. If
    /// `T::clone` panics, the newest item is still to be read. If the waker of a producer panics,
    /// it is dropped.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use aiter_core::TryNextError;
    ///
    /// let (pusher, mut cursor) = bounded(2);
    /// pusher.try_push("old")?;
    /// pusher.try_push("newest")?;
    /// assert_eq!(cursor.latest(), Ok("newest"));
    /// assert_eq!(cursor.latest(), Err(TryNextError::Empty));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "borrow_and_update")]
    #[doc(alias = "watch")]
    pub fn latest(&mut self) -> Result<T, TryNextError> {
        self.pass(|cursor| cursor.latest())
    }
}
