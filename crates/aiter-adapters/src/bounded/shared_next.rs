//! The reads of a shared bounded cursor that wait for an item.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{SharedNext, SharedNextMany};
use alloc::vec::Vec;
use futures_core::FusedFuture;

use crate::{
    bounded::{list::Place, shared::SharedBoundedCursor},
    util::Finally,
};

impl<T> SharedBoundedCursor<T> {
    /// Waits for the next item of this taker and yields it, or `None` if the list has ended.
    ///
    /// If this future is dropped while it waits, it removes its waker, as
    /// [`SharedCursor::next`](aiter_core::SharedCursor::next) does.
    ///
    /// # Panics
    /// A poll panics as the [stream](Self#panics) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost and no other taker waits longer.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = bounded(1);
    /// let mut taker = cursor.share();
    /// let mut other = taker.clone();
    /// pusher.try_push(1)?;
    /// assert_eq!(taker.next().now_or_never(), Some(Some(1)));
    /// assert_eq!(other.next().now_or_never(), None); // pending
    /// drop(pusher);
    /// assert_eq!(other.next().now_or_never(), Some(None));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[expect(clippy::should_implement_trait, reason = "it replaces `StreamExt::next`")]
    #[doc(alias = "recv")]
    pub fn next(&mut self) -> SharedBoundedNext<'_, T> {
        SharedBoundedNext { next: self.taker.next(), place: &self.place }
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
    /// when the future is ready. If it is dropped while it waits, it removes its waker.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = bounded(2);
    /// let mut taker = cursor.share();
    /// pusher.try_push("a")?;
    /// pusher.try_push("b")?;
    /// let mut buf = Vec::new();
    /// assert_eq!(taker.next_many(&mut buf, 100).now_or_never(), Some(2));
    /// assert_eq!((buf, pusher.capacity()), (vec!["a", "b"], 2));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "recv_many")]
    pub fn next_many<'a>(
        &'a mut self,
        buf: &'a mut Vec<T>,
        max: usize,
    ) -> SharedBoundedNextMany<'a, T> {
        SharedBoundedNextMany { next: self.taker.next_many(buf, max), place: &self.place }
    }
}

/// The future of [`SharedBoundedCursor::next`].
#[must_use = "futures do nothing unless polled"]
pub struct SharedBoundedNext<'a, T> {
    next: SharedNext<'a, T>,
    place: &'a Place<T>,
}

impl<T> Future for SharedBoundedNext<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Self { next, place } = &mut *self;
        let polled = place.or_lost(next, SharedNext::take_lost, |next| Pin::new(next).poll(cx));
        if let Poll::Ready(Some(_)) = polled {
            place.advance(1);
        }
        polled
    }
}

impl<T> FusedFuture for SharedBoundedNext<'_, T> {
    /// Returns `true` if the taker has returned the end.
    fn is_terminated(&self) -> bool {
        self.next.is_terminated()
    }
}

impl<T> fmt::Debug for SharedBoundedNext<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBoundedNext").field("next", &self.next).finish_non_exhaustive()
    }
}

/// The future of [`SharedBoundedCursor::next_many`].
#[must_use = "futures do nothing unless polled"]
pub struct SharedBoundedNextMany<'a, T> {
    next: SharedNextMany<'a, T>,
    place: &'a Place<T>,
}

impl<T> Future for SharedBoundedNextMany<'_, T> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let Self { next, place } = &mut *self;
        let before = next.buf_len();
        // Also if the clone of a later item panics.
        let next = Finally(next, |next| place.advance_run(next.buf_len() - before));
        place.or_lost(&mut *next.0, SharedNextMany::take_lost, |next| Pin::new(next).poll(cx))
    }
}

impl<T> fmt::Debug for SharedBoundedNextMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBoundedNextMany").field("next", &self.next).finish_non_exhaustive()
    }
}
