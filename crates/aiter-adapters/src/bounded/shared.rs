//! `SharedBoundedCursor`, one of several takers at one position of a bounded list.
//!
//! `shared_next.rs` holds the reads that wait for an item.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{SharedCursor, TryNextError};
use alloc::vec::Vec;
use futures_core::{FusedStream, Stream};

use crate::{
    bounded::{cursor::BoundedCursor, list::Place},
    sync::Arc,
    util::Finally,
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
/// Panics as a [`SharedCursor`] does. Panics if the waker of a waiting producer panics; the item is
/// then lost to the takers. The room of an item that is lost to the takers is returned.
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
    pub(super) taker: SharedCursor<T>,
    pub(super) place: Arc<Place<T>>,
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
        let Self { taker, place } = self;
        let item = place.or_lost(taker, SharedCursor::take_lost, SharedCursor::try_next)?;
        place.advance(1);
        Ok(item)
    }

    /// Takes up to `max` ready items, appends them to `buf` and returns how many it took.
    ///
    /// Never waits. Returns the room of all of them at once. Returns 0 if no item is ready, if
    /// another taker has the position, or if `max` is 0.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does, or if `buf` cannot grow. The items that were taken
    /// before are in `buf`.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(2);
    /// let mut taker = cursor.share();
    /// pusher.try_push("a")?;
    /// pusher.try_push("b")?;
    /// let mut buf = Vec::new();
    /// assert_eq!(taker.try_next_many(&mut buf, 100), 2);
    /// assert_eq!((buf, pusher.capacity()), (vec!["a", "b"], 2));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "try_recv_many")]
    pub fn try_next_many(&mut self, buf: &mut Vec<T>, max: usize) -> usize {
        let (place, before) = (&*self.place, buf.len());
        // Also if the clone of a later item panics.
        let buf = Finally(buf, |buf| place.advance_run(buf.len() - before));
        place.or_lost(&mut self.taker, SharedCursor::take_lost, |taker| {
            taker.try_next_many(&mut *buf.0, max)
        })
    }

    /// Returns the number of items that were pushed and that no taker has taken; see
    /// [`SharedCursor::len`].
    ///
    /// # Examples
    /// See [`is_drained`](Self::is_drained).
    pub fn len(&self) -> usize {
        self.taker.len()
    }

    /// Returns `true` if [`len`](Self::len) is 0.
    ///
    /// # Examples
    /// See [`is_drained`](Self::is_drained).
    pub fn is_empty(&self) -> bool {
        self.taker.is_empty()
    }

    /// Returns `true` if the list was stopped, also with items left to take. Wait-free.
    ///
    /// # Examples
    /// See [`is_drained`](Self::is_drained).
    pub fn is_stopped(&self) -> bool {
        self.taker.is_stopped()
    }

    /// Returns `true` if the list was stopped and no item is left to take; see
    /// [`SharedCursor::is_drained`].
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(2);
    /// let mut taker = cursor.share();
    /// let other = taker.clone();
    /// assert!(taker.is_empty());
    /// pusher.try_push(1)?;
    /// drop(pusher);
    /// assert_eq!((taker.len(), other.len()), (1, 1));
    /// assert!(taker.is_stopped() && !taker.is_drained());
    /// assert_eq!(taker.try_next(), Ok(1));
    /// assert!(taker.is_drained() && other.is_drained());
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
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
        self.share_weighed(|_| 1)
    }

    /// `weigh` returns the room of an item.
    pub(super) fn share_weighed(self, weigh: fn(&T) -> usize) -> SharedBoundedCursor<T> {
        let Self { cursor, place } = self;
        SharedBoundedCursor { taker: cursor.share_weighed(weigh), place: Arc::new(place) }
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
        let Self { taker, place } = &mut *self;
        let polled =
            place.or_lost(taker, SharedCursor::take_lost, |taker| Pin::new(taker).poll_next(cx));
        if let Poll::Ready(Some(_)) = polled {
            place.advance(1);
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
