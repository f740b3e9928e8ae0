//! How long a cursor pauses for producers to get ahead.
//!
//! Each look of a reader that is in step with a producer on another core takes the producer's cache line
//! away for an item or two. After a short pause there is a run of items for one look. It waits for nobody:
//! its length is fixed when it begins, and whatever happens meanwhile, the cursor then goes on.

use crate::sync::PAUSES;

/// The longest pause, in hints: still a fraction of what a sleep and a wake-up cost.
const LONGEST: usize = 8 * PAUSES;

pub(crate) struct SpinPolicy {
    /// How many `spin_loop` hints the next pause takes.
    hints: u16,
    /// Short runs to take before there is a pause for one again, and how many it was the last time.
    left: u8,
    last: u8,
}

impl SpinPolicy {
    pub(crate) const fn new() -> Self {
        Self { hints: PAUSES as u16, left: 0, last: 0 }
    }

    pub(crate) fn pause(&self) {
        for _ in 0..self.hints {
            core::hint::spin_loop();
        }
    }

    /// Notes how long a run has become by a pause, of what a block holds: on one machine a line is over in 60 ns,
    /// on another one, or a minute later, in 250, and a pause that is as short gets an item.
    pub(crate) fn note(&mut self, run: usize, block: usize) {
        if run < block / 4 {
            self.hints = (self.hints * 2).min(LONGEST as u16);
        } else if run >= block / 4 * 3 {
            self.hints = (self.hints / 2).max(PAUSES as u16);
        }
    }

    /// Whether a pause for a short run may be worth it.
    pub(crate) fn is_due(&mut self) -> bool {
        let due = self.left == 0;
        self.left = self.left.saturating_sub(1);
        due
    }

    /// Notes whether it was. If not, as with a producer on the same thread, they become ever rarer.
    pub(crate) fn was_worth_it(&mut self, worth: bool) {
        self.last = if worth { 0 } else { self.last.saturating_mul(2).saturating_add(1) };
        self.left = self.last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_that_are_not_worth_it_become_rarer_and_one_that_is_makes_them_frequent() {
        let mut spin_policy = SpinPolicy::new();
        let skipped = |spin_policy: &mut SpinPolicy| {
            let mut skipped = 0;
            while !spin_policy.is_due() {
                skipped += 1;
            }
            skipped
        };
        for expected in [0, 1, 3, 7, 15, 31, 63, 127, 255, 255] {
            assert_eq!(skipped(&mut spin_policy), expected);
            spin_policy.was_worth_it(false);
        }
        assert_eq!(skipped(&mut spin_policy), 255);
        spin_policy.was_worth_it(true);
        assert_eq!(skipped(&mut spin_policy), 0);
    }

    #[test]
    fn pauses_grow_for_short_runs_within_their_bound_and_shrink_for_long_ones() {
        let mut spin_policy = SpinPolicy::new();
        for _ in 0..10 {
            spin_policy.note(1, 57);
        }
        assert_eq!(usize::from(spin_policy.hints), LONGEST);
        spin_policy.note(30, 57);
        assert_eq!(usize::from(spin_policy.hints), LONGEST, "that will do");
        for _ in 0..10 {
            spin_policy.note(57, 57);
        }
        assert_eq!(usize::from(spin_policy.hints), PAUSES);
    }
}
