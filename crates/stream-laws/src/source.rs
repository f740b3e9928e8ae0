use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::mem;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use std::panic::resume_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_core::Stream;

use crate::ledger::Ledger;
use crate::script::{Script, Step};
use crate::token::Token;

/// How a scripted source answers `size_hint`. Each way is true, not each is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Hint {
    /// Both bounds are the number of items left.
    #[default]
    Exact,
    /// `(0, None)`.
    Unknown,
    /// The lower bound is too low, the upper one too high.
    Loose,
    /// The upper bound is `usize::MAX`.
    Wide,
}

impl Hint {
    pub(crate) const ALL: [Self; 4] = [Self::Exact, Self::Unknown, Self::Loose, Self::Wide];

    fn of(self, left: usize) -> (usize, Option<usize>) {
        match self {
            Self::Exact => (left, Some(left)),
            Self::Unknown => (0, None),
            Self::Loose => (left / 2, Some(left + 3)),
            Self::Wide => (left, Some(usize::MAX)),
        }
    }
}

/// What a script's items are made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A token each.
    Tokens,
    /// A source or a future each.
    Inner,
    /// One token when the script is over.
    Work,
}

/// The payload of a scripted panic.
#[derive(Debug)]
pub(crate) struct ScriptedPanic;

/// The payload that ends a poll which polls its sources without end.
#[derive(Debug)]
pub(crate) struct Runaway;

/// Polls of all sources together within one poll of a task, after which that poll is ended.
const RUNAWAY: usize = 1_000;

/// What the sources of one run have in common.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) ledger: Ledger,
    /// The task that is being polled has seen its end before.
    pub(crate) after_end: AtomicBool,
    /// Polls of the sources since the poll of a task began.
    pub(crate) polls: AtomicUsize,
}

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

    /// The same source as one of results: a [`Step::Error`] is an `Err`.
    pub fn results(self) -> Results {
        Results { source: self }
    }

    pub(crate) fn of(control: Control) -> Self {
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

/// The other end of a [`Source`]: wakes it, and tells how it was treated.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

struct Shared {
    meter: Arc<Meter>,
    kind: Kind,
    index: usize,
    hint: Hint,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    script: Script,
    at: usize,
    ended: bool,
    dropped: bool,
    /// The script stands at a `Pending` that somebody has met.
    blocked: bool,
    waker: Option<Waker>,
    given: usize,
    polls: usize,
    blocked_polls: usize,
    polls_after_end: usize,
    late_polls_after_end: usize,
    panics: usize,
    /// The last poll was answered with a self-wake.
    self_woken: bool,
    steps: usize,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Control")
            .field("script", &state.script)
            .field("at", &state.at)
            .field("ended", &state.ended)
            .field("dropped", &state.dropped)
            .field("polls", &state.polls)
            .finish_non_exhaustive()
    }
}

impl Control {
    pub(crate) fn new(
        script: Script,
        kind: Kind,
        hint: Hint,
        index: usize,
        meter: Arc<Meter>,
    ) -> Self {
        let state = Mutex::new(State { script, ..State::default() });
        Self { shared: Arc::new(Shared { meter, kind, index, hint, state }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn token(&self, number: usize) -> Token {
        Token::new(self.shared.meter.ledger.book(), self.shared.index, number)
    }

    /// Ends the [`Step::Pending`] at which the source waits, and wakes the waker that was
    /// registered last. Says whether the source waited.
    pub fn wake(&self) -> bool {
        let waker = {
            let mut state = self.state();
            if !state.blocked {
                return false;
            }
            state.blocked = false;
            state.at += 1;
            state.steps += 1;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Whether the source was polled at a [`Step::Pending`] and waits to be woken.
    pub fn is_waiting(&self) -> bool {
        self.state().blocked
    }

    /// The waker that was registered last and has not been woken.
    pub fn waker(&self) -> Option<Waker> {
        self.state().waker.clone()
    }

    /// How often the source was polled.
    pub fn polls(&self) -> usize {
        self.state().polls
    }

    /// How many of the polls found it waiting for [`wake`](Self::wake).
    pub fn waiting_polls(&self) -> usize {
        self.state().blocked_polls
    }

    /// How often it was polled after its end.
    pub fn polls_after_end(&self) -> usize {
        let state = self.state();
        state.polls_after_end + state.late_polls_after_end
    }

    /// How many items it has handed out, errors among them.
    pub fn items(&self) -> usize {
        self.state().given
    }

    /// Whether it has said that it is at its end.
    pub fn is_ended(&self) -> bool {
        self.state().ended
    }

    /// Whether the source was dropped.
    pub fn is_dropped(&self) -> bool {
        self.state().dropped
    }

    /// The ledger of the tokens it hands out.
    pub fn ledger(&self) -> &Ledger {
        &self.shared.meter.ledger
    }

    /// Polls after the end while the task that asked had not seen its own end.
    pub(crate) fn early_polls_after_end(&self) -> usize {
        self.state().polls_after_end
    }

    /// Scripted panics so far.
    pub(crate) fn panics(&self) -> usize {
        self.state().panics
    }

    /// Whether the last poll woke its own waker.
    pub(crate) fn is_self_woken(&self) -> bool {
        self.state().self_woken
    }

    /// Steps that are over, the end among them.
    pub(crate) fn steps(&self) -> usize {
        self.state().steps
    }

    /// How many tokens the whole script has.
    pub(crate) fn tokens_in_script(&self) -> usize {
        match self.shared.kind {
            Kind::Tokens => self.state().script.items(),
            Kind::Inner => 0,
            Kind::Work => 1,
        }
    }

    /// How many sources of the whole script have not been made.
    pub(crate) fn sources_to_come(&self) -> usize {
        if self.shared.kind != Kind::Inner {
            return 0;
        }
        let state = self.state();
        state.script.items() - state.given
    }

    pub(crate) fn take_waker(&self) -> Option<Waker> {
        self.state().waker.take()
    }
}

/// An item that a script hands out.
#[derive(Clone, Copy)]
pub(crate) struct Given {
    pub(crate) number: usize,
    pub(crate) error: bool,
}

/// The side of a script that is polled, whatever it then makes of the items.
pub(crate) struct Cue {
    pub(crate) control: Control,
}

/// What a poll does once the lock is released.
enum Act {
    Give(Given),
    Wait,
    WakeSelf,
    End,
    Panic,
}

impl Cue {
    pub(crate) fn new(control: Control) -> Self {
        Self { control }
    }

    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Given>> {
        let meter = &self.control.shared.meter;
        if meter.polls.fetch_add(1, Ordering::Relaxed) >= RUNAWAY {
            resume_unwind(Box::new(Runaway));
        }
        // Cloned before the lock, and an older one dropped after it: wakers are foreign code.
        let mut waker = Some(cx.waker().clone());
        let act = {
            let mut state = self.control.state();
            let act = state.next_act(meter.after_end.load(Ordering::Relaxed));
            if let Act::Wait = act {
                mem::swap(&mut state.waker, &mut waker);
            }
            act
        };
        drop(waker);
        match act {
            Act::Give(given) => Poll::Ready(Some(given)),
            Act::Wait => Poll::Pending,
            Act::WakeSelf => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Act::End => Poll::Ready(None),
            Act::Panic => resume_unwind(Box::new(ScriptedPanic)),
        }
    }

    pub(crate) fn size_hint(&self) -> (usize, Option<usize>) {
        let state = self.control.state();
        let left = if state.ended { 0 } else { state.script.items_from(state.at) };
        self.control.shared.hint.of(left)
    }

    /// From now on each poll is one after the end.
    pub(crate) fn end(&self) {
        self.control.state().ended = true;
    }
}

impl Drop for Cue {
    fn drop(&mut self) {
        self.control.state().dropped = true;
    }
}

impl State {
    fn next_act(&mut self, after_end: bool) -> Act {
        self.polls += 1;
        self.self_woken = false;
        if self.ended {
            if after_end {
                self.late_polls_after_end += 1;
            } else {
                self.polls_after_end += 1;
            }
            return Act::End;
        }
        let step = self.script.steps().get(self.at).copied();
        if let Some(Step::Pending) = step {
            self.blocked = true;
            self.blocked_polls += 1;
            return Act::Wait;
        }
        self.at += usize::from(step.is_some());
        self.steps += 1;
        match step {
            Some(Step::Ready | Step::Error) => {
                self.given += 1;
                Act::Give(Given { number: self.given - 1, error: step == Some(Step::Error) })
            }
            Some(Step::SelfWake) => {
                self.self_woken = true;
                Act::WakeSelf
            }
            Some(Step::Panic) => {
                self.panics += 1;
                Act::Panic
            }
            Some(Step::Pending) | None => {
                self.ended = true;
                Act::End
            }
        }
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

    #[test]
    fn every_hint_is_true() {
        for left in 0..4 {
            for hint in Hint::ALL {
                let (lower, upper) = hint.of(left);
                assert!(lower <= left && upper.is_none_or(|upper| left <= upper));
            }
        }
        let (source, _) = source("o~o|");
        assert_eq!(source.size_hint(), (2, Some(2)));
    }
}
