//! Several threads push, one awaits.
//!
//! The consumer runs on the first core. The producers alternate between the second and the first
//! core. So with two or more, producers run at the same time, and some share the core of the
//! consumer.

use std::thread;

use crate::contestants::{
    Aiter, AsyncChannel, Channel, CrossfireMpsc, Flume, Futures, InRuns, Kanal, Tokio,
};
use crate::cores::Cores;
use crate::harness::{Group, Sample, Scale, Tally};
use crate::start_line::StartLine;

/// Numbers of producers.
const PRODUCERS: [usize; 5] = [1, 2, 4, 8, 16];
/// Items of one timed run, of all producers together.
const ITEMS: u64 = 500_000;

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale, cores: Cores) -> Vec<Group> {
    let one_by_one = PRODUCERS.map(|producers| {
        let each = scale.of(ITEMS / producers as u64, 1);
        let group = Group::new(format!("s3/producers-{producers}"), "item")
            .at("producers", producers as u64);
        let group = add::<Aiter<u64>>(group, producers, each, cores);
        let group = add::<Kanal<u64>>(group, producers, each, cores);
        let group = add::<CrossfireMpsc<u64>>(group, producers, each, cores);
        let group = add::<Tokio<u64>>(group, producers, each, cores);
        let group = add::<Futures<u64>>(group, producers, each, cores);
        let group = add::<Flume<u64>>(group, producers, each, cores);
        add::<AsyncChannel<u64>>(group, producers, each, cores)
    });
    let in_runs = PRODUCERS.map(|producers| {
        let each = scale.of(ITEMS / producers as u64, 1);
        let group = Group::new(format!("s3/runs/producers-{producers}"), "item")
            .at("producers", producers as u64);
        let group = add::<InRuns<Aiter<u64>>>(group, producers, each, cores);
        let group = add::<InRuns<Kanal<u64>>>(group, producers, each, cores);
        let group = add::<InRuns<Tokio<u64>>>(group, producers, each, cores);
        add::<InRuns<Flume<u64>>>(group, producers, each, cores)
    });
    one_by_one.into_iter().chain(in_runs).collect()
}

fn add<C: Channel<Tx: Clone>>(group: Group, producers: usize, each: u64, cores: Cores) -> Group {
    group.with(C::NAME, C::ROLE, move || {
        let (tx, mut rx) = C::open();
        let line = &StartLine::with_others(producers);
        thread::scope(|scope| {
            for producer in 0..producers {
                let mut tx = tx.clone();
                scope.spawn(move || {
                    cores.pin_in_turn(producer + 1);
                    line.wait();
                    C::send_each(&mut tx, 0..each);
                });
            }
            drop(tx);
            let start = line.start();
            let got = pollster::block_on(C::receive(&mut rx));
            let elapsed = start.elapsed();
            let units = each * producers as u64;
            Sample { elapsed, units, got, expected: Tally::of(each, producers as u64) }
        })
    })
}
