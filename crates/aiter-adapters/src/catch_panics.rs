use core::{
    fmt,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};
use std::panic::catch_unwind;

use futures_core::{FusedStream, Stream};

use crate::{failure::Panic, progress::Progress};

pin_project_lite::pin_project! {
    /// The items of a stream, where each panic of the stream is an item of its own; made by
    /// [`MapPar::catch_panics`](crate::MapPar::catch_panics) and
    /// [`MapParWith::catch_panics`](crate::MapParWith::catch_panics).
    ///
    /// The stream goes on after a panic, as these two do. The panic hook runs all the same, which by
    /// default writes to standard error. A program whose panics abort catches none.
    ///
    /// # Panics
    /// Never, unless the caller's waker does.
    ///
    /// # Cancel safety
    /// Dropping a future over this stream (such as `next()`) loses no item.
    #[must_use = "streams do nothing unless polled"]
    pub struct CatchPanics<S> {
        #[pin]
        stream: S,
        // The panic of a poll for progress.
        caught: Option<Panic>,
    }
}

impl<S> CatchPanics<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, caught: None }
    }

    /// The stream whose panics are caught.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream whose panics are caught, to change it in place.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream whose panics are caught, pinned, to change it in place.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut S> {
        self.project().stream
    }

    /// Gives the stream back, which panics again.
    pub fn into_inner(self) -> S {
        let Self { stream, caught } = self;
        // Before the return: if this panics, the stream is dropped, not leaked.
        drop(caught);
        stream
    }
}

impl<S: fmt::Debug> fmt::Debug for CatchPanics<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CatchPanics").field(&self.stream).finish()
    }
}

impl<S: FusedStream> FusedStream for CatchPanics<S> {
    fn is_terminated(&self) -> bool {
        self.caught.is_none() && self.stream.is_terminated()
    }
}

impl<S: Stream> Stream for CatchPanics<S> {
    type Item = Result<S::Item, Panic>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        if let Some(panic) = this.caught.take() {
            return Poll::Ready(Some(Err(panic)));
        }
        let stream = this.stream;
        match catch_unwind(AssertUnwindSafe(|| stream.poll_next(cx))) {
            Ok(polled) => polled.map(|item| item.map(Ok)),
            Err(payload) => Poll::Ready(Some(Err(Panic::new(payload)))),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // A panic may take the place of an item, or come beside it.
        (self.stream.size_hint().0, None)
    }
}

impl<S: Progress> Progress for CatchPanics<S> {
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.caught.is_some() {
            return Poll::Ready(());
        }
        let stream = this.stream;
        catch_unwind(AssertUnwindSafe(|| stream.poll_progress(cx))).unwrap_or_else(|payload| {
            *this.caught = Some(Panic::new(payload));
            Poll::Ready(())
        })
    }
}
