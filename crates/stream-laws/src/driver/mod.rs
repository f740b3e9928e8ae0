mod abandon;
mod catch_panic;
mod check_items;
mod check_wakes;
mod executor;
mod item_tracker;
mod poll;
mod task_record;

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

use self::{item_tracker::ItemTracker, task_record::TaskRecord};
use crate::{
    adapter::Parts,
    case::Move,
    law::Law,
    relation::Relation,
    source::{SourceFactory, SourceHandle},
};

/// What an adapter promises beyond the laws.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Promises {
    pub(crate) fused: bool,
    pub(crate) no_extra_polls: bool,
    /// Items of another source that may come first while an item of a source is ready.
    pub(crate) fair: Option<usize>,
    /// Items that may be held unread.
    pub(crate) read_ahead: Option<usize>,
    /// Items by which an abandoned reader may be behind before it holds the others back.
    pub(crate) backpressure: Option<usize>,
}

/// A law seen broken.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) law: Law,
    pub(crate) step: usize,
    pub(crate) message: String,
    /// The stream never ends.
    pub(crate) endless: bool,
}

/// One case on the factory.
pub(crate) struct Run {
    factory: Arc<SourceFactory>,
    promises: Promises,
    relation: Relation,
    item_tracker: ItemTracker,
    tasks: Vec<TaskRecord>,
    side_effects: Vec<Box<dyn FnMut()>>,
    findings: Vec<Finding>,
    counts: EventCounts,
    /// Where the executor looks first, for a task and for a source.
    next_task: usize,
    next_source: usize,
    /// Pokes since the last progress.
    idle_side_effects: usize,
    /// A poll that never came back by itself.
    aborted: bool,
    /// The adapter panicked where no source had: what comes of that has been found already.
    adapter_panicked: bool,
}

/// What L9 is reckoned from.
#[derive(Default)]
struct EventCounts {
    /// Polls, wakes, side_effects and drops.
    steps: usize,
    polls: usize,
    /// Polls of tasks that were woken, or had not said `Pending`.
    due_polls: usize,
    items: usize,
    side_effects: usize,
    drops: usize,
}

impl Run {
    pub(crate) fn new(
        factory: Arc<SourceFactory>,
        parts: Parts,
        promises: Promises,
        relation: Relation,
    ) -> Self {
        Self {
            factory,
            promises,
            relation,
            item_tracker: ItemTracker::default(),
            tasks: parts.parts.into_iter().map(TaskRecord::new).collect(),
            side_effects: parts.side_effects,
            findings: Vec::new(),
            counts: EventCounts::default(),
            next_task: 0,
            next_source: 0,
            idle_side_effects: 0,
            aborted: false,
            adapter_panicked: false,
        }
    }

    /// Plays the case and says what it broke.
    pub(crate) fn run(mut self, moves: &[Move]) -> Vec<Finding> {
        for record in 0..self.tasks.len() {
            self.record_size_hint(record);
        }
        let mut all_dropped = false;
        for step in moves {
            match *step {
                Move::Poll(task) => self.force_poll(task),
                Move::PollWithNewWaker(task) => {
                    if let Some(n) = self.task_index(task) {
                        self.tasks[n].task.switch_waker();
                    }
                    self.force_poll(task);
                }
                Move::Wake(source) => {
                    let source = source.checked_rem(self.factory.len());
                    source.into_iter().for_each(|source| self.wake(source));
                }
                Move::Turn => {
                    self.take_turn();
                }
                Move::SideEffect(side_effect) => {
                    let side_effect = side_effect.checked_rem(self.side_effects.len());
                    side_effect.into_iter().for_each(|side_effect| self.side_effect(side_effect));
                }
                Move::Drop(task) => self.drop_task(task),
                Move::Abandon(task) => self.abandon(task),
                Move::DropAll => all_dropped = true,
            }
            if all_dropped || self.aborted {
                break;
            }
        }
        if !all_dropped {
            self.run_to_end();
        }
        self.check_polls_after_end();
        let found = self.findings.len();
        self.drop_all();
        if self.adapter_panicked {
            self.findings.truncate(found);
        }
        self.findings
    }

    fn report(&mut self, law: Law, message: impl Into<String>) {
        // The first finding of a law explains the later ones.
        if !self.has_reported(law) {
            let step = self.counts.steps;
            self.findings.push(Finding { law, step, message: message.into(), endless: false });
        }
    }

    fn has_reported(&self, law: Law) -> bool {
        self.findings.iter().any(|found| found.law == law)
    }

    fn task_index(&self, task: usize) -> Option<usize> {
        task.checked_rem(self.tasks.len())
    }

    fn sum(&self, of: impl Fn(&SourceHandle) -> usize) -> usize {
        self.factory.handles().iter().map(of).sum()
    }

    fn has_panicked(&self) -> bool {
        self.sum(SourceHandle::panics) > 0
    }
}
