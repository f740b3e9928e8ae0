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
    /// Abandons a task, if another task of its role is running.
    pub(super) fn abandon(&mut self, task: usize) {
        let Some(n) = self.task_index(task) else { return };
        let role = self.tasks[n].role;
        let is_running = |record: &&TaskRecord| {
            record.role == role && matches!(record.state, TaskState::Ready | TaskState::Waiting)
        };
        let others = self.tasks.iter().filter(is_running).count() > 1;
        let has_work = self.factory.handles().iter().any(|handle| handle.is_running_in(n));
        if others && is_running(&&self.tasks[n]) && role != Role::Driver && !has_work {
            self.counts.steps += 1;
            self.tasks[n].state = TaskState::Abandoned;
        }
    }

    pub(super) fn has_abandoned(&self) -> bool {
        self.tasks.iter().any(TaskRecord::is_abandoned)
    }

    /// Returns an abandoned task that was woken since its latest poll.
    pub(super) fn woken_abandoned_task(&self) -> Option<usize> {
        self.tasks.iter().position(|record| record.is_abandoned() && record.task.is_woken())
    }

    /// Names the task that was woken while no task is due.
    pub(super) fn describe_woken(&self) -> String {
        match self.woken_abandoned_task() {
            Some(n) => format!("no task but the abandoned task {n}"),
            None => "no task".to_string(),
        }
    }

    /// Returns `true` if the backpressure of an abandoned reader allows task `n` to wait.
    pub(super) fn is_held_back(&self, n: usize) -> bool {
        let Some(most) = self.promises.backpressure else { return false };
        if !self.tasks[n].is_reader() {
            return (0..self.tasks.len()).any(|n| {
                let record = &self.tasks[n];
                record.is_reader() && record.is_waiting() && self.is_held_back(n)
            });
        }
        let items = self.tasks[n].items.len();
        let mut readers = self.tasks.iter().filter(|record| record.is_reader());
        readers.any(|record| record.is_abandoned() && items >= record.items.len() + most)
    }
}
