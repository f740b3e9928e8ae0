use alloc::sync::Arc;
use core::{fmt, mem, sync::atomic::Ordering, task::Waker};
use std::sync::{Mutex, MutexGuard};

use super::{
    meter::Meter,
    state::{Act, Kind, State},
};
use crate::{
    case::{Hint, Script, Step},
    sync::lock,
    token::{Ledger, Token},
};

/// The other end of a [`Source`](crate::Source): wakes it, and tells how it was treated.
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
    pub(super) fn new(
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
        lock(&self.shared.state)
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

    /// Whether it makes a future that is under way, and that `task` polled last.
    pub(crate) fn is_run_by(&self, task: usize) -> bool {
        self.is_running() && self.state().task == task
    }

    /// Whether it makes a future that is neither done nor dropped.
    pub(crate) fn is_running(&self) -> bool {
        let state = self.state();
        self.shared.kind == Kind::Work && !state.ended && !state.dropped
    }

    /// How many tokens it has handed out or would hand out if it was polled; `None` if its items
    /// are sources or futures.
    pub(crate) fn tokens_ready(&self) -> Option<usize> {
        let state = self.state();
        let at_item = matches!(state.script.steps().get(state.at), Some(Step::Ready | Step::Error));
        let ready = at_item && !state.dropped;
        (self.shared.kind == Kind::Tokens).then_some(state.given + usize::from(ready))
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.shared.meter
    }

    /// Does what the script says next, short of running any code but its own: `waker` is taken if
    /// it is to be kept, and an older one is left in its place.
    pub(super) fn step(&self, waker: &mut Option<Waker>) -> Act {
        let after_end = self.shared.meter.after_end.load(Ordering::Relaxed);
        let mut state = self.state();
        state.task = self.shared.meter.task.load(Ordering::Relaxed);
        let act = state.next_act(after_end);
        if let Act::Wait = act {
            mem::swap(&mut state.waker, waker);
        }
        act
    }

    pub(crate) fn size_hint(&self) -> (usize, Option<usize>) {
        let state = self.state();
        let left = if state.ended { 0 } else { state.script.items_from(state.at) };
        self.shared.hint.of(left)
    }

    /// From now on each poll is one after the end.
    pub(crate) fn set_ended(&self) {
        self.state().ended = true;
    }

    pub(crate) fn set_dropped(&self) {
        self.state().dropped = true;
    }

    pub(crate) fn take_waker(&self) -> Option<Waker> {
        self.state().waker.take()
    }
}
