//! The moves of a case, and a fair executor that runs the case to its end.

use alloc::{format, vec::Vec};
use core::{mem, task::Waker};

use super::{
    Run,
    catch_panic::catch_message,
    task_record::{TaskRecord, TaskState},
};
use crate::{law::Law, source::SourceHandle};

impl Run {
    /// Polls a task, whether or not it was woken.
    pub(super) fn force_poll(&mut self, task: usize) {
        let Some(n) = self.task_index(task) else { return };
        if !matches!(self.tasks[n].state, TaskState::Closed | TaskState::Abandoned) {
            let due = usize::from(self.tasks[n].is_due());
            self.poll(n);
            self.counts.due_polls += due;
        }
    }

    /// Polls a task that is due, or else wakes a source or calls a side effect.
    ///
    /// Returns `false` if there is nothing to do.
    pub(super) fn take_turn(&mut self) -> bool {
        let tasks = self.tasks.len();
        let mut order = (0..tasks).map(|n| (self.next_task + n) % tasks);
        if let Some(n) = order.find(|n| self.tasks[*n].is_due()) {
            self.next_task = n + 1;
            self.counts.due_polls += 1;
            self.poll(n);
            return !self.aborted;
        }
        if self.woken_abandoned_task().is_some() {
            // A later item could replace a wake that is lost here.
            self.check_lost_wake(None);
            if self.aborted || self.tasks.iter().any(TaskRecord::is_due) {
                return !self.aborted;
            }
        }
        let handles = self.factory.handles();
        let sources = handles.len();
        let mut order = (0..sources).map(|n| (self.next_source + n) % sources);
        if let Some(n) = order.find(|n| handles[*n].is_waiting() && !handles[*n].is_dropped()) {
            self.next_source = n + 1;
            self.wake(n);
            self.check_lost_wake(Some(&format!("source {n} was woken")));
            return !self.aborted;
        }
        let waiting = self.tasks.iter().any(TaskRecord::is_waiting);
        if waiting && self.idle_side_effects < 3 * self.side_effects.len() {
            self.idle_side_effects += 1;
            let n = self.counts.side_effects % self.side_effects.len();
            self.call_side_effect(n);
            self.check_lost_wake(Some(&format!("side effect {n} was called")));
            return !self.aborted;
        }
        false
    }

    pub(super) fn wake(&mut self, source: usize) {
        let Some(handle) = self.factory.handle(source) else { return };
        if !handle.is_waiting() {
            return;
        }
        self.counts.steps += 1;
        let polls = handle.polls();
        let woken: Vec<bool> = self.tasks.iter().map(|record| record.task.is_woken()).collect();
        if let Err(text) = catch_message(|| handle.wake()) {
            self.report(Law::L2, format!("the wake of source {source} panicked: {text}"));
        }
        for (record, before) in self.tasks.iter_mut().zip(woken) {
            if !before && record.is_waiting() && record.task.is_woken() {
                record.woken_by.push((source, polls));
            }
        }
    }

    pub(super) fn call_side_effect(&mut self, n: usize) {
        self.counts.steps += 1;
        self.counts.side_effects += 1;
        if let Err(text) = catch_message(&mut self.side_effects[n]) {
            let dropped = self.tasks.iter().all(|record| record.task.is_dropped());
            let (law, when) = if dropped { (Law::L7, " after the drop") } else { (Law::L6, "") };
            self.report(law, format!("side effect {n} panicked{when}: {text}"));
        }
    }

    pub(super) fn drop_task(&mut self, task: usize) {
        let Some(n) = self.task_index(task) else { return };
        if !self.tasks[n].task.is_dropped() && !self.tasks[n].is_abandoned() {
            self.counts.steps += 1;
            self.counts.drops += 1;
            self.drop_stream(n);
        }
    }

    fn drop_stream(&mut self, n: usize) {
        let record = &mut self.tasks[n];
        record.state = TaskState::Closed;
        let result = catch_message(|| record.task.drop_stream());
        if let (Err(text), false) = (result, self.adapter_panicked) {
            self.report(Law::L5, format!("the drop of the stream of task {n} panicked: {text}"));
        }
    }

    pub(super) fn run_to_end(&mut self) {
        while !self.aborted && self.take_turn() {}
        if self.aborted || self.adapter_panicked || self.check_hang() || self.panics() > 0 {
            return;
        }
        for n in 0..self.tasks.len() {
            for _ in 0..2 {
                if self.tasks[n].state == TaskState::Ended {
                    self.poll(n);
                }
            }
        }
        let is_over =
            |record: &TaskRecord| matches!(record.state, TaskState::Ended | TaskState::Abandoned);
        if self.counts.drops == 0 && self.tasks.iter().all(is_over) {
            if !self.has_abandoned() {
                self.check_size_hints();
            }
            self.check_items();
        }
    }

    pub(super) fn drop_all(&mut self) {
        self.counts.steps += 1;
        (0..self.tasks.len()).for_each(|n| self.drop_stream(n));
        // A dropped source deregisters the waker of a task from its timer or channel. A waker that
        // the adapter created may be kept there, and may be woken at any later time.
        let is_own = |waker: &Waker| {
            let mut wakers = self.tasks.iter().flat_map(|record| record.task.wakers());
            wakers.any(|own| own.will_wake(waker))
        };
        let handles = self.factory.handles();
        let wakers = handles.iter().filter_map(SourceHandle::take_waker);
        let kept: Vec<_> = wakers.filter(|waker| !is_own(waker)).collect();
        if self.panics() == 0 {
            self.check_late_wakes(kept);
        } else {
            drop(kept);
        }
        let side_effects = mem::take(&mut self.side_effects);
        if let Err(text) = catch_message(|| drop(side_effects)) {
            self.report(Law::L5, format!("the drop of a side effect panicked: {text}"));
        }
        self.check_leaks();
    }
}
