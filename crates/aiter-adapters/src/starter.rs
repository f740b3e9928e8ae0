use core::{fmt, future::Future, marker::PhantomData};

use alloc::vec::Vec;
use futures_core::Stream;

use crate::{
    feed::Note,
    link::Outlet,
    spawn::Spawn,
    worker::{Team, Worker},
};

pub(crate) use sealed::{Staff, Start};

mod sealed {
    use super::{Note, Outlet, Vec};

    /// What workers that are started are added to.
    #[expect(unnameable_types, reason = "for this crate alone")]
    #[expect(missing_debug_implementations, reason = "for this crate alone")]
    pub struct Staff<'a, T, H> {
        pub(crate) outlet: &'a mut Outlet<Note<T>>,
        pub(crate) handles: &'a mut Vec<H>,
    }

    #[expect(unnameable_types, reason = "no other crate is to implement it")]
    pub trait Start<T, H> {
        /// Starts as many workers, or as many as may still be started.
        fn start(&mut self, number: usize, staff: Staff<'_, T, H>);

        /// The number of workers that may still be started.
        fn left(&self) -> usize;

        /// Starts no more workers.
        fn finish(&mut self);
    }
}

/// Starts the tasks of a [`MapParWith`](crate::MapParWith), or none in the case of `()`.
///
/// Not to be implemented elsewhere.
pub trait StartWorkers<T, H>: sealed::Start<T, H> {}

impl<T, H, L: sealed::Start<T, H>> StartWorkers<T, H> for L {}

/// The spawner of a [`MapParWith`](crate::MapParWith), and what it starts tasks of.
pub struct Starter<S, P, F, Fut: Future> {
    spawn: P,
    /// `None` if no more workers are to be started.
    team: Option<Team<S, F, Fut::Output>>,
    left: usize,
    future: PhantomData<fn() -> Fut>,
}

impl<S, P, F, Fut: Future> Starter<S, P, F, Fut> {
    pub(crate) fn new(spawn: P, team: Team<S, F, Fut::Output>, left: usize) -> Self {
        Self { spawn, team: (left > 0).then_some(team), left, future: PhantomData }
    }
}

impl<S, P, F, Fut: Future> fmt::Debug for Starter<S, P, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starter").field("left", &self.left).finish_non_exhaustive()
    }
}

impl<S, P, F, Fut> sealed::Start<Fut::Output, P::Handle> for Starter<S, P, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
    P: Spawn<Worker<S, F, Fut>>,
{
    fn start(&mut self, number: usize, staff: Staff<'_, Fut::Output, P::Handle>) {
        let Staff { outlet, handles } = staff;
        if outlet.has_source_ended() {
            self.finish();
        }
        for _ in 0..number {
            let Some(worker) = self.team.as_ref().and_then(|team| team.worker(outlet)) else {
                return;
            };
            // Before user code.
            self.left -= 1;
            if self.left == 0 {
                self.team = None;
            }
            handles.push(self.spawn.spawn(worker));
        }
    }

    fn left(&self) -> usize {
        if self.team.is_some() { self.left } else { 0 }
    }

    fn finish(&mut self) {
        self.team = None;
    }
}

impl<T, H> sealed::Start<T, H> for () {
    fn start(&mut self, _: usize, _: Staff<'_, T, H>) {}

    fn left(&self) -> usize {
        0
    }

    fn finish(&mut self) {}
}
