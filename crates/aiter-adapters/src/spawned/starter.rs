use alloc::vec::Vec;
use core::{fmt, future::Future, marker::PhantomData};

use futures_core::Stream;

use crate::{
    spawn::Spawn,
    spawned::{
        channel::SOURCE_ENDED,
        job::Message,
        map_worker::{MapWorker, WorkerFactory},
        receiver::TaskReceiver,
    },
};

pub(crate) use sealed::{Start, StartedWorkers};

mod sealed {
    use super::{Message, TaskReceiver, Vec};

    /// The lists that new workers are added to.
    #[expect(unnameable_types, reason = "private to this crate")]
    #[expect(missing_debug_implementations, reason = "private to this crate")]
    pub struct StartedWorkers<'a, T, H> {
        pub(crate) receiver: &'a mut TaskReceiver<Message<T>>,
        pub(crate) handles: &'a mut Vec<H>,
    }

    #[expect(unnameable_types, reason = "the trait is sealed")]
    pub trait Start<T, H> {
        /// Starts `number` workers, or as many as are left to start.
        fn start(&mut self, number: usize, started: StartedWorkers<'_, T, H>);

        /// Returns the number of workers that are left to start.
        fn left(&self) -> usize;

        /// Gives up the workers that are left to start.
        fn finish(&mut self);
    }
}

/// Starts the tasks of a [`MapParWith`](crate::MapParWith). `()` starts none.
///
/// This trait is sealed.
///
/// # Examples
/// See the example of [`MapParWith::into_parts`](crate::MapParWith::into_parts).
pub trait StartWorkers<T, H>: sealed::Start<T, H> {}

impl<T, H, L: sealed::Start<T, H>> StartWorkers<T, H> for L {}

/// The spawner of a [`MapParWith`](crate::MapParWith), with the source and the function of its
/// tasks.
///
/// # Examples
/// See the example of [`map_par_with`](crate::AiterExt::map_par_with).
pub struct WorkerStarter<S, P, F, Fut: Future> {
    spawn: P,
    /// `None` if no workers are left to start.
    factory: Option<WorkerFactory<S, F, Fut::Output>>,
    left: usize,
    future: PhantomData<fn() -> Fut>,
}

impl<S, P, F, Fut: Future> WorkerStarter<S, P, F, Fut> {
    pub(crate) fn new(spawn: P, factory: WorkerFactory<S, F, Fut::Output>, left: usize) -> Self {
        Self { spawn, factory: (left > 0).then_some(factory), left, future: PhantomData }
    }
}

impl<S, P, F, Fut: Future> fmt::Debug for WorkerStarter<S, P, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerStarter").field("left", &self.left).finish_non_exhaustive()
    }
}

impl<S, P, F, Fut> sealed::Start<Fut::Output, P::Handle> for WorkerStarter<S, P, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
    P: Spawn<MapWorker<S, F, Fut>>,
{
    fn start(&mut self, number: usize, started: StartedWorkers<'_, Fut::Output, P::Handle>) {
        let StartedWorkers { receiver, handles } = started;
        if receiver.channel.has(SOURCE_ENDED) {
            self.finish();
        }
        for _ in 0..number {
            let Some(worker) = self.factory.as_ref().and_then(|factory| factory.make(receiver))
            else {
                return;
            };
            // First, because the spawner may panic.
            self.left -= 1;
            if self.left == 0 {
                self.factory = None;
            }
            handles.push(self.spawn.spawn(worker));
        }
    }

    fn left(&self) -> usize {
        if self.factory.is_some() { self.left } else { 0 }
    }

    fn finish(&mut self) {
        self.factory = None;
    }
}

impl<T, H> sealed::Start<T, H> for () {
    fn start(&mut self, _: usize, _: StartedWorkers<'_, T, H>) {}

    fn left(&self) -> usize {
        0
    }

    fn finish(&mut self) {}
}
