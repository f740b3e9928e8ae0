//! Situations that need threads, from all of the libraries.

use aiter::TryNextError;
use aiter_adapters::{BoundedPusher, bounded};
use alloc::sync::Arc;
use core::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::Poll,
};
use futures_executor::{block_on, block_on_stream};
use futures_util::{SinkExt, StreamExt, future::join_all};
use std::{sync::Mutex, thread};

use crate::{drain, ledger::Ledger, waker::next};

/// Async-channel's, flume's and kanal's `spsc`, and async-channel's `len`.
#[test]
fn producer_and_consumer_keep_order() {
    for cap in [1, 3, 1000] {
        const COUNT: usize = 10_000;
        let (pusher, mut cursor) = bounded(cap);
        thread::scope(|scope| {
            scope.spawn(move || {
                for n in 0..COUNT {
                    block_on(pusher.push(n)).unwrap();
                    assert!(pusher.len() <= cap);
                }
            });
            for n in 0..COUNT {
                assert_eq!(block_on(cursor.next()), Some(n));
                assert!(cursor.len() <= cap);
            }
            assert_eq!(block_on(cursor.next()), None);
        });
    }
}

/// Async-channel's and flume's `mpmc` and `mpmc_stream`, and kanal's `mpmc`.
#[test]
fn takers_take_each_item_once() {
    const COUNT: usize = 2_000;
    const THREADS: usize = 4;
    let (pusher, cursor) = bounded(3);
    let takers = vec![cursor.share(); THREADS];
    let seen: Vec<_> = (0..COUNT).map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|scope| {
        for taker in takers {
            scope.spawn(|| {
                block_on_stream(taker).for_each(|n: usize| _ = seen[n].fetch_add(1, SeqCst))
            });
        }
        for pusher in vec![pusher; THREADS] {
            scope.spawn(move || (0..COUNT).for_each(|n| block_on(pusher.push(n)).unwrap()));
        }
    });
    assert!(seen.iter().all(|count| count.load(SeqCst) == THREADS));
}

/// Flume's `send_bounded` and `iter_threaded`, and kanal's `mpsc`.
#[test]
fn producers_keep_their_own_order() {
    const COUNT: usize = 1_000;
    const THREADS: usize = 8;
    let (pusher, cursor) = bounded(5);
    thread::scope(|scope| {
        for producer in 0..THREADS {
            let pusher = pusher.clone();
            scope.spawn(move || {
                for n in 0..COUNT {
                    block_on(pusher.push((producer, Box::new(n)))).unwrap();
                }
            });
        }
        drop(pusher);
        let mut expected = [0; THREADS];
        for (producer, n) in block_on_stream(cursor) {
            assert_eq!(*n, expected[producer]);
            expected[producer] += 1;
        }
        assert_eq!(expected, [COUNT; THREADS]);
    });
}

/// Asyncband's `concurrent_producers_commit_one_order_seen_by_every_receiver` and
/// `concurrent_blocking_wait_at_capacity_one`.
#[test]
fn cursors_see_one_order_of_producers() {
    for cap in [1, 8] {
        let (pusher, cursor) = bounded(cap);
        let cursors = [cursor.fork(), cursor.fork(), cursor.fork(), cursor];
        let orders: Vec<Vec<usize>> = thread::scope(|scope| {
            let readers = cursors.map(|cursor| scope.spawn(|| block_on_stream(cursor).collect()));
            for worker in 0..4 {
                let pusher = pusher.clone();
                scope.spawn(move || {
                    (0..128).for_each(|n| block_on(pusher.push(worker * 128 + n)).unwrap());
                });
            }
            drop(pusher);
            readers.into_iter().map(|reader| reader.join().unwrap()).collect()
        });
        assert!(orders.windows(2).all(|pair| pair[0] == pair[1]));
        let mut all = orders[0].clone();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..512));
    }
}

/// Asyncband's `a_permit_can_publish_send_only_payloads_from_another_thread`.
#[test]
fn permit_pushes_send_only_item_from_thread() {
    let (pusher, mut cursor) = bounded(1);
    let permit = pusher.try_reserve().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || permit.push(Cell::new(42)).unwrap());
    });
    assert_eq!(cursor.try_next().unwrap().get(), 42);
}

/// Asyncband's `try_recv_does_not_report_disconnected_while_a_message_is_unread`.
#[test]
fn try_next_reports_end_after_last_item() {
    for _ in 0..200 {
        let (pusher, mut cursor) = bounded(4);
        thread::scope(|scope| {
            scope.spawn(move || pusher.try_push(1).unwrap());
            loop {
                match cursor.try_next() {
                    Err(TryNextError::Empty) => thread::yield_now(),
                    other => break assert_eq!(other, Ok(1)),
                }
            }
        });
        assert_eq!(next(&mut cursor), Poll::Ready(None));
    }
}

/// Flume's `drops` and kanal's `drop_test`.
#[test]
fn items_of_threads_are_dropped_once() {
    for unread in [0, 7, 50] {
        let ledger = Ledger::new();
        let (pusher, mut cursor) = bounded(50);
        thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..1000 {
                    assert!(block_on(pusher.push(ledger.item(n))).is_ok());
                }
            });
            (0..1000).for_each(|_| assert!(block_on(cursor.next()).is_some()));
        });
        assert_eq!(ledger.alive(), 0, "the only cursor moves items out");
        ledger.items(unread).for_each(|item| assert!(pusher.try_push(item).is_ok()));
        assert_eq!(ledger.alive(), unread);
        drop(pusher);
        assert_eq!(drain(cursor).len(), unread);
        ledger.assert_all_dropped();
    }
}

/// Flume's `stress_oneshot`.
#[test]
fn one_item_passes_between_fresh_threads() {
    for n in 0..200 {
        let (pusher, mut cursor) = bounded(1);
        let shared = Arc::new(n);
        thread::scope(|scope| {
            scope.spawn(|| block_on(pusher.push(shared.clone())).unwrap());
            assert_eq!(block_on(cursor.next()).as_deref(), Some(&n));
        });
    }
}

/// Flume's `parallel_async_receivers` and `parallel_streams_and_async_recv`.
#[test]
fn many_takers_of_one_task_all_end() {
    const COUNT: usize = 5_000;
    let (pusher, cursor) = bounded(16);
    let takers = vec![cursor.share(); 250];
    let taken: usize = thread::scope(|scope| {
        scope.spawn(move || (0..COUNT).for_each(|n| block_on(pusher.push(n)).unwrap()));
        block_on(join_all(takers.into_iter().map(StreamExt::count))).into_iter().sum()
    });
    assert_eq!(taken, COUNT);
}

/// Futures' `stress_poll_ready`: a sink that is ready takes its item without a wait.
#[test]
fn sinks_on_threads_keep_their_readiness() {
    const COUNT: usize = 500;
    const THREADS: usize = 4;
    for cap in [1, 8] {
        let (pusher, cursor) = bounded(cap);
        let items = thread::scope(|scope| {
            for sink in vec![pusher; THREADS].into_iter().map(BoundedPusher::into_sink) {
                scope.spawn(move || {
                    let mut sink = sink;
                    (0..COUNT).for_each(|n| block_on(sink.send(n)).unwrap());
                });
            }
            block_on_stream(cursor).count()
        });
        assert_eq!(items, THREADS * COUNT);
    }
}

/// Futures' `stress_receiver_multi_task_bounded_hard`: a poll with another waker is abandoned, and
/// the next task waits for the item.
#[test]
fn cursor_passed_between_threads_loses_nothing() {
    const COUNT: usize = 2_000;
    let (pusher, cursor) = bounded(1);
    let cursor = Mutex::new(cursor);
    let read = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for turn in 0.. {
                    let mut cursor = cursor.lock().unwrap();
                    let polled = match turn % 5 {
                        0 => Poll::Ready(block_on(cursor.next())),
                        _ => next(&mut *cursor),
                    };
                    match polled {
                        Poll::Ready(Some(n)) => assert_eq!(read.fetch_add(1, SeqCst), n),
                        Poll::Ready(None) => break,
                        Poll::Pending => {}
                    }
                }
            });
        }
        scope.spawn(move || (0..COUNT).for_each(|n| block_on(pusher.push(n)).unwrap()));
    });
    assert_eq!(read.into_inner(), COUNT);
}

/// Asyncband's `bounded_try_recv_does_not_report_empty_after_completed_sends`. Here, an item is
/// ready only when all pushes before it have returned.
#[test]
fn returned_pushes_are_read_without_gap() {
    const COUNT: usize = 8;
    const THREADS: usize = 4;
    for _ in 0..200 {
        let (pusher, mut cursor) = bounded(THREADS * COUNT);
        thread::scope(|scope| {
            for producer in 0..THREADS {
                let pusher = &pusher;
                scope.spawn(move || {
                    (0..COUNT).for_each(|n| pusher.try_push((producer, n)).unwrap());
                });
            }
        });
        let mut expected = [0; THREADS];
        for _ in 0..THREADS * COUNT {
            let (producer, n) = cursor.try_next().expect("all pushes have returned");
            assert_eq!(n, expected[producer]);
            expected[producer] += 1;
        }
        assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
    }
}

/// Asyncband's `bounded_values_are_delivered_exactly_once_to_eight_consumers`.
#[test]
fn each_taker_gets_rising_items() {
    const COUNT: usize = 2_000;
    for cap in [1, 64] {
        let (pusher, cursor) = bounded(cap);
        let mut items: Vec<_> = thread::scope(|scope| {
            let readers: Vec<_> = vec![cursor.share(); 8]
                .into_iter()
                .map(|taker| scope.spawn(|| block_on_stream(taker).collect::<Vec<_>>()))
                .collect();
            (0..COUNT).for_each(|n| block_on(pusher.push(n)).unwrap());
            drop(pusher);
            let read = readers.into_iter().map(|reader| reader.join().unwrap());
            read.inspect(|items| assert!(items.is_sorted())).flatten().collect()
        });
        items.sort_unstable();
        assert!(items.into_iter().eq(0..COUNT));
    }
}
