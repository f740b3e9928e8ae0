//! Reads of a lossy cursor that leave items out.

use aiter_core::{Cursor, TryNextError};

use crate::bounded::lossy::cursor::LossyCursor;

impl<T> LossyCursor<T> {
    /// Skips up to `n` ready items and returns how many it skipped.
    ///
    /// An item that is skipped does not count as [`missed`](Self::missed). No item is cloned, as in
    /// [`Cursor::skip_items`]. Never waits. The time grows with the number of items.
    ///
    /// # Panics
    /// Panics as [`Cursor::skip_items`] does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, mut cursor) = bounded_lossy(3, LossyPolicy::DropOldest);
    /// for n in 0..4 {
    ///     pusher.push(n)?;
    /// }
    /// assert_eq!((cursor.skip_items(2), cursor.missed()), (2, 1));
    /// assert_eq!(cursor.try_next(), Ok(3));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[doc(alias = "skip")]
    #[doc(alias = "advance_by")]
    pub fn skip_items(&mut self, n: usize) -> usize {
        self.read(|| 0, |cursor| cursor.skip_items(n))
    }

    /// Skips all ready items and returns how many it skipped.
    ///
    /// Skips as [`skip_items`](Self::skip_items) does. If a push is not finished, neither its item
    /// nor the items behind it are ready, so they are still to be read.
    ///
    /// # Panics
    /// Panics as [`skip_items`](Self::skip_items) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, mut cursor) = bounded_lossy(2, LossyPolicy::DropOldest);
    /// pusher.push("old")?;
    /// assert_eq!(cursor.seek_to_end(), 1);
    /// pusher.push("new")?;
    /// assert_eq!(cursor.try_next(), Ok("new"));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "clear")]
    pub fn seek_to_end(&mut self) -> usize {
        self.read(|| 0, Cursor::seek_to_end)
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
    /// `T::clone` panics, the newest item is still to be read.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    /// use aiter_core::TryNextError;
    ///
    /// let (pusher, mut cursor) = bounded_lossy(2, LossyPolicy::DropOldest);
    /// pusher.push("old")?;
    /// pusher.push("newest")?;
    /// assert_eq!(cursor.latest(), Ok("newest"));
    /// assert_eq!(cursor.latest(), Err(TryNextError::Empty));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "borrow_and_update")]
    #[doc(alias = "watch")]
    pub fn latest(&mut self) -> Result<T, TryNextError> {
        self.take(Cursor::latest)
    }
}
