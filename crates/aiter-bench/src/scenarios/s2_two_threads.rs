//! One thread pushes, another one awaits.

use std::thread;

use crate::contestants::{
    Aiter, AiterMany, AiterSole, AiterSoleMany, AsyncChannel, Channel, CrossfireMpsc,
    CrossfireSpsc, Flume, Futures, Kanal, Tokio,
};
use crate::cores::Cores;
use crate::harness::{Group, Role, Sample, Scale, Tally};
use crate::start_line::StartLine;

/// Items of one timed run.
const ITEMS: u64 = 1_000_000;
/// Round trips of one timed run.
const TRIPS: u64 = 400;

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale, cores: Cores) -> Vec<Group> {
    let items = scale.of(ITEMS, 1);
    let group = Group::new("s2/stream", "item");
    let group = stream::<Aiter<u64>>(group, items, cores);
    let group = stream::<AiterSole<u64>>(group, items, cores);
    let group = stream::<AiterMany>(group, items, cores);
    let group = stream::<AiterSoleMany>(group, items, cores);
    let group = stream::<Kanal<u64>>(group, items, cores);
    let group = stream::<CrossfireMpsc<u64>>(group, items, cores);
    let group = stream::<CrossfireSpsc<u64>>(group, items, cores);
    let group = stream::<Tokio<u64>>(group, items, cores);
    let group = stream::<Futures<u64>>(group, items, cores);
    let group = stream::<Flume<u64>>(group, items, cores);
    let streams = stream::<AsyncChannel<u64>>(group, items, cores);

    let trips = scale.of(TRIPS, 1);
    let group = Group::new("s2/ping-pong", "round trip");
    let group = ping_pong::<Aiter<u64>>(group, trips, cores);
    let group = ping_pong::<Kanal<u64>>(group, trips, cores);
    let group = spinning::<CrossfireMpsc<u64>>(group, trips, cores);
    let group = spinning::<CrossfireSpsc<u64>>(group, trips, cores);
    let group = ping_pong::<Tokio<u64>>(group, trips, cores);
    let group = ping_pong::<Futures<u64>>(group, trips, cores);
    let group = ping_pong::<Flume<u64>>(group, trips, cores);
    let ping_pongs = ping_pong::<AsyncChannel<u64>>(group, trips, cores);

    vec![streams, ping_pongs]
}

fn stream<C: Channel>(group: Group, items: u64, cores: Cores) -> Group {
    group.with(C::NAME, C::ROLE, move || {
        let (mut tx, mut rx) = C::open();
        let line = StartLine::with_others(1);
        thread::scope(|scope| {
            scope.spawn(|| {
                cores.pin_second();
                line.wait();
                C::send_each(&mut tx, 0..items);
                drop(tx);
            });
            let start = line.start();
            let mut got = Tally::default();
            pollster::block_on(C::receive(&mut rx, &mut got));
            let elapsed = start.elapsed();
            Sample { elapsed, units: items, got, expected: Tally::of(items, 1) }
        })
    })
}

fn ping_pong<C: Channel>(group: Group, trips: u64, cores: Cores) -> Group {
    ping_pong_as::<C>(group, C::NAME.into(), C::ROLE, trips, cores)
}

/// A receiver that spins before it parks buys its answer with the processor: listed, no peer of those
/// that give the processor up.
fn spinning<C: Channel>(group: Group, trips: u64, cores: Cores) -> Group {
    ping_pong_as::<C>(group, format!("{} (spins)", C::NAME), Role::Listed, trips, cores)
}

fn ping_pong_as<C: Channel>(
    group: Group,
    name: String,
    role: Role,
    trips: u64,
    cores: Cores,
) -> Group {
    group.with(name, role, move || {
        let (mut there, mut echo_in) = C::open();
        let (mut echo_out, mut back) = C::open();
        let line = StartLine::with_others(1);
        thread::scope(|scope| {
            scope.spawn(|| {
                cores.pin_second();
                line.wait();
                pollster::block_on(async {
                    while let Some(item) = C::next(&mut echo_in).await {
                        C::send(&mut echo_out, item);
                    }
                });
            });
            let start = line.start();
            pollster::block_on(async {
                let mut got = Tally::default();
                for trip in 0..trips {
                    C::send(&mut there, trip);
                    let Some(item) = C::next(&mut back).await else { break };
                    got.add(item);
                }
                let elapsed = start.elapsed();
                drop(there);
                Sample { elapsed, units: trips, got, expected: Tally::of(trips, 1) }
            })
        })
    })
}
