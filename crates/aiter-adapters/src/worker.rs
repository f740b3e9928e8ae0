//! The tasks of `map_par_with`.
//!
//! The workers share the source and `f` through a relay: a free worker takes a turn and leaves it with
//! a future of its own to run. Each call of `f` has a number, in the source's order, and each number
//! comes to the stream with what the call left. A panic of the source or of its drop has the number
//! of the call that would have been next.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use aiter_core::{Pass, Relay};
use alloc::vec::Vec;
use futures_core::{FusedFuture, Stream};

use crate::{
    budget::Budget,
    caught::{Caught, catch},
    finished::Fate,
    link::{Inlet, Outlet, Room, link},
    unwind,
};

/// What a worker hands in.
pub(crate) struct Done<T> {
    /// The number of the call.
    pub(crate) number: usize,
    pub(crate) fate: Fate<T>,
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
    }
}

/// What a turn at the source gave.
enum Turn<Fut> {
    Call(Fut),
    /// A panic, which is to be handed in.
    Panicked,
    /// No more calls.
    End,
}

impl<S: Stream, F> Feed<S, F> {
    /// Begins a call, if there is an item and a permit. `at` becomes the place of the call.
    fn poll_turn<Fut: Future>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        at: &mut Option<Done<Fut::Output>>,
    ) -> Poll<(Turn<Fut>, Pass)>
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
            None => return Poll::Ready((Turn::End, Pass::All)),
            Some(Ok(polled)) => (ready!(polled), None),
            Some(Err(panic)) => (None, Some(panic)),
        };
        let call = match (item, this.supply.as_mut().as_pin_mut()) {
            (Some(item), Some(supply)) => {
                // Before the call: without `std` the number of a call that panics is handed in as lost.
                this.room.take();
                *this.number = number.wrapping_add(1);
                *at = Some(Done { number, fate: Fate::LOST });
                catch(|| (supply.project().f)(item))
            }
            _ => {
                if panic.is_none() {
                    this.room.report_end();
                }
                let dropped = catch(|| this.supply.set(None)).err();
                match panic.or(dropped) {
                    None => return Poll::Ready((Turn::End, Pass::All)),
                    Some(panic) => Err(panic),
                }
            }
        };
        Poll::Ready(match call {
            Ok(future) => (Turn::Call(future), Pass::Next),
            Err(panic) => {
                *at = Some(Done { number, fate: Err(panic).into() });
                (Turn::Panicked, Pass::All)
            }
        })
    }
}

/// A worker's side of the list, and the place of the call that it works at.
struct Desk<T> {
    at: Option<Done<T>>,
    inlet: Inlet<Done<T>>,
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
            drop(self.inlet.push(done));
        }
    }
}

impl<T> Drop for Desk<T> {
    fn drop(&mut self) {
        self.hand_in();
    }
}

pin_project_lite::pin_project! {
    /// One of the tasks of [`MapParWith`](crate::MapParWith): runs the futures that `f` makes, one at
    /// a time.
    ///
    /// It is ready when the source has ended and its last future is done, or when the stream that it
    /// works for is dropped; what it runs is dropped before that. After 128 futures that were ready
    /// at once it wakes its own task and lets others have their turn.
    ///
    /// # Panics
    /// With the feature `std` the panics of the source, of `f` and of the futures are caught, and go
    /// on in the stream's consumer. Without it they unwind through this worker, which is lost; the
    /// others go on. A panic of a waker always does, and so does that of a future which is dropped
    /// because the stream was.
    ///
    /// # Cancel safety
    /// Dropping it drops the future that it runs, whose result the stream then does without. The
    /// others go on; the source is dropped with the last of them.
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

pub(crate) type Workers<S, F, Fut> = Vec<Worker<S, F, Fut>>;

type Parts<S, F, Fut> = (Outlet<Done<<Fut as Future>::Output>>, Workers<S, F, Fut>);

/// The stream's side, and `n` workers with `bound` calls among them at a time.
pub(crate) fn workers<S, F, Fut>(source: S, f: F, n: usize, bound: usize) -> Parts<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    let (outlet, inlets) = link(n);
    let supply = Some(Supply { source, f });
    let relay = Relay::new(Feed { supply, room: inlets.room(Some(bound)), number: 0 });
    let worker = |number| {
        let desk = Desk { at: None, inlet: inlets.of_task(number) };
        Worker { running: None, relay: Some(relay.clone()), desk: Some(desk) }
    };
    (outlet, (0..n).map(worker).collect())
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
            let Desk { at, .. } = desk;
            match relay.poll_turn(cx, |feed, cx| feed.poll_turn(cx, at)) {
                Poll::Ready(Turn::Call(future)) => {
                    running.set(Some(future));
                    continue;
                }
                Poll::Ready(Turn::Panicked) => {
                    desk.hand_in();
                    continue;
                }
                Poll::Ready(Turn::End) => break,
                Poll::Pending => {}
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
