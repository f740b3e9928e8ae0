//! Costs of an item while many items are queued.

use cpu_time::ThreadTime;

use super::s1_one_thread;
use crate::contestants::{
    Aiter, AiterUnique, CrossfireMpsc, CrossfireSpsc, Floor, Flume, Kanal, Queue, Tokio,
};
use crate::harness::{Group, Item, Sample, Scale, Tally};

/// Number of items that are pushed before the first is taken, and the suffix of the group.
const ITEMS: [(u64, &str); 6] = [
    (1000, "1e3"),
    (10_000, "1e4"),
    (100_000, "1e5"),
    (1_000_000, "1e6"),
    (10_000_000, "1e7"),
    (100_000_000, "1e8"),
];
/// With this many items or more, a group belongs to full runs.
const LONG: u64 = 100_000_000;
/// Number of items that stay queued while others are pushed and taken.
const BACKLOGS: [(u64, &str); 4] = [(1, "1"), (1000, "1e3"), (100_000, "1e5"), (1_000_000, "1e6")];
/// Items of one timed run, unless a burst is longer.
const RUN: u64 = 300_000;

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale) -> Vec<Group> {
    let sizes = ITEMS.map(|(burst, name)| {
        let (burst, items) = match scale {
            Scale::Measure => (burst, (RUN / burst).max(1) * burst),
            Scale::Check => (burst.min(10_000), burst.min(10_000)),
        };
        let group = Group::new(format!("s10/items-{name}"), "item").at("items", burst);
        let group = s1_one_thread::add::<u64, Aiter<u64>>(group, items, burst);
        let group = s1_one_thread::add::<u64, AiterUnique<u64>>(group, items, burst);
        let group = s1_one_thread::add::<u64, Kanal<u64>>(group, items, burst);
        let group = s1_one_thread::add::<u64, CrossfireMpsc<u64>>(group, items, burst);
        let group = s1_one_thread::add::<u64, CrossfireSpsc<u64>>(group, items, burst);
        let group = s1_one_thread::add::<u64, Tokio<u64>>(group, items, burst);
        let group = s1_one_thread::add::<u64, Flume<u64>>(group, items, burst);
        let group = s1_one_thread::add::<u64, Floor<u64>>(group, items, burst);
        if items >= LONG { group.only_in_full_runs() } else { group }
    });
    let backlogs = BACKLOGS.map(|(backlog, name)| {
        let backlog = match scale {
            Scale::Measure => backlog,
            Scale::Check => backlog.min(1000),
        };
        let items = scale.of(RUN, 1);
        let group = Group::new(format!("s10/backlog-{name}"), "item").at("backlog", backlog);
        let group = behind::<Aiter<u64>>(group, items, backlog);
        let group = behind::<AiterUnique<u64>>(group, items, backlog);
        let group = behind::<Kanal<u64>>(group, items, backlog);
        let group = behind::<CrossfireMpsc<u64>>(group, items, backlog);
        let group = behind::<CrossfireSpsc<u64>>(group, items, backlog);
        let group = behind::<Tokio<u64>>(group, items, backlog);
        let group = behind::<Flume<u64>>(group, items, backlog);
        behind::<Floor<u64>>(group, items, backlog)
    });
    sizes.into_iter().chain(backlogs).collect()
}

/// Adds a contestant that pushes and takes in turn, with a backlog in the queue.
fn behind<Q: Queue<u64>>(group: Group, items: u64, backlog: u64) -> Group {
    group.with(Q::NAME, Q::ROLE, move || {
        let mut queue = Q::open();
        let mut got = Tally::default();
        queue.push_each((0..backlog).map(u64::make));
        let start = ThreadTime::now();
        for item in backlog..backlog + items {
            queue.push(u64::make(item));
            let Some(item) = queue.try_next() else { break };
            got.add(item.number());
        }
        let elapsed = start.elapsed();
        while let Some(item) = queue.try_next() {
            got.add(item.number());
        }
        Sample { elapsed, units: items, got, expected: Tally::of(backlog + items, 1) }
    })
}
