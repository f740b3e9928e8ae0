//! Stories of the bounded list: each question between a reader and a producer, asked at once.

use core::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use aiter_adapters::{BoundedCursor, bounded};
use aiter_core::PushError;
use loom::{cell::UnsafeCell, future::block_on, sync::Arc, thread};

use super::{model, read_all, wide_model};

fn poll_once<F: Future>(future: core::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Reads one item. Waits if none is ready.
fn read_one<T>(cursor: &mut BoundedCursor<T>) -> Option<T> {
    block_on(cursor.next())
}

#[test]
fn push_against_read_loses_no_wake() {
    wide_model(|| {
        let (pusher, cursor) = bounded(1);
        let producer = thread::spawn(move || {
            for n in 0..2 {
                block_on(pusher.push(n)).unwrap();
            }
        });
        assert_eq!(read_all(cursor), [0, 1]);
        producer.join().unwrap();
    });
}

#[test]
fn waiter_registers_while_slowest_moves() {
    model(|| {
        let (pusher, mut cursor) = bounded(1);
        pusher.try_push(0).unwrap();
        let reader = thread::spawn(move || {
            assert_eq!(cursor.try_next(), Ok(0));
            cursor
        });
        block_on(pusher.push(1)).unwrap();
        assert_eq!(reader.join().unwrap().try_next(), Ok(1));
    });
}

#[test]
fn watched_cell_moves_between_scan_and_mark() {
    model(|| {
        let (pusher, one) = bounded(1);
        let two = one.fork();
        pusher.try_push(0).unwrap();
        let readers = [one, two].map(|mut cursor| {
            thread::spawn(move || {
                assert_eq!(cursor.try_next(), Ok(0));
                cursor
            })
        });
        block_on(pusher.push(1)).unwrap();
        for reader in readers {
            assert_eq!(reader.join().unwrap().try_next(), Ok(1));
        }
    });
}

#[test]
fn drop_of_slowest_wakes_waiter() {
    model(|| {
        let (pusher, mut fast) = bounded(1);
        let slow = fast.fork();
        pusher.try_push(0).unwrap();
        let dropper = thread::spawn(move || drop(slow));
        let reader = thread::spawn(move || {
            assert_eq!(fast.try_next(), Ok(0));
            fast
        });
        block_on(pusher.push(1)).unwrap();
        dropper.join().unwrap();
        assert_eq!(reader.join().unwrap().try_next(), Ok(1));
    });
}

#[test]
fn permit_returned_while_one_waits_wakes_it() {
    model(|| {
        let (pusher, mut cursor) = bounded(1);
        let permit = block_on(pusher.clone().reserve_owned()).unwrap();
        let returner = thread::spawn(move || drop(permit));
        block_on(pusher.push(1)).unwrap();
        assert_eq!(cursor.try_next(), Ok(1));
        returner.join().unwrap();
    });
}

#[test]
fn cancel_of_granted_waiter_passes_grant() {
    model(|| {
        let (pusher, mut cursor) = bounded(1);
        pusher.try_push(0).unwrap();
        let cancelled = {
            let pusher = pusher.clone();
            let mut reservation = Box::pin(pusher.reserve_owned());
            assert!(poll_once(reservation.as_mut()).is_pending());
            thread::spawn(move || drop(reservation))
        };
        let reader = thread::spawn(move || {
            assert_eq!(cursor.try_next(), Ok(0));
            cursor
        });
        block_on(pusher.push(1)).unwrap();
        cancelled.join().unwrap();
        assert_eq!(reader.join().unwrap().try_next(), Ok(1));
    });
}

#[test]
fn close_returns_item_of_waiter() {
    model(|| {
        let (pusher, cursor) = bounded(1);
        pusher.try_push(0).unwrap();
        let closer = thread::spawn(move || {
            cursor.close();
            cursor
        });
        assert_eq!(block_on(pusher.push(1)), Err(PushError::Stopped(1)));
        block_on(pusher.closed());
        assert_eq!(read_all(closer.join().unwrap()), [0]);
    });
}

#[test]
fn last_cursor_drop_returns_item_of_waiter() {
    model(|| {
        let (pusher, cursor) = bounded(1);
        pusher.try_push(0).unwrap();
        let dropper = thread::spawn(move || drop(cursor));
        assert_eq!(block_on(pusher.push(1)), Err(PushError::NoCursor(1)));
        block_on(pusher.closed());
        dropper.join().unwrap();
        assert_eq!(pusher.try_push(2).unwrap_err().into_inner(), 2);
    });
}

/// The subscriber receives what is pushed after its place. Its place is never beyond the room.
#[test]
fn subscribe_during_scan_keeps_bound() {
    model(|| {
        let (pusher, mut cursor) = bounded(1);
        pusher.try_push(0).unwrap();
        assert_eq!(cursor.try_next(), Ok(0));
        let late = {
            let pusher = pusher.clone();
            thread::spawn(move || pusher.subscribe())
        };
        pusher.try_push(1).unwrap();
        assert_eq!(cursor.try_next(), Ok(1));
        let second = pusher.try_push(2).is_ok();
        let mut late = late.join().unwrap();
        assert_eq!(cursor.len(), usize::from(second));
        let unread = late.len();
        assert!(unread <= 1, "{unread} unread items of a list of one");
        let read = late.try_next();
        assert!(read.is_err() || read == Ok(if second { 2 } else { 1 }));
    });
}

/// What a reader did before a read happens before a push into the room of that read.
#[test]
fn push_into_room_sees_what_reader_did_before() {
    model(|| {
        let (pusher, mut one) = bounded(1);
        let mut two = one.fork();
        pusher.try_push(0).unwrap();
        let data = Arc::new(UnsafeCell::new(0));
        let reader = {
            let data = data.clone();
            thread::spawn(move || {
                data.with_mut(|data| drop(data));
                assert_eq!(one.try_next(), Ok(0));
                one
            })
        };
        let other = {
            let pusher = pusher.clone();
            // Raises the cached position of the slowest cursor.
            thread::spawn(move || pusher.capacity())
        };
        assert_eq!(two.try_next(), Ok(0));
        if pusher.try_push(1).is_ok() {
            data.with_mut(|data| drop(data));
        }
        other.join().unwrap();
        drop(reader.join().unwrap());
    });
}

/// The same, if the push has waited in line.
#[test]
fn granted_push_sees_what_reader_did_before() {
    model(|| {
        let (pusher, mut cursor) = bounded(1);
        pusher.try_push(0).unwrap();
        let data = Arc::new(UnsafeCell::new(0));
        let reader = {
            let data = data.clone();
            thread::spawn(move || {
                data.with_mut(|data| drop(data));
                assert_eq!(cursor.try_next(), Ok(0));
                cursor
            })
        };
        let mut push = pin!(pusher.push(1));
        if poll_once(push.as_mut()).is_ready() || poll_once(push.as_mut()).is_ready() {
            data.with_mut(|data| drop(data));
        }
        drop(reader.join().unwrap());
    });
}

/// A cursor that reads on takes no lock, so the count of its reads is what a scan finds.
#[test]
fn read_after_wait_finds_next_waiter() {
    wide_model(|| {
        let (pusher, mut cursor) = bounded(1);
        pusher.try_push(0).unwrap();
        let other = pusher.clone();
        let producers = [(1, pusher), (2, other)]
            .map(|(n, pusher)| thread::spawn(move || block_on(pusher.push(n)).unwrap()));
        let read: u32 = (0..3).map(|_| read_one(&mut cursor).unwrap()).sum();
        assert_eq!(read, 3);
        producers.into_iter().for_each(|producer| producer.join().unwrap());
    });
}
