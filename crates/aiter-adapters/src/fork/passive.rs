use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::task::{NoWakeCursor, PollLock};
use futures_core::{FusedStream, Stream};

use crate::{
    fork::source::{ForkSource, SharedState},
    outcome::TaskOutcome,
    sync::Arc,
    util::inherent_next,
};

/// A fork that reads only what active forks have requested; made by
/// [`ForkStream::fork_passive`](crate::ForkStream::fork_passive).
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
    pub(crate) lock: PollLock<ForkSource<S>>,
    pub(crate) cursor: NoWakeCursor<S::Item>,
    pub(crate) shared: Arc<SharedState>,
    /// `None` was returned.
    pub(crate) ended: bool,
}

impl<S: Stream> PassiveFork<S> {
    /// Makes another passive fork at the same position.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn fork_passive(&self) -> Self
    where
        S::Item: Clone + Sync,
    {
        let (lock, cursor) = (self.lock.clone(), self.cursor.fork());
        Self { lock, cursor, shared: self.shared.clone(), ended: self.ended }
    }

    /// Returns the number of items that were pulled from the source and that this fork has not
    /// read.
    ///
    /// # Examples
    /// See the example of [`fork_active`](Self::fork_active).
    pub fn lag(&self) -> usize {
        self.cursor.lag()
    }

    /// Returns how the source ended, or `None` while it continues.
    ///
    /// Returns [`TaskOutcome::Cancelled`] if the last active fork was dropped before the end.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, TaskOutcome};
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let work = stream::iter(["one", "two"]).forker();
    /// let mut log = work.fork_passive();
    /// drop(work);
    /// assert_eq!(log.next().now_or_never(), Some(None));
    /// assert_eq!(log.outcome(), Some(TaskOutcome::Cancelled));
    /// ```
    pub fn outcome(&self) -> Option<TaskOutcome> {
        self.shared.outcome(&self.cursor)
    }

    /// Returns `true` if there is an item or the end.
    fn has_answer(&self) -> bool {
        self.cursor.has_ready() || self.cursor.is_drained()
    }

    fn answer(&mut self) -> Poll<Option<S::Item>> {
        let item = self.cursor.next_ready();
        self.ended = item.is_none();
        Poll::Ready(item)
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

inherent_next!([S: Stream] PassiveFork<S>, |fork| fork.lock.cancel());

impl<S: Stream> FusedStream for PassiveFork<S> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Stream> Stream for PassiveFork<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        // Wakers are dropped before an item is taken, so a panic in their drop loses no item.
        if self.has_answer() {
            self.lock.drop_used_waker();
            return self.answer();
        }
        // A read that finds no item frees memory.
        if let Some(item) = self.cursor.next_ready() {
            return Poll::Ready(Some(item));
        }
        self.lock.watch(cx);
        // A turn that ended before the registration does not wake this fork.
        if self.has_answer() {
            self.lock.cancel();
            return self.answer();
        }
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.cursor.size_hint()
    }
}
