use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{QuietCursor, Relay, quiet_list};
use futures_core::{FusedStream, Stream};

use crate::{
    fork::source::{ForkSource, Pulled, SharedState, poll_passive, pull_item},
    outcome::{OutcomeCell, TaskOutcome},
    sync::{Arc, AtomicUsize},
};

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
/// read the items that are left and end with [`TaskOutcome::Cancelled`].
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
/// there is, end, and say [`TaskOutcome::Panicked`]. If `clone` of an item does; the item is then still
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
pub struct ForkStream<S: Stream> {
    pub(crate) relay: Relay<ForkSource<S>>,
    pub(crate) cursor: QuietCursor<S::Item>,
    pub(crate) shared: Arc<SharedState>,
    /// Whether this fork is counted in `SharedState::active`. Otherwise it never comes to the gate.
    pub(crate) is_driver: bool,
    /// The end was handed out.
    pub(crate) ended: bool,
}

impl<S: Stream> fmt::Debug for ForkStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForkStream")
            .field("lag", &self.lag())
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
    }
}

impl<S: Stream> ForkStream<S> {
    pub(crate) fn new(source: S) -> Self {
        let (pusher, cursor) = quiet_list();
        let shared =
            Arc::new(SharedState { outcome: OutcomeCell::new(), active: AtomicUsize::new(1) });
        let drive = ForkSource { source: Some(source), pusher, shared: shared.clone() };
        Self { relay: Relay::new(drive), cursor, shared, is_driver: true, ended: false }
    }

    /// Another active fork at the same position. Costs the same at any lag.
    pub fn fork(&self) -> Self
    where
        S::Item: Clone + Sync,
    {
        let (relay, cursor) = (self.relay.clone(), self.cursor.fork());
        let shared = self.shared.clone();
        // Last, because the cursor's fork may panic.
        let is_driver = self.is_driver && shared.try_add_driver();
        Self { relay, cursor, shared, is_driver, ended: self.ended }
    }

    /// Items that were pulled from the source, and that this fork has not read.
    pub fn lag(&self) -> usize {
        self.cursor.lag()
    }

    /// All but what is to be had by few instructions.
    #[inline(never)]
    fn poll_slow(&mut self, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
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
        if !self.is_driver {
            let polled = poll_passive(&mut self.relay, &mut self.cursor, cx);
            self.ended |= matches!(polled, Poll::Ready(None));
            return polled;
        }
        let turn = self.relay.poll_turn_or_look(
            cx,
            &mut self.cursor,
            |cursor, drive, cx| pull_item(cursor, drive, cx),
            |cursor| cursor.next_ready().map(Pulled::Item),
        );
        match turn {
            Poll::Ready(Pulled::Item(item)) => Poll::Ready(Some(item)),
            Poll::Ready(Pulled::Pushed) => match self.cursor.next_quickly() {
                Some(Some(item)) => Poll::Ready(Some(item)),
                // There is an item, or the next turn is for this fork.
                _ => self.poll_slow(cx),
            },
            Poll::Ready(Pulled::Ended) => self.end(),
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
    pub fn outcome(&self) -> Option<TaskOutcome> {
        self.shared.outcome(&self.cursor)
    }
}

impl<S: Stream> Drop for ForkStream<S> {
    fn drop(&mut self) {
        if self.is_driver && self.shared.remove_driver() {
            /// The forks that are left look again, also if the drop of a waker panics.
            struct Notify<'a, S: Stream>(&'a mut Relay<ForkSource<S>>);
            impl<S: Stream> Drop for Notify<'_, S> {
                fn drop(&mut self) {
                    self.0.notify();
                }
            }
            // The gate is open: see the head of this file.
            self.relay.try_look(ForkSource::cancel);
            let notify = Notify(&mut self.relay);
            // This fork waits no longer.
            notify.0.cancel();
        }
    }
}

impl<S: Stream> Clone for ForkStream<S>
where
    S::Item: Clone + Sync,
{
    fn clone(&self) -> Self {
        self.fork()
    }
}

impl<S: Stream> FusedStream for ForkStream<S> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Stream> Stream for ForkStream<S> {
    type Item = S::Item;

    #[inline(always)]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        match this.cursor.next_quickly() {
            Some(Some(item)) => Poll::Ready(Some(item)),
            Some(None) => this.poll_source(cx),
            None => this.poll_slow(cx),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if !self.is_driver {
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
