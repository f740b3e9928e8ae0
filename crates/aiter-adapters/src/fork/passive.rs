use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{QuietCursor, Relay};
use futures_core::{FusedStream, Stream};

use crate::{
    fork::{
        active::ForkStream,
        source::{ForkSource, SharedState, poll_passive},
    },
    outcome::TaskOutcome,
    sync::Arc,
};

/// A fork that reads only what active forks have requested; made by [`ForkStream::fork_passive`].
///
/// It sees every item from its position on, and never polls the source. It waits until an active
/// fork requests an item. It ends when the source does. If the last active fork is dropped, the
/// source is dropped as well, and the passive forks read the remaining items and end.
///
/// [`fork_active`](Self::fork_active) makes an active fork at the same position, and
/// [`activate`](Self::activate) turns this fork into an active one. If no active fork is left by
/// then, the new fork only reads the remaining items.
///
/// # Panics
/// Panics if `clone` of an item does. That item is not lost.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item and no wake-up
/// is lost.
///
/// # Examples
/// ```
/// use aiter_adapters::AiterExt;
/// use futures_util::{FutureExt, StreamExt, stream};
///
/// let mut work = stream::iter(["one", "two", "three"]).forker();
/// let log = work.fork_passive();
/// assert_eq!(work.next().now_or_never(), Some(Some("one")));
///
/// let mut replay = log.activate(); // at the position of `log`
/// drop(work);
/// assert_eq!(replay.next().now_or_never(), Some(Some("one")));
/// assert_eq!(replay.next().now_or_never(), Some(Some("two"))); // from the source
/// ```
#[must_use = "a fork that is not read keeps what it has not read in memory"]
pub struct PassiveFork<S: Stream> {
    /// Holds the registration of this fork, and is cloned for new active forks.
    relay: Relay<ForkSource<S>>,
    cursor: QuietCursor<S::Item>,
    shared: Arc<SharedState>,
    /// `None` was returned.
    ended: bool,
}

impl<S: Stream> ForkStream<S> {
    /// Makes a passive fork at the same position, which reads only what active forks have
    /// requested.
    ///
    /// It waits until an active fork requests an item, and ends when no active fork is left.
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
        let (relay, cursor) = (self.relay.clone(), self.cursor.fork());
        PassiveFork { relay, cursor, shared: self.shared.clone(), ended: self.ended }
    }
}

impl<S: Stream> PassiveFork<S> {
    /// Makes another passive fork at the same position.
    pub fn fork_passive(&self) -> Self
    where
        S::Item: Clone + Sync,
    {
        let (relay, cursor) = (self.relay.clone(), self.cursor.fork());
        Self { relay, cursor, shared: self.shared.clone(), ended: self.ended }
    }

    /// Makes an active fork at the same position.
    ///
    /// If no active fork is left, the source was dropped, and the new fork only reads the remaining
    /// items.
    #[doc(alias = "is_active")]
    pub fn fork_active(&self) -> ForkStream<S>
    where
        S::Item: Clone + Sync,
    {
        let (relay, cursor) = (self.relay.clone(), self.cursor.fork());
        let shared = self.shared.clone();
        // Last, because `cursor.fork()` may panic.
        let is_driver = shared.try_add_driver();
        ForkStream { relay, cursor, shared, is_driver, ended: self.ended }
    }

    /// Turns this fork into an active one, as [`fork_active`](Self::fork_active) does.
    pub fn activate(self) -> ForkStream<S>
    where
        S::Item: Clone + Sync,
    {
        let fork = self.fork_active();
        // Before the return: if the drop of the waker panics, the fork is dropped, not leaked.
        drop(self);
        fork
    }

    /// Returns the number of items that were pulled from the source and that this fork has not
    /// read.
    pub fn lag(&self) -> usize {
        self.cursor.lag()
    }

    /// Returns how the source ended, or `None` while it continues.
    ///
    /// Returns [`TaskOutcome::Cancelled`] if the last active fork was dropped before the end.
    pub fn outcome(&self) -> Option<TaskOutcome> {
        self.shared.outcome(&self.cursor)
    }
}

impl<S: Stream> fmt::Debug for PassiveFork<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassiveFork")
            .field("lag", &self.lag())
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
    }
}

impl<S: Stream> Clone for PassiveFork<S>
where
    S::Item: Clone + Sync,
{
    fn clone(&self) -> Self {
        self.fork_passive()
    }
}

impl<S: Stream> FusedStream for PassiveFork<S> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Stream> Stream for PassiveFork<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let Self { relay, cursor, .. } = &mut *self;
        let polled = poll_passive(relay, cursor, cx);
        self.ended |= matches!(polled, Poll::Ready(None));
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.cursor.size_hint()
    }
}
