use core::{
    fmt,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::TryNextError;
use futures_core::{FusedStream, Stream};

use crate::{drive::Drive, link::Outlet, outcome::Outcome, spawn::Spawn};

/// What a task pulls from a source, ahead of its consumer; made by
/// [`active`](crate::AiterExt::active), [`active_bounded`](crate::AiterExt::active_bounded) and their
/// `_parts` forms.
///
/// The task, a [`Drive`], pulls from the start, whether or not this stream is polled; the order is
/// the source's. Dropping this stream ends the task and drops the source, also one that is pending
/// and also where the runtime's handle only detaches: as soon as the task is polled, for which it is
/// woken. When the stream ends, the source is dropped already.
///
/// Without a bound everything that the source yields is held in memory until it is taken.
///
/// Items are held in blocks of some dozens, and a block that was read is used again: with a small
/// bound nothing is allocated in the long run, without one at most once a block. Taking an item is
/// wait-free; with a bound it may wake the task.
///
/// `size_hint` tells what has been pulled; an upper bound is known once the source has ended.
///
/// # Panics
/// Panics if the waker of the task does. It is called when an item is taken that makes room for another
/// one, and that item is then lost. A source that panics does so in the task. This stream then hands out
/// what was pulled and ends, and [`outcome`](Self::outcome) says so.
///
/// # Cancel safety
/// Dropping a future over this stream (such as `next()`) loses no item.
#[must_use = "dropping it ends its task and drops the source"]
#[doc(alias = "active_aiter")]
pub struct Active<T, H> {
    // First: the task is told to end before its handle may cancel it.
    outlet: Outlet<T>,
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

impl<T> Active<T, ()> {
    pub(crate) fn parts<S>(source: S, bound: Option<NonZeroUsize>) -> (Self, Drive<S>)
    where
        S: Stream<Item = T>,
    {
        let (outlet, drive) = Drive::new(source, bound.map(NonZeroUsize::get));
        (Self { outlet, bound, handle: () }, drive)
    }
}

impl<T, H> Active<T, H> {
    pub(crate) fn new<S, P>(source: S, bound: Option<NonZeroUsize>, spawn: P) -> Self
    where
        S: Stream<Item = T>,
        P: Spawn<Drive<S>, Handle = H>,
    {
        let (Active { outlet, .. }, drive) = Active::parts(source, bound);
        let items = Self { outlet, bound, handle: spawn.spawn(drive) };
        // Before the return: if this panics, the stream is dropped, not leaked.
        drop(spawn);
        items
    }

    /// What the spawner gave for the task.
    pub fn handle(&self) -> &H {
        &self.handle
    }

    /// Separates the stream from what the spawner gave for the task.
    ///
    /// Dropping the stream still ends the task. Dropping the handle does what it does in its runtime.
    ///
    /// # Examples
    /// To see how the task ended:
    /// ```
    /// use aiter_adapters::{AiterExt, Outcome};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let broken = stream::iter(0..3).inspect(|n| assert_ne!(*n, 2, "two is refused"));
    /// let (mut numbers, handle) = broken.active(tokio::spawn).into_parts();
    /// assert_eq!(numbers.by_ref().collect::<Vec<_>>().await, [0, 1]);
    /// assert_eq!(numbers.outcome(), Some(Outcome::Panicked));
    /// assert!(handle.await.unwrap_err().is_panic());
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn into_parts(self) -> (Active<T, ()>, H) {
        let Self { outlet, bound, handle } = self;
        (Active { outlet, bound, handle: () }, handle)
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

    /// Takes the next item if one has been pulled. Never waits.
    ///
    /// # Errors
    /// [`TryNextError::Empty`] if none has, [`TryNextError::Ended`] if none ever will be.
    pub fn try_next(&mut self) -> Result<T, TryNextError> {
        let item = self.outlet.cursor.try_next()?;
        self.taken();
        Ok(item)
    }

    fn taken(&self) {
        if self.bound.is_some() {
            self.outlet.give_back();
        }
    }
}

// The handle is never pinned.
impl<T, H> Unpin for Active<T, H> {}

impl<T, H> FusedStream for Active<T, H> {
    fn is_terminated(&self) -> bool {
        self.outlet.has_ended()
    }
}

impl<T, H> Stream for Active<T, H> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let polled = Pin::new(&mut self.outlet.cursor).poll_next(cx);
        if let Poll::Ready(Some(_)) = polled {
            self.taken();
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.outlet.cursor.size_hint()
    }
}
