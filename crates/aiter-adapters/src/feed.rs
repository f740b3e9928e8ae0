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
    caught::{Caught, catch},
    inlet::{Inlet, Room},
    unwind,
};

/// What a call left: a result, a panic, both if the finished future panicked when it was dropped,
/// or neither if the call was lost with its task.
pub(crate) struct Fate<T> {
    pub(crate) result: Option<T>,
    pub(crate) panic: Option<Caught>,
}

impl<T> Fate<T> {
    pub(crate) const LOST: Self = Self { result: None, panic: None };

    pub(crate) fn is_lost(&self) -> bool {
        self.result.is_none() && self.panic.is_none()
    }
}

impl<T> From<Result<T, Caught>> for Fate<T> {
    fn from(result: Result<T, Caught>) -> Self {
        match result {
            Ok(result) => Self { result: Some(result), panic: None },
            Err(panic) => Self { result: None, panic: Some(panic) },
        }
    }
}

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
pub(crate) fn wanted((lower, upper): (usize, Option<usize>)) -> usize {
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
    pub(crate) struct Feed<S, F> {
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

impl<S, F> Feed<S, F> {
    pub(crate) fn new(source: S, f: F, room: Room) -> Self {
        Self { supply: Some(Supply { source, f }), room, number: 0, counted: false }
    }
}

impl<S: Stream, F> Feed<S, F> {
    /// Begins a call, if there is an item and a permit. `desk.at` becomes the place of the call.
    pub(crate) fn poll_turn<Fut: Future>(
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
                let counted = mem::replace(this.counted, true);
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
                    // In this turn, because the next one must not take this worker for an idle one.
                    desk.inlet.set_busy();
                    let short = desk.inlet.is_short_of_tasks();
                    let wanted = if short || desk.inlet.has_asked() {
                        wanted(supply.source.size_hint())
                    } else {
                        0
                    };
                    desk.inlet.correct(wanted);
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
pub(crate) struct Desk<T> {
    at: Option<Done<T>>,
    pub(crate) inlet: Inlet<Note<T>>,
}

impl<T> Desk<T> {
    pub(crate) fn new(inlet: Inlet<Note<T>>) -> Self {
        Self { at: None, inlet }
    }

    /// Adds to what the call left. The first panic is the one that counts.
    pub(crate) fn note(&mut self, result: Option<T>, panic: Option<Caught>) {
        if let Some(Done { fate, .. }) = &mut self.at {
            fate.result = result.or(fate.result.take());
            fate.panic = fate.panic.take().or(panic);
        }
    }

    /// Hands in what the call left.
    pub(crate) fn hand_in(&mut self) {
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
        // Another worker is to take the next item.
        if self.inlet.is_idle() && self.inlet.is_short_of_tasks() {
            self.inlet.ask_for(1, Note::Hire);
        }
    }
}
