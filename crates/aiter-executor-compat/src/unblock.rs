use alloc::boxed::Box;
use core::convert::identity;
use core::fmt;
use core::iter;
use core::pin::Pin;
use core::task::{Context, Poll};

use aiter_adapters::{Active, AiterExt, Progress, TaskOutcome, iter_to_aiter};
use futures_core::{FusedStream, Stream};

use crate::block_on::BlockOn;
use crate::forbid;

/// Makes a stream of an iterator that blocks, which runs on a thread of its own.
///
/// `spawn_blocking` starts the thread: `std::thread::spawn`, `tokio::task::spawn_blocking`,
/// `smol::unblock`, or, for iterators that borrow, `|run| scope.spawn(run)`. The stream
/// keeps the handle that it returns.
///
/// The thread calls the iterator from the start, and not again before an item is taken if `cap`
/// items wait. An iterator that does not block needs no thread:
/// [`iter_to_aiter`](aiter_adapters::iter_to_aiter) makes a stream of it.
///
/// One box for the closure is allocated here; nothing is for an item, in the long run.
///
/// # Panics
///
/// Panics if `cap` is 0, or if `spawn_blocking` panics; the iterator is dropped then.
///
/// The closure panics if the iterator does, and before its first item if it is called inside a
/// future under [`forbid_blocking`](crate::forbid_blocking). The stream then ends without a panic,
/// and its [`outcome`](UnblockIter::outcome) is [`TaskOutcome::Panicked`].
///
/// # Examples
///
/// ```
/// use std::io::{BufRead, Cursor};
/// use std::thread;
///
/// use aiter_executor_compat::unblock_iter;
/// use futures_util::StreamExt;
///
/// # futures_executor::block_on(async {
/// let file = Cursor::new("one\ntwo\nthree\n");
/// let lines = unblock_iter(file.lines(), 16, thread::spawn);
/// let lengths: Vec<usize> = lines.map(|line| line.map_or(0, |line| line.len())).collect().await;
/// assert_eq!(lengths, [3, 3, 5]);
/// # });
/// ```
///
/// With smol, which keeps threads for this:
///
/// ```
/// use aiter_executor_compat::unblock_iter;
/// use futures_util::StreamExt;
///
/// # smol::block_on(async {
/// let numbers = unblock_iter(0..3, 1, smol::unblock);
/// assert_eq!(numbers.collect::<Vec<_>>().await, [0, 1, 2]);
/// # });
/// ```
#[doc(alias = "blocking_iter_to_aiter")]
#[doc(alias = "iter_to_aiter")]
#[track_caller]
pub fn unblock_iter<'a, I, H>(
    iter: I,
    cap: usize,
    spawn_blocking: impl FnOnce(Box<dyn FnOnce() + Send + 'a>) -> H,
) -> UnblockIter<I::Item, H>
where
    I: IntoIterator<IntoIter: Send + 'a, Item: Send + 'a>,
{
    // Asked where an item is asked for: what panics there is told by the outcome.
    let check = iter::from_fn(|| {
        forbid::check_allowed();
        None
    });
    let (items, drive) =
        iter_to_aiter(check.chain(iter)).active_bounded(cap, identity).into_parts();
    let handle = spawn_blocking(Box::new(move || BlockOn::new().block_on(drive)));
    UnblockIter { items, handle }
}

/// The items of an iterator that runs on a thread of its own; made by [`unblock_iter`].
///
/// Dropping the stream ends the thread, and drops the iterator there. If the iterator is inside a
/// `next`, the thread ends when that returns. Nothing waits for the thread.
///
/// `size_hint` tells what waits; an upper bound is known once the iterator has ended.
///
/// # Panics
///
/// Never. An iterator that panics does so on its own thread. This stream hands out the items from
/// before the panic and ends, and [`outcome`](Self::outcome) is [`TaskOutcome::Panicked`].
///
/// # Cancel safety
///
/// Dropping a future over this stream (such as `next()`) loses no item.
#[must_use = "dropping it ends its thread and drops the iterator"]
#[doc(alias = "blocking_iter_to_aiter")]
pub struct UnblockIter<T, H> {
    // First: the thread is told to end before its handle may do what it does.
    items: Active<T, ()>,
    handle: H,
}

impl<T, H> fmt::Debug for UnblockIter<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnblockIter")
            .field("len", &self.len())
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
    }
}

impl<T, H> UnblockIter<T, H> {
    /// What `spawn_blocking` returned.
    pub fn handle(&self) -> &H {
        &self.handle
    }

    /// Separates the stream from what `spawn_blocking` returned: to wait for the thread, say.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    ///
    /// use aiter_executor_compat::unblock_iter;
    ///
    /// let (items, thread) = unblock_iter(0.., 1, thread::spawn).into_parts();
    /// drop(items);
    /// thread.join().expect("it ends and does not panic");
    /// ```
    pub fn into_parts(self) -> (UnblockIter<T, ()>, H) {
        (UnblockIter { items: self.items, handle: () }, self.handle)
    }

    /// How the iterator came to its end; `None` as long as it goes on.
    ///
    /// There may be items left to take. [`TaskOutcome::Panicked`] if the closure has panicked, and
    /// [`TaskOutcome::Cancelled`] only if it was dropped without being run, as by a runtime that shuts
    /// down.
    pub fn outcome(&self) -> Option<TaskOutcome> {
        self.items.outcome()
    }

    /// The number of items that wait to be taken.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True if [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

// The handle is never pinned.
impl<T, H> Unpin for UnblockIter<T, H> {}

impl<T, H> FusedStream for UnblockIter<T, H> {
    fn is_terminated(&self) -> bool {
        self.items.is_terminated()
    }
}

impl<T, H> Progress for UnblockIter<T, H> {
    /// Always `Ready`, because the thread works by itself.
    fn poll_progress(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl<T, H> Stream for UnblockIter<T, H> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.items).poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}
