use core::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::unwind;

pin_project_lite::pin_project! {
    /// A stream that is dropped at its end, or when it panics.
    pub(crate) struct Source<S> {
        #[pin]
        stream: Option<S>,
        // The end was handed out.
        ended: bool,
    }
}

impl<S> Source<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream: Some(stream), ended: false }
    }

    pub(crate) fn get_ref(&self) -> Option<&S> {
        self.stream.as_ref()
    }

    pub(crate) fn get_pin_mut(self: Pin<&mut Self>) -> Option<Pin<&mut S>> {
        self.project().stream.as_pin_mut()
    }

    pub(crate) fn into_inner(self) -> Option<S> {
        self.stream
    }

    /// True if the stream was dropped.
    pub(crate) fn is_over(&self) -> bool {
        self.stream.is_none()
    }

    /// Drops the stream.
    pub(crate) fn shut(self: Pin<&mut Self>) {
        self.project().stream.set(None);
    }
}

impl<S: Stream> FusedStream for Source<S> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Stream> Stream for Source<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let mut stream = this.stream;
        let polled = unwind::with(stream.as_mut(), |stream| stream.poll_next(cx));
        let polled = polled.unwrap_or(Poll::Ready(None));
        if matches!(polled, Poll::Ready(None)) {
            stream.set(None);
            *this.ended = true;
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}
