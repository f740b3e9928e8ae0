//! The futures of shared cursors, which remove their wakers when they are dropped.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use alloc::vec::Vec;
use futures_core::{FusedFuture, Stream};

use crate::cursor::shared::SharedCursor;

impl<T> SharedCursor<T> {
    /// Waits for the next item of this taker and yields it, or `None` if the list has ended.
    ///
    /// If this future is dropped while it waits, it removes its waker, unlike the future of
    /// `StreamExt::next`. So the task gets no spurious wake-up for a later item.
    ///
    /// # Panics
    /// A poll panics as the [stream](Self#panics) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost and no other taker waits longer.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut taker = cursor.share();
    /// pusher.push("item")?;
    /// assert_eq!(taker.next().now_or_never(), Some(Some("item")));
    /// assert_eq!(taker.next().now_or_never(), None); // pending
    /// # Ok::<(), aiter_core::PushError<&str>>(())
    /// ```
    #[doc(alias = "recv")]
    #[expect(clippy::should_implement_trait, reason = "it replaces `StreamExt::next`")]
    pub fn next(&mut self) -> SharedNext<'_, T> {
        SharedNext { wait: Wait { taker: self, pending: false } }
    }

    /// Waits for an item, then appends up to `max` ready items to `buf` and yields how many it
    /// took.
    ///
    /// Yields 0 if the list has ended or `max` is 0.
    ///
    /// # Panics
    /// A poll panics as [`try_next_many`](Self::try_next_many) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost, because items move into `buf` only
    /// when the future is ready. If it is dropped while it waits, it removes its waker.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut taker = cursor.share();
    /// pusher.push_all(["a", "b"])?;
    /// drop(pusher);
    /// let mut buf = Vec::new();
    /// assert_eq!(taker.next_many(&mut buf, 100).now_or_never(), Some(2));
    /// assert_eq!(taker.next_many(&mut buf, 100).now_or_never(), Some(0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "recv_many")]
    pub fn next_many<'a>(&'a mut self, buf: &'a mut Vec<T>, max: usize) -> SharedNextMany<'a, T> {
        SharedNextMany { wait: Wait { taker: self, pending: false }, buf, max }
    }
}

/// A taker that a future borrows. If the future is dropped while it waits, removes the taker's
/// wakers.
pub(super) struct Wait<'a, T> {
    pub(super) taker: &'a mut SharedCursor<T>,
    /// The last poll returned `Pending` or panicked.
    pending: bool,
}

impl<T> Wait<'_, T> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        // Before the poll, so that a panic leaves `true`.
        self.pending = true;
        let polled = Pin::new(&mut *self.taker).poll_next(cx);
        self.pending = polled.is_pending();
        polled
    }
}

impl<T> Drop for Wait<'_, T> {
    fn drop(&mut self) {
        if self.pending {
            self.taker.cancel();
        }
    }
}

/// The future of [`SharedCursor::next`].
#[must_use = "futures do nothing unless polled"]
pub struct SharedNext<'a, T> {
    pub(super) wait: Wait<'a, T>,
}

impl<T> Future for SharedNext<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.wait.poll_next(cx)
    }
}

impl<T> FusedFuture for SharedNext<'_, T> {
    /// Returns `true` if the taker has returned the end.
    fn is_terminated(&self) -> bool {
        self.wait.taker.ended
    }
}

impl<T> fmt::Debug for SharedNext<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedNext").field("taker", &self.wait.taker).finish()
    }
}

/// The future of [`SharedCursor::next_many`].
#[must_use = "futures do nothing unless polled"]
pub struct SharedNextMany<'a, T> {
    pub(super) wait: Wait<'a, T>,
    pub(super) buf: &'a mut Vec<T>,
    max: usize,
}

impl<T> Future for SharedNextMany<'_, T> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let Self { wait, buf, max } = &mut *self;
        if *max == 0 {
            return Poll::Ready(0);
        }
        // Before an item is taken, because the allocation may panic.
        buf.reserve(1);
        wait.poll_next(cx).map(|item| {
            let Some(item) = item else { return 0 };
            buf.push(item);
            1 + wait.taker.try_next_many(buf, *max - 1)
        })
    }
}

impl<T> fmt::Debug for SharedNextMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedNextMany")
            .field("taker", &self.wait.taker)
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}
