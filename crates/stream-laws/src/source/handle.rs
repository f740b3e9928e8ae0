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
    token::{Token, ledger::Ledger},
};

/// A handle of a [`Source`](crate::Source), which wakes the source and reports how it was polled.
///
/// # Examples
/// ```
/// use stream_laws::{Source, Task};
///
/// let (source, handle) = Source::new("o-|".parse()?);
/// let mut task = Task::new(source);
/// assert!(task.poll().is_ready());
/// assert!(task.poll().is_pending());
/// assert!(handle.is_waiting() && handle.waker().is_some());
/// assert_eq!((handle.polls(), handle.waiting_polls(), handle.items()), (2, 1, 1));
/// assert!(handle.wake());
/// assert!(task.is_woken());
/// assert!(task.poll().is_ready());
/// assert!(handle.is_ended());
/// assert_eq!(handle.polls_after_end(), 0);
/// task.drop_stream();
/// assert!(handle.is_dropped());
/// assert_eq!(handle.ledger().alive(), 0);
/// # Ok::<(), stream_laws::ScriptError>(())
/// ```
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

    /// Completes the [`Step::Pending`] at which the source waits, and wakes the latest waker.
    ///
    /// Returns `false` if the source is not waiting.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
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

    /// Returns `true` if the source was polled at a [`Step::Pending`] that is not completed.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn is_waiting(&self) -> bool {
        self.state().waiting
    }

    /// Returns the registered waker, or `None` if it was woken.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn waker(&self) -> Option<Waker> {
        self.state().waker.clone()
    }

    /// Returns the number of polls.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn polls(&self) -> usize {
        self.state().polls
    }

    /// Returns the number of polls at a [`Step::Pending`].
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn waiting_polls(&self) -> usize {
        self.state().waiting_polls
    }

    /// Returns the number of polls after the end.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn polls_after_end(&self) -> usize {
        let state = self.state();
        state.early_polls_after_end + state.late_polls_after_end
    }

    /// Returns the number of items that the source has yielded, errors included.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn items(&self) -> usize {
        self.state().items
    }

    /// Returns `true` if the source has returned `None`.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn is_ended(&self) -> bool {
        self.state().ended
    }

    /// Returns `true` if the source was dropped.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn is_dropped(&self) -> bool {
        self.state().dropped
    }

    /// Returns the ledger of the tokens of the source.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn ledger(&self) -> &Ledger {
        &self.shared.counters.ledger
    }

    /// Returns the number of polls after the end by tasks that had not returned `None`.
    pub(crate) fn early_polls_after_end(&self) -> usize {
        self.state().early_polls_after_end
    }

    /// Returns the number of scripted panics so far.
    pub(crate) fn panics(&self) -> usize {
        self.state().panics
    }

    /// Returns `true` if the latest poll woke its own waker.
    pub(crate) fn is_self_woken(&self) -> bool {
        self.state().self_woken
    }

    /// Returns the number of completed steps, the end included.
    pub(crate) fn completed_steps(&self) -> usize {
        self.state().completed_steps
    }

    /// Returns the number of tokens in the whole script.
    pub(crate) fn tokens_in_script(&self) -> usize {
        match self.shared.kind {
            ScriptKind::Tokens => self.state().script.items(),
            ScriptKind::Nested => 0,
            ScriptKind::Future => 1,
        }
    }

    /// Returns the number of sources in the script that have not been created.
    pub(crate) fn unmade_sources(&self) -> usize {
        if self.shared.kind != ScriptKind::Nested {
            return 0;
        }
        let state = self.state();
        state.script.items() - state.items
    }

    /// Returns `true` if this is a running future that `task` polled last.
    pub(crate) fn is_running_in(&self, task: usize) -> bool {
        self.is_running() && self.state().last_task == task
    }

    /// Returns `true` if this is a future that is neither finished nor dropped.
    pub(crate) fn is_running(&self) -> bool {
        let state = self.state();
        self.shared.kind == ScriptKind::Future && !state.ended && !state.dropped
    }

    /// Returns the number of tokens that were yielded, plus one if the next step is an item.
    ///
    /// Returns `None` if the items are sources or futures.
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

    /// Takes the next step of the script, without running user code.
    ///
    /// If the step registers `waker`, the previous waker takes its place.
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

    /// Ends the script, so that each later poll is a poll after the end.
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
