use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;

/// The future of a stream's next item: what [`aiter_to_iter`](crate::aiter_to_iter) hands to its
/// `block_on` for each item.
///
/// Its output is the item, or `None` at the end of the stream.
///
/// # Cancel safety
///
/// It holds no item: one dropped before it is ready has taken nothing from the stream.
#[must_use = "futures do nothing unless polled"]
pub struct Next<'a, S: ?Sized> {
    stream: Pin<&'a mut S>,
}

impl<S: ?Sized> fmt::Debug for Next<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

impl<'a, S: ?Sized> Next<'a, S> {
    pub(crate) fn new(stream: Pin<&'a mut S>) -> Self {
        Self { stream }
    }
}

impl<S: Stream + ?Sized> Future for Next<'_, S> {
    type Output = Option<S::Item>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.stream.as_mut().poll_next(cx)
    }
}
