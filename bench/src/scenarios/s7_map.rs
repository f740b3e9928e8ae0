//! An async function over a stream, several calls at a time.
//!
//! - `in-task`: calls run in the task that reads, and return at once.
//! - `yielding`: calls run in the task that reads, and wait once.
//! - `spawned`: calls run on an executor with one thread, and return at once.
//! - `slow-consumer`: a call sleeps for a millisecond, and the consumer computes for a millisecond.
//!   An item
//!   takes one millisecond if the two overlap, else two.

use alloc::sync::Arc;
use core::future::{Future, poll_fn};
use core::hint::black_box;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use cpu_time::ThreadTime;
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use smol::{Executor, Timer, channel};
use tokio::runtime;

use super::task::Task;
use crate::contestants::{
    AiterMap, AiterMapWith, BufferUnordered, Buffered, FuturesBuffered, MapInTask, MapSpawned,
    Then, TokioJoinSet, Workers,
};
use crate::cores::Cores;
use crate::harness::{Group, Item, Role, Sample, Scale, Tally};

/// Numbers of calls at a time.
const WINDOWS: [usize; 2] = [16, 256];
/// Items of one timed run in one task.
const ITEMS: u64 = 200_000;
/// Items of one timed run with spawned calls.
const SPAWNED: u64 = 20_000;
/// Items of one timed run with a slow consumer.
const SLOW: u64 = 150;
/// Numbers of slow calls at a time.
const FEW: [usize; 3] = [1, 2, 8];
/// Name of the consumer that waits for nothing.
const BODY: &str = "the body alone";
/// Duration of a slow call and of a slow body.
const LONG: Duration = Duration::from_millis(1);

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale, cores: Cores) -> Vec<Group> {
    let mut groups = Vec::new();
    let items = scale.of(ITEMS, 1);
    for window in WINDOWS {
        let group = Group::new(format!("s7/in-task-{window}"), "item");
        groups.push(in_task(group, items, window, light));
    }
    for window in WINDOWS {
        let group = Group::new(format!("s7/yielding-{window}"), "item");
        groups.push(in_task(group, items, window, yielding));
    }
    let items = scale.of(SPAWNED, 1);
    for window in WINDOWS {
        let group = Group::new(format!("s7/spawned-{window}"), "item");
        let group = spawned::<AiterMapWith, _>(group, items, window, cores, light, |_| ());
        let group = spawned::<Workers, _>(group, items, window, cores, light, |_| ());
        groups.push(spawned::<TokioJoinSet, _>(group, items, window, cores, light, |_| ()));
    }
    let items = scale.of(SLOW, 1);
    groups.extend(FEW.map(|window| slow_consumer(items, window, cores)));
    groups
}

async fn light(n: u64) -> u64 {
    black_box(n)
}

async fn yielding(n: u64) -> u64 {
    let mut waited = false;
    poll_fn(|cx| {
        if core::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    black_box(n)
}

async fn asleep(n: u64) -> u64 {
    Timer::after(LONG).await;
    n
}

/// A consumer that computes.
fn compute(_: u64) {
    let begin = Instant::now();
    while begin.elapsed() < LONG {
        core::hint::spin_loop();
    }
}

fn source(items: u64) -> impl Stream<Item = u64> + Send + Unpin + 'static {
    stream::iter((0..items).map(u64::make))
}

fn in_task<Fut: Future<Output = u64> + 'static>(
    group: Group,
    items: u64,
    window: usize,
    f: fn(u64) -> Fut,
) -> Group {
    fn add<M: MapInTask, Fut: Future<Output = u64> + 'static>(
        group: Group,
        items: u64,
        window: usize,
        f: fn(u64) -> Fut,
    ) -> Group {
        group.with(M::NAME, M::ROLE, move || {
            let start = ThreadTime::now();
            let got = read_by_hand(M::map(source(items), window, f));
            let elapsed = start.elapsed();
            Sample { elapsed, units: items, got, expected: Tally::of(items, 1) }
        })
    }
    let group = add::<AiterMap, _>(group, items, window, f);
    let group = add::<FuturesBuffered, _>(group, items, window, f);
    let group = add::<BufferUnordered, _>(group, items, window, f);
    let group = add::<Buffered, _>(group, items, window, f);
    add::<Then, _>(group, items, window, f)
}

/// Reads to the end, or until the stream is pending and has not woken its task.
fn read_by_hand(stream: impl Stream<Item = u64>) -> Tally {
    let mut stream = pin!(stream);
    let task = Arc::new(Task::default());
    let waker = Waker::from(task.clone());
    let mut cx = Context::from_waker(&waker);
    let mut got = Tally::default();
    loop {
        match stream.as_mut().poll_next(&mut cx) {
            Poll::Ready(Some(item)) => got.add(item.number()),
            Poll::Ready(None) => break,
            Poll::Pending if task.was_woken() => {}
            Poll::Pending => break,
        }
    }
    got
}

/// Reads to the end and calls `body` for each item.
async fn read(stream: impl Stream<Item = u64>, body: fn(u64)) -> Tally {
    let mut stream = pin!(stream);
    let mut got = Tally::default();
    while let Some(item) = stream.next().await {
        got.add(item);
        body(item);
    }
    got
}

/// Adds a contestant whose calls run on the second core.
fn spawned<M: MapSpawned, Fut: Future<Output = u64> + Send + 'static>(
    group: Group,
    items: u64,
    window: usize,
    cores: Cores,
    f: fn(u64) -> Fut,
    body: fn(u64),
) -> Group {
    group.with(M::NAME, M::ROLE, move || {
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = channel::bounded::<()>(1);
        let pool = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .on_thread_start(move || {
                cores.pin_second();
            })
            .build()
            .expect("a thread can be started");
        thread::scope(|scope| {
            scope.spawn(|| {
                cores.pin_second();
                // Ends when the other half is dropped.
                let _ = smol::block_on(executor.run(stopped.recv()));
            });
            let _inside = pool.enter();
            let start = Instant::now();
            let got = smol::block_on(read(M::map(&executor, source(items), window, f), body));
            let elapsed = start.elapsed();
            drop(stop);
            Sample { elapsed, units: items, got, expected: Tally::of(items, 1) }
        })
    })
}

fn slow_consumer(items: u64, window: usize, cores: Cores) -> Group {
    fn add<M: MapInTask>(group: Group, items: u64, window: usize) -> Group {
        group.with(M::NAME, M::ROLE, move || {
            let start = Instant::now();
            let got = smol::block_on(read(M::map(source(items), window, asleep), compute));
            let elapsed = start.elapsed();
            Sample { elapsed, units: items, got, expected: Tally::of(items, 1) }
        })
    }
    let group =
        Group::new(format!("s7/slow-consumer-{window}"), "item").at("window", window as u64);
    let group = spawned::<AiterMapWith, _>(group, items, window, cores, asleep, compute);
    let group = spawned::<Workers, _>(group, items, window, cores, asleep, compute);
    let group = add::<Buffered>(group, items, window);
    let group = add::<BufferUnordered>(group, items, window);
    let group = add::<FuturesBuffered>(group, items, window);
    group.with(BODY, Role::Floor, move || {
        let start = Instant::now();
        let got = smol::block_on(read(source(items), compute));
        let elapsed = start.elapsed();
        Sample { elapsed, units: items, got, expected: Tally::of(items, 1) }
    })
}
