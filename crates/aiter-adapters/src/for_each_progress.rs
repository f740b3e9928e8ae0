use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::FusedFuture;

use crate::{budget::Budget, progress::Progress, unwind};

pin_project_lite::pin_project! {
    /// Handles items one by one while the stream works ahead; made by
    /// [`for_each_progress`](crate::AiterExt::for_each_progress).
    ///
    /// Ends when the stream has, which is dropped then.
    ///
    /// # Panics
    /// If the stream or the body does. A body that panicked is dropped, and its item is gone; the next
    /// poll goes on with the next item.
    ///
    /// # Cancel safety
    /// Dropping it drops the stream and the body that is under way. Given `&mut` of a stream, it leaves
    /// the stream in order, with all items but the body's.
    #[must_use = "futures do nothing unless polled"]
    pub struct ForEachProgress<S, F, Fut> {
        // Dropped at its end.
        #[pin]
        stream: Option<S>,
        body: F,
        #[pin]
        running: Option<Fut>,
    }
}

impl<S, F, Fut> fmt::Debug for ForEachProgress<S, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForEachProgress")
            .field("stream_ended", &self.stream.is_none())
            .field("running", &self.running.is_some())
            .finish_non_exhaustive()
    }
}

impl<S: Progress, F, Fut> ForEachProgress<S, F, Fut> {
    pub(crate) fn new(stream: S, body: F) -> Self {
        Self { stream: Some(stream), body, running: None }
    }

    /// The stream, unless it has ended.
    pub fn get_ref(&self) -> Option<&S> {
        self.stream.as_ref()
    }
}

impl<S, F, Fut> FusedFuture for ForEachProgress<S, F, Fut>
where
    S: Progress,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = ()>,
{
    fn is_terminated(&self) -> bool {
        self.stream.is_none()
    }
}

impl<S, F, Fut> Future for ForEachProgress<S, F, Fut>
where
    S: Progress,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = ()>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let mut items = Budget::new();
        loop {
            let body = unwind::with(this.running.as_mut(), |body| body.poll(cx));
            let Some(mut stream) = this.stream.as_mut().as_pin_mut() else {
                return Poll::Ready(());
            };
            if let Some(Poll::Pending) = body {
                // Whether it is done or not: there is something to wait for.
                let _ = stream.poll_progress(cx);
                return Poll::Pending;
            }
            this.running.set(None);
            if !items.take() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match ready!(stream.as_mut().poll_next(cx)) {
                Some(item) => this.running.set(Some((this.body)(item))),
                None => this.stream.set(None),
            }
        }
    }
}
