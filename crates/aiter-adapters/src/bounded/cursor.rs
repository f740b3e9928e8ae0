//! `BoundedCursor`, the handle that reads a bounded list.
//!
//! `next.rs` holds the reads that wait for an item, `skip.rs` the reads that leave items out, and
//! `cursor_control.rs` what concerns the whole list.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{AvailableIter, Cursor, TryNextError};
use futures_core::{FusedStream, Stream};

use crate::{
    bounded::list::{BoundedList, Place},
    sync::Arc,
    util::Finally,
};

/// A reading position in a bounded list, and a stream of the items from that position on.
///
/// Reads as a [`Cursor`] does: every cursor receives every item, and the only cursor of a list
/// moves items out and needs no `T: Clone`. Each read returns the room of its item, and wakes a
/// producer if one waits for exactly this step.
///
/// Dropping the cursor returns its room at once and wakes the producers that it held up. If it is
/// the last cursor, each push that waits gets its item back.
///
/// # Progress
/// A read that no producer waits for costs one atomic addition more than that of a [`Cursor`] and
/// takes no lock.
///
/// # Panics
/// Panics as a [`Cursor`] does; the item is then not counted as read. Panics if the waker of a
/// waiting producer panics. The item of that read is then dropped, and all other producers are
/// woken.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream is dropped, no item and no wake-up of another task is
/// lost.
///
/// # Examples
/// ```
/// use aiter_adapters::bounded;
/// use futures_util::FutureExt;
///
/// let (pusher, mut cursor) = bounded(1);
/// pusher.try_push("one")?;
/// assert_eq!(cursor.next().now_or_never(), Some(Some("one")));
/// assert_eq!(cursor.next().now_or_never(), None); // pending
/// pusher.stop();
/// assert_eq!(cursor.next().now_or_never(), Some(None));
/// # Ok::<(), aiter_core::TryPushError<&str>>(())
/// ```
#[must_use = "a cursor that is not read stops the producers"]
#[doc(alias = "Receiver")]
pub struct BoundedCursor<T> {
    // Dropped before the place, also if the drop of an item panics.
    pub(super) cursor: Cursor<T>,
    pub(super) place: Place<T>,
}

impl<T> BoundedCursor<T> {
    pub(super) fn new(cursor: Cursor<T>, place: Place<T>) -> Self {
        Self { cursor, place }
    }

    pub(super) fn subscribe(list: &Arc<BoundedList<T>>) -> Self
    where
        T: Clone + Sync,
    {
        // No user code runs under the lock: the new cursor drops later what `subscribe` would drop.
        let (cursor, cell) = list.gate.subscribe(|| {
            let cursor = list.pusher.subscribe_without_reclaim();
            let index = cursor.index();
            (cursor, index)
        });
        Self::new(cursor, Place { list: list.clone(), cell })
    }

    /// Calls `read`, and returns the room of the items that it has passed, also if it panics. Calls
    /// wakers.
    pub(super) fn pass<R>(&mut self, read: impl FnOnce(&mut Cursor<T>) -> R) -> R {
        let (place, before) = (&self.place, self.cursor.index());
        let cursor = Finally(&mut self.cursor, |cursor| {
            place.advance_run(cursor.index().wrapping_sub(before));
        });
        read(&mut *cursor.0)
    }

    /// Takes the next item if one is ready. Never waits.
    ///
    /// # Errors
    /// - Returns [`TryNextError::Empty`] if no item is ready.
    /// - Returns [`TryNextError::Ended`] if the list was stopped and the cursor has read every
    ///   item.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use aiter_core::TryNextError;
    ///
    /// let (pusher, mut cursor) = bounded(1);
    /// pusher.try_push(1)?;
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[doc(alias = "try_recv")]
    #[inline]
    pub fn try_next(&mut self) -> Result<T, TryNextError> {
        let item = self.cursor.try_next()?;
        self.place.advance(1);
        Ok(item)
    }

    /// Makes a second cursor at the same position. Both cursors receive every item from here on.
    ///
    /// Takes constant time at any backlog, under a short lock.
    ///
    /// **A fork that is never read stops the producers**, after at most `cap` items. Read it, drop
    /// it, or keep a [`subscriber`](Self::subscriber), which holds no position.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/bounded_fork.svg"))]
    ///
    /// # Panics
    /// Panics as [`Cursor::fork`] does. The list is then unchanged.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, mut cursor) = bounded(1);
    /// let mut fork = cursor.fork();
    /// pusher.try_push(1)?;
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert!(pusher.try_push(2).is_err()); // the fork has not read 1
    /// assert_eq!(fork.try_next(), Ok(1));
    /// pusher.try_push(2)?;
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn fork(&self) -> Self
    where
        T: Clone + Sync,
    {
        // First, so that it holds the room of the items. It is left again if `fork` panics.
        let place = self.place.fork();
        Self { cursor: self.cursor.fork(), place }
    }

    /// Returns an iterator that borrows the ready items in order, without taking them.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(2);
    /// pusher.try_push(5)?;
    /// assert!(cursor.available_iter().eq(&[5]));
    /// assert_eq!(cursor.len(), 1);
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn available_iter(&self) -> AvailableIter<'_, T> {
        self.cursor.available_iter()
    }

    /// Returns the number of items that were pushed and that this cursor has not read. Permits do
    /// not count. Wait-free.
    ///
    /// # Examples
    /// See [`max_capacity`](Self::max_capacity).
    #[doc(alias = "lag")]
    pub fn len(&self) -> usize {
        self.cursor.len()
    }

    /// Returns `true` if [`len`](Self::len) is 0. Wait-free.
    ///
    /// # Examples
    /// See [`is_drained`](Self::is_drained).
    pub fn is_empty(&self) -> bool {
        self.cursor.is_empty()
    }

    /// Returns `true` if the list was stopped, also with items left to read. Wait-free.
    ///
    /// # Examples
    /// See [`is_drained`](Self::is_drained).
    pub fn is_stopped(&self) -> bool {
        self.cursor.is_stopped()
    }

    /// Returns `true` if the list was stopped and this cursor has read every item. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, mut cursor) = bounded(2);
    /// assert!(cursor.is_empty());
    /// pusher.try_push(1)?;
    /// drop(pusher);
    /// assert!(cursor.is_stopped() && !cursor.is_drained());
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert!(cursor.is_drained());
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn is_drained(&self) -> bool {
        self.cursor.is_drained()
    }
}

impl<T> FusedStream for BoundedCursor<T> {
    fn is_terminated(&self) -> bool {
        self.cursor.is_terminated()
    }
}

impl<T> Stream for BoundedCursor<T> {
    type Item = T;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let polled = Pin::new(&mut self.cursor).poll_next(cx);
        if let Poll::Ready(Some(_)) = polled {
            self.place.advance(1);
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.cursor.size_hint()
    }
}

impl<T> fmt::Debug for BoundedCursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedCursor")
            .field("len", &self.len())
            .field("is_stopped", &self.is_stopped())
            .finish_non_exhaustive()
    }
}
