use core::{
    fmt,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{active::Active, drive::Drive, outcome::Outcome, spawn::Spawn};

/// A window of items that a task keeps full while the consumer is busy; made by
/// [`preload_with`](crate::AiterExt::preload_with) and
/// [`preload_with_parts`](crate::AiterExt::preload_with_parts).
///
/// The task holds at most `n` items ahead, besides the item in the consumer's hands, as that of
/// [`active_bounded`](crate::AiterExt::active_bounded) does.
///
/// The task, a [`Drive`], pulls from the start; the order is the source's. Dropping this stream
/// ends the task and drops the source, as for [`Active`](crate::Active). When the stream ends, the
/// source is already dropped.
///
/// In the long run nothing is allocated for an item. Taking an item is wait-free, and may wake the
/// task.
///
/// # Panics
/// Panics if the waker of the task does. It is called when an item is taken, and that item is then lost.
/// If the source panics, it does so in the task. This stream then hands out the items that were pulled
/// and ends, and [`outcome`](Self::outcome) is [`Outcome::Panicked`].
///
/// # Cancel safety
/// Cancel safe. If a future over this stream such as `next()` is dropped, no item is lost.
#[must_use = "dropping it ends its task and drops the source"]
#[doc(alias = "preload_aiter")]
pub struct PreloadWith<T, H> {
    items: Active<T, H>,
    n: NonZeroUsize,
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
        let (items, drive) = Active::parts(source, Some(n));
        (Self { items, n }, drive)
    }
}

impl<T, H> PreloadWith<T, H> {
    pub(crate) fn new<S, P>(source: S, n: NonZeroUsize, spawn: P) -> Self
    where
        S: Stream<Item = T>,
        P: Spawn<Drive<S>, Handle = H>,
    {
        Self { items: Active::new(source, Some(n), spawn), n }
    }

    /// What the spawner gave for the task.
    pub fn handle(&self) -> &H {
        self.items.handle()
    }

    /// Separates the stream from what the spawner gave for the task.
    ///
    /// Dropping the stream still ends the task. Dropping the handle does what it does in its runtime.
    pub fn into_parts(self) -> (PreloadWith<T, ()>, H) {
        let (items, handle) = self.items.into_parts();
        (PreloadWith { items, n: self.n }, handle)
    }

    /// How the task came to its end; `None` as long as it runs.
    ///
    /// There may be items left to take. [`Outcome::Cancelled`] if the task was dropped before the
    /// source had ended, as a runtime does that shuts down.
    pub fn outcome(&self) -> Option<Outcome> {
        self.items.outcome()
    }

    /// The number of items that were pulled and not taken.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns `true` if [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl<T, H> FusedStream for PreloadWith<T, H> {
    fn is_terminated(&self) -> bool {
        self.items.is_terminated()
    }
}

impl<T, H> Stream for PreloadWith<T, H> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.items).poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}
