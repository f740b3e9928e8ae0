//! Panics of wakers, clones, drops and iterators.

use alloc::sync::Arc;
use core::panic::AssertUnwindSafe;
use std::{panic::catch_unwind, sync::Mutex};

use aiter_adapters::{BoundedCursor, BoundedPusher, SharedBoundedCursor, bounded};

use crate::{once, poll, ready, wait, waker::on_wake};

fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// Reads into a buffer.
type ReadMany<R> = fn(&mut R, &mut Vec<Fragile>);

#[test]
fn panic_of_waker_still_wakes_rest() {
    let (pusher, cursor) = bounded(3);
    for n in 0..3 {
        pusher.try_push(n).unwrap();
    }
    let mut fast = cursor.fork();
    for n in 0..3 {
        assert_eq!(fast.try_next(), Ok(n));
    }
    let bad = on_wake(|| panic!("waker"));
    let (mut one, mut two, mut three) = (pusher.push(1), pusher.push(2), pusher.push(3));
    assert!(poll(&mut one, &bad).is_pending());
    let wakers = [wait(&mut two), wait(&mut three)];
    assert!(panics(|| drop(cursor)));
    assert_eq!((wakers[0].wakes(), wakers[1].wakes()), (1, 1));
    assert!(ready(one).is_ok() && ready(two).is_ok() && ready(three).is_ok());
}

#[test]
fn panic_of_waker_in_stop_stops_list() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(0).unwrap();
    let (mut one, mut two) = (pusher.push(1), pusher.push(2));
    assert!(poll(&mut one, &on_wake(|| panic!("waker"))).is_pending());
    let waker = wait(&mut two);
    assert!(panics(|| pusher.stop()));
    assert_eq!(waker.wakes(), 1);
    assert!(pusher.is_stopped());
    assert!(ready(one).is_err() && ready(two).is_err());
    assert_eq!(ready(cursor.next()), Some(0));
    assert_eq!(ready(cursor.next()), None);
}

struct Fragile {
    clone_panics: bool,
    drop_panics: bool,
}

impl Fragile {
    const SOUND: Self = Self { clone_panics: false, drop_panics: false };
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        assert!(!self.clone_panics, "clone");
        Self { ..Self::SOUND }
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(!self.drop_panics || std::thread::panicking(), "drop");
    }
}

#[test]
fn read_whose_clone_panics_is_not_counted() {
    let (pusher, mut one) = bounded(2);
    let mut two = one.fork();
    let bad = Fragile { clone_panics: true, drop_panics: false };
    pusher.try_push(Fragile::SOUND).unwrap();
    pusher.try_push(bad).unwrap();
    assert!(one.try_next().is_ok() && two.try_next().is_ok());
    assert_eq!(pusher.capacity(), 1);
    assert!(panics(|| one.try_next().is_ok()));
    assert!(panics(|| once(&mut two.next())));
    assert_eq!((pusher.capacity(), one.len()), (1, 1));
    pusher.try_push(Fragile::SOUND).unwrap();
    assert!(pusher.try_push(Fragile::SOUND).is_err());
    drop(one);
    assert!(two.try_next().is_ok() && two.try_next().is_ok());
    assert_eq!(pusher.capacity(), 2);
}

#[test]
fn next_many_whose_clone_panics_counts_items_before() {
    let reads: [ReadMany<BoundedCursor<Fragile>>; 2] = [
        |cursor, buf| _ = once(&mut cursor.next_many(buf, 4)),
        |cursor, buf| _ = cursor.try_next_many(buf, 4),
    ];
    for read in reads {
        let (pusher, mut one) = fragile_third();
        let two = one.fork();
        let mut buf = Vec::new();
        assert!(panics(|| read(&mut one, &mut buf)));
        assert_eq!(buf.len() + one.len(), 4);
        let read = buf.len();
        drop(two);
        assert_eq!(pusher.capacity(), read);
    }
}

#[test]
fn taker_whose_clone_panics_counts_items_before() {
    let reads: [ReadMany<SharedBoundedCursor<Fragile>>; 2] = [
        |taker, buf| _ = once(&mut taker.next_many(buf, 4)),
        |taker, buf| _ = taker.try_next_many(buf, 4),
    ];
    for read in reads {
        let (pusher, cursor) = fragile_third();
        let two = cursor.fork();
        let mut taker = cursor.share();
        let mut buf = Vec::new();
        assert!(panics(|| read(&mut taker, &mut buf)));
        drop(two);
        assert_eq!((buf.len(), pusher.capacity()), (2, 3), "the third item is lost to the takers");
    }
}

#[test]
fn taker_whose_clone_panics_returns_room() {
    let reads: [fn(&mut SharedBoundedCursor<Fragile>); 5] = [
        |taker| drop(taker.try_next()),
        |taker| drop(crate::waker::next(taker)),
        |taker| drop(once(&mut taker.next())),
        |taker| _ = taker.try_next_many(&mut Vec::new(), 1),
        |taker| _ = once(&mut taker.next_many(&mut Vec::new(), 1)),
    ];
    for read in reads {
        let (pusher, cursor) = bounded(1);
        let mut other = cursor.fork();
        let mut taker = cursor.share();
        for _ in 0..3 {
            pusher.try_push(Fragile { clone_panics: true, drop_panics: false }).unwrap();
            assert!(panics(|| read(&mut taker)));
            assert_eq!((taker.len(), other.skip_items(1)), (0, 1));
        }
        assert_eq!(pusher.capacity(), 1);
    }
}

/// A full list of 4 items. The clone of the third one panics.
fn fragile_third() -> (BoundedPusher<Fragile>, BoundedCursor<Fragile>) {
    let (pusher, cursor) = bounded(4);
    for clone_panics in [false, false, true, false] {
        pusher.try_push(Fragile { clone_panics, drop_panics: false }).unwrap();
    }
    (pusher, cursor)
}

#[test]
fn cursor_whose_item_panics_in_drop_leaves() {
    let (pusher, cursor) = bounded(1);
    let mut late = pusher.subscribe();
    pusher.try_push(Fragile::SOUND).unwrap();
    drop(late.try_next());
    drop(late);
    drop(cursor);
    let (pusher, cursor) = bounded(1);
    pusher.try_push(Fragile { clone_panics: false, drop_panics: true }).unwrap();
    let mut push = pusher.push(Fragile::SOUND);
    let waker = wait(&mut push);
    assert!(panics(|| drop(cursor)));
    assert_eq!(waker.wakes(), 1);
    assert!(ready(push).is_err());
    let mut revived = pusher.subscribe();
    assert!(pusher.try_push(Fragile::SOUND).is_ok());
    assert!(revived.try_next().is_ok());
}

#[test]
fn iterator_that_panics_returns_its_places() {
    let (pusher, cursor) = bounded(10);
    let items = (0..10).inspect(|n| assert!(*n < 6, "iterator"));
    let mut push = pusher.push_all(items);
    assert!(panics(|| once(&mut push)));
    drop(push);
    assert_eq!(pusher.capacity() + cursor.len(), 10);
}

#[test]
fn push_all_after_iterator_panic_keeps_capacity() {
    const ITEMS: u32 = 100;
    let (pusher, mut cursor) = bounded(10);
    let mut bad = Some(6);
    let items = (0..ITEMS).inspect(|n| assert!(bad.take_if(|bad| bad == n).is_none(), "iterator"));
    let mut push = pusher.push_all(items);
    assert!(panics(|| once(&mut push)));
    assert_eq!((cursor.len(), pusher.capacity()), (0, 10));
    for _ in 0..8 {
        pusher.try_push(ITEMS).unwrap();
    }
    let mut read = Vec::new();
    while once(&mut push).is_pending() {
        assert_eq!(cursor.len(), 10);
        read.extend(cursor.try_next());
    }
    cursor.try_next_many(&mut read, 10);
    read.retain(|n| *n < ITEMS);
    assert!(read.into_iter().eq((0..ITEMS).filter(|n| *n != 6)));
    assert_eq!(pusher.capacity(), 10);
}

/// Items above 128 bytes are pushed one by one.
#[test]
fn push_all_after_waker_panic_loses_no_item() {
    fn story<const N: usize>() {
        let (pusher, mut cursor) = bounded(64);
        let bad = on_wake(|| panic!("waker"));
        assert!(crate::waker::poll(&mut cursor, &bad).is_pending());
        let mut push = pusher.push_all((0..40).map(|n| [n; N]));
        assert!(panics(|| once(&mut push)));
        assert_eq!(pusher.capacity(), 64 - cursor.len());
        assert_eq!(ready(push).unwrap(), 40);
        assert_eq!(pusher.capacity(), 24);
        let mut read = Vec::new();
        cursor.try_next_many(&mut read, 64);
        assert!(read.into_iter().map(|item| item[0]).eq(0..40));
    }
    story::<1>();
    story::<100>();
}

/// The waker drops the last cursor and panics, at each place in a block.
#[test]
fn push_all_refused_after_waker_panic_keeps_room() {
    for lead in 0..if cfg!(miri) { 4 } else { 61 } {
        let (pusher, mut cursor) = bounded(64);
        for n in 0..lead {
            pusher.try_push(n).unwrap();
            assert_eq!(cursor.try_next(), Ok(n));
        }
        let last: Arc<Mutex<Option<BoundedCursor<usize>>>> = Arc::default();
        let bad = on_wake({
            let last = last.clone();
            move || {
                drop(last.lock().unwrap().take());
                panic!("waker")
            }
        });
        assert!(crate::waker::poll(&mut cursor, &bad).is_pending());
        *last.lock().unwrap() = Some(cursor);
        let mut push = pusher.push_all(0..32);
        assert!(panics(|| once(&mut push)));
        drop(push);
        let late = pusher.subscribe();
        assert_eq!((late.len(), pusher.capacity()), (0, 64), "after {lead} items");
    }
}
