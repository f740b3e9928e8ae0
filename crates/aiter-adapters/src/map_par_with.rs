use core::{
    fmt,
    future::Future,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll, ready},
};

use alloc::vec::Vec;
use futures_core::{FusedStream, Stream};

#[cfg(feature = "std")]
use crate::catch_panics::CatchPanics;
use crate::{
    caught::Caught,
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
/// With the feature `std`, a panic of the function or of a future goes on in the consumer's poll, with
/// its payload, at the place of its item: in its turn if [`ordered`](Self::ordered), else when it is
/// done. The next poll goes on; no task is lost, and all other results come. If a future panics when
/// it is dropped after it is done, its result comes first and then the panic. A panic of the source
/// counts as that of one more item, after which the source is dropped and the calls that run are
/// finished. `catch_panics` makes errors of these panics.
///
/// Without `std` a task is lost with its panic, and the others go on. When no task is left and all
/// results are taken, one poll panics with the number of items that have no result, and then the
/// stream ends.
///
/// A task that its runtime drops, as at a shutdown or an abort, is no panic: the stream goes on
/// without the result of the call that the task ran. [`outcome`](Self::outcome) is
/// [`Outcome::Cancelled`] at the end.
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
    /// The panic that came with the result in the consumer's hands.
    panic: Option<Caught>,
    /// Calls that were lost with their tasks, up to the poll that panics because of that.
    lost: usize,
    stage: Stage,
    handles: Vec<H>,
}

/// How far the stream has come.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// There may be results to come.
    On,
    /// The end was found, and told by a panic.
    Told,
    /// The end was handed out.
    Ended,
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
        let finished = Finished::as_they_come();
        let (begun, in_hand, panic, lost, stage) = (false, false, None, 0, Stage::On);
        Self { outlet, finished, begun, in_hand, panic, lost, stage, handles }
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
    /// use core::num::NonZeroUsize;
    ///
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # smol::block_on(async {
    /// let n = NonZeroUsize::new(4).expect("4 is not zero");
    /// let squares = stream::iter(0..100).map_par_with(n, smol::spawn, |n| async move { n * n });
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
        let Self { outlet, finished, begun, in_hand, panic, lost, stage, handles } = self;
        let stream = MapParWith {
            outlet,
            finished,
            begun,
            in_hand,
            panic,
            lost,
            stage,
            handles: Vec::new(),
        };
        (stream, handles)
    }

    /// How the tasks came to their end; `None` as long as one goes on.
    ///
    /// There may be results left to take. [`Outcome::Panicked`] if the source, the function, a future
    /// or a task panicked, [`Outcome::Cancelled`] if a result was lost with its task or all tasks were dropped before
    /// the source had ended, as a runtime does that shuts down.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outlet.outcome()
    }

    /// The number of results that wait to be taken.
    pub fn finished(&self) -> usize {
        let handed_in = self.outlet.cursor.available_iter();
        handed_in.filter(|done| done.fate.result.is_some()).count() + self.finished.len()
    }

    /// Makes each panic an item of its own, an error, in the place where it would be.
    ///
    /// This needs the feature `std`, and a program whose panics unwind.
    ///
    /// # Examples
    /// ```
    /// use core::num::NonZeroUsize;
    ///
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # smol::block_on(async {
    /// let two = NonZeroUsize::new(2).expect("2 is not zero");
    /// let inverse = |n: u32| async move { 100 / n };
    /// let inverses = stream::iter([5, 0, 2]).map_par_with(two, smol::spawn, inverse);
    /// let mut inverses = inverses.ordered().catch_panics();
    /// assert!(matches!(inverses.next().await, Some(Ok(20))));
    /// let panic = inverses.next().await.unwrap().unwrap_err();
    /// assert_eq!(panic.message(), Some("attempt to divide by zero"));
    /// assert!(matches!(inverses.next().await, Some(Ok(50))));
    /// assert!(inverses.next().await.is_none());
    /// # });
    /// ```
    #[cfg(feature = "std")]
    pub fn catch_panics(self) -> CatchPanics<Self> {
        CatchPanics::new(self)
    }

    /// Panics, once, if a task was lost because it panicked.
    #[cold]
    fn tell_end(&mut self) {
        if self.stage != Stage::On || !self.outlet.lost_a_task() {
            return;
        }
        self.stage = Stage::Told;
        let lost = self.lost;
        if self.outlet.has_source_ended() {
            panic!("tasks of map_par_with panicked, items without a result: {lost}");
        }
        panic!(
            "tasks of map_par_with panicked before the source had ended, \
             items without a result: {lost}"
        );
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
        self.stage == Stage::Ended
    }
}

impl<T, H> Stream for MapParWith<T, H> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        if core::mem::take(&mut this.in_hand) {
            this.outlet.give_back();
        }
        if let Some(panic) = this.panic.take() {
            panic.resume();
        }
        loop {
            if let Some(fate) = this.finished.take() {
                this.in_hand = fate.result.is_some();
                this.panic = fate.panic;
                if let Some(result) = fate.result {
                    return Poll::Ready(Some(result));
                }
                // A panic of the source has no permit, and needs none to be left.
                this.outlet.give_back();
                if let Some(panic) = this.panic.take() {
                    panic.resume();
                }
            }
            // At the end nothing is left that waits for its turn: no number is left out.
            let Some(done) = ready!(Pin::new(&mut this.outlet.cursor).poll_next(cx)) else {
                this.tell_end();
                this.stage = Stage::Ended;
                return Poll::Ready(None);
            };
            this.begun = true;
            if done.fate.is_lost() {
                this.lost += 1;
                // What the call held is free.
                this.outlet.give_back();
            }
            this.finished.put(done.number, done.fate);
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // In this order: after the end there is nothing more to come.
        let ended = self.outlet.cursor.is_stopped();
        let finished = self.finished();
        (finished, ended.then_some(finished))
    }
}
