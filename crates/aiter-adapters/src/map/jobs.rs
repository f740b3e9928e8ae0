//! The calls of `map_par` and their results.

use core::{
    future::Future,
    mem::ManuallyDrop,
    pin::Pin,
    task::{Context, Poll},
};

use crate::util::{Finally, Pool, Results};

pin_project_lite::pin_project! {
    /// A numbered call of the function.
    pub(crate) struct Job<Fut> {
        number: usize,
        #[pin]
        future: Fut,
    }
}

/// The running jobs, and the results that were not taken.
pub(crate) struct Jobs<Fut: Future> {
    pub(crate) running: Pool<Job<Fut>>,
    pub(crate) finished: Results<Fut::Output>,
    /// The number of the next job.
    next: usize,
}

impl<Fut: Future> Jobs<Fut> {
    pub(crate) fn new() -> Self {
        Self { running: Pool::new(), finished: Results::unordered(), next: 0 }
    }

    /// Restores the order of the numbers, unless a job was started.
    pub(crate) fn set_ordered(&mut self) {
        if self.next == 0 {
            self.finished = Results::ordered(0);
        }
    }

    /// Starts a job, and polls it once.
    #[inline]
    pub(crate) fn start(&mut self, future: Fut) {
        let job = Job { number: self.next, future };
        self.next = self.next.wrapping_add(1);
        let _ = self.running.poll_new(job, Self::poll_job(&mut self.finished));
    }

    /// Polls the first job of the queue. Returns `false` if the queue is empty.
    #[inline]
    pub(crate) fn poll_first(&mut self) -> bool {
        let Some(number) = self.running.first() else { return false };
        match self.running.poll(number, Self::poll_job(&mut self.finished)) {
            Poll::Ready(()) => self.running.remove(number),
            Poll::Pending => self.running.set_pending(number),
        }
        true
    }

    /// Polls a job, and keeps its result.
    #[inline]
    fn poll_job(
        finished: &mut Results<Fut::Output>,
    ) -> impl FnOnce(Pin<&mut Job<Fut>>, &mut Context<'_>) -> Poll<()> {
        |job, cx| {
            let job = job.project();
            let number = *job.number;
            // If the future panics, the result is lost.
            let lost = Finally(finished, |finished| finished.put(number, None));
            let polled = job.future.poll(cx);
            let Finally(finished, _) = &mut *ManuallyDrop::new(lost);
            polled.map(|result| finished.put(number, Some(result)))
        }
    }
}
