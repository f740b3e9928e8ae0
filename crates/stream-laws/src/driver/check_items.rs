//! Checks of items, ends, panics and drops: L1, L4, L5, L6, L10 and the relation.

use alloc::format;
use core::any::Any;

use super::{
    Run,
    catch_panic::{catch_message, panic_message},
    task_record::{HintRecord, TaskRecord, TaskState},
};
use crate::{
    adapter::Role,
    law::Law,
    relation::{Relation, RunItems},
    source::SourceHandle,
};

impl Run {
    pub(super) fn record_size_hint(&mut self, n: usize) {
        let record = &mut self.tasks[n];
        if record.role != Role::Reader || record.state == TaskState::Closed || record.panicked {
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

    /// L4, once it is known how many items were still to come.
    pub(super) fn check_size_hints(&mut self) {
        for n in 0..self.tasks.len() {
            let record = &self.tasks[n];
            let wrong = record.hints.iter().find_map(|seen| {
                let left = record.items.len() - seen.items;
                let HintRecord { step, lower, upper, .. } = *seen;
                let wrong = left < lower || upper.is_some_and(|upper| left > upper);
                wrong.then(|| {
                    format!("({lower}, {upper:?}) after step {step}, and {left} items came")
                })
            });
            wrong.into_iter().for_each(|message| self.report(Law::L4, message));
        }
    }

    pub(super) fn check_items(&mut self) {
        let relation = self.relation;
        if self.has_abandoned() && matches!(relation, Relation::Check(_)) {
            return;
        }
        let handles = self.factory.handles();
        // What an abandoned reader has got is part of the whole only where items are shared.
        let counts = |record: &&TaskRecord| {
            let abandoned = record.state == TaskState::Abandoned;
            record.role == Role::Reader && (!abandoned || matches!(relation, Relation::Shared))
        };
        let readers = self.tasks.iter().filter(counts);
        let run_items = RunItems {
            sources: handles.iter().map(SourceHandle::tokens_in_script).collect(),
            readers: readers.map(|record| record.items.clone()).collect(),
        };
        let mut result = relation.check(&run_items);
        let whole = !matches!(relation, Relation::Any | Relation::Subsequence);
        let to_come = self.sum(SourceHandle::unmade_sources);
        if whole && to_come > 0 {
            result = Err(format!("{to_come} items of the outer source were not asked for"));
        }
        if let Err(message) = result {
            self.report(Law::Items, message);
        }
    }

    /// L1, for as long as the sources were polled.
    pub(super) fn check_polls_after_end(&mut self) {
        for (n, handle) in self.factory.handles().iter().enumerate() {
            let early = handle.early_polls_after_end();
            if early > 0 {
                self.report(Law::L1, format!("source {n} was polled after its end"));
            } else if self.promises.fused && handle.polls_after_end() > 0 {
                let message =
                    format!("source {n} was polled after its end, and after the adapter's");
                self.report(Law::L1, message);
            }
        }
    }

    /// A panic that no source began in this poll.
    pub(super) fn check_panic(&mut self, n: usize, ended: bool, panic: &(dyn Any + Send)) {
        let text = panic_message(panic);
        self.adapter_panicked |= ended || !self.has_panicked();
        if ended {
            self.report(Law::L10, format!("task {n} panicked after its end: {text}"));
        } else if !self.has_panicked() {
            self.report(Law::L6, format!("task {n} panicked, and no source had: {text}"));
        } else if !self.tasks[n].panicked {
            self.report(Law::L6, format!("task {n} panicked because another one had: {text}"));
        }
        self.tasks[n].state = TaskState::Closed;
    }

    /// L5, when everything was dropped.
    pub(super) fn check_leaks(&mut self) {
        let handles = self.factory.handles();
        let ledger = &self.factory.counters.ledger;
        let (alive, twice) = (ledger.alive(), ledger.double_drops());
        if alive > 0 {
            self.report(Law::L5, format!("{alive} items were not freed"));
        }
        if twice > 0 {
            self.report(Law::L5, format!("{twice} items were freed twice"));
        }
        if let Some(n) = handles.iter().position(|handle| !handle.is_dropped()) {
            self.report(Law::L5, format!("source {n} was not dropped"));
        }
    }
}
