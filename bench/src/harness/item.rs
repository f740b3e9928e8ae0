//! What travels through a contestant, and the check that all of it arrives.

use core::fmt::Debug;
use core::hint::black_box;

/// An item that carries a number.
pub(crate) trait Item: Clone + Send + Sync + Debug + 'static {
    /// Makes the item for the number `n`. The optimizer learns nothing about `n`.
    fn make(n: u64) -> Self;
    /// Reads the whole item and returns its number.
    fn number(self) -> u64;
}

impl Item for u64 {
    fn make(n: u64) -> Self {
        black_box(n)
    }

    fn number(self) -> u64 {
        black_box(self)
    }
}

impl Item for [u64; 8] {
    fn make(n: u64) -> Self {
        [black_box(n); 8]
    }

    fn number(self) -> u64 {
        black_box(&self);
        self[0].wrapping_add(self[7]) / 2
    }
}

/// Count and sum of the numbers that arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    count: u64,
    sum: u64,
}

impl Tally {
    /// The tally of `times` readers that each receive the numbers from 0 to `n - 1` once.
    pub(crate) fn of(n: u64, times: u64) -> Self {
        Self { count: n * times, sum: n * n.saturating_sub(1) / 2 * times }
    }

    /// The tally of a reader that receives the number 1 `count` times.
    pub(crate) fn ones(count: u64) -> Self {
        Self { count, sum: count }
    }

    /// The tally of a reader that receives `items`.
    ///
    /// The sum is kept by value. Behind a reference it would be loaded and stored for each item,
    /// and that chain would limit every reader.
    #[inline]
    pub(crate) fn sum_of(items: impl Iterator<Item = impl Item>) -> Self {
        let mut tally = Self::default();
        items.for_each(|item| tally.add(item.number()));
        tally
    }

    /// Adds what another reader received.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { count: self.count + other.count, sum: self.sum.wrapping_add(other.sum) }
    }

    /// Adds one number.
    #[inline(always)]
    pub(crate) fn add(&mut self, number: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(number);
    }
}
