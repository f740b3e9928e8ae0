//! Criterion benches of the push list alone, to compare two versions of the code.
//!
//! `aiter-bench` compares the list with other channels, and `ci/budget.sh` counts instructions.

use core::hint::black_box;
use core::pin::Pin;
use core::task::{Context, Waker};

use aiter_core::push_list;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use futures_core::Stream;

const LISTENING: &str = "a cursor is alive";
const BURSTS: [u64; 3] = [1, 32, 1000];
/// Items of a bench that only pushes or only pops.
const MANY: u64 = 10_000;

fn push_alone(c: &mut Criterion) {
    let mut group = c.benchmark_group("push");
    group.throughput(Throughput::Elements(MANY));
    group.bench_function("push", |b| {
        b.iter_batched(
            push_list,
            |(pusher, cursor)| {
                for n in 0..MANY {
                    pusher.push(black_box(n)).expect(LISTENING);
                }
                (pusher, cursor)
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("unique", |b| {
        b.iter_batched(
            push_list,
            |(mut pusher, cursor)| {
                let mut unique = pusher.unique().expect("there is one pusher");
                for n in 0..MANY {
                    unique.push(black_box(n)).expect(LISTENING);
                }
                (pusher, cursor)
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("push_all", |b| {
        b.iter_batched(
            push_list,
            |(pusher, cursor)| {
                pusher.push_all((0..MANY).map(black_box)).expect(LISTENING);
                (pusher, cursor)
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn pop_alone(c: &mut Criterion) {
    let filled = || {
        let (pusher, cursor) = push_list();
        pusher.push_all(0..MANY).expect(LISTENING);
        (pusher, cursor)
    };
    let mut group = c.benchmark_group("pop");
    group.throughput(Throughput::Elements(MANY));
    group.bench_function("try_next", |b| {
        b.iter_batched(
            filled,
            |(pusher, mut cursor)| {
                while let Ok(item) = cursor.try_next() {
                    black_box(item);
                }
                (pusher, cursor)
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("try_next_many, runs of 256", |b| {
        let mut buf = Vec::with_capacity(256);
        b.iter_batched(
            filled,
            |(pusher, mut cursor)| {
                while cursor.try_next_many(&mut buf, 256) > 0 {
                    black_box(&mut buf).clear();
                }
                (pusher, cursor)
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn bursts(c: &mut Criterion) {
    let mut group = c.benchmark_group("bursts");
    for burst in BURSTS {
        group.throughput(Throughput::Elements(burst));
        group.bench_function(BenchmarkId::new("push", burst), |b| {
            let (pusher, mut cursor) = push_list();
            b.iter(|| {
                for n in 0..burst {
                    pusher.push(black_box(n)).expect(LISTENING);
                }
                while let Ok(item) = cursor.try_next() {
                    black_box(item);
                }
            });
        });
        group.bench_function(BenchmarkId::new("unique", burst), |b| {
            let (mut pusher, mut cursor) = push_list();
            let mut unique = pusher.unique().expect("there is one pusher");
            b.iter(|| {
                for n in 0..burst {
                    unique.push(black_box(n)).expect(LISTENING);
                }
                while let Ok(item) = cursor.try_next() {
                    black_box(item);
                }
            });
        });
        group.bench_function(BenchmarkId::new("push_all, try_next_many", burst), |b| {
            let (pusher, mut cursor) = push_list();
            let mut buf = Vec::with_capacity(burst as usize);
            b.iter(|| {
                pusher.push_all((0..burst).map(black_box)).expect(LISTENING);
                while cursor.try_next_many(&mut buf, burst as usize) > 0 {
                    black_box(&mut buf).clear();
                }
            });
        });
    }
    group.finish();
}

fn forks(c: &mut Criterion) {
    let mut group = c.benchmark_group("fork");
    for backlog in [0, 100_000] {
        group.bench_function(BenchmarkId::new("fork and drop, backlog", backlog), |b| {
            let (pusher, cursor) = push_list();
            pusher.push_all(0..backlog).expect(LISTENING);
            b.iter(|| drop(black_box(cursor.fork())));
        });
    }
    for forks in [1, 8, 64] {
        group.throughput(Throughput::Elements(32 * forks));
        group.bench_function(BenchmarkId::new("a burst of 32, read by forks", forks), |b| {
            let (pusher, first) = push_list();
            let mut cursors: Vec<_> = (1..forks).map(|_| first.fork()).collect();
            cursors.push(first);
            b.iter(|| {
                for n in 0..32_u64 {
                    pusher.push(black_box(n)).expect(LISTENING);
                }
                for cursor in &mut cursors {
                    while let Ok(item) = cursor.try_next() {
                        black_box(item);
                    }
                }
            });
        });
    }
    group.finish();
}

fn wakes(c: &mut Criterion) {
    c.bench_function("a push that wakes, and the next sleep", |b| {
        let (pusher, mut cursor) = push_list();
        let mut cx = Context::from_waker(Waker::noop());
        b.iter(|| {
            assert!(Pin::new(&mut cursor).poll_next(&mut cx).is_pending(), "nothing was pushed");
            pusher.push(black_box(1_u64)).expect(LISTENING);
            black_box(cursor.try_next().expect("it was pushed"));
        });
    });
}

fn main() {
    let mut c = Criterion::default().configure_from_args();
    push_alone(&mut c);
    pop_alone(&mut c);
    bursts(&mut c);
    forks(&mut c);
    wakes(&mut c);
    c.final_summary();
}
