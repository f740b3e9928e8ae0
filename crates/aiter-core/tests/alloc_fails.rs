//! The state of a list after an allocation failed and `handle_alloc_error` unwound.
//!
//! Each story runs once per allocation, and that allocation fails. The hook that unwinds is a
//! nightly feature, so these tests run only under Miri, in `ci/miri.sh`.
#![cfg(miri)]
#![feature(alloc_error_hook)]

extern crate alloc;

use alloc::{sync::Arc, task::Wake};
use core::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
};
use std::{
    alloc::System,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use aiter_core::{Cursor, Pusher, push_list, task::ReadyQueue};
use futures_core::Stream;

struct FailingAllocator;

#[global_allocator]
static ALLOCATOR: FailingAllocator = FailingAllocator;

thread_local! {
    /// Number of allocations on this thread before the one that fails.
    static UNTIL_FAILURE: Cell<Option<usize>> = const { Cell::new(None) };
}

fn fails() -> bool {
    let until = UNTIL_FAILURE.get();
    UNTIL_FAILURE.set(until.and_then(|until| until.checked_sub(1)));
    until == Some(0)
}

// SAFETY: each call is passed to `System` unchanged, or returns null.
unsafe impl GlobalAlloc for FailingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller guarantees a valid `layout` of non-zero size.
        if fails() { core::ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller guarantees that `ptr` was allocated here, by `System`, with `layout`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if fails() {
            return core::ptr::null_mut();
        }
        // SAFETY: the caller guarantees that `ptr` was allocated here, by `System`, with `layout`,
        // and that `new_size` is valid.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

struct NoMemory;

/// Number of the allocation that fails in one run of a story.
struct Failure {
    allocation: usize,
    is_over: Cell<bool>,
}

impl Failure {
    /// Runs `operation` while one of its allocations fails. Returns `None` if it unwound.
    fn run<R>(&self, operation: impl FnOnce() -> R) -> Option<R> {
        UNTIL_FAILURE.set(Some(self.allocation));
        let result = catch_unwind(AssertUnwindSafe(operation));
        self.is_over.set(UNTIL_FAILURE.take().is_none());
        result
            .map_err(|payload| {
                if !payload.is::<NoMemory>() && !payload.is::<IteratorPanic>() {
                    resume_unwind(payload);
                }
            })
            .ok()
    }
}

/// Runs `story` once per allocation of its operation, and once without a failure. Returns the
/// number of failed allocations.
#[track_caller]
fn fail_each(story: impl Fn(&Failure)) -> usize {
    std::alloc::set_alloc_error_hook(|_| resume_unwind(Box::new(NoMemory)));
    for allocation in 0.. {
        let failure = Failure { allocation, is_over: Cell::new(false) };
        story(&failure);
        if !failure.is_over.get() {
            return allocation;
        }
    }
    unreachable!()
}

/// Maximum number of values of a story.
const VALUES: usize = 200;

/// Number of creations and of drops of each value.
struct Counters {
    made: [AtomicUsize; VALUES],
    dropped: [AtomicUsize; VALUES],
}

/// A counted item with `N` more bytes. Large items take another code path.
struct Item<const N: usize> {
    value: usize,
    counters: Arc<Counters>,
    _bytes: [u8; N],
}

impl Counters {
    fn new() -> Arc<Self> {
        let zeros = || [const { AtomicUsize::new(0) }; VALUES];
        Arc::new(Self { made: zeros(), dropped: zeros() })
    }

    fn item<const N: usize>(self: &Arc<Self>, value: usize) -> Item<N> {
        self.made[value].fetch_add(1, Ordering::Relaxed);
        Item { value, counters: self.clone(), _bytes: [0; N] }
    }

    fn dropped(&self, value: usize) -> usize {
        self.dropped[value].load(Ordering::Relaxed)
    }

    #[track_caller]
    fn assert_all_dropped(self: &Arc<Self>) {
        for value in 0..VALUES {
            let made = self.made[value].load(Ordering::Relaxed);
            assert_eq!(self.dropped(value), made, "value {value}");
        }
        assert_eq!(Arc::strong_count(self), 1);
    }
}

impl<const N: usize> Clone for Item<N> {
    fn clone(&self) -> Self {
        self.counters.item(self.value)
    }
}

impl<const N: usize> Drop for Item<N> {
    fn drop(&mut self) {
        self.counters.dropped[self.value].fetch_add(1, Ordering::Relaxed);
    }
}

/// Reads all ready items.
fn read<const N: usize>(cursor: &mut Cursor<Item<N>>) -> Vec<usize> {
    core::iter::from_fn(|| cursor.try_next().ok()).map(|item| item.value).collect()
}

/// Lets `push` push the values from `begin` to `end` while an allocation fails. Asserts that each
/// value was read in order or dropped, and that the list stays usable.
#[track_caller]
fn assert_push_survives<const N: usize>(
    begin: usize,
    end: usize,
    push: impl Fn(&mut Pusher<Item<N>>, &mut dyn Iterator<Item = Item<N>>),
) {
    let failed = fail_each(|failure| {
        let counters = Counters::new();
        let (mut pusher, mut cursor) = push_list();
        (0..begin).for_each(|value| pusher.push(counters.item(value)).unwrap());
        let mut late = cursor.fork();
        let made = Cell::new(begin);
        let done = failure.run(|| {
            let items = (begin..end).map(|value| {
                made.set(value + 1);
                counters.item(value)
            });
            push(&mut pusher, &mut { items });
        });
        let more = VALUES - 70..VALUES;
        more.clone().for_each(|value| pusher.push(counters.item(value)).unwrap());
        let read = read(&mut cursor);
        assert!(read.is_sorted() && read.starts_with(&Vec::from_iter(0..begin)));
        assert!(read.ends_with(&Vec::from_iter(more)));
        let mut is_read = [false; VALUES];
        read.iter().for_each(|&value| is_read[value] = true);
        for value in 0..made.get() {
            // A read item exists twice, because the other cursor has not read it.
            assert_eq!(counters.dropped(value), 1, "value {value} of {}", made.get());
            assert_eq!(
                counters.made[value].load(Ordering::Relaxed),
                1 + usize::from(is_read[value])
            );
        }
        if done.is_some() {
            assert_eq!(read.len(), end + 70);
        }
        assert_eq!(self::read(&mut late), read);
        drop((pusher, cursor, late));
        counters.assert_all_dropped();
    });
    assert!(failed > 0, "no allocation failed");
}

/// More items than two blocks hold.
const END: usize = 130;

#[test]
fn push_without_memory_drops_item() {
    assert_push_survives::<0>(50, END, |pusher, items| {
        items.for_each(|item| pusher.push(item).unwrap());
    });
}

#[test]
fn push_all_without_memory_leaves_list_usable() {
    assert_push_survives::<0>(0, END, |pusher, items| _ = pusher.push_all(items));
    assert_push_survives::<200>(0, END, |pusher, items| _ = pusher.push_all(items));
}

#[test]
fn unique_push_without_memory_drops_item() {
    assert_push_survives::<0>(0, END, |pusher, items| {
        let mut unique = pusher.unique().unwrap();
        items.for_each(|item| unique.push(item).unwrap());
    });
}

/// The handle is used again after it unwound.
#[test]
fn unique_pusher_without_memory_stays_usable() {
    let failed = fail_each(|failure| {
        let counters = Counters::new();
        let (mut pusher, mut cursor) = push_list::<Item<0>>();
        let mut unique = pusher.unique().unwrap();
        let mut lost = Vec::with_capacity(1);
        for value in 0..END {
            let item = counters.item(value);
            if !failure.is_over.get() && failure.run(|| unique.push(item).unwrap()).is_none() {
                lost.push(value);
            } else if failure.is_over.get() && lost.last() != Some(&value) {
                unique.push(counters.item(value)).unwrap();
            }
        }
        let read = read(&mut cursor);
        assert!(read.iter().all(|value| !lost.contains(value)));
        drop((pusher, cursor));
        counters.assert_all_dropped();
    });
    assert!(failed > 0, "no allocation failed");
}

#[test]
fn unique_push_all_without_memory_stays_usable() {
    assert_push_survives::<0>(0, END, |pusher, items| {
        _ = pusher.unique().unwrap().push_all(items);
    });
    assert_push_survives::<0>(0, END, |pusher, items| pusher.extend(items));
}

struct IteratorPanic;

/// Items that were yielded before the panic are pushed, or dropped without memory. A second panic
/// would abort.
#[test]
fn push_all_panic_without_memory_does_not_abort() {
    let until_panic = |item: Item<0>| {
        // The panic is in the chunk that crosses the edge of the first block.
        if item.value == 63 { resume_unwind(Box::new(IteratorPanic)) } else { item }
    };
    assert_push_survives::<0>(0, END, |pusher, items| {
        _ = pusher.push_all(items.map(until_panic));
    });
    assert_push_survives::<0>(0, END, |pusher, items| {
        _ = pusher.unique().unwrap().push_all(items.map(until_panic));
    });
}

#[test]
fn refused_items_without_memory_are_dropped() {
    let failed = fail_each(|failure| {
        let counters = Counters::new();
        let (mut pusher, cursor) = push_list::<Item<0>>();
        pusher.stop();
        failure.run(|| {
            let refused = pusher.push_all((0..40).map(|value| counters.item(value))).unwrap_err();
            assert_eq!(refused.into_unpushed().count(), 40);
            let mut unique = pusher.unique().unwrap();
            let refused = unique.push_all((0..40).map(|value| counters.item(value))).unwrap_err();
            assert_eq!(refused.into_unpushed().count(), 40);
        });
        drop((pusher, cursor));
        counters.assert_all_dropped();
    });
    assert_eq!(failed, 2);
}

#[test]
fn reserve_without_memory_changes_nothing() {
    let failed = fail_each(|failure| {
        let counters = Counters::new();
        let (pusher, mut cursor) = push_list::<Item<0>>();
        let done = failure.run(|| pusher.reserve(END));
        let room =
            (0..END).take_while(|&value| pusher.try_push(counters.item(value)).is_ok()).count();
        assert!(done.is_none() || room == END);
        (room..VALUES).for_each(|value| pusher.push(counters.item(value)).unwrap());
        assert!(read(&mut cursor).into_iter().eq(0..VALUES));
        drop((pusher, cursor));
        counters.assert_all_dropped();
    });
    assert_eq!(failed, 2);
}

#[test]
fn new_list_without_memory_is_freed() {
    let failed = fail_each(|failure| drop(failure.run(push_list::<Item<0>>)));
    assert_eq!(failed, 2);
}

#[test]
fn handles_without_memory_leave_list_usable() {
    let failed = fail_each(|failure| {
        let counters = Counters::new();
        let (pusher, mut cursor) = push_list::<Item<0>>();
        (0..100).for_each(|value| pusher.push(counters.item(value)).unwrap());
        let other = cursor.fork();
        failure.run(|| {
            let mut fork = cursor.fork();
            let mut items = Vec::new();
            assert!(fork.len() == 100);
            fork.try_next_many(&mut items, 50);
            let mut late = pusher.subscribe();
            assert!(late.try_next().is_err());
            let mut taker = other.share();
            taker.try_next_many(&mut items, 100);
            cursor.try_next_many(&mut items, 50);
            drop((pusher.downgrade(), taker.clone(), pusher.clone()));
        });
        assert_eq!(pusher.cursor_count(), 1, "the other cursors must be dropped");
        let rest = read(&mut cursor);
        assert!(rest == [] || rest.len() == 50 || rest.len() == 100);
        assert!(rest.iter().copied().eq(100 - rest.len()..100));
        drop((pusher, cursor));
        counters.assert_all_dropped();
    });
    assert!(failed > 2, "{failed} allocations failed");
}

/// A task that waits at the list and at a shared cursor.
#[test]
fn poll_without_memory_registers_nothing() {
    struct Flag(AtomicUsize);
    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let failed = fail_each(|failure| {
        let counters = Counters::new();
        let (pusher, mut cursor) = push_list::<Item<0>>();
        let mut taker = cursor.fork().share();
        let flag = Arc::new(Flag(AtomicUsize::new(0)));
        let waker = Waker::from(flag.clone());
        let poll = |cursor: &mut Cursor<_>, taker: &mut _| {
            let mut cx = Context::from_waker(&waker);
            let polled = Pin::new(cursor).poll_next(&mut cx);
            assert!(polled.is_pending() && poll_taker(taker, &mut cx).is_pending());
        };
        failure.run(|| poll(&mut cursor, &mut taker));
        poll(&mut cursor, &mut taker);
        pusher.push(counters.item(1)).unwrap();
        assert_eq!(flag.0.load(Ordering::Relaxed), 2);
        assert_eq!(read(&mut cursor), [1]);
        drop((pusher, cursor, taker, waker));
        assert_eq!(Arc::strong_count(&flag), 1);
        counters.assert_all_dropped();
    });
    assert!(failed > 0, "no allocation failed");
}

fn poll_taker<S: Stream + Unpin>(taker: &mut S, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
    Pin::new(taker).poll_next(cx)
}

#[test]
fn ready_queue_without_memory_stays_usable() {
    let failed = fail_each(|failure| {
        let made = failure.run(|| {
            let mut ready = ReadyQueue::new();
            let node = ready.node::<u8>(7);
            assert!(ready.sleep(Waker::noop()));
            (ready, node)
        });
        if let Some((mut ready, mut node)) = made {
            assert!(node.set_idle());
            node.waker().wake();
            assert_eq!(ready.take(), 7);
        }
    });
    assert_eq!(failed, 2);
}
