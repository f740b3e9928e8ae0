//! One position, several takers.
//!
//! A small try-lock (the *gate*) guards the position. Under it a taker claims one item, and no user
//! code runs: a clone is made outside, with the block held. No taker blocks on the gate. A taker
//! that finds it closed pauses a fixed number of times, then registers in `lock_waiters`, sets
//! `CONTENDED` and returns `Pending`. The taker that opens a contended gate wakes all of these, and
//! they retry.
//!
//! A taker that finds nothing sleeps at the list, as a cursor does, so a push wakes every taker. A
//! woken taker may rest without a poll, and then keeps no item from the others.
//!
//! # Ordering policy
//! The gate hands the position from one holder to the next: Release when it opens, Acquire when it
//! closes. A mark on it is a Release, taken by the opener's Acquire, for the registration.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use alloc::vec::Vec;
use futures_core::{FusedStream, Stream};

use crate::{
    cursor::{
        Cursor,
        gate::{Found, Gate, OPEN, Place, Shared, pause},
    },
    error::TryNextError,
    sync::{Arc, AtomicUsize, KEPT_UP, LOOKS, Ordering, UnsafeCell},
    wait::{queue::WaitQueue, waiter::Waiter},
};

// What a taker is left with goes by these, also if user code panics: the first is a waker that it
// calls when it opens the gate.

/// One of several takers at one position: each item goes to exactly one of them.
///
/// Made by [`Cursor::share`]; clone it for more takers. Each taker sees its items in the list's
/// order. The position counts as one cursor: it moves items if it is the only one, else it clones
/// them.
///
/// A push wakes every taker that waits, as a rule beginning with the taker that has waited longest.
/// The taker that is polled first takes the item; the others wait again. So a taker that is woken
/// and then rests, or is dropped, keeps no item from the others. The price is a wake-up for each
/// waiting taker.
///
/// Taking is lock-free for the producers and for other cursors. Among the takers, a try-lock is
/// held for a few instructions, in which no user code runs. A taker that finds it closed pauses a
/// fixed number of times, then sleeps and is woken. A taker that kept up with a run of items also
/// looks again a fixed number of times before it sleeps.
///
/// # Panics
/// Panics if the drop of an item does that all readers have read, in a taker that finds nothing.
/// Panics if `T::clone` panics, on a list with other cursors, or if the waker of another taker
/// does. That item is lost to the takers. Panics if there are [too many](Cursor::fork) cursors in
/// the block of items at hand; the item is then still to be taken.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream is dropped, no item is lost and no other taker waits
/// longer. The future of the inherent [`next`](Self::next) also takes its waker back if it is
/// dropped while it waits.
#[must_use = "streams do nothing unless polled"]
#[doc(alias = "sharable_aiter")]
pub struct SharedCursor<T> {
    shared: Arc<Shared<T>>,
    /// At the list.
    waiter: Waiter,
    /// At the gate.
    lock_waiters: Waiter,
    /// Number of items that this taker has taken since it last slept.
    run: usize,
    /// The queue keeps no waker of this taker, and the taker was not told of the end.
    is_awake: bool,
    /// Whether the end was handed out.
    pub(super) ended: bool,
}

impl<T> SharedCursor<T> {
    pub(crate) fn new(cursor: Cursor<T>) -> Self {
        let (list, raw) = cursor.into_parts();
        let place = Place { gate: AtomicUsize::new(OPEN), raw: UnsafeCell::new(raw) };
        let (lock_waiters, len) = (WaitQueue::new(), AtomicUsize::new(0));
        Self::of(Arc::new(Shared { place, list, lock_waiters, len }))
    }

    fn of(shared: Arc<Shared<T>>) -> Self {
        let (waiter, lock_waiters) = (Waiter::new(), Waiter::new());
        Self { shared, waiter, lock_waiters, run: 0, is_awake: true, ended: false }
    }

    /// Takes the next item if one is ready.
    ///
    /// Never waits: if another taker is at the position, this one pauses a fixed number of times.
    ///
    /// # Errors
    /// - [`TryNextError::Empty`] if no item is ready.
    /// - [`TryNextError::Ended`] if no item will ever be ready.
    /// - [`TryNextError::Contended`] if another taker is still at the position after the pauses.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::{TryNextError, push_list};
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut taker = cursor.share();
    /// pusher.push(1)?;
    /// assert_eq!(taker.try_next(), Ok(1));
    /// assert_eq!(taker.try_next(), Err(TryNextError::Empty));
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    #[inline]
    pub fn try_next(&mut self) -> Result<T, TryNextError> {
        if self.is_awake {
            self.shared.take_known().or_else(|closed| self.try_next_slow(closed))
        } else {
            self.try_next_slow(false)
        }
    }

    /// `closed`: the gate is closed by this taker.
    #[inline(never)]
    fn try_next_slow(&mut self, closed: bool) -> Result<T, TryNextError> {
        let result = self.take_slow(closed);
        if let Err(TryNextError::Ended) = result {
            self.end();
        }
        result
    }

    /// As `try_next`, for a caller that does not tell of the end: so the taker stays registered.
    #[inline]
    fn take_untold(&mut self) -> Result<T, TryNextError> {
        if self.is_awake {
            self.shared.take_known().or_else(|closed| self.take_slow(closed))
        } else {
            self.take_slow(false)
        }
    }

    /// `closed`: the gate is closed by this taker.
    #[inline(never)]
    fn take_slow(&mut self, closed: bool) -> Result<T, TryNextError> {
        self.set_active();
        self.shared.try_take(closed)
    }

    /// Takes up to `max` items that are ready now, appends them to `buf` and returns how many.
    ///
    /// Never waits. Returns 0 if no item is ready, if another taker is at the position, or if `max`
    /// is 0.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does, or if `buf` cannot grow. The items that were taken
    /// before are in `buf`.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut taker = cursor.share();
    /// pusher.push_all(0..5)?;
    /// let mut buf = Vec::new();
    /// assert_eq!(taker.try_next_many(&mut buf, 3), 3);
    /// assert_eq!(taker.try_next_many(&mut buf, 3), 2);
    /// assert_eq!(buf, [0, 1, 2, 3, 4]);
    /// # Ok::<(), aiter_core::PushAllError<std::ops::Range<i32>>>(())
    /// ```
    pub fn try_next_many(&mut self, buf: &mut Vec<T>, max: usize) -> usize {
        for taken in 0..max {
            // Before an item is taken, because it may panic.
            buf.reserve(1);
            let Ok(item) = self.take_untold() else { return taken };
            buf.push(item);
        }
        max
    }

    /// Items that were pushed and that no taker has taken.
    ///
    /// A push that is not finished counts already. If another taker is at the position, also after
    /// a fixed number of pauses, returns what the last call saw that found it free.
    pub fn len(&self) -> usize {
        let shared = &*self.shared;
        // Relaxed: a number.
        match shared.close_patiently() {
            Some(mut gate) => {
                let len = gate.with(|raw| raw.distance(&shared.list));
                shared.len.store(len, Ordering::Relaxed);
                len
            }
            None => shared.len.load(Ordering::Relaxed),
        }
    }

    /// True if [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns `true` if the list was stopped and no item is left to take.
    ///
    /// Returns `false` if another taker is at the position, also after a fixed number of pauses.
    pub fn is_drained(&self) -> bool {
        let shared = &*self.shared;
        let gate = shared.close_patiently();
        gate.is_some_and(|mut gate| gate.with(|raw| raw.is_drained(&shared.list)))
    }

    /// Returns `true` if the list was stopped, also with items left to take.
    pub fn is_stopped(&self) -> bool {
        self.shared.list.tail().is_stopped()
    }

    #[inline(never)]
    fn poll_slow(&mut self, cx: &mut Context<'_>, closed: bool) -> Poll<Option<T>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.set_active();
        let polled = self.poll_take(cx, closed);
        match polled {
            Poll::Pending => (self.run, self.is_awake) = (0, false),
            Poll::Ready(None) => self.end(),
            Poll::Ready(Some(_)) => self.run = self.run.saturating_add(1),
        }
        polled
    }

    /// Drops the waker that was called, if the queue keeps it. Not with the gate closed.
    fn set_active(&mut self) {
        if !self.is_awake && !self.ended {
            if let Some(waker) = self.shared.list.waiters.take_called(&self.waiter) {
                self.is_awake = true;
                // User code.
                drop(waker);
            }
        }
    }

    /// Tells this taker of the end. Its wakers go.
    fn end(&mut self) {
        (self.is_awake, self.ended) = (false, true);
        self.cancel();
    }

    /// `closed`: the gate is closed by this taker.
    fn poll_take(&mut self, cx: &mut Context<'_>, closed: bool) -> Poll<Option<T>> {
        let shared = &*self.shared;
        let closed = if closed { Some(Gate(shared)) } else { shared.close_patiently() };
        let mut found = closed.map_or(Found::Nothing, |gate| shared.take(gate).0);
        // As a cursor does, see `Cursor::poll_sleep`, and more patiently: the other takers at the
        // gate pause, too.
        if self.run >= KEPT_UP {
            for _ in 0..LOOKS {
                if !matches!(found, Found::Nothing) {
                    break;
                }
                pause();
                found = shared.try_close().map_or(Found::Nothing, |gate| shared.take(gate).0);
            }
        }
        while let Found::Nothing = found {
            // Also if an item is found after all.
            self.is_awake = false;
            shared.list.waiters.register(&mut self.waiter, cx.waker());
            let closed = shared.close_or_mark().or_else(|| {
                shared.lock_waiters.register(&mut self.lock_waiters, cx.waker());
                shared.close_or_mark()
            });
            let Some(gate) = closed else { return Poll::Pending };
            // With the gate closed and the taker registered: what comes from here on wakes it.
            match shared.take(gate) {
                (Found::Nothing, Some(mut gate)) => {
                    let wait = !gate.with(|raw| raw.set_waiting())
                        && !gate.with(|raw| raw.is_drained(&shared.list));
                    shared.give_back(gate);
                    if wait {
                        return Poll::Pending;
                    }
                }
                (other, _) => found = other,
            }
        }
        match found {
            Found::Item(item) => Poll::Ready(Some(item)),
            _ => Poll::Ready(None),
        }
    }

    /// Takes the wakers back.
    pub(super) fn cancel(&mut self) {
        // Both are out before one is dropped, which may panic.
        let _at_gate = self.shared.lock_waiters.retire(&mut self.lock_waiters);
        let _at_list = self.shared.list.waiters.retire(&mut self.waiter);
    }
}

impl<T> Stream for SharedCursor<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut closed = false;
        if self.is_awake {
            match self.shared.take_known() {
                Ok(item) => {
                    self.run = self.run.saturating_add(1);
                    return Poll::Ready(Some(item));
                }
                Err(left_closed) => closed = left_closed,
            }
        }
        self.poll_slow(cx, closed)
    }
}

impl<T> FusedStream for SharedCursor<T> {
    /// True once this taker was told of the end: `None`, or [`TryNextError::Ended`].
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<T> Clone for SharedCursor<T> {
    /// Makes another taker, to which the end was not handed out.
    fn clone(&self) -> Self {
        Self::of(self.shared.clone())
    }
}

impl<T> Drop for SharedCursor<T> {
    fn drop(&mut self) {
        let _turned_away = self.shared.lock_waiters.retire(&mut self.lock_waiters);
        self.shared.list.waiters.retire(&mut self.waiter);
    }
}

impl<T> Unpin for SharedCursor<T> {}

impl<T> fmt::Debug for SharedCursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedCursor")
            .field("is_stopped", &self.is_stopped())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl<T> Cursor<T> {
    /// Makes this position one that several takers share: each item goes to exactly one of them.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    /// use futures_util::{FutureExt, StreamExt};
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut one = cursor.share();
    /// let mut two = one.clone();
    /// pusher.push_all([1, 2])?;
    /// assert_eq!(one.next().now_or_never(), Some(Some(1)));
    /// assert_eq!(two.next().now_or_never(), Some(Some(2)));
    /// # Ok::<(), aiter_core::PushAllError<std::array::IntoIter<i32, 2>>>(())
    /// ```
    #[doc(alias = "sharable_aiter")]
    pub fn share(self) -> SharedCursor<T> {
        SharedCursor::new(self)
    }
}
