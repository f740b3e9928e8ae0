//! The future of `next_many` of the bounded, the weighed and the lossy cursor.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use alloc::vec::Vec;
use futures_core::Stream;

use crate::util::Wait;

/// The future of [`BoundedCursor::next_many`](crate::BoundedCursor::next_many),
/// [`WeighedCursor::next_many`](crate::WeighedCursor::next_many) and
/// [`LossyCursor::next_many`](crate::LossyCursor::next_many).
///
/// If it is dropped while it waits, it deregisters the task of the cursor, as
/// [`StreamNext`](crate::StreamNext) does.
///
/// # Cancel safety
/// Cancel safe. If the future is dropped, no item is lost.
#[must_use = "futures do nothing unless polled"]
pub struct StreamNextMany<'a, S: Stream> {
    wait: Wait<'a, S>,
    buf: &'a mut Vec<S::Item>,
    max: usize,
    poll: PollMany<S>,
}

/// Polls for up to a number of items, and appends them to a buffer.
type PollMany<S> =
    fn(&mut S, &mut Context<'_>, &mut Vec<<S as Stream>::Item>, usize) -> Poll<usize>;

impl<'a, S: Stream> StreamNextMany<'a, S> {
    /// `deregister` removes the waker that a poll of the cursor has left.
    pub(super) fn new(
        stream: &'a mut S,
        buf: &'a mut Vec<S::Item>,
        max: usize,
        poll: PollMany<S>,
        deregister: fn(&mut S),
    ) -> Self {
        Self { wait: Wait::new(stream, deregister), buf, max, poll }
    }
}

impl<S: Stream> Future for StreamNextMany<'_, S> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let Self { wait, buf, max, poll } = &mut *self;
        wait.poll(|stream| poll(stream, cx, buf, *max))
    }
}

impl<S: Stream + fmt::Debug> fmt::Debug for StreamNextMany<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamNextMany")
            .field("stream", &self.wait.stream)
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}
