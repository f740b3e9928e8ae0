//! Checks of items, ends, panics and drops: L1, L4, L5, L6, L10 and the relation.

use alloc::format;
use core::any::Any;

use super::{
    Run,
    quiet::{message, quiet},
    seat::{Seat, Seen, State},
};
use crate::{
    adapter::Role,
    law::Law,
    relation::{Flow, Relation},
    source::Control,
};

impl Run {
    pub(super) fn see_hint(&mut self, n: usize) {
        let seat = &mut self.seats[n];
        if seat.role != Role::Reader || seat.state == State::Closed || seat.panicked {
            return;
        }
        match quiet(|| seat.task.size_hint()) {
            Ok((lower, upper)) => {
                let (step, items) = (self.counts.steps, seat.items.len());
                seat.hints.push(Seen { step, items, lower, upper });
                if upper.is_some_and(|upper| upper < lower) {
                    self.find(Law::L4, format!("size_hint is ({lower}, {upper:?})"));
                }
            }
            Err(panic) => {
                let why = format!("size_hint panicked: {}", message(&*panic));
                self.find(Law::L4, why);
                self.spoiled = true;
                self.seats[n].state = State::Closed;
            }
        }
    }

    /// L4, once it is known how many items were still to come.
    pub(super) fn look_at_hints(&mut self) {
        for n in 0..self.seats.len() {
            let seat = &self.seats[n];
            let wrong = seat.hints.iter().find_map(|seen| {
                let left = seat.items.len() - seen.items;
                let Seen { step, lower, upper, .. } = *seen;
                let wrong = left < lower || upper.is_some_and(|upper| left > upper);
                wrong.then(|| {
                    format!("({lower}, {upper:?}) after step {step}, and {left} items came")
                })
            });
            wrong.into_iter().for_each(|why| self.find(Law::L4, why));
        }
    }

    pub(super) fn look_at_items(&mut self) {
        let relation = self.relation;
        if self.has_abandoned() && matches!(relation, Relation::Check(_)) {
            return;
        }
        let controls = self.stage.controls();
        // What an abandoned reader has got is part of the whole only where items are shared.
        let counts = |seat: &&Seat| {
            let abandoned = seat.state == State::Abandoned;
            seat.role == Role::Reader && (!abandoned || matches!(relation, Relation::Shared))
        };
        let readers = self.seats.iter().filter(counts);
        let flow = Flow {
            sources: controls.iter().map(Control::tokens_in_script).collect(),
            readers: readers.map(|seat| seat.items.clone()).collect(),
        };
        let mut result = relation.check(&flow);
        let whole = !matches!(relation, Relation::Any | Relation::Subset);
        let to_come = self.sum(Control::sources_to_come);
        if whole && to_come > 0 {
            result = Err(format!("{to_come} items of the outer source were not asked for"));
        }
        if let Err(why) = result {
            self.find(Law::Items, why);
        }
    }

    /// L1, for as long as the sources were polled.
    pub(super) fn look_at_sources(&mut self) {
        for (n, control) in self.stage.controls().iter().enumerate() {
            let early = control.early_polls_after_end();
            if early > 0 {
                self.find(Law::L1, format!("source {n} was polled after its end"));
            } else if self.rules.fused && control.polls_after_end() > 0 {
                let why = format!("source {n} was polled after its end, and after the adapter's");
                self.find(Law::L1, why);
            }
        }
    }

    /// A panic that no source began in this poll.
    pub(super) fn look_at_panic(&mut self, n: usize, ended: bool, panic: &(dyn Any + Send)) {
        let text = message(panic);
        self.spoiled |= ended || !self.has_panicked();
        if ended {
            self.find(Law::L10, format!("task {n} panicked after its end: {text}"));
        } else if !self.has_panicked() {
            self.find(Law::L6, format!("task {n} panicked, and no source had: {text}"));
        } else if !self.seats[n].panicked {
            self.find(Law::L6, format!("task {n} panicked because another one had: {text}"));
        }
        self.seats[n].state = State::Closed;
    }

    /// L5, when everything was dropped.
    pub(super) fn look_at_ledger(&mut self) {
        let controls = self.stage.controls();
        let ledger = &self.stage.meter.ledger;
        let (alive, twice) = (ledger.alive(), ledger.double_drops());
        if alive > 0 {
            self.find(Law::L5, format!("{alive} items were not freed"));
        }
        if twice > 0 {
            self.find(Law::L5, format!("{twice} items were freed twice"));
        }
        if let Some(n) = controls.iter().position(|control| !control.is_dropped()) {
            self.find(Law::L5, format!("source {n} was not dropped"));
        }
    }
}
