//! Cursors that fork, subscribe, share and move items.

use alloc::sync::Arc;
use core::{
    iter,
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
};

use aiter_adapters::{BoundedCursor, bounded};
use aiter_core::TryNextError;
use futures_core::{FusedStream, Stream};

use crate::{
    ledger::Ledger,
    once, poll, ready, wait,
    waker::{Counting, on_wake},
};

/// Neither `Clone` nor `Sync`.
struct Owned(core::cell::Cell<u32>);

#[test]
fn single_cursor_moves_items() {
    let (pusher, mut cursor) = bounded(2);
    for n in 0..if cfg!(miri) { 70 } else { 200 } {
        pusher.try_push(Owned(n.into())).map_err(drop).unwrap();
        assert_eq!(cursor.try_next().map(|item| item.0.get()), Ok(n));
    }
}

#[test]
fn items_are_dropped_once() {
    let caps: &[usize] = if cfg!(miri) { &[1, 64] } else { &[1, 3, 64, 100] };
    for &cap in caps {
        let ledger = Ledger::new();
        let (pusher, mut one) = bounded(cap);
        let mut two = one.fork();
        for item in ledger.items(if cfg!(miri) { 70 } else { 500 }) {
            pusher.try_push(item).unwrap();
            if pusher.capacity() == 0 {
                for _ in 0..cap {
                    drop((one.try_next().unwrap(), two.try_next().unwrap()));
                }
            }
        }
        let mut refused = pusher.push(ledger.item(0));
        if cap == 1 {
            assert!(ready(&mut refused).is_ok());
        }
        drop((refused, one, two));
        drop(pusher);
        ledger.assert_all_dropped();
    }
}

#[test]
fn try_push_has_room_once_all_have_read() {
    let caps: &[usize] = if cfg!(miri) { &[1, 57] } else { &[1, 2, 3, 16, 57, 60] };
    for &cap in caps {
        let (pusher, cursor) = bounded(cap);
        let mut cursors = [cursor.fork(), cursor.fork(), cursor];
        for n in 0..cap {
            pusher.try_push(n).unwrap();
        }
        for n in cap..cap + if cfg!(miri) { 40 } else { 500 } {
            assert!(pusher.try_push(n).unwrap_err().is_full(), "cap {cap}, item {n}");
            for cursor in &mut cursors {
                assert_eq!(ready(cursor.next()), Some(n - cap));
            }
            pusher.try_push(n).unwrap();
        }
    }
}

#[test]
fn subscriber_starts_at_tail_and_counts() {
    for before in (0..130).step_by(if cfg!(miri) { 43 } else { 1 }) {
        let (pusher, mut cursor) = bounded(4);
        for n in 0..before {
            pusher.try_push(n).unwrap();
            assert_eq!(cursor.try_next(), Ok(n));
        }
        let mut late = pusher.subscribe();
        assert_eq!(pusher.capacity(), 4);
        for n in 0..4 {
            pusher.try_push(n).unwrap();
        }
        drop(cursor);
        assert!(pusher.try_push(4).unwrap_err().is_full());
        for n in 0..4 {
            assert_eq!(late.try_next(), Ok(n));
            assert_eq!(pusher.capacity(), n + 1);
        }
        assert_eq!(late.try_next(), Err(TryNextError::Empty));
    }
}

#[test]
fn subscriber_handle_holds_no_room() {
    let (pusher, mut cursor) = bounded(1);
    let subscriber = cursor.subscriber();
    for n in 0..10 {
        pusher.try_push(n).unwrap();
        assert_eq!(cursor.try_next(), Ok(n));
    }
    let mut late = subscriber.subscribe().unwrap();
    assert_eq!(pusher.cursor_count(), 2);
    pusher.try_push(10).unwrap();
    assert_eq!((cursor.try_next(), late.try_next()), (Ok(10), Ok(10)));
}

#[test]
fn next_many_returns_room_of_run() {
    let (pusher, mut cursor) = bounded(8);
    let mut fork = cursor.fork();
    for n in 0..8 {
        pusher.try_push(n).unwrap();
    }
    let mut many = pusher.reserve_many(5);
    let waker = wait(&mut many);
    let mut buf = Vec::new();
    assert_eq!(ready(cursor.next_many(&mut buf, 5)), 5);
    assert_eq!(waker.wakes(), 0);
    assert_eq!(ready(fork.next_many(&mut buf, 0)), 0);
    assert_eq!(ready(fork.next_many(&mut buf, 9)), 8);
    assert_eq!(waker.wakes(), 1);
    assert!(buf.into_iter().eq((0..5).chain(0..8)));
    assert_eq!(ready(many).unwrap().len(), 5);
}

/// The number of places in use when the first of two pushes is woken by `read`, which takes all 8
/// items.
fn used_at_first_wake(read: impl FnOnce(BoundedCursor<u32>, &mut Vec<u32>) -> usize) -> usize {
    let (pusher, cursor) = bounded(8);
    for n in 0..8 {
        pusher.try_push(n).unwrap();
    }
    let used = Arc::new(AtomicUsize::new(0));
    let waker = on_wake({
        let (pusher, used) = (pusher.clone(), used.clone());
        move || used.store(pusher.len(), Ordering::Relaxed)
    });
    let (mut one, mut two) = (pusher.push(8), pusher.push(9));
    assert!(poll(&mut one, &waker).is_pending());
    let second = wait(&mut two);
    let mut buf = vec![100];
    assert_eq!(read(cursor, &mut buf), 8);
    assert!(buf.into_iter().eq(iter::once(100).chain(0..8)));
    assert_eq!(second.wakes(), 1);
    used.load(Ordering::Relaxed)
}

#[test]
fn reads_of_many_return_room_at_once() {
    let used = [
        used_at_first_wake(|mut cursor, buf| cursor.try_next_many(buf, 9)),
        used_at_first_wake(|mut cursor, buf| ready(cursor.next_many(buf, 9))),
        used_at_first_wake(|cursor, buf| cursor.share().try_next_many(buf, 9)),
        used_at_first_wake(|cursor, buf| ready(cursor.share().next_many(buf, 9))),
    ];
    // The places of both pushes, and no item.
    assert_eq!(used, [2; 4]);
}

#[test]
fn reads_of_many_take_up_to_limit() {
    let (pusher, mut cursor) = bounded(8);
    let mut buf = Vec::new();
    assert_eq!(cursor.try_next_many(&mut buf, 9), 0);
    for n in 0..8 {
        pusher.try_push(n).unwrap();
    }
    assert_eq!(cursor.try_next_many(&mut buf, 0), 0);
    assert_eq!(cursor.try_next_many(&mut buf, 3), 3);
    let (mut one, mut two) = {
        let taker = cursor.share();
        (taker.clone(), taker)
    };
    assert_eq!(ready(one.next_many(&mut buf, 0)), 0);
    assert_eq!(ready(two.next_many(&mut buf, 2)), 2);
    assert_eq!(pusher.capacity(), 5);
    assert_eq!(one.try_next_many(&mut buf, 9), 3);
    assert_eq!(one.try_next_many(&mut buf, 9), 0);
    assert_eq!(pusher.capacity(), 8);
    let cancelled = wait(&mut two.next_many(&mut buf, 9));
    let waker = Counting::new();
    {
        let mut waiting = one.next_many(&mut buf, 9);
        assert!(poll(&mut waiting, waker.waker()).is_pending());
        pusher.try_push(8).unwrap();
        assert_eq!((waker.wakes(), cancelled.wakes()), (1, 0));
        assert_eq!(ready(waiting), 1);
    }
    pusher.stop();
    assert_eq!(ready(two.next_many(&mut buf, 9)), 0);
    assert!(buf.into_iter().eq(0..9));
}

#[test]
fn takers_share_one_place() {
    let (pusher, cursor) = bounded(2);
    let mut takers = [cursor.share(); 1].map(|taker| (taker.clone(), taker));
    let (one, two) = &mut takers[0];
    assert_eq!(pusher.cursor_count(), 1);
    pusher.try_push(1).unwrap();
    pusher.try_push(2).unwrap();
    let mut push = pusher.push(3);
    let waker = wait(&mut push);
    assert_eq!(two.try_next(), Ok(1));
    assert_eq!(waker.wakes(), 1);
    assert!(ready(push).is_ok());
    assert_eq!(ready(one.next()), Some(2));
    assert_eq!(ready(two.next()), Some(3));
    assert_eq!(pusher.capacity(), 2);
    assert!(once(&mut one.next()).is_pending());
    pusher.stop();
    assert_eq!(ready(one.next()), None);
    assert!(one.is_terminated() && !two.is_terminated());
}

#[test]
fn last_taker_leaves_place() {
    let (pusher, cursor) = bounded(1);
    let one = cursor.share();
    let two = one.clone();
    pusher.try_push(1).unwrap();
    let mut push = pusher.push(2);
    let waker = wait(&mut push);
    drop(one);
    assert_eq!(waker.wakes(), 0);
    drop(two);
    assert_eq!(waker.wakes(), 1);
    assert!(ready(push).is_err());
}

#[test]
fn stream_ends_once_and_stays_ended() {
    let (pusher, mut cursor) = bounded(2);
    pusher.try_push(1).unwrap();
    drop(pusher);
    assert_eq!(cursor.size_hint(), (1, Some(1)));
    let waker = Counting::new();
    assert_eq!(waker.poll(&mut cursor), Poll::Ready(Some(1)));
    assert!(!cursor.is_terminated());
    assert_eq!(waker.poll(&mut cursor), Poll::Ready(None));
    assert!(cursor.is_terminated());
    assert_eq!(waker.held(), 0);
}

#[test]
fn watch_is_cleared_once_line_is_empty() {
    let (pusher, mut cursor) = bounded(1);
    for n in 0..10 {
        pusher.try_push(n).unwrap();
        let mut push = pusher.push(n);
        let waker = wait(&mut push);
        drop(push);
        assert_eq!(cursor.try_next(), Ok(n));
        assert_eq!(waker.wakes(), 0);
    }
}
