//! When a stream that asks for the next poll in each poll is taken for one that will never be ready.
//!
//! An executor whose task has used up its budget has the task polled again at once, and expects it
//! to give the thread back before; a stream that yields asks for the same. No poll tells the two apart,
//! so it takes time *and* number: a stream that gets somewhere between two yields takes longer for
//! so many, and what remains is a wait for another thread that costs a whole processor.

use core::time::Duration;
use std::time::Instant;

/// Polls in a row that nobody but the stream itself has asked for.
const POLLS: u32 = 1 << 20;
/// The time that they take at least: where the thread does nothing else in between,
pub(crate) const WHERE_NOTHING_ELSE_RUNS: Duration = Duration::from_millis(750);
/// and where other tasks may run in between, for which a stream may well yield for a while.
pub(crate) const WHERE_TASKS_MAY_RUN: Duration = Duration::from_secs(5);
/// How often the clock is looked at.
const POLLS_A_LOOK: u32 = 1 << 10;

/// Polls in a row that the stream has asked for itself.
#[derive(Default)]
pub(crate) struct Spin {
    polls: u32,
    since: Option<Instant>,
}

impl Spin {
    /// Counts one more, and says whether they are too many for too long.
    pub(crate) fn goes_on(&mut self, limit: Duration) -> bool {
        self.polls = self.polls.saturating_add(1);
        if self.polls % POLLS_A_LOOK != 0 && self.polls < POLLS {
            return false;
        }
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        self.polls >= POLLS && now.duration_since(since) >= limit
    }
}
