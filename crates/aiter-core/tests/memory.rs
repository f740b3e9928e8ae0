//! Allocations and frees of the list, counted by the allocator on the thread of each test.
#![cfg(not(any(loom, shuttle)))]

extern crate alloc;

#[path = "list/blocks.rs"]
mod blocks;

use aiter_core::{Cursor, Pusher, SharedCursor, TryPushError, push_list};
use alloc::{sync::Arc, task::Wake};
use blocks::edges;
use core::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
};
use futures_core::Stream;
use std::alloc::System;

struct CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

thread_local! {
    /// Bytes allocated minus bytes freed.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    /// Number of calls that allocate, free or move memory.
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

fn count(allocated: usize, freed: usize) {
    // An exiting thread has no counters, and runs no test.
    let _ = LIVE.try_with(|live| {
        live.set(live.get() + allocated as isize - freed as isize);
        PEAK.with(|peak| peak.set(peak.get().max(live.get())));
        CALLS.with(|calls| calls.set(calls.get() + 1));
    });
}

// SAFETY: each call is passed to `System` unchanged, and counting does not allocate.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller guarantees a valid `layout` of non-zero size.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller guarantees that `ptr` was allocated here, by `System`, with `layout`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size, layout.size());
        // SAFETY: the caller guarantees that `ptr` was allocated here, by `System`, with `layout`,
        // and that `new_size` is valid.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

fn live() -> isize {
    LIVE.with(Cell::get)
}

fn calls() -> usize {
    CALLS.with(Cell::get)
}

const fn scaled(full: usize, small: usize) -> usize {
    if cfg!(miri) { small } else { full }
}

/// Size of an item in these tests.
const ITEM: isize = size_of::<usize>() as isize;

/// More than a few blocks of eight-byte items, but less than ten.
const FEW_BLOCKS: isize = 4096;

/// Number of rounds before and during the measurement.
const WARM_UP: usize = scaled(200, 70);
const ROUNDS: usize = scaled(20_000, 100);

/// Asserts that many calls of `round` do not change the number of live bytes.
#[track_caller]
fn assert_flat(mut round: impl FnMut(usize)) {
    (0..WARM_UP).for_each(&mut round);
    let before = live();
    (WARM_UP..WARM_UP + ROUNDS).for_each(&mut round);
    let grown = live() - before;
    assert!(grown.abs() <= FEW_BLOCKS, "{grown} bytes more after {ROUNDS} rounds");
}

/// Asserts that `round` does not call the allocator after the warm-up.
#[track_caller]
fn assert_no_calls(mut round: impl FnMut(usize)) {
    (0..WARM_UP).for_each(&mut round);
    let before = calls();
    (WARM_UP..WARM_UP + ROUNDS).for_each(&mut round);
    let made = calls() - before;
    assert_eq!(made, 0, "allocator calls in {ROUNDS} rounds");
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn counting() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count(AtomicUsize::new(0)));
    (Arc::clone(&count), Waker::from(count))
}

fn poll<S: Stream + Unpin>(stream: &mut S, waker: &Waker) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(waker))
}

fn next<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    poll(stream, Waker::noop())
}

#[test]
fn dropped_list_frees_all_memory() {
    let before = live();
    for n in edges::<usize>().into_iter().chain([1000]) {
        let (pusher, mut cursor) = push_list();
        let _weak = pusher.downgrade();
        pusher.reserve(100);
        pusher.push_all(0..n).unwrap();
        let mut fork = cursor.fork();
        while cursor.try_next().is_ok() {}
        assert_eq!(next(&mut cursor), Poll::Pending);
        let late = pusher.subscribe();
        let mut shared = late.share();
        let mut taker = shared.clone();
        assert_eq!(next(&mut shared), Poll::Pending);
        assert_eq!(next(&mut taker), Poll::Pending);
        let _ = fork.try_next();
        drop(pusher);
        drop(fork);
    }
    assert_eq!(live(), before);
}

#[test]
fn fork_poll_drop_on_idle_list_stays_flat() {
    let (_pusher, cursor) = push_list::<u64>();
    assert_flat(|_| {
        let mut fork = cursor.fork();
        assert_eq!(next(&mut fork), Poll::Pending);
    });
}

#[test]
fn fork_poll_drop_beside_waiters_stays_flat() {
    let (_pusher, mut cursor) = push_list::<u64>();
    let mut other = cursor.fork();
    assert_eq!(next(&mut cursor), Poll::Pending);
    assert_eq!(next(&mut other), Poll::Pending);
    assert_flat(|_| {
        let mut fork = cursor.fork();
        let mut second = fork.fork();
        assert_eq!(next(&mut second), Poll::Pending);
        assert_eq!(next(&mut fork), Poll::Pending);
    });
}

#[test]
fn polls_with_new_wakers_stay_flat() {
    let (_pusher, mut cursor) = push_list::<u64>();
    assert_flat(|_| assert_eq!(poll(&mut cursor, &counting().1), Poll::Pending));
}

#[test]
fn push_without_cursor_stays_flat() {
    let (pusher, cursor) = push_list();
    drop(cursor);
    assert_flat(|i| assert!(pusher.push(i).is_err()));
}

#[test]
fn subscribe_poll_drop_without_cursor_is_flat() {
    let (pusher, cursor) = push_list::<u64>();
    drop(cursor);
    assert_flat(|_| assert_eq!(next(&mut pusher.subscribe()), Poll::Pending));
}

#[test]
fn subscribe_poll_drop_beside_polled_is_flat() {
    let (pusher, mut cursor) = push_list::<u64>();
    assert_flat(|_| {
        assert_eq!(next(&mut pusher.subscribe()), Poll::Pending);
        assert_eq!(next(&mut cursor), Poll::Pending);
    });
}

#[test]
fn subscribe_poll_drop_beside_waiter_is_flat() {
    let (pusher, mut cursor) = push_list::<u64>();
    let (count, waker) = counting();
    assert_eq!(poll(&mut cursor, &waker), Poll::Pending);
    let mut seen = 0;
    assert_flat(|_| {
        assert_eq!(next(&mut pusher.subscribe()), Poll::Pending);
        let wakes = count.0.load(Ordering::Relaxed);
        if wakes > seen {
            seen = wakes;
            assert_eq!(poll(&mut cursor, &waker), Poll::Pending);
        }
    });
}

#[test]
fn takers_cloned_and_dropped_stay_flat() {
    let (_pusher, cursor) = push_list::<u64>();
    let mut shared = cursor.share();
    assert_eq!(next(&mut shared), Poll::Pending);
    assert_flat(|_| {
        let mut taker = shared.clone();
        let mut second = taker.clone();
        assert_eq!(next(&mut second), Poll::Pending);
        assert_eq!(next(&mut taker), Poll::Pending);
    });
}

#[test]
fn pushers_cloned_and_dropped_stay_flat() {
    let (pusher, _cursor) = push_list::<u64>();
    assert_flat(|_| {
        let weak = pusher.downgrade();
        drop(weak.upgrade().unwrap().clone());
    });
}

#[test]
fn burst_read_by_cursor_is_freed() {
    let (pusher, mut cursor) = push_list();
    assert_flat(|i| {
        pusher.push(i).unwrap();
        assert_eq!(next(&mut cursor), Poll::Ready(Some(i)));
    });
    let before = live();
    for _ in 0..3 {
        let n = scaled(100_000, 300);
        assert_eq!(pusher.push_all(0..n).unwrap(), n);
        assert!(live() - before >= ITEM * n as isize);
        while cursor.try_next().is_ok() {}
        let kept = live() - before;
        assert!(kept <= FEW_BLOCKS, "{kept} bytes are kept after a burst");
    }
}

#[test]
fn burst_read_by_forks_is_freed() {
    let n = scaled(100_000, 300);
    let (pusher, mut fast) = push_list();
    let mut slow = fast.fork();
    let before = live();
    for _ in 0..3 {
        assert_eq!(pusher.push_all(0..n).unwrap(), n);
        while fast.try_next().is_ok() {}
        assert!(live() - before >= ITEM * n as isize);
        while slow.try_next().is_ok() {}
        let kept = live() - before;
        assert!(kept <= FEW_BLOCKS, "{kept} bytes are kept after a burst");
    }
}

#[test]
fn cursor_dropped_far_behind_frees_blocks() {
    let n = scaled(1_000_000, 600);
    let (pusher, mut fast) = push_list();
    let before = live();
    let slow = fast.fork();
    for item in 0..n {
        pusher.push(item).unwrap();
        assert_eq!(fast.try_next().unwrap(), item);
    }
    assert!(live() - before >= ITEM * n as isize);
    drop(slow);
    let kept = live() - before;
    assert!(kept <= FEW_BLOCKS, "{kept} bytes are kept");
}

#[test]
fn last_cursor_dropped_frees_blocks() {
    let n = scaled(100_000, 300);
    let (pusher, cursor) = push_list();
    let before = live();
    assert_eq!(pusher.push_all(0..n).unwrap(), n);
    drop(cursor);
    let kept = live() - before;
    assert!(kept <= FEW_BLOCKS, "{kept} bytes are kept");
}

/// Maximum size of the free list in bytes.
#[cfg(target_pointer_width = "64")]
const FREE_LIST: isize = 16 * 1024;

#[test]
#[cfg(target_pointer_width = "64")]
fn bursts_read_by_item_allocate_nothing() {
    let (pusher, mut cursor) = push_list();
    assert_no_calls(|i| {
        let n = burst(i);
        for item in 0..n {
            pusher.push(item).unwrap();
        }
        for item in 0..n {
            assert_eq!(cursor.try_next(), Ok(item));
        }
    });
}

#[test]
#[cfg(target_pointer_width = "64")]
fn bursts_read_in_runs_allocate_nothing() {
    let (pusher, mut cursor) = push_list();
    let mut buf = Vec::with_capacity(2000);
    assert_no_calls(|i| {
        let n = burst(i);
        assert_eq!(pusher.push_all(0..n).unwrap(), n);
        // The read ends at the end of the list, before `max`.
        assert_eq!(cursor.try_next_many(&mut buf, 2000), n);
        buf.clear();
    });
}

/// Length of burst `i`. The first burst is the longest.
#[cfg(target_pointer_width = "64")]
fn burst(i: usize) -> usize {
    scaled(1000, 200) - i % 100
}

/// Pushes and reads `n` items, and asserts that the free list keeps some blocks.
#[cfg(target_pointer_width = "64")]
#[track_caller]
fn read_by_item(pusher: &Pusher<usize>, cursor: &mut Cursor<usize>, n: usize) {
    let before = live();
    assert_eq!(pusher.push_all(0..n).unwrap(), n);
    for item in 0..n {
        assert_eq!(cursor.try_next(), Ok(item));
    }
    let kept = live() - before;
    assert!(kept > FEW_BLOCKS, "{kept} bytes: no block is kept for the next burst");
    assert!(kept <= FREE_LIST + FEW_BLOCKS, "{kept} bytes are kept");
}

#[test]
#[cfg(target_pointer_width = "64")]
fn long_burst_read_by_item_keeps_few_blocks() {
    let (pusher, mut cursor) = push_list();
    read_by_item(&pusher, &mut cursor, scaled(100_000, 5000));
}

#[test]
#[cfg(target_pointer_width = "64")]
fn stopped_list_keeps_no_read_blocks() {
    let (pusher, mut cursor) = push_list();
    let before = live();
    let n = 2000;
    assert_eq!(pusher.push_all(0..n).unwrap(), n);
    pusher.stop();
    for item in 0..n {
        assert_eq!(cursor.try_next(), Ok(item));
    }
    let kept = live() - before;
    assert!(kept <= FEW_BLOCKS, "{kept} bytes are kept");
}

#[test]
#[cfg(target_pointer_width = "64")]
fn cursor_finds_nothing_frees_read_blocks() {
    /// Asserts that `read` frees the kept blocks of an empty list, in each of several rounds.
    #[track_caller]
    fn check(what: &str, mut read: impl FnMut(&mut Cursor<usize>)) {
        let (pusher, mut cursor) = push_list();
        let before = live();
        for _ in 0..scaled(100, 3) {
            read_by_item(&pusher, &mut cursor, 1000);
            read(&mut cursor);
            let kept = live() - before;
            assert!(kept <= FEW_BLOCKS, "{what}: {kept} bytes are kept");
        }
    }
    check("try_next", |cursor| assert!(cursor.try_next().is_err()));
    check("next_ready", |cursor| assert_eq!(cursor.next_ready(), None));
    check("try_next_many", |cursor| assert_eq!(cursor.try_next_many(&mut Vec::new(), 1), 0));
    check("poll_next", |cursor| assert_eq!(next(cursor), Poll::Pending));
    check("poll_next_many", |cursor| {
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(cursor.poll_next_many(&mut cx, &mut Vec::new(), 1), Poll::Pending);
    });
    check("drop of a fork", |cursor| drop(cursor.fork()));
}

#[test]
#[cfg(target_pointer_width = "64")]
fn taker_finds_nothing_frees_read_blocks() {
    #[track_caller]
    fn check(what: &str, read: impl FnOnce(&Pusher<usize>, SharedCursor<usize>)) {
        let (pusher, cursor) = push_list();
        let mut taker = cursor.share();
        let before = live();
        assert_eq!(pusher.push_all(0..1000).unwrap(), 1000);
        for item in 0..1000 {
            assert_eq!(taker.try_next(), Ok(item));
        }
        assert!(live() - before > FEW_BLOCKS, "no block is kept");
        read(&pusher, taker.clone());
        let kept = live() - before;
        assert!(kept <= FEW_BLOCKS, "{what}: {kept} bytes are kept");
    }
    check("try_next", |_, mut taker| assert!(taker.try_next().is_err()));
    check("poll_next", |_, mut taker| assert_eq!(next(&mut taker), Poll::Pending));
    check("try_next at the end", |pusher, mut taker| {
        pusher.stop();
        assert!(taker.try_next().is_err());
    });
    check("poll_next at the end", |pusher, mut taker| {
        pusher.stop();
        assert_eq!(next(&mut taker), Poll::Ready(None));
    });
}

#[test]
#[cfg(target_pointer_width = "64")]
fn last_reader_dropped_frees_read_blocks() {
    for share in [false, true] {
        let (pusher, mut cursor) = push_list();
        let before = live();
        read_by_item(&pusher, &mut cursor, 1000);
        if share {
            drop(cursor.share())
        } else {
            drop(cursor)
        }
        let kept = live() - before;
        assert!(kept <= FEW_BLOCKS, "{kept} bytes are kept");
    }
}

/// The last blocks of a burst were allocated last, so the list frees them and keeps older ones.
#[test]
#[cfg(target_pointer_width = "64")]
fn long_burst_frees_its_last_blocks() {
    let (pusher, mut cursor) = push_list();
    let flow = |cursor: &mut Cursor<usize>| {
        let before = calls();
        for item in 0..1000 {
            pusher.push(item).unwrap();
            assert_eq!(cursor.try_next(), Ok(item));
        }
        calls() - before
    };
    flow(&mut cursor);
    assert_eq!(flow(&mut cursor), 0, "two blocks must alternate");
    assert_eq!(pusher.push_all(0..10_000).unwrap(), 10_000);
    while cursor.try_next().is_ok() {}
    let made = flow(&mut cursor);
    assert!(made >= 4, "{made} calls: the last two blocks of the burst were not freed");
    assert_eq!(flow(&mut cursor), 0, "two other blocks must alternate");
}

#[test]
fn short_lag_keeps_peak_memory_small() {
    let (pusher, mut fast) = push_list();
    let mut slow = fast.fork();
    let before = live();
    PEAK.with(|peak| peak.set(before));
    for item in 0..scaled(1_000_000, 600) {
        pusher.push(item).unwrap();
        assert_eq!(fast.try_next().unwrap(), item);
        if item >= 100 {
            assert_eq!(slow.try_next().unwrap(), item - 100);
        }
    }
    let peak = PEAK.with(Cell::get) - before;
    assert!(peak <= 4 * FEW_BLOCKS, "peak of {peak} bytes");
}

#[test]
fn steady_state_allocates_nothing() {
    let (pusher, mut cursor) = push_list();
    let (_count, waker) = counting();
    assert_no_calls(|i| {
        assert_eq!(poll(&mut cursor, &waker), Poll::Pending);
        for item in i..i + i % 8 + 1 {
            pusher.push(item).unwrap();
        }
        for item in i..i + i % 8 + 1 {
            assert_eq!(poll(&mut cursor, &waker), Poll::Ready(Some(item)));
        }
    });
}

#[test]
fn steady_unique_pushes_allocate_nothing() {
    let (mut pusher, mut cursor) = push_list();
    let mut buf = Vec::with_capacity(64);
    assert_no_calls(|i| {
        let n = i % 8 + 1;
        assert_eq!(pusher.unique().unwrap().push_all(i..i + n).unwrap(), n);
        assert_eq!(pusher.push_all(i + n..i + 2 * n).unwrap(), n);
        while cursor.try_next_many(&mut buf, 64) > 0 {}
        assert!(buf.drain(..).eq(i..i + 2 * n));
    });
}

#[test]
fn steady_forks_allocate_nothing() {
    let (pusher, mut one) = push_list();
    let mut two = one.fork();
    let (_count, waker) = counting();
    assert_no_calls(|i| {
        assert_eq!(poll(&mut one, &waker), Poll::Pending);
        assert_eq!(poll(&mut two, &waker), Poll::Pending);
        for item in i..i + i % 8 + 1 {
            pusher.push(item).unwrap();
        }
        for cursor in [&mut two, &mut one] {
            for item in i..i + i % 8 + 1 {
                assert_eq!(poll(cursor, &waker), Poll::Ready(Some(item)));
            }
        }
    });
}

#[test]
fn steady_taker_allocates_nothing() {
    let (pusher, cursor) = push_list();
    let mut taker = cursor.share();
    let (_count, waker) = counting();
    assert_no_calls(|i| {
        assert_eq!(poll(&mut taker, &waker), Poll::Pending);
        pusher.push(i).unwrap();
        assert_eq!(poll(&mut taker, &waker), Poll::Ready(Some(i)));
    });
}

#[test]
fn queries_allocate_nothing() {
    let (pusher, cursor) = push_list();
    assert_eq!(pusher.push_all(0..1000).unwrap(), 1000);
    assert_no_calls(|i| {
        let n = i % 1001;
        assert!(cursor.is_len_at_least(n));
        assert_eq!(cursor.len(), 1000);
        assert_eq!(cursor.available_iter().take(n).count(), n);
        assert_eq!(pusher.cursor_count(), 1);
        assert!(pusher.retained() >= 1000);
    });
}

/// Pushes `n` items with `try_push` and returns the number of allocator calls.
fn try_push(pusher: &Pusher<u64>, n: u64) -> usize {
    let before = calls();
    for item in 0..n {
        assert!(pusher.try_push(item).is_ok());
    }
    calls() - before
}

#[test]
fn try_push_never_allocates_nor_frees() {
    let (pusher, mut cursor) = push_list();
    for n in edges::<u64>().into_iter().chain([10, 100]) {
        pusher.reserve(n);
        assert_eq!(try_push(&pusher, n as u64), 0);
        while cursor.try_next().is_ok() {}
    }
}

#[test]
fn try_push_with_wake_never_allocates_nor_frees() {
    // Only the list holds the waker, so its drop frees memory. `try_push` must not drop it.
    fn wait(cursor: &mut Cursor<u64>) -> Arc<AtomicUsize> {
        struct Woken(Arc<AtomicUsize>);
        impl Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.wake_by_ref();
            }
            fn wake_by_ref(self: &Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let wakes = Arc::new(AtomicUsize::new(0));
        let waker = Waker::from(Arc::new(Woken(Arc::clone(&wakes))));
        assert_eq!(poll(cursor, &waker), Poll::Pending);
        wakes
    }
    let (pusher, mut one) = push_list();
    let mut two = one.fork();
    for round in 0..scaled(200, 70) {
        pusher.reserve(2);
        let wakes = [wait(&mut one), wait(&mut two)];
        assert_eq!(try_push(&pusher, 2), 0, "in round {round}");
        assert!(wakes.iter().all(|wakes| wakes.load(Ordering::Relaxed) == 1));
        for cursor in [&mut one, &mut two] {
            assert_eq!(cursor.try_next().unwrap(), 0);
            assert_eq!(cursor.try_next().unwrap(), 1);
        }
    }
}

#[test]
fn failed_try_push_never_allocates_nor_frees() {
    let (pusher, cursor) = push_list();
    let before = calls();
    let mut pushed = 0;
    while pusher.try_push(pushed).is_ok() {
        pushed += 1;
    }
    assert!(matches!(pusher.try_push(7), Err(TryPushError::Full(7))));
    assert_eq!(calls(), before);
    drop(cursor);
    let before = calls();
    assert!(matches!(pusher.try_push(7), Err(TryPushError::NoCursor(7))));
    pusher.stop();
    assert!(pusher.try_push(7).is_err());
    assert_eq!(calls(), before);
}

#[test]
fn steady_try_push_reuses_blocks_of_reader() {
    // After one `reserve` the blocks of the reader are reused, and nothing is allocated.
    let (pusher, mut cursor) = push_list();
    pusher.reserve(256);
    assert_no_calls(|i| {
        let n = i as u64 % 8 + 1;
        assert_eq!(try_push(&pusher, n), 0);
        for item in 0..n {
            assert_eq!(next(&mut cursor), Poll::Ready(Some(item)));
        }
        pusher.reserve(64);
    });
}
