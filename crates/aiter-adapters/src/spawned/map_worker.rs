//! The tasks of `map_par_with`.
//!
//! The workers share the source and the function through a lock. A free worker takes a turn at the
//! lock, and returns from it with a future to run.

use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::task::PollLock;
use futures_core::{FusedFuture, Stream};

use crate::{
    spawned::{
        job::Message,
        receiver::{TaskReceiver, WeakSenderFactory},
        sender::TaskSender,
        shared_source::{NextJob, SharedSource},
        worker_slot::WorkerSlot,
    },
    util::{Budget, Finally, catch},
};

pin_project_lite::pin_project! {
    /// A task of [`MapParWith`](crate::MapParWith), which runs the futures of the function one at a
    /// time.
    ///
    /// Completes when the source has ended and the last future of this worker is done, or when the
    /// stream is dropped. The running future is dropped before that. After 128 futures that were
    /// ready at once, the worker wakes its own task and returns `Pending`. It also does so before
    /// it polls a new future if its turn at the source has woken another worker.
    ///
    /// # Panics
    /// With the feature `std`, panics of the source, the function and the futures are caught and
    /// resume in the stream's consumer. Without it they unwind through this worker, which is lost,
    /// while the other workers continue. Panics of wakers always unwind through the worker. So do
    /// those of a future that is dropped because the stream was dropped.
    ///
    /// # Cancel safety
    /// If the worker is dropped, the result of its running future is lost. The other workers
    /// continue. The source is dropped with the last worker, or at the stream's end if the stream
    /// may start more workers.
    ///
    /// # Examples
    /// In a function that names it, as an executor with static tasks requires:
    ///
    /// ```
    /// use core::{
    ///     convert::identity,
    ///     future::{Ready, ready},
    ///     ops::Range,
    /// };
    ///
    /// use aiter_adapters::{AiterExt, MapWorker};
    /// use futures_util::{StreamExt, future::{join, join_all}, stream};
    ///
    /// type Square = fn(u32) -> Ready<u32>;
    ///
    /// async fn work(worker: MapWorker<stream::Iter<Range<u32>>, Square, Ready<u32>>) {
    ///     worker.await
    /// }
    ///
    /// # futures_executor::block_on(async {
    /// let square: Square = |n| ready(n * n);
    /// let squares = stream::iter(1..4).map_par_with(2, identity, square);
    /// let (squares, workers) = squares.into_parts();
    /// let workers = join_all(workers.into_iter().map(work));
    /// let (squares, _) = join(squares.ordered().collect::<Vec<_>>(), workers).await;
    /// assert_eq!(squares, [1, 4, 9]);
    /// # });
    /// ```
    #[must_use = "nothing is mapped unless this future is polled"]
    pub struct MapWorker<S: Stream, F, Fut: Future> {
        // The fields are dropped in this order, so the stream ends last.
        #[pin]
        running: Option<Fut>,
        // `None` at the end.
        lock: Option<PollLock<SharedSource<S, F>>>,
        slot: Option<WorkerSlot<Fut::Output>>,
    }
}

impl<S: Stream, F, Fut: Future> fmt::Debug for MapWorker<S, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapWorker")
            .field("running", &self.running.is_some())
            .field("ended", &self.lock.is_none())
            .finish_non_exhaustive()
    }
}

/// Makes workers that share a source.
pub(crate) struct WorkerFactory<S, F, T> {
    pub(crate) lock: PollLock<SharedSource<S, F>>,
    pub(crate) senders: WeakSenderFactory<Message<T>>,
}

impl<S: Stream, F, T> WorkerFactory<S, F, T> {
    /// Makes a worker. Returns `None` if no other worker is left.
    pub(crate) fn make<Fut: Future<Output = T>>(
        &self,
        receiver: &mut TaskReceiver<Message<T>>,
    ) -> Option<MapWorker<S, F, Fut>> {
        let sender = self.senders.upgrade()?.add_to(receiver);
        Some(MapWorker::new(self.lock.clone(), sender))
    }
}

impl<S: Stream, F, Fut: Future> MapWorker<S, F, Fut> {
    pub(crate) fn new(
        lock: PollLock<SharedSource<S, F>>,
        sender: TaskSender<Message<Fut::Output>>,
    ) -> Self {
        Self { running: None, lock: Some(lock), slot: Some(WorkerSlot::new(sender)) }
    }
}

/// Runs jobs until the worker must wait. Returns `Ready` at the end.
fn work<S: Stream, F: FnMut(S::Item) -> Fut, Fut: Future>(
    mut running: Pin<&mut Option<Fut>>,
    lock: &mut PollLock<SharedSource<S, F>>,
    slot: &mut WorkerSlot<Fut::Output>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    let mut budget = Budget::new();
    while !slot.sender.is_closed() {
        if let Some(future) = running.as_mut().as_pin_mut() {
            let polled = catch(|| future.poll(cx));
            if !matches!(polled, Ok(Poll::Pending)) {
                match polled {
                    Ok(Poll::Ready(result)) => slot.add_output(Some(result), None),
                    Ok(Poll::Pending) => {}
                    Err(panic) => slot.add_output(None, Some(panic)),
                }
                // User code. If it unwinds, the drop of the slot sends the job.
                let dropped = catch(|| running.set(None));
                slot.add_output(None, dropped.err());
                slot.send_job();
                continue;
            }
        } else if !budget.take() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        } else {
            match lock.poll_locked(cx, |source, cx| source.poll_job(cx, slot)) {
                Poll::Ready(NextJob::Start(future, workers)) => {
                    running.set(Some(future));
                    slot.sender.set_busy();
                    if workers > 0 {
                        slot.sender.request_tasks(workers, Message::StartTasks);
                    }
                    if !lock.has_woken() {
                        continue;
                    }
                    // Some runtimes queue a worker that was woken here on this thread. It runs
                    // before the job, which may compute for long.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(NextJob::Panicked) => {
                    slot.send_job();
                    continue;
                }
                Poll::Ready(NextJob::SourceGone(jobs)) => {
                    // Fails if the stream is dropped.
                    drop(slot.sender.push(Message::SourceGone(jobs)));
                    break;
                }
                Poll::Ready(NextJob::End) => break,
                Poll::Pending => slot.sender.set_idle(),
            }
        }
        if slot.sender.poll_closed(cx).is_pending() {
            return Poll::Pending;
        }
    }
    Poll::Ready(())
}

impl<S: Stream, F: FnMut(S::Item) -> Fut, Fut: Future> Future for MapWorker<S, F, Fut> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        // Drops the running future, then the source if no other worker has it. Then the stream ends
        // if no other worker is left.
        let mut end = Finally((this.running, this.lock, this.slot), |(running, lock, slot)| {
            let _slot = slot.take();
            let _lock = lock.take();
            running.set(None);
        });
        let (running, lock, slot) = &mut end.0;
        if let (Some(lock), Some(slot)) = (&mut **lock, &mut **slot) {
            slot.sender.enter_user_code();
            let polled = work(running.as_mut(), lock, slot, cx);
            if polled.is_ready() {
                running.set(None);
            }
            slot.sender.leave_user_code();
            if polled.is_pending() {
                mem::forget(end);
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}

impl<S: Stream, F: FnMut(S::Item) -> Fut, Fut: Future> FusedFuture for MapWorker<S, F, Fut> {
    fn is_terminated(&self) -> bool {
        self.lock.is_none()
    }
}
