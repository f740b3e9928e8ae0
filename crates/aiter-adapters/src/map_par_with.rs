use core::{
    fmt,
    future::Future,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll, ready},
};

use alloc::vec::Vec;
use futures_core::{FusedStream, Stream};

use crate::{
    finished::Finished,
    link::Outlet,
    outcome::Outcome,
    spawn::Spawn,
    worker::{Done, Worker, Workers, workers},
};

/// The results of an async function over a stream, computed by tasks while the consumer is busy;
/// made by [`map_par_with`](crate::AiterExt::map_par_with) and
/// [`map_par_with_parts`](crate::AiterExt::map_par_with_parts).
///
/// Results come as they are done, or in the source's order if [`ordered`](Self::ordered). With `n`
/// tasks at most `n` futures run, and at most `2 * n` calls of the function are not yet done with:
/// the result in the consumer's hands counts until the consumer asks for the next. So a consumer
/// that stalls stops the tasks.
///
/// The tasks, `n` [`Worker`]s, begin at once. The function is called by whichever is free, in the
/// source's order. Dropping this stream ends them and drops what they run, also where the runtime's
/// handles only detach: as soon as each is polled, for which it is woken. When the stream ends, the
/// source, the function and all futures are dropped already.
///
/// In the long run nothing is allocated for an item: the futures live inside the workers. Taking a
/// result is wait-free; asking may wake a task.
///
/// # Panics
/// Never. Where the function or a future panics, it does so in its task, and the stream goes on
/// without that result. The task is lost: the stream ends when the last one is, or when the
/// source has ended; [`outcome`](Self::outcome) is [`Outcome::Panicked`] then. A source that panics
/// ends the stream when the futures that run are done.
///
/// # Cancel safety
/// Dropping a future over this stream (such as `next()`) loses no item.
#[must_use = "dropping it ends its tasks and drops the source"]
#[doc(alias = "map_aiter")]
#[doc(alias = "parallel_map_aiter")]
pub struct MapParWith<T, H> {
    // First: the tasks are told to end before their handles may cancel them.
    outlet: Outlet<Done<T>>,
    finished: Finished<T>,
    /// A result was handed in here, in the order that is kept.
    begun: bool,
    /// The consumer has a result and has not asked for another.
    in_hand: bool,
    handles: Vec<H>,
}

impl<T, H> fmt::Debug for MapParWith<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapParWith")
            .field("finished", &self.finished())
            .field("ordered", &self.finished.is_ordered())
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
    }
}

impl<T, H> MapParWith<T, H> {
    fn of(outlet: Outlet<Done<T>>, handles: Vec<H>) -> Self {
        Self { outlet, finished: Finished::as_they_come(), begun: false, in_hand: false, handles }
    }

    pub(crate) fn new<S, P, F, Fut>(source: S, n: NonZeroUsize, spawn: P, f: F) -> Self
    where
        S: Stream,
        F: FnMut(S::Item) -> Fut,
        Fut: Future<Output = T>,
        P: Spawn<Worker<S, F, Fut>, Handle = H>,
    {
        let (outlet, workers) = workers(source, f, n.get(), bound(n));
        Self::of(outlet, workers.into_iter().map(|worker| spawn.spawn(worker)).collect())
    }

    /// Hands results out in the source's order.
    ///
    /// A slow future holds back those behind it; they wait here and count as not yet done with, so
    /// the tasks stop when all permits are held back by one.
    ///
    /// To be called before the first result is taken: later it does nothing.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # smol::block_on(async {
    /// let squares = stream::iter(0..100).map_par_with(4, smol::spawn, |n| async move { n * n });
    /// let squares: Vec<i32> = squares.ordered().collect().await;
    /// assert!(squares.is_sorted());
    /// # });
    /// ```
    pub fn ordered(mut self) -> Self {
        if !self.begun {
            self.finished = Finished::as_they_began(0);
        }
        self
    }

    /// What the spawner gave for the tasks.
    pub fn handles(&self) -> &[H] {
        &self.handles
    }

    /// Separates the stream from what the spawner gave for the tasks.
    ///
    /// Dropping the stream still ends the tasks. Dropping a handle does what it does in its runtime.
    pub fn into_parts(self) -> (MapParWith<T, ()>, Vec<H>) {
        let Self { outlet, finished, begun, in_hand, handles } = self;
        (MapParWith { outlet, finished, begun, in_hand, handles: Vec::new() }, handles)
    }

    /// How the tasks came to their end; `None` as long as one goes on.
    ///
    /// There may be results left to take. [`Outcome::Panicked`] if one panicked,
    /// [`Outcome::Cancelled`] if a result was lost with its task or all tasks were dropped before
    /// the source had ended, as a runtime does that shuts down.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outlet.outcome()
    }

    /// The number of results that wait to be taken.
    pub fn finished(&self) -> usize {
        let handed_in = self.outlet.cursor.available_iter();
        handed_in.filter(|done| done.result.is_some()).count() + self.finished.len()
    }
}

impl<T> MapParWith<T, ()> {
    pub(crate) fn parts<S, F, Fut>(source: S, n: NonZeroUsize, f: F) -> (Self, Workers<S, F, Fut>)
    where
        S: Stream,
        F: FnMut(S::Item) -> Fut,
        Fut: Future<Output = T>,
    {
        let (outlet, workers) = workers(source, f, n.get(), bound(n));
        (Self::of(outlet, Vec::new()), workers)
    }
}

/// Calls not yet done with, of `n` workers.
fn bound(n: NonZeroUsize) -> usize {
    n.get().saturating_mul(2)
}

// Nothing is ever pinned.
impl<T, H> Unpin for MapParWith<T, H> {}

impl<T, H> FusedStream for MapParWith<T, H> {
    fn is_terminated(&self) -> bool {
        self.outlet.has_ended()
    }
}

impl<T, H> Stream for MapParWith<T, H> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        if core::mem::take(&mut this.in_hand) {
            this.outlet.give_back();
        }
        loop {
            if let Some(result) = this.finished.take() {
                this.in_hand = true;
                return Poll::Ready(Some(result));
            }
            // At the end nothing is left that waits for its turn: no number is left out.
            let Some(done) = ready!(Pin::new(&mut this.outlet.cursor).poll_next(cx)) else {
                return Poll::Ready(None);
            };
            this.begun = true;
            if done.result.is_none() {
                // What the call held is free.
                this.outlet.give_back();
            }
            this.finished.put(done.number, done.result);
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // In this order: after the end there is nothing more to come.
        let ended = self.outlet.cursor.is_stopped();
        let finished = self.finished();
        (finished, ended.then_some(finished))
    }
}
