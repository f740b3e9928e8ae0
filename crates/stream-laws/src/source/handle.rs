use alloc::sync::Arc;
use core::{fmt, mem, sync::atomic::Ordering, task::Waker};
use std::sync::{Mutex, MutexGuard};

use super::{
    run_counters::RunCounters,
    script_state::{Action, ScriptKind, ScriptState},
};
use crate::{
    case::{Script, SizeHint, Step},
    sync::lock,
    token::{Ledger, Token},
};

/// The other end of a [`Source`](crate::Source): wakes it, and tells how it was treated.
#[derive(Clone)]
pub struct SourceHandle {
    shared: Arc<Shared>,
}

struct Shared {
    counters: Arc<RunCounters>,
    kind: ScriptKind,
    index: usize,
    hint: SizeHint,
    state: Mutex<ScriptState>,
}

impl fmt::Debug for SourceHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("SourceHandle")
            .field("script", &state.script)
            .field("position", &state.position)
            .field("ended", &state.ended)
            .field("dropped", &state.dropped)
            .field("polls", &state.polls)
            .finish_non_exhaustive()
    }
}

impl SourceHandle {
    pub(super) fn new(
        script: Script,
        kind: ScriptKind,
        hint: SizeHint,
        index: usize,
        counters: Arc<RunCounters>,
    ) -> Self {
        let state = Mutex::new(ScriptState { script, ..ScriptState::default() });
        Self { shared: Arc::new(Shared { counters, kind, index, hint, state }) }
    }

    fn state(&self) -> MutexGuard<'_, ScriptState> {
        lock(&self.shared.state)
    }

    pub(crate) fn token(&self, number: usize) -> Token {
        self.ledger().source_token(self.shared.index, number)
    }

    /// Ends the [`Step::Pending`] at which the source waits, and wakes the waker that was
    /// registered last. Says whether the source waited.
    pub fn wake(&self) -> bool {
        let waker = {
            let mut state = self.state();
            if !state.waiting {
                return false;
            }
            state.waiting = false;
            state.position += 1;
            state.completed_steps += 1;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Whether the source was polled at a [`Step::Pending`] and waits to be woken.
    pub fn is_waiting(&self) -> bool {
        self.state().waiting
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
        self.state().waiting_polls
    }

    /// How often it was polled after its end.
    pub fn polls_after_end(&self) -> usize {
        let state = self.state();
        state.early_polls_after_end + state.late_polls_after_end
    }

    /// How many items it has handed out, errors among them.
    pub fn items(&self) -> usize {
        self.state().items
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
        &self.shared.counters.ledger
    }

    /// Polls after the end while the task that asked had not seen its own end.
    pub(crate) fn early_polls_after_end(&self) -> usize {
        self.state().early_polls_after_end
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
    pub(crate) fn completed_steps(&self) -> usize {
        self.state().completed_steps
    }

    /// How many tokens the whole script has.
    pub(crate) fn tokens_in_script(&self) -> usize {
        match self.shared.kind {
            ScriptKind::Tokens => self.state().script.items(),
            ScriptKind::Nested => 0,
            ScriptKind::Future => 1,
        }
    }

    /// How many sources of the whole script have not been made.
    pub(crate) fn unmade_sources(&self) -> usize {
        if self.shared.kind != ScriptKind::Nested {
            return 0;
        }
        let state = self.state();
        state.script.items() - state.items
    }

    /// Whether it makes a future that is under way, and that `task` polled last.
    pub(crate) fn is_running_in(&self, task: usize) -> bool {
        self.is_running() && self.state().last_task == task
    }

    /// Whether it makes a future that is neither done nor dropped.
    pub(crate) fn is_running(&self) -> bool {
        let state = self.state();
        self.shared.kind == ScriptKind::Future && !state.ended && !state.dropped
    }

    /// How many tokens it has handed out or would hand out if it was polled; `None` if its items
    /// are sources or futures.
    pub(crate) fn tokens_available(&self) -> Option<usize> {
        let state = self.state();
        let at_item =
            matches!(state.script.steps().get(state.position), Some(Step::Ready | Step::Error));
        let ready = at_item && !state.dropped;
        (self.shared.kind == ScriptKind::Tokens).then_some(state.items + usize::from(ready))
    }

    pub(crate) fn counters(&self) -> &RunCounters {
        &self.shared.counters
    }

    /// Does what the script says next, short of running any code but its own: `waker` is taken if
    /// it is to be kept, and an older one is left in its place.
    pub(super) fn advance(&self, waker: &mut Option<Waker>) -> Action {
        let after_end = self.shared.counters.after_end.load(Ordering::Relaxed);
        let mut state = self.state();
        state.last_task = self.shared.counters.task.load(Ordering::Relaxed);
        let action = state.next_action(after_end);
        if let Action::Wait = action {
            mem::swap(&mut state.waker, waker);
        }
        action
    }

    pub(crate) fn size_hint(&self) -> (usize, Option<usize>) {
        let state = self.state();
        let left = if state.ended { 0 } else { state.script.items_from(state.position) };
        self.shared.hint.bounds(left)
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
