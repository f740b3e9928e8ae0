//! A reader is forked, and the fork is dropped.

use core::time::Duration;
use std::time::Instant;

use cpu_time::ThreadTime;

use crate::contestants::{AiterForks, AsyncBroadcast, Forks};
use crate::harness::{Group, Sample, Scale, Tally};

/// Number of unread items of the reader, and the suffix of the group.
const BACKLOGS: [(usize, &str); 4] = [(0, "0"), (1000, "1k"), (100_000, "100k"), (1_000_000, "1M")];
/// Number of forks between two reads of the clock.
const BATCH: u64 = 64;

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale) -> Vec<Group> {
    BACKLOGS
        .map(|(backlog, name)| {
            let backlog = scale.most(backlog, 10_000);
            let group = Group::new(format!("fork/backlog-{name}"), "fork and drop")
                .at("items before it", backlog as u64);
            let group = add::<AiterForks>(group, backlog, scale, "aiter fork");
            add::<AsyncBroadcast>(group, backlog, scale, "async-broadcast clone")
        })
        .into()
}

/// Adds a contestant whose reader has `backlog` unread items.
pub(super) fn add<F: Forks>(group: Group, backlog: usize, scale: Scale, name: &str) -> Group {
    let least = match scale {
        Scale::Measure => Duration::from_millis(1),
        Scale::Check => Duration::ZERO,
    };
    group.with(name, F::ROLE, move || {
        let mut reader = F::open(backlog);
        for _ in 0..BATCH {
            reader.fork_and_drop();
        }
        let mut forks = 0;
        let begin = Instant::now();
        let start = ThreadTime::now();
        while forks == 0 || begin.elapsed() < least {
            for _ in 0..BATCH {
                reader.fork_and_drop();
            }
            forks += BATCH;
        }
        let elapsed = start.elapsed();
        let got = reader.fork_and_read();
        Sample { elapsed, units: forks, got, expected: Tally::of(backlog as u64, 1) }
    })
}
