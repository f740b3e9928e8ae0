//! The operations, each run many times between the marks.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::hint::black_box;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};

use aiter_adapters::AiterExt;
use aiter_core::{Cursor, push_list};
use aiter_executor_compat::{aiter_to_iter, park_thread};
use futures_core::Stream;
use futures_util::{FutureExt, StreamExt, stream};

/// Runs what lies between the marks.
pub(crate) type Marks<'a> = &'a mut dyn FnMut(&mut dyn FnMut());

/// Something that costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    /// Its name.
    pub(crate) name: &'static str,
    /// How often it happens between the marks.
    pub(crate) times: u64,
    /// Prepares, and does it that often between the marks.
    pub(crate) run: fn(u64, Marks<'_>),
}

const fn operation(name: &'static str, run: fn(u64, Marks<'_>)) -> Operation {
    Operation { name, times: 12_800, run }
}

/// All of them.
pub(crate) const OPERATIONS: [Operation; 28] = [
    operation("push", push),
    operation("pop", pop),
    operation("push and pop, bursts of 32", bursts),
    operation("push and pop, 64 bytes, bursts of 32", large_bursts),
    operation("push and pop, sole pusher, bursts of 32", sole_bursts),
    operation("push and pop, reserve of 100,000", reserved::<100_000>),
    operation("push and pop, reserve of 10 million", reserved::<10_000_000>),
    operation("push_all and try_next_many, runs of 32", runs),
    operation("sole push_all and try_next_many, runs of 32", sole_runs),
    operation("push that wakes, and the next sleep", wakes),
    operation("push that wakes a new waker each time", wakes_others),
    operation("a cursor that sleeps, polled in vain", polls_in_vain),
    operation("burst of 12800, pushed and popped", long_burst),
    operation("fork and drop", fork),
    operation("delivered item, 8 forks", delivered),
    operation("delivered item, 8 forks, in runs of 32", delivered_in_runs),
    operation("push and take, shared cursor", shared),
    Operation { name: "item for 2 takers that sleep", times: 6400, run: wakes_takers::<2> },
    Operation { name: "item for 16 takers that sleep", times: 800, run: wakes_takers::<16> },
    operation("delivered item, forker, 2 forks", forker),
    operation("burst of 6400 read by 2 forks in turn", forker_burst),
    operation("join, 100 streams ready", join_ready),
    operation("join, 1 of 100 lists pushed to", join_woken),
    operation("map_par, done at once", map_par),
    operation("map_par, waits once", map_par_yielding),
    operation("map_par, ordered", map_par_ordered),
    operation("aiter_to_iter over a list", to_iter_of_list),
    operation("aiter_to_iter over an iterator", to_iter_of_iter),
];

const LISTENING: &str = "a cursor is alive";
const BURST: u64 = 32;
const FORKS: u64 = 8;
const STREAMS: u64 = 100;

/// Takes that many items of a stream that wakes whenever it is not ready.
fn take(mut stream: Pin<&mut (impl Stream<Item = u64> + ?Sized)>, items: u64) {
    let mut cx = Context::from_waker(Waker::noop());
    let mut taken = 0;
    while taken < items {
        if let Poll::Ready(item) = stream.as_mut().poll_next(&mut cx) {
            black_box(item.expect("it goes on"));
            taken += 1;
        }
    }
}

fn push(times: u64, marks: Marks<'_>) {
    let (pusher, _cursor) = push_list();
    marks(&mut || {
        for n in 0..times {
            pusher.push(black_box(n)).expect(LISTENING);
        }
    });
}

fn pop(times: u64, marks: Marks<'_>) {
    let (pusher, mut cursor) = push_list();
    pusher.push_all(0..times).expect(LISTENING);
    // Up to the look that finds nothing, with which all memory goes back.
    marks(&mut || {
        while let Ok(item) = cursor.try_next() {
            black_box(item);
        }
    });
}

fn bursts(times: u64, marks: Marks<'_>) {
    let (pusher, mut cursor) = push_list();
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        while let Ok(item) = cursor.try_next() {
            black_box(item);
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}

fn large_bursts(times: u64, marks: Marks<'_>) {
    let (pusher, mut cursor) = push_list();
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box([n; 8])).expect(LISTENING);
        }
        while let Ok(item) = cursor.try_next() {
            black_box(item);
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}

fn sole_bursts(times: u64, marks: Marks<'_>) {
    let (mut pusher, mut cursor) = push_list();
    let mut burst = || {
        let mut sole = pusher.sole().expect("there is one pusher");
        for n in 0..BURST {
            sole.push(black_box(n)).expect(LISTENING);
        }
        while let Ok(item) = cursor.try_next() {
            black_box(item);
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}

/// Each block that retires finds its place behind the last one that is linked.
fn reserved<const ROOM: usize>(times: u64, marks: Marks<'_>) {
    let (pusher, mut cursor) = push_list();
    pusher.reserve(ROOM);
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        while let Ok(item) = cursor.try_next() {
            black_box(item);
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}

fn runs(times: u64, marks: Marks<'_>) {
    let (pusher, cursor) = push_list();
    in_runs(times, marks, cursor, || {
        pusher.push_all((0..BURST).map(black_box)).expect(LISTENING);
    });
}

fn sole_runs(times: u64, marks: Marks<'_>) {
    let (mut pusher, cursor) = push_list();
    let mut sole = pusher.sole().expect("there is one pusher");
    in_runs(times, marks, cursor, || {
        sole.push_all((0..BURST).map(black_box)).expect(LISTENING);
    });
}

/// Pushes a burst and reads it, again and again.
fn in_runs(times: u64, marks: Marks<'_>, mut cursor: Cursor<u64>, mut push: impl FnMut()) {
    let mut buf = Vec::with_capacity(BURST as usize);
    let mut run = || {
        push();
        while cursor.try_next_many(&mut buf, BURST as usize) > 0 {
            black_box(&mut buf).clear();
        }
    };
    (0..100).for_each(|_| run());
    marks(&mut || (0..times / BURST).for_each(|_| run()));
}

fn wakes(times: u64, marks: Marks<'_>) {
    wakes_each(times, marks, [Waker::noop().clone()]);
}

/// As executors do that spin.
fn polls_in_vain(times: u64, marks: Marks<'_>) {
    let (_pusher, mut cursor) = push_list::<u64>();
    let mut cx = Context::from_waker(Waker::noop());
    let mut poll = || assert!(black_box(Pin::new(&mut cursor).poll_next(&mut cx)).is_pending());
    poll();
    marks(&mut || (0..times).for_each(|_| poll()));
}

/// As a task that is moved, or combinators with wakers of their own, do it.
fn wakes_others(times: u64, marks: Marks<'_>) {
    /// A waker that has to be counted, cloned and dropped.
    struct Counted;
    impl Wake for Counted {
        fn wake(self: Arc<Self>) {}
    }
    let wakers = [0, 1].map(|_| Waker::from(Arc::new(Counted)));
    wakes_each(times, marks, wakers);
}

fn wakes_each<const N: usize>(times: u64, marks: Marks<'_>, wakers: [Waker; N]) {
    let (pusher, mut cursor) = push_list();
    let mut round = |n: u64| {
        let mut cx = Context::from_waker(&wakers[n as usize % N]);
        let asleep = Pin::new(&mut cursor).poll_next(&mut cx).is_pending();
        assert!(black_box(asleep), "nothing was pushed");
        pusher.push(black_box(n)).expect(LISTENING);
        black_box(cursor.try_next().expect("it was pushed"));
    };
    (0..1000).for_each(&mut round);
    marks(&mut || (0..times).for_each(&mut round));
}

fn long_burst(times: u64, marks: Marks<'_>) {
    let (pusher, mut cursor) = push_list();
    pusher.push(0).expect(LISTENING);
    black_box(cursor.try_next().expect("it was pushed"));
    marks(&mut || {
        for n in 0..times {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        while let Ok(item) = cursor.try_next() {
            black_box(item);
        }
    });
}

fn fork(times: u64, marks: Marks<'_>) {
    let (pusher, cursor) = push_list();
    pusher.push_all(0..1000).expect(LISTENING);
    drop(cursor.fork());
    marks(&mut || (0..times).for_each(|_| drop(black_box(cursor.fork()))));
}

fn delivered(times: u64, marks: Marks<'_>) {
    let (pusher, first) = push_list();
    let mut cursors: Vec<_> = (1..FORKS).map(|_| first.fork()).collect();
    cursors.push(first);
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        for cursor in &mut cursors {
            while let Ok(item) = cursor.try_next() {
                black_box(item);
            }
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / (BURST * FORKS)).for_each(|_| burst()));
}

fn delivered_in_runs(times: u64, marks: Marks<'_>) {
    let (pusher, first) = push_list();
    let mut cursors: Vec<_> = (1..FORKS).map(|_| first.fork()).collect();
    cursors.push(first);
    let mut buf = Vec::with_capacity(BURST as usize);
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        for cursor in &mut cursors {
            while cursor.try_next_many(&mut buf, BURST as usize) > 0 {
                black_box(&mut buf).clear();
            }
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / (BURST * FORKS)).for_each(|_| burst()));
}

fn shared(times: u64, marks: Marks<'_>) {
    let (pusher, cursor) = push_list();
    let first = cursor.share();
    let mut takers = [first.clone(), first];
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        while let Ok(item) = takers[0].try_next() {
            black_box(item);
            takers.swap(0, 1);
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}

/// All takers of a shared cursor sleep. A push wakes them, and an executor polls those that were
/// woken until none is.
fn wakes_takers<const N: usize>(times: u64, marks: Marks<'_>) {
    #[derive(Default)]
    struct Flag(AtomicBool);
    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.wake_by_ref();
        }
        fn wake_by_ref(self: &Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let (pusher, cursor) = push_list();
    let first = cursor.share();
    let mut tasks: [_; N] = core::array::from_fn(|_| {
        let flag = Arc::new(Flag::default());
        (first.clone(), Waker::from(flag.clone()), flag)
    });
    let mut poll_woken = |all: bool| {
        let mut taken = 0;
        for (taker, waker, flag) in &mut tasks {
            let mut is_woken = all || flag.0.swap(false, Ordering::Relaxed);
            while is_woken {
                is_woken =
                    Pin::new(&mut *taker).poll_next(&mut Context::from_waker(waker)).is_ready();
                taken += u64::from(is_woken);
            }
        }
        taken
    };
    assert_eq!(poll_woken(true), 0);
    let mut item = |n: u64| {
        pusher.push(black_box(n)).expect(LISTENING);
        assert_eq!(black_box(poll_woken(false)), 1);
    };
    (0..1000).for_each(&mut item);
    marks(&mut || (0..times).for_each(&mut item));
}

fn forker(times: u64, marks: Marks<'_>) {
    let first = stream::iter(0_u64..).forker();
    let mut forks = [first.clone(), first];
    let mut deliver = |items: u64| {
        for _ in 0..items {
            for fork in &mut forks {
                take(Pin::new(fork), 1);
            }
        }
    };
    deliver(1000);
    marks(&mut || deliver(times / 2));
}

fn forker_burst(times: u64, marks: Marks<'_>) {
    let first = stream::iter(0..times / 2).chain(stream::pending()).forker();
    let mut forks = [first.clone(), first];
    marks(&mut || {
        // Each to where it sleeps: then all memory is given back.
        for fork in &mut forks {
            while let Some(Some(item)) = fork.next().now_or_never() {
                black_box(item);
            }
        }
    });
}

fn join_ready(times: u64, marks: Marks<'_>) {
    let streams = stream::iter((0..STREAMS).map(|_| stream::iter(0_u64..)));
    let mut joined = pin!(streams.join_streams());
    take(joined.as_mut(), 10 * STREAMS);
    marks(&mut || take(joined.as_mut(), times));
}

fn join_woken(times: u64, marks: Marks<'_>) {
    let (pushers, cursors): (Vec<_>, Vec<_>) = (0..STREAMS).map(|_| push_list()).unzip();
    let mut joined = pin!(stream::iter(cursors).join_streams());
    let mut cx = Context::from_waker(Waker::noop());
    let mut round = |n: u64| {
        // Every list in turn, with a stride.
        let pusher = &pushers[(n * 37 % STREAMS) as usize];
        pusher.push(black_box(n)).expect(LISTENING);
        while let Poll::Ready(item) = joined.as_mut().poll_next(&mut cx) {
            black_box(item);
        }
    };
    (0..100 * STREAMS).for_each(&mut round);
    marks(&mut || (0..times).for_each(&mut round));
}

fn map_par(times: u64, marks: Marks<'_>) {
    let results = stream::iter(0_u64..).map_par(16, |n| async move { black_box(n) });
    let mut results = pin!(results);
    take(results.as_mut(), 1000);
    marks(&mut || take(results.as_mut(), times));
}

fn map_par_yielding(times: u64, marks: Marks<'_>) {
    let results = stream::iter(0_u64..).map_par(16, |n| async move {
        let mut waited = false;
        core::future::poll_fn(|cx| {
            if core::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        black_box(n)
    });
    let mut results = pin!(results);
    take(results.as_mut(), 1000);
    marks(&mut || take(results.as_mut(), times));
}

fn map_par_ordered(times: u64, marks: Marks<'_>) {
    let results = stream::iter(0_u64..).map_par(16, |n| async move { black_box(n) });
    let mut results = pin!(results.ordered());
    take(results.as_mut(), 1000);
    marks(&mut || take(results.as_mut(), times));
}

fn to_iter_of_list(times: u64, marks: Marks<'_>) {
    let (pusher, cursor) = push_list();
    let mut items = aiter_to_iter(cursor, park_thread);
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        for _ in 0..BURST {
            black_box(items.next());
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}

fn to_iter_of_iter(times: u64, marks: Marks<'_>) {
    let mut items = aiter_to_iter(stream::iter(0_u64..), park_thread);
    black_box(items.next());
    marks(&mut || {
        for _ in 0..times {
            black_box(items.next());
        }
    });
}
