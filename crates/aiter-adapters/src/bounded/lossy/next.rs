//! The reads of a lossy cursor that wait for an item.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use alloc::vec::Vec;
use futures_core::{FusedFuture, FusedStream, Stream};

use crate::bounded::lossy::cursor::LossyCursor;

impl<T> LossyCursor<T> {
    /// Waits for the next item and yields it, or `None` if the list has ended or the cursor was cut
    /// off.
    ///
    /// # Panics
    /// A poll panics as the [stream](Self#panics) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, mut cursor) = bounded_lossy(1, LossyPolicy::DropOldest);
    /// pusher.push("item")?;
    /// assert_eq!(cursor.next().now_or_never(), Some(Some("item")));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[expect(clippy::should_implement_trait, reason = "it replaces `StreamExt::next`")]
    #[doc(alias = "recv")]
    pub fn next(&mut self) -> LossyNext<'_, T> {
        LossyNext { cursor: self }
    }

    /// Waits for an item, then appends up to `max` ready items to `buf` and yields how many it
    /// took.
    ///
    /// Takes the lock of the cursor once for all of them. Yields 0 if the list has ended, the cursor
    /// was cut off, or `max` is 0.
    ///
    /// # Panics
    /// A poll panics as the [stream](Self#panics) does, or if `buf` cannot grow. The items that were
    /// taken before are in `buf`.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost, because items move into `buf` only
    /// when the future is ready.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, mut cursor) = bounded_lossy(2, LossyPolicy::DropOldest);
    /// for item in ["a", "b", "c"] {
    ///     pusher.push(item)?;
    /// }
    /// let mut buf = Vec::new();
    /// assert_eq!(cursor.next_many(&mut buf, 100).now_or_never(), Some(2));
    /// assert_eq!((buf, cursor.missed()), (vec!["b", "c"], 1));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "recv_many")]
    pub fn next_many<'a>(&'a mut self, buf: &'a mut Vec<T>, max: usize) -> LossyNextMany<'a, T> {
        LossyNextMany { cursor: self, buf, max }
    }

    /// Polls for items as the future of [`next_many`](Self::next_many) does.
    pub fn poll_next_many(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut Vec<T>,
        max: usize,
    ) -> Poll<usize> {
        let polled = self.read(|cursor| cursor.poll_next_many(cx, buf, max));
        let polled = polled.unwrap_or(Poll::Ready(0));
        if max > 0 && polled == Poll::Ready(0) {
            self.has_ended = true;
        }
        polled
    }
}

/// The future of [`LossyCursor::next`].
#[must_use = "futures do nothing unless polled"]
pub struct LossyNext<'a, T> {
    cursor: &'a mut LossyCursor<T>,
}

impl<T> Future for LossyNext<'_, T> {
    type Output = Option<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut *self.cursor).poll_next(cx)
    }
}

impl<T> FusedFuture for LossyNext<'_, T> {
    /// Returns `true` if the cursor has returned the end.
    fn is_terminated(&self) -> bool {
        self.cursor.is_terminated()
    }
}

impl<T> fmt::Debug for LossyNext<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossyNext").field("cursor", self.cursor).finish()
    }
}

/// The future of [`LossyCursor::next_many`].
#[must_use = "futures do nothing unless polled"]
pub struct LossyNextMany<'a, T> {
    cursor: &'a mut LossyCursor<T>,
    buf: &'a mut Vec<T>,
    max: usize,
}

impl<T> Future for LossyNextMany<'_, T> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let Self { cursor, buf, max } = &mut *self;
        cursor.poll_next_many(cx, buf, *max)
    }
}

impl<T> fmt::Debug for LossyNextMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossyNextMany")
            .field("cursor", self.cursor)
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}
