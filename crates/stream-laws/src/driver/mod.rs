mod abandon;
mod check_items;
mod check_wakes;
mod moves;
mod poll;
mod promises;
mod quiet;
mod seat;

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

use self::{promises::Promises, seat::Seat};
use crate::{
    adapter::Parts,
    case::Move,
    law::Law,
    relation::Relation,
    source::{Control, Stage},
};

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
}
