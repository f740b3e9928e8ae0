use alloc::{vec, vec::Vec};
use core::{
    fmt,
    future::Future,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll, ready},
};

use aiter_core::task::PollLock;
use futures_core::{FusedStream, Stream};

#[cfg(feature = "std")]
use crate::catch_panics::CatchPanics;
use crate::{
    outcome::TaskOutcome,
    progress::Progress,
    spawn::Spawn,
    spawned::{
        inbox::Inbox,
        job::Message,
        map_worker::{MapWorker, WorkerFactory},
        receiver::channel,
        shared_source::{SharedSource, workers_for},
        starter::{Start, StartWorkers, StartedWorkers, WorkerStarter},
    },
    util::inherent_next,
};

/// A stream that maps items by an async function in tasks; made by
/// [`map_par_with`](crate::AiterExt::map_par_with).
///
/// Results come as they finish, or in the source's order with [`ordered`](Self::ordered). At most
/// `n` futures run at once, and at most `2 * n` results are unfinished or unread, including the one
/// the consumer holds. A stalled consumer therefore stops the tasks.
///
/// Nothing is allocated for an item in the long run, because the futures live inside the workers.
/// Taking a result is wait-free. A poll may wake a task, or start tasks.
///
/// # Tasks
/// The tasks are [`MapWorker`]s. The call starts as many as the lower bound of the source's
/// `size_hint`, but at least one and at most `n` or 128. Later ones start as items come: if a
/// worker takes an item and leaves no idle worker behind, the stream's next poll starts more by the
/// same rule. The number of workers therefore exceeds the number of items by at most one, and not
/// at all if `size_hint` is exact. Only the consumer's calls use the spawner.
///
/// A free worker calls the function, in the source's order. If its turn at the source has woken
/// another worker, it lets the runtime run that worker before it polls the new future. Both may
/// then compute at the same time. A worker that is woken and never polled again stops no other
/// worker. The result of its job is missing until it is polled or dropped.
///
/// Dropping this stream wakes the tasks and ends them at their next poll, even if the runtime's
/// handles only detach. When the stream ends, the source, the function and all futures are already
/// dropped.
///
/// # Panics
/// With the feature `std`, a panic of the function or of a future resumes in the consumer's poll,
/// with its payload. It takes the place of its item: in the item's turn if
/// [`ordered`](Self::ordered), otherwise when it happens. The next poll continues, no task is lost,
/// and all other results come. If a finished future panics in its drop, its result comes first and
/// then the panic. A panic of the source counts as one more item. The source is then dropped, and
/// the running futures are finished. `catch_panics` turns these panics into errors.
///
/// Without `std`, a task is lost with its panic, and the others continue. When no task is left and
/// all results are taken, one poll panics with the number of items that have no result. The stream
/// then ends.
///
/// A poll also panics if the spawner does. No item is lost.
///
/// If the runtime drops a task, as at a shutdown or an abort, nothing panics. The stream continues
/// without the result of the task's job, and [`outcome`](Self::outcome) is
/// [`TaskOutcome::Cancelled`] at the end.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream (such as `next()`) is dropped, no result is lost.
///
/// # Examples
/// With an executor that the caller drives:
///
/// ```
/// use aiter_adapters::{AiterExt, TaskOutcome};
/// use futures_util::{FutureExt, StreamExt, stream};
///
/// let executor = smol::LocalExecutor::new();
/// let square = |n: u32| async move { n * n };
/// let squares = stream::iter(1..=3).map_par_with(2, |task| executor.spawn(task), square);
/// assert_eq!((squares.handles().len(), squares.finished()), (2, 0));
/// while executor.try_tick() {}
/// assert_eq!((squares.finished(), squares.outcome()), (3, Some(TaskOutcome::Completed)));
/// let squares = squares.ordered().collect::<Vec<_>>().now_or_never();
/// assert_eq!(squares, Some(vec![1, 4, 9]));
/// ```
#[must_use = "dropping it ends its tasks and drops the source"]
#[doc(alias = "map_aiter")]
#[doc(alias = "parallel_map_aiter")]
pub struct MapParWith<T, H, L = ()> {
    // First, so the tasks are told to end before their handles may cancel them.
    inbox: Inbox<T>,
    starter: L,
    handles: Vec<H>,
}

impl<T, H, L> fmt::Debug for MapParWith<T, H, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapParWith")
            .field("finished", &self.finished())
            .field("ordered", &self.inbox.is_ordered())
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
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
        let at_once = workers_for(source.size_hint()).clamp(1, n.get());
        let (mut receiver, senders) = channel();
        let permits = senders.permits(Some(n.get().saturating_mul(2)));
        let lock = PollLock::new(SharedSource::new(source, f, permits));
        let worker = MapWorker::new(lock.clone(), senders.add_to(&mut receiver));
        let factory = WorkerFactory { lock, senders: senders.allow_more() };
        // The list must stop with the last worker.
        drop(senders);
        let mut handles = vec![spawn.spawn(worker)];
        let mut starter = WorkerStarter::new(spawn, factory, n.get() - 1);
        let started = StartedWorkers { receiver: &mut receiver, handles: &mut handles };
        starter.start(at_once - 1, started);
        Self { inbox: Inbox::new(receiver), starter, handles }
    }
}

impl<T, H, L> MapParWith<T, H, L> {
    /// Returns results in the source's order.
    ///
    /// A slow future holds back the results of later items. These stay unread, so the tasks stop
    /// when no permit is left.
    ///
    /// Has no effect after the first result was received. Call it before the first poll.
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
        self.inbox.set_ordered();
        self
    }

    /// Returns the handles of the tasks that were started.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn handles(&self) -> &[H] {
        &self.handles
    }

    /// Separates the stream from the handles of its tasks.
    ///
    /// Starts the rest of the `n` tasks first, because the returned stream starts none. The type of
    /// that stream can be named, for example as the field of a struct.
    ///
    /// Dropping the stream still ends the tasks. Dropping a handle cancels or detaches its task, as
    /// the runtime defines.
    ///
    /// # Panics
    /// Panics if the spawner does. Panics with "capacity overflow" if `n` handles do not fit in
    /// memory.
    ///
    /// # Examples
    /// Waits until the tasks have ended, for example before a shutdown:
    ///
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, future::join_all, stream};
    ///
    /// # smol::block_on(async {
    /// let square = |n: u32| async move { n * n };
    /// let squares = stream::iter(1..).map_par_with(2, smol::spawn, square);
    /// let (mut squares, tasks) = squares.into_parts();
    /// assert!(squares.next().await.is_some());
    /// drop(squares);
    /// assert_eq!(join_all(tasks).await.len(), 2);
    /// # });
    /// ```
    pub fn into_parts(mut self) -> (MapParWith<T, ()>, Vec<H>)
    where
        L: StartWorkers<T, H>,
    {
        let left = self.starter.left();
        self.handles.reserve(left);
        self.start(left);
        let Self { inbox, starter, handles } = self;
        // Before the return: if this panics, the stream and the handles are dropped, not leaked.
        drop(starter);
        (MapParWith { inbox, starter: (), handles: Vec::new() }, handles)
    }

    /// Returns how the tasks ended. Returns `None` while a task is left, unless this stream has
    /// ended.
    ///
    /// Results may still be unread. Returns [`TaskOutcome::Panicked`] if the source, the function,
    /// a future or a task has panicked. Returns [`TaskOutcome::Cancelled`] if a result was lost
    /// with its task, or if all tasks were dropped before the source had ended. A runtime drops
    /// tasks at its shutdown.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn outcome(&self) -> Option<TaskOutcome> {
        self.inbox.outcome()
    }

    /// Returns the number of results that were not taken.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn finished(&self) -> usize {
        self.inbox.finished()
    }

    /// Turns each panic into an item of its own, an error, in its place.
    ///
    /// Requires the feature `std`, and a program whose panics unwind.
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
}

impl<T, H, L: StartWorkers<T, H>> MapParWith<T, H, L> {
    /// Starts the workers that were requested.
    #[inline]
    fn start_requested(&mut self) {
        let number = self.inbox.receiver.channel.take_request();
        if number > 0 {
            self.start(number);
        }
    }

    fn start(&mut self, number: usize) {
        let Self { inbox, starter, handles } = self;
        starter.start(number, StartedWorkers { receiver: &mut inbox.receiver, handles });
    }

    fn receive(&mut self, message: Message<T>) {
        match message {
            Message::Job(job) => self.inbox.receive(job),
            Message::StartTasks => self.start_requested(),
            Message::SourceGone(jobs) => self.inbox.set_total(jobs),
        }
    }
}

impl<T, H, L: StartWorkers<T, H>> Progress for MapParWith<T, H, L> {
    /// Starts the tasks that are requested. Returns `Ready` once all have started, because tasks
    /// work on their own.
    fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.start_requested();
        while self.starter.left() > 0 {
            match ready!(self.inbox.poll_message(cx)) {
                Some(message) => self.receive(message),
                None => break,
            }
        }
        Poll::Ready(())
    }
}

inherent_next!([T, H, L] MapParWith<T, H, L>);

// No field is pinned.
impl<T, H, L> Unpin for MapParWith<T, H, L> {}

impl<T, H, L: StartWorkers<T, H>> FusedStream for MapParWith<T, H, L> {
    fn is_terminated(&self) -> bool {
        self.inbox.is_terminated()
    }
}

impl<T, H, L: StartWorkers<T, H>> Stream for MapParWith<T, H, L> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.inbox.release();
        self.start_requested();
        loop {
            if let Some(result) = self.inbox.take() {
                return Poll::Ready(Some(result));
            }
            let complete = self.inbox.is_complete();
            match if complete { None } else { ready!(self.inbox.poll_message(cx)) } {
                Some(message) => self.receive(message),
                None => {
                    self.starter.finish();
                    self.inbox.end();
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // In this order: after the end no more results come.
        let ended = self.inbox.receiver.cursor.is_stopped() || self.inbox.is_terminated();
        let finished = self.finished();
        (finished, ended.then_some(finished))
    }
}
