use core::{
    fmt,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{drive::Drive, link::Outlet, outcome::Outcome, spawn::Spawn};

/// A window of items that a task keeps full while the consumer is busy; made by
/// [`preload_with`](crate::AiterExt::preload_with) and
/// [`preload_with_parts`](crate::AiterExt::preload_with_parts).
///
/// The window holds exactly `n` items, and the one in the consumer's hands counts until the consumer
/// asks for the next: so the source is never asked for more than `n` items beyond those that the
/// consumer is done with. [`active_bounded`](crate::AiterExt::active_bounded) counts only what waits
/// to be taken.
///
/// The task, a [`Drive`], pulls from the start; the order is the source's. Dropping this stream ends
/// the task and drops the source, as [`Active`](crate::Active) does. When the stream ends, the source
/// is dropped already.
///
/// In the long run nothing is allocated for an item. Taking one is wait-free; asking may wake the
/// task.
///
/// # Panics
/// Never. A source that panics does so in the task; this stream hands out what was pulled, ends, and
/// [`outcome`](Self::outcome) says so.
///
/// # Cancel safety
/// Dropping a future over this stream (such as `next()`) loses no item.
#[must_use = "dropping it ends its task and drops the source"]
#[doc(alias = "preload_aiter")]
pub struct PreloadWith<T, H> {
    // First: the task is told to end before its handle may cancel it.
    outlet: Outlet<T>,
    n: NonZeroUsize,
    /// The consumer has an item and has not asked for another.
    in_hand: bool,
    handle: H,
}

impl<T, H> fmt::Debug for PreloadWith<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreloadWith")
            .field("len", &self.len())
            .field("n", &self.n)
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
    }
}

impl<T> PreloadWith<T, ()> {
    pub(crate) fn parts<S>(source: S, n: NonZeroUsize) -> (Self, Drive<S>)
    where
        S: Stream<Item = T>,
    {
        let (outlet, drive) = Drive::new(source, Some(n.get()));
        (Self { outlet, n, in_hand: false, handle: () }, drive)
    }
}

impl<T, H> PreloadWith<T, H> {
    pub(crate) fn new<S, P>(source: S, n: NonZeroUsize, spawn: P) -> Self
    where
        S: Stream<Item = T>,
        P: Spawn<Drive<S>, Handle = H>,
    {
        let (PreloadWith { outlet, in_hand, .. }, drive) = PreloadWith::parts(source, n);
        Self { outlet, n, in_hand, handle: spawn.spawn(drive) }
    }

    /// What the spawner gave for the task.
    pub fn handle(&self) -> &H {
        &self.handle
    }

    /// Separates the stream from what the spawner gave for the task.
    ///
    /// Dropping the stream still ends the task. Dropping the handle does what it does in its runtime.
    pub fn into_parts(self) -> (PreloadWith<T, ()>, H) {
        let Self { outlet, n, in_hand, handle } = self;
        (PreloadWith { outlet, n, in_hand, handle: () }, handle)
    }

    /// How the task came to its end; `None` as long as it goes on.
    ///
    /// There may be items left to take. [`Outcome::Cancelled`] if the task was dropped before the
    /// source had ended, as a runtime does that shuts down.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outlet.outcome()
    }

    /// The number of items that were pulled and are still to be taken.
    pub fn len(&self) -> usize {
        self.outlet.cursor.len()
    }

    /// True if [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.outlet.cursor.is_empty()
    }
}

// The handle is never pinned.
impl<T, H> Unpin for PreloadWith<T, H> {}

impl<T, H> FusedStream for PreloadWith<T, H> {
    fn is_terminated(&self) -> bool {
        self.outlet.has_ended()
    }
}

impl<T, H> Stream for PreloadWith<T, H> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if core::mem::take(&mut self.in_hand) {
            self.outlet.give_back();
        }
        let polled = Pin::new(&mut self.outlet.cursor).poll_next(cx);
        self.in_hand = matches!(polled, Poll::Ready(Some(_)));
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.outlet.cursor.size_hint()
    }
}
