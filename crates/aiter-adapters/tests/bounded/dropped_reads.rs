//! Futures of reads that are dropped while they wait: they leave no waker, and lose no wake-up.

use core::{future::Future, task::Poll};

use aiter_adapters::{BoundedCursor, SharedBoundedCursor, bounded};
use futures_core::Stream;

use crate::{once, poll, ready, waker::Counting};

/// Polls the future of a read with a waker, drops the future, and returns whether it was pending.
fn read_once(future: impl Future + Unpin, waker: &Counting) -> bool {
    let mut future = future;
    poll(&mut future, waker.waker()).is_pending()
}

/// A read of a cursor, or of a taker, by a future that is polled once.
type Read<R> = fn(&mut R, &Counting) -> bool;

const OF_CURSOR: [Read<BoundedCursor<u32>>; 2] = [
    |cursor, waker| read_once(cursor.next(), waker),
    |cursor, waker| read_once(cursor.next_many(&mut Vec::new(), 2), waker),
];

const OF_TAKER: [Read<SharedBoundedCursor<u32>>; 2] = [
    |taker, waker| read_once(taker.next(), waker),
    |taker, waker| read_once(taker.next_many(&mut Vec::new(), 2), waker),
];

fn assert_leaves_no_waker<R: Stream<Item = u32> + Unpin>(
    make: fn(BoundedCursor<u32>) -> R,
    reads: &[Read<R>],
) {
    for read in reads {
        let (pusher, cursor) = bounded(1);
        let mut reader = make(cursor);
        let waker = Counting::new();
        for n in 0..if cfg!(miri) { 20 } else { 200 } {
            assert!(read(&mut reader, &waker));
            assert_eq!(waker.held(), 0, "the waker must be released");
            pusher.try_push(n).unwrap();
            assert_eq!(waker.wakes(), 0, "the task no longer waits");
            assert!(!read(&mut reader, &waker), "the item must be ready");
        }
        assert!(read(&mut reader, &waker));
        pusher.stop();
        assert_eq!((waker.wakes(), waker.held()), (0, 0));
        assert_eq!(crate::waker::next(&mut reader), Poll::Ready(None));
    }
}

#[test]
fn dropped_read_of_cursor_leaves_no_waker() {
    assert_leaves_no_waker(|cursor| cursor, &OF_CURSOR);
}

#[test]
fn dropped_read_of_taker_leaves_no_waker() {
    assert_leaves_no_waker(BoundedCursor::share, &OF_TAKER);
}

/// The push comes between the poll and the drop.
#[test]
fn wake_before_drop_of_next_is_not_lost() {
    let (pusher, mut cursor) = bounded(2);
    let waker = Counting::new();
    let mut next = cursor.next();
    assert!(poll(&mut next, waker.waker()).is_pending());
    pusher.try_push(1).unwrap();
    drop(next);
    assert_eq!((waker.wakes(), waker.held()), (1, 0));
    assert_eq!(ready(cursor.next()), Some(1));

    let mut buf = Vec::new();
    let mut many = cursor.next_many(&mut buf, 5);
    assert!(poll(&mut many, waker.waker()).is_pending());
    pusher.try_push(2).unwrap();
    drop(many);
    assert_eq!((waker.wakes(), waker.held()), (2, 0));
    assert_eq!(ready(cursor.next_many(&mut buf, 5)), 1);
    assert_eq!(buf, [2]);

    let mut taker = cursor.share();
    let mut next = taker.next();
    assert!(poll(&mut next, waker.waker()).is_pending());
    pusher.try_push(3).unwrap();
    drop(next);
    assert_eq!((waker.wakes(), waker.held()), (3, 0));
    assert_eq!(ready(taker.next()), Some(3));
}

#[test]
fn next_after_dropped_next_is_woken() {
    let (pusher, mut cursor) = bounded(1);
    let wakers = [Counting::new(), Counting::new()];
    assert!(OF_CURSOR[0](&mut cursor, &wakers[0]));
    let mut next = cursor.next();
    assert!(poll(&mut next, wakers[1].waker()).is_pending());
    pusher.try_push(1).unwrap();
    assert_eq!((wakers[0].wakes(), wakers[1].wakes()), (0, 1));
    assert_eq!(once(&mut next), Poll::Ready(Some(1)));
}

#[test]
fn dropped_next_leaves_other_cursors_waiting() {
    let (pusher, mut cursor) = bounded(1);
    let mut fork = cursor.fork();
    let wakers = [Counting::new(), Counting::new()];
    assert!(wakers[1].poll(&mut fork).is_pending());
    assert!(OF_CURSOR[0](&mut cursor, &wakers[0]));
    pusher.try_push(1).unwrap();
    assert_eq!((wakers[0].wakes(), wakers[1].wakes()), (0, 1));
}

#[test]
fn unpolled_next_keeps_registration() {
    let (pusher, mut cursor) = bounded(1);
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    drop(cursor.next());
    drop(cursor.next_many(&mut Vec::new(), 1));
    assert_eq!(waker.held(), 1);
    pusher.try_push(1).unwrap();
    assert_eq!(waker.wakes(), 1);
}
