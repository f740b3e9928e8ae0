//! One thread pushes, another awaits.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::thread;

use crate::contestants::{
    Aiter, AiterUnique, AsyncChannel, Channel, CrossfireMpsc, CrossfireSpsc, Flume, Futures,
    InRuns, Kanal, Tokio,
};
use crate::cores::Cores;
use crate::harness::{Group, Role, Sample, Scale, Tally};
use crate::start_line::StartLine;

/// Items of one timed run.
const ITEMS: u64 = 1_000_000;
/// Round trips of one timed run if the threads sleep.
const TRIPS: u64 = 400;
/// Round trips of one timed run if the threads spin.
const QUICK_TRIPS: u64 = 20_000;

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale, cores: Cores) -> Vec<Group> {
    let items = scale.of(ITEMS, 1);
    let group = Group::new("s2/stream", "item");
    let group = stream::<Aiter<u64>>(group, items, cores);
    let group = stream::<AiterUnique<u64>>(group, items, cores);
    let group = stream::<Kanal<u64>>(group, items, cores);
    let group = stream::<CrossfireMpsc<u64>>(group, items, cores);
    let group = stream::<CrossfireSpsc<u64>>(group, items, cores);
    let group = stream::<Tokio<u64>>(group, items, cores);
    let group = stream::<Futures<u64>>(group, items, cores);
    let group = stream::<Flume<u64>>(group, items, cores);
    let streams = stream::<AsyncChannel<u64>>(group, items, cores);

    let group = Group::new("s2/runs", "item");
    let group = stream::<InRuns<Aiter<u64>>>(group, items, cores);
    let group = stream::<InRuns<AiterUnique<u64>>>(group, items, cores);
    let group = stream::<InRuns<Kanal<u64>>>(group, items, cores);
    let group = stream::<InRuns<Tokio<u64>>>(group, items, cores);
    let runs = stream::<InRuns<Flume<u64>>>(group, items, cores);

    let asleep = Trips { count: scale.of(TRIPS, 1), wait: Wait::Park, cores };
    let group = Group::new("s2/ping-pong", "round trip");
    let group = ping_pong::<Aiter<u64>>(group, asleep);
    let group = ping_pong::<Kanal<u64>>(group, asleep);
    let group = spins_first::<CrossfireMpsc<u64>>(group, asleep);
    let group = spins_first::<CrossfireSpsc<u64>>(group, asleep);
    let group = ping_pong::<Tokio<u64>>(group, asleep);
    let group = ping_pong::<Futures<u64>>(group, asleep);
    let group = ping_pong::<Flume<u64>>(group, asleep);
    let ping_pongs = ping_pong::<AsyncChannel<u64>>(group, asleep);

    let spinning = Trips { count: scale.of(QUICK_TRIPS, 1), wait: Wait::Spin, cores };
    let group = Group::new("s2/ping-pong-spinning", "round trip");
    let group = ping_pong::<Aiter<u64>>(group, spinning);
    let group = ping_pong::<Kanal<u64>>(group, spinning);
    let group = ping_pong::<CrossfireMpsc<u64>>(group, spinning);
    let group = ping_pong::<CrossfireSpsc<u64>>(group, spinning);
    let group = ping_pong::<Tokio<u64>>(group, spinning);
    let group = ping_pong::<Futures<u64>>(group, spinning);
    let group = ping_pong::<Flume<u64>>(group, spinning);
    let spinning = ping_pong::<AsyncChannel<u64>>(group, spinning);

    vec![streams, runs, ping_pongs, spinning]
}

/// How a thread waits for a future.
#[derive(Clone, Copy)]
enum Wait {
    /// Sleeps until it is woken.
    Park,
    /// Polls in a loop. Wakers have no effect.
    Spin,
}

impl Wait {
    fn block_on<F: Future>(self, future: F) -> F::Output {
        if let Self::Park = self {
            return pollster::block_on(future);
        }
        let mut future = pin!(future);
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            core::hint::spin_loop();
        }
    }
}

/// Number of round trips, and how the threads wait.
#[derive(Clone, Copy)]
struct Trips {
    count: u64,
    wait: Wait,
    cores: Cores,
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
            let got = pollster::block_on(C::receive(&mut rx));
            let elapsed = start.elapsed();
            Sample { elapsed, units: items, got, expected: Tally::of(items, 1) }
        })
    })
}

fn ping_pong<C: Channel>(group: Group, trips: Trips) -> Group {
    ping_pong_as::<C>(group, C::NAME.into(), C::ROLE, trips)
}

/// Adds a receiver that spins before it parks. It is listed, because its peers give the processor
/// up at once.
fn spins_first<C: Channel>(group: Group, trips: Trips) -> Group {
    ping_pong_as::<C>(group, format!("{} (spins)", C::NAME), Role::Listed, trips)
}

fn ping_pong_as<C: Channel>(group: Group, name: String, role: Role, trips: Trips) -> Group {
    let Trips { count, wait, cores } = trips;
    group.with(name, role, move || {
        let (mut there, mut echo_in) = C::open();
        let (mut echo_out, mut back) = C::open();
        let line = StartLine::with_others(1);
        thread::scope(|scope| {
            scope.spawn(|| {
                cores.pin_second();
                line.wait();
                wait.block_on(async {
                    while let Some(item) = C::next(&mut echo_in).await {
                        C::send(&mut echo_out, item);
                    }
                });
            });
            let start = line.start();
            wait.block_on(async {
                let mut got = Tally::default();
                for trip in 0..count {
                    C::send(&mut there, trip);
                    let Some(item) = C::next(&mut back).await else { break };
                    got.add(item);
                }
                let elapsed = start.elapsed();
                drop(there);
                Sample { elapsed, units: count, got, expected: Tally::of(count, 1) }
            })
        })
    })
}
