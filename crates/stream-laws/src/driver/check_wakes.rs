//! Checks of wakes and polls: L2, L3, L7 and L9.

use alloc::{format, string::ToString, vec::Vec};
use core::{mem, task::Waker};

use super::{
    EventCounts, Run,
    catch_panic::catch_message,
    task_record::{TaskRecord, TaskState},
};
use crate::law::Law;

impl Run {
    /// Records the sources that woke task `n` during its poll.
    ///
    /// `polls` contains the number of polls of each source before.
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

    /// Checks L3 after task `n` returned `Pending`.
    pub(super) fn check_progress(&mut self, n: usize) {
        let woken_by = mem::take(&mut self.tasks[n].woken_by);
        if self.tasks.iter().any(|record| record.is_waiting() && record.task.is_woken()) {
            return;
        }
        for (source, polls) in woken_by {
            let Some(handle) = self.factory.handle(source) else { continue };
            if handle.polls() == polls && !handle.is_dropped() {
                let message = format!("source {source} woke task {n}, which did not poll it");
                self.report(Law::L3, message);
            }
        }
    }

    /// Checks L2 while no task is due: if a poll makes progress, a wake was lost.
    ///
    /// `event` describes the latest wake or side effect.
    pub(super) fn check_lost_wake(&mut self, event: Option<&str>) {
        if self.adapter_panicked || self.tasks.iter().any(TaskRecord::is_due) {
            return;
        }
        for n in 0..self.tasks.len() {
            if !self.tasks[n].is_waiting() {
                continue;
            }
            let (panics, steps) = (self.panics(), self.completed_steps());
            self.poll(n);
            let record = &self.tasks[n];
            let works = !record.is_reader() && self.completed_steps() > steps;
            let progressed = match record.state {
                // The relation decides whether an item may be repeated.
                TaskState::Ready => !record.has_repeated(),
                state => works || state == TaskState::Ended,
            };
            if progressed && self.panics() == panics {
                let woken = self.describe_woken();
                let message = match event {
                    Some(event) if self.tasks[n].has_older_wakes() => {
                        format!("{event}, which woke an older waker of task {n}, not its latest")
                    }
                    Some(event) => {
                        format!("{event}, which woke {woken}, but task {n} can progress")
                    }
                    None => format!("{woken} was woken, but task {n} can progress"),
                };
                self.report(Law::L2, message);
            }
            if self.aborted || self.tasks.iter().any(TaskRecord::is_due) {
                return;
            }
        }
    }

    /// Checks L9 after each poll.
    pub(super) fn check_busy_polling(&mut self) {
        let EventCounts { polls, due_polls: due, items, side_effects, drops, .. } = self.counts;
        let events = self.completed_steps() + side_effects + drops + (polls - due);
        let polls_each = if self.promises.no_extra_polls { 1 } else { 2 };
        let explained = polls_each * self.tasks.len() * (events + 1) + items + 2;
        if due > explained {
            self.report(
                Law::L9,
                format!("{due} polls of woken tasks, but events explain {explained}"),
            );
            self.aborted = true;
        }
        for (n, handle) in self.factory.handles().iter().enumerate() {
            let waiting = handle.waiting_polls();
            if waiting > polls + 2 {
                let message =
                    format!("{polls} polls of tasks polled waiting source {n} {waiting} times");
                self.report(Law::L9, message);
            }
        }
    }

    /// Checks L2 after the last turn. Returns `true` if a task waits, whether or not it may.
    pub(super) fn check_hang(&mut self) -> bool {
        let waiting: Vec<_> =
            (0..self.tasks.len()).filter(|n| self.tasks[*n].is_waiting()).collect();
        let hung = waiting.iter().copied().find(|n| !self.is_held_back(*n));
        // A broken L3 may be the reason of the hang.
        if let Some(n) = hung.filter(|_| !self.has_reported(Law::L3)) {
            let reason = if self.tasks[n].has_older_wakes() {
                "an older waker was woken, not its latest".to_string()
            } else if self.has_abandoned() {
                format!("no source waits, and {} was woken", self.describe_woken())
            } else {
                "no source waits, so nothing can wake it".to_string()
            };
            self.report(Law::L2, format!("task {n} waits forever: {reason}"));
        }
        !waiting.is_empty()
    }

    /// Checks L7 after every stream was dropped.
    ///
    /// `kept` are the wakers created by the adapter that the sources still hold.
    pub(super) fn check_late_wakes(&mut self, kept: Vec<Waker>) {
        let mut message = None;
        let side_effects = mem::take(&mut self.side_effects);
        let call_all = || side_effects.into_iter().for_each(|mut side_effect| side_effect());
        if let Err(text) = catch_message(call_all) {
            message = Some(format!("a side effect panicked after the drop: {text}"));
        }
        let wakers: Vec<_> = self.tasks.iter().flat_map(|record| record.task.wakers()).collect();
        if wakers.iter().any(|waker| !waker.is_released()) {
            message = Some("the adapter holds the waker of a task after the drop".to_string());
        }
        let wakes = || wakers.iter().map(|waker| waker.wakes()).sum::<usize>();
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
