//! Checks of wakes and polls: L2, L3, L7 and L9.

use alloc::{format, string::ToString, vec::Vec};
use core::{mem, task::Waker};

use super::{
    EventCounts, Run,
    catch_panic::catch_message,
    task_record::{TaskRecord, TaskState},
};
use crate::{adapter::Role, law::Law, source::SourceHandle};

impl Run {
    /// Remembers, for L3, the sources that woke task `n` in the middle of its poll; `polls` is how
    /// often each had been polled before.
    pub(super) fn record_self_wakes(&mut self, n: usize, polls: &[usize]) {
        let record = &mut self.tasks[n];
        if !record.task.is_woken() {
            return;
        }
        for (source, handle) in self.factory.handles().iter().enumerate() {
            let polled = handle.polls() > polls.get(source).copied().unwrap_or(0);
            if polled && handle.is_self_woken() {
                record.woken_by.push((source, handle.polls()));
            }
        }
    }

    /// L3, when task `n` has just said `Pending`.
    pub(super) fn check_progress(&mut self, n: usize) {
        let woken_by = mem::take(&mut self.tasks[n].woken_by);
        if self
            .tasks
            .iter()
            .any(|record| record.state == TaskState::Waiting && record.task.is_woken())
        {
            return;
        }
        for (source, polls) in woken_by {
            let Some(handle) = self.factory.handle(source) else { continue };
            if handle.polls() == polls && !handle.is_dropped() {
                let message = format!("source {source} woke task {n}, whose poll left it alone");
                self.report(Law::L3, message);
            }
        }
    }

    /// L2, when no task is due: if a poll finds something all the same, a wake is missing. `event`
    /// tells what happened last from outside.
    pub(super) fn check_lost_wake(&mut self, event: Option<&str>) {
        if self.adapter_panicked || self.tasks.iter().any(TaskRecord::is_due) {
            return;
        }
        for n in 0..self.tasks.len() {
            if self.tasks[n].state != TaskState::Waiting {
                continue;
            }
            let (panics, steps) =
                (self.sum(SourceHandle::panics), self.sum(SourceHandle::completed_steps));
            self.poll(n);
            let record = &self.tasks[n];
            let works =
                record.role != Role::Reader && self.sum(SourceHandle::completed_steps) > steps;
            let went_on = match record.state {
                // An item that comes a second time is a matter of the relation.
                TaskState::Ready => !record.has_repeated(),
                state => works || state == TaskState::Ended,
            };
            if went_on && self.sum(SourceHandle::panics) == panics {
                let instead = self.describe_woken();
                let message = match event {
                    Some(event) if self.tasks[n].has_older_wakes() => format!(
                        "{event}, which woke an older waker of task {n} instead of its latest"
                    ),
                    Some(event) => {
                        format!("{event}, which woke {instead}, though task {n} could go on")
                    }
                    None => format!("{instead} was woken, though task {n} could go on"),
                };
                self.report(Law::L2, message);
            }
            if self.aborted || self.tasks.iter().any(TaskRecord::is_due) {
                return;
            }
        }
    }

    /// L9, after each poll.
    pub(super) fn check_busy_polling(&mut self) {
        let EventCounts { polls, due_polls: due, items, side_effects, drops, .. } = self.counts;
        let tasks = self.tasks.len();
        let happened =
            self.sum(SourceHandle::completed_steps) + side_effects + drops + (polls - due);
        let polls_each = if self.promises.no_extra_polls { 1 } else { 2 };
        let explained = polls_each * tasks * (happened + 1) + items + 2;
        if due > explained {
            let message = format!("{due} polls of woken tasks, where {explained} can be explained");
            self.report(Law::L9, message);
            self.aborted = true;
        }
        for (n, handle) in self.factory.handles().iter().enumerate() {
            let waiting = handle.waiting_polls();
            if waiting > polls + 2 {
                let message =
                    format!("source {n}, waiting, was polled {waiting} times in {polls} polls");
                self.report(Law::L9, message);
            }
        }
    }

    /// L2, when nothing is left to happen. Returns whether a task waits, for a good reason or not.
    pub(super) fn check_hang(&mut self) -> bool {
        let waits = |n: &usize| self.tasks[*n].state == TaskState::Waiting;
        let waiting: Vec<_> = (0..self.tasks.len()).filter(waits).collect();
        let hung = waiting.iter().copied().find(|n| !self.is_held_back(*n));
        // A wake that led to no progress has already been found.
        if let Some(n) = hung.filter(|_| !self.has_reported(Law::L3)) {
            let message = if self.tasks[n].has_older_wakes() {
                "an older waker was woken instead of its latest".to_string()
            } else if self.has_abandoned() {
                format!("no source waits, and {} was woken", self.describe_woken())
            } else {
                "no source waits and nothing will wake it".to_string()
            };
            self.report(Law::L2, format!("task {n} waits for ever: {message}"));
        }
        !waiting.is_empty()
    }

    /// L7: everything was dropped, and these wakers of the adapter's own making are still about.
    pub(super) fn check_late_wakes(&mut self, kept: Vec<Waker>) {
        let tasks = &self.tasks;
        let wakes = || -> usize {
            let wakers = tasks.iter().flat_map(|record| record.task.wakers());
            wakers.map(|waker| waker.wakes()).sum()
        };
        let holds = || {
            tasks.iter().any(|record| record.task.wakers().iter().any(|waker| !waker.is_released()))
        };
        let mut message = None;
        let side_effects = mem::take(&mut self.side_effects);
        let call_all = || side_effects.into_iter().for_each(|mut side_effect| side_effect());
        if let Err(text) = catch_message(call_all) {
            message = Some(format!("a side effect panicked after the drop: {text}"));
        }
        if holds() {
            message = Some("dropped, it still holds a task's waker".to_string());
        }
        let before = wakes();
        for waker in kept {
            if let Err(text) = catch_message(|| waker.wake()) {
                message = Some(format!("a wake after the drop panicked: {text}"));
            }
        }
        if wakes() > before {
            message = Some("a wake after the drop woke a task".to_string());
        }
        message.into_iter().for_each(|message| self.report(Law::L7, message));
    }
}
