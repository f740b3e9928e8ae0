//! The tasks of `map_par_with`.
//!
//! The workers share the source and `f` through a relay: a free worker takes a turn and leaves it with
//! a future of its own to run.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::Relay;
use futures_core::{FusedFuture, Stream};

use crate::{
    spawned::{
        job::Message,
        receiver::{TaskReceiver, WeakSenderFactory, channel},
        sender::TaskSender,
        shared_source::{SharedSource, Turn, wanted},
        worker_slot::WorkerSlot,
    },
    util::{Budget, catch},
};

pin_project_lite::pin_project! {
    /// One of the tasks of [`MapParWith`](crate::MapParWith): runs the futures that `f` makes, one at
    /// a time.
    ///
    /// It is ready when the source has ended and its last future is done, or when the stream that it
    /// works for is dropped; what it runs is dropped before that. After 128 futures that were ready
    /// at once it wakes its own task and returns `Pending`, and so it does before it polls a new
    /// future if another worker may be waiting in the queue of this very thread.
    ///
    /// # Panics
    /// With the feature `std` the panics of the source, of `f` and of the futures are caught, and go
    /// on in the stream's consumer. Without it they unwind through this worker, which is lost; the
    /// others go on. A panic of a waker always does, and so does that of a future which is dropped
    /// because the stream was.
    ///
    /// # Cancel safety
    /// Dropping it drops the future that it runs, whose result the stream then does without. The
    /// others go on. The source is dropped with the last of them, or with the stream's end if that may
    /// start more.
    #[must_use = "nothing is mapped unless this future is polled"]
    pub struct MapWorker<S: Stream, F, Fut: Future> {
        // In this order: the stream ends last.
        #[pin]
        running: Option<Fut>,
        // `None` at the end.
        relay: Option<Relay<SharedSource<S, F>>>,
        slot: Option<WorkerSlot<Fut::Output>>,
    }
}

impl<S: Stream, F, Fut: Future> fmt::Debug for MapWorker<S, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapWorker")
            .field("running", &self.running.is_some())
            .field("ended", &self.relay.is_none())
            .finish_non_exhaustive()
    }
}

/// Where more workers come from.
pub(crate) struct WorkerFactory<S, F, T> {
    relay: Relay<SharedSource<S, F>>,
    senders: WeakSenderFactory<Message<T>>,
}

impl<S: Stream, F, T> WorkerFactory<S, F, T> {
    /// One more worker, unless no other is left.
    pub(crate) fn worker<Fut>(
        &self,
        receiver: &mut TaskReceiver<Message<T>>,
    ) -> Option<MapWorker<S, F, Fut>>
    where
        Fut: Future<Output = T>,
    {
        let sender = self.senders.upgrade()?.add_to(receiver);
        Some(MapWorker::new(self.relay.clone(), sender))
    }
}

/// The stream's side, the first worker of at most `n`, and where the others come from.
pub(crate) fn team<S, F, Fut>(source: S, f: F, n: usize) -> FirstWorker<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    let wanted = wanted(source.size_hint()).clamp(1, n);
    let (mut receiver, senders) = channel();
    let permits = senders.permits(Some(n.saturating_mul(2)));
    let relay = Relay::new(SharedSource::new(source, f, permits));
    let first = MapWorker::new(relay.clone(), senders.add_to(&mut receiver));
    let team = WorkerFactory { relay, senders: senders.allow_more() };
    FirstWorker { receiver, first, team, wanted }
}

/// What [`team`] makes.
pub(crate) struct FirstWorker<S: Stream, F, Fut: Future> {
    pub(crate) receiver: TaskReceiver<Message<Fut::Output>>,
    pub(crate) first: MapWorker<S, F, Fut>,
    pub(crate) team: WorkerFactory<S, F, Fut::Output>,
    /// Workers that are to start at once, with the first one.
    pub(crate) wanted: usize,
}

impl<S: Stream, F, Fut: Future> MapWorker<S, F, Fut> {
    fn new(relay: Relay<SharedSource<S, F>>, sender: TaskSender<Message<Fut::Output>>) -> Self {
        Self { running: None, relay: Some(relay), slot: Some(WorkerSlot::new(sender)) }
    }
}

/// Ends the worker: what it runs goes first, then the source if no other worker has it, and then the
/// stream ends if no other worker is left.
struct End<'a, S: Stream, F, Fut: Future> {
    running: Pin<&'a mut Option<Fut>>,
    relay: &'a mut Option<Relay<SharedSource<S, F>>>,
    slot: &'a mut Option<WorkerSlot<Fut::Output>>,
}

impl<S: Stream, F, Fut: Future> Drop for End<'_, S, F, Fut> {
    fn drop(&mut self) {
        let _desk = self.slot.take();
        let _relay = self.relay.take();
        self.running.set(None);
    }
}

/// Goes on until there is nothing to do for now. Ready if there will be nothing again.
fn work<S, F, Fut>(
    mut running: Pin<&mut Option<Fut>>,
    relay: &mut Relay<SharedSource<S, F>>,
    slot: &mut WorkerSlot<Fut::Output>,
    cx: &mut Context<'_>,
) -> Poll<()>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    let mut budget = Budget::new();
    while !slot.sender.is_closed() {
        if let Some(future) = running.as_mut().as_pin_mut() {
            let polled = catch(|| future.poll(cx));
            if !matches!(polled, Ok(Poll::Pending)) {
                match polled {
                    Ok(Poll::Ready(result)) => slot.message(Some(result), None),
                    Ok(Poll::Pending) => {}
                    Err(panic) => slot.message(None, Some(panic)),
                }
                // User code. If it unwinds, the result is handed in all the same.
                let dropped = catch(|| running.set(None));
                slot.message(None, dropped.err());
                slot.send_output();
                continue;
            }
        } else if !budget.take() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        } else {
            match relay.poll_turn(cx, |source, cx| source.poll_turn(cx, slot)) {
                Poll::Ready(Turn::Call(future, wanted)) => {
                    running.set(Some(future));
                    slot.sender.set_busy();
                    if wanted > 0 {
                        slot.sender.request_tasks(wanted, Message::Hire);
                    }
                    if !relay.has_woken() {
                        continue;
                    }
                    // Some runtimes keep a sibling that was woken here for this very thread, which
                    // must be free before the call computes.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(Turn::Panicked) => {
                    slot.send_output();
                    continue;
                }
                Poll::Ready(Turn::Last(total_jobs)) => {
                    // Refused if the stream is gone.
                    drop(slot.sender.push(Message::End(total_jobs)));
                    break;
                }
                Poll::Ready(Turn::End) => break,
                Poll::Pending => slot.sender.set_idle(),
            }
        }
        if !slot.sender.sleep(cx) {
            return Poll::Pending;
        }
    }
    Poll::Ready(())
}

impl<S, F, Fut> Future for MapWorker<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mut end = End { running: this.running, relay: this.relay, slot: this.slot };
        if let (Some(relay), Some(slot)) = (&mut *end.relay, &mut *end.slot) {
            slot.sender.enter_user_code();
            let polled = work(end.running.as_mut(), relay, slot, cx);
            if polled.is_ready() {
                end.running.set(None);
            }
            slot.sender.leave_user_code();
            if polled.is_pending() {
                core::mem::forget(end);
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}

impl<S, F, Fut> FusedFuture for MapWorker<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    fn is_terminated(&self) -> bool {
        self.relay.is_none()
    }
}
