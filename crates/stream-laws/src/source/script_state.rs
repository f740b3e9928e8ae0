use core::task::Waker;

use crate::case::{Script, Step};

#[derive(Default)]
pub(super) struct ScriptState {
    pub(super) script: Script,
    pub(super) position: usize,
    pub(super) ended: bool,
    pub(super) dropped: bool,
    /// The script stands at a `Pending` that somebody has met.
    pub(super) waiting: bool,
    pub(super) waker: Option<Waker>,
    pub(super) items: usize,
    pub(super) polls: usize,
    /// The task whose poll polled it last.
    pub(super) last_task: usize,
    pub(super) waiting_polls: usize,
    pub(super) early_polls_after_end: usize,
    pub(super) late_polls_after_end: usize,
    pub(super) panics: usize,
    /// The last poll was answered with a self-wake.
    pub(super) self_woken: bool,
    pub(super) completed_steps: usize,
}

/// What a script's items are made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScriptKind {
    /// A token each.
    Tokens,
    /// A source or a future each.
    Nested,
    /// One token when the script is over.
    Future,
}

/// An item that a script hands out.
#[derive(Clone, Copy)]
pub(super) struct ScriptItem {
    pub(super) number: usize,
    pub(super) is_error: bool,
}

/// What a poll does once the lock is released.
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
