use alloc::vec::Vec;

use crate::{
    adapter::{Role, TaskPart, TokenStream},
    task::Task,
};

/// A task, and what was seen of it.
pub(super) struct TaskRecord {
    pub(super) task: Task<TokenStream>,
    pub(super) role: Role,
    pub(super) state: TaskState,
    /// Sources whose wake has woken it, each with the number of its polls at that time.
    pub(super) woken_by: Vec<(usize, usize)>,
    pub(super) items: Vec<Vec<(usize, usize)>>,
    pub(super) hints: Vec<HintRecord>,
    /// Its polls have panicked.
    pub(super) panicked: bool,
}

/// An answer of `size_hint`.
pub(super) struct HintRecord {
    pub(super) step: usize,
    pub(super) items: usize,
    pub(super) lower: usize,
    pub(super) upper: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskState {
    /// Not yet polled, or its last poll did not say `Pending`.
    Ready,
    Waiting,
    Ended,
    /// Kept, but neither polled nor dropped.
    Abandoned,
    /// Not polled any more: it panicked, or was dropped.
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
        match self.state {
            TaskState::Ready => true,
            TaskState::Waiting => self.task.is_woken(),
            TaskState::Ended | TaskState::Abandoned | TaskState::Closed => false,
        }
    }

    /// Whether its last item has come before.
    pub(super) fn has_repeated(&self) -> bool {
        let last = self.items.split_last();
        last.is_some_and(|(last, before)| !last.is_empty() && before.contains(last))
    }

    /// Whether a waker was woken that is not the latest one.
    pub(super) fn has_older_wakes(&self) -> bool {
        let wakers = self.task.wakers();
        wakers.iter().rev().skip(1).any(|waker| waker.wakes() > 0)
    }
}
