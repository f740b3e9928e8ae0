use alloc::vec::Vec;

use crate::{
    adapter::{Role, TaskPart, TokenStream},
    task::Task,
};

/// A task, and a record of its polls.
pub(super) struct TaskRecord {
    pub(super) task: Task<TokenStream>,
    pub(super) role: Role,
    pub(super) state: TaskState,
    /// Sources that woke the task since its latest poll, each with the number of its polls then.
    pub(super) woken_by: Vec<(usize, usize)>,
    pub(super) items: Vec<Vec<(usize, usize)>>,
    pub(super) hints: Vec<HintRecord>,
    /// Whether a poll of the task has panicked.
    pub(super) panicked: bool,
}

/// An answer of `size_hint`, with the step and the number of items at that time.
pub(super) struct HintRecord {
    pub(super) step: usize,
    pub(super) items: usize,
    pub(super) lower: usize,
    pub(super) upper: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskState {
    /// The task was not polled, or its latest poll did not return `Pending`.
    Ready,
    Waiting,
    Ended,
    /// The stream is kept, but neither polled nor dropped.
    Abandoned,
    /// The stream panicked or was dropped.
    Closed,
}

impl TaskRecord {
    pub(super) fn new(part: TaskPart) -> Self {
        Self {
            task: Task::from_pinned(part.stream),
            role: part.role,
            state: TaskState::Ready,
            woken_by: Vec::new(),
            items: Vec::new(),
            hints: Vec::new(),
            panicked: false,
        }
    }

    pub(super) fn is_due(&self) -> bool {
        self.state == TaskState::Ready || self.is_waiting() && self.task.is_woken()
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.state == TaskState::Waiting
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.state == TaskState::Abandoned
    }

    pub(super) fn is_reader(&self) -> bool {
        self.role == Role::Reader
    }

    /// Returns `true` if the latest item equals an earlier one.
    pub(super) fn has_repeated(&self) -> bool {
        let last = self.items.split_last();
        last.is_some_and(|(last, before)| !last.is_empty() && before.contains(last))
    }

    /// Returns `true` if a waker other than the latest was woken.
    pub(super) fn has_older_wakes(&self) -> bool {
        let wakers = self.task.wakers();
        wakers.iter().rev().skip(1).any(|waker| waker.wakes() > 0)
    }
}
