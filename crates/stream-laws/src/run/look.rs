//! What is looked at during a run, and what it says of the laws.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::any::Any;
use core::mem;
use core::task::Waker;

use super::seat::{Seat, Seen, State};
use super::{Counts, Run};
use crate::control::Control;
use crate::law::Law;
use crate::parts::Role;
use crate::quiet::{message, quiet};
use crate::relation::{Flow, Relation};

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

#[cfg(test)]
mod tests {
    use core::pin::Pin;
    use core::task::{Context, Poll};

    use futures_core::Stream;

    use crate::{Law, Laws, Relation, Source, Token};

    /// Drops each of its items a second time.
    struct Twice(Source);

    impl Stream for Twice {
        type Item = ();

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
            let item = Pin::new(&mut self.0).poll_next(cx);
            item.map(|item| item.map(Token::drop_twice))
        }
    }

    #[test]
    fn items_freed_twice_break_l5() {
        let report = Laws::of("twice", Twice).expect(Relation::Subset).scripts(100).run();
        let [broken] = report.broken() else { panic!("{report}") };
        assert_eq!((broken.law, &*broken.why), (Law::L5, "1 items were freed twice"));
    }
}
