//! A queue with limited room, of which every reader reads every item.
//!
//! One thread fills the room, and then every reader drains it. Or a producer and readers wait for
//! each other: as tasks of one thread, with the producer on a thread of its own, or each on its own
//! thread. Or a reader is forked, and the fork is dropped.

use std::thread;

use cpu_time::ThreadTime;

use super::executor::{self, Idle, Task};
use super::fork;
use crate::contestants::{
    AiterBounded, AsyncBroadcast, AsyncChannelBounded, AsyncbandBroadcast, AsyncbandMpmc,
    AsyncbandMpsc, Bounded, BoundedChannel, FlumeBounded, KanalBounded, TokioBounded,
    TokioBroadcast,
};
use crate::cores::Cores;
use crate::harness::{Group, Item, Sample, Scale, Tally};
use crate::start_line::StartLine;

/// Room of the groups that fill it.
const FULL: usize = 1024;
/// Numbers of readers.
const READERS: [usize; 3] = [1, 3, 16];
/// Room, and deliveries of one timed run of tasks. A small room costs more wake-ups.
const TASKS: [(usize, u64); 3] = [(1, 100_000), (16, 200_000), (1024, 400_000)];
/// The same for two threads.
const THREADS: [(usize, u64); 2] = [(16, 60_000), (1024, 400_000)];
/// Number of readers that have a thread each.
const APART: usize = 3;
/// Unread items of the reader that is forked, and the suffix of the group.
const BACKLOGS: [(usize, &str); 3] = [(0, "0"), (1000, "1k"), (100_000, "100k")];

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale, cores: Cores) -> Vec<Group> {
    let mut groups = Vec::new();
    for readers in READERS {
        let items = scale.of(400_000 / readers as u64, FULL as u64);
        let fill = Fill { readers, items };
        let group = add_all(group("s11/fill", readers), fill, readers);
        groups.push(add_fill::<TokioBroadcast>(group, fill));
    }
    for (cap, deliveries) in TASKS {
        for readers in READERS.into_iter().filter(|readers| cap > 1 || *readers <= 3) {
            let items = scale.of(deliveries / readers as u64, 1);
            let group = group(&format!("s11/tasks/cap-{cap}"), readers);
            groups.push(add_all(group, Tasks { cap, readers, items }, readers));
        }
    }
    for (cap, deliveries) in THREADS {
        for readers in READERS {
            let items = scale.of(deliveries / readers as u64, 1);
            let group = group(&format!("s11/two-threads/cap-{cap}"), readers);
            groups.push(add_all(group, TwoThreads { cap, readers, items, cores }, readers));
        }
    }
    for (cap, deliveries) in THREADS {
        let items = scale.of(deliveries / 2 / APART as u64, 1);
        let group = group(&format!("s11/thread-each/cap-{cap}"), APART);
        groups.push(add_all(group, ThreadEach { cap, items, cores }, APART));
    }
    groups.extend(BACKLOGS.map(|(backlog, name)| {
        let backlog = scale.most(backlog, 10_000);
        let group = Group::new(format!("s11/fork/backlog-{name}"), "fork and drop")
            .at("items before it", backlog as u64);
        let group = fork::add::<AiterBounded>(group, backlog, scale, "aiter bounded fork");
        fork::add::<AsyncBroadcast>(group, backlog, scale, "async-broadcast clone")
    }));
    groups
}

fn group(name: &str, readers: usize) -> Group {
    Group::new(format!("{name}/readers-{readers}"), "delivered item").at("readers", readers as u64)
}

/// A run that each contestant makes.
trait Run: Copy + 'static {
    fn time<B: BoundedChannel>(self) -> Sample;
}

/// Adds all contestants that can have that many readers.
fn add_all(group: Group, run: impl Run, readers: usize) -> Group {
    fn add<B: BoundedChannel>(group: Group, run: impl Run) -> Group {
        group.with(B::NAME, B::ROLE, move || run.time::<B>())
    }
    let mut group = add::<AiterBounded>(group, run);
    if readers == 1 {
        group = add::<TokioBounded>(group, run);
        group = add::<FlumeBounded>(group, run);
        group = add::<KanalBounded>(group, run);
        group = add::<AsyncChannelBounded>(group, run);
        group = add::<AsyncbandMpsc>(group, run);
        group = add::<AsyncbandMpmc>(group, run);
    }
    let group = add::<AsyncBroadcast>(group, run);
    add::<AsyncbandBroadcast>(group, run)
}

/// Adds a contestant that need not wait.
fn add_fill<B: Bounded>(group: Group, fill: Fill) -> Group {
    group.with(B::NAME, B::ROLE, move || fill.run::<B>())
}

/// Pushes until the room is full, then reads everything with each reader, and so on.
#[derive(Clone, Copy)]
struct Fill {
    readers: usize,
    items: u64,
}

impl Fill {
    fn run<B: Bounded>(self) -> Sample {
        let Self { readers, items } = self;
        let (mut tx, mut receivers) = B::open(FULL, readers);
        let mut step = |from: u64| {
            let mut tally = Tally::default();
            for item in from..from + FULL as u64 {
                if !B::try_send(&mut tx, u64::make(item)) {
                    break;
                }
            }
            for rx in &mut receivers {
                for _ in 0..FULL {
                    let Some(item) = B::try_next(rx) else { break };
                    tally.add(item.number());
                }
            }
            tally
        };
        for _ in 0..2 {
            step(0);
        }
        let mut got = Tally::default();
        let start = ThreadTime::now();
        for from in (0..items).step_by(FULL) {
            got = got.and(step(from));
        }
        sample(start.elapsed(), items, readers, got)
    }
}

impl Run for Fill {
    fn time<B: BoundedChannel>(self) -> Sample {
        self.run::<B>()
    }
}

/// The producer and the readers are tasks of one thread.
#[derive(Clone, Copy)]
struct Tasks {
    cap: usize,
    readers: usize,
    items: u64,
}

impl Run for Tasks {
    fn time<B: BoundedChannel>(self) -> Sample {
        let Self { cap, readers, items } = self;
        let (tx, receivers) = B::open(cap, readers);
        let mut tasks = tasks::<B>(receivers);
        tasks.insert(0, Box::pin(produce::<B>(tx, items)));
        let start = ThreadTime::now();
        let got = executor::run(tasks, Idle::Return);
        sample(start.elapsed(), items, readers, got)
    }
}

/// The producer has a thread of its own. The readers are tasks of another thread.
#[derive(Clone, Copy)]
struct TwoThreads {
    cap: usize,
    readers: usize,
    items: u64,
    cores: Cores,
}

impl Run for TwoThreads {
    fn time<B: BoundedChannel>(self) -> Sample {
        let Self { cap, readers, items, cores } = self;
        let (tx, receivers) = B::open(cap, readers);
        let tasks = tasks::<B>(receivers);
        let line = StartLine::with_others(1);
        thread::scope(|scope| {
            scope.spawn(|| {
                cores.pin_second();
                line.wait();
                pollster::block_on(produce::<B>(tx, items));
            });
            let start = line.start();
            let got = executor::run(tasks, Idle::Park);
            sample(start.elapsed(), items, readers, got)
        })
    }
}

/// The producer and each reader have a thread each. The threads alternate between the two cores.
#[derive(Clone, Copy)]
struct ThreadEach {
    cap: usize,
    items: u64,
    cores: Cores,
}

impl Run for ThreadEach {
    fn time<B: BoundedChannel>(self) -> Sample {
        let Self { cap, items, cores } = self;
        let (tx, mut receivers) = B::open(cap, APART);
        let first = receivers.pop();
        let line = &StartLine::with_others(APART);
        thread::scope(|scope| {
            scope.spawn(move || {
                cores.pin_second();
                line.wait();
                pollster::block_on(produce::<B>(tx, items));
            });
            let reader = |(turn, rx)| {
                scope.spawn(move || {
                    cores.pin_in_turn(turn);
                    line.wait();
                    pollster::block_on(consume::<B>(rx))
                })
            };
            let others: Vec<_> = receivers.into_iter().enumerate().map(reader).collect();
            let start = line.start();
            let mut got =
                first.map_or_else(Tally::default, |rx| pollster::block_on(consume::<B>(rx)));
            for other in others {
                got = got.and(other.join().expect("a reader does not panic"));
            }
            sample(start.elapsed(), items, APART, got)
        })
    }
}

/// Makes a task of each reader.
fn tasks<B: BoundedChannel>(receivers: Vec<B::Rx>) -> Vec<Task> {
    receivers.into_iter().map(|rx| Box::pin(consume::<B>(rx)) as Task).collect()
}

/// Sends the numbers from 0 to `items - 1`, then ends the queue. Receives nothing.
async fn produce<B: BoundedChannel>(mut tx: B::Tx, items: u64) -> Tally {
    for item in 0..items {
        B::send(&mut tx, u64::make(item)).await;
    }
    Tally::default()
}

/// Receives until the end.
async fn consume<B: BoundedChannel>(mut rx: B::Rx) -> Tally {
    let mut tally = Tally::default();
    while let Some(item) = B::next(&mut rx).await {
        tally.add(item.number());
    }
    tally
}

fn sample(elapsed: core::time::Duration, items: u64, readers: usize, got: Tally) -> Sample {
    let readers = readers as u64;
    Sample { elapsed, units: items * readers, got, expected: Tally::of(items, readers) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses_item_beyond_room<B: Bounded>() {
        for cap in [1, 16] {
            let (mut tx, mut receivers) = B::open(cap, 1);
            let rx = &mut receivers[0];
            let sent = (0..100).take_while(|item| B::try_send(&mut tx, *item)).count();
            assert_eq!(sent, cap, "{}", B::NAME);
            assert_eq!(B::try_next(rx), Some(0), "{}", B::NAME);
            assert!(B::try_send(&mut tx, 100), "{}", B::NAME);
            assert!(!B::try_send(&mut tx, 101), "{}", B::NAME);
        }
    }

    #[test]
    fn contestants_refuse_item_beyond_room() {
        refuses_item_beyond_room::<AiterBounded>();
        refuses_item_beyond_room::<TokioBounded>();
        refuses_item_beyond_room::<FlumeBounded>();
        refuses_item_beyond_room::<KanalBounded>();
        refuses_item_beyond_room::<AsyncChannelBounded>();
        refuses_item_beyond_room::<AsyncbandMpsc>();
        refuses_item_beyond_room::<AsyncbandMpmc>();
        refuses_item_beyond_room::<AsyncBroadcast>();
        refuses_item_beyond_room::<AsyncbandBroadcast>();
    }
}
