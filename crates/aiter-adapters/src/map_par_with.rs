use core::{
    convert::identity,
    fmt,
    future::Future,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll, ready},
};

use alloc::{vec, vec::Vec};
use futures_core::{FusedStream, Stream};

#[cfg(feature = "std")]
use crate::catch_panics::CatchPanics;
use crate::{
    caught::Caught,
    feed::{Done, Fate, Note},
    finished::Finished,
    link::Outlet,
    outcome::Outcome,
    progress::Progress,
    spawn::Spawn,
    starter::{Staff, Start, StartWorkers, Starter},
    worker::{Founded, Worker, team},
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
/// The tasks are [`Worker`]s. At the call as many start as the source is known to have items, by
/// its `size_hint`, at least one and at most `n` or 128. Later ones start as items come: when a
/// worker takes an item and leaves no idle one behind, the stream's next poll starts as many again
/// as the source is known to have items, at least one. So there is never more than one worker more
/// than items, whatever `n` is, and none more than items where the `size_hint` is exact. The
/// spawner is called by the consumer only; a consumer that is busy is served by the workers that it
/// has.
///
/// A free worker calls the function, in the source's order. A worker whose turn at the source has
/// woken another one lets its runtime run that one before it polls the new future, so both may
/// compute at the same time. A worker that is woken and never polled again stops no other. If it
/// has a call, that result is missing until it is polled or dropped. Dropping this stream ends the
/// tasks and drops what they run, also where the runtime's handles only detach: as soon as each is
/// polled, for which it is woken. When the stream ends, the source, the function and all futures
/// are dropped already.
///
/// In the long run nothing is allocated for an item: the futures live inside the workers. Taking a
/// result is wait-free; asking may wake a task or start some.
///
/// # Panics
/// With the feature `std`, a panic of the function or of a future goes on in the consumer's poll,
/// with its payload, at the place of its item: in its turn if [`ordered`](Self::ordered), else when
/// it is done. The next poll goes on; no task is lost, and all other results come. If a future
/// panics when it is dropped after it is done, its result comes first and then the panic. A panic
/// of the source counts as that of one more item, after which the source is dropped and the calls
/// that run are finished. `catch_panics` makes errors of these panics.
///
/// Without `std` a task is lost with its panic, and the others go on. When no task is left and all
/// results are taken, one poll panics with the number of items that have no result, and then the
/// stream ends.
///
/// A poll also panics if the spawner does; no item is lost by that.
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
pub struct MapParWith<T, H, L = ()> {
    // First: the tasks are told to end before their handles may cancel them.
    outlet: Outlet<Note<T>>,
    starter: L,
    finished: Finished<Fate<T>>,
    /// Results among `finished`.
    results: usize,
    /// A result was handed in here, in the order that is kept.
    begun: bool,
    /// The consumer has a result and has not asked for another.
    in_hand: bool,
    /// The panic that came with the result in the consumer's hands.
    panic: Option<Caught>,
    /// Calls that were lost with their tasks.
    lost: usize,
    /// Calls that were handed in.
    over: usize,
    /// All calls, once the source is gone.
    calls: Option<usize>,
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

impl<T, H, L> fmt::Debug for MapParWith<T, H, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapParWith")
            .field("finished", &self.finished())
            .field("ordered", &self.finished.is_ordered())
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
    }
}

impl<T, H, L> MapParWith<T, H, L> {
    fn of(outlet: Outlet<Note<T>>, starter: L, handles: Vec<H>) -> Self {
        let finished = Finished::as_they_come();
        Self {
            outlet,
            starter,
            finished,
            results: 0,
            begun: false,
            in_hand: false,
            panic: None,
            lost: 0,
            over: 0,
            calls: None,
            stage: Stage::On,
            handles,
        }
    }
}

impl<S, T, P, F, Fut> MapParWith<T, P::Handle, Starter<S, P, F, Fut>>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = T>,
    P: Spawn<Worker<S, F, Fut>>,
{
    pub(crate) fn new(source: S, n: NonZeroUsize, spawn: P, f: F) -> Self {
        let Founded { mut outlet, first, team, wanted } = team(source, f, n.get());
        let mut handles = vec![spawn.spawn(first)];
        let mut starter = Starter::new(spawn, team, n.get() - 1);
        let staff = Staff { outlet: &mut outlet, handles: &mut handles };
        starter.start(wanted - 1, staff);
        Self::of(outlet, starter, handles)
    }
}

impl<T, H, L> MapParWith<T, H, L> {
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

    /// What the spawner gave for the tasks that were started.
    pub fn handles(&self) -> &[H] {
        &self.handles
    }

    /// Separates the stream from what the spawner gave for the tasks.
    ///
    /// First the rest of the `n` tasks are started, because the stream starts none later.
    ///
    /// Dropping the stream still ends the tasks. Dropping a handle does what it does in its
    /// runtime.
    ///
    /// # Panics
    /// Panics if the spawner does, and with "capacity overflow" if `n` handles are more than fit in
    /// memory.
    pub fn into_parts(mut self) -> (MapParWith<T, ()>, Vec<H>)
    where
        L: StartWorkers<T, H>,
    {
        let left = self.starter.left();
        self.handles.reserve(left);
        self.start(left);
        let Self {
            outlet,
            starter,
            finished,
            results,
            begun,
            in_hand,
            panic,
            lost,
            over,
            calls,
            stage,
            handles,
        } = self;
        // Before the return: if this panics, the stream and the handles are dropped, not leaked.
        drop(starter);
        let stream = MapParWith {
            outlet,
            starter: (),
            finished,
            results,
            begun,
            in_hand,
            panic,
            lost,
            over,
            calls,
            stage,
            handles: Vec::new(),
        };
        (stream, handles)
    }

    /// How the tasks came to their end. `None` as long as one goes on, unless this stream has
    /// ended.
    ///
    /// There may be results left to take. [`Outcome::Panicked`] if the source, the function, a
    /// future or a task panicked, [`Outcome::Cancelled`] if a result was lost with its task or all
    /// tasks were dropped before the source had ended, as a runtime does that shuts down.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.stage {
            Stage::Ended => Some(self.outlet.outcome_now()),
            Stage::On | Stage::Told => self.outlet.outcome(),
        }
    }

    /// The number of results that wait to be taken.
    pub fn finished(&self) -> usize {
        let handed_in = self.outlet.cursor.available_iter();
        let is_result = |note: &&Note<T>| match note {
            Note::Done(done) => done.fate.result.is_some(),
            Note::Hire | Note::End(_) => false,
        };
        handed_in.filter(is_result).count() + self.results
    }

    /// Makes each panic an item of its own, an error, in the place where it would be.
    ///
    /// This needs the feature `std`, and a program whose panics unwind.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # smol::block_on(async {
    /// let inverse = |n: u32| async move { 100 / n };
    /// let inverses = stream::iter([5, 0, 2]).map_par_with(2, smol::spawn, inverse);
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

    /// Finds the end. Panics, once, if a task was lost because it panicked.
    #[cold]
    fn end(&mut self) -> Option<T>
    where
        L: StartWorkers<T, H>,
    {
        self.starter.finish();
        // A source that is gone, and neither ended nor was caught, went with its task.
        let ended = self.outlet.has_source_ended();
        let lost_the_source = self.calls.is_some() && !ended && !self.outlet.has_caught();
        if self.stage != Stage::On || !lost_the_source && !self.outlet.lost_a_task() {
            self.stage = Stage::Ended;
            return None;
        }
        self.stage = Stage::Told;
        let lost = self.lost;
        if ended {
            panic!("tasks of map_par_with panicked, items without a result: {lost}");
        }
        panic!(
            "tasks of map_par_with panicked before the source had ended, \
             items without a result: {lost}"
        );
    }
}

impl<T> MapParWith<T, ()> {
    /// The stream, and all `n` workers.
    pub(crate) fn parts<S, F, Fut>(
        source: S,
        n: NonZeroUsize,
        f: F,
    ) -> (Self, Vec<Worker<S, F, Fut>>)
    where
        S: Stream,
        F: FnMut(S::Item) -> Fut,
        Fut: Future<Output = T>,
    {
        MapParWith::new(source, n, identity, f).into_parts()
    }
}

impl<T, H, L: StartWorkers<T, H>> MapParWith<T, H, L> {
    /// Starts the workers that were asked for.
    #[inline]
    pub(crate) fn start_wanted(&mut self) {
        let wanted = self.outlet.take_wanted();
        if wanted > 0 {
            self.start(wanted);
        }
    }

    /// Takes in what a worker has handed in.
    fn take_in(&mut self, note: Note<T>) {
        let Done { number, fate } = match note {
            Note::Done(done) => done,
            Note::Hire => return self.start_wanted(),
            Note::End(calls) => {
                self.calls = Some(calls);
                return;
            }
        };
        self.over = self.over.wrapping_add(1);
        self.begun = true;
        self.results += usize::from(fate.result.is_some());
        if fate.is_lost() {
            self.lost += 1;
            // What the call held is free.
            self.outlet.give_back();
            self.finished.put(number, None);
        } else {
            self.finished.put(number, Some(fate));
        }
    }

    fn start(&mut self, number: usize) {
        let Self { starter, outlet, handles, .. } = self;
        starter.start(number, Staff { outlet, handles });
    }
}

impl<T, H, L: StartWorkers<T, H>> Progress for MapParWith<T, H, L> {
    /// Starts the tasks that are asked for. `Ready` once all have started, because they work by
    /// themselves.
    fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.start_wanted();
        while self.starter.left() > 0 {
            match ready!(Pin::new(&mut self.outlet.cursor).poll_next(cx)) {
                Some(note) => self.take_in(note),
                None => break,
            }
        }
        Poll::Ready(())
    }
}

// Nothing is ever pinned.
impl<T, H, L> Unpin for MapParWith<T, H, L> {}

impl<T, H, L: StartWorkers<T, H>> FusedStream for MapParWith<T, H, L> {
    fn is_terminated(&self) -> bool {
        self.stage == Stage::Ended
    }
}

impl<T, H, L: StartWorkers<T, H>> Stream for MapParWith<T, H, L> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        if core::mem::take(&mut this.in_hand) {
            this.outlet.give_back();
        }
        if let Some(panic) = this.panic.take() {
            panic.resume();
        }
        this.start_wanted();
        loop {
            if let Some(fate) = this.finished.take() {
                this.in_hand = fate.result.is_some();
                this.results -= usize::from(this.in_hand);
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
            if this.calls == Some(this.over) {
                return Poll::Ready(this.end());
            }
            match ready!(Pin::new(&mut this.outlet.cursor).poll_next(cx)) {
                Some(note) => this.take_in(note),
                None => return Poll::Ready(this.end()),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // In this order: after the end there is nothing more to come.
        let ended = self.outlet.cursor.is_stopped() || self.stage == Stage::Ended;
        let finished = self.finished();
        (finished, ended.then_some(finished))
    }
}
