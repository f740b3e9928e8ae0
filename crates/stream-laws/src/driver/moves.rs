//! What may happen to the tasks and sources from outside, and what an executor does by itself.

use alloc::{format, vec::Vec};
use core::{mem, task::Waker};

use super::{
    Run,
    quiet::{message, quiet},
    seat::{Seat, State},
};
use crate::{law::Law, source::Control};

impl Run {
    pub(super) fn poll_anyhow(&mut self, task: usize) {
        let Some(n) = self.index(task) else { return };
        if !matches!(self.seats[n].state, State::Closed | State::Abandoned) {
            let due = usize::from(self.seats[n].is_due());
            self.poll(n);
            self.counts.due += due;
        }
    }

    /// Does what a fair executor would do next. Says whether there was anything.
    pub(super) fn turn(&mut self) -> bool {
        let seats = self.seats.len();
        let mut order = (0..seats).map(|n| (self.turn.0 + n) % seats);
        if let Some(n) = order.find(|n| self.seats[*n].is_due()) {
            self.turn.0 = n + 1;
            self.counts.due += 1;
            self.poll(n);
            return !self.runaway;
        }
        if self.abandoned_woken().is_some() {
            // Before a later item makes up for it.
            self.look_for_lost_wake(None);
            if self.runaway || self.seats.iter().any(Seat::is_due) {
                return !self.runaway;
            }
        }
        let controls = self.stage.controls();
        let sources = controls.len();
        let mut order = (0..sources).map(|n| (self.turn.1 + n) % sources);
        let waits = |n: &usize| controls[*n].is_waiting() && !controls[*n].is_dropped();
        if let Some(n) = order.find(waits) {
            self.turn.1 = n + 1;
            self.wake(n);
            self.look_for_lost_wake(Some(&format!("source {n} was woken")));
            return !self.runaway;
        }
        let waiting = self.seats.iter().any(|seat| seat.state == State::Waiting);
        if waiting && self.idle_pokes < 3 * self.pokes.len() {
            self.idle_pokes += 1;
            let n = self.counts.pokes % self.pokes.len();
            self.poke(n);
            self.look_for_lost_wake(Some(&format!("poke {n} was called")));
            return !self.runaway;
        }
        false
    }

    pub(super) fn wake(&mut self, source: usize) {
        let Some(control) = self.stage.control(source) else { return };
        if !control.is_waiting() {
            return;
        }
        self.counts.steps += 1;
        let polls = control.polls();
        let woken: Vec<bool> = self.seats.iter().map(|seat| seat.task.is_woken()).collect();
        if let Err(panic) = quiet(|| control.wake()) {
            let why = format!("the wake of source {source} panicked: {}", message(&*panic));
            self.find(Law::L2, why);
        }
        for (seat, before) in self.seats.iter_mut().zip(woken) {
            if !before && seat.state == State::Waiting && seat.task.is_woken() {
                seat.woken_by.push((source, polls));
            }
        }
    }

    pub(super) fn poke(&mut self, poke: usize) {
        self.counts.steps += 1;
        self.counts.pokes += 1;
        if let Err(panic) = quiet(&mut self.pokes[poke]) {
            let gone = self.seats.iter().all(|seat| seat.task.is_dropped());
            let (law, when) = if gone { (Law::L7, " after the drop") } else { (Law::L6, "") };
            self.find(law, format!("poke {poke} panicked{when}: {}", message(&*panic)));
        }
    }

    pub(super) fn drop_one(&mut self, task: usize) {
        let Some(n) = self.index(task) else { return };
        if self.seats[n].task.is_dropped() || self.seats[n].state == State::Abandoned {
            return;
        }
        self.counts.steps += 1;
        self.counts.drops += 1;
        self.drop_stream(n);
    }

    pub(super) fn drop_stream(&mut self, n: usize) {
        let seat = &mut self.seats[n];
        seat.state = State::Closed;
        if let (Err(panic), false) = (quiet(|| seat.task.drop_stream()), self.spoiled) {
            let why = format!("the drop of task {n}'s stream panicked: {}", message(&*panic));
            self.find(Law::L5, why);
        }
    }

    pub(super) fn run_to_the_end(&mut self) {
        while !self.runaway && self.turn() {}
        if self.runaway || self.spoiled {
            return;
        }
        if self.look_for_a_hang() || self.has_panicked() {
            return;
        }
        for n in 0..self.seats.len() {
            for _ in 0..2 {
                if self.seats[n].state == State::Ended {
                    self.poll(n);
                }
            }
        }
        let over = |seat: &Seat| matches!(seat.state, State::Ended | State::Abandoned);
        if self.counts.drops == 0 && self.seats.iter().all(over) {
            if !self.has_abandoned() {
                self.look_at_hints();
            }
            self.look_at_items();
        }
    }

    pub(super) fn drop_all(&mut self) {
        self.counts.steps += 1;
        for n in 0..self.seats.len() {
            self.drop_stream(n);
        }
        let controls = self.stage.controls();
        // What a dropped source would have told its timer or its peer to forget: a task's own
        // waker. One that the adapter has made may be kept by anybody for any time.
        let is_own = |waker: &Waker| {
            self.seats.iter().any(|seat| seat.task.wakers().iter().any(|own| own.is(waker)))
        };
        let wakers = controls.iter().filter_map(Control::take_waker);
        let kept: Vec<_> = wakers.filter(|waker| !is_own(waker)).collect();
        if self.has_panicked() {
            drop(kept);
        } else {
            self.look_for_late_wakes(kept);
        }
        let pokes = mem::take(&mut self.pokes);
        if let Err(panic) = quiet(|| drop(pokes)) {
            self.find(Law::L5, format!("the drop of a handle panicked: {}", message(&*panic)));
        }
        self.look_at_ledger();
    }
}
