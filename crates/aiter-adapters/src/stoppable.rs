//! A stream that a handle stops.
//!
//! # Ordering policy
//! The stop is Release and the stream reads with Acquire. What happens before a stop is therefore
//! visible after the end. `WakeCell` orders registration and wake-up.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::task::WakeCell;
use futures_core::{FusedStream, Stream};

use crate::{
    progress::Progress,
    sync::{Arc, AtomicBool, Ordering},
    util::inherent_next,
};

struct State {
    stopped: AtomicBool,
    cell: WakeCell,
}

impl State {
    fn is_stopped(&self) -> bool {
        // Acquire: partner of `Stopper::stop`.
        self.stopped.load(Ordering::Acquire)
    }
}

/// The handle that ends a [`Stoppable`] stream; made by [`stoppable`](crate::AiterExt::stoppable).
///
/// Clones are handles of the same stream. Dropping all of them does not stop the stream, which then
/// continues to its own end.
#[derive(Clone)]
#[doc(alias = "AbortHandle")]
pub struct Stopper(Arc<State>);

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopper").field("stopped", &self.is_stopped()).finish_non_exhaustive()
    }
}

impl Stopper {
    /// Ends the stream at its next poll, and wakes its task.
    ///
    /// A second stop has no effect. Wait-free. Neither allocates nor frees, so an interrupt handler
    /// may call it if it may call the waker of the stream's task.
    ///
    /// # Examples
    /// See the example of [`Stoppable`].
    pub fn stop(&self) {
        // Release: partner of `State::is_stopped`.
        self.0.stopped.store(true, Ordering::Release);
        self.0.cell.wake();
    }

    /// Returns `true` after a [`stop`](Self::stop) by any handle.
    ///
    /// # Examples
    /// See the example of [`Stoppable`].
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped()
    }
}

/// The side of the stream.
struct StopReceiver {
    state: Arc<State>,
    /// `None` was returned.
    ended: bool,
}

impl StopReceiver {
    /// Returns `true` if no more items come.
    fn is_over(&self) -> bool {
        self.ended || self.state.is_stopped()
    }

    /// Waits for a stop.
    fn poll_stopped(&self, cx: &Context<'_>) -> Poll<()> {
        self.state.cell.register(cx.waker());
        if self.state.is_stopped() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for StopReceiver {
    fn drop(&mut self) {
        self.state.cell.clear();
    }
}

pin_project_lite::pin_project! {
    /// A stream that a [`Stopper`] ends; made by [`stoppable`](crate::AiterExt::stoppable).
    ///
    /// Each poll checks for a stop first, and polls the source only if there was none. An item that
    /// is ready when the stop comes stays in the source, which [`into_inner`](Self::into_inner)
    /// returns. After a stop the source does not work ahead either ([`Progress`]).
    ///
    /// In front of [`map_par`](crate::AiterExt::map_par), a stop ends only its source: the calls
    /// that run are finished, and their results come. Behind it, a stop ends the results at once,
    /// and the calls that run are dropped with the stream.
    ///
    /// The source is dropped with this stream, not at its end, because
    /// [`into_inner`](Self::into_inner) returns it.
    ///
    /// The lower bound of `size_hint` is 0, because a stop may come at any time.
    ///
    /// # Panics
    /// Panics if the source does. The next poll polls it again.
    ///
    /// # Cancel safety
    /// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
    ///
    /// # Examples
    /// ```
    /// use core::pin::Pin;
    ///
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, Stream, StreamExt, stream};
    ///
    /// let (stopper, mut numbers) = stream::iter(1..=4).stoppable();
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(1)));
    /// assert!(!stopper.is_stopped());
    /// stopper.stop();
    /// assert!(numbers.is_stopped() && stopper.is_stopped());
    /// assert_eq!(numbers.next().now_or_never(), Some(None));
    /// // The source has the rest.
    /// assert_eq!(numbers.get_ref().size_hint().0, 3);
    /// assert_eq!(numbers.get_mut().next().now_or_never(), Some(Some(2)));
    /// assert_eq!(Pin::new(&mut numbers).get_pin_mut().next().now_or_never(), Some(Some(3)));
    /// ```
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "stoppable_aiter")]
    pub struct Stoppable<S> {
        #[pin]
        source: S,
        stop: StopReceiver,
    }
}

impl<S> fmt::Debug for Stoppable<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stoppable")
            .field("ended", &self.stop.ended)
            .field("stopped", &self.is_stopped())
            .finish_non_exhaustive()
    }
}

impl<S> Stoppable<S> {
    pub(crate) fn new(source: S) -> (Stopper, Self) {
        let state = State { stopped: AtomicBool::new(false), cell: WakeCell::new() };
        let state = Arc::new(state);
        (Stopper(state.clone()), Self { source, stop: StopReceiver { state, ended: false } })
    }

    /// Returns `true` after a [`Stopper::stop`].
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn is_stopped(&self) -> bool {
        self.stop.state.is_stopped()
    }

    /// Returns the source.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_ref(&self) -> &S {
        &self.source
    }

    /// Returns the source mutably.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.source
    }

    /// Returns the source mutably and pinned.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut S> {
        self.project().source
    }

    /// Returns the source, with all items that were not returned.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let (stopper, mut numbers) = stream::iter(1..=3).stoppable();
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(1)));
    /// stopper.stop();
    /// assert_eq!(numbers.next().now_or_never(), Some(None));
    /// let rest = numbers.into_inner();
    /// assert_eq!(rest.collect::<Vec<_>>().now_or_never(), Some(vec![2, 3]));
    /// ```
    pub fn into_inner(self) -> S {
        let Self { source, stop } = self;
        // Before the return: if the drop of the waker panics, the source is dropped, not leaked.
        drop(stop);
        source
    }
}

inherent_next!([S] Stoppable<S>);

impl<S: Stream> FusedStream for Stoppable<S> {
    fn is_terminated(&self) -> bool {
        self.stop.ended
    }
}

impl<S: Progress> Progress for Stoppable<S> {
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.stop.is_over() {
            return Poll::Ready(());
        }
        let this = self.project();
        match this.source.poll_progress(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => this.stop.poll_stopped(cx),
        }
    }
}

impl<S: Stream> Stream for Stoppable<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let polled = if this.stop.is_over() {
            Poll::Ready(None)
        } else {
            match this.source.poll_next(cx) {
                Poll::Pending => this.stop.poll_stopped(cx).map(|()| None),
                polled => polled,
            }
        };
        this.stop.ended = matches!(polled, Poll::Ready(None));
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let upper = if self.stop.is_over() { Some(0) } else { self.source.size_hint().1 };
        (0, upper)
    }
}
