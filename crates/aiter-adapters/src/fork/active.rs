use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::task::{PollLock, no_wake_list};
use futures_core::{FusedStream, Stream};

use crate::{
    fork::{
        passive::PassiveFork,
        source::{ForkSource, Pulled, SharedState, pull_item},
    },
    outcome::TaskOutcome,
    sync::Arc,
    util::{Finally, add_to_hint, inherent_next, source_hint},
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
    fork: PassiveFork<S>,
    /// This fork is counted in `SharedState::drivers`. Otherwise it never uses the gate.
    is_driver: bool,
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
        let (pusher, cursor) = no_wake_list();
        let shared = Arc::new(SharedState::new());
        let lock = PollLock::new(ForkSource::new(source, pusher, shared.clone()));
        Self { fork: PassiveFork { lock, cursor, shared, ended: false }, is_driver: true }
    }

    /// Makes another active fork at the same position, in constant time.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn fork(&self) -> Self
    where
        S::Item: Clone + Sync,
    {
        let fork = self.fork_passive();
        // Last, because the fork may panic.
        let is_driver = self.is_driver && fork.shared.try_add_driver();
        Self { fork, is_driver }
    }

    /// Makes a passive fork at the same position, which reads only what active forks have
    /// requested.
    ///
    /// It waits until an active fork requests an item, and ends when no active fork is left.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/fork_passive.svg"))]
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let mut work = stream::iter(["one", "two"]).forker();
    /// let mut log = work.fork_passive();
    /// assert_eq!(log.next().now_or_never(), None); // no active fork has requested an item
    /// assert_eq!(work.next().now_or_never(), Some(Some("one")));
    /// assert_eq!(log.next().now_or_never(), Some(Some("one")));
    /// drop(work);
    /// assert_eq!(log.next().now_or_never(), Some(None));
    /// ```
    #[doc(alias = "is_active")]
    pub fn fork_passive(&self) -> PassiveFork<S>
    where
        S::Item: Clone + Sync,
    {
        self.fork.fork_passive()
    }

    /// Returns the number of items that were pulled from the source and that this fork has not
    /// read.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let mut fast = stream::iter(1..=3).forker();
    /// let slow = fast.fork();
    /// assert_eq!(fast.next().now_or_never(), Some(Some(1)));
    /// assert_eq!(fast.next().now_or_never(), Some(Some(2)));
    /// assert_eq!((fast.lag(), slow.lag()), (0, 2));
    /// ```
    pub fn lag(&self) -> usize {
        self.fork.lag()
    }

    /// Polls without the fast path.
    #[inline(never)]
    fn poll_slow(&mut self, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.fork.cursor.is_idle()
            && self.fork.cursor.lag() > 0
            && self.fork.lock.drop_used_waker()
        {
            self.fork.cursor.set_active();
        }
        match self.fork.cursor.next_ready() {
            Some(item) => Poll::Ready(Some(item)),
            None => self.poll_source(cx),
        }
    }

    /// Polls the source, for a fork that has read all items.
    #[inline(never)]
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if !self.is_driver {
            return Pin::new(&mut self.fork).poll_next(cx);
        }
        let turn = self.fork.lock.poll_locked_or_else(
            cx,
            &mut self.fork.cursor,
            |cursor, inner, cx| pull_item(cursor, inner, cx),
            |cursor| cursor.next_ready().map(Pulled::Item),
        );
        match turn {
            Poll::Ready(Pulled::Item(item)) => Poll::Ready(Some(item)),
            Poll::Ready(Pulled::Pushed) => match self.fork.cursor.next_fast() {
                Some(Some(item)) => Poll::Ready(Some(item)),
                // There is an item, or this fork takes the next turn.
                _ => self.poll_slow(cx),
            },
            Poll::Ready(Pulled::Ended) => self.end(),
            // Another fork has the turn, and the source has ended.
            Poll::Pending if self.fork.cursor.is_drained() => self.end(),
            // Not by `next_fast`, which frees no memory.
            Poll::Pending => {
                self.fork.cursor.set_idle();
                self.fork.cursor.next_ready().map_or(Poll::Pending, |item| Poll::Ready(Some(item)))
            }
        }
    }

    fn end(&mut self) -> Poll<Option<S::Item>> {
        self.fork.ended = true;
        self.fork.lock.cancel();
        // There is no item left, so this read frees the items that all forks have read.
        Poll::Ready(self.fork.cursor.next_ready())
    }

    /// Returns how the source ended, or `None` while it continues.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, TaskOutcome};
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let mut numbers = stream::iter([1]).forker();
    /// assert_eq!(numbers.outcome(), None);
    /// assert_eq!(numbers.by_ref().collect::<Vec<_>>().now_or_never(), Some(vec![1]));
    /// assert_eq!(numbers.outcome(), Some(TaskOutcome::Completed));
    /// ```
    pub fn outcome(&self) -> Option<TaskOutcome> {
        self.fork.outcome()
    }
}

impl<S: Stream> PassiveFork<S> {
    /// Makes an active fork at the same position.
    ///
    /// If no active fork is left, the source was dropped, and the new fork only reads the remaining
    /// items.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let mut work = stream::iter(["one", "two"]).forker();
    /// let log = work.fork_passive();
    /// assert_eq!(work.next().now_or_never(), Some(Some("one")));
    /// assert_eq!(log.lag(), 1);
    /// let mut late = log.fork_active(); // at the position of `log`, which stays passive
    /// assert_eq!(late.next().now_or_never(), Some(Some("one")));
    /// assert_eq!(late.next().now_or_never(), Some(Some("two")));
    /// assert_eq!(log.lag(), 2);
    /// ```
    #[doc(alias = "is_active")]
    pub fn fork_active(&self) -> ForkStream<S>
    where
        S::Item: Clone + Sync,
    {
        let fork = self.fork_passive();
        // Last, because the fork may panic.
        let is_driver = fork.shared.try_add_driver();
        ForkStream { fork, is_driver }
    }

    /// Turns this fork into an active one, as [`fork_active`](Self::fork_active) does.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn activate(self) -> ForkStream<S>
    where
        S::Item: Clone + Sync,
    {
        let fork = self.fork_active();
        // Before the return: if the drop of the waker panics, the fork is dropped, not leaked.
        drop(self);
        fork
    }
}

impl<S: Stream> Drop for ForkStream<S> {
    fn drop(&mut self) {
        if self.is_driver && self.fork.shared.remove_driver() {
            // The gate is open: see the module documentation of `source`.
            self.fork.lock.try_read(ForkSource::cancel);
            // Wakes the remaining forks, even if the drop of a waker panics.
            let notify = Finally(&mut self.fork.lock, |lock| lock.notify());
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

inherent_next!([S: Stream] ForkStream<S>, |fork| {
    fork.fork.lock.cancel();
    fork.fork.cursor.set_active();
});

impl<S: Stream> FusedStream for ForkStream<S> {
    fn is_terminated(&self) -> bool {
        self.fork.ended
    }
}

impl<S: Stream> Stream for ForkStream<S> {
    type Item = S::Item;

    #[inline(always)]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = &mut *self;
        match this.fork.cursor.next_fast() {
            Some(Some(item)) => Poll::Ready(Some(item)),
            Some(None) => this.poll_source(cx),
            None => this.poll_slow(cx),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if !self.is_driver {
            return self.fork.cursor.size_hint();
        }
        let look =
            self.fork.lock.try_read(|inner| (self.fork.cursor.lag(), source_hint(&inner.source)));
        match look {
            Some((len, source)) => add_to_hint(source, len),
            // Another fork has the turn.
            None => (self.fork.cursor.lag(), None),
        }
    }
}
