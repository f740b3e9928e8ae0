use core::{
    pin::Pin,
    task::{Context, Poll},
};

use aiter::prelude::Stream;

/// The number of items that a poll takes at most, so that an endless source cannot hold its task.
const BUDGET: usize = 128;

/// The method [`newest`](Self::newest) of every stream.
pub trait NewestExt: Stream + Sized {
    /// Returns the newest ready item of each moment, and skips those before it.
    fn newest(self) -> Newest<Self>
    where
        Self: Unpin,
    {
        Newest { source: Some(self) }
    }
}

impl<S: Stream> NewestExt for S {}

/// A stream of the newest items; made by [`NewestExt::newest`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Newest<S> {
    /// `None` after the end of the source.
    source: Option<S>,
}

impl<S: Stream + Unpin> Stream for Newest<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut newest = None;
        for _ in 0..BUDGET {
            let Some(source) = &mut self.source else { break };
            match Pin::new(source).poll_next(cx) {
                Poll::Ready(Some(item)) => newest = Some(item),
                Poll::Ready(None) => self.source = None,
                Poll::Pending if newest.is_none() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        Poll::Ready(newest)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.source {
            Some(source) => {
                let (lower, upper) = source.size_hint();
                (lower.min(1), upper)
            }
            None => (0, Some(0)),
        }
    }
}
