//! A poll of a task, and the checks of its result.

use alloc::{format, vec::Vec};
use core::{sync::atomic::Ordering, task::Poll};

use super::{Run, catch_panic::catch_panic, task_record::TaskState};
use crate::{
    law::Law,
    relation::Relation,
    source::{PollLimitReached, SourceHandle},
};

/// Number of items without a completed step of a source after which a stream counts as endless.
const MAX_ITEMS: usize = 1_000;

/// The same limit if items are not checked. It is smaller because every case reaches it.
const MAX_UNCHECKED_ITEMS: usize = 100;

impl Run {
    pub(super) fn poll(&mut self, n: usize) {
        self.counts.steps += 1;
        self.counts.polls += 1;
        let ended = self.tasks[n].state == TaskState::Ended;
        let counters = &self.factory.counters;
        counters.task.store(n, Ordering::Relaxed);
        counters.after_end.store(ended, Ordering::Relaxed);
        counters.polls.store(0, Ordering::Relaxed);
        let (panics, steps) = (self.panics(), self.completed_steps());
        let before = self.factory.handles();
        let polls: Vec<_> = before.iter().map(SourceHandle::polls).collect();
        let fair = self.promises.fair;
        let ready_sources = fair.map(|most| (most, self.item_tracker.ready_sources(&before)));
        let task = &mut self.tasks[n].task;
        let result = catch_panic(|| task.poll());
        if self.completed_steps() > steps {
            self.idle_side_effects = 0;
        }
        match result {
            Ok(poll) if ended => {
                if !matches!(poll, Poll::Ready(None)) {
                    let what = if poll.is_pending() { "`Pending`" } else { "an item" };
                    self.report(Law::L10, format!("task {n} returned {what} after its end"));
                    self.tasks[n].state = TaskState::Closed;
                }
            }
            Ok(Poll::Ready(Some(tokens))) => {
                self.counts.items += 1;
                self.idle_side_effects = 0;
                let items = tokens.iter().map(|token| (token.source(), token.number()));
                let items: Vec<_> = items.collect();
                drop(tokens);
                self.item_tracker.read(&items);
                let unfair = ready_sources.and_then(|(most, ready_sources)| {
                    self.item_tracker.overtaking(&items, &ready_sources, most)
                });
                unfair.into_iter().for_each(|message| self.report(Law::Fair, message));
                self.tasks[n].items.push(items);
                self.tasks[n].state = TaskState::Ready;
            }
            Ok(Poll::Ready(None)) => self.tasks[n].state = TaskState::Ended,
            Ok(Poll::Pending) => {
                self.tasks[n].state = TaskState::Waiting;
                self.check_progress(n);
                self.record_self_wakes(n, &polls);
            }
            Err(panic) if panic.is::<PollLimitReached>() => {
                self.report(Law::L9, format!("one poll of task {n} polled its sources forever"));
                self.aborted = true;
            }
            Err(_) if self.panics() > panics => {
                let record = &mut self.tasks[n];
                record.panicked = true;
                record.state = if ended { TaskState::Closed } else { TaskState::Ready };
            }
            Err(panic) => self.check_panic(n, ended, &*panic),
        }
        self.record_size_hint(n);
        self.check_busy_polling();
        self.check_read_ahead();
        self.check_endless();
    }

    fn check_read_ahead(&mut self) {
        let Some(most) = self.promises.read_ahead else { return };
        if self.panics() > 0 {
            return;
        }
        let unread = self.item_tracker.unread(self.factory.counters.ledger.alive_tokens());
        let held = unread + self.sum(|handle| usize::from(handle.is_running()));
        if held > most {
            self.report(Law::ReadAhead, format!("the adapter holds {held} unread items"));
        }
    }

    fn check_endless(&mut self) {
        let checked = !matches!(self.relation, Relation::Any);
        let limit = if checked { MAX_ITEMS } else { MAX_UNCHECKED_ITEMS };
        let limit = limit + 16 * self.completed_steps();
        if self.counts.items > limit {
            self.aborted = true;
            if checked {
                self.report(Law::Items, format!("no end after {limit} items"));
                self.findings.last_mut().into_iter().for_each(|found| found.endless = true);
            }
        }
    }
}
