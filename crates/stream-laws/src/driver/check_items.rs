//! Checks of items, ends, panics and drops: L1, L4, L5, L6, L10 and the relation.

use alloc::format;
use core::any::Any;

use super::{
    Run,
    catch_panic::{catch_message, panic_message},
    task_record::{HintRecord, TaskRecord, TaskState},
};
use crate::{
    law::Law,
    relation::{Relation, RunItems},
    source::SourceHandle,
};

impl Run {
    pub(super) fn record_size_hint(&mut self, n: usize) {
        let record = &mut self.tasks[n];
        if !record.is_reader() || record.state == TaskState::Closed || record.panicked {
            return;
        }
        match catch_message(|| record.task.size_hint()) {
            Ok((lower, upper)) => {
                let (step, items) = (self.counts.steps, record.items.len());
                record.hints.push(HintRecord { step, items, lower, upper });
                if upper.is_some_and(|upper| upper < lower) {
                    self.report(Law::L4, format!("size_hint is ({lower}, {upper:?})"));
                }
            }
            Err(text) => {
                self.report(Law::L4, format!("size_hint panicked: {text}"));
                self.adapter_panicked = true;
                self.tasks[n].state = TaskState::Closed;
            }
        }
    }

    /// Checks L4 after all tasks have ended, when the number of items is known.
    pub(super) fn check_size_hints(&mut self) {
        for n in 0..self.tasks.len() {
            let record = &self.tasks[n];
            let wrong = record.hints.iter().find_map(|hint| {
                let HintRecord { step, items, lower, upper } = *hint;
                let left = record.items.len() - items;
                let wrong = left < lower || upper.is_some_and(|upper| left > upper);
                let message =
                    || format!("({lower}, {upper:?}) after step {step}, but {left} items came");
                wrong.then(message)
            });
            wrong.into_iter().for_each(|message| self.report(Law::L4, message));
        }
    }

    pub(super) fn check_items(&mut self) {
        let relation = self.relation;
        if self.has_abandoned() && matches!(relation, Relation::Check(_)) {
            return;
        }
        // The items of an abandoned reader are missing elsewhere only if readers share items.
        let shared = matches!(relation, Relation::Shared);
        let counts =
            |record: &&TaskRecord| record.is_reader() && (shared || !record.is_abandoned());
        let readers = self.tasks.iter().filter(counts);
        let handles = self.factory.handles();
        let items = RunItems {
            sources: handles.iter().map(SourceHandle::tokens_in_script).collect(),
            readers: readers.map(|record| record.items.clone()).collect(),
        };
        let mut result = relation.check(&items);
        let whole = !matches!(relation, Relation::Any | Relation::Subsequence);
        let unmade = self.sum(SourceHandle::unmade_sources);
        if whole && unmade > 0 {
            result = Err(format!("the adapter did not read {unmade} items of the outer source"));
        }
        if let Err(message) = result {
            self.report(Law::Items, message);
        }
    }

    /// Checks L1 before the sources are dropped.
    pub(super) fn check_polls_after_end(&mut self) {
        for (n, handle) in self.factory.handles().iter().enumerate() {
            if handle.early_polls_after_end() > 0 {
                self.report(Law::L1, format!("source {n} was polled after its end"));
            } else if self.promises.fused && handle.polls_after_end() > 0 {
                let message = format!("source {n} was polled after the end of the adapter");
                self.report(Law::L1, message);
            }
        }
    }

    /// Reports a panic of task `n` without a scripted panic in this poll.
    pub(super) fn check_panic(&mut self, n: usize, ended: bool, panic: &(dyn Any + Send)) {
        let text = panic_message(panic);
        let source_panicked = self.panics() > 0;
        self.adapter_panicked |= ended || !source_panicked;
        if ended {
            self.report(Law::L10, format!("task {n} panicked after its end: {text}"));
        } else if !source_panicked {
            self.report(Law::L6, format!("task {n} panicked, but no source did: {text}"));
        } else if !self.tasks[n].panicked {
            self.report(Law::L6, format!("task {n} panicked because another task did: {text}"));
        }
        self.tasks[n].state = TaskState::Closed;
    }

    /// Checks L5 after everything was dropped.
    pub(super) fn check_leaks(&mut self) {
        let ledger = &self.factory.counters.ledger;
        let (alive, twice) = (ledger.alive(), ledger.double_drops());
        if alive > 0 {
            self.report(Law::L5, format!("{alive} items were not freed"));
        }
        if twice > 0 {
            self.report(Law::L5, format!("{twice} items were freed twice"));
        }
        let handles = self.factory.handles();
        if let Some(n) = handles.iter().position(|handle| !handle.is_dropped()) {
            self.report(Law::L5, format!("source {n} was not dropped"));
        }
    }
}
