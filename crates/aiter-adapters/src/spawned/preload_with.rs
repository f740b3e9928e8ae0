use core::{
    fmt,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{
    outcome::TaskOutcome,
    progress::Progress,
    spawn::Spawn,
    spawned::{active::Active, drive_task::DriveTask},
    util::inherent_next,
};

/// A stream with `n` items that a task keeps loaded while the consumer is busy; made by
/// [`preload_with`](crate::AiterExt::preload_with).
///
/// The task holds at most `n` items ahead, besides the item that the consumer holds, as the task of
/// [`active_bounded`](crate::AiterExt::active_bounded) does.
///
/// The task, a [`DriveTask`], pulls from the start. The items keep the source's order. Dropping
/// this stream ends the task and drops the source, as for [`Active`](crate::Active). When the
/// stream ends, the source is already dropped.
///
/// In the long run nothing is allocated for an item. Taking an item is wait-free, and may wake the
/// task.
///
/// # Panics
/// Panics if the waker of the task does. The waker is called when an item is taken, and that item
/// is then lost. If the source panics, it does so in the task. This stream then returns the items
/// that were pulled and ends, and [`outcome`](Self::outcome) is [`TaskOutcome::Panicked`].
///
/// # Cancel safety
/// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
///
/// # Examples
/// With an executor that the caller drives:
///
/// ```
/// use aiter_adapters::AiterExt;
/// use futures_util::{FutureExt, StreamExt, stream};
///
/// let executor = smol::LocalExecutor::new();
/// let mut pages = stream::iter(1..=9).preload_with(2, |task| executor.spawn(task));
/// assert!(pages.is_empty());
/// while executor.try_tick() {}
/// assert_eq!((pages.len(), pages.outcome()), (2, None)); // the task waits for the consumer
/// assert!(!pages.handle().is_finished());
/// assert_eq!(pages.next().now_or_never(), Some(Some(1)));
///
/// let (pages, task) = pages.into_parts();
/// drop(pages);
/// assert_eq!(smol::block_on(executor.run(task)), ());
/// ```
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

impl<T, H> PreloadWith<T, H> {
    pub(crate) fn new<S, P>(source: S, n: NonZeroUsize, spawn: P) -> Self
    where
        S: Stream<Item = T>,
        P: Spawn<DriveTask<S>, Handle = H>,
    {
        Self { items: Active::new(source, Some(n), spawn), n }
    }

    /// Returns the handle of the task.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn handle(&self) -> &H {
        self.items.handle()
    }

    /// Separates the stream from the handle of its task.
    ///
    /// Dropping the stream still ends the task. Dropping the handle cancels or detaches the task,
    /// as the runtime defines.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn into_parts(self) -> (PreloadWith<T, ()>, H) {
        let (items, handle) = self.items.into_parts();
        (PreloadWith { items, n: self.n }, handle)
    }

    /// Returns how the task ended, or `None` while it runs.
    ///
    /// Items may still be unread. Returns [`TaskOutcome::Cancelled`] if the task was dropped before
    /// the source had ended, as at a runtime's shutdown.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn outcome(&self) -> Option<TaskOutcome> {
        self.items.outcome()
    }

    /// Returns the number of items that were pulled and not taken.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns `true` if [`len`](Self::len) is 0.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

inherent_next!([T, H] PreloadWith<T, H>);

impl<T, H> FusedStream for PreloadWith<T, H> {
    fn is_terminated(&self) -> bool {
        self.items.is_terminated()
    }
}

impl<T, H> Progress for PreloadWith<T, H> {
    fn poll_progress(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
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
