//! `LossyCursor`, the handle that reads a lossy list.
//!
//! `next.rs` holds the reads that wait for an item, `skip.rs` the reads that leave items out,
//! `queries.rs` the queries, and `cursor_control.rs` what concerns the whole list.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{Cursor, TryNextError};
use futures_core::{FusedStream, Stream};

use crate::{
    bounded::lossy::{
        list::LossyList,
        seat::{Held, Seat},
    },
    sync::Arc,
};

/// A reading position in a lossy list, and a stream of the items from that position on.
///
/// Every cursor receives every item, in one order, as long as it is at most `cap` items behind the
/// last push. A push that leaves it further behind cuts it; the [`LossyPolicy`] says what the
/// cursor loses:
///
/// - [`LossyPolicy::DropOldest`]: the next read returns the oldest of the newest `cap` items.
///   [`missed`](Self::missed) counts the items that were lost, exactly. After `stop`, the newest
///   `cap` items are read, then the end.
/// - [`LossyPolicy::Disconnect`]: the stream ends for this cursor, and
///   [`is_lagged`](Self::is_lagged) returns `true`. A stream that ends because the list has ended
///   returns `false` there.
///
/// A cursor that is cut costs nothing until it is read or dropped. The only cursor of a list moves
/// items out and needs no `T: Clone`. Dropping the last cursor drops all items.
///
/// With [`LossyPolicy::DropOldest`], a cursor that is never read is a replay of the newest `cap`
/// items: each of its [forks](Self::fork) begins with these. The fork counts the items before them
/// as missed.
///
/// The cursor has no `share`. [`sharable`](crate::AiterExt::sharable) gives each of its items to
/// one of several tasks.
///
/// # Progress
/// A read takes the lock of its own cursor, which no other reader takes. A push that finds the lock
/// taken does not wait, and the cursor is not cut in the middle of a read. A cursor that was cut
/// takes the lock of the list at its next read. No user code runs under that lock.
///
/// # Panics
/// Panics as a [`Cursor`] does; the item is then still to be read. A cursor that was cut drops
/// items at its next read if no other cursor is behind it, and panics if `T::drop` does. No other
/// item is lost.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream is dropped, no item and no wake-up of another task is
/// lost.
///
/// # Examples
/// ```
/// use aiter_adapters::{LossyPolicy, bounded_lossy};
/// use futures_util::StreamExt;
///
/// # futures_executor::block_on(async {
/// let (pusher, mut cursor) = bounded_lossy(2, LossyPolicy::DropOldest);
/// for n in 1..=5 {
///     pusher.push(n).expect("the list has a cursor");
/// }
/// drop(pusher);
/// assert_eq!(cursor.by_ref().collect::<Vec<_>>().await, [4, 5]);
/// assert_eq!(cursor.missed(), 3);
/// # });
/// ```
///
/// [`LossyPolicy`]: crate::LossyPolicy
/// [`LossyPolicy::DropOldest`]: crate::LossyPolicy::DropOldest
/// [`LossyPolicy::Disconnect`]: crate::LossyPolicy::Disconnect
#[must_use = "a cursor that is not read loses items"]
#[doc(alias = "Receiver")]
pub struct LossyCursor<T> {
    pub(super) list: Arc<LossyList<T>>,
    pub(super) seat: Arc<Seat<T>>,
    pub(super) missed: usize,
    /// The index from which on lost items are not counted yet.
    uncounted_from: Option<usize>,
    /// The cursor has returned the end to its caller.
    pub(super) has_ended: bool,
}

/// Puts a cursor back into the seat of a cursor that was cut, and holds the seat. Returns `None` if
/// the cursor was cut off.
#[cold]
fn resume<'a, T>(
    list: &LossyList<T>,
    seat: &'a Arc<Seat<T>>,
    uncounted_from: &mut Option<usize>,
) -> Option<Held<'a, T>> {
    // Counted by the next read, also if the drop of an item panics here.
    uncounted_from.get_or_insert(seat.position());
    let cursor = list.resume(seat)?;
    let mut place = seat.hold();
    let cursor = place.insert(cursor);
    // The keeper moves some items at a time. User code: may drop items.
    cursor.skip_items(cursor.len().saturating_sub(list.cap));
    Some(place)
}

/// Counts the items that were lost before `index`.
#[cold]
fn count_missed(missed: &mut usize, uncounted_from: &mut Option<usize>, index: usize) {
    if let Some(from) = uncounted_from.take() {
        *missed = missed.wrapping_add(index.wrapping_sub(from));
    }
}

impl<T> LossyCursor<T> {
    pub(super) fn new(list: Arc<LossyList<T>>, seat: Arc<Seat<T>>) -> Self {
        Self { list, seat, missed: 0, uncounted_from: None, has_ended: false }
    }

    pub(super) fn subscribe(list: &Arc<LossyList<T>>) -> Self
    where
        T: Clone + Sync,
    {
        Self::new(list.clone(), list.subscribe())
    }

    /// Calls `read` with the core cursor, while no push can take it. If the cursor was cut, it
    /// first moves to the oldest item that is kept. Calls `at_end` instead if the cursor was cut
    /// off.
    #[inline]
    pub(super) fn read<R>(
        &mut self,
        at_end: impl FnOnce() -> R,
        read: impl FnOnce(&mut Cursor<T>) -> R,
    ) -> R {
        let Self { list, seat, missed, uncounted_from, .. } = self;
        let mut place = seat.hold();
        if place.is_none() {
            drop(place);
            let Some(resumed) = resume(list, seat, uncounted_from) else { return at_end() };
            place = resumed;
        }
        let Some(cursor) = place.as_mut() else { return at_end() };
        if uncounted_from.is_some() {
            count_missed(missed, uncounted_from, cursor.index());
        }
        let result = read(cursor);
        seat.set_position(cursor.index());
        result
    }

    /// Removes the waker that a poll has left.
    pub(super) fn deregister(&mut self) {
        let waker = self.seat.hold().as_mut().and_then(Cursor::take_waker);
        // User code, with the seat free.
        drop(waker);
    }

    /// Calls `query` with the core cursor, or `None` if the cursor is cut.
    pub(super) fn query<R>(&self, query: impl FnOnce(Option<&Cursor<T>>) -> R) -> R {
        query(self.seat.hold().as_ref())
    }

    /// Takes the next item if one is ready. Never waits.
    ///
    /// # Errors
    /// - Returns [`TryNextError::Empty`] if no item is ready.
    /// - Returns [`TryNextError::Ended`] if the list was stopped and the cursor has read every
    ///   item, or if the cursor was cut off.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    /// use aiter_core::TryNextError;
    ///
    /// let (pusher, mut cursor) = bounded_lossy(1, LossyPolicy::DropOldest);
    /// pusher.push("old")?;
    /// pusher.push("new")?;
    /// assert_eq!(cursor.try_next(), Ok("new"));
    /// assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "try_recv")]
    #[inline]
    pub fn try_next(&mut self) -> Result<T, TryNextError> {
        self.take(Cursor::try_next)
    }

    /// Takes an item by `take`, and notes the end.
    #[inline]
    pub(super) fn take(
        &mut self,
        take: impl FnOnce(&mut Cursor<T>) -> Result<T, TryNextError>,
    ) -> Result<T, TryNextError> {
        let taken = self.read(|| Err(TryNextError::Ended), take);
        if let Err(TryNextError::Ended) = taken {
            self.has_ended = true;
        }
        taken
    }

    /// Makes a second cursor at the same position. Both cursors receive every item from here on.
    ///
    /// The fork has missed no item yet. If this cursor is cut and was not read since, so is the
    /// fork: both are about to miss the same items. Takes constant time at any backlog, under a
    /// short lock.
    ///
    /// # Panics
    /// Panics as [`Cursor::fork`] does. The list is then unchanged.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, mut fast) = bounded_lossy(2, LossyPolicy::DropOldest);
    /// let mut slow = fast.fork();
    /// for n in 1..=3 {
    ///     pusher.push(n)?;
    ///     assert_eq!(fast.try_next(), Ok(n));
    /// }
    /// assert_eq!(slow.try_next(), Ok(2));
    /// assert_eq!((fast.missed(), slow.missed()), (0, 1));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn fork(&self) -> Self
    where
        T: Clone + Sync,
    {
        let mut fork = Self::new(self.list.clone(), self.list.fork(&self.seat));
        fork.uncounted_from = self.uncounted_from;
        fork
    }
}

impl<T> FusedStream for LossyCursor<T> {
    /// Returns `true` once this cursor has returned the end.
    fn is_terminated(&self) -> bool {
        self.has_ended
    }
}

impl<T> Stream for LossyCursor<T> {
    type Item = T;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let polled = self.read(|| Poll::Ready(None), |cursor| Pin::new(cursor).poll_next(cx));
        if let Poll::Ready(None) = polled {
            self.has_ended = true;
        }
        polled
    }

    /// The lower bound is at most `cap`, because the cursor may be cut; with
    /// [`LossyPolicy::Disconnect`](crate::LossyPolicy) it is 0. The upper bound is known once the
    /// list is stopped.
    fn size_hint(&self) -> (usize, Option<usize>) {
        // The mark is read before `len`, because after the stop `len` only falls.
        let is_over = self.is_stopped() || self.is_drained();
        let len = self.len();
        (len.min(self.kept()), is_over.then_some(len))
    }
}

impl<T> Drop for LossyCursor<T> {
    fn drop(&mut self) {
        self.list.leave(&self.seat);
    }
}

impl<T> fmt::Debug for LossyCursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossyCursor")
            .field("len", &self.len())
            .field("missed", &self.missed)
            .field("is_lagged", &self.is_lagged())
            .finish_non_exhaustive()
    }
}
