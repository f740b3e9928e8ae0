//! Stress tests with threads: order per producer, no lost or doubled item, no lost wake-up.
//!
//! `AITER_STRESS=<n>` multiplies the sizes.
#![cfg(not(any(loom, shuttle, target_family = "wasm")))]

extern crate alloc;

use aiter_core::{Cursor, PushError, PushErrorKind, Pusher, TryPushError, WeakPusher, push_list};
use alloc::{sync::Arc, task::Wake};
use core::{
    array, iter,
    pin::{Pin, pin},
    sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};
use futures_core::Stream;
use std::{
    env,
    sync::Barrier,
    thread::{self, Thread},
    time::Instant,
};

/// Longer than any pause of a healthy run, so a longer sleep is a lost wake-up.
const LOST_WAKE_UP: Duration = Duration::from_secs(120);

const PRODUCERS: usize = 3;

/// Returns `full` times `AITER_STRESS`, or `small` under Miri.
fn times(full: usize, small: usize) -> usize {
    if cfg!(miri) {
        return small;
    }
    let factor = env::var("AITER_STRESS").ok().and_then(|text| text.parse().ok());
    full * factor.unwrap_or(1)
}

struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Blocks the thread until `poll` is ready.
fn block_on<R>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>) -> R {
    let unpark = Arc::new(Unpark { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&unpark));
    loop {
        if let Poll::Ready(result) = poll(&mut Context::from_waker(&waker)) {
            return result;
        }
        let start = Instant::now();
        while !unpark.woken.swap(false, Ordering::Acquire) {
            assert!(start.elapsed() < LOST_WAKE_UP, "a wake-up was lost");
            thread::park_timeout(LOST_WAKE_UP);
        }
    }
}

fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    block_on(|cx| Pin::new(&mut *stream).poll_next(cx))
}

fn blocking<S: Stream + Unpin>(mut stream: S) -> impl Iterator<Item = S::Item> {
    iter::from_fn(move || next(&mut stream))
}

/// A small random number generator, repeatable by its seed.
struct Rng(u64);

impl Rng {
    fn new(seed: usize) -> Self {
        Self(seed as u64 * 2 + 1)
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }
}

/// The producer and its sequence number.
type Item = (usize, usize);

/// Checks that the items of each producer are in order without a gap, from the first one read.
#[derive(Default)]
struct OrderCheck {
    next: [Option<usize>; PRODUCERS],
    seen: usize,
    hash: u64,
}

impl OrderCheck {
    fn see(&mut self, (producer, seq): Item) {
        if let Some(expected) = self.next[producer] {
            assert_eq!(seq, expected, "next item of producer {producer}");
        }
        self.next[producer] = Some(seq + 1);
        self.seen += 1;
        let item = (producer as u64) << 48 | seq as u64;
        self.hash = (self.hash.rotate_left(5) ^ item).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// Asserts that items 0 to `n` of each producer were read.
    fn assert_whole(&self, n: usize) {
        assert_eq!(self.next, [Some(n); PRODUCERS]);
        assert_eq!(self.seen, n * PRODUCERS);
    }
}

#[test]
fn forks_of_many_producers_see_one_order() {
    let n = times(100_000, 60);
    let (pusher, cursor) = push_list::<Item>();
    let hashes: Vec<u64> = thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let fork = cursor.fork();
                scope.spawn(move || {
                    let mut order = OrderCheck::default();
                    blocking(fork).for_each(|item| order.see(item));
                    order.assert_whole(n);
                    order.hash
                })
            })
            .collect();
        drop(cursor);
        for producer in 0..PRODUCERS {
            let pusher = pusher.clone();
            scope.spawn(move || (0..n).for_each(|seq| pusher.push((producer, seq)).unwrap()));
        }
        drop(pusher);
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "{hashes:?}");
}

#[test]
fn all_push_methods_beside_all_read_methods() {
    let n = times(60_000, 60);
    let (pusher, cursor) = push_list::<Item>();
    thread::scope(|scope| {
        for reader in 0..3 {
            let mut fork = cursor.fork();
            scope.spawn(move || {
                let mut order = OrderCheck::default();
                let mut rng = Rng::new(reader);
                let mut buf = Vec::new();
                loop {
                    match rng.below(4) {
                        0 => match next(&mut fork) {
                            Some(item) => order.see(item),
                            None => break,
                        },
                        1 => {
                            fork.try_next_many(&mut buf, 10);
                        }
                        2 => {
                            if let Ok(item) = fork.try_next() {
                                order.see(item);
                            }
                        }
                        _ => {
                            let max = 1 + rng.below(100);
                            let mut read = pin!(fork.next_many(&mut buf, max));
                            if block_on(|cx| read.as_mut().poll(cx)) == 0 {
                                break;
                            }
                        }
                    }
                    buf.drain(..).for_each(|item| order.see(item));
                }
                order.assert_whole(n);
            });
        }
        drop(cursor);
        for producer in 0..PRODUCERS {
            let pusher = pusher.clone();
            scope.spawn(move || {
                let mut rng = Rng::new(producer);
                let mut seq = 0;
                while seq < n {
                    match rng.below(3) {
                        0 => {
                            let run = rng.below(70).min(n - seq);
                            let items = (seq..seq + run).map(|seq| (producer, seq));
                            assert_eq!(pusher.push_all(items).unwrap(), run);
                            seq += run;
                        }
                        1 => {
                            pusher.reserve(rng.below(3));
                            match pusher.try_push((producer, seq)) {
                                Ok(()) => seq += 1,
                                Err(TryPushError::Full(item)) => assert_eq!(item, (producer, seq)),
                                Err(other) => panic!("{other:?}"),
                            }
                        }
                        _ => {
                            pusher.push((producer, seq)).unwrap();
                            seq += 1;
                        }
                    }
                }
            });
        }
        drop(pusher);
    });
}

#[test]
fn unique_pusher_beside_one_cursor_keeps_order() {
    let n = times(500_000, 200);
    let (mut pusher, cursor) = push_list();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut unique = pusher.unique().expect("the only pusher");
            let mut rng = Rng::new(1);
            let mut item = 0;
            while item < n {
                let run = (1 + rng.below(50)).min(n - item);
                if run < 10 {
                    (item..item + run).for_each(|item| unique.push(item).unwrap());
                } else {
                    assert_eq!(unique.push_all(item..item + run).unwrap(), run);
                }
                item += run;
            }
        });
        assert!(blocking(cursor).eq(0..n));
    });
}

#[test]
fn takers_read_every_item_once() {
    let n = times(50_000, 40);
    let (pusher, cursor) = push_list::<Item>();
    let shared = cursor.share();
    let (count, sum) = thread::scope(|scope| {
        let takers: Vec<_> = (0..4)
            .map(|_| {
                let taker = shared.clone();
                scope.spawn(move || {
                    let mut last = [None; PRODUCERS];
                    blocking(taker).fold((0, 0), |(count, sum), (producer, seq)| {
                        assert!(last[producer] < Some(seq), "{last:?}, then {seq}");
                        last[producer] = Some(seq);
                        (count + 1, sum + seq)
                    })
                })
            })
            .collect();
        drop(shared);
        for producer in 0..PRODUCERS {
            let pusher = pusher.clone();
            scope.spawn(move || (0..n).for_each(|seq| pusher.push((producer, seq)).unwrap()));
        }
        drop(pusher);
        takers.into_iter().fold((0, 0), |(count, sum), taker| {
            let (more, add) = taker.join().unwrap();
            (count + more, sum + add)
        })
    });
    assert_eq!(count, n * PRODUCERS);
    assert_eq!(sum, n * (n - 1) / 2 * PRODUCERS);
}

#[test]
fn takers_dropped_while_waiting_lose_no_item() {
    let n = times(30_000, 40);
    let (pusher, cursor) = push_list();
    let shared = cursor.share();
    let done = AtomicBool::new(false);
    let taken = thread::scope(|scope| {
        let stayers: Vec<_> = (0..2)
            .map(|_| {
                let taker = shared.clone();
                scope.spawn(move || blocking(taker).count())
            })
            .collect();
        let quitters: Vec<_> = (0..2)
            .map(|_| {
                let (shared, done) = (shared.clone(), &done);
                scope.spawn(move || {
                    let mut taken = 0;
                    while !done.load(Ordering::Relaxed) {
                        let mut taker = shared.clone();
                        let mut cx = Context::from_waker(Waker::noop());
                        if let Poll::Ready(Some(_)) = Pin::new(&mut taker).poll_next(&mut cx) {
                            taken += 1;
                        }
                    }
                    taken
                })
            })
            .collect();
        drop(shared);
        for item in 0..n {
            pusher.push(item).unwrap();
            if item % 64 == 0 {
                thread::yield_now();
            }
        }
        drop(pusher);
        let stayed: usize = stayers.into_iter().map(|taker| taker.join().unwrap()).sum();
        done.store(true, Ordering::Relaxed);
        stayed + quitters.into_iter().map(|taker| taker.join().unwrap()).sum::<usize>()
    });
    assert_eq!(taken, n);
}

/// Maximum number of pushes of each producer.
const MAX_PUSHES: usize = if cfg!(miri) { 40 } else { 1000 };

#[test]
fn stop_splits_delivered_and_returned_items() {
    for round in 0..times(1000, 10) {
        let (pusher, cursor) = push_list::<Item>();
        let start = Barrier::new(PRODUCERS);
        let (accepted, seen) = thread::scope(|scope| {
            let readers = [cursor.fork(), cursor].map(|cursor| {
                scope.spawn(move || {
                    let mut order = OrderCheck::default();
                    blocking(cursor).for_each(|item| order.see(item));
                    order.next
                })
            });
            let producers: [_; PRODUCERS] = array::from_fn(|producer| {
                let (pusher, start) = (pusher.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    let mut accepted = None;
                    for seq in 0..MAX_PUSHES {
                        if producer == 0 && seq == round % MAX_PUSHES {
                            pusher.stop();
                        }
                        match pusher.push((producer, seq)) {
                            Ok(()) => accepted = Some(seq + 1),
                            Err(PushError::Stopped(item)) => {
                                assert_eq!(item, (producer, seq));
                                break;
                            }
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                    accepted
                })
            });
            (producers.map(|it| it.join().unwrap()), readers.map(|it| it.join().unwrap()))
        });
        assert_eq!(seen, [accepted, accepted]);
    }
}

#[test]
fn stop_splits_runs_of_push_all() {
    const RUN: usize = if cfg!(miri) { 7 } else { 45 };
    for round in 0..times(1000, 10) {
        let (pusher, cursor) = push_list::<Item>();
        let start = Barrier::new(PRODUCERS);
        let (accepted, seen) = thread::scope(|scope| {
            let reader = scope.spawn(move || {
                let mut order = OrderCheck::default();
                blocking(cursor).for_each(|item| order.see(item));
                order.next
            });
            let producers: [_; PRODUCERS] = array::from_fn(|producer| {
                let (pusher, start) = (pusher.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    let mut seq = 0;
                    while seq < MAX_PUSHES {
                        if producer == 0 && seq >= round % (MAX_PUSHES - RUN) {
                            pusher.stop();
                        }
                        let mut run = (seq..seq + RUN).map(|seq| (producer, seq));
                        match pusher.push_all(run.clone()) {
                            Ok(pushed) => seq += pushed,
                            Err(error) => {
                                seq += error.pushed();
                                run.by_ref().take(error.pushed()).for_each(drop);
                                assert!(error.into_unpushed().eq(run));
                                break;
                            }
                        }
                    }
                    (seq > 0).then_some(seq)
                })
            });
            (producers.map(|it| it.join().unwrap()), reader.join().unwrap())
        });
        assert_eq!(seen, accepted);
    }
}

#[test]
fn subscribers_read_suffix_from_subscribe() {
    let n = times(60_000, 60);
    let (pusher, mut cursor) = push_list::<Item>();
    let begun: [AtomicUsize; PRODUCERS] = Default::default();
    let done: [AtomicUsize; PRODUCERS] = Default::default();
    thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let (pusher, begun, done) = (pusher.clone(), &begun, &done);
            scope.spawn(move || {
                for seq in 0..n {
                    begun[producer].store(seq + 1, Ordering::SeqCst);
                    pusher.push((producer, seq)).unwrap();
                    done[producer].store(seq + 1, Ordering::SeqCst);
                }
            });
        }
        for _ in 0..2 {
            let (pusher, begun, done) = (pusher.downgrade(), &begun, &done);
            scope.spawn(move || {
                while let Some(pusher) = pusher.upgrade() {
                    let before = done.each_ref().map(|done| done.load(Ordering::SeqCst));
                    let mut late = pusher.subscribe();
                    let after = begun.each_ref().map(|begun| begun.load(Ordering::SeqCst));
                    drop(pusher);
                    let mut order = OrderCheck::default();
                    let mut first = [None; PRODUCERS];
                    for (producer, seq) in iter::from_fn(|| next(&mut late)).take(100) {
                        order.see((producer, seq));
                        first[producer].get_or_insert(seq);
                    }
                    for producer in 0..PRODUCERS {
                        if let Some(first) = first[producer] {
                            let expected = before[producer]..=after[producer];
                            assert!(expected.contains(&first), "{first} is not in {expected:?}");
                        }
                    }
                }
            });
        }
        drop(pusher);
        let mut order = OrderCheck::default();
        iter::from_fn(|| next(&mut cursor)).for_each(|item| order.see(item));
        order.assert_whole(n);
    });
}

/// An item that is counted in a static, so a double drop is counted and not undefined.
struct CountedItem {
    seq: usize,
    counters: &'static Counters,
}

struct Counters {
    made: AtomicUsize,
    dropped: AtomicUsize,
    clones: AtomicUsize,
    /// Live originals and clones, by `seq` modulo the length.
    alive: [AtomicU32; 64],
}

impl Counters {
    const fn new() -> Self {
        Self {
            made: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
            clones: AtomicUsize::new(0),
            alive: [const { AtomicU32::new(0) }; 64],
        }
    }

    fn item(&'static self, seq: usize) -> CountedItem {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.alive[seq % 64].fetch_add(1, Ordering::Relaxed);
        CountedItem { seq, counters: self }
    }

    fn assert_all_dropped(&self) {
        assert_eq!(self.made.load(Ordering::SeqCst), self.dropped.load(Ordering::SeqCst));
        assert!(self.alive.iter().all(|alive| alive.load(Ordering::SeqCst) == 0));
    }
}

impl Clone for CountedItem {
    fn clone(&self) -> Self {
        self.counters.clones.fetch_add(1, Ordering::Relaxed);
        self.counters.item(self.seq)
    }
}

impl Drop for CountedItem {
    fn drop(&mut self) {
        self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        let alive = self.counters.alive[self.seq % 64].fetch_sub(1, Ordering::Relaxed);
        assert!(alive > 0, "item {} was dropped twice", self.seq);
    }
}

#[test]
fn one_cursor_drops_items_once_without_clones() {
    static COUNTERS: Counters = Counters::new();
    let n = times(50_000, 60);
    let (pusher, cursor) = push_list();
    thread::scope(|scope| {
        for _ in 0..PRODUCERS {
            let pusher = pusher.clone();
            scope.spawn(move || (0..n).for_each(|seq| drop(pusher.push(COUNTERS.item(seq)))));
        }
        drop(pusher);
        // Half of the items are read. The rest is dropped with the cursor or refused.
        assert_eq!(blocking(cursor).take(n * PRODUCERS / 2).count(), n * PRODUCERS / 2);
    });
    COUNTERS.assert_all_dropped();
    assert_eq!(COUNTERS.clones.load(Ordering::Relaxed), 0);
}

#[test]
fn fork_storms_beside_pushes_leak_nothing() {
    static COUNTERS: Counters = Counters::new();
    let n = times(20_000, 40);
    let (pusher, cursor) = push_list();
    thread::scope(|scope| {
        for storm in 0..3 {
            let mut cursor = cursor.fork();
            scope.spawn(move || {
                let mut rng = Rng::new(storm);
                let mut forks: Vec<Cursor<CountedItem>> = Vec::new();
                while let Some(item) = next(&mut cursor) {
                    drop(item);
                    match rng.below(6) {
                        0 => forks.push(cursor.fork()),
                        1 if !forks.is_empty() => {
                            let i = rng.below(forks.len());
                            drop(forks.swap_remove(i));
                        }
                        2 if !forks.is_empty() => {
                            let i = rng.below(forks.len());
                            cursor = core::mem::replace(&mut forks[i], cursor);
                        }
                        3 if !forks.is_empty() => {
                            let i = rng.below(forks.len());
                            let second = forks[i].fork();
                            forks[i] = second;
                        }
                        4 => {
                            for fork in &mut forks {
                                drop(fork.try_next());
                            }
                        }
                        _ => {}
                    }
                    if forks.len() > 8 {
                        forks.clear();
                    }
                }
            });
        }
        let reader = scope.spawn(move || {
            let mut sum = 0;
            blocking(cursor).for_each(|item: CountedItem| sum += item.seq);
            sum
        });
        for _ in 0..PRODUCERS {
            let pusher = pusher.clone();
            scope.spawn(move || (0..n).for_each(|seq| pusher.push(COUNTERS.item(seq)).unwrap()));
        }
        drop(pusher);
        assert_eq!(reader.join().unwrap(), n * (n - 1) / 2 * PRODUCERS);
    });
    COUNTERS.assert_all_dropped();
}

#[test]
fn cursors_dropped_beside_pushes_leak_nothing() {
    static COUNTERS: Counters = Counters::new();
    for round in 0..times(1500, 10) {
        let (pusher, cursor) = push_list();
        thread::scope(|scope| {
            let start = Arc::new(Barrier::new(4));
            for reader in 0..2 {
                let (mut cursor, start) = (cursor.fork(), Arc::clone(&start));
                scope.spawn(move || {
                    let mut rng = Rng::new(round * 2 + reader);
                    start.wait();
                    for _ in 0..rng.below(100) {
                        drop(cursor.try_next());
                    }
                });
            }
            drop(cursor);
            for _ in 0..2 {
                let (pusher, start) = (pusher.clone(), Arc::clone(&start));
                scope.spawn(move || {
                    start.wait();
                    for seq in 0..100 {
                        if let Err(error) = pusher.push(COUNTERS.item(seq)) {
                            assert_eq!(error.kind(), PushErrorKind::NoCursor);
                            assert_eq!(error.into_inner().seq, seq);
                        }
                    }
                });
            }
        });
        assert!(matches!(pusher.push(COUNTERS.item(0)), Err(PushError::NoCursor(_))));
        drop(pusher);
        COUNTERS.assert_all_dropped();
    }
}

#[test]
fn list_revived_beside_pushes_leaks_nothing() {
    static COUNTERS: Counters = Counters::new();
    let n = times(20_000, 60);
    let (pusher, cursor) = push_list();
    drop(cursor);
    thread::scope(|scope| {
        for reader in 0..2 {
            let weak: WeakPusher<CountedItem> = pusher.downgrade();
            scope.spawn(move || {
                let mut rng = Rng::new(reader);
                while let Some(pusher) = weak.upgrade() {
                    let mut cursor = pusher.subscribe();
                    drop(pusher);
                    let mut last = 0;
                    for _ in 0..rng.below(60) {
                        match cursor.try_next() {
                            Ok(item) => {
                                assert!(item.seq >= last);
                                last = item.seq;
                            }
                            Err(_) => thread::yield_now(),
                        }
                    }
                }
            });
        }
        scope.spawn(move || {
            for seq in 0..n {
                if let Err(error) = pusher.push(COUNTERS.item(seq)) {
                    assert_eq!(error.into_inner().seq, seq);
                }
                if seq % 16 == 0 {
                    thread::yield_now();
                }
            }
        });
    });
    COUNTERS.assert_all_dropped();
}

#[test]
fn ping_pong_loses_no_wake_up() {
    let n = times(20_000, 60);
    let (request_pusher, mut requests) = push_list();
    let (reply_pusher, mut replies) = push_list();
    thread::scope(|scope| {
        scope.spawn(move || {
            while let Some(item) = next(&mut requests) {
                reply_pusher.push(item).unwrap();
            }
        });
        for item in 0..n {
            request_pusher.push(item).unwrap();
            assert_eq!(next(&mut replies), Some(item));
        }
        drop(request_pusher);
        assert_eq!(next(&mut replies), None);
    });
}

#[test]
fn waiters_dropped_beside_pushes_lose_no_wake_up() {
    let n = times(20_000, 40);
    let (pusher, cursor) = push_list();
    thread::scope(|scope| {
        for _ in 0..2 {
            let fork = cursor.fork();
            scope.spawn(move || assert!(blocking(fork).eq(0..n)));
        }
        let mut storm = cursor;
        let weak = pusher.downgrade();
        scope.spawn(move || {
            // Registers, registers again with another waker, and drops the fork.
            while weak.upgrade().is_some() {
                let mut passing = storm.fork();
                for _ in 0..2 {
                    let waker = Waker::from(Arc::new(Unpark {
                        thread: thread::current(),
                        woken: AtomicBool::new(false),
                    }));
                    while let Poll::Ready(Some(_)) =
                        Pin::new(&mut passing).poll_next(&mut Context::from_waker(&waker))
                    {
                    }
                }
                storm = passing.fork();
            }
        });
        scope.spawn(move || {
            for item in 0..n {
                pusher.push(item).unwrap();
                if item % 8 == 0 {
                    thread::yield_now();
                }
            }
        });
    });
}

#[test]
fn last_of_many_pushers_ends_list() {
    for _ in 0..times(2000, 10) {
        let (pusher, cursor) = push_list();
        let weak = pusher.downgrade();
        let pushed = thread::scope(|scope| {
            let reader = scope.spawn(move || blocking(cursor).count());
            let pushers: Vec<_> = [pusher.clone(), pusher.clone(), pusher]
                .into_iter()
                .map(|pusher: Pusher<usize>| {
                    let weak = pusher.downgrade();
                    scope.spawn(move || {
                        let mut pushed = 0;
                        pusher.push(pushed).unwrap();
                        pushed += 1;
                        drop(pusher);
                        if let Some(pusher) = weak.upgrade() {
                            pusher.push(pushed).unwrap();
                            pushed += 1;
                        }
                        pushed
                    })
                })
                .collect();
            let pushed: usize = pushers.into_iter().map(|it| it.join().unwrap()).sum();
            assert_eq!(reader.join().unwrap(), pushed);
            pushed
        });
        assert!((3..=6).contains(&pushed));
        assert!(weak.upgrade().is_none());
    }
}
