//! Races of two or more threads that start at a barrier, from all of the libraries.

use aiter::TryPushError;
use aiter_adapters::{TryReserveError, bounded};
use core::task::Poll;
use futures_executor::block_on;
use futures_util::FutureExt;
use std::{sync::Barrier, thread};

use crate::{bounded::Task, ledger::Ledger, waker::Counting};

/// Rounds of a race that a handful of instructions decides.
const ROUNDS: usize = 200;

#[test]
fn last_drop_strands_no_racing_push() {
    for _ in 0..ROUNDS {
        let (pusher, cursor) = bounded(1);
        pusher.try_push(9).unwrap();
        let start = Barrier::new(5);
        thread::scope(|scope| {
            for n in 0..4 {
                let (pusher, start) = (&pusher, &start);
                scope.spawn(move || {
                    start.wait();
                    assert_eq!(block_on(pusher.push(n)).unwrap_err().into_inner(), n);
                });
            }
            start.wait();
            drop(cursor);
        });
        assert_eq!(pusher.try_push(9), Err(TryPushError::NoCursor(9)));
    }
}

#[test]
fn permits_race_with_drop_of_cursor() {
    let ledger = Ledger::new();
    for _ in 0..ROUNDS {
        let (pusher, cursor) = bounded(3);
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for n in 0..3 {
                let (permit, item) = (pusher.try_reserve().unwrap(), ledger.item(n));
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    if let Err(error) = permit.push(item) {
                        assert_eq!(error.into_inner().value, n);
                    }
                });
            }
            start.wait();
            drop(cursor);
        });
        assert_eq!(ledger.alive(), 0, "an item must not stay in a list without cursors");
    }
    ledger.assert_all_dropped();
}

#[test]
fn read_races_with_registering_push() {
    for competes in [false, true] {
        for _ in 0..ROUNDS {
            let (pusher, mut cursor) = bounded(1);
            pusher.try_push(1).unwrap();
            let (start, read) = (Barrier::new(3), Barrier::new(2));
            let mut push = Task::new(pusher.push(2));
            thread::scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    assert_eq!(cursor.try_next(), Ok(1));
                    read.wait();
                });
                let competitor = scope.spawn(|| {
                    start.wait();
                    read.wait();
                    competes.then(|| pusher.try_reserve().ok())
                });
                start.wait();
                let polled = push.poll();
                drop(competitor.join().unwrap());
                if polled.is_pending() {
                    assert_eq!(push.woken(), Ok(()));
                }
            });
            assert_eq!(cursor.try_next(), Ok(2));
        }
    }
}

#[test]
fn push_or_stop_races_with_registering_read() {
    for cap in [1, 3] {
        for round in 0..ROUNDS {
            let (pusher, mut cursor) = bounded(cap);
            let (start, waker) = (Barrier::new(2), Counting::new());
            let expected = (round % 2 == 0).then_some(round);
            thread::scope(|scope| {
                let other = scope.spawn(|| {
                    start.wait();
                    expected.into_iter().for_each(|n| pusher.try_push(n).unwrap());
                    drop(pusher);
                });
                start.wait();
                let mut polled = waker.poll(&mut cursor);
                other.join().unwrap();
                if polled.is_pending() {
                    assert!(waker.wakes() > 0);
                    polled = waker.poll(&mut cursor);
                }
                assert_eq!(polled, Poll::Ready(expected));
            });
        }
    }
}

#[test]
fn racing_cancellations_keep_room_and_order() {
    const COUNT: usize = 300;
    let (pusher, mut cursor) = bounded(3);
    thread::scope(|scope| {
        for producer in 0..3 {
            let pusher = &pusher;
            scope.spawn(move || {
                for n in 0..COUNT {
                    loop {
                        match pusher.try_reserve() {
                            Ok(permit) => break drop(permit),
                            Err(TryReserveError::Full) => thread::yield_now(),
                            Err(error) => panic!("{error}"),
                        }
                    }
                    match pusher.push((producer, n)).now_or_never() {
                        Some(pushed) => pushed.unwrap(),
                        None => {
                            let permit = block_on(pusher.reserve()).unwrap();
                            permit.push((producer, n)).unwrap();
                        }
                    }
                }
            });
        }
        let mut expected = [0; 3];
        for _ in 0..3 * COUNT {
            let (producer, n) = block_on(cursor.next()).unwrap();
            assert_eq!(n, expected[producer]);
            expected[producer] += 1;
        }
    });
    let permits: Vec<_> = (0..3).map(|_| pusher.try_reserve().unwrap()).collect();
    assert_eq!(pusher.try_reserve().err(), Some(TryReserveError::Full));
    drop(permits);
    assert_eq!(pusher.capacity(), 3);
}

#[test]
fn closed_resolves_on_every_thread() {
    for _ in 0..ROUNDS {
        let (pusher, mut cursor) = bounded(16);
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    block_on(pusher.closed());
                });
            }
            scope.spawn(|| {
                start.wait();
                pusher.try_push(1).unwrap();
            });
            start.wait();
            assert_eq!(block_on(cursor.next()), Some(1));
            drop(cursor);
        });
    }
}

/// Tokio's `len_nonzero_after_send` and `nonempty_after_send`.
#[test]
fn list_is_not_empty_after_own_push() {
    for _ in 0..ROUNDS {
        let (pusher, cursor) = bounded(10);
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                pusher.try_push(1).unwrap();
            });
            start.wait();
            pusher.try_push(2).unwrap();
            assert!(!cursor.is_empty() && !pusher.is_empty());
            assert!((1..=2).contains(&cursor.len()) && (1..=2).contains(&pusher.len()));
        });
    }
}

/// Tokio's `is_empty_during_close` and `len_during_close`: the end is no item.
#[test]
fn len_beside_last_pusher_drop_is_exact() {
    for round in 0..ROUNDS {
        // From an empty list to more than a block of items.
        let len = round % 66;
        let (pusher, cursor) = bounded(66);
        (0..len).for_each(|n| pusher.try_push(n).unwrap());
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                drop(pusher);
            });
            start.wait();
            assert_eq!((cursor.len(), cursor.is_empty()), (len, len == 0));
        });
        assert!(cursor.is_stopped());
    }
}

/// Kanal's `async_recv_future_drop_races_sender`: there, the item may go with the read.
#[test]
fn dropped_read_beside_push_loses_no_item() {
    for round in 0..ROUNDS {
        let (pusher, cursor) = bounded(1);
        let mut taker = cursor.share();
        let mut other = taker.clone();
        let (start, waker) = (Barrier::new(2), Counting::new());
        let mut read = Task::waiting(taker.next());
        assert!(waker.poll(&mut other).is_pending());
        let taken = thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                pusher.try_push(round).unwrap();
            });
            start.wait();
            let polled = if round % 2 == 0 { read.poll() } else { Poll::Pending };
            drop(read);
            polled
        });
        if taken.is_pending() {
            assert!(waker.wakes() > 0, "the push must wake every waiting taker");
            assert_eq!(waker.poll(&mut other), Poll::Ready(Some(round)));
        } else {
            assert_eq!(taken, Poll::Ready(Some(round)));
            assert!(other.is_empty());
        }
    }
}

/// Futures' `stress_close_receiver`.
#[test]
fn close_beside_pushes_keeps_accepted_items() {
    for _ in 0..ROUNDS {
        let (pusher, mut cursor) = bounded(2);
        thread::scope(|scope| {
            let producer = scope.spawn(move || {
                (1..).find_map(|n| block_on(pusher.push(n)).err()).expect("the list is closed")
            });
            assert_eq!(block_on(cursor.next()), Some(1));
            cursor.close();
            let last = core::iter::from_fn(|| block_on(cursor.next())).last().unwrap_or(1);
            assert_eq!(producer.join().unwrap().into_inner(), last + 1);
        });
    }
}

/// Futures' `stress_try_send_as_receiver_closes`.
#[test]
fn try_push_beside_last_drop_leaves_no_item() {
    let ledger = Ledger::new();
    for _ in 0..ROUNDS {
        let (pusher, mut cursor) = bounded(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !matches!(pusher.try_push(ledger.item(0)), Err(TryPushError::NoCursor(_))) {
                    thread::yield_now();
                }
            });
            while cursor.try_next().is_err() {
                thread::yield_now();
            }
            drop(cursor);
        });
        assert_eq!(ledger.alive(), 0, "an item must not stay in a list without cursors");
    }
    ledger.assert_all_dropped();
}
