//! One position, several takers.
//!
//! A small try-lock (the *gate*) guards the position. Under it a taker claims one item, and nothing
//! of the user's runs: a clone is made outside, with the block held. Nobody waits at the gate: who
//! finds it closed registers, marks it as contended and sleeps, and whoever opens it looks in their
//! place. Producers never touch the gate; they wake the longest waiting taker, one for each item.
//!
//! Whose turn it is gets lost nowhere: a taker that takes an item and sees another one ready wakes
//! the next, and one that is dropped between its wake-up and its poll passes the wake-up on.
//!
//! # Ordering policy
//! The gate hands the position from one holder to the next: Release when it opens, Acquire when it
//! closes. A mark on it is a Release, taken by the opener's Acquire, for the registration.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{
    block::Block,
    cursor::{RawCursor, Refill, Taken},
    cursor_stream::Cursor,
    error::TryNextError,
    groups::Group,
    list::List,
    sync::{Arc, AtomicUsize, KEPT_UP, LOOKS, Ordering, RIVAL_PAUSES, UnsafeCell, retry_hint},
    waiters::{Retired, Sleeper},
};

const OPEN: usize = 0;
const CLOSED: usize = 1;
/// Somebody found the gate closed and sleeps.
const CONTENDED: usize = 2;

/// What the takers share.
struct Shared<T> {
    place: Place<T>,
    list: Arc<List<T>>,
    /// In the list's keeping, ours until we leave it.
    group: *const Group,
}

/// What every take writes: one cache line that the takers carry from core to core, and nothing else on
/// it that is only read, or that is written for other reasons.
#[cfg_attr(target_pointer_width = "64", repr(align(64)))]
struct Place<T> {
    gate: AtomicUsize,
    raw: UnsafeCell<RawCursor<T>>,
}

// SAFETY: the position goes from taker to taker through the gate, each on its own thread, so it must
// be `Send`, which it is for `T: Send`. The group lives as long as the list and is `Sync`.
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

    /// What others are to be woken for if there are some that sleep, and this taker leaves.
    fn news(&mut self) -> News {
        // If there is nothing more, those who sleep may have counted on the item that was taken: it is
        // announced that they do, in their place.
        let ready = self.with(RawCursor::is_ready_or_announced);
        let list = &self.0.list;
        News { ready, ended: self.with(|raw| raw.is_drained(list)) }
    }

    /// Opens the gate, and wakes who sleeps for what was left.
    #[cold]
    fn open_with_news(mut self) {
        let shared = self.0;
        let news = self.news();
        drop(self);
        shared.tell(news);
    }

    /// Opens the gate, which was marked.
    #[cold]
    fn open_marked(&mut self) {
        let shared = self.0;
        let mut news = News { ready: false, ended: false };
        loop {
            // Somebody registered, marked the gate and went to sleep. We look in their place, for
            // what they would have seen, and go on to wake nobody if there is nothing: two takers
            // on an idle list must not keep each other awake. Acquire: partner of the mark.
            shared.place.gate.swap(CLOSED, Ordering::AcqRel);
            let News { ready, ended } = self.news();
            news.ready |= ready;
            news.ended |= ended;
            if shared.open() {
                break;
            }
        }
        shared.tell(news);
    }
}

/// What is left for others.
struct News {
    /// An item, or a block to cross.
    ready: bool,
    /// The end.
    ended: bool,
}

impl<T> Drop for Gate<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.0.open() {
            self.open_marked();
        }
    }
}

// What a taker is left with goes by these, also if user code panics: the first is a waker that it calls when it opens
// the gate.

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

/// Retires a block.
struct Retire<'a, T>(&'a List<T>, Block<T>);

impl<T> Drop for Retire<'_, T> {
    fn drop(&mut self) {
        // SAFETY: the position was the last one there, and has gone on.
        unsafe { self.0.retire_left(self.1) };
    }
}

/// What a taker found.
enum Found<T> {
    Item(T),
    Nothing,
    End,
}

impl<T> Shared<T> {
    fn group(&self) -> &Group {
        // SAFETY: groups live as long as the list, which we hold.
        unsafe { &*self.group }
    }

    /// Opens the gate for its holder, unless it was marked.
    #[inline(always)]
    fn open(&self) -> bool {
        // Release: partner of `try_close` and `close_or_mark`.
        self.place.gate.compare_exchange(CLOSED, OPEN, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    fn tell(&self, news: News) {
        if news.ended {
            self.group().queue.notify(usize::MAX);
        } else if news.ready {
            self.group().queue.notify(1);
        }
    }

    #[inline(always)]
    fn try_close(&self) -> Option<Gate<'_, T>> {
        // Acquire: partner of `open`.
        self.place
            .gate
            .compare_exchange(OPEN, CLOSED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            .then(|| Gate(self))
    }

    /// Closes the gate, or makes sure that whoever opens it wakes us: we have registered.
    fn close_or_mark(&self) -> Option<Gate<'_, T>> {
        let mut gate = self.place.gate.load(Ordering::Relaxed);
        loop {
            let new = if gate == OPEN { CLOSED } else { gate | CONTENDED };
            // Acquire: as `try_close`. Release: partner of `open_marked`, for the registration.
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

    /// Opens the gate for who has taken an item.
    #[inline(always)]
    fn open_after_take(&self, gate: Gate<'_, T>) {
        if self.group().queue.is_empty() { drop(gate) } else { gate.open_with_news() }
    }

    /// Takes the next item in the shortest way, for a taker that is not registered. In the error
    /// whether the gate is left closed, for the caller to go on in another way.
    #[inline(always)]
    fn take_known(&self) -> Result<T, bool> {
        let mut gate = self.try_close().ok_or(false)?;
        match gate.with(RawCursor::take_known) {
            Some(item) => {
                self.open_after_take(gate);
                Ok(item)
            }
            None => {
                core::mem::forget(gate);
                Err(true)
            }
        }
    }

    /// Takes the next item, if one is ready and nobody else is at the position.
    fn try_take(&self, sleeper: &mut Sleeper) -> Found<T> {
        match self.try_close() {
            Some(gate) => self.take(gate, sleeper).0,
            None => Found::Nothing,
        }
    }

    /// Takes the next item, if one is ready. Opens the gate for what is not to run under it; the
    /// gate comes back, closed, only if there is nothing.
    fn take<'a>(
        &'a self,
        mut gate: Gate<'a, T>,
        sleeper: &mut Sleeper,
    ) -> (Found<T>, Option<Gate<'a, T>>) {
        loop {
            match gate.with(|raw| raw.refill(&self.list)) {
                Refill::Ready => {
                    // SAFETY: just refilled.
                    let taken = match gate.with(|raw| unsafe { raw.take_or_hold() }) {
                        Taken::Moved(item) => Ok(item),
                        Taken::Held(block, slot) => Err((Release(&self.list, block), slot)),
                    };
                    // Before we look for more: a wake-up that reaches us from here on is known to
                    // be passed on, and one that came before is made good by the look.
                    sleeper.cancel();
                    self.open_after_take(gate);
                    // Outside the gate.
                    let item = taken.unwrap_or_else(|(held, slot)| {
                        // SAFETY: published; the count keeps the block and its items in place.
                        (self.list.clone_fn.expect())(unsafe { held.1.peek(slot) }, &mut { slot })
                    });
                    return (Found::Item(item), None);
                }
                Refill::Empty => {
                    let drained = gate.with(|raw| raw.is_drained(&self.list));
                    return (if drained { Found::End } else { Found::Nothing }, Some(gate));
                }
                Refill::Left(block) => {
                    let retire = Retire(&self.list, block);
                    drop(gate);
                    drop(retire);
                    match self.try_close() {
                        Some(closed) => gate = closed,
                        // Somebody else is at it: as if they had come before us.
                        None => return (Found::Nothing, None),
                    }
                }
            }
        }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        self.group().leave();
        self.list.remove_cursor();
        // SAFETY: the last taker is gone: nobody uses the position again.
        self.place.raw.with_mut(|raw| unsafe { (*raw).release(&self.list) });
        self.list.tidy();
    }
}

/// One of several takers at one position: each item goes to exactly one of them.
///
/// Made by [`Cursor::share`]; clone it for more takers. Those that wait are woken one an item,
/// longest waiting first. Each sees its items in the list's order. The position counts as one
/// cursor: it moves items if it is the only one, else it clones them.
///
/// Taking is lock-free for the producers and for other cursors; among the takers a try-lock is held
/// for a few instructions, in which no user code runs. Who finds it taken sleeps and is woken; one that
/// kept up with a run of items first looks again, a fixed number of times.
///
/// # Panics
/// If `T::clone` does, on a list with other cursors, or the waker of another taker; that item is lost to the takers. If
/// there are [too many](Cursor::fork) cursors in the block of items at hand; the item is then still to be taken.
///
/// # Cancel safety
/// Dropping a future over this stream loses no item. A taker that was woken and is dropped before it
/// is polled passes the wake-up on. One that was woken and is neither polled nor dropped keeps that
/// wake-up, and only that one, to itself.
#[must_use = "streams do nothing unless polled"]
#[doc(alias = "sharable_aiter")]
pub struct SharedCursor<T> {
    shared: Arc<Shared<T>>,
    sleeper: Sleeper,
    /// Registered, and not polled since.
    asleep: bool,
    /// How many items it has taken since it last slept.
    run: usize,
    /// It was told that there is nothing more to come.
    ended: bool,
}

impl<T> SharedCursor<T> {
    pub(crate) fn new(cursor: Cursor<T>) -> Self {
        let (list, raw) = cursor.into_parts();
        let group: *const Group = list.groups.join();
        let place = Place { gate: AtomicUsize::new(OPEN), raw: UnsafeCell::new(raw) };
        let shared = Shared { place, list, group };
        Self {
            shared: Arc::new(shared),
            sleeper: Sleeper::new(),
            asleep: false,
            run: 0,
            ended: false,
        }
    }

    /// Takes the next item if one is ready and no other taker is at it right now.
    ///
    /// Never waits.
    ///
    /// # Errors
    /// [`TryNextError::Empty`] if none is to be had now, [`TryNextError::Ended`] if none will ever
    /// be.
    ///
    /// # Panics
    /// As the [stream](Self#panics).
    pub fn try_next(&mut self) -> Result<T, TryNextError> {
        let Some(gate) = self.shared.try_close() else { return Err(TryNextError::Empty) };
        let (found, gate) = self.shared.take(gate, &mut self.sleeper);
        // If the gate comes back, there was nothing to take.
        if gate.map(drop).is_some() {
            self.shared.list.tidy();
        }
        match found {
            Found::Item(item) => Ok(item),
            Found::Nothing => Err(TryNextError::Empty),
            Found::End => {
                self.ended = true;
                Err(TryNextError::Ended)
            }
        }
    }

    /// True if the list was stopped. There may be items left to take.
    pub fn is_stopped(&self) -> bool {
        self.shared.list.tail().is_stopped()
    }

    #[inline(never)]
    fn poll_slowly(&mut self, cx: &mut Context<'_>, closed: bool) -> Poll<Option<T>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let polled = self.poll_take(cx, closed);
        self.asleep = polled.is_pending();
        self.run = if self.asleep { 0 } else { self.run.saturating_add(1) };
        self.ended = matches!(polled, Poll::Ready(None));
        polled
    }

    /// `closed`: the gate is, by us.
    fn poll_take(&mut self, cx: &mut Context<'_>, closed: bool) -> Poll<Option<T>> {
        let shared = &*self.shared;
        let mut found = if closed {
            shared.take(Gate(shared), &mut self.sleeper).0
        } else {
            shared.try_take(&mut self.sleeper)
        };
        // As a cursor does, see `Cursor::poll_sleep`, and more patiently: it is also the others at the
        // gate who take their moment.
        if self.run >= KEPT_UP {
            for _ in 0..LOOKS {
                if !matches!(found, Found::Nothing) {
                    break;
                }
                for _ in 0..RIVAL_PAUSES {
                    core::hint::spin_loop();
                }
                found = shared.try_take(&mut self.sleeper);
            }
        }
        while let Found::Nothing = found {
            // Also if something of the user's panics from here on.
            self.asleep = true;
            shared.group().queue.register(&mut self.sleeper, cx.waker());
            let Some(gate) = shared.close_or_mark() else { return Poll::Pending };
            // The gate is ours: what comes from here on finds us registered.
            match shared.take(gate, &mut self.sleeper) {
                (Found::Nothing, Some(mut gate)) => {
                    let done_with = gate.with(|raw| raw.settle().inspect(|_| raw.hold()));
                    let wait = !gate.with(|raw| raw.announce())
                        && !gate.with(|raw| raw.is_drained(&shared.list));
                    let done_with = done_with
                        .map(|(block, from, to)| DropItems(Release(&shared.list, block), from, to));
                    drop(gate);
                    drop(done_with);
                    shared.list.tidy();
                    if wait {
                        return Poll::Pending;
                    }
                }
                (other, _) => found = other,
            }
        }
        match found {
            Found::Item(item) => Poll::Ready(Some(item)),
            _ => {
                shared.list.tidy();
                Poll::Ready(None)
            }
        }
    }
}

impl<T> Stream for SharedCursor<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut closed = false;
        if !self.asleep && !self.ended {
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
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            sleeper: Sleeper::new(),
            asleep: false,
            run: 0,
            // Nobody has told it.
            ended: false,
        }
    }
}

impl<T> Drop for SharedCursor<T> {
    fn drop(&mut self) {
        let queue = &self.shared.group().queue;
        let retired = queue.retire(&mut self.sleeper);
        if self.asleep && retired.as_ref().is_some_and(Retired::was_notified) {
            queue.notify(1);
        }
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
