//! Many streams joined into one, in one task.

use alloc::rc::Rc;
use alloc::sync::Arc;
use core::cell::{Cell, RefCell};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use aiter_adapters::AiterExt;
use cpu_time::ThreadTime;
use futures_buffered::{MergeBounded, MergeUnbounded};
use futures_concurrency::stream::Merge;
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use tokio_stream::StreamMap;

use super::task::Task;
use crate::harness::{Group, Item, Role, Sample, Scale, Tally};

/// Numbers of streams that always have an item.
const READY: [usize; 6] = [1, 10, 100, 1000, 10_000, 100_000];
/// Numbers of streams of which one at a time is woken.
const WOKEN: [usize; 6] = [1, 10, 100, 1000, 10_000, 100_000];
/// Items of one timed run.
const ITEMS: u64 = 200_000;
/// Name of the horizontal axis.
const AXIS: &str = "streams";
/// A fifth of the items of one timed run with many streams.
const FEW: u64 = 4000;

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale) -> Vec<Group> {
    let most = match scale {
        Scale::Measure => usize::MAX,
        Scale::Check => 1000,
    };
    let ready = READY.map(|count| {
        let width = count.min(most);
        let run = Ready { width, items: scale.of(ITEMS, 1) };
        contestants(format!("s6/ready-{count}"), false, run)
            .with("Vec, in turn", Role::Floor, move || run.measure(|streams| InTurn(streams, 0)))
            .at(AXIS, width as u64)
    });
    let woken = WOKEN.map(|count| {
        let width = count.min(most);
        let items = scale.of(if width < 1000 { ITEMS } else { FEW * 5 }, 1);
        contestants(format!("s6/woken-{count}"), width > 1000, Woken { width, items })
            .at(AXIS, width as u64)
    });
    ready.into_iter().chain(woken).collect()
}

/// A measurement of joined streams, for any way to join them.
trait Run: Copy + 'static {
    type Stream: Stream<Item = u64> + Unpin + 'static;

    fn measure<J: Stream<Item = u64>>(self, join: impl FnOnce(Vec<Self::Stream>) -> J) -> Sample;
}

/// Makes a group of all contestants. If `crowded`, leaves out the contestants that poll every
/// stream for each item.
fn contestants<R: Run>(name: String, crowded: bool, run: R) -> Group {
    let group = Group::new(name, "item")
        .with("aiter join_streams", Role::Aiter, move || {
            run.measure(|streams| stream::iter(streams).join_streams())
        })
        .with("futures-buffered MergeUnbounded", Role::Peer, move || {
            run.measure(|streams| streams.into_iter().collect::<MergeUnbounded<_>>())
        })
        .with("futures-buffered MergeBounded", Role::Peer, move || {
            run.measure(|streams| streams.into_iter().collect::<MergeBounded<_>>())
        })
        .with("futures SelectAll", Role::Peer, move || run.measure(stream::select_all))
        .with("futures flatten_unordered", Role::Peer, move || {
            run.measure(|streams| stream::iter(streams).flatten_unordered(None))
        });
    if crowded {
        return group;
    }
    group.with("futures-concurrency merge", Role::Listed, move || run.measure(Merge::merge)).with(
        "tokio StreamMap",
        Role::Listed,
        move || {
            run.measure(|streams| {
                let numbered = streams.into_iter().enumerate();
                numbered.collect::<StreamMap<_, _>>().map(|(_, item)| item)
            })
        },
    )
}

/// The floor: polls the streams in turn, whether or not they were woken.
struct InTurn(Vec<Steady>, usize);

impl Stream for InTurn {
    type Item = u64;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        let Self(streams, at) = &mut *self;
        let polled = streams[*at].poll_next_unpin(cx);
        *at = if *at + 1 == streams.len() { 0 } else { *at + 1 };
        polled
    }
}

/// The wakers of streams that were polled once.
type Wakers = Rc<RefCell<Vec<Waker>>>;

/// A stream that is pending once, and then always has an item. It costs next to nothing, so the
/// join is measured.
struct Steady {
    /// `Some` until the first poll.
    asleep: Option<Wakers>,
}

impl Stream for Steady {
    type Item = u64;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        if self.asleep.is_none() {
            return Poll::Ready(Some(u64::make(1)));
        }
        if let Some(wakers) = self.asleep.take() {
            wakers.borrow_mut().push(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// State that is shared by streams that are woken one by one.
#[derive(Default)]
struct World {
    /// Number of the next item of any stream.
    next: Cell<u64>,
}

/// A stream that is woken for each of its items.
struct Inner {
    world: Rc<World>,
    state: Rc<State>,
}

#[derive(Default)]
struct State {
    /// Items that may be taken without waiting.
    permits: Cell<u64>,
    waker: RefCell<Option<Waker>>,
}

impl Inner {
    fn new(world: &Rc<World>) -> Self {
        Self { world: world.clone(), state: Rc::default() }
    }
}

impl State {
    fn wake(&self) {
        self.permits.set(self.permits.get() + 1);
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}

impl Stream for Inner {
    type Item = u64;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        let permits = self.state.permits.get();
        if permits == 0 {
            let mut waker = self.state.waker.borrow_mut();
            // Tasks, channels and timers do the same.
            if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                *waker = Some(cx.waker().clone());
            }
            return Poll::Pending;
        }
        self.state.permits.set(permits - 1);
        let item = self.world.next.get();
        self.world.next.set(item + 1);
        Poll::Ready(Some(u64::make(item)))
    }
}

/// A measurement of streams that were all woken.
#[derive(Clone, Copy)]
struct Ready {
    width: usize,
    items: u64,
}

impl Run for Ready {
    type Stream = Steady;

    fn measure<J: Stream<Item = u64>>(self, join: impl FnOnce(Vec<Steady>) -> J) -> Sample {
        let Self { width, items } = self;
        let wakers = Wakers::default();
        let mut merged =
            pin!(join((0..width).map(|_| Steady { asleep: Some(wakers.clone()) }).collect()));
        let task = Arc::new(Task::default());
        let waker = Waker::from(task.clone());
        let mut cx = Context::from_waker(&waker);
        // Some joins poll all streams at once, others in turn. After all streams have slept once,
        // every join has them in the order of the wake-ups.
        while wakers.borrow().len() < width || task.was_woken() {
            let asleep = merged.as_mut().poll_next(&mut cx).is_pending();
            assert!(asleep, "no stream was woken yet");
        }
        wakers.take().into_iter().for_each(Waker::wake);
        let mut take = |count: u64| {
            let mut got = Tally::default();
            for _ in 0..count {
                loop {
                    // If pending, the join has yielded and woken the task.
                    if let Poll::Ready(Some(item)) = merged.as_mut().poll_next(&mut cx) {
                        got.add(item.number());
                        break;
                    }
                }
            }
            got
        };
        take(width as u64);
        let start = ThreadTime::now();
        let got = take(items);
        Sample { elapsed: start.elapsed(), units: items, got, expected: Tally::ones(items) }
    }
}

/// A measurement of streams of which one at a time is woken, at random.
#[derive(Clone, Copy)]
struct Woken {
    width: usize,
    items: u64,
}

impl Run for Woken {
    type Stream = Inner;

    fn measure<J: Stream<Item = u64>>(self, join: impl FnOnce(Vec<Inner>) -> J) -> Sample {
        let Self { width, items } = self;
        let world = Rc::new(World::default());
        let streams: Vec<_> = (0..width).map(|_| Inner::new(&world)).collect();
        let states: Vec<_> = streams.iter().map(|stream| stream.state.clone()).collect();
        let mut merged = pin!(join(streams));
        let task = Arc::new(Task::default());
        let waker = Waker::from(task.clone());
        let mut cx = Context::from_waker(&waker);
        let mut read = |got: &mut Tally| {
            loop {
                match merged.as_mut().poll_next(&mut cx) {
                    Poll::Ready(Some(item)) => got.add(item.number()),
                    Poll::Ready(None) => break,
                    Poll::Pending if task.was_woken() => {}
                    Poll::Pending => break,
                }
            }
        };
        let mut random = 1_u64;
        let mut step = |got: &mut Tally| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            states[(random >> 33) as usize % width].wake();
            read(got);
        };
        for _ in 0..width.min(1000) {
            step(&mut Tally::default());
        }
        world.next.set(0);
        let mut got = Tally::default();
        let start = ThreadTime::now();
        for _ in 0..items {
            step(&mut got);
        }
        Sample { elapsed: start.elapsed(), units: items, got, expected: Tally::of(items, 1) }
    }
}
