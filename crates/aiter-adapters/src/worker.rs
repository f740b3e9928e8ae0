//! The tasks of `map_par_with`.
//!
//! The workers share the source and `f` through a relay: a free worker takes a turn and leaves it with
//! a future of its own to run. Each call of `f` has a number, in the source's order, and each number
//! comes to the stream with what the call left. A panic of the source or of its drop has the number
//! of the call that would have been next. The worker that finds the source gone hands in how many
//! numbers there are, so the stream's end waits for no worker that has nothing to hand in.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use aiter_core::Relay;
use futures_core::{FusedFuture, Stream};

use crate::{
    budget::Budget,
    caught::{Caught, catch},
    finished::Fate,
    link::{Inlet, Outlet, Room, WeakInlets, link},
    unwind,
};

/// The most workers that start at one time.
const AT_ONCE: usize = 128;

/// A call that is over.
pub(crate) struct Done<T> {
    /// The number of the call.
    pub(crate) number: usize,
    pub(crate) fate: Fate<T>,
}

/// What a worker hands in.
pub(crate) enum Note<T> {
    Done(Done<T>),
    /// Workers are asked for.
    Hire,
    /// The source is gone, and this is the number of all calls.
    End(usize),
}

/// The number of workers that a source has work for: as many as it is known to have items, at least one
/// if there may be one.
fn wanted((lower, upper): (usize, Option<usize>)) -> usize {
    lower.max(usize::from(upper != Some(0))).min(AT_ONCE)
}

pin_project_lite::pin_project! {
    struct Supply<S, F> {
        #[pin]
        source: S,
        f: F,
    }
}

pin_project_lite::pin_project! {
    /// The value of the workers' relay.
    struct Feed<S, F> {
        // Dropped at its end.
        #[pin]
        supply: Option<Supply<S, F>>,
        room: Room,
        // Of the next call.
        number: usize,
        // The number of all calls was taken by a worker.
        counted: bool,
    }
}

/// What a turn at the source gave.
enum Turn<Fut> {
    /// A call, and the number of workers that are to be started.
    Call(Fut, usize),
    /// A panic, which is to be handed in.
    Panicked,
    /// No more calls than this number, which no worker has handed in before.
    Last(usize),
    /// No more calls.
    End,
}

impl<S: Stream, F> Feed<S, F> {
    /// Begins a call, if there is an item and a permit. `desk.at` becomes the place of the call.
    fn poll_turn<Fut: Future>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        desk: &mut Desk<Fut::Output>,
    ) -> Poll<Turn<Fut>>
    where
        F: FnMut(S::Item) -> Fut,
    {
        let mut this = self.project();
        if this.supply.is_some() {
            ready!(this.room.poll_ready(cx));
        }
        let number = *this.number;
        let polled = unwind::with(this.supply.as_mut(), |supply| {
            catch(|| supply.project().source.poll_next(cx))
        });
        let (item, panic) = match polled {
            None => {
                let counted = core::mem::replace(this.counted, true);
                return Poll::Ready(if counted { Turn::End } else { Turn::Last(number) });
            }
            Some(Ok(polled)) => (ready!(polled), None),
            Some(Err(panic)) => (None, Some(panic)),
        };
        let call = match (item, this.supply.as_mut().as_pin_mut()) {
            (Some(item), Some(supply)) => {
                // Before the call: without `std` the number of a call that panics is handed in as lost.
                this.room.take();
                *this.number = number.wrapping_add(1);
                desk.at = Some(Done { number, fate: Fate::LOST });
                let supply = supply.project();
                catch(|| {
                    let short = desk.inlet.is_short_of_tasks();
                    let wanted = if short { wanted(supply.source.size_hint()) } else { 0 };
                    ((supply.f)(item), wanted)
                })
            }
            _ => {
                if panic.is_none() {
                    this.room.report_end();
                }
                let dropped = catch(|| this.supply.set(None)).err();
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
                desk.at = Some(Done { number, fate: Err(panic).into() });
                Turn::Panicked
            }
        })
    }
}

/// A worker's side of the list, and the place of the call that it works at.
struct Desk<T> {
    at: Option<Done<T>>,
    inlet: Inlet<Note<T>>,
}

impl<T> Desk<T> {
    /// Adds to what the call left. The first panic is the one that counts.
    fn note(&mut self, result: Option<T>, panic: Option<Caught>) {
        if let Some(Done { fate, .. }) = &mut self.at {
            fate.result = result.or(fate.result.take());
            fate.panic = fate.panic.take().or(panic);
        }
    }

    /// Hands in what the call left.
    fn hand_in(&mut self) {
        if let Some(done) = self.at.take() {
            if done.fate.panic.is_some() {
                self.inlet.report_caught();
            } else if done.fate.is_lost() {
                self.inlet.report_loss();
            }
            // Refused if the stream is gone.
            drop(self.inlet.push(Note::Done(done)));
        }
    }
}

impl<T> Drop for Desk<T> {
    fn drop(&mut self) {
        // Before the call is over for the stream, which may end by that.
        self.inlet.report_panic();
        self.hand_in();
    }
}

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
    let supply = Some(Supply { source, f });
    let room = inlets.room(Some(n.saturating_mul(2)));
    let relay = Relay::new(Feed { supply, room, number: 0, counted: false });
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
        Self { running: None, relay: Some(relay), desk: Some(Desk { at: None, inlet }) }
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
