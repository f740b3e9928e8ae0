//! Runs the contestants of a group in turn, round after round, and keeps what each round took.

use core::hint::black_box;
use core::time::Duration;

/// What travels through a contestant.
pub(crate) trait Item: Clone + Send + Sync + core::fmt::Debug + 'static {
    /// The item that stands for the number `n`; the optimiser learns nothing about `n`.
    fn make(n: u64) -> Self;
    /// The number again, once the whole item has been looked at.
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
    /// What `times` readers see when each receives the numbers from 0 to `n - 1` once.
    pub(crate) fn of(n: u64, times: u64) -> Self {
        Self { count: n * times, sum: n * n.saturating_sub(1) / 2 * times }
    }

    /// What a reader sees that receives the number 1 again and again.
    pub(crate) fn ones(count: u64) -> Self {
        Self { count, sum: count }
    }

    /// What a reader sees that receives these. By value: kept behind a reference, a sum is loaded and stored for each
    /// item, and no reader could be faster than that chain.
    #[inline]
    pub(crate) fn sum_of(items: impl Iterator<Item = impl Item>) -> Self {
        let mut tally = Self::default();
        items.for_each(|item| tally.add(item.number()));
        tally
    }

    /// What this reader and another one received.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { count: self.count + other.count, sum: self.sum.wrapping_add(other.sum) }
    }

    /// Takes note of one number.
    #[inline(always)]
    pub(crate) fn add(&mut self, number: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(number);
    }
}

/// One timed run of one contestant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// What the timed part took: time of the thread where there is one, of the clock on the wall where
    /// there are two.
    pub(crate) elapsed: Duration,
    /// How many units (items, deliveries, round trips, forks) the time is divided by.
    pub(crate) units: u64,
    /// What arrived.
    pub(crate) got: Tally,
    /// What should have arrived.
    pub(crate) expected: Tally,
}

/// How much one timed run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Enough for a number.
    Measure,
    /// Just enough to see that every item arrives.
    Check,
}

impl Scale {
    /// `full` when measuring, a small share of it when checking; a multiple of `step` in both cases.
    pub(crate) fn of(self, full: u64, step: u64) -> u64 {
        let wanted = match self {
            Self::Measure => full,
            Self::Check => full / 200,
        };
        (wanted / step).max(2) * step
    }
}

/// The part that a contestant plays in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// From this repository.
    Ours,
    /// Does what ours does: the ratios are taken against the fastest of these.
    Peer,
    /// Shown, but it does something else: blocks, drops items, or only lends them.
    Listed,
    /// A plain container: what the machine itself needs.
    Floor,
}

impl Role {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Ours, Self::Peer, Self::Listed, Self::Floor];

    /// The word in the table.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Peer => "peer",
            Self::Listed => "listed",
            Self::Floor => "floor",
        }
    }
}

/// One contestant of a group.
pub(crate) struct Entry {
    name: String,
    role: Role,
    run: Box<dyn FnMut() -> Sample>,
}

/// Contestants that do the same work.
pub(crate) struct Group {
    /// Its name, also what `--filter` looks at.
    pub(crate) name: String,
    /// What a unit is.
    pub(crate) unit: &'static str,
    place: Option<Place>,
    takes_long: bool,
    entries: Vec<Entry>,
}

/// Where a group stands on a curve.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// What the axis counts.
    pub(crate) axis: String,
    /// How many of it.
    pub(crate) x: f64,
}

impl Group {
    /// A group without contestants.
    pub(crate) fn new(name: impl Into<String>, unit: &'static str) -> Self {
        Self { name: name.into(), unit, place: None, takes_long: false, entries: Vec::new() }
    }

    /// Makes the group a point of the curve that its name up to the last dash stands for.
    #[must_use]
    pub(crate) fn at(mut self, axis: &str, x: u64) -> Self {
        self.place = Some(Place { axis: axis.into(), x: x as f64 });
        self
    }

    /// Leaves the group out of all runs but those that ask for everything.
    #[must_use]
    pub(crate) fn only_in_full_runs(mut self) -> Self {
        self.takes_long = true;
        self
    }

    /// Whether the group belongs to full runs only.
    pub(crate) fn takes_long(&self) -> bool {
        self.takes_long
    }

    /// Adds a contestant.
    #[must_use]
    pub(crate) fn with(
        mut self,
        name: impl Into<String>,
        role: Role,
        run: impl FnMut() -> Sample + 'static,
    ) -> Self {
        self.entries.push(Entry { name: name.into(), role, run: Box::new(run) });
        self
    }

    /// The names of the contestants.
    pub(crate) fn entry_names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// Runs `rounds` rounds; in each of them every contestant runs once. Rounds start with another one
    /// each and go on in another order, because a contestant finds the caches and the heap as the one
    /// before left them. A round that is not counted goes ahead.
    pub(crate) fn run(mut self, rounds: usize) -> GroupResult {
        let mut results: Vec<EntryResult> = self
            .entries
            .iter()
            .map(|entry| EntryResult {
                name: entry.name.clone(),
                role: entry.role,
                nanos: Vec::with_capacity(rounds),
                lost: None,
            })
            .collect();
        let width = self.entries.len();
        let strides: Vec<usize> = (1..=width).filter(|stride| gcd(*stride, width) == 1).collect();
        for round in 0..=rounds {
            for turn in 0..width {
                let index = (round + turn * strides[round % strides.len()]) % width;
                let sample = (self.entries[index].run)();
                let result = &mut results[index];
                if sample.got != sample.expected {
                    result.lost = Some((sample.expected, sample.got));
                }
                if round > 0 {
                    result.nanos.push(sample.elapsed.as_nanos() as f64 / sample.units as f64);
                }
            }
        }
        GroupResult { name: self.name, unit: self.unit.into(), place: self.place, entries: results }
    }
}

/// The greatest common divisor.
fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// What one contestant took, per unit.
#[derive(Clone, Debug)]
pub(crate) struct EntryResult {
    /// Its name.
    pub(crate) name: String,
    /// Its part.
    pub(crate) role: Role,
    /// Nanoseconds per unit, round by round.
    pub(crate) nanos: Vec<f64>,
    /// Expected and received, if the two ever differed.
    pub(crate) lost: Option<(Tally, Tally)>,
}

impl EntryResult {
    /// The middle round, or the mean of the two in the middle.
    pub(crate) fn median(&self) -> f64 {
        quantile(self.nanos.clone(), 0.5)
    }

    /// The fastest round.
    pub(crate) fn min(&self) -> f64 {
        quantile(self.nanos.clone(), 0.0)
    }

    /// The slowest round.
    pub(crate) fn max(&self) -> f64 {
        quantile(self.nanos.clone(), 1.0)
    }

    /// The median of the ratios to the other one, round by round: what both suffer in a round cancels out. (The ratio of the
    /// medians does not, where the machine is fast in some rounds and slow in others.)
    pub(crate) fn ratio(&self, other: &Self) -> f64 {
        quantile(self.ratios(other), 0.5)
    }

    /// Between which of these ratios the middle half of the rounds lies; if there are enough to speak of.
    pub(crate) fn spread(&self, other: &Self) -> Option<(f64, f64)> {
        let ratios = self.ratios(other);
        (ratios.len() > 3).then(|| (quantile(ratios.clone(), 0.25), quantile(ratios, 0.75)))
    }

    fn ratios(&self, other: &Self) -> Vec<f64> {
        self.nanos.iter().zip(&other.nanos).map(|(ours, theirs)| ours / theirs).collect()
    }
}

/// The value that this share of all values is below: between two of them, in proportion.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = share * (values.len() - 1) as f64;
    let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

/// What a group took.
#[derive(Clone, Debug)]
pub(crate) struct GroupResult {
    /// Its name.
    pub(crate) name: String,
    /// What a unit is.
    pub(crate) unit: String,
    /// Where it stands on a curve.
    pub(crate) place: Option<Place>,
    /// Its contestants, in the order in which they were added.
    pub(crate) entries: Vec<EntryResult>,
}

impl GroupResult {
    /// Adds the rounds of another run. False, and nothing is added, if its contestants are others.
    pub(crate) fn add(&mut self, other: &Self) -> bool {
        let names = |group: &Self| {
            group.entries.iter().map(|entry| (entry.name.clone(), entry.role)).collect::<Vec<_>>()
        };
        if names(self) != names(other) {
            return false;
        }
        for (entry, more) in self.entries.iter_mut().zip(&other.entries) {
            entry.nanos.extend_from_slice(&more.nanos);
            entry.lost = entry.lost.or(more.lost);
        }
        true
    }

    /// The peer with the smallest median.
    pub(crate) fn best_peer(&self) -> Option<&EntryResult> {
        self.entries
            .iter()
            .filter(|entry| entry.role == Role::Peer)
            .min_by(|a, b| a.median().total_cmp(&b.median()))
    }

    /// The scenario: its name up to the first slash.
    pub(crate) fn scenario(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// The contestant of that name.
    pub(crate) fn entry(&self, name: &str) -> Option<&EntryResult> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(nanos: u64, got: Tally) -> Sample {
        Sample { elapsed: Duration::from_nanos(nanos), units: 10, got, expected: Tally::of(10, 1) }
    }

    #[test]
    fn a_round_that_is_not_counted_goes_ahead_and_medians_are_per_unit() {
        let mut calls = 0;
        let group = Group::new("g", "item").with("a", Role::Peer, move || {
            calls += 1;
            // 1000, 20, 30, 40: the first is the round that is not counted.
            sample(if calls == 1 { 1000 } else { calls * 10 }, Tally::of(10, 1))
        });
        let result = group.run(3);
        let entry = result.entry("a").unwrap();
        assert_eq!(entry.nanos, [2.0, 3.0, 4.0]);
        assert_eq!((entry.median(), entry.min(), entry.max()), (3.0, 2.0, 4.0));
        assert_eq!(entry.lost, None);
    }

    #[test]
    fn a_ratio_and_its_spread_are_those_of_each_round() {
        let entry = |nanos: &[f64]| EntryResult {
            name: String::new(),
            role: Role::Ours,
            nanos: nanos.into(),
            lost: None,
        };
        // Both were slow in the same rounds.
        let (ours, theirs) =
            (entry(&[10.0, 50.0, 12.0, 60.0, 11.0]), entry(&[10.0, 50.0, 10.0, 40.0, 10.0]));
        let (low, high) = ours.spread(&theirs).unwrap();
        assert!((low - 1.0).abs() < 1e-9 && (high - 1.2).abs() < 1e-9, "{low} {high}");
        let ratio = ours.ratio(&theirs);
        assert!((ratio - 1.1).abs() < 1e-9, "{ratio}");
        assert_eq!(entry(&[1.0]).spread(&theirs), None);
    }

    #[test]
    fn the_median_of_an_even_count_is_the_mean_of_the_middle_two() {
        let entry = EntryResult {
            name: String::new(),
            role: Role::Peer,
            nanos: vec![1.0, 2.0, 4.0, 9.0],
            lost: None,
        };
        assert_eq!(entry.median(), 3.0);
    }

    #[test]
    fn a_missing_item_is_reported_even_in_the_round_that_is_not_counted() {
        let mut first = true;
        let group = Group::new("g", "item").with("a", Role::Ours, move || {
            let seen = if core::mem::take(&mut first) { 9 } else { 10 };
            sample(10, Tally::of(seen, 1))
        });
        let result = group.run(1);
        assert_eq!(result.entries[0].lost, Some((Tally::of(10, 1), Tally::of(9, 1))));
    }

    #[test]
    fn only_peers_can_be_the_best_peer() {
        let group = Group::new("g", "item")
            .with("floor", Role::Floor, || sample(1, Tally::of(10, 1)))
            .with("listed", Role::Listed, || sample(2, Tally::of(10, 1)))
            .with("ours", Role::Ours, || sample(3, Tally::of(10, 1)))
            .with("slow", Role::Peer, || sample(50, Tally::of(10, 1)))
            .with("fast", Role::Peer, || sample(40, Tally::of(10, 1)));
        assert_eq!(group.run(3).best_peer().unwrap().name, "fast");
    }

    #[test]
    fn every_contestant_runs_once_a_round_and_rounds_differ_in_their_order() {
        use core::cell::RefCell;
        let order: alloc::rc::Rc<RefCell<Vec<char>>> = alloc::rc::Rc::default();
        let mut group = Group::new("g", "item");
        for name in ['a', 'b', 'c'] {
            let order = order.clone();
            group = group.with(name.to_string(), Role::Peer, move || {
                order.borrow_mut().push(name);
                sample(1, Tally::of(10, 1))
            });
        }
        group.run(2);
        assert_eq!(order.borrow().iter().collect::<String>(), "abcbaccab");
    }

    #[test]
    fn a_scale_is_a_multiple_of_its_step() {
        assert_eq!(Scale::Measure.of(300_000, 1000), 300_000);
        assert_eq!(Scale::Measure.of(300_000, 32), 300_000);
        assert_eq!(Scale::Check.of(300_000, 1000), 2000);
        assert_eq!(Scale::Check.of(300_000, 32), 46 * 32);
    }
}
