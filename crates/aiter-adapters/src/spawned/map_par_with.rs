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
    outcome::TaskOutcome,
    progress::Progress,
    spawn::Spawn,
    spawned::{
        job::{FinishedJob, JobOutput, Message},
        map_worker::{FirstWorker, MapWorker, team},
        receiver::TaskReceiver,
        starter::{Start, StartWorkers, StartedWorkers, WorkerStarter},
    },
    util::{Results, TaskPanic},
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
/// The tasks are [`MapWorker`]s. At the call as many start as the source is known to have items, by
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
/// [`TaskOutcome::Cancelled`] at the end.
///
/// # Cancel safety
/// Dropping a future over this stream (such as `next()`) loses no item.
#[must_use = "dropping it ends its tasks and drops the source"]
#[doc(alias = "map_aiter")]
#[doc(alias = "parallel_map_aiter")]
pub struct MapParWith<T, H, L = ()> {
    // First: the tasks are told to end before their handles may cancel them.
    receiver: TaskReceiver<Message<T>>,
    starter: L,
    finished: Results<JobOutput<T>>,
    /// Results among `finished`.
    results: usize,
    /// A result was handed in here, in the order that is kept.
    begun: bool,
    /// The consumer has a result and has not asked for another.
    in_hand: bool,
    /// The panic that came with the result in the consumer's hands.
    panic: Option<TaskPanic>,
    /// Calls that were lost with their tasks.
    lost: usize,
    /// Calls that were handed in.
    finished_jobs: usize,
    /// All calls, once the source is gone.
    total_jobs: Option<usize>,
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
    fn of(receiver: TaskReceiver<Message<T>>, starter: L, handles: Vec<H>) -> Self {
        let finished = Results::unordered();
        Self {
            receiver,
            starter,
            finished,
            results: 0,
            begun: false,
            in_hand: false,
            panic: None,
            lost: 0,
            finished_jobs: 0,
            total_jobs: None,
            stage: Stage::On,
            handles,
        }
    }
}

impl<S, T, P, F, Fut> MapParWith<T, P::Handle, WorkerStarter<S, P, F, Fut>>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = T>,
    P: Spawn<MapWorker<S, F, Fut>>,
{
    pub(crate) fn new(source: S, n: NonZeroUsize, spawn: P, f: F) -> Self {
        let FirstWorker { mut receiver, first, team, wanted } = team(source, f, n.get());
        let mut handles = vec![spawn.spawn(first)];
        let mut starter = WorkerStarter::new(spawn, team, n.get() - 1);
        let staff = StartedWorkers { receiver: &mut receiver, handles: &mut handles };
        starter.start(wanted - 1, staff);
        Self::of(receiver, starter, handles)
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
            self.finished = Results::ordered(0);
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
            receiver,
            starter,
            finished,
            results,
            begun,
            in_hand,
            panic,
            lost,
            finished_jobs,
            total_jobs,
            stage,
            handles,
        } = self;
        // Before the return: if this panics, the stream and the handles are dropped, not leaked.
        drop(starter);
        let stream = MapParWith {
            receiver,
            starter: (),
            finished,
            results,
            begun,
            in_hand,
            panic,
            lost,
            finished_jobs,
            total_jobs,
            stage,
            handles: Vec::new(),
        };
        (stream, handles)
    }

    /// How the tasks came to their end. `None` as long as one goes on, unless this stream has
    /// ended.
    ///
    /// There may be results left to take. [`TaskOutcome::Panicked`] if the source, the function, a
    /// future or a task panicked, [`TaskOutcome::Cancelled`] if a result was lost with its task or all
    /// tasks were dropped before the source had ended, as a runtime does that shuts down.
    pub fn outcome(&self) -> Option<TaskOutcome> {
        match self.stage {
            Stage::Ended => Some(self.receiver.outcome_at_end()),
            Stage::On | Stage::Told => self.receiver.outcome(),
        }
    }

    /// The number of results that wait to be taken.
    pub fn finished(&self) -> usize {
        let handed_in = self.receiver.cursor.available_iter();
        let is_result = |message: &&Message<T>| match message {
            Message::FinishedJob(done) => done.output.result.is_some(),
            Message::Hire | Message::End(_) => false,
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
        let ended = self.receiver.has_source_ended();
        let lost_the_source =
            self.total_jobs.is_some() && !ended && !self.receiver.has_caught_panic();
        if self.stage != Stage::On || !lost_the_source && !self.receiver.has_task_panicked() {
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
    ) -> (Self, Vec<MapWorker<S, F, Fut>>)
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
    pub(crate) fn start_requested(&mut self) {
        let wanted = self.receiver.take_requested();
        if wanted > 0 {
            self.start(wanted);
        }
    }

    /// Takes in what a worker has handed in.
    fn handle(&mut self, message: Message<T>) {
        let FinishedJob { number, output } = match message {
            Message::FinishedJob(done) => done,
            Message::Hire => return self.start_requested(),
            Message::End(total_jobs) => {
                self.total_jobs = Some(total_jobs);
                return;
            }
        };
        self.finished_jobs = self.finished_jobs.wrapping_add(1);
        self.begun = true;
        self.results += usize::from(output.result.is_some());
        if output.is_lost() {
            self.lost += 1;
            // What the call held is free.
            self.receiver.release_permit();
            self.finished.put(number, None);
        } else {
            self.finished.put(number, Some(output));
        }
    }

    fn start(&mut self, number: usize) {
        let Self { starter, receiver, handles, .. } = self;
        starter.start(number, StartedWorkers { receiver, handles });
    }
}

impl<T, H, L: StartWorkers<T, H>> Progress for MapParWith<T, H, L> {
    /// Starts the tasks that are asked for. `Ready` once all have started, because they work by
    /// themselves.
    fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.start_requested();
        while self.starter.left() > 0 {
            match ready!(Pin::new(&mut self.receiver.cursor).poll_next(cx)) {
                Some(message) => self.handle(message),
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
            this.receiver.release_permit();
        }
        if let Some(panic) = this.panic.take() {
            panic.resume();
        }
        this.start_requested();
        loop {
            if let Some(output) = this.finished.take() {
                this.in_hand = output.result.is_some();
                this.results -= usize::from(this.in_hand);
                this.panic = output.panic;
                if let Some(result) = output.result {
                    return Poll::Ready(Some(result));
                }
                // A panic of the source has no permit, and needs none to be left.
                this.receiver.release_permit();
                if let Some(panic) = this.panic.take() {
                    panic.resume();
                }
            }
            // At the end nothing is left that waits for its turn: no number is left out.
            if this.total_jobs == Some(this.finished_jobs) {
                return Poll::Ready(this.end());
            }
            match ready!(Pin::new(&mut this.receiver.cursor).poll_next(cx)) {
                Some(message) => this.handle(message),
                None => return Poll::Ready(this.end()),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // In this order: after the end there is nothing more to come.
        let ended = self.receiver.cursor.is_stopped() || self.stage == Stage::Ended;
        let finished = self.finished();
        (finished, ended.then_some(finished))
    }
}
