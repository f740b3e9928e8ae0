use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::FusedFuture;

use crate::{
    progress::Progress,
    util::{Budget, clear_on_panic},
};

pin_project_lite::pin_project! {
    /// A future that handles items one by one while the stream works ahead; made by
    /// [`for_each_progress`](crate::AiterExt::for_each_progress).
    ///
    /// Completes when the stream has ended. The stream is then dropped.
    ///
    /// # Panics
    /// Panics if the stream or the body does. A body that panicked is dropped, with its item. The
    /// next poll continues with the next item.
    ///
    /// # Cancel safety
    /// If the future is dropped, the stream and the running body are dropped. If it was made of
    /// `&mut` of a stream, the stream can be used further; only the item of the body is lost.
    #[must_use = "futures do nothing unless polled"]
    pub struct ForEachProgress<S, F, Fut> {
        // Dropped when it ends.
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

    /// Returns the stream, unless it has ended.
    ///
    /// # Examples
    /// ```
    /// use core::future::ready;
    ///
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, stream};
    ///
    /// let mut handling = stream::iter(1..=4).preload(2).for_each_progress(|_| ready(()));
    /// assert!(handling.get_ref().is_some_and(|numbers| numbers.is_empty()));
    /// assert_eq!((&mut handling).now_or_never(), Some(()));
    /// assert!(handling.get_ref().is_none());
    /// ```
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
            let body = clear_on_panic(this.running.as_mut(), |body| body.poll(cx));
            let Some(mut stream) = this.stream.as_mut().as_pin_mut() else {
                return Poll::Ready(());
            };
            if let Some(Poll::Pending) = body {
                // The result does not matter, because the body is pending.
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
