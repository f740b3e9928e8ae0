use super::result::{EntryResult, GroupResult, Place};
use super::role::Role;
use super::sample::Sample;

/// One contestant of a group.
pub(crate) struct Entry {
    name: String,
    role: Role,
    run: Box<dyn FnMut() -> Sample>,
}

/// Contestants that do the same work.
pub(crate) struct Group {
    /// Name, which `--filter` matches.
    pub(crate) name: String,
    /// Name of a unit.
    pub(crate) unit: &'static str,
    place: Option<Place>,
    takes_long: bool,
    entries: Vec<Entry>,
}

impl Group {
    /// Makes a group without contestants.
    pub(crate) fn new(name: impl Into<String>, unit: &'static str) -> Self {
        Self { name: name.into(), unit, place: None, takes_long: false, entries: Vec::new() }
    }

    /// Makes the group a point of the curve that its name up to the last dash stands for.
    #[must_use]
    pub(crate) fn at(mut self, axis: &str, x: u64) -> Self {
        self.place = Some(Place { axis: axis.into(), x: x as f64 });
        self
    }

    /// Leaves the group out of every run but a full one.
    #[must_use]
    pub(crate) fn only_in_full_runs(mut self) -> Self {
        self.takes_long = true;
        self
    }

    /// Returns `true` if the group belongs to full runs only.
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

    /// Returns the names of the contestants.
    pub(crate) fn entry_names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// Runs a warm-up round and `rounds` counted rounds. Each contestant runs once in each round.
    ///
    /// The order differs from round to round, because a contestant finds the caches and the heap as
    /// the previous contestant left them.
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

/// Returns the greatest common divisor.
fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::harness::Tally;

    fn sample(nanos: u64, got: Tally) -> Sample {
        Sample { elapsed: Duration::from_nanos(nanos), units: 10, got, expected: Tally::of(10, 1) }
    }

    #[test]
    fn warm_up_round_is_not_counted() {
        let mut calls = 0;
        let group = Group::new("g", "item").with("a", Role::Peer, move || {
            calls += 1;
            // 1000, 20, 30, 40: the first round is the warm-up.
            sample(if calls == 1 { 1000 } else { calls * 10 }, Tally::of(10, 1))
        });
        let result = group.run(3);
        let entry = result.entry("a").unwrap();
        assert_eq!(entry.nanos, [2.0, 3.0, 4.0]);
        assert_eq!((entry.median(), entry.min(), entry.max()), (3.0, 2.0, 4.0));
        assert_eq!(entry.lost, None);
    }

    #[test]
    fn missing_item_in_warm_up_round_is_reported() {
        let mut first = true;
        let group = Group::new("g", "item").with("a", Role::Aiter, move || {
            let seen = if core::mem::take(&mut first) { 9 } else { 10 };
            sample(10, Tally::of(seen, 1))
        });
        let result = group.run(1);
        assert_eq!(result.entries[0].lost, Some((Tally::of(10, 1), Tally::of(9, 1))));
    }

    #[test]
    fn best_peer_is_fastest_peer() {
        let group = Group::new("g", "item")
            .with("floor", Role::Floor, || sample(1, Tally::of(10, 1)))
            .with("listed", Role::Listed, || sample(2, Tally::of(10, 1)))
            .with("ours", Role::Aiter, || sample(3, Tally::of(10, 1)))
            .with("slow", Role::Peer, || sample(50, Tally::of(10, 1)))
            .with("fast", Role::Peer, || sample(40, Tally::of(10, 1)));
        assert_eq!(group.run(3).best_peer().unwrap().name, "fast");
    }

    #[test]
    fn rounds_run_all_contestants_in_new_order() {
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
}
