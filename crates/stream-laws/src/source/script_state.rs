use core::task::Waker;

use crate::case::{Script, Step};

/// The position of a source in its script, and the counts of its polls.
#[derive(Default)]
pub(super) struct ScriptState {
    pub(super) script: Script,
    pub(super) position: usize,
    pub(super) ended: bool,
    pub(super) dropped: bool,
    /// Whether a poll has reached the [`Step::Pending`] at `position`.
    pub(super) waiting: bool,
    pub(super) waker: Option<Waker>,
    pub(super) items: usize,
    pub(super) polls: usize,
    /// Number of the task that polled the source last.
    pub(super) last_task: usize,
    pub(super) waiting_polls: usize,
    /// Polls after the end of the source, by tasks that had not returned `None`.
    pub(super) early_polls_after_end: usize,
    /// Polls after the end of the source, by tasks that had returned `None`.
    pub(super) late_polls_after_end: usize,
    pub(super) panics: usize,
    /// Whether the latest poll woke its own waker.
    pub(super) self_woken: bool,
    /// Number of completed steps, the end included.
    pub(super) completed_steps: usize,
}

/// The type that the items of a script are turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScriptKind {
    /// Each item is a token.
    Tokens,
    /// Each item is a source or a future.
    Nested,
    /// The whole script is a future that returns one token.
    Future,
}

/// An item of a script.
#[derive(Clone, Copy)]
pub(super) struct ScriptItem {
    pub(super) number: usize,
    pub(super) is_error: bool,
}

/// The answer to a poll, which is carried out after the lock is released.
pub(super) enum Action {
    Yield(ScriptItem),
    Wait,
    WakeSelf,
    End,
    Panic,
}

impl ScriptState {
    pub(super) fn next_action(&mut self, after_end: bool) -> Action {
        self.polls += 1;
        self.self_woken = false;
        if self.ended {
            if after_end {
                self.late_polls_after_end += 1;
            } else {
                self.early_polls_after_end += 1;
            }
            return Action::End;
        }
        let step = self.script.steps().get(self.position).copied();
        if let Some(Step::Pending) = step {
            self.waiting = true;
            self.waiting_polls += 1;
            return Action::Wait;
        }
        self.position += usize::from(step.is_some());
        self.completed_steps += 1;
        match step {
            Some(Step::Ready | Step::Error) => {
                self.items += 1;
                Action::Yield(ScriptItem {
                    number: self.items - 1,
                    is_error: step == Some(Step::Error),
                })
            }
            Some(Step::SelfWake) => {
                self.self_woken = true;
                Action::WakeSelf
            }
            Some(Step::Panic) => {
                self.panics += 1;
                Action::Panic
            }
            Some(Step::Pending) | None => {
                self.ended = true;
                Action::End
            }
        }
    }
}
