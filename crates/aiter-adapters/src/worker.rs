//! The tasks of `map_par_with`.
//!
//! They share the source and `f` through a relay: who is free takes a turn, and leaves it with a
//! future of its own to run. Every call of `f` has a number, in the source's order, and every number
//! that was given out comes to the stream: with the result, or without one if the future was lost.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use aiter_core::Relay;
use alloc::vec::Vec;
use futures_core::{FusedFuture, Stream};

use crate::{
    budget::Budget,
    link::{Inlet, Outlet, Room, link},
    unwind,
};

/// What a worker hands in.
pub(crate) struct Done<T> {
    /// The number of the call.
    pub(crate) number: usize,
    /// `None` if the future panicked or was dropped.
    pub(crate) result: Option<T>,
}

pin_project_lite::pin_project! {
    struct Supply<S, F> {
        #[pin]
        source: S,
        f: F,
    }
}

pin_project_lite::pin_project! {
    /// What the workers take turns at.
    struct Feed<S, F> {
        // Dropped at its end.
        #[pin]
        supply: Option<Supply<S, F>>,
        room: Room,
        // Of the next call.
        number: usize,
    }
}

/// A call of `f`: its number and its future; nothing if there are no more.
type Call<Fut> = Option<(usize, Fut)>;

impl<S: Stream, F> Feed<S, F> {
    fn poll_call<Fut>(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Call<Fut>>
    where
        F: FnMut(S::Item) -> Fut,
    {
        let mut this = self.project();
        let item = unwind::with(this.supply.as_mut(), |supply| match this.room.poll_ready(cx) {
            Poll::Ready(()) => supply.project().source.poll_next(cx),
            Poll::Pending => Poll::Pending,
        });
        let Some(item) = item else { return Poll::Ready(None) };
        let call = match (ready!(item), this.supply.as_mut().as_pin_mut()) {
            (Some(item), Some(supply)) => (supply.project().f)(item),
            _ => {
                this.room.report_end();
                this.supply.set(None);
                return Poll::Ready(None);
            }
        };
        // Only now: a call that panicked takes neither a permit nor a number.
        this.room.take();
        let number = *this.number;
        *this.number = number.wrapping_add(1);
        Poll::Ready(Some((number, call)))
    }
}

/// A worker's side of the list, and what it works at.
struct Desk<T> {
    at: Option<Done<T>>,
    inlet: Inlet<Done<T>>,
}

impl<T> Desk<T> {
    /// Hands in what it worked at, with or without a result.
    fn hand_in(&mut self) {
        if let Some(done) = self.at.take() {
            if done.result.is_none() {
                self.inlet.report_loss();
            }
            // Refused if the stream is gone: nobody wants it.
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
    /// Where the source, `f` or the future does, to whoever polls this worker. A worker that panicked
    /// is done; the others go on.
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
            if let Poll::Ready(result) = future.poll(cx) {
                if let Some(done) = &mut desk.at {
                    done.result = Some(result);
                }
                // User code. If it panics, the result is handed in all the same.
                running.set(None);
                desk.hand_in();
                continue;
            }
        } else if !budget.take() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        } else {
            match relay.poll_turn(cx, Feed::poll_call) {
                Poll::Ready(Some((number, future))) => {
                    desk.at = Some(Done { number, result: None });
                    running.set(Some(future));
                    continue;
                }
                Poll::Ready(None) => break,
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
