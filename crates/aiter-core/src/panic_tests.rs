//! Tests of the limits of reader counts and pusher counts. They set the counts directly, because
//! real handles would be too many.

extern crate std;

use core::{
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
};

use alloc::{sync::Arc, vec::Vec};
use std::panic::catch_unwind;

use futures_core::Stream;

use crate::{
    cursor::Cursor,
    list::{
        block::Block,
        pusher_count::{MOST_PUSHERS, MOST_WEAK},
        readers::MAX_READERS,
    },
    pusher::push_list,
};

/// Runs `f` while the reader count of the block is `count`. Returns `true` if `f` panics because of
/// the limit, and checks that it has not changed the count then.
fn is_refused<T, R>(block: Block<T>, count: usize, f: impl FnOnce() -> R) -> bool {
    // SAFETY: the cursors of the test keep the block alive.
    let header = unsafe { block.header() };
    let before = header.readers.count();
    header.readers.set(count);
    let result = catch_unwind(AssertUnwindSafe(f));
    let added = header.readers.count() - count;
    header.readers.set(before + added);
    match result {
        Ok(_) => false,
        Err(panic) => {
            assert_eq!(panic.downcast_ref(), Some(&"too many cursors in one block"));
            assert_eq!(added, 0, "a refused reader must not be counted");
            true
        }
    }
}

/// Returns the block of the cursor and the next block.
fn blocks<T>(cursor: &Cursor<T>) -> (Block<T>, Option<Block<T>>) {
    let (block, _) = cursor.raw.place();
    // SAFETY: the cursor keeps the block alive.
    (block, unsafe { block.next() })
}

fn poll<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    core::pin::Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn fork_above_limit_panics() {
    let (pusher, mut cursor) = push_list();
    let mut forks = Vec::new();
    let (block, _) = blocks(&cursor);
    assert!(!is_refused(block, MAX_READERS - 1, || forks.push(cursor.fork())));
    assert!(is_refused(block, MAX_READERS, || cursor.fork()));
    assert_eq!(pusher.cursor_count(), 2);
    pusher.push(1).unwrap();
    assert_eq!((cursor.try_next(), forks[0].try_next()), (Ok(1), Ok(1)));
}

#[test]
fn subscribe_above_limit_panics() {
    let (pusher, mut cursor) = push_list();
    let mut late = Vec::new();
    let (block, _) = blocks(&cursor);
    assert!(!is_refused(block, MAX_READERS - 1, || late.push(pusher.subscribe())));
    assert!(is_refused(block, MAX_READERS, || pusher.subscribe()));
    assert_eq!(pusher.cursor_count(), 2);
    assert!(!cursor.list.is_pinned());
    pusher.push(1).unwrap();
    assert_eq!((cursor.try_next(), late[0].try_next()), (Ok(1), Ok(1)));
}

/// After the panic, the cursor owns a count of its block, and none of the next one.
#[test]
fn advance_to_crowded_block_panics_then_works() {
    let cap = Block::<Arc<usize>>::CAP;
    for drops_cursor in [true, false] {
        let item = Arc::new(0);
        let (pusher, mut cursor) = push_list();
        let mut other = cursor.fork();
        for _ in 0..cap + 3 {
            pusher.push(item.clone()).unwrap();
        }
        let (_, next) = blocks(&cursor);
        for _ in 0..cap {
            cursor.try_next().unwrap();
        }
        let next = next.expect("the claim of the last slot must link a block");
        for _ in 0..2 {
            assert!(is_refused(next, MAX_READERS, || cursor.try_next()));
            assert!(is_refused(next, MAX_READERS, || poll(&mut cursor)));
            assert_eq!(cursor.len(), 3);
        }
        if !drops_cursor {
            assert!(cursor.try_next().is_ok());
        }
        drop(cursor);
        for _ in 0..cap + 3 {
            assert!(other.try_next().is_ok());
        }
        assert_eq!(Arc::strong_count(&item), 1, "items that all cursors read must be dropped");
        // Only `other`: the link from the retired block is gone.
        // SAFETY: `other` keeps its block alive.
        assert_eq!(unsafe { blocks(&other).0.header() }.readers.count(), 1);
    }
}

/// The cursor was exclusive at its last check.
#[test]
fn exclusive_advance_to_crowded_block_panics() {
    let cap = Block::<Arc<usize>>::CAP;
    let item = Arc::new(0);
    let (pusher, mut cursor) = push_list();
    for _ in 0..cap - 1 {
        pusher.push(item.clone()).unwrap();
        cursor.try_next().unwrap();
    }
    let mut late = pusher.subscribe();
    for _ in 0..2 {
        pusher.push(item.clone()).unwrap();
    }
    let (_, next) = blocks(&cursor);
    cursor.try_next().unwrap();
    assert!(is_refused(next.expect("next block must exist"), MAX_READERS, || cursor.try_next()));
    assert!(cursor.try_next().is_ok() && cursor.try_next().is_err());
    assert!(late.try_next().is_ok() && late.try_next().is_ok() && late.try_next().is_err());
    drop(cursor);
    // SAFETY: `late` keeps its block alive.
    assert_eq!(unsafe { blocks(&late).0.header() }.readers.count(), 1);
    drop((pusher, late));
    assert_eq!(Arc::strong_count(&item), 1);
}

#[test]
fn take_at_reader_limit_panics_and_keeps_item() {
    let (pusher, cursor) = push_list();
    let (block, _) = blocks(&cursor);
    let other = cursor.fork();
    let mut one = cursor.share();
    let mut two = one.clone();
    pusher.push_all([1, 2]).unwrap();
    assert!(is_refused(block, MAX_READERS, || one.try_next()));
    assert!(is_refused(block, MAX_READERS, || poll(&mut one)));
    assert_eq!((poll(&mut two), poll(&mut one)), (Poll::Ready(Some(1)), Poll::Ready(Some(2))));
    assert!(poll(&mut one).is_pending() && poll(&mut two).is_pending());
    drop(other);
}

/// The parked taker holds the block while it drops the items. No limit applies to that count.
#[test]
fn park_at_reader_limit_drops_read_items() {
    struct Counted(Arc<AtomicUsize>);
    impl Counted {
        fn new(alive: &Arc<AtomicUsize>) -> Self {
            alive.fetch_add(1, Ordering::Relaxed);
            Self(alive.clone())
        }
    }
    impl Clone for Counted {
        fn clone(&self) -> Self {
            Self::new(&self.0)
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let alive = Arc::new(AtomicUsize::new(0));
    let (pusher, cursor) = push_list();
    let (block, _) = blocks(&cursor);
    let mut other = cursor.fork();
    let mut taker = cursor.share();
    pusher.push(Counted::new(&alive)).map_err(drop).unwrap();
    assert!(other.try_next().is_ok() && taker.try_next().is_ok());
    assert!(poll(&mut other).is_pending());
    assert_eq!(alive.load(Ordering::Relaxed), 1);
    // SAFETY: the cursors keep the block alive.
    let header = unsafe { block.header() };
    header.readers.set(MAX_READERS);
    header.readers.set_parked(MAX_READERS - 1);
    assert!(poll(&mut taker).is_pending());
    assert_eq!(alive.load(Ordering::Relaxed), 0);
    header.readers.set(2);
    header.readers.set_parked(2);
    pusher.push(Counted::new(&alive)).map_err(drop).unwrap();
    assert!(other.try_next().is_ok() && taker.try_next().is_ok());
}

/// `upgrade` returns `None` at the limit. All other ways to add a handle panic.
#[test]
fn pusher_above_limit_panics_or_is_refused() {
    let (pusher, cursor) = push_list::<u8>();
    let weak = pusher.downgrade();
    let panics = |f: &dyn Fn()| catch_unwind(AssertUnwindSafe(f)).is_err();
    cursor.list.handles.set(MOST_PUSHERS - 1, 1);
    let more = weak.upgrade().expect("the limit must permit one more pusher");
    assert!(weak.upgrade().is_none());
    assert!(panics(&|| drop(pusher.clone())));
    drop(more);
    cursor.list.handles.set(1, MOST_WEAK);
    assert!(panics(&|| drop(pusher.downgrade())) && panics(&|| drop(weak.clone())));
    cursor.list.handles.set(1, 1);
    drop(weak);
    assert!(cursor.list.handles.has_only_one());
}
