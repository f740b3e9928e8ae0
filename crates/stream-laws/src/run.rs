mod abandon;
mod look;
mod poll;
mod promises;
mod seat;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::task::Waker;

use self::promises::Promises;
use self::seat::{Seat, State};
use crate::case::Move;
use crate::control::Control;
use crate::law::Law;
use crate::outer::Stage;
use crate::parts::Parts;
use crate::quiet::{message, quiet};
use crate::relation::Relation;

/// What an adapter promises beyond the laws.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) fused: bool,
    pub(crate) lean: bool,
    /// Items of another source that may come first while an item of a source is ready.
    pub(crate) fair: Option<usize>,
    /// Items that may be held unread.
    pub(crate) ahead: Option<usize>,
    /// Items by which an abandoned reader may be behind before it holds the others back.
    pub(crate) backpressure: Option<usize>,
}

/// A law seen broken.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) law: Law,
    pub(crate) step: usize,
    pub(crate) why: String,
    /// The stream never ends.
    pub(crate) endless: bool,
}

/// One case on the stage.
pub(crate) struct Run {
    stage: Arc<Stage>,
    rules: Rules,
    relation: Relation,
    promises: Promises,
    seats: Vec<Seat>,
    pokes: Vec<Box<dyn FnMut()>>,
    found: Vec<Finding>,
    counts: Counts,
    /// Where the executor looks first, for a task and for a source.
    turn: (usize, usize),
    /// Pokes since the last progress.
    idle_pokes: usize,
    /// A poll that never came back by itself.
    runaway: bool,
    /// The adapter panicked where no source had: what comes of that has been found already.
    spoiled: bool,
}

/// What L9 is reckoned from.
#[derive(Default)]
struct Counts {
    /// Polls, wakes, pokes and drops.
    steps: usize,
    polls: usize,
    /// Polls of tasks that were woken, or had not said `Pending`.
    due: usize,
    items: usize,
    pokes: usize,
    drops: usize,
}

impl Run {
    pub(crate) fn new(stage: Arc<Stage>, parts: Parts, rules: Rules, relation: Relation) -> Self {
        Self {
            stage,
            rules,
            relation,
            promises: Promises::default(),
            seats: parts.parts.into_iter().map(Seat::new).collect(),
            pokes: parts.pokes,
            found: Vec::new(),
            counts: Counts::default(),
            turn: (0, 0),
            idle_pokes: 0,
            runaway: false,
            spoiled: false,
        }
    }

    /// Plays the case and says what it broke.
    pub(crate) fn play(mut self, moves: &[Move]) -> Vec<Finding> {
        for seat in 0..self.seats.len() {
            self.see_hint(seat);
        }
        let mut all_dropped = false;
        for step in moves {
            match *step {
                Move::Poll(task) => self.poll_anyhow(task),
                Move::PollAnew(task) => {
                    if let Some(n) = self.index(task) {
                        self.seats[n].task.switch_waker();
                    }
                    self.poll_anyhow(task);
                }
                Move::Wake(source) => {
                    let source = source.checked_rem(self.stage.len());
                    source.into_iter().for_each(|source| self.wake(source));
                }
                Move::Turn => {
                    self.turn();
                }
                Move::Poke(poke) => {
                    let poke = poke.checked_rem(self.pokes.len());
                    poke.into_iter().for_each(|poke| self.poke(poke));
                }
                Move::Drop(task) => self.drop_one(task),
                Move::Abandon(task) => self.abandon(task),
                Move::DropAll => all_dropped = true,
            }
            if all_dropped || self.runaway {
                break;
            }
        }
        if !all_dropped {
            self.run_to_the_end();
        }
        self.look_at_sources();
        let found = self.found.len();
        self.drop_all();
        if self.spoiled {
            self.found.truncate(found);
        }
        self.found
    }

    fn find(&mut self, law: Law, why: impl Into<String>) {
        // The first finding of a law explains the later ones.
        if !self.has_found(law) {
            let step = self.counts.steps;
            self.found.push(Finding { law, step, why: why.into(), endless: false });
        }
    }

    fn has_found(&self, law: Law) -> bool {
        self.found.iter().any(|found| found.law == law)
    }

    fn index(&self, task: usize) -> Option<usize> {
        task.checked_rem(self.seats.len())
    }

    fn sum(&self, of: impl Fn(&Control) -> usize) -> usize {
        self.stage.controls().iter().map(of).sum()
    }

    fn has_panicked(&self) -> bool {
        self.sum(Control::panics) > 0
    }

    fn poll_anyhow(&mut self, task: usize) {
        let Some(n) = self.index(task) else { return };
        if !matches!(self.seats[n].state, State::Closed | State::Abandoned) {
            let due = usize::from(self.seats[n].is_due());
            self.poll(n);
            self.counts.due += due;
        }
    }

    /// Does what a fair executor would do next. Says whether there was anything.
    fn turn(&mut self) -> bool {
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

    fn wake(&mut self, source: usize) {
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

    fn poke(&mut self, poke: usize) {
        self.counts.steps += 1;
        self.counts.pokes += 1;
        if let Err(panic) = quiet(&mut self.pokes[poke]) {
            let gone = self.seats.iter().all(|seat| seat.task.is_dropped());
            let (law, when) = if gone { (Law::L7, " after the drop") } else { (Law::L6, "") };
            self.find(law, format!("poke {poke} panicked{when}: {}", message(&*panic)));
        }
    }

    fn drop_one(&mut self, task: usize) {
        let Some(n) = self.index(task) else { return };
        if self.seats[n].task.is_dropped() || self.seats[n].state == State::Abandoned {
            return;
        }
        self.counts.steps += 1;
        self.counts.drops += 1;
        self.drop_stream(n);
    }

    fn drop_stream(&mut self, n: usize) {
        let seat = &mut self.seats[n];
        seat.state = State::Closed;
        if let (Err(panic), false) = (quiet(|| seat.task.drop_stream()), self.spoiled) {
            let why = format!("the drop of task {n}'s stream panicked: {}", message(&*panic));
            self.find(Law::L5, why);
        }
    }

    fn run_to_the_end(&mut self) {
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

    fn drop_all(&mut self) {
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
