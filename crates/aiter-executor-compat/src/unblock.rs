use alloc::boxed::Box;
use core::{
    convert::identity,
    fmt, iter,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_adapters::{Active, AiterExt, Progress, StreamNext, TaskOutcome, iter_to_aiter};
use futures_core::{FusedStream, Stream};

use crate::{block_on::BlockOn, forbid};

/// Converts a blocking iterator into a stream, and runs the iterator on its own thread.
///
/// `spawn_blocking` starts the thread: `std::thread::spawn`, `tokio::task::spawn_blocking`,
/// `smol::unblock`, or `|run| scope.spawn(run)` for iterators that borrow. The stream keeps the
/// handle that it returns.
///
/// The thread starts to iterate at once, and pauses while `cap` items are unread. An iterator that
/// does not block needs no thread; use [`iter_to_aiter`](aiter_adapters::iter_to_aiter) for it.
///
/// If the iterator may block forever, use `std::thread::spawn`, whose threads end with the program.
/// The runtime of tokio waits for its blocking threads when it shuts down. So with
/// `tokio::task::spawn_blocking`, such a program does not exit at the end of `main`.
///
/// The closure is boxed once. In the long run, no allocation is made per item.
///
/// # Panics
/// Panics if `cap` is 0, or if `spawn_blocking` panics. The iterator is then dropped.
///
/// The closure panics if the iterator panics. It panics before its first item if it is called
/// inside a future under [`forbid_blocking`](crate::forbid_blocking). In both cases the stream ends
/// without a panic, and its [`outcome`](UnblockIter::outcome) is [`TaskOutcome::Panicked`].
///
/// # Examples
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
/// The iterator must be `Send`. The lines of standard input are `Send` behind a `BufReader`, but
/// not as `stdin().lines()`, which holds a lock:
///
/// ```no_run
/// use std::io::{BufRead, BufReader, stdin};
/// use std::thread;
///
/// use aiter_executor_compat::unblock_iter;
///
/// # futures_executor::block_on(async {
/// let mut lines = unblock_iter(BufReader::new(stdin()).lines(), 16, thread::spawn);
/// while let Some(Ok(line)) = lines.next().await {
///     println!("{line}");
/// }
/// # });
/// ```
///
/// With the thread pool of smol:
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
pub fn unblock_iter<'a, I: IntoIterator<IntoIter: Send + 'a, Item: Send + 'a>, H>(
    iter: I,
    cap: usize,
    spawn_blocking: impl FnOnce(Box<dyn FnOnce() + Send + 'a>) -> H,
) -> UnblockIter<I::Item, H> {
    // The check runs in the closure, so that the outcome reports its panic.
    let check = iter::from_fn(|| {
        forbid::check_allowed();
        None
    });
    let (items, drive) =
        iter_to_aiter(check.chain(iter)).active_bounded(cap, identity).into_parts();
    let handle = spawn_blocking(Box::new(move || BlockOn::new().block_on(drive)));
    UnblockIter { items, handle }
}

/// A stream of the items of a blocking iterator; returned by [`unblock_iter`].
///
/// Dropping the stream ends the thread, which drops the iterator. If the thread is inside `next`,
/// it ends after that call. The drop does not wait for the thread.
///
/// The lower bound of `size_hint` is the number of unread items. The upper bound is known after the
/// iterator has ended.
///
/// # Panics
/// Never panics. If the iterator panics on its thread, the stream returns the items before the
/// panic and ends, and [`outcome`](Self::outcome) is [`TaskOutcome::Panicked`].
///
/// # Cancel safety
/// Cancel safe. If a future over this stream, such as `next()`, is dropped, no item is lost.
///
/// # Examples
/// ```
/// use std::thread;
///
/// use aiter_adapters::TaskOutcome;
/// use aiter_executor_compat::unblock_iter;
///
/// # futures_executor::block_on(async {
/// let mut numbers = unblock_iter(0..3, 8, thread::spawn);
/// while !numbers.handle().is_finished() {
///     thread::yield_now();
/// }
/// // All items are unread, because fewer than `cap` came.
/// assert_eq!((numbers.len(), numbers.outcome()), (3, Some(TaskOutcome::Completed)));
/// assert_eq!(numbers.next().await, Some(0));
/// assert!(!numbers.is_empty());
/// # });
/// ```
#[must_use = "dropping it ends its thread and drops the iterator"]
#[doc(alias = "blocking_iter_to_aiter")]
pub struct UnblockIter<T, H> {
    // Dropped first, so the thread is stopped before the drop of the handle, which may wait for it.
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
    /// Returns the handle that `spawn_blocking` returned.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn handle(&self) -> &H {
        &self.handle
    }

    /// Separates the stream from its handle, for example to join the thread.
    ///
    /// # Examples
    /// ```
    /// use std::thread;
    ///
    /// use aiter_executor_compat::unblock_iter;
    ///
    /// let (items, thread) = unblock_iter(0.., 1, thread::spawn).into_parts();
    /// drop(items);
    /// thread.join().expect("the thread must not panic");
    /// ```
    pub fn into_parts(self) -> (UnblockIter<T, ()>, H) {
        (UnblockIter { items: self.items, handle: () }, self.handle)
    }

    /// Waits for the next item. Returns `None` at the end.
    ///
    /// Does what `StreamExt::next` does, without an import.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost.
    ///
    /// # Examples
    /// ```
    /// use std::thread;
    ///
    /// use aiter_executor_compat::unblock_iter;
    ///
    /// # futures_executor::block_on(async {
    /// let mut numbers = unblock_iter(0..2, 1, thread::spawn);
    /// assert_eq!(numbers.next().await, Some(0));
    /// assert_eq!(numbers.next().await, Some(1));
    /// assert_eq!(numbers.next().await, None);
    /// # });
    /// ```
    #[expect(clippy::should_implement_trait, reason = "replaces `StreamExt::next`")]
    pub fn next(&mut self) -> StreamNext<'_, Self> {
        StreamNext::new(self, |_| {})
    }

    /// Returns how the iterator ended, or `None` while it runs. Unread items may remain.
    ///
    /// [`TaskOutcome::Panicked`] means that the closure panicked. [`TaskOutcome::Cancelled`] means
    /// that the closure was dropped before it ran, for example because the runtime shut down.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn outcome(&self) -> Option<TaskOutcome> {
        self.items.outcome()
    }

    /// Returns the number of unread items.
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

// The handle is never pinned.
impl<T, H> Unpin for UnblockIter<T, H> {}

impl<T, H> FusedStream for UnblockIter<T, H> {
    fn is_terminated(&self) -> bool {
        self.items.is_terminated()
    }
}

impl<T, H> Progress for UnblockIter<T, H> {
    /// Returns `Ready`, because the thread makes progress without being polled.
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
