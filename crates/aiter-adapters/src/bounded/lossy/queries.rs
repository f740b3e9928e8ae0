//! Queries about what a lossy cursor has lost and is to read.

use aiter_core::Cursor;

use crate::bounded::lossy::{LossyPolicy, cursor::LossyCursor};

impl<T> LossyCursor<T> {
    /// Returns the number of items that this cursor has lost because it was too slow.
    ///
    /// The items are counted when the cursor is read again, so the count changes only in a read.
    /// The difference between two reads tells how many items are missing before the second item.
    /// Stays 0 with [`LossyPolicy::Disconnect`]. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, mut cursor) = bounded_lossy(1, LossyPolicy::DropOldest);
    /// for n in 0..10 {
    ///     pusher.push(n)?;
    /// }
    /// assert_eq!((cursor.is_lagged(), cursor.missed()), (true, 0));
    /// assert_eq!(cursor.try_next(), Ok(9));
    /// assert_eq!((cursor.is_lagged(), cursor.missed()), (false, 9));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[doc(alias = "Lagged")]
    pub fn missed(&self) -> usize {
        self.missed
    }

    /// Returns `true` if this cursor was cut and has not been read since.
    ///
    /// With [`LossyPolicy::Disconnect`], the cursor was cut off for good: its stream has ended
    /// although the list may go on. With [`LossyPolicy::DropOldest`], the next read misses items.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    /// use aiter_core::TryNextError;
    ///
    /// let (pusher, mut slow) = bounded_lossy(1, LossyPolicy::Disconnect);
    /// let mut fast = slow.fork();
    /// for n in 0..2 {
    ///     pusher.push(n)?;
    ///     assert_eq!(fast.try_next(), Ok(n));
    /// }
    /// assert_eq!(slow.try_next(), Err(TryNextError::Ended));
    /// assert!(slow.is_lagged() && !fast.is_lagged());
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[doc(alias = "Lagged")]
    pub fn is_lagged(&self) -> bool {
        self.query(|cursor| cursor.is_none())
    }

    /// Returns the number of items that this cursor is to read if no more are pushed.
    ///
    /// # Examples
    /// See [`is_drained`](Self::is_drained).
    #[doc(alias = "lag")]
    pub fn len(&self) -> usize {
        self.query(|cursor| cursor.map_or(self.kept(), Cursor::len))
    }

    /// Returns the number of items that a cursor reads after it was cut.
    pub(super) fn kept(&self) -> usize {
        match self.list.policy {
            LossyPolicy::DropOldest => self.list.cap,
            LossyPolicy::Disconnect => 0,
        }
    }

    /// Returns `true` if [`len`](Self::len) is 0.
    ///
    /// # Examples
    /// See [`is_drained`](Self::is_drained).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns `true` if the list was stopped, also with items left to read. Wait-free.
    ///
    /// # Examples
    /// See [`is_drained`](Self::is_drained).
    #[doc(alias = "is_closed")]
    pub fn is_stopped(&self) -> bool {
        self.list.core.is_stopped()
    }

    /// Returns `true` if this cursor has read every item that it will receive: the list was
    /// stopped, or the cursor was cut off.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, mut cursor) = bounded_lossy(1, LossyPolicy::DropOldest);
    /// assert!(cursor.is_empty());
    /// pusher.push(1)?;
    /// pusher.push(2)?;
    /// drop(pusher);
    /// assert_eq!(cursor.len(), 1); // the cursor misses the first item
    /// assert!(cursor.is_stopped() && !cursor.is_drained());
    /// assert_eq!(cursor.try_next(), Ok(2));
    /// assert!(cursor.is_drained());
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn is_drained(&self) -> bool {
        self.query(|cursor| cursor.map_or(self.kept() == 0, Cursor::is_drained))
    }
}
