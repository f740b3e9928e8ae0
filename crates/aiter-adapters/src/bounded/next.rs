//! The reads of a bounded cursor that wait for an item.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use alloc::vec::Vec;
use futures_core::{FusedFuture, FusedStream, Stream};

use crate::{bounded::cursor::BoundedCursor, util::Finally};

impl<T> BoundedCursor<T> {
    /// Waits for the next item and yields it, or `None` if the list has ended.
    ///
    /// # Panics
    /// A poll panics as the [stream](Self#panics) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, mut cursor) = bounded(1);
    /// pusher.try_push("item")?;
    /// assert_eq!(cursor.next().now_or_never(), Some(Some("item")));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[expect(clippy::should_implement_trait, reason = "it replaces `StreamExt::next`")]
    #[doc(alias = "recv")]
    pub fn next(&mut self) -> BoundedNext<'_, T> {
        BoundedNext { cursor: self }
    }

    /// Takes up to `max` ready items, appends them to `buf` and returns how many it took.
    ///
    /// Never waits. Returns the room of all of them at once. Returns 0 if no item is ready or `max`
    /// is 0. Reads a run as [`Cursor::try_next_many`](aiter_core::Cursor::try_next_many) does.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does, or if `buf` cannot grow. The items that were taken
    /// before are in `buf`.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, mut cursor) = bounded(2);
    /// pusher.try_push("a")?;
    /// pusher.try_push("b")?;
    /// let mut buf = Vec::new();
    /// assert_eq!(cursor.try_next_many(&mut buf, 100), 2);
    /// assert_eq!((buf, pusher.capacity()), (vec!["a", "b"], 2));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "try_recv_many")]
    pub fn try_next_many(&mut self, buf: &mut Vec<T>, max: usize) -> usize {
        let (place, before) = (&self.place, buf.len());
        // Also if the clone of a later item panics.
        let buf = Finally(buf, |buf| place.advance_run(buf.len() - before));
        self.cursor.try_next_many(&mut *buf.0, max)
    }

    /// Waits for an item, then appends up to `max` ready items to `buf` and yields how many it
    /// took.
    ///
    /// Returns the room of all of them at once. Yields 0 if the list has ended or `max` is 0.
    ///
    /// # Panics
    /// A poll panics as [`try_next_many`](Self::try_next_many) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost, because items move into `buf` only
    /// when the future is ready.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, mut cursor) = bounded(2);
    /// pusher.try_push("a")?;
    /// pusher.try_push("b")?;
    /// let mut buf = Vec::new();
    /// assert_eq!(cursor.next_many(&mut buf, 100).now_or_never(), Some(2));
    /// assert_eq!((buf, pusher.capacity()), (vec!["a", "b"], 2));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "recv_many")]
    pub fn next_many<'a>(&'a mut self, buf: &'a mut Vec<T>, max: usize) -> BoundedNextMany<'a, T> {
        BoundedNextMany { cursor: self, buf, max }
    }

    /// Polls for items as the future of [`next_many`](Self::next_many) does.
    pub fn poll_next_many(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut Vec<T>,
        max: usize,
    ) -> Poll<usize> {
        let (place, before) = (&self.place, buf.len());
        // Also if the clone of a later item panics.
        let buf = Finally(buf, |buf| place.advance_run(buf.len() - before));
        self.cursor.poll_next_many(cx, &mut *buf.0, max)
    }
}

/// The future of [`BoundedCursor::next`].
#[must_use = "futures do nothing unless polled"]
pub struct BoundedNext<'a, T> {
    cursor: &'a mut BoundedCursor<T>,
}

impl<T> Future for BoundedNext<'_, T> {
    type Output = Option<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut *self.cursor).poll_next(cx)
    }
}

impl<T> FusedFuture for BoundedNext<'_, T> {
    /// Returns `true` if the cursor has returned the end.
    fn is_terminated(&self) -> bool {
        self.cursor.is_terminated()
    }
}

impl<T> fmt::Debug for BoundedNext<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedNext").field("cursor", self.cursor).finish()
    }
}

/// The future of [`BoundedCursor::next_many`].
#[must_use = "futures do nothing unless polled"]
pub struct BoundedNextMany<'a, T> {
    cursor: &'a mut BoundedCursor<T>,
    buf: &'a mut Vec<T>,
    max: usize,
}

impl<T> Future for BoundedNextMany<'_, T> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let Self { cursor, buf, max } = &mut *self;
        cursor.poll_next_many(cx, buf, *max)
    }
}

impl<T> fmt::Debug for BoundedNextMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedNextMany")
            .field("cursor", self.cursor)
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}
