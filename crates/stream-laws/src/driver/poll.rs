//! A poll of a task, and what it shows.

use alloc::{format, vec::Vec};
use core::{sync::atomic::Ordering, task::Poll};

use super::{Run, quiet::quiet, seat::State};
use crate::{
    law::Law,
    relation::Relation,
    source::{Control, Runaway},
};

/// Number of items without a source's step after which a stream is taken for one that never ends.
const ENDLESS: usize = 1_000;

/// The same if no item is checked. Smaller, as the run is cut there in every case.
const UNCHECKED: usize = 100;

impl Run {
    pub(super) fn poll(&mut self, n: usize) {
        self.counts.steps += 1;
        self.counts.polls += 1;
        let ended = self.seats[n].state == State::Ended;
        let meter = &self.stage.meter;
        meter.task.store(n, Ordering::Relaxed);
        meter.after_end.store(ended, Ordering::Relaxed);
        meter.polls.store(0, Ordering::Relaxed);
        let before = self.stage.controls();
        let panics = before.iter().map(Control::panics).sum::<usize>();
        let steps = before.iter().map(Control::steps).sum::<usize>();
        let polls: Vec<_> = before.iter().map(Control::polls).collect();
        let stood_ready = self.rules.fair.map(|most| (most, self.promises.stood_ready(&before)));
        let task = &mut self.seats[n].task;
        let result = quiet(|| task.poll());
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
                let items: Vec<_> = items.collect();
                seat.items.push(items.clone());
                seat.state = State::Ready;
                drop(tokens);
                self.promises.read(&items);
                let unfair = stood_ready.and_then(|(most, stood_ready)| {
                    self.promises.overtaking(&items, &stood_ready, most)
                });
                unfair.into_iter().for_each(|why| self.find(Law::Fair, why));
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
        self.look_for_read_ahead();
        self.look_for_an_end();
    }

    /// Bounded read-ahead, after each poll.
    fn look_for_read_ahead(&mut self) {
        let Some(most) = self.rules.ahead else { return };
        if self.has_panicked() {
            return;
        }
        let unread = self.promises.unread(self.stage.meter.ledger.tokens());
        let held = unread + self.sum(|control| usize::from(control.is_running()));
        if held > most {
            self.find(Law::Ahead, format!("{held} items are held that no reader has got"));
        }
    }

    fn look_for_an_end(&mut self) {
        let checked = !matches!(self.relation, Relation::Any);
        let burst = if checked { ENDLESS } else { UNCHECKED };
        let no_end = burst + 16 * self.sum(Control::steps);
        if self.counts.items > no_end {
            self.runaway = true;
            if checked {
                self.find(Law::Items, format!("no end after {no_end} items"));
                self.found.last_mut().into_iter().for_each(|found| found.endless = true);
            }
        }
    }
}
