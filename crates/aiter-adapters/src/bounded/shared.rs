//! `SharedBoundedCursor`, one of several takers at one position of a bounded list.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{SharedCursor, SharedNext, TryNextError};
use futures_core::{FusedFuture, FusedStream, Stream};

use crate::{
    bounded::{cursor::BoundedCursor, list::Place},
    sync::Arc,
};

/// A reading position of a bounded list that several takers share: each item goes to exactly one of
/// them.
///
/// [`BoundedCursor::share`](crate::BoundedCursor::share) makes the first taker, and
/// [`clone`](Clone::clone) makes more. Takers wait and are woken as those of a [`SharedCursor`]
/// are. The position counts as one cursor.
///
/// The room of an item is returned when its taker has it. For a moment, a taken item may still
/// count as unread. An item is never counted as read too early.
///
/// # Panics
/// Panics as a [`SharedCursor`] does. If `T::clone` panics, the item is lost to the takers, and its
/// room is returned only with the last taker. Panics if the waker of a waiting producer panics; the
/// item is then lost to the takers.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream is dropped, no item is lost and no other taker waits
/// longer.
///
/// # Examples
/// ```
/// use aiter_adapters::bounded;
///
/// let (pusher, cursor) = bounded(1);
/// let mut taker = cursor.share();
/// pusher.try_push(1)?;
/// assert_eq!(taker.try_next(), Ok(1));
/// pusher.try_push(2)?;
/// # Ok::<(), aiter_core::TryPushError<i32>>(())
/// ```
#[must_use = "a position without a reader stops the producers"]
#[doc(alias = "sharable_aiter")]
pub struct SharedBoundedCursor<T> {
    // Dropped before the place. So the last place is left after the last taker was dropped.
    taker: SharedCursor<T>,
    place: Arc<Place<T>>,
}

impl<T> SharedBoundedCursor<T> {
    /// Takes the next item if one is ready. Never waits.
    ///
    /// # Errors
    /// Returns [`TryNextError`] as [`SharedCursor::try_next`] does.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does.
    #[doc(alias = "try_recv")]
    #[inline]
    pub fn try_next(&mut self) -> Result<T, TryNextError> {
        let item = self.taker.try_next()?;
        self.place.advance(1);
        Ok(item)
    }

    /// Waits for the next item of this taker and yields it, or `None` if the list has ended.
    ///
    /// If this future is dropped while it waits, it removes its waker, as [`SharedCursor::next`]
    /// does.
    ///
    /// # Panics
    /// A poll panics as the [stream](Self#panics) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost and no other taker waits longer.
    #[expect(clippy::should_implement_trait, reason = "it replaces `StreamExt::next`")]
    #[doc(alias = "recv")]
    pub fn next(&mut self) -> SharedBoundedNext<'_, T> {
        SharedBoundedNext { next: self.taker.next(), place: &self.place }
    }

    /// Returns the number of items that were pushed and that no taker has taken; see
    /// [`SharedCursor::len`].
    pub fn len(&self) -> usize {
        self.taker.len()
    }

    /// Returns `true` if [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.taker.is_empty()
    }

    /// Returns `true` if the list was stopped, also with items left to take. Wait-free.
    pub fn is_stopped(&self) -> bool {
        self.taker.is_stopped()
    }

    /// Returns `true` if the list was stopped and no item is left to take; see
    /// [`SharedCursor::is_drained`].
    pub fn is_drained(&self) -> bool {
        self.taker.is_drained()
    }
}

impl<T> BoundedCursor<T> {
    /// Turns the cursor into a position that several takers share. Each item goes to exactly one
    /// taker.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(2);
    /// let mut one = cursor.share();
    /// let mut two = one.clone();
    /// pusher.try_push(1)?;
    /// pusher.try_push(2)?;
    /// assert_eq!((one.try_next(), two.try_next()), (Ok(1), Ok(2)));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[doc(alias = "sharable_aiter")]
    pub fn share(self) -> SharedBoundedCursor<T> {
        let Self { cursor, place } = self;
        SharedBoundedCursor { taker: cursor.share(), place: Arc::new(place) }
    }
}

impl<T> Clone for SharedBoundedCursor<T> {
    /// Makes another taker at the same position. The new taker has not returned the end yet.
    fn clone(&self) -> Self {
        Self { taker: self.taker.clone(), place: self.place.clone() }
    }
}

impl<T> FusedStream for SharedBoundedCursor<T> {
    fn is_terminated(&self) -> bool {
        self.taker.is_terminated()
    }
}

impl<T> Stream for SharedBoundedCursor<T> {
    type Item = T;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let polled = Pin::new(&mut self.taker).poll_next(cx);
        if let Poll::Ready(Some(_)) = polled {
            self.place.advance(1);
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.taker.size_hint()
    }
}

impl<T> fmt::Debug for SharedBoundedCursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBoundedCursor")
            .field("is_stopped", &self.is_stopped())
            .finish_non_exhaustive()
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
        let polled = Pin::new(&mut self.next).poll(cx);
        if let Poll::Ready(Some(_)) = polled {
            self.place.advance(1);
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
