//! The source and the function that the workers of `map_par_with` share.

use core::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;

use crate::{
    spawned::{job::JobOutput, permits::Permits, worker_slot::WorkerSlot},
    util::{catch, clear_on_panic},
};

/// Maximum number of workers that are started at once.
const MAX_AT_ONCE: usize = 128;

/// Returns the number of workers that there is work for: the lower bound of the `size_hint`, but at
/// least one unless the source has ended.
pub(crate) fn workers_for((lower, upper): (usize, Option<usize>)) -> usize {
    lower.max(usize::from(upper != Some(0))).min(MAX_AT_ONCE)
}

pin_project_lite::pin_project! {
    struct SourceAndFn<S, F> {
        #[pin]
        source: S,
        f: F,
    }
}

pin_project_lite::pin_project! {
    /// The value of the workers' lock.
    pub(crate) struct SharedSource<S, F> {
        // Dropped at the source's end.
        #[pin]
        inner: Option<SourceAndFn<S, F>>,
        permits: Permits,
        // The number of the next job.
        next: usize,
        // A worker has taken the number of all jobs.
        counted: bool,
    }
}

/// The result of a turn at the source.
pub(crate) enum NextJob<Fut> {
    /// A future to run, and the number of workers to request.
    Start(Fut, usize),
    /// A panic, which is in the slot.
    Panicked,
    /// The source is gone, after this number of jobs. Returned once.
    SourceGone(usize),
    /// The source is gone.
    End,
}

impl<S, F> SharedSource<S, F> {
    pub(crate) fn new(source: S, f: F, permits: Permits) -> Self {
        Self { inner: Some(SourceAndFn { source, f }), permits, next: 0, counted: false }
    }
}

impl<S: Stream, F> SharedSource<S, F> {
    /// Begins a job in `slot` if there is an item and a permit.
    pub(crate) fn poll_job<Fut: Future>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slot: &mut WorkerSlot<Fut::Output>,
    ) -> Poll<NextJob<Fut>>
    where
        F: FnMut(S::Item) -> Fut,
    {
        let mut this = self.project();
        if this.inner.is_some() {
            ready!(this.permits.poll_ready(cx));
        }
        let number = *this.next;
        let polled = clear_on_panic(this.inner.as_mut(), |inner| {
            catch(|| inner.project().source.poll_next(cx))
        });
        let (item, panic) = match polled {
            None => {
                let counted = mem::replace(this.counted, true);
                return Poll::Ready(if counted {
                    NextJob::End
                } else {
                    NextJob::SourceGone(number)
                });
            }
            Some(Ok(polled)) => (ready!(polled), None),
            Some(Err(panic)) => (None, Some(panic)),
        };
        let started = match (item, this.inner.as_mut().as_pin_mut()) {
            (Some(item), Some(inner)) => {
                // Before the call. Without `std`, a job that panics is sent as lost.
                this.permits.take();
                *this.next = number.wrapping_add(1);
                slot.set_job(number, JobOutput::LOST);
                let inner = inner.project();
                catch(|| {
                    // In this turn, so that the next turn does not count this worker as idle.
                    slot.sender.set_busy();
                    let short = slot.sender.needs_task();
                    let workers = if short || slot.sender.channel.has_request() {
                        workers_for(inner.source.size_hint())
                    } else {
                        0
                    };
                    slot.sender.channel.lower_request(workers);
                    ((inner.f)(item), workers)
                })
            }
            _ => {
                if panic.is_none() {
                    this.permits.report_end();
                }
                let dropped = catch(|| this.inner.set(None)).err();
                match panic.or(dropped) {
                    None => {
                        *this.counted = true;
                        return Poll::Ready(NextJob::SourceGone(number));
                    }
                    Some(panic) => {
                        *this.next = number.wrapping_add(1);
                        Err(panic)
                    }
                }
            }
        };
        Poll::Ready(match started {
            Ok((future, workers)) => NextJob::Start(future, workers),
            Err(panic) => {
                slot.set_job(number, Err(panic).into());
                NextJob::Panicked
            }
        })
    }
}
