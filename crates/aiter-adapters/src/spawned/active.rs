use core::{
    fmt,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::TryNextError;
use futures_core::{FusedStream, Stream};

use crate::{
    outcome::TaskOutcome,
    progress::Progress,
    spawn::Spawn,
    spawned::{drive_task::DriveTask, receiver::TaskReceiver},
    util::inherent_next,
};

/// A stream whose items a task pulls from a source, ahead of the consumer; made by
/// [`active`](crate::AiterExt::active) and [`active_bounded`](crate::AiterExt::active_bounded).
///
/// The task, a [`DriveTask`], pulls from the start, even if this stream is not polled. The items
/// keep the source's order.
///
/// Dropping this stream wakes the task, which drops the source at its next poll and ends. This also
/// holds if the source is pending, or if the runtime's handle only detaches. When the stream ends,
/// the source is already dropped.
///
/// Without a bound, all items that the source yields are held in memory until they are taken.
///
/// Items are held in blocks, which are reused. With a small bound, nothing is allocated in the long
/// run; without one, at most once a block. Taking an item is wait-free. With a bound it may wake
/// the task.
///
/// The lower bound of `size_hint` is the number of items that were pulled. The upper bound is known
/// once the source has ended.
///
/// # Panics
/// Panics if the waker of the task does. The waker is called when a taken item releases a permit,
/// and that item is then lost. If the source panics, it does so in the task. This stream then
/// returns the items that were pulled and ends, and [`outcome`](Self::outcome) is
/// [`TaskOutcome::Panicked`].
///
/// # Cancel safety
/// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
///
/// # Examples
/// With an executor that the caller drives:
///
/// ```
/// use aiter_adapters::{AiterExt, TaskOutcome};
/// use futures_util::stream;
///
/// let executor = smol::LocalExecutor::new();
/// let mut numbers = stream::iter(1..=3).active(|task| executor.spawn(task));
/// assert!(numbers.is_empty() && numbers.outcome().is_none());
/// while executor.try_tick() {}
/// assert!(numbers.handle().is_finished());
/// assert_eq!((numbers.len(), numbers.outcome()), (3, Some(TaskOutcome::Completed)));
/// assert_eq!(numbers.try_next(), Ok(1));
/// ```
#[must_use = "dropping it ends its task and drops the source"]
#[doc(alias = "active_aiter")]
pub struct Active<T, H> {
    // First, so the task is told to end before its handle may cancel it.
    receiver: TaskReceiver<T>,
    bound: Option<NonZeroUsize>,
    handle: H,
}

impl<T, H> fmt::Debug for Active<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Active")
            .field("len", &self.len())
            .field("bound", &self.bound)
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
    }
}

impl<T, H> Active<T, H> {
    pub(crate) fn new<S, P>(source: S, bound: Option<NonZeroUsize>, spawn: P) -> Self
    where
        S: Stream<Item = T>,
        P: Spawn<DriveTask<S>, Handle = H>,
    {
        let (receiver, drive) = DriveTask::new(source, bound.map(NonZeroUsize::get));
        let items = Self { receiver, bound, handle: spawn.spawn(drive) };
        // Before the return: if this panics, the stream is dropped, not leaked.
        drop(spawn);
        items
    }

    /// Returns the handle of the task.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn handle(&self) -> &H {
        &self.handle
    }

    /// Separates the stream from the handle of its task.
    ///
    /// Dropping the stream still ends the task. Dropping the handle cancels or detaches the task,
    /// as the runtime defines.
    ///
    /// # Examples
    /// The handle tells how the task ended:
    /// ```
    /// use aiter_adapters::{AiterExt, TaskOutcome};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let broken = stream::iter(0..3).inspect(|n| assert_ne!(*n, 2, "two is refused"));
    /// let (mut numbers, handle) = broken.active(tokio::spawn).into_parts();
    /// assert_eq!(numbers.by_ref().collect::<Vec<_>>().await, [0, 1]);
    /// assert_eq!(numbers.outcome(), Some(TaskOutcome::Panicked));
    /// assert!(handle.await.unwrap_err().is_panic());
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn into_parts(self) -> (Active<T, ()>, H) {
        let Self { receiver, bound, handle } = self;
        (Active { receiver, bound, handle: () }, handle)
    }

    /// Returns how the task ended, or `None` while it runs.
    ///
    /// Items may still be unread. Returns [`TaskOutcome::Cancelled`] if the task was dropped before
    /// the source had ended, as at a runtime's shutdown.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn outcome(&self) -> Option<TaskOutcome> {
        self.receiver.outcome()
    }

    /// Returns the number of items that were pulled and not taken.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn len(&self) -> usize {
        self.receiver.cursor.len()
    }

    /// Returns `true` if [`len`](Self::len) is 0.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn is_empty(&self) -> bool {
        self.receiver.cursor.is_empty()
    }

    /// Takes the next item without waiting.
    ///
    /// # Errors
    /// Returns [`TryNextError::Empty`] if no item was pulled, and [`TryNextError::Ended`] at the
    /// end.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn try_next(&mut self) -> Result<T, TryNextError> {
        let item = self.receiver.cursor.try_next()?;
        self.release_permit();
        Ok(item)
    }

    fn release_permit(&self) {
        if self.bound.is_some() {
            self.receiver.channel.release_permit();
        }
    }
}

inherent_next!([T, H] Active<T, H>);

// The handle is not pinned.
impl<T, H> Unpin for Active<T, H> {}

impl<T, H> FusedStream for Active<T, H> {
    fn is_terminated(&self) -> bool {
        self.receiver.cursor.is_terminated()
    }
}

impl<T, H> Progress for Active<T, H> {
    fn poll_progress(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl<T, H> Stream for Active<T, H> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let polled = Pin::new(&mut self.receiver.cursor).poll_next(cx);
        if let Poll::Ready(Some(_)) = polled {
            self.release_permit();
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.receiver.cursor.size_hint()
    }
}
