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

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{BesidePusher, Cursor, Pass, Pusher, Relay, TurnTaker, push_list};
use futures_core::{FusedStream, Stream};

use crate::{
    outcome::{Outcome, OutcomeCell},
    sync::{Arc, AtomicBool, Ordering},
};

/// What all forks know.
struct Common {
    outcome: OutcomeCell,
    /// Whether there ever was a passive fork.
    passive: AtomicBool,
}

impl Common {
    fn has_passive(&self) -> bool {
        // Relaxed: the relay's fence orders it, see above.
        self.passive.load(Ordering::Relaxed)
    }
}

pin_project_lite::pin_project! {
    /// What the active forks drive in turn.
    struct Drive<S: Stream> {
        // Dropped at its end.
        #[pin]
        source: Option<S>,
        pusher: Pusher<S::Item>,
        common: Arc<Common>,
    }
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
        /// Stops the list even if the source panics when it is dropped. Comes last, as the wakers of
        /// those who wait may panic, too.
        struct Stop<'a, T>(Option<BesidePusher<'a, T>>);
        impl<T> Drop for Stop<'_, T> {
            fn drop(&mut self) {
                if let Some(pusher) = self.0.take() {
                    pusher.stop();
                }
            }
        }
        self.outcome.set(self.how);
        let _stop = Stop(self.pusher.take());
        self.source.set(None);
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
    ) -> Poll<(Turn<S::Item>, Pass)> {
        let this = drive.project();
        let mut source = this.source;
        let Some(pusher) = this.pusher.beside(self.cursor) else {
            // Somebody else was faster, or there is nobody to ask. We took a turn and did not: that is
            // for the next.
            let ended = source.is_none() && self.cursor.is_drained();
            let turn = if ended { Turn::Ended } else { Turn::Pushed };
            return Poll::Ready((turn, Pass::Next));
        };
        let (pusher, outcome) = (Some(pusher), &this.common.outcome);
        let mut end = End { source: source.as_mut(), pusher, outcome, how: Outcome::Panicked };
        let polled = match end.source.as_mut().as_pin_mut() {
            Some(source) => source.poll_next(cx),
            None => Poll::Ready(None),
        };
        end.how = Outcome::Completed;
        if let Poll::Ready(None) = polled {
            return Poll::Ready((Turn::Ended, Pass::All));
        }
        let pusher = end.pusher.take();
        core::mem::forget(end);
        let (Poll::Ready(Some(item)), Some(mut pusher)) = (polled, pusher) else {
            return Poll::Pending;
        };
        if pusher.is_only_reader() {
            return Poll::Ready((Turn::Item(item), Pass::All));
        }
        if self.common.has_passive() {
            pusher.push(item);
        } else {
            pusher.push_quietly(item);
            self.quiet = true;
        }
        Poll::Ready((Turn::Pushed, Pass::All))
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
/// every item from there on. [`fork_passive`](Self::fork_passive) makes one that sees them too, and
/// asks for none.
///
/// Nothing is pulled from the source until an active fork asks for an item it has not; then exactly
/// one item is. Whichever fork is polled drives the source, and there is no task or thread behind
/// it: when that fork turns to something else or is dropped, the source's wake-up goes to another
/// fork that waits. An item is moved to a fork that is alone, and to the last one that reads it
/// where the list can tell; else it is cloned, outside the source's turn. `Result` items go to every fork
/// as they are.
///
/// The source is dropped at its end, or when the last active fork goes; the passive ones then read
/// what there is and end.
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
    // First: without active forks the list ends.
    relay: Relay<Drive<S>>,
    cursor: Cursor<S::Item>,
    common: Arc<Common>,
    /// The end was handed out.
    ended: bool,
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
        let common =
            Arc::new(Common { outcome: OutcomeCell::new(), passive: AtomicBool::new(false) });
        let drive = Drive { source: Some(source), pusher, common: common.clone() };
        Self { relay: Relay::new(drive), cursor, common, ended: false }
    }

    /// Another active fork at the same position. Costs the same at any lag.
    pub fn fork(&self) -> Self
    where
        S::Item: Clone + Sync,
    {
        let (relay, cursor) = (self.relay.clone(), self.cursor.fork());
        Self { relay, cursor, common: self.common.clone(), ended: self.ended }
    }

    /// A fork at the same position that sees every item and asks for none.
    ///
    /// It gets what active forks ask for, waits when they do not, and ends when none is left.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let mut work = stream::iter(["one", "two"]).forker();
    /// let mut log = work.fork_passive();
    /// assert_eq!(log.next().now_or_never(), None); // nobody has asked
    /// assert_eq!(work.next().now_or_never(), Some(Some("one")));
    /// assert_eq!(log.next().now_or_never(), Some(Some("one")));
    /// drop(work);
    /// assert_eq!(log.next().now_or_never(), Some(None));
    /// ```
    #[doc(alias = "is_active")]
    pub fn fork_passive(&self) -> PassiveFork<S::Item>
    where
        S::Item: Clone + Sync,
    {
        // Relaxed: the fence orders it. In this order, and also if it is set: it may have been just now, by
        // somebody who has yet to draw theirs.
        self.common.passive.store(true, Ordering::Relaxed);
        self.relay.fence();
        let (cursor, common) = (self.cursor.fork(), self.common.clone());
        PassiveFork { cursor, common, ended: self.ended }
    }

    /// Items that were pulled from the source, and that this fork has not read.
    pub fn lag(&self) -> usize {
        self.cursor.lag()
    }

    #[inline(never)]
    fn next_ready(&mut self) -> Option<S::Item> {
        let item = self.cursor.next_ready()?;
        self.relay.stand_by();
        Some(item)
    }

    /// All but what is to be had by few instructions.
    #[inline(never)]
    fn poll_slowly(&mut self, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        match self.next_ready() {
            Some(item) => Poll::Ready(Some(item)),
            None => self.poll_source(cx),
        }
    }

    /// Drives the source, for a fork that has found nothing to read.
    #[inline(never)]
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
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
                self.next_ready().map_or(Poll::Pending, |item| Poll::Ready(Some(item)))
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
        self.cursor.is_stopped().then(|| self.common.outcome.get()).flatten()
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
        if !this.relay.is_asleep() {
            match this.cursor.next_quickly() {
                Some(Some(item)) => return Poll::Ready(Some(item)),
                Some(None) => return this.poll_source(cx),
                None => {}
            }
        }
        this.poll_slowly(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
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

/// A fork that sees every item and asks for none; made by [`Fork::fork_passive`].
///
/// It reads what active forks ask for, waits when they do not, and ends when the source does or when
/// no active fork is left. It does not know the source's type, and needs no turn at it.
///
/// # Panics
/// If `clone` of an item does; the item is then still to be read.
///
/// # Cancel safety
/// Dropping a future over this stream (such as `next()`) loses no item and costs nobody a wake-up.
#[must_use = "a fork that is not read keeps what it has not read in memory"]
pub struct PassiveFork<T> {
    cursor: Cursor<T>,
    common: Arc<Common>,
    /// The end was handed out.
    ended: bool,
}

impl<T> fmt::Debug for PassiveFork<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassiveFork")
            .field("lag", &self.lag())
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
    }
}

impl<T> PassiveFork<T> {
    /// Another passive fork at the same position.
    pub fn fork_passive(&self) -> Self
    where
        T: Clone + Sync,
    {
        Self { cursor: self.cursor.fork(), common: self.common.clone(), ended: self.ended }
    }

    /// Items that were pulled from the source, and that this fork has not read.
    pub fn lag(&self) -> usize {
        self.cursor.lag()
    }

    /// How the source came to its end, [`Outcome::Cancelled`] if no active fork was left; `None` while
    /// it has not.
    pub fn outcome(&self) -> Option<Outcome> {
        let how = || self.common.outcome.get().unwrap_or(Outcome::Cancelled);
        self.cursor.is_stopped().then(how)
    }
}

impl<T: Clone + Sync> Clone for PassiveFork<T> {
    fn clone(&self) -> Self {
        self.fork_passive()
    }
}

impl<T> FusedStream for PassiveFork<T> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<T> Stream for PassiveFork<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let polled = Pin::new(&mut self.cursor).poll_next(cx);
        if let Poll::Ready(None) = polled {
            self.ended = true;
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.cursor.size_hint()
    }
}
