use core::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::util::{clear_on_panic::clear_on_panic, hint::source_hint};

pin_project_lite::pin_project! {
    /// A stream that is dropped when it ends or panics.
    pub(crate) struct FusedSource<S> {
        #[pin]
        stream: Option<S>,
        // `None` was returned.
        ended: bool,
    }
}

impl<S> FusedSource<S> {
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

    /// Returns `true` if the stream was dropped.
    pub(crate) fn is_dropped(&self) -> bool {
        self.stream.is_none()
    }

    /// Drops the stream.
    pub(crate) fn close(self: Pin<&mut Self>) {
        self.project().stream.set(None);
    }
}

impl<S: Stream> FusedStream for FusedSource<S> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Stream> Stream for FusedSource<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let mut stream = this.stream;
        let polled = clear_on_panic(stream.as_mut(), |stream| stream.poll_next(cx));
        let polled = polled.unwrap_or(Poll::Ready(None));
        if matches!(polled, Poll::Ready(None)) {
            stream.set(None);
            *this.ended = true;
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        source_hint(&self.stream)
    }
}
