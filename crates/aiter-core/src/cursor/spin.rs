//! How long a cursor spins so that producers get ahead of it.
//!
//! A cursor that keeps up with a producer on another core takes the producer's cache line away with
//! each load, for an item or two. After a short spin, one load finds a run of items. The number of
//! hints is fixed before a spin begins, so no spin waits for another party.

use crate::tuning::{MAX_SLEEPS_SKIPPED, MAX_SPIN_HINTS, SPIN_HINTS};

/// The length of a cursor's next spin, and the rate of its spins before short runs.
pub(crate) struct SpinPolicy {
    /// Number of `spin_loop` hints in the next spin.
    hints: u16,
    /// Number of short runs to take before the next spin for one.
    runs_to_skip: u8,
    /// Value that `runs_to_skip` had after the last spin for a short run.
    last_skip: u8,
    /// Number of sleeps before the next spin for one.
    sleeps_to_skip: u8,
    /// Value that `sleeps_to_skip` had after the last spin before a sleep.
    last_sleep_skip: u8,
}

impl SpinPolicy {
    pub(crate) const fn new() -> Self {
        Self {
            hints: SPIN_HINTS as u16,
            runs_to_skip: 0,
            last_skip: 0,
            sleeps_to_skip: 0,
            last_sleep_skip: 0,
        }
    }

    /// Executes the fixed number of `spin_loop` hints.
    pub(crate) fn spin(&self) {
        for _ in 0..self.hints {
            core::hint::spin_loop();
        }
    }

    /// Adapts the number of hints to the length of the run after a spin, for a block of `cap`
    /// slots.
    ///
    /// The time that a cache line needs from core to core differs between machines, and on one
    /// machine over time. If a spin is shorter than that time, it ends with one item.
    pub(crate) fn adapt_hints(&mut self, run: usize, cap: usize) {
        if run < cap / 4 {
            self.hints = (self.hints * 2).min(MAX_SPIN_HINTS as u16);
        } else if run >= cap / 4 * 3 {
            self.hints = (self.hints / 2).max(SPIN_HINTS as u16);
        }
    }

    /// Returns `true` if the cursor should spin before this sleep, and counts the sleep.
    pub(crate) fn is_due_before_sleep(&mut self) -> bool {
        let is_due = self.sleeps_to_skip == 0;
        self.sleeps_to_skip = self.sleeps_to_skip.saturating_sub(1);
        is_due
    }

    /// Records whether the spin found an item, so that no sleep was needed. If not, for example
    /// because the producer is on the same thread, the spins become rarer.
    pub(crate) fn record_spin_before_sleep(&mut self, found_item: bool) {
        let longer = self.last_sleep_skip.saturating_mul(2).saturating_add(1);
        self.last_sleep_skip = if found_item { 0 } else { longer.min(MAX_SLEEPS_SKIPPED) };
        self.sleeps_to_skip = self.last_sleep_skip;
    }

    /// Returns `true` if the cursor should spin for this short run, and counts the run.
    pub(crate) fn is_due(&mut self) -> bool {
        let is_due = self.runs_to_skip == 0;
        self.runs_to_skip = self.runs_to_skip.saturating_sub(1);
        is_due
    }

    /// Records whether the spin made the run longer. If not, for example because the producer is on
    /// the same thread, the spins become ever rarer.
    pub(crate) fn record_spin(&mut self, run_grew: bool) {
        self.last_skip =
            if run_grew { 0 } else { self.last_skip.saturating_mul(2).saturating_add(1) };
        self.runs_to_skip = self.last_skip;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spins_become_rare_unless_runs_grow() {
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
            spin_policy.record_spin(false);
        }
        assert_eq!(skipped(&mut spin_policy), 255);
        spin_policy.record_spin(true);
        assert_eq!(skipped(&mut spin_policy), 0);
    }

    #[test]
    fn spins_before_sleeps_become_rare_unless_found() {
        let mut spin_policy = SpinPolicy::new();
        let skipped = |spin_policy: &mut SpinPolicy| {
            (0..).take_while(|_| !spin_policy.is_due_before_sleep()).count()
        };
        for expected in [0, 1, 3, 7, 15, 15] {
            assert_eq!(skipped(&mut spin_policy), expected);
            spin_policy.record_spin_before_sleep(false);
        }
        assert_eq!(skipped(&mut spin_policy), 15);
        spin_policy.record_spin_before_sleep(true);
        assert_eq!(skipped(&mut spin_policy), 0);
    }

    #[test]
    fn hints_adapt_to_run_length_within_bounds() {
        let mut spin_policy = SpinPolicy::new();
        for _ in 0..10 {
            spin_policy.adapt_hints(1, 57);
        }
        assert_eq!(usize::from(spin_policy.hints), MAX_SPIN_HINTS);
        spin_policy.adapt_hints(30, 57);
        assert_eq!(usize::from(spin_policy.hints), MAX_SPIN_HINTS, "a medium run changes nothing");
        for _ in 0..10 {
            spin_policy.adapt_hints(57, 57);
        }
        assert_eq!(usize::from(spin_policy.hints), SPIN_HINTS);
    }
}
