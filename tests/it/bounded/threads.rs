//! Situations that need threads, from all of the libraries.

use aiter::TryNextError;
use aiter_adapters::bounded;
use alloc::sync::Arc;
use core::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::Poll,
};
use futures_executor::{block_on, block_on_stream};
use futures_util::{StreamExt, future::join_all};
use std::thread;

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

/// Asyncband's `publication_racing_with_close_drops_every_payload_once`.
/// Asyncband's `bounded_receive_racing_with_send_registration_cannot_lose_wakeup` and
/// `bounded_competing_reservation_cannot_strand_a_waiting_send`.
/// Asyncband's `publication_racing_with_receiver_registration_cannot_lose_wakeup` and
/// `last_sender_drop_racing_with_receiver_registration_cannot_lose_wakeup`.
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

/// Tokio's `closing_bounded_rx` and `closing_and_sending`.
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
