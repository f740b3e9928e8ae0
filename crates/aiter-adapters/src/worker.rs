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
    budget::Budget,
    caught::catch,
    feed::{Desk, Feed, Note, Turn, wanted},
    inlet::Inlet,
    link::{Outlet, WeakInlets, link},
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
    pub struct Worker<S: Stream, F, Fut: Future> {
        // In this order: the stream ends last.
        #[pin]
        running: Option<Fut>,
        // `None` at the end.
        relay: Option<Relay<Feed<S, F>>>,
        desk: Option<Desk<Fut::Output>>,
    }
}

impl<S: Stream, F, Fut: Future> fmt::Debug for Worker<S, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("running", &self.running.is_some())
            .field("ended", &self.relay.is_none())
            .finish_non_exhaustive()
    }
}

/// Where more workers come from.
pub(crate) struct Team<S, F, T> {
    relay: Relay<Feed<S, F>>,
    inlets: WeakInlets<Note<T>>,
}

impl<S: Stream, F, T> Team<S, F, T> {
    /// One more worker, unless no other is left.
    pub(crate) fn worker<Fut>(&self, outlet: &mut Outlet<Note<T>>) -> Option<Worker<S, F, Fut>>
    where
        Fut: Future<Output = T>,
    {
        let inlet = self.inlets.upgrade()?.add_to(outlet);
        Some(Worker::new(self.relay.clone(), inlet))
    }
}

/// The stream's side, the first worker of at most `n`, and where the others come from.
pub(crate) fn team<S, F, Fut>(source: S, f: F, n: usize) -> Founded<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    let wanted = wanted(source.size_hint()).clamp(1, n);
    let (mut outlet, inlets) = link();
    let room = inlets.room(Some(n.saturating_mul(2)));
    let relay = Relay::new(Feed::new(source, f, room));
    let first = Worker::new(relay.clone(), inlets.add_to(&mut outlet));
    let team = Team { relay, inlets: inlets.hire() };
    Founded { outlet, first, team, wanted }
}

/// What [`team`] makes.
pub(crate) struct Founded<S: Stream, F, Fut: Future> {
    pub(crate) outlet: Outlet<Note<Fut::Output>>,
    pub(crate) first: Worker<S, F, Fut>,
    pub(crate) team: Team<S, F, Fut::Output>,
    /// Workers that are to start at once, with the first one.
    pub(crate) wanted: usize,
}

impl<S: Stream, F, Fut: Future> Worker<S, F, Fut> {
    fn new(relay: Relay<Feed<S, F>>, inlet: Inlet<Note<Fut::Output>>) -> Self {
        Self { running: None, relay: Some(relay), desk: Some(Desk::new(inlet)) }
    }
}

/// Ends the worker: what it runs goes first, then the source if no other worker has it, and then the
/// stream ends if no other worker is left.
struct End<'a, S: Stream, F, Fut: Future> {
    running: Pin<&'a mut Option<Fut>>,
    relay: &'a mut Option<Relay<Feed<S, F>>>,
    desk: &'a mut Option<Desk<Fut::Output>>,
}

impl<S: Stream, F, Fut: Future> Drop for End<'_, S, F, Fut> {
    fn drop(&mut self) {
        let _desk = self.desk.take();
        let _relay = self.relay.take();
        self.running.set(None);
    }
}

/// Goes on until there is nothing to do for now. Ready if there will be nothing again.
fn work<S, F, Fut>(
    mut running: Pin<&mut Option<Fut>>,
    relay: &mut Relay<Feed<S, F>>,
    desk: &mut Desk<Fut::Output>,
    cx: &mut Context<'_>,
) -> Poll<()>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    let mut budget = Budget::new();
    while !desk.inlet.is_closed() {
        if let Some(future) = running.as_mut().as_pin_mut() {
            let polled = catch(|| future.poll(cx));
            if !matches!(polled, Ok(Poll::Pending)) {
                match polled {
                    Ok(Poll::Ready(result)) => desk.note(Some(result), None),
                    Ok(Poll::Pending) => {}
                    Err(panic) => desk.note(None, Some(panic)),
                }
                // User code. If it unwinds, the result is handed in all the same.
                let dropped = catch(|| running.set(None));
                desk.note(None, dropped.err());
                desk.hand_in();
                continue;
            }
        } else if !budget.take() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        } else {
            match relay.poll_turn(cx, |feed, cx| feed.poll_turn(cx, desk)) {
                Poll::Ready(Turn::Call(future, wanted)) => {
                    running.set(Some(future));
                    desk.inlet.set_busy();
                    if wanted > 0 {
                        desk.inlet.ask_for(wanted, Note::Hire);
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
                    desk.hand_in();
                    continue;
                }
                Poll::Ready(Turn::Last(calls)) => {
                    // Refused if the stream is gone.
                    drop(desk.inlet.push(Note::End(calls)));
                    break;
                }
                Poll::Ready(Turn::End) => break,
                Poll::Pending => desk.inlet.set_idle(),
            }
        }
        if !desk.inlet.sleep(cx) {
            return Poll::Pending;
        }
    }
    Poll::Ready(())
}

impl<S, F, Fut> Future for Worker<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mut end = End { running: this.running, relay: this.relay, desk: this.desk };
        if let (Some(relay), Some(desk)) = (&mut *end.relay, &mut *end.desk) {
            desk.inlet.brace();
            let polled = work(end.running.as_mut(), relay, desk, cx);
            if polled.is_ready() {
                end.running.set(None);
            }
            desk.inlet.relax();
            if polled.is_pending() {
                core::mem::forget(end);
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}

impl<S, F, Fut> FusedFuture for Worker<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    fn is_terminated(&self) -> bool {
        self.relay.is_none()
    }
}
