//! Operations that move a cursor without reading items.

use crate::{cursor::Cursor, error::TryNextError};

impl<T> Cursor<T> {
    /// Skips up to `n` ready items and returns how many it skipped.
    ///
    /// No item is cloned, so a cursor can skip an item whose clone panics. A skipped item is
    /// dropped like an item that was read. This call drops it if every other cursor is past it and
    /// has since found nothing to read.
    ///
    /// Never waits. Lock-free. The time grows with the number of blocks.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/skip_items.svg"))]
    ///
    /// # Panics
    /// - Panics if `T::drop` panics. If that item is skipped by this call, so are the items behind
    ///   it in its block, up to `n`. If it was read before, call again.
    /// - Panics if the next block has [too many](Self::fork) cursors. The items of that block are
    ///   then still to be read.
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
    /// If a clone panics, its item is still to be read or skipped:
    /// ```
    /// use aiter_core::push_list;
    /// use std::panic::{AssertUnwindSafe, catch_unwind};
    ///
    /// struct Fragile(bool);
    ///
    /// impl Clone for Fragile {
    ///     fn clone(&self) -> Self {
    ///         assert!(!self.0, "a fragile item cannot be cloned");
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

    /// Skips all ready items and returns how many it skipped.
    ///
    /// Calls [`skip_items`](Self::skip_items) with the current [`len`](Self::len). If a push is not
    /// finished, neither its item nor the items behind it are ready, so they are still to be read.
    /// Lock-free.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/seek_to_end.svg"))]
    ///
    /// # Panics
    /// Panics as [`skip_items`](Self::skip_items) does.
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

    /// Skips to the newest ready item and takes it.
    ///
    /// For readers that need only the last state, like those of a watch channel. The items before
    /// it are skipped as by [`skip_items`](Self::skip_items), without a clone. If a push is not
    /// finished, the newest ready item is the one before it. Never waits. Lock-free. The time grows
    /// with the number of blocks.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/latest.svg"))]
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
    /// use aiter_core::{TryNextError, push_list};
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push_all(["old", "older", "newest"])?;
    /// assert_eq!(cursor.latest(), Ok("newest"));
    /// assert_eq!(cursor.latest(), Err(TryNextError::Empty));
    /// # Ok::<(), aiter_core::PushAllError<std::array::IntoIter<&str, 3>>>(())
    /// ```
    #[doc(alias = "borrow_and_update")]
    #[doc(alias = "watch")]
    pub fn latest(&mut self) -> Result<T, TryNextError> {
        let ready = self.raw.ready_slots().count_by_blocks();
        if ready > 1 {
            self.skip_items(ready - 1);
        }
        self.try_next()
    }

    /// Makes a cursor that receives the items that are pushed from now on.
    ///
    /// The new cursor is a [`fork`](Self::fork) that has skipped to the end. The time grows with
    /// the number of blocks that this cursor has not read.
    /// [`Pusher::subscribe`](crate::Pusher::subscribe) takes constant time. The item of a push that
    /// is not finished is skipped, too. Lock-free.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/resubscribe.svg"))]
    ///
    /// # Panics
    /// Panics as [`fork`](Self::fork) does, also for each block on the way.
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
