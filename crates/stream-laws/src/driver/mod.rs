//! A run of one case: the tasks are polled, and each law is checked.

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
    source::{SourceHandle, factory::SourceFactory},
};

/// The promises of an adapter beyond the laws.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Promises {
    pub(crate) fused: bool,
    pub(crate) no_extra_polls: bool,
    /// Maximum number of items of another source that overtake a ready item.
    pub(crate) fair: Option<usize>,
    /// Maximum number of unread items.
    pub(crate) read_ahead: Option<usize>,
    /// Number of items by which a reader may be ahead of an abandoned reader before it has to wait.
    pub(crate) backpressure: Option<usize>,
}

/// A broken law, without its case.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) law: Law,
    pub(crate) step: usize,
    pub(crate) message: String,
    /// Whether the stream never ends.
    pub(crate) endless: bool,
}

/// A run of one case.
pub(crate) struct Run {
    factory: Arc<SourceFactory>,
    promises: Promises,
    relation: Relation,
    item_tracker: ItemTracker,
    tasks: Vec<TaskRecord>,
    side_effects: Vec<Box<dyn FnMut()>>,
    findings: Vec<Finding>,
    counts: EventCounts,
    /// First task and first source that the next turn of the executor considers.
    next_task: usize,
    next_source: usize,
    /// Number of side effects since the latest progress.
    idle_side_effects: usize,
    /// Whether the run stops early, because a task does not stop polling or yielding.
    aborted: bool,
    /// Whether the adapter panicked without a scripted panic. Later findings may be consequences.
    adapter_panicked: bool,
}

/// Counts of the events of a run, from which L9 is checked.
#[derive(Default)]
struct EventCounts {
    /// Polls, wakes, side effects and drops.
    steps: usize,
    polls: usize,
    /// Polls of tasks that were woken, or whose latest poll did not return `Pending`.
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

    /// Runs the case to its end and returns the broken laws.
    pub(crate) fn run(mut self, moves: &[Move]) -> Vec<Finding> {
        for n in 0..self.tasks.len() {
            self.record_size_hint(n);
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
                Move::SideEffect(n) => {
                    let n = n.checked_rem(self.side_effects.len());
                    n.into_iter().for_each(|n| self.call_side_effect(n));
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
        // Later findings of the same law may be consequences of the first.
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

    /// Returns the number of scripted panics so far.
    fn panics(&self) -> usize {
        self.sum(SourceHandle::panics)
    }

    /// Returns the number of completed steps of all scripts.
    fn completed_steps(&self) -> usize {
        self.sum(SourceHandle::completed_steps)
    }
}
