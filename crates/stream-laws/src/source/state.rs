use core::task::Waker;

use crate::case::{Script, Step};

#[derive(Default)]
pub(super) struct State {
    pub(super) script: Script,
    pub(super) at: usize,
    pub(super) ended: bool,
    pub(super) dropped: bool,
    /// The script stands at a `Pending` that somebody has met.
    pub(super) blocked: bool,
    pub(super) waker: Option<Waker>,
    pub(super) given: usize,
    pub(super) polls: usize,
    /// The task whose poll polled it last.
    pub(super) task: usize,
    pub(super) blocked_polls: usize,
    pub(super) polls_after_end: usize,
    pub(super) late_polls_after_end: usize,
    pub(super) panics: usize,
    /// The last poll was answered with a self-wake.
    pub(super) self_woken: bool,
    pub(super) steps: usize,
}

/// What a script's items are made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A token each.
    Tokens,
    /// A source or a future each.
    Inner,
    /// One token when the script is over.
    Work,
}

/// An item that a script hands out.
#[derive(Clone, Copy)]
pub(super) struct Given {
    pub(super) number: usize,
    pub(super) error: bool,
}

/// What a poll does once the lock is released.
pub(super) enum Act {
    Give(Given),
    Wait,
    WakeSelf,
    End,
    Panic,
}

impl State {
    pub(super) fn next_act(&mut self, after_end: bool) -> Act {
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
