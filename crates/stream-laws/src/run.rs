mod look;
mod seat;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::sync::atomic::Ordering;
use core::task::{Poll, Waker};

use self::seat::{Seat, State};
use crate::case::Move;
use crate::control::Control;
use crate::cue::Runaway;
use crate::law::Law;
use crate::outer::Stage;
use crate::parts::Parts;
use crate::quiet::{message, quiet};
use crate::relation::Relation;

/// What an adapter promises beyond the laws.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) relation: Relation,
    pub(crate) fused: bool,
    pub(crate) lean: bool,
}

/// Items without a source's step, after which an adapter is taken for one that never ends.
const ENDLESS: usize = 1_000;

/// A law seen broken.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) law: Law,
    pub(crate) step: usize,
    pub(crate) why: String,
}

/// One case on the stage.
pub(crate) struct Run {
    stage: Arc<Stage>,
    rules: Rules,
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
    pub(crate) fn new(stage: Arc<Stage>, parts: Parts, rules: Rules) -> Self {
        Self {
            stage,
            rules,
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
            self.found.push(Finding { law, step: self.counts.steps, why: why.into() });
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
        if self.seats[n].state != State::Closed {
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
        let controls = self.stage.controls();
        let sources = controls.len();
        let mut order = (0..sources).map(|n| (self.turn.1 + n) % sources);
        let waits = |n: &usize| controls[*n].is_waiting() && !controls[*n].is_dropped();
        if let Some(n) = order.find(waits) {
            self.turn.1 = n + 1;
            self.wake(n);
            self.look_for_lost_wake(&format!("source {n} was woken"));
            return !self.runaway;
        }
        let waiting = self.seats.iter().any(|seat| seat.state == State::Waiting);
        if waiting && self.idle_pokes < 3 * self.pokes.len() {
            self.idle_pokes += 1;
            let n = self.counts.pokes % self.pokes.len();
            self.poke(n);
            self.look_for_lost_wake(&format!("poke {n} was called"));
            return !self.runaway;
        }
        false
    }

    fn poll(&mut self, n: usize) {
        self.counts.steps += 1;
        self.counts.polls += 1;
        let seat = &mut self.seats[n];
        let ended = seat.state == State::Ended;
        let meter = &self.stage.meter;
        meter.after_end.store(ended, Ordering::Relaxed);
        meter.polls.store(0, Ordering::Relaxed);
        let before = self.stage.controls();
        let panics = before.iter().map(Control::panics).sum::<usize>();
        let steps = before.iter().map(Control::steps).sum::<usize>();
        let polls: Vec<_> = before.iter().map(Control::polls).collect();
        let result = quiet(|| seat.task.poll());
        if self.sum(Control::steps) > steps {
            self.idle_pokes = 0;
        }
        match result {
            Ok(poll) if ended => {
                if !matches!(poll, Poll::Ready(None)) {
                    let what = if poll.is_pending() { "Pending" } else { "an item" };
                    self.find(Law::L10, format!("task {n} gave {what} after its end"));
                    self.seats[n].state = State::Closed;
                }
            }
            Ok(Poll::Ready(Some(tokens))) => {
                self.counts.items += 1;
                self.idle_pokes = 0;
                let seat = &mut self.seats[n];
                let items = tokens.iter().map(|token| (token.source(), token.number()));
                seat.items.push(items.collect());
                seat.state = State::Ready;
            }
            Ok(Poll::Ready(None)) => self.seats[n].state = State::Ended,
            Ok(Poll::Pending) => {
                self.seats[n].state = State::Waiting;
                self.look_for_progress(n);
                self.see_self_wakes(n, &polls);
            }
            Err(panic) if panic.is::<Runaway>() => {
                self.find(
                    Law::L9,
                    format!("a single poll of task {n} polled its sources for ever"),
                );
                self.runaway = true;
            }
            Err(_) if self.sum(Control::panics) > panics => {
                let seat = &mut self.seats[n];
                seat.panicked = true;
                seat.state = if ended { State::Closed } else { State::Ready };
            }
            Err(panic) => self.look_at_panic(n, ended, &*panic),
        }
        self.see_hint(n);
        self.look_for_waste();
        let no_end = ENDLESS + 16 * self.sum(Control::steps);
        if self.counts.items > no_end {
            self.runaway = true;
            if !matches!(self.rules.relation, Relation::Any) {
                self.find(Law::Items, format!("no end after {no_end} items"));
            }
        }
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
        if self.seats[n].task.is_dropped() {
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
        if self.counts.drops == 0 && self.seats.iter().all(|seat| seat.state == State::Ended) {
            self.look_at_hints();
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
