//! Checks of wakes and polls: L2, L3, L7 and L9.

use alloc::{format, string::ToString, vec::Vec};
use core::{mem, task::Waker};

use super::{
    Counts, Run,
    quiet::{message, quiet},
    seat::{Seat, State},
};
use crate::{adapter::Role, law::Law, source::Control};

impl Run {
    /// Remembers, for L3, the sources that woke task `n` in the middle of its poll; `polls` is how
    /// often each had been polled before.
    pub(super) fn see_self_wakes(&mut self, n: usize, polls: &[usize]) {
        let seat = &mut self.seats[n];
        if !seat.task.is_woken() {
            return;
        }
        for (source, control) in self.stage.controls().iter().enumerate() {
            let polled = control.polls() > polls.get(source).copied().unwrap_or(0);
            if polled && control.is_self_woken() {
                seat.woken_by.push((source, control.polls()));
            }
        }
    }

    /// L3, when task `n` has just said `Pending`.
    pub(super) fn look_for_progress(&mut self, n: usize) {
        let woken_by = mem::take(&mut self.seats[n].woken_by);
        if self.seats.iter().any(|seat| seat.state == State::Waiting && seat.task.is_woken()) {
            return;
        }
        for (source, polls) in woken_by {
            let Some(control) = self.stage.control(source) else { continue };
            if control.polls() == polls && !control.is_dropped() {
                let why = format!("source {source} woke task {n}, whose poll left it alone");
                self.find(Law::L3, why);
            }
        }
    }

    /// L2, when no task is due: if a poll finds something all the same, a wake is missing. `event`
    /// tells what happened last from outside.
    pub(super) fn look_for_lost_wake(&mut self, event: Option<&str>) {
        if self.spoiled || self.seats.iter().any(Seat::is_due) {
            return;
        }
        for n in 0..self.seats.len() {
            if self.seats[n].state != State::Waiting {
                continue;
            }
            let (panics, steps) = (self.sum(Control::panics), self.sum(Control::steps));
            self.poll(n);
            let seat = &self.seats[n];
            let works = seat.role != Role::Reader && self.sum(Control::steps) > steps;
            let went_on = match seat.state {
                // An item that comes a second time is a matter of the relation.
                State::Ready => !seat.has_repeated(),
                state => works || state == State::Ended,
            };
            if went_on && self.sum(Control::panics) == panics {
                let instead = self.woken_instead();
                let why = match event {
                    Some(event) if self.seats[n].has_older_wakes() => format!(
                        "{event}, which woke an older waker of task {n} instead of its latest"
                    ),
                    Some(event) => {
                        format!("{event}, which woke {instead}, though task {n} could go on")
                    }
                    None => format!("{instead} was woken, though task {n} could go on"),
                };
                self.find(Law::L2, why);
            }
            if self.runaway || self.seats.iter().any(Seat::is_due) {
                return;
            }
        }
    }

    /// L9, after each poll.
    pub(super) fn look_for_waste(&mut self) {
        let Counts { polls, due, items, pokes, drops, .. } = self.counts;
        let tasks = self.seats.len();
        let happened = self.sum(Control::steps) + pokes + drops + (polls - due);
        let polls_each = if self.rules.lean { 1 } else { 2 };
        let explained = polls_each * tasks * (happened + 1) + items + 2;
        if due > explained {
            let why = format!("{due} polls of woken tasks, where {explained} can be explained");
            self.find(Law::L9, why);
            self.runaway = true;
        }
        for (n, control) in self.stage.controls().iter().enumerate() {
            let waiting = control.waiting_polls();
            if waiting > polls + 2 {
                let why =
                    format!("source {n}, waiting, was polled {waiting} times in {polls} polls");
                self.find(Law::L9, why);
            }
        }
    }

    /// L2, when nothing is left to happen. Returns whether a task waits, for a good reason or not.
    pub(super) fn look_for_a_hang(&mut self) -> bool {
        let waits = |n: &usize| self.seats[*n].state == State::Waiting;
        let waiting: Vec<_> = (0..self.seats.len()).filter(waits).collect();
        let hung = waiting.iter().copied().find(|n| !self.is_held_back(*n));
        // A wake that led to no progress has already been found.
        if let Some(n) = hung.filter(|_| !self.has_found(Law::L3)) {
            let why = if self.seats[n].has_older_wakes() {
                "an older waker was woken instead of its latest".to_string()
            } else if self.has_abandoned() {
                format!("no source waits, and {} was woken", self.woken_instead())
            } else {
                "no source waits and nothing will wake it".to_string()
            };
            self.find(Law::L2, format!("task {n} waits for ever: {why}"));
        }
        !waiting.is_empty()
    }

    /// L7: everything was dropped, and these wakers of the adapter's own making are still about.
    pub(super) fn look_for_late_wakes(&mut self, kept: Vec<Waker>) {
        let seats = &self.seats;
        let wakes = || -> usize {
            let wakers = seats.iter().flat_map(|seat| seat.task.wakers());
            wakers.map(|waker| waker.wakes()).sum()
        };
        let holds =
            || seats.iter().any(|seat| seat.task.wakers().iter().any(|waker| !waker.is_released()));
        let mut why = None;
        let pokes = mem::take(&mut self.pokes);
        let poke_all = || pokes.into_iter().for_each(|mut poke| poke());
        if let Err(panic) = quiet(poke_all) {
            why = Some(format!("a poke panicked after the drop: {}", message(&*panic)));
        }
        if holds() {
            why = Some("dropped, it still holds a task's waker".to_string());
        }
        let before = wakes();
        for waker in kept {
            if let Err(panic) = quiet(|| waker.wake()) {
                why = Some(format!("a wake after the drop panicked: {}", message(&*panic)));
            }
        }
        if wakes() > before {
            why = Some("a wake after the drop woke a task".to_string());
        }
        why.into_iter().for_each(|why| self.find(Law::L7, why));
    }
}
