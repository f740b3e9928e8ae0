//! One thread pushes a burst, then takes it.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use cpu_time::ThreadTime;

use crate::contestants::{
    Aiter, AiterUnique, AsyncChannel, Channel, Crossbeam, CrossfireMpsc, CrossfireSpsc, Floor,
    Flume, Futures, Kanal, Queue, Tokio,
};
use crate::harness::{Group, Item, Sample, Scale, Tally};

/// Lengths of the bursts.
pub(crate) const BURSTS: [u64; 3] = [1, 32, 1000];
/// Items of one timed run in bursts.
const ITEMS: u64 = 300_000;
/// Items of one timed run that pushes all items before it takes the first.
const ALL: u64 = 1_000_000;
/// Name of the horizontal axis.
const AXIS: &str = "items in a burst";
/// Number of items for the warm-up.
const WARM: u64 = 4000;

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale) -> Vec<Group> {
    let mut groups = Vec::new();
    for burst in BURSTS {
        let items = scale.of(ITEMS, burst);
        let name = format!("s1/one-by-one/u64/burst-{burst}");
        groups.push(one_by_one::<u64>(name, items, burst).at(AXIS, burst));
    }
    let all = scale.of(ALL, 1);
    groups.push(one_by_one::<u64>("s1/one-by-one/u64/burst-all".into(), all, all).at(AXIS, all));
    for burst in BURSTS {
        let items = scale.of(ITEMS, burst);
        let name = format!("s1/one-by-one/64-byte/burst-{burst}");
        groups.push(one_by_one::<[u64; 8]>(name, items, burst).at(AXIS, burst));
    }
    let name = "s1/one-by-one/64-byte/burst-all".into();
    groups.push(one_by_one::<[u64; 8]>(name, all, all).at(AXIS, all));
    for burst in [32, 1000] {
        let name = format!("s1/runs/u64/burst-{burst}");
        groups.push(runs(name, scale.of(ITEMS, burst), burst).at(AXIS, burst));
    }
    for burst in BURSTS {
        let name = format!("s1/await/u64/burst-{burst}");
        groups.push(awaited(name, scale.of(ITEMS, burst), burst).at(AXIS, burst));
    }
    groups
}

/// Adds a contestant that pushes and takes one by one, in bursts.
pub(super) fn add<T: Item, Q: Queue<T>>(group: Group, items: u64, burst: u64) -> Group {
    group.with(Q::NAME, Q::ROLE, move || {
        time::<T, Q>(items, burst, |queue, from, to| {
            let mut tally = Tally::default();
            queue.push_each((from..to).map(T::make));
            for _ in from..to {
                let Some(item) = queue.try_next() else { break };
                tally.add(item.number());
            }
            tally
        })
    })
}

fn one_by_one<T: Item>(name: String, items: u64, burst: u64) -> Group {
    let group = Group::new(name, "item");
    let group = add::<T, Aiter<T>>(group, items, burst);
    let group = add::<T, AiterUnique<T>>(group, items, burst);
    let group = add::<T, Kanal<T>>(group, items, burst);
    let group = add::<T, CrossfireMpsc<T>>(group, items, burst);
    let group = add::<T, CrossfireSpsc<T>>(group, items, burst);
    let group = add::<T, Tokio<T>>(group, items, burst);
    let group = add::<T, Futures<T>>(group, items, burst);
    let group = add::<T, Flume<T>>(group, items, burst);
    let group = add::<T, AsyncChannel<T>>(group, items, burst);
    let group = add::<T, Crossbeam<T>>(group, items, burst);
    add::<T, Floor<T>>(group, items, burst)
}

fn runs(name: String, items: u64, burst: u64) -> Group {
    fn add<Q: Queue<u64>>(group: Group, items: u64, burst: u64) -> Group {
        let mut buf = Vec::with_capacity(burst as usize);
        group.with(format!("{} ({})", Q::NAME, Q::BATCH), Q::ROLE, move || {
            time::<u64, Q>(items, burst, |queue, from, to| {
                let mut tally = Tally::default();
                queue.push_all((from..to).map(u64::make));
                queue.take_many(&mut buf, burst as usize, |item| tally.add(item.number()));
                tally
            })
        })
    }
    let group = Group::new(name, "item");
    let group = add::<Aiter<u64>>(group, items, burst);
    let group = add::<AiterUnique<u64>>(group, items, burst);
    let group = add::<Kanal<u64>>(group, items, burst);
    let group = add::<CrossfireMpsc<u64>>(group, items, burst);
    let group = add::<CrossfireSpsc<u64>>(group, items, burst);
    let group = add::<Tokio<u64>>(group, items, burst);
    let group = add::<Futures<u64>>(group, items, burst);
    let group = add::<Flume<u64>>(group, items, burst);
    let group = add::<AsyncChannel<u64>>(group, items, burst);
    let group = add::<Crossbeam<u64>>(group, items, burst);
    add::<Floor<u64>>(group, items, burst)
}

/// Opens a queue, warms it up, times `step` burst by burst, and counts leftover items as well.
///
/// A step returns its own tally. So the tally is in registers even if the compiler does not inline
/// the step.
fn time<T: Item, Q: Queue<T>>(
    items: u64,
    burst: u64,
    mut step: impl FnMut(&mut Q, u64, u64) -> Tally,
) -> Sample {
    let mut queue = Q::open();
    for _ in 0..(WARM / burst).max(1) {
        step(&mut queue, 0, burst.min(WARM));
    }
    let mut got = Tally::default();
    let start = ThreadTime::now();
    let mut from = 0;
    while from < items {
        got = got.and(step(&mut queue, from, from + burst));
        from += burst;
    }
    let elapsed = start.elapsed();
    while let Some(item) = queue.try_next() {
        got.add(item.number());
    }
    Sample { elapsed, units: items, got, expected: Tally::of(items, 1) }
}

fn awaited(name: String, items: u64, burst: u64) -> Group {
    fn add<C: Channel>(group: Group, items: u64, burst: u64) -> Group {
        group.with(C::NAME, C::ROLE, move || awaited_run::<C>(items, burst))
    }
    let group = Group::new(name, "item");
    let group = add::<Aiter<u64>>(group, items, burst);
    let group = add::<AiterUnique<u64>>(group, items, burst);
    let group = add::<Kanal<u64>>(group, items, burst);
    let group = add::<CrossfireMpsc<u64>>(group, items, burst);
    let group = add::<CrossfireSpsc<u64>>(group, items, burst);
    let group = add::<Tokio<u64>>(group, items, burst);
    let group = add::<Futures<u64>>(group, items, burst);
    let group = add::<Flume<u64>>(group, items, burst);
    add::<AsyncChannel<u64>>(group, items, burst)
}

fn awaited_run<C: Channel>(items: u64, burst: u64) -> Sample {
    let expected = Tally::of(items, 1);
    let sample = run_ready(async {
        let (mut tx, mut rx) = C::open();
        for _ in 0..(WARM / burst).max(1) {
            C::send_each(&mut tx, 0..burst);
            for _ in 0..burst {
                C::next(&mut rx).await;
            }
        }
        let mut got = Tally::default();
        let start = ThreadTime::now();
        let mut from = 0;
        while from < items {
            C::send_each(&mut tx, from..from + burst);
            for _ in 0..burst {
                let Some(item) = C::next(&mut rx).await else { break };
                got.add(item.number());
            }
            from += burst;
        }
        let elapsed = start.elapsed();
        drop(tx);
        let got = got.and(C::receive(&mut rx).await);
        Sample { elapsed, units: items, got, expected }
    });
    let nothing = Sample { elapsed: Duration::ZERO, units: items, got: Tally::default(), expected };
    sample.unwrap_or(nothing)
}

/// Polls a future that should not wait. Returns `None` if it waits, because an item was lost,
/// instead of hanging.
fn run_ready<F: Future>(future: F) -> Option<F::Output> {
    /// More than one, because a future may wake itself and yield.
    const POLLS: usize = 1000;

    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    (0..POLLS).find_map(|_| match future.as_mut().poll(&mut cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

/// Pushes a burst of numbers and takes it, one by one.
pub(crate) fn warm_burst<Q: Queue<u64>>(queue: &mut Q, burst: u64) -> Tally {
    let mut tally = Tally::default();
    queue.push_each(0..burst);
    while let Some(item) = queue.try_next() {
        tally.add(item);
    }
    tally
}
