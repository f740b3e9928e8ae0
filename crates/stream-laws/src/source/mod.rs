mod control;
mod cue;
mod meter;
mod outer;
mod stage;
mod state;
mod work;

use alloc::sync::Arc;
use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

pub use self::{control::Control, outer::Outer, work::Work};
use self::{cue::Cue, state::Kind};
pub(crate) use self::{cue::Runaway, stage::Stage};
use crate::{
    case::{Hint, Script},
    token::Token,
};

/// A stream that follows a [`Script`] and writes down how it is treated.
///
/// Its other end is a [`Control`], which may wake the source's last waker even when the source was
/// dropped, as a timer might.
#[must_use = "streams do nothing unless polled"]
pub struct Source {
    cue: Cue,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("control", &self.cue.control).finish()
    }
}

impl Source {
    /// A source that follows this script, with an exact `size_hint`.
    pub fn new(script: Script) -> (Self, Control) {
        let control = Control::new(script, Kind::Tokens, Hint::Exact, 0, Arc::default());
        (Self { cue: Cue::new(control.clone()) }, control)
    }

    /// The same source as one of results: a [`Step::Error`](crate::Step::Error) is an `Err`.
    pub fn results(self) -> Results {
        Results { source: self }
    }

    fn of(control: Control) -> Self {
        Self { cue: Cue::new(control) }
    }
}

impl Stream for Source {
    type Item = Token;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Token>> {
        let number = self.cue.poll(cx);
        number.map(|given| given.map(|given| self.cue.control.token(given.number)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.cue.size_hint()
    }
}

/// A [`Source`] of results; made by [`Source::results`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Results {
    source: Source,
}

impl Stream for Results {
    type Item = Result<Token, Token>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let cue = &self.source.cue;
        cue.poll(cx).map(|given| {
            given.map(|given| {
                let token = cue.control.token(given.number);
                if given.error { Err(token) } else { Ok(token) }
            })
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.source.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::panic::AssertUnwindSafe;
    use std::panic::catch_unwind;

    use super::*;
    use crate::task::Task;

    fn source(script: &str) -> (Source, Control) {
        Source::new(script.parse().expect("a script"))
    }

    fn numbers(poll: Poll<Option<Token>>) -> Poll<Option<usize>> {
        poll.map(|item| item.map(|token| token.number()))
    }

    #[test]
    fn each_step_does_what_it_says() {
        let (source, control) = source("o-~!x|");
        let mut task = Task::new(source);
        assert_eq!(numbers(task.poll()), Poll::Ready(Some(0)));
        for _ in 0..2 {
            assert_eq!(numbers(task.poll()), Poll::Pending);
            assert!(control.is_waiting());
            assert!(!task.is_woken());
        }
        assert!(control.wake());
        assert!(!control.wake(), "it no longer waits");
        assert!(task.is_woken());
        assert_eq!(numbers(task.poll()), Poll::Pending);
        assert!(task.is_woken(), "it woke itself");
        assert!(!control.is_waiting());
        assert!(catch_unwind(AssertUnwindSafe(|| task.poll())).is_err());
        assert_eq!(numbers(task.poll()), Poll::Ready(Some(1)));
        assert!(!control.is_ended());
        assert_eq!(numbers(task.poll()), Poll::Ready(None));
        assert!(control.is_ended());
        assert_eq!(control.polls_after_end(), 0);
        assert_eq!(numbers(task.poll()), Poll::Ready(None));
        assert_eq!(control.polls_after_end(), 1);
        assert_eq!((control.polls(), control.waiting_polls(), control.items()), (8, 2, 2));
    }

    #[test]
    fn only_the_latest_waker_is_woken() {
        let (source, control) = source("-");
        let mut task = Task::new(source);
        assert!(task.poll().is_pending());
        task.switch_waker();
        assert!(task.poll().is_pending());
        assert!(task.wakers()[0].is_released());
        assert!(control.wake());
        let wakes: Vec<_> = task.wakers().iter().map(|waker| waker.wakes()).collect();
        assert_eq!(wakes, [0, 1]);
    }

    #[test]
    fn results_tell_errors_from_items() {
        let (source, control) = source("ox|");
        let mut task = Task::new(source.results());
        assert!(matches!(task.poll(), Poll::Ready(Some(Ok(token))) if token.number() == 0));
        assert!(matches!(task.poll(), Poll::Ready(Some(Err(token))) if token.number() == 1));
        assert!(matches!(task.poll(), Poll::Ready(None)));
        task.drop_stream();
        assert!(control.is_dropped());
        assert_eq!(control.ledger().alive(), 0);
    }
}
