//! Cursors that move without reading.

use crate::cursor::Cursor;

impl<T> Cursor<T> {
    /// Skips up to `n` items that are ready, and returns how many.
    ///
    /// No item is cloned, so this also gets a cursor past an item whose clone panics. A skipped
    /// item is dropped as one that was read: here if every other cursor is past it and has found
    /// nothing to read since. Never waits. The time that it takes grows with the number of blocks
    /// of items.
    ///
    /// # Panics
    /// Panics if the drop of an item does. If it is a skipped item, the items behind it in its
    /// block that were to be skipped are skipped all the same. If it is one that was read before,
    /// call again. Panics if there are [too many](Self::fork) cursors in the block of items that
    /// comes next; what is in that block is then still to be read.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push_all(0..5)?;
    /// assert_eq!(cursor.skip_items(3), 3);
    /// assert_eq!(cursor.try_next(), Ok(3));
    /// assert_eq!(cursor.skip_items(3), 1);
    /// # Ok::<(), aiter_core::PushAllError<std::ops::Range<i32>>>(())
    /// ```
    ///
    /// A clone that panics leaves its item to be read:
    /// ```
    /// use aiter_core::push_list;
    /// use std::panic::{AssertUnwindSafe, catch_unwind};
    ///
    /// struct Fragile(bool);
    ///
    /// impl Clone for Fragile {
    ///     fn clone(&self) -> Self {
    ///         assert!(!self.0, "no copy of this one");
    ///         Self(false)
    ///     }
    /// }
    ///
    /// let (pusher, mut cursor) = push_list();
    /// let other = cursor.fork();
    /// pusher.push_all([Fragile(true), Fragile(false)]).unwrap();
    /// assert!(catch_unwind(AssertUnwindSafe(|| cursor.try_next().is_ok())).is_err());
    /// assert_eq!(cursor.skip_items(1), 1);
    /// assert!(cursor.try_next().is_ok());
    /// # drop(other);
    /// ```
    #[doc(alias = "skip")]
    #[doc(alias = "advance_by")]
    pub fn skip_items(&mut self, n: usize) -> usize {
        let skipped = self.raw.skip_ready(&self.list, n);
        if skipped > 0 && self.raw.is_idle() {
            self.set_active();
        }
        self.raw.give_back(&self.list);
        skipped
    }

    /// Skips all items that are ready, and returns how many.
    ///
    /// As [`skip_items`](Self::skip_items), up to the end of the list as it is now. If a push is
    /// not finished, neither its item nor the items behind it are ready: the cursor reads them when
    /// they come.
    ///
    /// # Panics
    /// As [`skip_items`](Self::skip_items).
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push_all(["old", "older"])?;
    /// assert_eq!(cursor.seek_to_end(), 2);
    /// pusher.push("new")?;
    /// assert_eq!(cursor.try_next(), Ok("new"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek_to_end(&mut self) -> usize {
        let items = self.raw.distance(&self.list);
        self.skip_items(items)
    }

    /// A cursor that sees what is pushed from now on, as
    /// [`Pusher::subscribe`](crate::Pusher::subscribe) makes one.
    ///
    /// It is a [`fork`](Self::fork) that skips to the end, so it takes longer the more blocks of
    /// items this cursor lags behind. An item whose push has begun is skipped when it comes.
    ///
    /// # Panics
    /// As [`fork`](Self::fork), or if there are too many cursors in a block of items on the way.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push(1)?;
    /// let mut late = cursor.resubscribe();
    /// pusher.push(2)?;
    /// assert_eq!(late.try_next(), Ok(2));
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    #[doc(alias = "tail")]
    pub fn resubscribe(&self) -> Self
    where
        T: Clone + Sync,
    {
        let mut cursor = self.fork();
        let items = cursor.raw.distance(&cursor.list);
        let skipped = cursor.raw.skip_ready(&cursor.list, items);
        cursor.raw.skip_unpublished(items - skipped);
        cursor
    }
}
