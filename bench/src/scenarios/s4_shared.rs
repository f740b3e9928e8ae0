//! Two threads push, several await. Each item goes to one of them.
//!
//! Producers and consumers alternate between the cores, so both cores have the same number of each.

use std::thread;

use crate::contestants::{AiterShared, AsyncChannel, Channel, CrossfireMpmc, Flume, Kanal};
use crate::cores::Cores;
use crate::harness::{Group, Sample, Scale, Tally};
use crate::start_line::StartLine;

/// Number of producers.
const PRODUCERS: usize = 2;
/// Numbers of consumers.
const CONSUMERS: [usize; 2] = [2, 4];
/// Items of one timed run, of all producers together.
const ITEMS: u64 = 5_000_000;

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale, cores: Cores) -> Vec<Group> {
    let each = scale.of(ITEMS / PRODUCERS as u64, 1);
    CONSUMERS
        .map(|consumers| {
            let group = Group::new(format!("s4/consumers-{consumers}"), "item");
            let group = add::<AiterShared>(group, consumers, each, cores);
            let group = add::<Kanal<u64>>(group, consumers, each, cores);
            let group = add::<CrossfireMpmc>(group, consumers, each, cores);
            let group = add::<Flume<u64>>(group, consumers, each, cores);
            add::<AsyncChannel<u64>>(group, consumers, each, cores)
        })
        .into()
}

fn add<C: Channel<Tx: Clone, Rx: Clone>>(
    group: Group,
    consumers: usize,
    each: u64,
    cores: Cores,
) -> Group {
    group.with(C::NAME, C::ROLE, move || {
        let (tx, mut rx) = C::open();
        let line = &StartLine::with_others(PRODUCERS + consumers - 1);
        thread::scope(|scope| {
            for producer in 0..PRODUCERS {
                let mut tx = tx.clone();
                scope.spawn(move || {
                    cores.pin_in_turn(producer + 1);
                    line.wait();
                    C::send_each(&mut tx, 0..each);
                });
            }
            drop(tx);
            let others: Vec<_> = (1..consumers)
                .map(|consumer| {
                    let mut rx = rx.clone();
                    scope.spawn(move || {
                        cores.pin_in_turn(consumer);
                        line.wait();
                        receive::<C>(&mut rx)
                    })
                })
                .collect();
            let start = line.start();
            let mut got = receive::<C>(&mut rx);
            for other in others {
                got = got.and(other.join().expect("a consumer only reads"));
            }
            let elapsed = start.elapsed();
            let units = each * PRODUCERS as u64;
            Sample { elapsed, units, got, expected: Tally::of(each, PRODUCERS as u64) }
        })
    })
}

fn receive<C: Channel>(rx: &mut C::Rx) -> Tally {
    pollster::block_on(C::receive(rx))
}
