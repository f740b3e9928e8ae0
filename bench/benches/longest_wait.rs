//! The longest wait of an item before its computation begins. Every 45 ms comes an item that takes
//! 60 ms, for two threads of a runtime.
//!
//! `cargo bench --bench longest_wait [RUNS]` prints a line for each way, in ms: the median, the
//! least and the largest of the longest waits of ten runs. The control of a runtime is a task for
//! each item in `buffer_unordered(2)`.

use core::{pin::pin, time::Duration};
use std::{env, thread, time::Instant};

use aiter_adapters::AiterExt;
use aiter_core::push_list;
use futures_channel::mpsc;
use futures_util::{Stream, StreamExt, future::join_all};
use smol::Executor;

/// Time between two items.
const EVERY: Duration = Duration::from_millis(45);
/// Duration of a computation.
const WORK: Duration = Duration::from_millis(60);
/// Items of a run.
const ITEMS: usize = 30;
const RUNS: usize = 10;

/// An item: the time at which it was sent.
type Sent = Instant;

/// Computes, and returns how long the item waited before.
fn compute(sent: Sent) -> Duration {
    let begin = Instant::now();
    while begin.elapsed() < WORK {
        core::hint::spin_loop();
    }
    begin - sent
}

async fn computed(sent: Sent) -> Duration {
    compute(sent)
}

/// Sends an item every 45 ms, from a thread of its own.
fn ticks(mut send: impl FnMut(Sent) + Send + 'static) {
    thread::spawn(move || {
        let begin = Instant::now();
        for n in 0..ITEMS {
            thread::sleep((begin + EVERY * n as u32).saturating_duration_since(Instant::now()));
            send(Instant::now());
        }
    });
}

fn source() -> impl Stream<Item = Sent> + Send + Unpin + 'static {
    let (sender, receiver) = mpsc::unbounded();
    ticks(move |sent| sender.unbounded_send(sent).expect("the runtime reads to the end"));
    receiver
}

async fn longest(waits: impl Stream<Item = Duration>) -> Duration {
    let mut waits = pin!(waits);
    let (mut longest, mut count) = (Duration::ZERO, 0);
    while let Some(wait) = waits.next().await {
        longest = longest.max(wait);
        count += 1;
    }
    assert_eq!(count, ITEMS, "each item arrives once");
    longest
}

/// The task of one of two takers.
async fn take(items: impl Stream<Item = Sent>) -> Vec<Duration> {
    items.map(compute).collect().await
}

/// Makes the ways. `$spawn` returns a handle, and `$result` maps its output to the waits.
macro_rules! ways {
    ($spawn:expr, $result:expr) => {
        [
            (
                "control",
                pin_box(async {
                    longest(
                        source()
                            .map(|sent| $spawn(computed(sent)))
                            .buffer_unordered(2)
                            .map($result),
                    )
                    .await
                }),
            ),
            (
                "map_par_with",
                pin_box(async { longest(source().map_par_with(2, $spawn, computed)).await }),
            ),
            (
                "sharable",
                pin_box(async {
                    let one = source().sharable();
                    let tasks = [one.clone(), one].map(|items| $spawn(take(items)));
                    let waits = join_all(tasks).await.into_iter().map($result).flatten();
                    longest(futures_util::stream::iter(waits)).await
                }),
            ),
            (
                "SharedCursor",
                pin_box(async {
                    let (pusher, cursor) = push_list();
                    ticks(move |sent| pusher.push(sent).expect("the takers read to the end"));
                    let one = cursor.share();
                    let tasks = [one.clone(), one].map(|items| $spawn(take(items)));
                    let waits = join_all(tasks).await.into_iter().map($result).flatten();
                    longest(futures_util::stream::iter(waits)).await
                }),
            ),
        ]
    };
}

type Way<'a> = core::pin::Pin<Box<dyn Future<Output = Duration> + 'a>>;

fn pin_box<'a>(way: impl Future<Output = Duration> + 'a) -> Way<'a> {
    Box::pin(way)
}

/// Returns the longest waits of one run on tokio.
fn on_tokio() -> Vec<(&'static str, Duration)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("threads can be started");
    let _inside = runtime.enter();
    let ways = ways!(tokio::spawn, |waits: Result<_, _>| waits.expect("no task panics"));
    ways.map(|(name, way)| (name, runtime.block_on(way))).into()
}

/// Returns the longest waits of one run on two threads of smol's executor.
fn on_smol() -> Vec<(&'static str, Duration)> {
    let executor = Executor::new();
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| smol::block_on(executor.run(stopped.recv())).expect_err("it is closed"));
        }
        let ways = ways!(|task| executor.spawn(task), |waits| waits);
        let longest = ways.map(|(name, way)| (name, smol::block_on(way))).into();
        drop(stop);
        longest
    })
}

fn main() {
    let runs = env::args().find_map(|arg| arg.parse().ok()).unwrap_or(RUNS);
    println!(
        "{ITEMS} items, {WORK:?} of work every {EVERY:?}, {runs} runs: the longest wait in ms"
    );
    println!("{:8} {:13} {:>7} {:>7} {:>7}", "runtime", "way", "median", "least", "largest");
    for (runtime, run) in [("tokio", on_tokio as fn() -> Vec<_>), ("smol", on_smol)] {
        let runs: Vec<_> = (0..runs).map(|_| run()).collect();
        for way in 0..runs[0].len() {
            let mut waits: Vec<_> = runs.iter().map(|run| run[way].1.as_secs_f64() * 1e3).collect();
            waits.sort_by(f64::total_cmp);
            let (name, median) = (runs[0][way].0, waits[waits.len() / 2]);
            let (least, largest) = (waits[0], waits[waits.len() - 1]);
            println!("{runtime:8} {name:13} {median:7.1} {least:7.1} {largest:7.1}");
        }
    }
}
