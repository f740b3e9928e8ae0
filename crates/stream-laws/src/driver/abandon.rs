//! Readers and workers that are kept but never polled again.

use alloc::{
    format,
    string::{String, ToString},
};

use super::{
    Run,
    task_record::{TaskRecord, TaskState},
};
use crate::adapter::Role;

impl Run {
    /// Neither polls nor drops this task from now on, if another one can go on without it.
    pub(super) fn abandon(&mut self, task: usize) {
        let Some(n) = self.task_index(task) else { return };
        let role = self.tasks[n].role;
        let goes_on = |record: &&TaskRecord| {
            record.role == role && matches!(record.state, TaskState::Ready | TaskState::Waiting)
        };
        let others = self.tasks.iter().filter(goes_on).count() > 1;
        let has_work = self.factory.handles().iter().any(|handle| handle.is_running_in(n));
        if others && goes_on(&&self.tasks[n]) && role != Role::Driver && !has_work {
            self.counts.steps += 1;
            self.tasks[n].state = TaskState::Abandoned;
        }
    }

    pub(super) fn has_abandoned(&self) -> bool {
        self.tasks.iter().any(|record| record.state == TaskState::Abandoned)
    }

    /// An abandoned task that was woken since it was polled.
    pub(super) fn woken_abandoned_task(&self) -> Option<usize> {
        let woken =
            |record: &TaskRecord| record.state == TaskState::Abandoned && record.task.is_woken();
        self.tasks.iter().position(woken)
    }

    /// The tasks that were woken, when none is due.
    pub(super) fn describe_woken(&self) -> String {
        match self.woken_abandoned_task() {
            Some(n) => format!("no task but the abandoned task {n}"),
            None => "no task".to_string(),
        }
    }

    /// Whether task `n` may wait because an abandoned reader holds it back.
    pub(super) fn is_held_back(&self, n: usize) -> bool {
        let Some(most) = self.promises.backpressure else { return false };
        if self.tasks[n].role != Role::Reader {
            return (0..self.tasks.len()).any(|n| {
                let record = &self.tasks[n];
                record.role == Role::Reader
                    && record.state == TaskState::Waiting
                    && self.is_held_back(n)
            });
        }
        let got = self.tasks[n].items.len();
        let mut abandoned = self
            .tasks
            .iter()
            .filter(|record| record.role == Role::Reader && record.state == TaskState::Abandoned);
        abandoned.any(|record| got >= record.items.len() + most)
    }
}
