use core::time::Duration;

use super::item::Tally;

/// One timed run of one contestant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Duration of the timed part: processor time of the thread if there is one thread, else
    /// wall-clock time.
    pub(crate) elapsed: Duration,
    /// Number of units (items, deliveries, round trips, forks) by which the time is divided.
    pub(crate) units: u64,
    /// What arrived.
    pub(crate) got: Tally,
    /// What should have arrived.
    pub(crate) expected: Tally,
}

/// The amount of work of a timed run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Enough for a number.
    Measure,
    /// Just enough to see that every item arrives.
    Check,
}

impl Scale {
    /// Returns `full` for a measurement, and at most `check` for a check.
    pub(crate) fn most(self, full: usize, check: usize) -> usize {
        match self {
            Self::Measure => full,
            Self::Check => full.min(check),
        }
    }

    /// Returns `full` for a measurement and a small share of it for a check, rounded to a multiple
    /// of `step`.
    pub(crate) fn of(self, full: u64, step: u64) -> u64 {
        let wanted = match self {
            Self::Measure => full,
            Self::Check => full / 200,
        };
        (wanted / step).max(2) * step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_is_multiple_of_step() {
        assert_eq!(Scale::Measure.of(300_000, 1000), 300_000);
        assert_eq!(Scale::Measure.of(300_000, 32), 300_000);
        assert_eq!(Scale::Check.of(300_000, 1000), 2000);
        assert_eq!(Scale::Check.of(300_000, 32), 46 * 32);
    }
}
