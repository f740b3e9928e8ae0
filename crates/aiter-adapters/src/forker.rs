//! One source, any number of forks, no task of its own.
//!
//! The source and the pusher of a list go from fork to fork through a relay: an active fork that
//! finds its cursor of the list empty takes a turn, polls the source and pushes what it gets.
//! Reading takes no turn.
//!
//! All forks sleep at the relay, active and passive ones. So the list is a quiet one: a push wakes
//! no task, and needs no read-modify-write. The relay wakes all forks when a turn is over that got
//! an item.
//!
//! # The last active fork
//! A passive fork holds a handle of the relay, so that an active fork can be made of it. It never
//! uses the gate. `Common::active` counts the forks that do, the *drivers*, and stays at zero once it
//! is zero: an active fork that is made later is no driver, and takes no turn, like a passive one.
//! The driver that brings the count to zero therefore finds the gate open. It drops the source
//! there, stops the list, and wakes the forks that are left.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{QuietCursor, QuietPusher, Relay, quiet_list};
use futures_core::{FusedStream, Stream};

use crate::{
    outcome::{Outcome, OutcomeCell},
    sync::{Arc, AtomicUsize, Ordering},
};

/// What all forks know.
pub(crate) struct Common {
    outcome: OutcomeCell,
    /// Number of drivers.
    active: AtomicUsize,
}

impl Common {
    /// Counts one more driver. Returns `false` if the last one has gone.
    pub(crate) fn try_add_driver(&self) -> bool {
        let add = |active| (active > 0).then(|| active + 1);
        // Relaxed: as in `Arc`, a driver hands nothing on when it is made. The gate orders its turns.
        self.active.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    /// Returns `true` if this was the last driver.
    fn remove_driver(&self) -> bool {
        // Release: the turns of this driver happen before the last driver's look at the gate's word,
        // which must not find the gate closed. Acquire: partner of the same line.
        self.active.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// How the source ended, for the reader of a list that is stopped.
    pub(crate) fn outcome<T>(&self, cursor: &QuietCursor<T>) -> Option<Outcome> {
        cursor.is_stopped().then(|| self.outcome.get()).flatten()
    }
}

pin_project_lite::pin_project! {
    /// What the active forks drive in turn.
    pub(crate) struct Drive<S: Stream> {
        // Dropped at its end.
        #[pin]
        source: Option<S>,
        pusher: QuietPusher<S::Item>,
        common: Arc<Common>,
    }
}

impl<S: Stream> Drive<S> {
    /// Drops the source before its end, and ends the list.
    fn cancel(self: Pin<&mut Self>) {
        let this = self.project();
        if this.source.is_some() {
            this.common.outcome.set(Outcome::Cancelled);
            drop_source(this.source, || this.pusher.stop());
        }
    }
}

/// Drops the source, then calls `stop`. Calls it even if the source panics when it is dropped.
fn drop_source<S>(mut source: Pin<&mut Option<S>>, stop: impl FnOnce()) {
    struct Finally<F: FnOnce()>(Option<F>);
    impl<F: FnOnce()> Drop for Finally<F> {
        fn drop(&mut self) {
            if let Some(f) = self.0.take() {
                f();
            }
        }
    }
    let _stop = Finally(Some(stop));
    source.set(None);
}

/// Ends the list when the source has ended, or panics.
struct End<'a, S: Stream> {
    source: Pin<&'a mut Option<S>>,
    pusher: &'a mut QuietPusher<S::Item>,
    outcome: &'a OutcomeCell,
    how: Outcome,
}

impl<S: Stream> Drop for End<'_, S> {
    fn drop(&mut self) {
        self.outcome.set(self.how);
        drop_source(self.source.as_mut(), || self.pusher.stop());
    }
}

/// What a turn at the source came to.
enum Turn<T> {
    /// An item that no other fork is to see.
    Item(T),
    /// There are items in the list that were not there before.
    Pushed,
    /// There are none, and never will be.
    Ended,
}

/// Asks the source for one item, for a fork that has read all there is.
#[inline(always)]
fn take_turn<S: Stream>(
    cursor: &QuietCursor<S::Item>,
    drive: Pin<&mut Drive<S>>,
    cx: &mut Context<'_>,
) -> Poll<Turn<S::Item>> {
    let this = drive.project();
    let (mut source, pusher) = (this.source, this.pusher);
    if !pusher.is_read_by(cursor) {
        // Another fork was faster.
        return Poll::Ready(Turn::Pushed);
    }
    if source.is_none() {
        return Poll::Ready(Turn::Ended);
    }
    let (outcome, how) = (&this.common.outcome, Outcome::Panicked);
    let mut end = End { source: source.as_mut(), pusher: &mut *pusher, outcome, how };
    let polled = match end.source.as_mut().as_pin_mut() {
        Some(source) => source.poll_next(cx),
        None => Poll::Ready(None),
    };
    end.how = Outcome::Completed;
    if let Poll::Ready(None) = polled {
        return Poll::Ready(Turn::Ended);
    }
    core::mem::forget(end);
    let Poll::Ready(Some(item)) = polled else {
        return Poll::Pending;
    };
    if pusher.cursor_count() == 1 {
        return Poll::Ready(Turn::Item(item));
    }
    let pushed = pusher.push_beside(cursor, item);
    debug_assert!(pushed.is_ok(), "the list ends with the source, and this fork has a cursor");
    Poll::Ready(Turn::Pushed)
}

/// Reads for a fork that takes no turn, and waits for those of others.
pub(crate) fn poll_passively<S: Stream>(
    relay: &mut Relay<Drive<S>>,
    cursor: &mut QuietCursor<S::Item>,
    cx: &Context<'_>,
) -> Poll<Option<S::Item>> {
    fn has_answer<T>(cursor: &QuietCursor<T>) -> bool {
        cursor.has_ready() || cursor.is_drained()
    }
    // Wakers are dropped before an item is taken: if the drop panics, no item is lost.
    if has_answer(cursor) {
        relay.drop_called();
        return Poll::Ready(cursor.next_ready());
    }
    // A look that finds nothing gives memory back.
    if let Some(item) = cursor.next_ready() {
        return Poll::Ready(Some(item));
    }
    relay.watch(cx);
    // A turn that was over by then wakes no fork.
    if has_answer(cursor) {
        relay.cancel();
        return Poll::Ready(cursor.next_ready());
    }
    Poll::Pending
}

/// One of several streams of the same items; made by [`forker`](crate::AiterExt::forker).
///
/// [`fork`](Self::fork) (or `clone`) makes another one at the same position: each of the two sees
/// every item from there on. [`fork_passive`](Self::fork_passive) makes one that reads only what
/// active forks have requested.
///
/// Nothing is pulled from the source until an active fork asks for an item it has not; then exactly
/// one item is. Whichever fork is polled drives the source, and there is no task or thread behind
/// it. The source's wake-up wakes every fork that waits, so a fork that is dropped, or woken and never
/// polled again, stops no other. An item is moved to a fork that is alone, and to the last one that reads it
/// where the list can tell; else it is cloned, outside the source's turn. `Result` items go to every fork
/// as they are.
///
/// The source is dropped at its end, or when the last active fork is dropped. Forks that are left then
/// read the items that are left and end with [`Outcome::Cancelled`].
///
/// A fork that is neither read nor dropped keeps what it has not read in memory:
/// [`lag`](Self::lag) tells how much. [`forker_bounded`](crate::AiterExt::forker_bounded) has a limit.
/// An item that all forks have read is dropped no later than the next time that each of them waits or
/// ends.
///
/// Reading what is there is wait-free and takes no lock. Driving the source is a try-lock: a fork
/// that finds another at it sleeps and is woken by what comes.
///
/// # Panics
/// If the source does, in the fork that drives it. The source is dropped; the other forks read what
/// there is, end, and say [`Outcome::Panicked`]. If `clone` of an item does; the item is then still
/// to be read.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost and no other fork
/// waits longer.
///
/// # Examples
/// ```
/// use aiter_adapters::AiterExt;
/// use futures_util::{StreamExt, stream};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut one = stream::iter(1..=4).forker();
/// assert_eq!(one.next().await, Some(1));
/// let two = one.fork(); // from here on
/// assert_eq!(one.collect::<Vec<_>>().await, [2, 3, 4]);
/// assert_eq!(two.collect::<Vec<_>>().await, [2, 3, 4]);
/// # }).expect("an iterator never waits");
/// ```
#[must_use = "streams do nothing unless polled"]
#[doc(alias = "aiter_forker")]
#[doc(alias = "tee")]
pub struct Fork<S: Stream> {
    pub(crate) relay: Relay<Drive<S>>,
    pub(crate) cursor: QuietCursor<S::Item>,
    pub(crate) common: Arc<Common>,
    /// Whether this fork is counted in `Common::active`. Otherwise it never comes to the gate.
    pub(crate) drives: bool,
    /// The end was handed out.
    pub(crate) ended: bool,
}

impl<S: Stream> fmt::Debug for Fork<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fork")
            .field("lag", &self.lag())
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
    }
}

impl<S: Stream> Fork<S> {
    pub(crate) fn new(source: S) -> Self {
        let (pusher, cursor) = quiet_list();
        let common = Arc::new(Common { outcome: OutcomeCell::new(), active: AtomicUsize::new(1) });
        let drive = Drive { source: Some(source), pusher, common: common.clone() };
        Self { relay: Relay::new(drive), cursor, common, drives: true, ended: false }
    }

    /// Another active fork at the same position. Costs the same at any lag.
    pub fn fork(&self) -> Self
    where
        S::Item: Clone + Sync,
    {
        let (relay, cursor) = (self.relay.clone(), self.cursor.fork());
        let common = self.common.clone();
        // Last, because the cursor's fork may panic.
        let drives = self.drives && common.try_add_driver();
        Self { relay, cursor, common, drives, ended: self.ended }
    }

    /// Items that were pulled from the source, and that this fork has not read.
    pub fn lag(&self) -> usize {
        self.cursor.lag()
    }

    /// All but what is to be had by few instructions.
    #[inline(never)]
    fn poll_slowly(&mut self, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.cursor.is_dozing() && self.cursor.lag() > 0 && self.relay.drop_called() {
            self.cursor.wake_up();
        }
        match self.cursor.next_ready() {
            Some(item) => Poll::Ready(Some(item)),
            None => self.poll_source(cx),
        }
    }

    /// Drives the source, for a fork that has found nothing to read.
    #[inline(never)]
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if !self.drives {
            let polled = poll_passively(&mut self.relay, &mut self.cursor, cx);
            self.ended |= matches!(polled, Poll::Ready(None));
            return polled;
        }
        let turn = self.relay.poll_turn_or_look(
            cx,
            &mut self.cursor,
            |cursor, drive, cx| take_turn(cursor, drive, cx),
            |cursor| cursor.next_ready().map(Turn::Item),
        );
        match turn {
            Poll::Ready(Turn::Item(item)) => Poll::Ready(Some(item)),
            Poll::Ready(Turn::Pushed) => match self.cursor.next_quickly() {
                Some(Some(item)) => Poll::Ready(Some(item)),
                // There is an item, or the next turn is for this fork.
                _ => self.poll_slowly(cx),
            },
            Poll::Ready(Turn::Ended) => self.end(),
            // Another fork is at the source, of which there is nothing left.
            Poll::Pending if self.cursor.is_drained() => self.end(),
            // Not by the quick way, which gives no memory back.
            Poll::Pending => {
                self.cursor.doze();
                self.cursor.next_ready().map_or(Poll::Pending, |item| Poll::Ready(Some(item)))
            }
        }
    }

    fn end(&mut self) -> Poll<Option<S::Item>> {
        self.ended = true;
        self.relay.cancel();
        // Nothing is left to read, so this look drops what all forks have read.
        Poll::Ready(self.cursor.next_ready())
    }

    /// How the source came to its end; `None` while it has not.
    pub fn outcome(&self) -> Option<Outcome> {
        self.common.outcome(&self.cursor)
    }
}

impl<S: Stream> Drop for Fork<S> {
    fn drop(&mut self) {
        if self.drives && self.common.remove_driver() {
            /// The forks that are left look again, also if the drop of a waker panics.
            struct Notify<'a, S: Stream>(&'a mut Relay<Drive<S>>);
            impl<S: Stream> Drop for Notify<'_, S> {
                fn drop(&mut self) {
                    self.0.notify();
                }
            }
            // The gate is open: see the head of this file.
            self.relay.try_look(Drive::cancel);
            let notify = Notify(&mut self.relay);
            // This fork waits no longer.
            notify.0.cancel();
        }
    }
}

impl<S: Stream> Clone for Fork<S>
where
    S::Item: Clone + Sync,
{
    fn clone(&self) -> Self {
        self.fork()
    }
}

impl<S: Stream> FusedStream for Fork<S> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Stream> Stream for Fork<S> {
    type Item = S::Item;

    #[inline(always)]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        match this.cursor.next_quickly() {
            Some(Some(item)) => Poll::Ready(Some(item)),
            Some(None) => this.poll_source(cx),
            None => this.poll_slowly(cx),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if !self.drives {
            return self.cursor.size_hint();
        }
        let look = self.relay.try_look(|drive| {
            let source = drive.source.as_ref().map_or((0, Some(0)), Stream::size_hint);
            (self.cursor.lag(), source)
        });
        match look {
            Some((len, (lower, upper))) => {
                (len.saturating_add(lower), upper.and_then(|upper| upper.checked_add(len)))
            }
            // Another fork is at the source.
            None => (self.cursor.lag(), None),
        }
    }
}
