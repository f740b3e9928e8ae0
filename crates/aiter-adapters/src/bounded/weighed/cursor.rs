//! `WeighedCursor`, the handle that reads a weighed list.
//!
//! `next.rs` holds the reads that wait for an item.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::TryNextError;
use futures_core::{FusedStream, Stream};

use crate::{
    bounded::{
        cursor::BoundedCursor,
        weighed::{Weighed, shared::SharedWeighedCursor},
    },
    util::Finally,
};

/// A reading position in a weighed list, and a stream of the items from that position on.
///
/// Reads as a [`BoundedCursor`](crate::BoundedCursor) does: every cursor receives every item, and
/// the only cursor of a list moves items out and needs no `T: Clone`. Each read returns the weight
/// of its item, and wakes a producer if one waits for this cursor.
///
/// Dropping the cursor returns its room at once and wakes the producers that it held up. If it is
/// the last cursor, each push that waits gets its item back.
///
/// # Progress
/// A read that no producer waits for takes no lock.
///
/// # Panics
/// Panics as a [`Cursor`](aiter_core::Cursor) does; the item is then not counted as read. Panics if
/// the waker of a waiting producer panics. The item of that read is then dropped, and all other
/// producers are woken.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream is dropped, no item and no wake-up of another task is
/// lost.
///
/// # Examples
/// ```
/// use aiter_adapters::bounded_by;
/// use futures_util::FutureExt;
///
/// let (pusher, mut cursor) = bounded_by(8, |item: &&str| item.len());
/// pusher.try_push("one")?;
/// assert_eq!(cursor.next().now_or_never(), Some(Some("one")));
/// assert_eq!(cursor.next().now_or_never(), None); // pending
/// pusher.stop();
/// assert_eq!(cursor.next().now_or_never(), Some(None));
/// # Ok::<(), aiter_core::TryPushError<&str>>(())
/// ```
#[must_use = "a cursor that is not read stops the producers"]
#[doc(alias = "Receiver")]
pub struct WeighedCursor<T> {
    pub(super) inner: BoundedCursor<Weighed<T>>,
}

impl<T> WeighedCursor<T> {
    pub(super) fn new(inner: BoundedCursor<Weighed<T>>) -> Self {
        Self { inner }
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
    /// use aiter_adapters::bounded_by;
    /// use aiter_core::TryNextError;
    ///
    /// let (pusher, mut cursor) = bounded_by(8, |item: &&str| item.len());
    /// pusher.try_push("one")?;
    /// assert_eq!(cursor.try_next(), Ok("one"));
    /// assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "try_recv")]
    #[inline]
    pub fn try_next(&mut self) -> Result<T, TryNextError> {
        let weighed = self.inner.cursor.try_next()?;
        Ok(weighed.into_item(&self.inner.place))
    }

    /// Makes a second cursor at the same position. Both cursors receive every item from here on.
    ///
    /// Takes constant time at any backlog, under a short lock. For a cursor that receives only
    /// later items, call [`seek_to_end`](Self::seek_to_end) of the fork.
    ///
    /// **A fork that is never read stops the producers**, after items of a total weight of at most
    /// `cap`. Read it or drop it.
    ///
    /// # Panics
    /// Panics as [`Cursor::fork`](aiter_core::Cursor::fork) does. The list is then unchanged.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, mut cursor) = bounded_by(8, |item: &&str| item.len());
    /// let mut fork = cursor.fork();
    /// pusher.try_push("12345")?;
    /// assert_eq!(cursor.try_next(), Ok("12345"));
    /// assert_eq!(pusher.capacity(), 3); // the fork has not read it
    /// assert_eq!(fork.try_next(), Ok("12345"));
    /// assert_eq!(pusher.capacity(), 8);
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    pub fn fork(&self) -> Self
    where
        T: Clone + Sync,
    {
        Self { inner: self.inner.fork() }
    }

    /// Turns the cursor into a position that several takers share. Each item goes to exactly one
    /// taker.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, cursor) = bounded_by(8, |item: &&str| item.len());
    /// let mut one = cursor.share();
    /// let mut two = one.clone();
    /// pusher.try_push("one")?;
    /// pusher.try_push("two")?;
    /// assert_eq!((one.try_next(), two.try_next()), (Ok("one"), Ok("two")));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "sharable_aiter")]
    pub fn share(self) -> SharedWeighedCursor<T> {
        SharedWeighedCursor::new(self.inner.share_weighed(|weighed| weighed.weight))
    }

    /// Skips up to `n` ready items, returns their room at once, and returns how many it skipped.
    ///
    /// No item is cloned. Never waits. The time grows with the number of items.
    ///
    /// # Panics
    /// Panics as [`Cursor::skip_items`](aiter_core::Cursor::skip_items) does, or if the waker of a
    /// waiting producer panics. The room of the items that were skipped is returned.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, mut cursor) = bounded_by(8, |item: &&str| item.len());
    /// pusher.try_push("one")?;
    /// pusher.try_push("three")?;
    /// assert_eq!((cursor.skip_items(1), pusher.used()), (1, 5));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "skip")]
    #[doc(alias = "advance_by")]
    pub fn skip_items(&mut self, n: usize) -> usize {
        let BoundedCursor { cursor, place } = &mut self.inner;
        let (mut items, mut weight) = (0, 0);
        for weighed in cursor.available_iter().take(n) {
            items += 1;
            weight += weighed.weight;
        }
        let end = cursor.index().wrapping_add(items);
        // If the drop of an item panics, the items that are left are still to be read.
        let cursor = Finally(cursor, |cursor| {
            let left = end.wrapping_sub(cursor.index());
            let unread: usize = cursor.available_iter().take(left).map(|item| item.weight).sum();
            place.advance_run(weight - unread);
        });
        cursor.0.skip_items(items)
    }

    /// Skips all ready items, returns their room at once, and returns how many it skipped.
    ///
    /// If a push is not finished, neither its item nor the items behind it are ready, so they are
    /// still to be read. Everything else is as in [`skip_items`](Self::skip_items).
    ///
    /// # Panics
    /// Panics as [`skip_items`](Self::skip_items) does.
    ///
    /// # Examples
    /// A fork that joins late:
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, mut cursor) = bounded_by(8, |item: &&str| item.len());
    /// pusher.try_push("early")?;
    /// let mut late = cursor.fork();
    /// assert_eq!(late.seek_to_end(), 1);
    /// pusher.try_push("new")?;
    /// assert_eq!((cursor.try_next(), late.try_next()), (Ok("early"), Ok("new")));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "subscribe")]
    #[doc(alias = "resubscribe")]
    pub fn seek_to_end(&mut self) -> usize {
        self.skip_items(self.len())
    }

    /// Stops the list from this side: refuses further pushes. The items that were pushed are still
    /// read.
    ///
    /// Pushes that wait get their item back. Does the same as
    /// [`WeighedPusher::stop`](crate::WeighedPusher::stop).
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
    /// cursor.close();
    /// assert_eq!(pusher.try_push("two").unwrap_err().into_inner(), "two");
    /// assert_eq!(cursor.try_next(), Ok("one"));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    pub fn close(&self) {
        self.inner.close();
    }

    /// Returns the number of items that were pushed and that this cursor has not read. Permits do
    /// not count. Wait-free.
    ///
    /// [`WeighedPusher::used`](crate::WeighedPusher::used) returns the weight for the slowest
    /// cursor.
    #[doc(alias = "lag")]
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Returns `true` if [`len`](Self::len) is 0. Wait-free.
    ///
    /// # Examples
    /// See [`is_drained`](Self::is_drained).
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Returns `true` if the list was stopped, also with items left to read. Wait-free.
    ///
    /// # Examples
    /// See [`is_drained`](Self::is_drained).
    pub fn is_stopped(&self) -> bool {
        self.inner.is_stopped()
    }

    /// Returns `true` if the list was stopped and this cursor has read every item. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, mut cursor) = bounded_by(8, |item: &&str| item.len());
    /// assert!(cursor.is_empty());
    /// pusher.try_push("one")?;
    /// drop(pusher);
    /// assert!(cursor.is_stopped() && !cursor.is_drained());
    /// assert_eq!(cursor.try_next(), Ok("one"));
    /// assert!(cursor.is_drained());
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    pub fn is_drained(&self) -> bool {
        self.inner.is_drained()
    }

    /// Returns `true` if both cursors read the same list. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (_pusher, cursor) = bounded_by(8, String::len);
    /// let (_other_pusher, other) = bounded_by(8, String::len);
    /// assert!(cursor.same_list(&cursor.fork()) && !cursor.same_list(&other));
    /// ```
    #[doc(alias = "same_channel")]
    pub fn same_list(&self, other: &Self) -> bool {
        self.inner.cursor.same_list(&other.inner.cursor)
    }
}

impl<T> FusedStream for WeighedCursor<T> {
    fn is_terminated(&self) -> bool {
        self.inner.is_terminated()
    }
}

impl<T> Stream for WeighedCursor<T> {
    type Item = T;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let BoundedCursor { cursor, place } = &mut self.inner;
        let polled = Pin::new(cursor).poll_next(cx);
        polled.map(|next| next.map(|weighed| weighed.into_item(place)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<T> fmt::Debug for WeighedCursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeighedCursor")
            .field("len", &self.len())
            .field("is_stopped", &self.is_stopped())
            .finish_non_exhaustive()
    }
}
