use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;

#[cfg(feature = "std")]
use crate::watch::{Waiting, Watch};

/// The future of a stream's next item: what [`aiter_to_iter`](crate::aiter_to_iter) hands to its
/// `block_on` for each item.
///
/// Its output is the item, or `None` at the end of the stream.
///
/// With feature `std`, a poll that finds the stream pending polls it two more times, with another
/// waker and again with the task's: a stream that is [starved](crate#where-it-hangs-and-what-to-do) by
/// the budget of an executor which `block_on` does not belong to shows by what it does with the two.
///
/// Where it seems so, only more polls can tell, and `block_on` may sleep for ever. So a thread named
/// `aiter-budget-watch` is started, which wakes the task when nothing else has for 60 ms; after the
/// third time in a row it is certain. There is one at most for each iterator; it ends within a fifth
/// of a second after the last such wait, or when the iterator is dropped. Where no thread can be
/// started, such a wait is not found. The built-in ways to block need none.
///
/// # Panics
///
/// Where the stream does; and, with feature `std`, where it is starved, or the wait is inside a future
/// under `forbid_blocking`. The message says what works.
///
/// And, with feature `std`, by judgement: after at least 2^25 polls in a row for at least 2 s, none with
/// an item, in each of which the stream has called the extra waker itself and left it with nobody who
/// could call it from elsewhere. Inside `allow_blocking` there is no such judgement.
///
/// # Cancel safety
///
/// It holds no item: one dropped before it is ready has taken nothing from the stream.
#[must_use = "futures do nothing unless polled"]
pub struct Next<'a, S: ?Sized> {
    stream: Pin<&'a mut S>,
    #[cfg(feature = "std")]
    watch: &'a mut Watch,
    #[cfg(feature = "std")]
    waiting: Waiting,
}

impl<S: ?Sized> fmt::Debug for Next<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

impl<'a, S: ?Sized> Next<'a, S> {
    #[cfg(feature = "std")]
    pub(crate) fn new(stream: Pin<&'a mut S>, watch: &'a mut Watch) -> Self {
        Self { stream, watch, waiting: Waiting::default() }
    }

    #[cfg(not(feature = "std"))]
    pub(crate) fn new(stream: Pin<&'a mut S>) -> Self {
        Self { stream }
    }

    /// For what looks after its waits itself.
    pub(crate) fn into_stream(self) -> Pin<&'a mut S> {
        self.stream
    }
}

impl<S: Stream + ?Sized> Future for Next<'_, S> {
    type Output = Option<S::Item>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.get_mut();
        let polled = this.stream.as_mut().poll_next(cx);
        #[cfg(feature = "std")]
        if polled.is_pending() {
            let poll = |cx: &mut Context<'_>| this.stream.as_mut().poll_next(cx);
            return this.watch.pending(&mut this.waiting, cx, poll);
        }
        polled
    }
}
