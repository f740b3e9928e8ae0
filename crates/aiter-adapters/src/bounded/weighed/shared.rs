//! `SharedWeighedCursor`, one of several takers at one position of a weighed list.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{SharedCursor, SharedNext, TryNextError};
use futures_core::{FusedFuture, FusedStream, Stream};

use crate::bounded::{list::Place, shared::SharedBoundedCursor, weighed::Weighed};

/// A reading position of a weighed list that several takers share: each item goes to exactly one of
/// them.
///
/// [`WeighedCursor::share`](crate::WeighedCursor::share) makes the first taker, and
/// [`clone`](Clone::clone) makes more. The position counts as one cursor. Everything else is as in
/// a [`SharedBoundedCursor`](crate::SharedBoundedCursor).
///
/// # Panics
/// Panics as a [`SharedBoundedCursor`](crate::SharedBoundedCursor) does.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream is dropped, no item is lost and no other taker waits
/// longer.
///
/// # Examples
/// ```
/// use aiter_adapters::bounded_by;
///
/// let (pusher, cursor) = bounded_by(8, |item: &&str| item.len());
/// let mut taker = cursor.share();
/// pusher.try_push("12345")?;
/// assert_eq!(taker.try_next(), Ok("12345"));
/// assert_eq!(pusher.capacity(), 8);
/// # Ok::<(), aiter_core::TryPushError<&str>>(())
/// ```
#[must_use = "a position without a reader stops the producers"]
#[doc(alias = "sharable_aiter")]
pub struct SharedWeighedCursor<T> {
    pub(super) inner: SharedBoundedCursor<Weighed<T>>,
}

impl<T> SharedWeighedCursor<T> {
    pub(super) fn new(inner: SharedBoundedCursor<Weighed<T>>) -> Self {
        Self { inner }
    }

    /// Takes the next item if one is ready. Never waits.
    ///
    /// # Errors
    /// Returns [`TryNextError`] as [`SharedCursor::try_next`](aiter_core::SharedCursor::try_next)
    /// does.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does.
    #[doc(alias = "try_recv")]
    #[inline]
    pub fn try_next(&mut self) -> Result<T, TryNextError> {
        let SharedBoundedCursor { taker, place } = &mut self.inner;
        let weighed = place.or_lost(taker, SharedCursor::take_lost, SharedCursor::try_next)?;
        Ok(weighed.into_item(place))
    }

    /// Waits for the next item of this taker and yields it, or `None` if the list has ended.
    ///
    /// If this future is dropped while it waits, it removes its waker.
    ///
    /// # Panics
    /// A poll panics as the [stream](Self#panics) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost and no other taker waits longer.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = bounded_by(8, |item: &&str| item.len());
    /// let mut taker = cursor.share();
    /// let mut other = taker.clone();
    /// pusher.try_push("one")?;
    /// assert_eq!(taker.next().now_or_never(), Some(Some("one")));
    /// assert_eq!(other.next().now_or_never(), None); // pending
    /// drop(pusher);
    /// assert_eq!(other.next().now_or_never(), Some(None));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[expect(clippy::should_implement_trait, reason = "it replaces `StreamExt::next`")]
    #[doc(alias = "recv")]
    pub fn next(&mut self) -> SharedWeighedNext<'_, T> {
        SharedWeighedNext { next: self.inner.taker.next(), place: &self.inner.place }
    }

    /// Returns the number of items that were pushed and that no taker has taken; see
    /// [`SharedCursor::len`](aiter_core::SharedCursor::len).
    ///
    /// # Examples
    /// See [`is_drained`](Self::is_drained).
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Returns `true` if [`len`](Self::len) is 0.
    ///
    /// # Examples
    /// See [`is_drained`](Self::is_drained).
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Returns `true` if the list was stopped, also with items left to take. Wait-free.
    ///
    /// # Examples
    /// See [`is_drained`](Self::is_drained).
    pub fn is_stopped(&self) -> bool {
        self.inner.is_stopped()
    }

    /// Returns `true` if the list was stopped and no item is left to take; see
    /// [`SharedCursor::is_drained`](aiter_core::SharedCursor::is_drained).
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, cursor) = bounded_by(8, |item: &&str| item.len());
    /// let mut taker = cursor.share();
    /// assert!(taker.is_empty());
    /// pusher.try_push("one")?;
    /// drop(pusher);
    /// assert_eq!(taker.len(), 1);
    /// assert!(taker.is_stopped() && !taker.is_drained());
    /// assert_eq!(taker.try_next(), Ok("one"));
    /// assert!(taker.is_drained());
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    pub fn is_drained(&self) -> bool {
        self.inner.is_drained()
    }
}

impl<T> Clone for SharedWeighedCursor<T> {
    /// Makes another taker at the same position. The new taker has not returned the end yet.
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<T> FusedStream for SharedWeighedCursor<T> {
    fn is_terminated(&self) -> bool {
        self.inner.is_terminated()
    }
}

impl<T> Stream for SharedWeighedCursor<T> {
    type Item = T;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let SharedBoundedCursor { taker, place } = &mut self.inner;
        let polled =
            place.or_lost(taker, SharedCursor::take_lost, |taker| Pin::new(taker).poll_next(cx));
        polled.map(|next| next.map(|weighed| weighed.into_item(place)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<T> fmt::Debug for SharedWeighedCursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedWeighedCursor")
            .field("is_stopped", &self.is_stopped())
            .finish_non_exhaustive()
    }
}

/// The future of [`SharedWeighedCursor::next`].
#[must_use = "futures do nothing unless polled"]
pub struct SharedWeighedNext<'a, T> {
    next: SharedNext<'a, Weighed<T>>,
    place: &'a Place<Weighed<T>>,
}

impl<T> Future for SharedWeighedNext<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Self { next, place } = &mut *self;
        let polled = place.or_lost(next, SharedNext::take_lost, |next| Pin::new(next).poll(cx));
        polled.map(|next| next.map(|weighed| weighed.into_item(place)))
    }
}

impl<T> FusedFuture for SharedWeighedNext<'_, T> {
    /// Returns `true` if the taker has returned the end.
    fn is_terminated(&self) -> bool {
        self.next.is_terminated()
    }
}

impl<T> fmt::Debug for SharedWeighedNext<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedWeighedNext").field("next", &self.next).finish_non_exhaustive()
    }
}
