//! What may happen to the tasks and sources from outside, and what an executor does by itself.

use alloc::{format, vec::Vec};
use core::{mem, task::Waker};

use super::{
    Run,
    catch_panic::catch_message,
    task_record::{TaskRecord, TaskState},
};
use crate::{law::Law, source::SourceHandle};

impl Run {
    pub(super) fn force_poll(&mut self, task: usize) {
        let Some(n) = self.task_index(task) else { return };
        if !matches!(self.tasks[n].state, TaskState::Closed | TaskState::Abandoned) {
            let due = usize::from(self.tasks[n].is_due());
            self.poll(n);
            self.counts.due_polls += due;
        }
    }

    /// Does what a fair executor would do next. Says whether there was anything.
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
            // Before a later item makes up for it.
            self.check_lost_wake(None);
            if self.aborted || self.tasks.iter().any(TaskRecord::is_due) {
                return !self.aborted;
            }
        }
        let handles = self.factory.handles();
        let sources = handles.len();
        let mut order = (0..sources).map(|n| (self.next_source + n) % sources);
        let waits = |n: &usize| handles[*n].is_waiting() && !handles[*n].is_dropped();
        if let Some(n) = order.find(waits) {
            self.next_source = n + 1;
            self.wake(n);
            self.check_lost_wake(Some(&format!("source {n} was woken")));
            return !self.aborted;
        }
        let waiting = self.tasks.iter().any(|record| record.state == TaskState::Waiting);
        if waiting && self.idle_side_effects < 3 * self.side_effects.len() {
            self.idle_side_effects += 1;
            let n = self.counts.side_effects % self.side_effects.len();
            self.side_effect(n);
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
            if !before && record.state == TaskState::Waiting && record.task.is_woken() {
                record.woken_by.push((source, polls));
            }
        }
    }

    pub(super) fn side_effect(&mut self, side_effect: usize) {
        self.counts.steps += 1;
        self.counts.side_effects += 1;
        if let Err(text) = catch_message(&mut self.side_effects[side_effect]) {
            let gone = self.tasks.iter().all(|record| record.task.is_dropped());
            let (law, when) = if gone { (Law::L7, " after the drop") } else { (Law::L6, "") };
            self.report(law, format!("side effect {side_effect} panicked{when}: {text}"));
        }
    }

    pub(super) fn drop_task(&mut self, task: usize) {
        let Some(n) = self.task_index(task) else { return };
        if self.tasks[n].task.is_dropped() || self.tasks[n].state == TaskState::Abandoned {
            return;
        }
        self.counts.steps += 1;
        self.counts.drops += 1;
        self.drop_stream(n);
    }

    pub(super) fn drop_stream(&mut self, n: usize) {
        let record = &mut self.tasks[n];
        record.state = TaskState::Closed;
        if let (Err(text), false) =
            (catch_message(|| record.task.drop_stream()), self.adapter_panicked)
        {
            self.report(Law::L5, format!("the drop of task {n}'s stream panicked: {text}"));
        }
    }

    pub(super) fn run_to_end(&mut self) {
        while !self.aborted && self.take_turn() {}
        if self.aborted || self.adapter_panicked {
            return;
        }
        if self.check_hang() || self.has_panicked() {
            return;
        }
        for n in 0..self.tasks.len() {
            for _ in 0..2 {
                if self.tasks[n].state == TaskState::Ended {
                    self.poll(n);
                }
            }
        }
        let over =
            |record: &TaskRecord| matches!(record.state, TaskState::Ended | TaskState::Abandoned);
        if self.counts.drops == 0 && self.tasks.iter().all(over) {
            if !self.has_abandoned() {
                self.check_size_hints();
            }
            self.check_items();
        }
    }

    pub(super) fn drop_all(&mut self) {
        self.counts.steps += 1;
        for n in 0..self.tasks.len() {
            self.drop_stream(n);
        }
        let handles = self.factory.handles();
        // What a dropped source would have told its timer or its peer to forget: a task's own
        // waker. One that the adapter has made may be kept by anybody for any time.
        let is_own = |waker: &Waker| {
            self.tasks
                .iter()
                .any(|record| record.task.wakers().iter().any(|own| own.will_wake(waker)))
        };
        let wakers = handles.iter().filter_map(SourceHandle::take_waker);
        let kept: Vec<_> = wakers.filter(|waker| !is_own(waker)).collect();
        if self.has_panicked() {
            drop(kept);
        } else {
            self.check_late_wakes(kept);
        }
        let side_effects = mem::take(&mut self.side_effects);
        if let Err(text) = catch_message(|| drop(side_effects)) {
            self.report(Law::L5, format!("the drop of a handle panicked: {text}"));
        }
        self.check_leaks();
    }
}
