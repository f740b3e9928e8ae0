//! One position, several takers.
//!
//! A small try-lock (the *gate*) guards the position. Under it a taker claims one item, and no user
//! code runs: a clone is made outside, with the block held. No taker blocks on the gate. A taker
//! that finds it closed pauses a fixed number of times, then registers in `turned_away`, sets
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
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use alloc::vec::Vec;
use futures_core::{FusedFuture, FusedStream, Stream};

use crate::{
    cursor::Cursor,
    error::TryNextError,
    list::{
        List,
        block::Block,
        position::{RawCursor, Refill, Taken},
    },
    sync::{Arc, AtomicUsize, KEPT_UP, LOOKS, Ordering, RIVAL_PAUSES, UnsafeCell, retry_hint},
    wait::queue::{Sleeper, WaitQueue, Wakers},
};

const OPEN: usize = 0;
const CLOSED: usize = 1;
/// A taker found the gate closed and sleeps.
const CONTENDED: usize = 2;

/// What the takers share.
struct Shared<T> {
    place: Place<T>,
    list: Arc<List<T>>,
    /// Takers that found the gate closed.
    turned_away: WaitQueue,
    /// The number of items that a call of `len` saw last.
    len: AtomicUsize,
}

/// What every take writes: one cache line that the takers carry from core to core, and nothing else
/// on it that is only read, or that is written for other reasons.
#[cfg_attr(target_pointer_width = "64", repr(align(64)))]
struct Place<T> {
    gate: AtomicUsize,
    raw: UnsafeCell<RawCursor<T>>,
}

// SAFETY: the position goes from taker to taker through the gate, each on its own thread, so it
// must be `Send`, which it is for `T: Send`.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

/// The gate, closed by us.
struct Gate<'a, T>(&'a Shared<T>);

impl<T> Gate<'_, T> {
    /// Works on the position. Runs no user code.
    fn with<R>(&mut self, f: impl FnOnce(&mut RawCursor<T>) -> R) -> R {
        // SAFETY: the gate is closed by us, and lent mutably.
        self.0.place.raw.with_mut(|raw| f(unsafe { &mut *raw }))
    }
}

impl<T> Drop for Gate<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // Release: partner of `try_close`. AcqRel: partner of `close_or_mark`, in both directions.
        if self.0.place.gate.swap(OPEN, Ordering::AcqRel) & CONTENDED != 0 {
            self.0.wake_turned_away();
        }
    }
}

// What a taker is left with goes by these, also if user code panics: the first is a waker that it
// calls when it opens the gate.

/// Gives a block that was held back.
struct Release<'a, T>(&'a List<T>, Block<T>);

impl<T> Drop for Release<'_, T> {
    fn drop(&mut self) {
        // SAFETY: a count came with the block, and it is ours.
        unsafe { self.0.release(self.1) };
    }
}

/// Drops items of a block, from a slot on and up to another, before it is given back.
struct DropItems<'a, T>(Release<'a, T>, usize, usize);

impl<T> Drop for DropItems<'_, T> {
    fn drop(&mut self) {
        let Self(Release(_, block), from, to) = self;
        // SAFETY: `settle` gave them to us, and the block is held.
        unsafe { block.drop_items(*from, *to) };
    }
}

/// What a taker found.
enum Found<T> {
    Item(T),
    Nothing,
    End,
}

impl<T> Shared<T> {
    #[cold]
    fn wake_turned_away(&self) {
        self.turned_away.notify(Wakers::Take);
    }

    #[inline(always)]
    fn try_close(&self) -> Option<Gate<'_, T>> {
        // Acquire: partner of `Gate::drop`.
        self.place
            .gate
            .compare_exchange(OPEN, CLOSED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            .then(|| Gate(self))
    }

    /// Closes the gate. If another taker has closed it, pauses for that one a fixed number of
    /// times.
    fn close_patiently(&self) -> Option<Gate<'_, T>> {
        for _ in 0..LOOKS {
            if let Some(gate) = self.try_close() {
                return Some(gate);
            }
            pause();
        }
        self.try_close()
    }

    /// Closes the gate, or marks it, so that the taker that opens it wakes those that have
    /// registered.
    fn close_or_mark(&self) -> Option<Gate<'_, T>> {
        let mut gate = self.place.gate.load(Ordering::Relaxed);
        loop {
            let new = if gate == OPEN { CLOSED } else { gate | CONTENDED };
            // Acquire: as `try_close`. Release: partner of `Gate::drop`, for the registration.
            match self.place.gate.compare_exchange_weak(
                gate,
                new,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return (gate == OPEN).then(|| Gate(self)),
                Err(now) => gate = now,
            }
            retry_hint();
        }
    }

    /// Takes the next item in the shortest way. The error says whether the gate is left closed, for
    /// the caller to go on in another way.
    #[inline(always)]
    fn take_known(&self) -> Result<T, bool> {
        let mut gate = self.try_close().ok_or(false)?;
        match gate.with(RawCursor::take_known) {
            Some(item) => {
                drop(gate);
                Ok(item)
            }
            None => {
                core::mem::forget(gate);
                Err(true)
            }
        }
    }

    /// Takes the next item, if one is ready. Opens the gate for what is not to run under it; the
    /// gate comes back, closed, only if there is nothing.
    fn take<'a>(&'a self, mut gate: Gate<'a, T>) -> (Found<T>, Option<Gate<'a, T>>) {
        loop {
            match gate.with(|raw| raw.refill(&self.list)) {
                Refill::Ready => {
                    // SAFETY: just refilled.
                    let taken = match gate.with(|raw| unsafe { raw.take_or_hold() }) {
                        Taken::Moved(item) => Ok(item),
                        Taken::Held(block, slot) => Err((Release(&self.list, block), slot)),
                    };
                    drop(gate);
                    // Outside the gate.
                    let item = match taken {
                        Ok(item) => item,
                        Err((held, slot)) => {
                            // SAFETY: published; the count keeps the block and its items in place.
                            let item = unsafe { held.1.peek(slot) };
                            let item = (self.list.clone_fn.expect())(item, &mut { slot });
                            // Before the clone is returned: if this panics, the clone is dropped,
                            // not lost.
                            drop(held);
                            item
                        }
                    };
                    return (Found::Item(item), None);
                }
                Refill::Empty if gate.with(|raw| raw.is_drained(&self.list)) => {
                    self.give_back(gate);
                    return (Found::End, None);
                }
                Refill::Empty => return (Found::Nothing, Some(gate)),
                Refill::Left(block) => {
                    let release = Release(&self.list, block);
                    drop(gate);
                    drop(release);
                    match self.try_close() {
                        Some(closed) => gate = closed,
                        // Another taker is at it.
                        None => return (Found::Nothing, None),
                    }
                }
            }
        }
    }
}

impl<T> Shared<T> {
    /// `closed`: the gate is closed by this taker.
    fn try_take(&self, closed: bool) -> Result<T, TryNextError> {
        let mut gate = closed.then(|| Gate(self));
        for _ in 0..=LOOKS {
            let Some(closed) = gate.take().or_else(|| self.close_patiently()) else { break };
            match self.take(closed) {
                (Found::Item(item), _) => return Ok(item),
                (Found::End, _) => return Err(TryNextError::Ended),
                // The gate comes back if there was nothing to take.
                (Found::Nothing, Some(gate)) => {
                    self.give_back(gate);
                    return Err(TryNextError::Empty);
                }
                (Found::Nothing, None) => {}
            }
        }
        Err(TryNextError::Contended)
    }

    /// Opens the gate for a taker that has found nothing. Then gives back what the list kept for
    /// producers, and drops the items that all readers have read.
    fn give_back(&self, mut gate: Gate<'_, T>) {
        let done_with = gate.with(|raw| raw.settle().inspect(|_| raw.hold()));
        let done_with =
            done_with.map(|(block, from, to)| DropItems(Release(&self.list, block), from, to));
        drop(gate);
        drop(done_with);
        self.list.tidy();
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        self.list.remove_cursor();
        // SAFETY: the last taker is gone, so the position is not used again.
        self.place.raw.with_mut(|raw| unsafe { (*raw).give_up(&self.list) });
    }
}

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
    sleeper: Sleeper,
    /// At the gate.
    turned_away: Sleeper,
    /// Number of items that this taker has taken since it last slept.
    run: usize,
    /// The queue keeps no waker of this taker, and the taker was not told of the end.
    is_awake: bool,
    /// Whether the end was handed out.
    ended: bool,
}

impl<T> SharedCursor<T> {
    pub(crate) fn new(cursor: Cursor<T>) -> Self {
        let (list, raw) = cursor.into_parts();
        let place = Place { gate: AtomicUsize::new(OPEN), raw: UnsafeCell::new(raw) };
        let (turned_away, len) = (WaitQueue::new(), AtomicUsize::new(0));
        Self::of(Arc::new(Shared { place, list, turned_away, len }))
    }

    fn of(shared: Arc<Shared<T>>) -> Self {
        let (sleeper, turned_away) = (Sleeper::new(), Sleeper::new());
        Self { shared, sleeper, turned_away, run: 0, is_awake: true, ended: false }
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
        self.wake_up();
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

    /// Waits for the next item of this taker, `None` at the end.
    ///
    /// Unlike the future of `StreamExt::next`, this one takes its waker back if it is dropped while
    /// it waits. Then the task is not woken for an item that it no longer waits for.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does.
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
    #[expect(clippy::should_implement_trait, reason = "it stands for `StreamExt::next`")]
    pub fn next(&mut self) -> SharedNext<'_, T> {
        SharedNext { wait: Wait { taker: self, pending: false } }
    }

    /// Waits for items, appends up to `max` of those that are ready to `buf` and yields how many.
    ///
    /// Yields 0 if the list has ended (or `max` is 0).
    ///
    /// # Panics
    /// Panics as [`try_next_many`](Self::try_next_many) does.
    ///
    /// # Cancel safety
    /// Cancel safe. Items move into `buf` only when the future is ready, and it takes its waker
    /// back if it is dropped while it waits.
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
    pub fn next_many<'a>(&'a mut self, buf: &'a mut Vec<T>, max: usize) -> SharedNextMany<'a, T> {
        SharedNextMany { wait: Wait { taker: self, pending: false }, buf, max }
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
    fn poll_slowly(&mut self, cx: &mut Context<'_>, closed: bool) -> Poll<Option<T>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.wake_up();
        let polled = self.poll_take(cx, closed);
        match polled {
            Poll::Pending => (self.run, self.is_awake) = (0, false),
            Poll::Ready(None) => self.end(),
            Poll::Ready(Some(_)) => self.run = self.run.saturating_add(1),
        }
        polled
    }

    /// Drops the waker that was called, if the queue keeps it. Not with the gate closed.
    fn wake_up(&mut self) {
        if !self.is_awake && !self.ended {
            if let Some(waker) = self.shared.list.waiters.take_called(&self.sleeper) {
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
            shared.list.waiters.register(&mut self.sleeper, cx.waker());
            let closed = shared.close_or_mark().or_else(|| {
                shared.turned_away.register(&mut self.turned_away, cx.waker());
                shared.close_or_mark()
            });
            let Some(gate) = closed else { return Poll::Pending };
            // With the gate closed and the taker registered: what comes from here on wakes it.
            match shared.take(gate) {
                (Found::Nothing, Some(mut gate)) => {
                    let wait = !gate.with(|raw| raw.announce())
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
    fn cancel(&mut self) {
        // Both are out before one is dropped, which may panic.
        let _at_gate = self.shared.turned_away.retire(&mut self.turned_away);
        let _at_list = self.shared.list.waiters.retire(&mut self.sleeper);
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
        self.poll_slowly(cx, closed)
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
        let _turned_away = self.shared.turned_away.retire(&mut self.turned_away);
        self.shared.list.waiters.retire(&mut self.sleeper);
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

/// A taker that one future waits with, and that waits no longer when the future is dropped.
struct Wait<'a, T> {
    taker: &'a mut SharedCursor<T>,
    /// The last poll was pending.
    pending: bool,
}

impl<T> Wait<'_, T> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        // Also if the poll panics.
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
    wait: Wait<'a, T>,
}

impl<T> Future for SharedNext<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.wait.poll_next(cx)
    }
}

impl<T> FusedFuture for SharedNext<'_, T> {
    /// True if the end was handed out to the taker.
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
    wait: Wait<'a, T>,
    buf: &'a mut Vec<T>,
    max: usize,
}

impl<T> Future for SharedNextMany<'_, T> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let Self { wait, buf, max } = &mut *self;
        if *max == 0 {
            return Poll::Ready(0);
        }
        // Before an item is taken, because it may panic.
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

/// Gives another taker at the gate a fixed time.
fn pause() {
    for _ in 0..RIVAL_PAUSES {
        core::hint::spin_loop();
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
