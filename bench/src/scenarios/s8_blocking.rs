//! Plain code iterates over a stream: of ready items, behind a `dyn`, from another thread, and with
//! a sleep before every item.
//!
//! pollster and tokio have no such iterator. Their contestants are loops over
//! `block_on(stream.next())`.

use std::thread;
use std::time::Instant;

use aiter_core::push_list;
use aiter_executor_compat::{BlockOn, aiter_to_iter, park_thread};
use cpu_time::ThreadTime;
use futures_core::Stream;
use futures_util::{StreamExt, stream};

use crate::cores::Cores;
use crate::harness::{Group, Item, Role, Sample, Scale, Tally};

/// Items of one timed run if all are ready.
const READY: u64 = 4_000_000;
/// Items of one timed run if another thread pushes them.
const ACROSS: u64 = 1_000_000;
/// Round trips of one timed run.
const TRIPS: u64 = 400;

/// A way to iterate over a stream.
trait Bridge: 'static {
    const NAME: &'static str;
    const ROLE: Role = Role::Peer;

    fn iter<S: Stream<Item = u64> + Unpin>(stream: S) -> impl Iterator<Item = u64>;
}

struct Aiter;

impl Bridge for Aiter {
    const NAME: &'static str = "aiter_to_iter, park_thread";
    const ROLE: Role = Role::Aiter;

    fn iter<S: Stream<Item = u64> + Unpin>(stream: S) -> impl Iterator<Item = u64> {
        aiter_to_iter(stream, park_thread)
    }
}

struct AiterBlockOn;

impl Bridge for AiterBlockOn {
    const NAME: &'static str = "BlockOn::iter";
    const ROLE: Role = Role::Aiter;

    fn iter<S: Stream<Item = u64> + Unpin>(stream: S) -> impl Iterator<Item = u64> {
        BlockOn::new().iter(stream)
    }
}

struct AiterPollster;

impl Bridge for AiterPollster {
    const NAME: &'static str = "aiter_to_iter, pollster";
    const ROLE: Role = Role::Aiter;

    fn iter<S: Stream<Item = u64> + Unpin>(stream: S) -> impl Iterator<Item = u64> {
        aiter_to_iter(stream, |next| pollster::block_on(next))
    }
}

struct FuturesLite;

impl Bridge for FuturesLite {
    const NAME: &'static str = "futures-lite";

    fn iter<S: Stream<Item = u64> + Unpin>(stream: S) -> impl Iterator<Item = u64> {
        futures_lite::stream::block_on(stream)
    }
}

struct Futures;

impl Bridge for Futures {
    const NAME: &'static str = "futures";

    fn iter<S: Stream<Item = u64> + Unpin>(stream: S) -> impl Iterator<Item = u64> {
        futures_executor::block_on_stream(stream)
    }
}

struct Pollster;

impl Bridge for Pollster {
    const NAME: &'static str = "pollster (loop)";

    fn iter<S: Stream<Item = u64> + Unpin>(mut stream: S) -> impl Iterator<Item = u64> {
        core::iter::from_fn(move || pollster::block_on(stream.next()))
    }
}

struct Tokio;

impl Bridge for Tokio {
    const NAME: &'static str = "tokio (loop)";

    fn iter<S: Stream<Item = u64> + Unpin>(mut stream: S) -> impl Iterator<Item = u64> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        core::iter::from_fn(move || runtime.block_on(stream.next()))
    }
}

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale, cores: Cores) -> Vec<Group> {
    let items = scale.of(READY, 1);
    let ready = each(Group::new("s8/ready", "item"), move |bridge| bridge.ready(items)).with(
        "the iterator itself",
        Role::Floor,
        move || timed(numbers(items), items),
    );
    let boxed = each(Group::new("s8/dyn", "item"), move |bridge| bridge.boxed(items));
    let items = scale.of(ACROSS, 1);
    let across =
        each(Group::new("s8/two-threads", "item"), move |bridge| bridge.across(items, cores));
    let trips = scale.of(TRIPS, 1);
    let asleep =
        each(Group::new("s8/asleep", "round trip"), move |bridge| bridge.ping_pong(trips, cores));
    vec![ready, boxed, across, asleep]
}

/// The measurements of any bridge.
struct AnyBridge {
    ready: fn(u64) -> Sample,
    boxed: fn(u64) -> Sample,
    across: fn(u64, Cores) -> Sample,
    ping_pong: fn(u64, Cores) -> Sample,
}

impl AnyBridge {
    fn ready(&self, items: u64) -> Sample {
        (self.ready)(items)
    }

    fn boxed(&self, items: u64) -> Sample {
        (self.boxed)(items)
    }

    fn across(&self, items: u64, cores: Cores) -> Sample {
        (self.across)(items, cores)
    }

    fn ping_pong(&self, trips: u64, cores: Cores) -> Sample {
        (self.ping_pong)(trips, cores)
    }
}

/// Adds every bridge.
fn each(group: Group, run: impl Fn(&AnyBridge) -> Sample + Copy + 'static) -> Group {
    fn add<B: Bridge>(group: Group, run: impl Fn(&AnyBridge) -> Sample + 'static) -> Group {
        let any = AnyBridge {
            ready: |items| timed(B::iter(stream::iter(numbers(items))), items),
            boxed: |items| {
                let boxed: Box<dyn Stream<Item = u64> + Unpin> =
                    Box::new(stream::iter(numbers(items)));
                timed(B::iter(core::hint::black_box(boxed)), items)
            },
            across: across::<B>,
            ping_pong: ping_pong::<B>,
        };
        group.with(B::NAME, B::ROLE, move || run(&any))
    }
    let group = add::<Aiter>(group, run);
    let group = add::<AiterBlockOn>(group, run);
    let group = add::<AiterPollster>(group, run);
    let group = add::<FuturesLite>(group, run);
    let group = add::<Futures>(group, run);
    let group = add::<Pollster>(group, run);
    add::<Tokio>(group, run)
}

fn numbers(items: u64) -> impl Iterator<Item = u64> {
    (0..items).map(u64::make)
}

/// Reads all items, on one thread.
fn timed(iter: impl Iterator<Item = u64>, items: u64) -> Sample {
    let mut got = Tally::default();
    let start = ThreadTime::now();
    for item in iter {
        got.add(item.number());
    }
    Sample { elapsed: start.elapsed(), units: items, got, expected: Tally::of(items, 1) }
}

/// Reads what another thread pushes as fast as it can.
fn across<B: Bridge>(items: u64, cores: Cores) -> Sample {
    let (pusher, cursor) = push_list();
    let start = Instant::now();
    let got = thread::scope(|scope| {
        scope.spawn(move || {
            cores.pin_second();
            for item in numbers(items) {
                pusher.push(item).expect("the cursor is alive");
            }
        });
        let mut got = Tally::default();
        B::iter(cursor).for_each(|item| got.add(item.number()));
        got
    });
    Sample { elapsed: start.elapsed(), units: items, got, expected: Tally::of(items, 1) }
}

/// Sends items to and fro. Both threads sleep before every item.
fn ping_pong<B: Bridge>(trips: u64, cores: Cores) -> Sample {
    let (there, echo_in) = push_list();
    let (echo_out, back) = push_list();
    thread::scope(|scope| {
        scope.spawn(move || {
            cores.pin_second();
            for item in B::iter(echo_in) {
                echo_out.push(item).expect("the other side reads");
            }
        });
        let mut got = Tally::default();
        let mut back = B::iter(back);
        // The first trip contains the start of the other thread.
        let _ = there.push(0).map(|()| back.next());
        let start = Instant::now();
        for trip in 0..trips {
            there.push(u64::make(trip)).expect("the other side reads");
            let Some(item) = back.next() else { break };
            got.add(item.number());
        }
        let elapsed = start.elapsed();
        drop(there);
        Sample { elapsed, units: trips, got, expected: Tally::of(trips, 1) }
    })
}
