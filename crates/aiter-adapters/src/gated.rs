//! # The protocol
//! One word holds what the gates have said and the stream has not yet heard: a number of permits, and
//! whether there will be more. So of a push and a stop one comes first, and every permit that a push
//! reported as taken is the stream's.
//!
//! # Ordering policy
//! Release by those who push and stop, Acquire by the stream that collects: the source, when it is
//! polled for an item, sees what was done before the permit was pushed. Going to sleep and waking up
//! is the wake cell's affair.

use core::{
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use aiter_core::WakeCell;
use futures_core::{FusedStream, Stream};

use crate::{
    progress::Progress,
    sync::{Arc, AtomicUsize, Ordering},
};

/// In the word: no more permits come. Set once, never cleared.
const STOPPED: usize = 1;
/// In the word: one permit. They take all bits above.
const PERMIT: usize = 2;
/// As many permits as the word can hold.
const MOST: usize = usize::MAX / PERMIT;

struct State {
    /// `STOPPED`, and the permits that the stream has not collected.
    word: AtomicUsize,
    cell: WakeCell,
}

impl State {
    fn push(&self, permits: u64) -> Result<(), GateError> {
        let more = usize::try_from(permits).unwrap_or(MOST).min(MOST) * PERMIT;
        let add = |word: usize| {
            (word & STOPPED == 0).then(|| word.saturating_add(more) / PERMIT * PERMIT)
        };
        // Release: partner of `Permits::collect`. Relaxed: nobody relies on a refusal.
        let pushed = self.word.fetch_update(Ordering::Release, Ordering::Relaxed, add);
        pushed.map_err(|_| GateError(permits))?;
        if more > 0 {
            self.cell.wake();
        }
        Ok(())
    }

    fn stop(&self) {
        // Release: partner of `Permits::collect`.
        if self.word.fetch_or(STOPPED, Ordering::Release) & STOPPED == 0 {
            self.cell.wake();
        }
    }

    /// The permits that were not collected, and whether there will be no more.
    fn look(&self) -> (u64, bool) {
        // Relaxed: a picture of the moment.
        let word = self.word.load(Ordering::Relaxed);
        ((word / PERMIT) as u64, word & STOPPED != 0)
    }
}

/// Shared by the gates: dropped with the last of them.
struct Gates(Arc<State>);

impl Drop for Gates {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// The handle that lets items out of a [`Gated`] stream; made by [`gated`](crate::AiterExt::gated).
///
/// Clones are handles of the same stream. Dropping the last one is a [`stop`](Self::stop).
#[derive(Clone)]
pub struct Gate(Arc<Gates>);

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("stopped", &self.is_stopped()).finish_non_exhaustive()
    }
}

impl Gate {
    fn state(&self) -> &State {
        &self.0.0
    }

    /// Lets `permits` more items out.
    ///
    /// Permits add up, and never overflow: where `usize::MAX / 2` of them wait for the stream to be
    /// polled, more make no difference.
    ///
    /// What was done before the push is seen by the source when it is polled for the item.
    ///
    /// Lock-free: tried again only if another gate or the stream came in between. Neither allocates
    /// nor frees, so it may be called from an interrupt handler, if the waker of the stream's task may.
    ///
    /// # Errors
    /// [`GateError`] with the permits after a stop; the stream's end, and its drop, are one.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let (gate, mut items) = stream::iter(["one", "two"]).gated();
    /// assert_eq!(gate.push(u64::MAX), Ok(()));
    /// assert_eq!(gate.push(1), Ok(()));
    /// assert_eq!(items.next().now_or_never(), Some(Some("one")));
    /// drop(items);
    /// assert_eq!(gate.push(7).map_err(|error| error.into_inner()), Err(7));
    /// ```
    pub fn push(&self, permits: u64) -> Result<(), GateError> {
        self.state().push(permits)
    }

    /// Ends the stream once what was permitted is out.
    ///
    /// Wait-free; may be called from an interrupt handler as [`push`](Self::push) may. A second stop
    /// does nothing.
    pub fn stop(&self) {
        self.state().stop();
    }

    /// True if no more permits are taken: after a stop, and when the stream has ended or is dropped.
    pub fn is_stopped(&self) -> bool {
        self.state().look().1
    }
}

/// A refused [`Gate::push`], with the permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "ValueError")]
pub struct GateError(u64);

impl GateError {
    /// Gives the permits back.
    pub fn into_inner(self) -> u64 {
        self.0
    }
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the gate is stopped")
    }
}

impl Error for GateError {}

/// The stream's end of the word.
struct Permits {
    state: Arc<State>,
    /// Those that were collected and not used.
    free: u64,
}

impl Permits {
    /// Takes what the gates have said. False if they said nothing new.
    fn collect(&mut self) -> bool {
        // Acquire: partner of `State::push` and `State::stop`.
        let word = self.state.word.fetch_and(STOPPED, Ordering::Acquire);
        self.free = self.free.saturating_add((word / PERMIT) as u64);
        word != 0
    }

    /// Whether there is a permit, or there will be none.
    fn poll_free(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.free == 0 && !self.collect() {
            self.state.cell.register(cx.waker());
            if !self.collect() {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.free > 0)
    }

    /// All that may still come out, and whether that is all for ever.
    fn look(&self) -> (u64, bool) {
        let (uncollected, stopped) = self.state.look();
        (self.free.saturating_add(uncollected), stopped)
    }

    fn close(&mut self) {
        self.free = 0;
        // Relaxed: tells those who push that it is of no use, and nothing else. A swap, as all who
        // change the word read it.
        self.state.word.swap(STOPPED, Ordering::Relaxed);
    }
}

impl Drop for Permits {
    fn drop(&mut self) {
        self.close();
        self.state.cell.clear();
    }
}

pin_project_lite::pin_project! {
    /// A stream whose items come out as a [`Gate`] permits; made by
    /// [`gated`](crate::AiterExt::gated).
    ///
    /// The source is polled only while a permit is free, also to work ahead ([`Progress`]): not one item
    /// is taken beyond what is permitted. An item uses up a permit when it is handed out. After a stop
    /// the items that were permitted before still come, then the stream ends; it also ends with its
    /// source.
    ///
    /// The source is not dropped at its end but with this stream, as
    /// [`into_inner`](Self::into_inner) gives it back.
    ///
    /// # Panics
    /// If the source does. The permit is still there, and the next poll polls the source again.
    ///
    /// # Cancel safety
    /// Dropping a future over this stream (such as `next()`) loses no item and no permit.
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "gated_aiter")]
    pub struct Gated<S> {
        #[pin]
        source: S,
        permits: Permits,
        // The end was handed out.
        ended: bool,
    }
}

impl<S> fmt::Debug for Gated<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (permits, stopped) = self.permits.look();
        f.debug_struct("Gated")
            .field("permits", &permits)
            .field("stopped", &stopped)
            .finish_non_exhaustive()
    }
}

impl<S> Gated<S> {
    pub(crate) fn new(source: S) -> (Gate, Self) {
        let state = Arc::new(State { word: AtomicUsize::new(0), cell: WakeCell::new() });
        let gate = Gate(Arc::new(Gates(state.clone())));
        (gate, Self { source, permits: Permits { state, free: 0 }, ended: false })
    }

    /// How many items may come out without another push.
    pub fn permits(&self) -> u64 {
        self.permits.look().0
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

    /// Gives the source back, with all items that did not come out. The gates are stopped.
    pub fn into_inner(self) -> S {
        let Self { source, permits, .. } = self;
        // Before the return: if the drop of the waker panics, the source is dropped, not leaked.
        drop(permits);
        source
    }
}

impl<S: Stream> FusedStream for Gated<S> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Progress> Progress for Gated<S> {
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if ready!(this.permits.poll_free(cx)) {
            this.source.poll_progress(cx)
        } else {
            Poll::Ready(())
        }
    }
}

impl<S: Stream> Stream for Gated<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        if !ready!(this.permits.poll_free(cx)) {
            *this.ended = true;
            return Poll::Ready(None);
        }
        let item = ready!(this.source.poll_next(cx));
        if item.is_some() {
            this.permits.free -= 1;
        } else {
            *this.ended = true;
            this.permits.close();
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (permits, stopped) = self.permits.look();
        if permits == 0 && stopped {
            return (0, Some(0));
        }
        let permits = usize::try_from(permits).unwrap_or(usize::MAX);
        let (lower, upper) = self.source.size_hint();
        let upper = if stopped { upper.unwrap_or(permits).min(permits).into() } else { upper };
        (lower.min(permits), upper)
    }
}
