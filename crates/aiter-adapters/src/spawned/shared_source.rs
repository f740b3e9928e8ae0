//! What the workers of `map_par_with` share, and what they hand in.
//!
//! Each call of `f` has a number, in the source's order, and each number comes to the stream with what
//! the call left. A panic of the source or of its drop has the number of the call that would have been
//! next. The worker that finds the source gone hands in how many numbers there are, so the stream's
//! end waits for no worker that has nothing to hand in.

use core::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;

use crate::{
    spawned::{
        job::{FinishedJob, JobOutput},
        permits::Permits,
        worker_slot::WorkerSlot,
    },
    util::{catch, unwind},
};

/// The most workers that start at one time.
const MAX_AT_ONCE: usize = 128;

/// The number of workers that a source has work for: as many as it is known to have items, at least one
/// if there may be one.
pub(crate) fn wanted((lower, upper): (usize, Option<usize>)) -> usize {
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
    /// The value of the workers' relay.
    pub(crate) struct SharedSource<S, F> {
        // Dropped at its end.
        #[pin]
        inner: Option<SourceAndFn<S, F>>,
        permits: Permits,
        // Of the next call.
        number: usize,
        // The number of all calls was taken by a worker.
        counted: bool,
    }
}

/// What a turn at the source gave.
pub(crate) enum Turn<Fut> {
    /// A call, and the number of workers that are to be started.
    Call(Fut, usize),
    /// A panic, which is to be handed in.
    Panicked,
    /// No more calls than this number, which no worker has handed in before.
    Last(usize),
    /// No more calls.
    End,
}

impl<S, F> SharedSource<S, F> {
    pub(crate) fn new(source: S, f: F, permits: Permits) -> Self {
        Self { inner: Some(SourceAndFn { source, f }), permits, number: 0, counted: false }
    }
}

impl<S: Stream, F> SharedSource<S, F> {
    /// Begins a call, if there is an item and a permit. `slot.at` becomes the place of the call.
    pub(crate) fn poll_turn<Fut: Future>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slot: &mut WorkerSlot<Fut::Output>,
    ) -> Poll<Turn<Fut>>
    where
        F: FnMut(S::Item) -> Fut,
    {
        let mut this = self.project();
        if this.inner.is_some() {
            ready!(this.permits.poll_ready(cx));
        }
        let number = *this.number;
        let polled = unwind::with(this.inner.as_mut(), |inner| {
            catch(|| inner.project().source.poll_next(cx))
        });
        let (item, panic) = match polled {
            None => {
                let counted = mem::replace(this.counted, true);
                return Poll::Ready(if counted { Turn::End } else { Turn::Last(number) });
            }
            Some(Ok(polled)) => (ready!(polled), None),
            Some(Err(panic)) => (None, Some(panic)),
        };
        let call = match (item, this.inner.as_mut().as_pin_mut()) {
            (Some(item), Some(inner)) => {
                // Before the call: without `std` the number of a call that panics is handed in as lost.
                this.permits.take();
                *this.number = number.wrapping_add(1);
                slot.at = Some(FinishedJob { number, output: JobOutput::ITEM_LOST });
                let inner = inner.project();
                catch(|| {
                    // In this turn, because the next one must not take this worker for an idle one.
                    slot.sender.set_busy();
                    let short = slot.sender.needs_task();
                    let wanted = if short || slot.sender.has_requested_tasks() {
                        wanted(inner.source.size_hint())
                    } else {
                        0
                    };
                    slot.sender.lower_request(wanted);
                    ((inner.f)(item), wanted)
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
                        return Poll::Ready(Turn::Last(number));
                    }
                    Some(panic) => {
                        *this.number = number.wrapping_add(1);
                        Err(panic)
                    }
                }
            }
        };
        Poll::Ready(match call {
            Ok((future, wanted)) => Turn::Call(future, wanted),
            Err(panic) => {
                slot.at = Some(FinishedJob { number, output: Err(panic).into() });
                Turn::Panicked
            }
        })
    }
}
