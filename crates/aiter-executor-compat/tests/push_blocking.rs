//! Blocking pushes into a bounded list, also in the situations of other libraries.
#![cfg(not(target_family = "wasm"))]

use core::{panic::AssertUnwindSafe, time::Duration};
use std::{
    panic::catch_unwind,
    sync::{Barrier, mpsc},
    thread,
};

use aiter_adapters::{BoundedCursor, BoundedPusher, bounded, bounded_by};
use aiter_core::{PushError, TryPushError};
use aiter_executor_compat::{
    BlockOn, PushBlocking, PushTimeoutError, aiter_to_iter, allow_blocking, forbid_blocking,
    park_thread,
};
use futures_util::StreamExt;

/// A time that passes in a test.
const SHORT: Duration = Duration::from_millis(1);

fn block_on<F: Future>(future: F) -> F::Output {
    BlockOn::new().block_on(future)
}

/// Async-channel's `smoke_blocking` and async-broadcast's `basic_blocking`.
#[test]
fn blocking_and_async_forms_mix() {
    let (pusher, mut cursor) = bounded(1);
    pusher.push_blocking(7).unwrap();
    assert_eq!(cursor.try_next(), Ok(7));
    pusher.push_blocking(8).unwrap();
    assert_eq!(block_on(cursor.next()), Some(8));
    block_on(pusher.push(9)).unwrap();
    let mut items = BlockOn::new().iter(cursor);
    assert_eq!(items.next(), Some(9));
    assert!(items.next_timeout(SHORT).is_err());
}

/// Tokio's `blocking_send` and `blocking_recv`, and kanal's `sync_send_async_recv`.
#[test]
fn blocking_push_feeds_async_cursor() {
    let (pusher, cursor) = bounded(1);
    let producer = thread::spawn(move || {
        (0..1000).for_each(|n| pusher.push_blocking(n).unwrap());
    });
    assert!(smol::block_on(cursor.collect::<Vec<_>>()).into_iter().eq(0..1000));
    producer.join().unwrap();

    let (pusher, cursor) = bounded(1);
    let reader = thread::spawn(|| aiter_to_iter(cursor, park_thread).eq(0..1000));
    smol::block_on(async move {
        for n in 0..1000 {
            pusher.push(n).await.unwrap();
        }
    });
    assert!(reader.join().unwrap());
}

#[test]
fn blocked_push_goes_on_after_read() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(1).unwrap();
    let (done, pushed) = mpsc::channel();
    let own = pusher.clone();
    let producer = thread::spawn(move || {
        own.push_blocking(2).unwrap();
        done.send(()).unwrap();
    });
    assert!(pushed.try_recv().is_err(), "the list is full");
    assert_eq!(cursor.try_next(), Ok(1));
    pushed.recv().unwrap();
    assert_eq!(cursor.try_next(), Ok(2));
    producer.join().unwrap();
}

/// Flume's `disconnect_wakes_sender` and async-channel's `close_wakes_sender`.
#[test]
fn blocked_push_gets_item_back_at_end() {
    type End = fn(BoundedPusher<u8>, BoundedCursor<u8>) -> PushError<u8>;
    let ends: [End; 3] = [
        |_, cursor| {
            drop(cursor);
            PushError::NoCursor(2)
        },
        |_, cursor| {
            cursor.close();
            PushError::Stopped(2)
        },
        |pusher, _cursor| {
            pusher.stop();
            PushError::Stopped(2)
        },
    ];
    for end in ends {
        let (pusher, cursor) = bounded(1);
        pusher.try_push(1).unwrap();
        let own = pusher.clone();
        let start = Barrier::new(2);
        thread::scope(|scope| {
            let producer = scope.spawn(|| {
                start.wait();
                own.push_blocking(2)
            });
            start.wait();
            let expected = end(pusher, cursor);
            assert_eq!(producer.join().unwrap(), Err(expected));
        });
    }
}

/// Tokio's and flume's `send_timeout` and `send_after_disconnect`.
#[test]
fn push_timeout_returns_item() {
    let (pusher, mut cursor) = bounded(5);
    (0..5).for_each(|n| pusher.push_timeout(n, SHORT).unwrap());
    for timeout in [Duration::ZERO, SHORT] {
        assert_eq!(pusher.push_timeout(5, timeout), Err(PushTimeoutError::Elapsed(5)));
    }
    assert_eq!(cursor.try_next(), Ok(0));
    pusher.try_push(6).expect("a request that timed out must leave the line");
    assert_eq!(pusher.try_push(7), Err(TryPushError::Full(7)));
    assert_eq!(cursor.try_next(), Ok(1));
    pusher.push_timeout(7, Duration::ZERO).expect("there is room");
    cursor.close();
    assert_eq!(pusher.push_timeout(8, SHORT), Err(PushTimeoutError::Stopped(8)));
    drop(cursor);
    assert_eq!(pusher.push_timeout(8, SHORT).unwrap_err().into_inner(), 8);

    let (pusher, cursor) = bounded(5);
    drop(cursor);
    assert_eq!(pusher.push_timeout(70, SHORT), Err(PushTimeoutError::NoCursor(70)));
}

#[test]
fn push_timeout_waits_for_room_or_end() {
    for timeout in [Duration::from_secs(3600), Duration::MAX] {
        let (pusher, mut cursor) = bounded(1);
        pusher.try_push(0).unwrap();
        let own = pusher.clone();
        let producer = thread::spawn(move || [1, 2].map(|n| own.push_timeout(n, timeout)));
        assert_eq!(block_on(cursor.next()), Some(0));
        while cursor.is_empty() {
            thread::yield_now();
        }
        drop(cursor);
        let [first, second] = producer.join().unwrap();
        assert_eq!(first, Ok(()));
        assert_eq!(second, Err(PushTimeoutError::NoCursor(2)));
    }
}

/// Flume's `stress_timeout_two_threads`.
#[test]
fn retried_timeouts_keep_order() {
    let (pusher, cursor) = bounded(2);
    thread::scope(|scope| {
        scope.spawn(move || {
            for n in 0..500 {
                let mut item = n;
                while let Err(error) = pusher.push_timeout(item, Duration::from_nanos(n % 7)) {
                    assert!(error.is_elapsed());
                    item = error.into_inner();
                }
            }
        });
        let mut items = BlockOn::new().iter(cursor);
        for n in 0..500 {
            let item = loop {
                if let Ok(item) = items.next_timeout(Duration::from_nanos(n % 5)) {
                    break item;
                }
            };
            assert_eq!(item, Some(n));
        }
    });
}

/// Flume's `robin`.
#[test]
fn threads_in_ring_pass_items_on() {
    let (first, mut cursor) = bounded(1);
    thread::scope(|scope| {
        for _ in 0..16 {
            let (pusher, next) = bounded(10);
            let items = core::mem::replace(&mut cursor, next);
            scope.spawn(move || {
                aiter_to_iter(items, park_thread).for_each(|n| pusher.push_blocking(n).unwrap());
            });
        }
        scope.spawn(move || (0..300).for_each(|n| first.push_blocking(n).unwrap()));
        assert!(aiter_to_iter(cursor, park_thread).eq(0..300));
    });
}

/// Tokio's `blocking_send_async`: there, the call panics even if the list has room.
#[test]
fn forbid_blocking_sees_pushes() {
    let (pusher, mut cursor) = bounded(1);
    block_on(forbid_blocking(async {
        pusher.push_blocking(1).expect("a push that finds room does not wait");
        for timeout in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
            let push = || match timeout {
                None => drop(pusher.push_blocking(2)),
                Some(timeout) => drop(pusher.push_timeout(2, timeout)),
            };
            let panic = catch_unwind(AssertUnwindSafe(push)).unwrap_err();
            let text = panic.downcast_ref::<String>().expect("a message");
            assert!(text.contains("`forbid_blocking` guards"), "{text}");
        }
        assert_eq!(
            allow_blocking(|| pusher.push_timeout(2, SHORT)),
            Err(PushTimeoutError::Elapsed(2))
        );
        assert_eq!(cursor.next().await, Some(1));
        pusher.push_blocking(3).expect("a push that panicked must leave the line");
    }));
    assert_eq!((cursor.try_next(), cursor.len()), (Ok(3), 0));
}

#[test]
fn blocking_wait_for_end_resolves() {
    let (pusher, cursor) = bounded::<u8>(1);
    let start = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            drop(cursor);
        });
        start.wait();
        block_on(pusher.closed());
    });
    assert_eq!(pusher.push_blocking(1), Err(PushError::NoCursor(1)));
}

#[test]
fn weighed_push_blocks_until_weight_fits() {
    let (pusher, cursor) = bounded_by(10, |item: &usize| *item);
    let producer = thread::spawn(move || {
        (0..500).for_each(|n| pusher.push_blocking(n % 15).unwrap());
        (0..500).for_each(|n| pusher.push_timeout(n % 15, Duration::MAX).unwrap());
    });
    let expected = (0..500).chain(0..500).map(|n| n % 15);
    assert!(aiter_to_iter(cursor, park_thread).eq(expected));
    producer.join().unwrap();
}

#[test]
fn weighed_push_timeout_returns_item() {
    let (pusher, mut cursor) = bounded_by(10, |item: &usize| *item);
    pusher.push_timeout(7, Duration::ZERO).unwrap();
    for timeout in [Duration::ZERO, SHORT] {
        assert_eq!(pusher.push_timeout(4, timeout), Err(PushTimeoutError::Elapsed(4)));
    }
    pusher.try_push(3).expect("a request that timed out must leave the line");
    assert_eq!((cursor.try_next(), cursor.try_next()), (Ok(7), Ok(3)));
    block_on(forbid_blocking(async {
        pusher.push_blocking(99).expect("a push that finds room does not wait");
        let push = || pusher.push_blocking(1);
        assert!(catch_unwind(AssertUnwindSafe(push)).is_err());
    }));
    assert_eq!((cursor.try_next(), pusher.capacity()), (Ok(99), 10));
    cursor.close();
    assert_eq!(pusher.push_timeout(1, SHORT), Err(PushTimeoutError::Stopped(1)));
    drop(cursor);
    assert_eq!(pusher.push_blocking(1).unwrap_err().into_inner(), 1);
}

#[test]
fn push_timeout_error_tells_reason() {
    #[derive(PartialEq)]
    struct Plain;
    let texts = [
        (PushTimeoutError::Elapsed(Plain), "the list had no room in time", true),
        (PushTimeoutError::Stopped(Plain), "the list is stopped", false),
        (PushTimeoutError::NoCursor(Plain), "the list has no cursor left", false),
    ];
    for (error, text, is_elapsed) in texts {
        assert_eq!((error.to_string(), error.is_elapsed()), (text.to_owned(), is_elapsed));
        assert!(format!("{error:?}").starts_with("PushTimeoutError::"));
    }
}
