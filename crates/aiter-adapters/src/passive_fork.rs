//! Forks that read what others request.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{QuietCursor, Relay};
use futures_core::{FusedStream, Stream};

use crate::{
    forker::{Common, Drive, Fork, poll_passively},
    outcome::Outcome,
    sync::Arc,
};

/// A fork that reads only what active forks have requested; made by [`Fork::fork_passive`].
///
/// It sees every item from its position on, waits while no active fork asks for one, and never
/// polls the source. It ends when the source does. When the last active fork is dropped, the source
/// is dropped as well: the passive forks read the items that are left and end.
///
/// [`fork_active`](Self::fork_active) makes an active fork at the same position, and
/// [`activate`](Self::activate) turns this one into an active fork. If the last active fork has
/// gone by then, the new one only reads the items that are left.
///
/// # Panics
/// Panics if `clone` of an item does. The item is then still to be read.
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
    /// Where it sleeps, and for the active forks that are made of this one.
    relay: Relay<Drive<S>>,
    cursor: QuietCursor<S::Item>,
    common: Arc<Common>,
    /// The end was handed out.
    ended: bool,
}

impl<S: Stream> Fork<S> {
    /// A passive fork at the same position: it reads only what active forks have requested.
    ///
    /// It waits while no active fork asks for an item, and ends when no active fork is left.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let mut work = stream::iter(["one", "two"]).forker();
    /// let mut log = work.fork_passive();
    /// assert_eq!(log.next().now_or_never(), None); // no active fork has asked
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
        PassiveFork { relay, cursor, common: self.common.clone(), ended: self.ended }
    }
}

impl<S: Stream> PassiveFork<S> {
    /// Another passive fork at the same position.
    pub fn fork_passive(&self) -> Self
    where
        S::Item: Clone + Sync,
    {
        let (relay, cursor) = (self.relay.clone(), self.cursor.fork());
        Self { relay, cursor, common: self.common.clone(), ended: self.ended }
    }

    /// An active fork at the same position.
    ///
    /// If the last active fork has gone, the source has been dropped, and the new fork reads the
    /// items that are left.
    #[doc(alias = "is_active")]
    pub fn fork_active(&self) -> Fork<S>
    where
        S::Item: Clone + Sync,
    {
        let (relay, cursor) = (self.relay.clone(), self.cursor.fork());
        let common = self.common.clone();
        // Last, because the cursor's fork may panic.
        let drives = common.try_add_driver();
        Fork { relay, cursor, common, drives, ended: self.ended }
    }

    /// Turns this fork into an active one; as [`fork_active`](Self::fork_active).
    pub fn activate(self) -> Fork<S>
    where
        S::Item: Clone + Sync,
    {
        let fork = self.fork_active();
        // Before the return: if the drop of the waker panics, the fork is dropped, not leaked.
        drop(self);
        fork
    }

    /// Items that were pulled from the source, and that this fork has not read.
    pub fn lag(&self) -> usize {
        self.cursor.lag()
    }

    /// How the source came to its end; `None` while it has not.
    ///
    /// [`Outcome::Cancelled`] if the last active fork was dropped before the end.
    pub fn outcome(&self) -> Option<Outcome> {
        self.common.outcome(&self.cursor)
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
        let polled = poll_passively(relay, cursor, cx);
        self.ended |= matches!(polled, Poll::Ready(None));
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.cursor.size_hint()
    }
}
