//! One source, any number of forks, no task of its own.
//!
//! The source and the pusher of a list go from fork to fork through a relay: an active fork that
//! finds its cursor of the list empty takes a turn, polls the source and pushes what it gets. The relay
//! wakes the active forks. Reading takes no turn.
//!
//! Active forks never sleep at the list, so nobody need be told there: they push *quietly*, without a
//! read-modify-write, until there is a passive fork, which does sleep there. Who makes one says so and
//! draws a fence at the relay. From there on turns push in the common way; a turn that the fence was
//! drawn in may have pushed quietly, and wakes all who sleep at the list, when the gate is open again.
//!
//! # The last active fork
//! A passive fork holds a handle of the relay, so that an active fork can be made of it. It never
//! uses the gate. `Common::active` counts the forks that do, the *drivers*, and stays at zero once it
//! is zero: an active fork that is made later is no driver, and sleeps at the list like a passive one.
//! The driver that brings the count to zero therefore finds the gate open. It drops the source there
//! and stops the list.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{BesidePusher, Cursor, Pusher, Relay, TurnTaker, push_list};
use futures_core::{FusedStream, Stream};

use crate::{
    outcome::{Outcome, OutcomeCell},
    sync::{Arc, AtomicBool, AtomicUsize, Ordering},
};

/// What all forks know.
pub(crate) struct Common {
    outcome: OutcomeCell,
    /// Whether there ever was a passive fork.
    pub(crate) passive: AtomicBool,
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
    pub(crate) fn outcome<T>(&self, cursor: &Cursor<T>) -> Option<Outcome> {
        cursor.is_stopped().then(|| self.outcome.get()).flatten()
    }

    fn has_passive(&self) -> bool {
        // Relaxed: the relay's fence orders it, see above.
        self.passive.load(Ordering::Relaxed)
    }
}

pin_project_lite::pin_project! {
    /// What the active forks drive in turn.
    pub(crate) struct Drive<S: Stream> {
        // Dropped at its end.
        #[pin]
        source: Option<S>,
        pusher: Pusher<S::Item>,
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

/// Drops the source, then calls `stop`, which wakes the readers. Calls it even if the source panics
/// when it is dropped, and last, because a waker may panic as well.
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
    /// Taken when it ends.
    pusher: Option<BesidePusher<'a, S::Item>>,
    outcome: &'a OutcomeCell,
    how: Outcome,
}

impl<S: Stream> Drop for End<'_, S> {
    fn drop(&mut self) {
        self.outcome.set(self.how);
        let pusher = self.pusher.take();
        drop_source(self.source.as_mut(), || {
            if let Some(pusher) = pusher {
                pusher.stop();
            }
        });
    }
}

/// What a turn at the source came to.
enum Turn<T> {
    /// An item that nobody else is to see.
    Item(T),
    /// There are items in the list that were not there before.
    Pushed,
    /// There are none, and never will be.
    Ended,
}

/// A fork that has read all there is and takes a turn.
struct Reader<'a, T> {
    cursor: &'a mut Cursor<T>,
    common: &'a Common,
    /// Has pushed an item and woken nobody.
    quiet: bool,
}

impl<S: Stream> TurnTaker<Drive<S>> for Reader<'_, S::Item> {
    type Got = Turn<S::Item>;

    /// Asks the source for one item.
    #[inline(always)]
    fn take_turn(
        &mut self,
        drive: Pin<&mut Drive<S>>,
        cx: &mut Context<'_>,
    ) -> Poll<Turn<S::Item>> {
        let this = drive.project();
        let mut source = this.source;
        let Some(pusher) = this.pusher.beside(self.cursor) else {
            // Another fork was faster, or the source is gone.
            let ended = source.is_none() && self.cursor.is_drained();
            return Poll::Ready(if ended { Turn::Ended } else { Turn::Pushed });
        };
        let (pusher, outcome) = (Some(pusher), &this.common.outcome);
        let mut end = End { source: source.as_mut(), pusher, outcome, how: Outcome::Panicked };
        let polled = match end.source.as_mut().as_pin_mut() {
            Some(source) => source.poll_next(cx),
            None => Poll::Ready(None),
        };
        end.how = Outcome::Completed;
        if let Poll::Ready(None) = polled {
            return Poll::Ready(Turn::Ended);
        }
        let pusher = end.pusher.take();
        core::mem::forget(end);
        let (Poll::Ready(Some(item)), Some(mut pusher)) = (polled, pusher) else {
            return Poll::Pending;
        };
        if pusher.is_only_reader() {
            return Poll::Ready(Turn::Item(item));
        }
        if self.common.has_passive() {
            pusher.push(item);
        } else {
            pusher.push_quietly(item);
            self.quiet = true;
        }
        Poll::Ready(Turn::Pushed)
    }

    fn look_elsewhere(&mut self) -> Option<Turn<S::Item>> {
        self.cursor.next_ready().map(Turn::Item)
    }

    /// A passive fork has come, and may have gone to sleep without the item.
    fn fenced(&mut self) {
        if self.quiet {
            self.cursor.wake_all();
        }
    }
}

/// One of several streams of the same items; made by [`forker`](crate::AiterExt::forker).
///
/// [`fork`](Self::fork) (or `clone`) makes another one at the same position: each of the two sees
/// every item from there on. [`fork_passive`](Self::fork_passive) makes one that reads only what
/// active forks have requested.
///
/// Nothing is pulled from the source until an active fork asks for an item it has not; then exactly
/// one item is. Whichever fork is polled drives the source, and there is no task or thread behind
/// it: when that fork turns to something else or is dropped, the source's wake-up goes to another
/// fork that waits. An item is moved to a fork that is alone, and to the last one that reads it
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
/// Dropping a future over this stream (such as `next()`) loses no item and costs nobody a wake-up.
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
    pub(crate) cursor: Cursor<S::Item>,
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
        let (pusher, cursor) = push_list();
        let common = Arc::new(Common {
            outcome: OutcomeCell::new(),
            passive: AtomicBool::new(false),
            active: AtomicUsize::new(1),
        });
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
        match self.cursor.next_ready() {
            Some(item) => Poll::Ready(Some(item)),
            None => self.poll_source(cx),
        }
    }

    /// Drives the source, for a fork that has found nothing to read.
    #[inline(never)]
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if !self.drives {
            let polled = Pin::new(&mut self.cursor).poll_next(cx);
            self.ended |= matches!(polled, Poll::Ready(None));
            return polled;
        }
        let Self { relay, cursor, common, .. } = self;
        let mut reader = Reader { cursor, common, quiet: false };
        let turn = relay.poll_turn_of(cx, &mut reader);
        if reader.quiet {
            if let Some(Some(item)) = self.cursor.next_quickly() {
                return Poll::Ready(Some(item));
            }
        }
        match turn {
            Poll::Ready(Turn::Item(item)) => Poll::Ready(Some(item)),
            // There is one, or the next turn is for us.
            Poll::Ready(Turn::Pushed) => self.poll_slowly(cx),
            Poll::Ready(Turn::Ended) => self.end(),
            // Another fork is at the source, of which there is nothing left.
            Poll::Pending if self.cursor.is_drained() => self.end(),
            // Not by the quick way, which gives no memory back.
            Poll::Pending => {
                self.cursor.next_ready().map_or(Poll::Pending, |item| Poll::Ready(Some(item)))
            }
        }
    }

    fn end(&mut self) -> Poll<Option<S::Item>> {
        self.ended = true;
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
            // The gate is open: see the head of this file.
            self.relay.try_look(Drive::cancel);
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
            (self.cursor.len(), source)
        });
        match look {
            Some((len, (lower, upper))) => {
                (len.saturating_add(lower), upper.and_then(|upper| upper.checked_add(len)))
            }
            // Another fork is at the source.
            None => (self.cursor.len(), None),
        }
    }
}
