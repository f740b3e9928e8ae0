//! # Ordering policy
//! Release by `stop`, Acquire by the stream: whoever sees the end sees what was done before the stop.
//! Going to sleep and waking up is the wake cell's affair.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::WakeCell;
use futures_core::{FusedStream, Stream};

use crate::{
    progress::Progress,
    sync::{Arc, AtomicBool, Ordering},
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
/// Clones are handles of the same stream. Dropping them stops nothing: a stream whose stoppers are
/// gone goes on to its own end.
#[derive(Clone)]
pub struct Stopper(Arc<State>);

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopper").field("stopped", &self.is_stopped()).finish_non_exhaustive()
    }
}

impl Stopper {
    /// Ends the stream at once: its next poll says so, and its task is woken.
    ///
    /// A second stop does nothing. Wait-free; neither allocates nor frees, so it may be called from an
    /// interrupt handler, if the waker of the stream's task may.
    pub fn stop(&self) {
        // Release: partner of `State::is_stopped`.
        self.0.stopped.store(true, Ordering::Release);
        self.0.cell.wake();
    }

    /// True after a [`stop`](Self::stop), by whichever handle.
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped()
    }
}

/// The stream's side of the flag.
struct Ear {
    state: Arc<State>,
    /// The end was handed out.
    ended: bool,
}

impl Ear {
    /// True if there is nothing more to hand out.
    fn is_over(&self) -> bool {
        self.ended || self.state.is_stopped()
    }

    /// True if there was a stop; else the task is woken when one comes.
    fn is_stopped_or_listens(&self, cx: &Context<'_>) -> bool {
        self.state.cell.register(cx.waker());
        self.state.is_stopped()
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.state.cell.clear();
    }
}

pin_project_lite::pin_project! {
    /// A stream that a [`Stopper`] ends; made by [`stoppable`](crate::AiterExt::stoppable).
    ///
    /// Each poll looks at the stoppers first and at the source only if there was no stop: an item that
    /// is ready and not read when the stop comes stays in the source, which
    /// [`into_inner`](Self::into_inner) gives back.
    ///
    /// After a stop the source does not work ahead either, where it can ([`Progress`]).
    ///
    /// The source is not dropped at its end but with this stream, as
    /// [`into_inner`](Self::into_inner) gives it back.
    ///
    /// The lower bound of `size_hint` is 0, as a stop may come at any time.
    ///
    /// # Panics
    /// If the source does. The next poll polls it again.
    ///
    /// # Cancel safety
    /// Dropping a future over this stream (such as `next()`) loses no item.
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "stoppable_aiter")]
    pub struct Stoppable<S> {
        #[pin]
        source: S,
        ear: Ear,
    }
}

impl<S> fmt::Debug for Stoppable<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stoppable")
            .field("ended", &self.ear.ended)
            .field("stopped", &self.is_stopped())
            .finish_non_exhaustive()
    }
}

impl<S> Stoppable<S> {
    pub(crate) fn new(source: S) -> (Stopper, Self) {
        let state = State { stopped: AtomicBool::new(false), cell: WakeCell::new() };
        let state = Arc::new(state);
        (Stopper(state.clone()), Self { source, ear: Ear { state, ended: false } })
    }

    /// True after a [`Stopper::stop`].
    pub fn is_stopped(&self) -> bool {
        self.ear.state.is_stopped()
    }

    /// The source.
    pub fn get_ref(&self) -> &S {
        &self.source
    }

    /// The source, to change it in place.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.source
    }

    /// The source, pinned, to change it in place.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut S> {
        self.project().source
    }

    /// Gives the source back, with all items not yet handed out.
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
        let Self { source, ear } = self;
        // Before the return: if the drop of the waker panics, the source is dropped, not leaked.
        drop(ear);
        source
    }
}

impl<S: Stream> FusedStream for Stoppable<S> {
    fn is_terminated(&self) -> bool {
        self.ear.ended
    }
}

impl<S: Progress> Progress for Stoppable<S> {
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.ear.is_over() {
            return Poll::Ready(());
        }
        let this = self.project();
        if this.source.poll_progress(cx).is_ready() || this.ear.is_stopped_or_listens(cx) {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl<S: Stream> Stream for Stoppable<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let polled = if this.ear.is_over() {
            Poll::Ready(None)
        } else {
            match this.source.poll_next(cx) {
                Poll::Pending if this.ear.is_stopped_or_listens(cx) => Poll::Ready(None),
                polled => polled,
            }
        };
        this.ear.ended = matches!(polled, Poll::Ready(None));
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let upper = if self.ear.is_over() { Some(0) } else { self.source.size_hint().1 };
        (0, upper)
    }
}
