//! Panics of the weight function, wakers, clones and drops.

use core::{panic::AssertUnwindSafe, task::Poll};
use std::panic::catch_unwind;

use aiter_adapters::{SharedWeighedCursor, bounded_by};

use crate::{list, once, poll, ready, wait, waker::on_wake};

fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

#[test]
fn weigh_that_panics_leaves_room_unchanged() {
    let weigh = |item: &u32| if *item == 13 { panic!("weigh") } else { 3 };
    let (pusher, mut cursor) = bounded_by(10, weigh);
    pusher.try_push(1).unwrap();
    assert!(panics(|| pusher.try_push(13)));
    assert!(panics(|| pusher.push(13)));
    assert_eq!((pusher.used(), cursor.len()), (3, 1));
    let permit = pusher.try_reserve(7).unwrap();
    let mut push = pusher.push(2);
    let waker = wait(&mut push);
    assert!(panics(|| permit.push(13)));
    assert_eq!((waker.wakes(), pusher.used()), (1, 6));
    assert!(ready(push).is_ok());
    assert_eq!((cursor.try_next(), cursor.try_next()), (Ok(1), Ok(2)));
    assert_eq!(pusher.capacity(), 10);
}

#[test]
fn panic_of_waker_still_wakes_rest() {
    let (pusher, mut cursor) = list(10, [10]);
    let (mut one, mut two) = (pusher.push(5), pusher.push(5));
    assert!(poll(&mut one, &on_wake(|| panic!("waker"))).is_pending());
    let waker = wait(&mut two);
    assert!(panics(|| cursor.try_next()));
    assert_eq!((waker.wakes(), pusher.used()), (1, 10));
    assert!(ready(one).is_ok() && ready(two).is_ok());
}

#[test]
fn panic_of_waker_of_reader_keeps_item_and_rest() {
    let (pusher, mut cursor) = list(10, []);
    let permit = pusher.try_reserve(9).unwrap();
    let bad = on_wake(|| panic!("waker"));
    assert!(matches!(poll(&mut cursor.next(), &bad), Poll::Pending));
    assert!(matches!(crate::waker::poll(&mut cursor, &bad), Poll::Pending));
    assert!(panics(|| permit.push(4)));
    assert_eq!((pusher.used(), cursor.len()), (4, 1));
    assert_eq!((cursor.try_next(), pusher.capacity()), (Ok(4), 10));
}

struct Fragile {
    weight: usize,
    clone_panics: bool,
    drop_panics: bool,
}

impl Fragile {
    fn new(weight: usize) -> Self {
        Self { weight, clone_panics: false, drop_panics: false }
    }
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        assert!(!self.clone_panics, "clone");
        Self::new(self.weight)
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(!self.drop_panics || std::thread::panicking(), "drop");
    }
}

fn weight(item: &Fragile) -> usize {
    item.weight
}

#[test]
fn read_whose_clone_panics_is_not_counted() {
    let (pusher, mut one) = bounded_by(10, weight);
    let mut two = one.fork();
    pusher.try_push(Fragile::new(3)).unwrap();
    pusher.try_push(Fragile { clone_panics: true, ..Fragile::new(4) }).unwrap();
    assert!(one.try_next().is_ok() && two.try_next().is_ok());
    assert_eq!(pusher.used(), 4);
    assert!(panics(|| one.try_next().is_ok()));
    assert!(panics(|| once(&mut two.next())));
    assert_eq!((pusher.used(), one.len()), (4, 1));
    assert_eq!((one.seek_to_end(), pusher.used()), (1, 4));
    drop(one);
    assert!(two.try_next().is_ok(), "the only cursor moves the item out");
    assert_eq!(pusher.used(), 0);
}

#[test]
fn taker_whose_clone_panics_returns_room() {
    let reads: [fn(&mut SharedWeighedCursor<Fragile>); 3] = [
        |taker| drop(taker.try_next()),
        |taker| drop(crate::waker::next(taker)),
        |taker| drop(once(&mut taker.next())),
    ];
    for read in reads {
        let (pusher, cursor) = bounded_by(10, weight);
        let mut other = cursor.fork();
        let mut taker = cursor.share();
        for n in 1..=10 {
            pusher.try_push(Fragile { clone_panics: true, ..Fragile::new(n) }).unwrap();
            assert!(panics(|| read(&mut taker)));
            assert_eq!((taker.len(), other.skip_items(1)), (0, 1));
            assert_eq!(pusher.capacity(), 10);
        }
    }
}

#[test]
fn run_whose_clone_panics_counts_items_before() {
    for is_async in [false, true] {
        let (pusher, mut one) = bounded_by(20, weight);
        for weight in [1, 2, 3, 4] {
            pusher.try_push(Fragile { clone_panics: weight == 3, ..Fragile::new(weight) }).unwrap();
        }
        let two = one.fork();
        let mut buf = Vec::new();
        assert!(panics(|| {
            if is_async {
                let _ = once(&mut one.next_many(&mut buf, 4));
            } else {
                one.try_next_many(&mut buf, 4);
            }
        }));
        assert_eq!((buf.len(), one.len()), (2, 2));
        drop(two);
        assert_eq!(pusher.used(), 7);
    }
}

/// The drop of one of 200 items panics. Exactly the items that are still to be read count.
#[test]
fn seek_whose_drop_panics_returns_room_of_skipped() {
    let places: &[usize] = if cfg!(miri) { &[0, 56] } else { &[0, 1, 55, 56, 57, 150, 199] };
    for &bad in places {
        let (pusher, mut cursor) = bounded_by(30_000, weight);
        for n in 0..200 {
            pusher.try_push(Fragile { drop_panics: n == bad, ..Fragile::new(n + 1) }).unwrap();
        }
        assert!(panics(|| cursor.seek_to_end()));
        let unread = cursor.len();
        assert!(unread < 200 - bad, "the item that panicked is skipped");
        assert_eq!(pusher.used(), (201 - unread..201).sum());
        assert_eq!((cursor.seek_to_end(), pusher.used()), (unread, 0));
    }
}

#[test]
fn cursor_whose_item_panics_in_drop_leaves() {
    let (pusher, cursor) = bounded_by(10, weight);
    pusher.try_push(Fragile { drop_panics: true, ..Fragile::new(9) }).unwrap();
    let mut push = pusher.push(Fragile::new(5));
    let waker = wait(&mut push);
    assert!(panics(|| drop(cursor)));
    assert_eq!((waker.wakes(), pusher.cursor_count()), (1, 0));
    assert!(ready(push).is_err());
}
