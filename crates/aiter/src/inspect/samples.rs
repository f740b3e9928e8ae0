//! When a list had which length: a bound for the age of an item.
//!
//! A sample is an index of the tail and a later instant, so all items before the index are older
//! than the instant. The age of an item is at least the age of the first sample behind it.

use alloc::collections::VecDeque;
use core::time::Duration;
use std::time::Instant;

/// Maximum number of samples of a list.
const MAX: usize = 64;
/// The least time from a sample to the next but one.
const SPACING: Duration = Duration::from_millis(1);

#[derive(Clone, Copy)]
struct Sample {
    index: usize,
    at: Instant,
}

/// The samples of one list, oldest first.
pub(super) struct Samples {
    all: VecDeque<Sample>,
    /// The least time from a sample to the next but one.
    spacing: Duration,
}

/// Returns `true` if the index `a` is before `b`. Indices wrap around.
fn is_before(a: usize, b: usize) -> bool {
    let ahead = b.wrapping_sub(a);
    ahead != 0 && ahead <= isize::MAX as usize
}

impl Samples {
    pub(super) const fn new() -> Self {
        Self { all: VecDeque::new(), spacing: SPACING }
    }

    /// Adds a sample. It takes the place of the last one if it is close to the one before that. So
    /// the bound of an item that was pushed meanwhile is too low by less than the spacing.
    pub(super) fn add(&mut self, index: usize, at: Instant) {
        let sample = Sample { index, at };
        let Some(last) = self.all.back().copied() else {
            self.all.push_back(sample);
            return;
        };
        if !is_before(last.index, index) {
            return;
        }
        let before = self.all.len().checked_sub(2).and_then(|place| self.all.get(place));
        if before.is_some_and(|before| at.saturating_duration_since(before.at) < self.spacing) {
            self.all.pop_back();
        }
        self.all.push_back(sample);
    }

    pub(super) fn is_full(&self) -> bool {
        self.all.len() >= MAX
    }

    /// Drops the samples that no item from `floor` on needs. Then drops every second one if too
    /// many are left.
    pub(super) fn thin(&mut self, floor: Option<usize>) {
        if let Some(floor) = floor {
            while self.all.front().is_some_and(|first| !is_before(floor, first.index)) {
                self.all.pop_front();
            }
        }
        if self.all.len() > MAX / 2 {
            let mut is_kept = self.all.len() % 2 == 0;
            self.all.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
            self.spacing *= 2;
        } else if self.all.len() < MAX / 8 {
            self.spacing = (self.spacing / 2).max(SPACING);
        }
    }

    /// Returns a lower bound of the age of the item at `index`, which was pushed.
    pub(super) fn age(&self, index: usize, now: Instant) -> Duration {
        let first = self.all.iter().find(|sample| is_before(index, sample.index));
        first.map_or(Duration::ZERO, |sample| now.saturating_duration_since(sample.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn age_is_that_of_first_sample_behind_item() {
        let (start, mut samples) = (Instant::now(), Samples::new());
        for (index, ms) in [(usize::MAX, 10), (2, 20), (5, 40)] {
            samples.add(index, start + MS * ms);
        }
        let age = |index| samples.age(index, start + MS * 100).as_millis();
        assert_eq!([usize::MAX - 1, usize::MAX, 1, 2, 4, 5].map(age), [90, 80, 80, 60, 60, 0]);
    }

    #[test]
    fn pause_after_burst_keeps_last_sample_of_burst() {
        let (start, mut samples) = (Instant::now(), Samples::new());
        let us = Duration::from_micros(1);
        for n in 0..100 {
            samples.add(n, start + us * n as u32);
        }
        samples.add(100, start + MS * 50);
        assert_eq!(samples.all.len(), 3);
        // The item of the last push but one was in the burst.
        let ages = [0, 98, 99].map(|index| samples.age(index, start + MS * 60));
        assert_eq!(ages, [MS * 60 - us * 99, MS * 60 - us * 99, MS * 10]);
    }

    #[test]
    fn many_samples_are_thinned_and_bound_stays_close() {
        let (start, mut samples) = (Instant::now(), Samples::new());
        for n in 1..=100_000 {
            samples.add(n, start + MS * n as u32);
            if samples.is_full() {
                samples.thin(None);
            }
            assert!(samples.all.len() <= MAX);
        }
        let now = start + MS * 100_000;
        for item in (0..100_000).step_by(997) {
            let (age, bound) = (MS * (99_999 - item as u32), samples.age(item, now));
            assert!(bound <= age && age - bound <= MS * (100_000 / 16), "{item}: {bound:?}");
        }
        assert_eq!(samples.age(99_999, now), Duration::ZERO);
    }

    #[test]
    fn thinning_keeps_newest_sample() {
        let (start, mut samples) = (Instant::now(), Samples::new());
        for n in 1..=MAX {
            samples.add(n, start + MS * n as u32);
        }
        samples.thin(None);
        assert_eq!(samples.all.len(), MAX / 2);
        assert_eq!(samples.all.back().map(|last| last.index), Some(MAX));
        samples.thin(Some(MAX - 1));
        assert_eq!(samples.all.len(), 1);
        samples.thin(Some(MAX));
        assert_eq!(samples.age(MAX, start), Duration::ZERO);
        assert!(samples.all.is_empty());
    }
}
