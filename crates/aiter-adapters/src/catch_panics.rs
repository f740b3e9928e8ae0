use core::{
    fmt,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};
use std::panic::catch_unwind;

use futures_core::{FusedStream, Stream};

use crate::{caught_panic::CaughtPanic, progress::Progress, util::inherent_next};

pin_project_lite::pin_project! {
    /// A stream that returns each panic of the inner stream as an item of its own; made by
    /// [`MapPar::catch_panics`](crate::MapPar::catch_panics) and
    /// [`MapParWith::catch_panics`](crate::MapParWith::catch_panics).
    ///
    /// The stream continues after a panic. The panic hook still runs, which by default writes to
    /// standard error. A program whose panics abort catches none.
    ///
    /// # Panics
    /// Panics only if the caller's waker does.
    ///
    /// # Cancel safety
    /// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let inverse = |n: u32| async move { 100 / n };
    /// let mut inverses = stream::iter([0, 4]).map_par(1, inverse).catch_panics();
    /// assert!(matches!(inverses.next().await, Some(Err(_))));
    /// println!("{} calls are running", inverses.get_ref().running());
    /// let mut uncaught = inverses.into_inner();
    /// assert_eq!(uncaught.next().await, Some(25));
    /// # }).expect("nothing waits");
    /// ```
    #[must_use = "streams do nothing unless polled"]
    pub struct CatchPanics<S> {
        #[pin]
        stream: S,
        // A panic of `poll_progress`.
        caught: Option<CaughtPanic>,
    }
}

impl<S> CatchPanics<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, caught: None }
    }

    /// Returns the inner stream.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Returns the inner stream mutably.
    ///
    /// # Examples
    /// Lets the futures run, without taking a result:
    ///
    /// ```
    /// use core::{pin::pin, task::{Context, Waker}};
    ///
    /// use aiter_adapters::{AiterExt, Progress};
    /// use futures_util::stream;
    ///
    /// let double = |n: u32| async move { 2 * n };
    /// let mut doubles = stream::iter([1, 2, 3]).map_par(2, double).catch_panics();
    /// let mut cx = Context::from_waker(Waker::noop());
    /// let _ = pin!(doubles.get_mut()).poll_progress(&mut cx);
    /// assert_eq!(doubles.get_ref().finished(), 3);
    /// ```
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Returns the inner stream mutably and pinned.
    ///
    /// # Examples
    /// ```
    /// use core::{pin::pin, task::{Context, Waker}};
    ///
    /// use aiter_adapters::{AiterExt, Progress};
    /// use futures_util::stream;
    ///
    /// let double = |n: u32| async move { 2 * n };
    /// let mut doubles = pin!(stream::iter([1, 2, 3]).map_par(2, double).catch_panics());
    /// let mut cx = Context::from_waker(Waker::noop());
    /// let _ = doubles.as_mut().get_pin_mut().poll_progress(&mut cx);
    /// assert_eq!(doubles.as_mut().get_pin_mut().finished(), 3);
    /// ```
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut S> {
        self.project().stream
    }

    /// Returns the inner stream, whose panics are no longer caught.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
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

inherent_next!([S] CatchPanics<S>);

impl<S: FusedStream> FusedStream for CatchPanics<S> {
    fn is_terminated(&self) -> bool {
        self.caught.is_none() && self.stream.is_terminated()
    }
}

impl<S: Stream> Stream for CatchPanics<S> {
    type Item = Result<S::Item, CaughtPanic>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        if let Some(panic) = this.caught.take() {
            return Poll::Ready(Some(Err(panic)));
        }
        let stream = this.stream;
        match catch_unwind(AssertUnwindSafe(|| stream.poll_next(cx))) {
            Ok(polled) => polled.map(|item| item.map(Ok)),
            Err(payload) => Poll::Ready(Some(Err(CaughtPanic::new(payload)))),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // A panic may replace an item, or be one more item.
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
            *this.caught = Some(CaughtPanic::new(payload));
            Poll::Ready(())
        })
    }
}
