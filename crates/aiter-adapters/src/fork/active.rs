use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{QuietCursor, Relay, quiet_list};
use futures_core::{FusedStream, Stream};

use crate::{
    fork::source::{ForkSource, Pulled, SharedState, poll_passive, pull_item},
    outcome::TaskOutcome,
    sync::Arc,
};

/// One of several streams of the same items; made by [`forker`](crate::AiterExt::forker).
///
/// [`fork`](Self::fork), or `clone`, makes another fork at the same position. Each of them sees
/// every item from there on. [`fork_passive`](Self::fork_passive) makes a fork that reads only what
/// active forks have requested.
///
/// The source is pulled only when an active fork polls for an item that was not pulled yet, and
/// then for exactly one item. Any fork drives the source when it is polled; there is no task and no
/// thread. The source's wake-up wakes every waiting fork. A fork that is dropped, or woken and
/// never polled again, therefore stops no other fork.
///
/// An item is moved to a fork that is the only one, and where possible to the last fork that reads
/// it. Otherwise it is cloned, outside the source's turn. All forks see `Result` items unchanged.
///
/// The source is dropped when it ends, or when the last active fork is dropped. In the second case
/// the remaining forks read the remaining items and end with [`TaskOutcome::Cancelled`].
///
/// The items that a fork has not read stay in memory until it reads them or is dropped.
/// [`lag`](Self::lag) returns their number, and [`forker_bounded`](crate::AiterExt::forker_bounded)
/// limits it. An item that all forks have read is dropped when each of them next waits or ends, or
/// earlier.
///
/// Reading an item is wait-free and takes no lock. Driving the source is a try-lock. A fork that
/// finds it locked waits, and is woken by the other fork's turn.
///
/// # Panics
/// Panics if the source does, in the fork that drives it. The source is then dropped. The other
/// forks read the remaining items and end with [`TaskOutcome::Panicked`]. Panics if `clone` of an
/// item does. That item is not lost.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost and no
/// other fork waits longer.
///
/// # Examples
/// ```
/// use aiter_adapters::AiterExt;
/// use futures_util::{StreamExt, stream};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut one = stream::iter(1..=4).forker();
/// assert_eq!(one.next().await, Some(1));
/// let two = one.fork(); // sees all later items
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
    /// This fork is counted in `SharedState::drivers`. Otherwise it never uses the gate.
    pub(crate) is_driver: bool,
    /// `None` was returned.
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
        let shared = Arc::new(SharedState::new());
        let relay = Relay::new(ForkSource::new(source, pusher, shared.clone()));
        Self { relay, cursor, shared, is_driver: true, ended: false }
    }

    /// Makes another active fork at the same position, in constant time.
    pub fn fork(&self) -> Self
    where
        S::Item: Clone + Sync,
    {
        let (relay, cursor) = (self.relay.clone(), self.cursor.fork());
        let shared = self.shared.clone();
        // Last, because `cursor.fork()` may panic.
        let is_driver = self.is_driver && shared.try_add_driver();
        Self { relay, cursor, shared, is_driver, ended: self.ended }
    }

    /// Returns the number of items that were pulled from the source and that this fork has not
    /// read.
    pub fn lag(&self) -> usize {
        self.cursor.lag()
    }

    /// Polls without the fast path.
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

    /// Polls the source, for a fork that has read all items.
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
                // There is an item, or this fork takes the next turn.
                _ => self.poll_slow(cx),
            },
            Poll::Ready(Pulled::Ended) => self.end(),
            // Another fork has the turn, and the source has ended.
            Poll::Pending if self.cursor.is_drained() => self.end(),
            // Not by `next_quickly`, which frees no memory.
            Poll::Pending => {
                self.cursor.doze();
                self.cursor.next_ready().map_or(Poll::Pending, |item| Poll::Ready(Some(item)))
            }
        }
    }

    fn end(&mut self) -> Poll<Option<S::Item>> {
        self.ended = true;
        self.relay.cancel();
        // There is no item left, so this read frees the items that all forks have read.
        Poll::Ready(self.cursor.next_ready())
    }

    /// Returns how the source ended, or `None` while it continues.
    pub fn outcome(&self) -> Option<TaskOutcome> {
        self.shared.outcome(&self.cursor)
    }
}

impl<S: Stream> Drop for ForkStream<S> {
    fn drop(&mut self) {
        if self.is_driver && self.shared.remove_driver() {
            /// Wakes the remaining forks, even if the drop of a waker panics.
            struct NotifyOnDrop<'a, S: Stream>(&'a mut Relay<ForkSource<S>>);
            impl<S: Stream> Drop for NotifyOnDrop<'_, S> {
                fn drop(&mut self) {
                    self.0.notify();
                }
            }
            // The gate is open: see the module documentation of `source`.
            self.relay.try_look(ForkSource::cancel);
            let notify = NotifyOnDrop(&mut self.relay);
            // Takes back this fork's own registration.
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
            // Another fork has the turn.
            None => (self.cursor.lag(), None),
        }
    }
}
