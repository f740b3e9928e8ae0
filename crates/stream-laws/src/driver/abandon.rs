//! Readers and workers that are kept but never polled again.

use alloc::{
    format,
    string::{String, ToString},
};

use super::{
    Run,
    seat::{Seat, State},
};
use crate::adapter::Role;

impl Run {
    /// Neither polls nor drops this task from now on, if another one can go on without it.
    pub(super) fn abandon(&mut self, task: usize) {
        let Some(n) = self.index(task) else { return };
        let role = self.seats[n].role;
        let goes_on =
            |seat: &&Seat| seat.role == role && matches!(seat.state, State::Ready | State::Waiting);
        let others = self.seats.iter().filter(goes_on).count() > 1;
        let has_work = self.stage.controls().iter().any(|control| control.is_run_by(n));
        if others && goes_on(&&self.seats[n]) && role != Role::Driver && !has_work {
            self.counts.steps += 1;
            self.seats[n].state = State::Abandoned;
        }
    }

    pub(super) fn has_abandoned(&self) -> bool {
        self.seats.iter().any(|seat| seat.state == State::Abandoned)
    }

    /// An abandoned task that was woken since it was polled.
    pub(super) fn abandoned_woken(&self) -> Option<usize> {
        let woken = |seat: &Seat| seat.state == State::Abandoned && seat.task.is_woken();
        self.seats.iter().position(woken)
    }

    /// The tasks that were woken, when none is due.
    pub(super) fn woken_instead(&self) -> String {
        match self.abandoned_woken() {
            Some(n) => format!("no task but the abandoned task {n}"),
            None => "no task".to_string(),
        }
    }

    /// Whether task `n` may wait because an abandoned reader holds it back.
    pub(super) fn is_held_back(&self, n: usize) -> bool {
        let Some(most) = self.rules.backpressure else { return false };
        if self.seats[n].role != Role::Reader {
            return (0..self.seats.len()).any(|n| {
                let seat = &self.seats[n];
                seat.role == Role::Reader && seat.state == State::Waiting && self.is_held_back(n)
            });
        }
        let got = self.seats[n].items.len();
        let mut abandoned = self
            .seats
            .iter()
            .filter(|seat| seat.role == Role::Reader && seat.state == State::Abandoned);
        abandoned.any(|seat| got >= seat.items.len() + most)
    }
}
