//! Tests of the bounded lists with several threads in random interleavings. Blocks have two slots
//! here.
//!
//! `RUSTFLAGS="--cfg shuttle" cargo test --release -p aiter-adapters --features std --test shuttle`
#![cfg(all(shuttle, feature = "std"))]

mod lossy;

use core::{
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Waker},
};
use std::{panic::catch_unwind, sync::Arc, task::Wake};

use aiter_adapters::{BoundedCursor, BoundedPusher, bounded};
use aiter_core::PushError;
use futures_core::Stream;
use shuttle::{future::block_on, thread};

/// Runs `story` with `AITER_SHUTTLE_SCHEDULES` random schedules, 3000 by default.
fn model(story: impl Fn() + Send + Sync + 'static) {
    let iterations = std::env::var("AITER_SHUTTLE_SCHEDULES")
        .map_or(3000, |n| n.parse().expect("AITER_SHUTTLE_SCHEDULES is a number"));
    shuttle::check_random(story, iterations);
}

/// Number of items of each producer.
const ITEMS: u32 = 3;

/// The items of a producer. Their hundreds are its number.
fn items_of(producer: u32) -> impl Iterator<Item = u32> {
    (0..ITEMS).map(move |n| producer * 100 + n)
}

fn spawn_read_all(mut cursor: BoundedCursor<u32>, cap: usize) -> thread::JoinHandle<Vec<u32>> {
    thread::spawn(move || {
        let mut items = Vec::new();
        while let Some(item) = block_on(cursor.next()) {
            items.push(item);
            assert!(cursor.len() <= cap);
        }
        items
    })
}

fn assert_in_order(items: &[u32]) {
    for producer in 0..2 {
        let read = items.iter().copied().filter(|item| item / 100 == producer);
        assert!(read.eq(items_of(producer)), "{items:?}");
    }
}

/// Polls a push once, and drops it.
fn poll_and_drop(pusher: &BoundedPusher<u32>) {
    let mut reservation = pusher.reserve_many(pusher.max_capacity());
    let _ = Future::poll(Pin::new(&mut reservation), &mut Context::from_waker(Waker::noop()));
}

/// One producer pushes. The other returns a permit, and drops a request, before each push. One
/// reader is dropped midway.
fn two_producers_three_readers(cap: usize) {
    model(move || {
        let (pusher, cursor) = bounded(cap);
        let mut dropped = cursor.fork();
        let readers = [cursor.fork(), cursor].map(|cursor| spawn_read_all(cursor, cap));
        let dropper = thread::spawn(move || {
            for _ in 0..ITEMS / 2 + 1 {
                block_on(dropped.next()).unwrap();
            }
        });
        let other = pusher.clone();
        let producers = [
            thread::spawn(move || {
                items_of(0).for_each(|item| block_on(pusher.push(item)).unwrap());
            }),
            thread::spawn(move || {
                for item in items_of(1) {
                    drop(block_on(other.reserve()).unwrap());
                    poll_and_drop(&other);
                    block_on(other.reserve()).unwrap().push(item).unwrap();
                }
            }),
        ];
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        dropper.join().unwrap();
        let [one, two] = readers.map(|reader| reader.join().unwrap());
        assert_in_order(&one);
        assert_eq!(one, two);
    });
}

#[test]
fn producers_and_readers_at_cap_one_lose_nothing() {
    two_producers_three_readers(1);
}

#[test]
fn producers_and_readers_at_cap_two_lose_nothing() {
    two_producers_three_readers(2);
}

/// A subscriber revives the list, or comes too late.
#[test]
fn last_reader_drop_refuses_both_producers() {
    model(|| {
        let (pusher, cursor) = bounded(1);
        let producers = [0, 1].map(|producer| {
            let pusher = pusher.clone();
            thread::spawn(move || {
                for item in items_of(producer) {
                    match block_on(pusher.push(item)) {
                        Ok(()) => {}
                        Err(error) => return assert_eq!(error, PushError::NoCursor(item)),
                    }
                }
            })
        });
        let readers = [cursor.fork(), cursor].map(|mut cursor| {
            thread::spawn(move || {
                block_on(cursor.next());
            })
        });
        let late = thread::spawn(move || {
            let mut late = pusher.subscribe();
            drop(pusher);
            block_on(late.next());
        });
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        late.join().unwrap();
    });
}

/// Returns `None` if `f` panics.
fn catch<R>(f: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(f)).ok()
}

/// One taker waits at the gate that the other one closes. The waker that the other one then calls
/// panics, and its item is lost to the takers.
#[test]
fn waker_panic_of_other_taker_loses_no_room() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            assert!(std::thread::panicking(), "waker");
        }
    }
    model(|| {
        let (pusher, cursor) = bounded(2);
        let mut taker = cursor.share();
        let takers = [0, 1].map(|_| {
            let mut taker = taker.clone();
            thread::spawn(move || {
                let bad = Waker::from(Arc::new(Panics));
                for _ in 0..2 {
                    catch(|| {
                        let _ = Pin::new(&mut taker).poll_next(&mut Context::from_waker(&bad));
                    });
                }
            })
        });
        for item in 0..2 {
            catch(|| pusher.try_push(item));
        }
        takers.into_iter().for_each(|taker| taker.join().unwrap());
        while taker.len() > 0 {
            catch(|| taker.try_next());
        }
        assert_eq!(pusher.capacity(), 2);
    });
}
