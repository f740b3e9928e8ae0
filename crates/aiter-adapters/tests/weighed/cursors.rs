//! Cursors that fork, seek, share and move items.

use alloc::sync::Arc;
use core::{
    iter,
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
};

use aiter_adapters::{WeighedCursor, bounded_by};
use aiter_core::TryNextError;
use futures_core::FusedStream;

use crate::{
    ledger::{Ledger, Tracked},
    list, once, poll, ready, wait,
    waker::{Counting, on_wake},
};

/// Neither `Clone` nor `Sync`.
struct Owned(core::cell::Cell<usize>);

#[test]
fn single_cursor_moves_items() {
    let (pusher, mut cursor) = bounded_by(20, |item: &Owned| item.0.get());
    for n in 0..if cfg!(miri) { 70 } else { 200 } {
        pusher.try_push(Owned((n % 30).into())).map_err(drop).unwrap();
        assert_eq!(cursor.try_next().map(|item| item.0.get()), Ok(n % 30));
    }
}

#[test]
fn fork_has_exact_weight_position() {
    let (pusher, mut cursor) = list(20, [3, 4, 5]);
    assert_eq!(cursor.try_next(), Ok(3));
    let mut fork = cursor.fork();
    assert_eq!(pusher.used(), 9);
    assert_eq!((cursor.try_next(), cursor.try_next()), (Ok(4), Ok(5)));
    assert_eq!(pusher.used(), 9);
    assert_eq!((fork.try_next(), pusher.used()), (Ok(4), 5));
    assert!(cursor.same_list(&fork) && !cursor.same_list(&list(1, []).1));
    drop(fork);
    assert_eq!(pusher.used(), 0);
}

#[test]
fn drop_of_slowest_wakes_waiters_that_fit() {
    let (pusher, mut fast) = list(10, [4, 6]);
    let slow = fast.fork();
    assert_eq!(fast.try_next(), Ok(4));
    let mut pushes = [3, 3].map(|weight| pusher.push(weight));
    let wakers = pushes.each_mut().map(wait);
    drop(slow);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1, 0]);
    assert_eq!(fast.try_next(), Ok(6));
    assert_eq!(wakers[1].wakes(), 1);
}

#[test]
fn late_fork_seeks_to_end_without_clones() {
    let ledger = Ledger::new();
    let (pusher, mut cursor) = bounded_by(400, |item: &Tracked| item.value as usize % 4);
    ledger.items(200).for_each(|item| pusher.try_push(item).unwrap());
    let mut late = cursor.fork();
    assert_eq!(late.seek_to_end(), 200);
    assert_eq!((late.len(), late.seek_to_end(), ledger.clones()), (0, 0, 0));
    let used = pusher.used();
    pusher.try_push(ledger.item(0)).unwrap();
    assert_eq!(late.try_next().map(|item| item.value), Ok(0));
    assert_eq!(pusher.used(), used + 1, "the slow cursor governs");
    assert_eq!(cursor.seek_to_end(), 201);
    assert_eq!((pusher.used(), pusher.capacity()), (0, 400));
    drop((cursor, late, pusher));
    ledger.assert_all_dropped();
}

#[test]
fn seek_to_end_returns_room_once() {
    let used = used_at_first_wake(|mut cursor, _| {
        let skipped = cursor.seek_to_end();
        assert!(cursor.is_empty());
        skipped
    });
    assert_eq!(used, 9);
}

/// The weight in use when the first of two pushes is woken by `read`, which takes all items. The
/// pushes have the weights 4 and 5.
fn used_at_first_wake(read: impl FnOnce(WeighedCursor<usize>, &mut Vec<usize>) -> usize) -> usize {
    let (pusher, cursor) = list(10, [1, 2, 3, 4]);
    let used = Arc::new(AtomicUsize::new(0));
    let waker = on_wake({
        let (pusher, used) = (pusher.clone(), used.clone());
        move || used.store(pusher.used(), Ordering::Relaxed)
    });
    let (mut one, mut two) = (pusher.push(4), pusher.push(5));
    assert!(poll(&mut one, &waker).is_pending());
    let second = wait(&mut two);
    assert_eq!(read(cursor, &mut Vec::new()), 4);
    assert_eq!(second.wakes(), 1);
    used.load(Ordering::Relaxed)
}

#[test]
fn reads_of_many_return_room_at_once() {
    let used = [
        used_at_first_wake(|mut cursor, buf| cursor.try_next_many(buf, 9)),
        used_at_first_wake(|mut cursor, buf| ready(cursor.next_many(buf, 9))),
    ];
    // The weight of both pushes, and no item.
    assert_eq!(used, [9; 2]);
}

#[test]
fn reads_of_many_take_up_to_limit() {
    let (pusher, mut cursor) = list(30, []);
    let mut buf = Vec::new();
    assert_eq!(cursor.try_next_many(&mut buf, 9), 0);
    assert!(once(&mut cursor.next_many(&mut buf, 9)).is_pending());
    assert_eq!(ready(cursor.next_many(&mut buf, 0)), 0);
    (1..=6).for_each(|item| pusher.try_push(item).unwrap());
    assert_eq!(cursor.try_next_many(&mut buf, 0), 0);
    assert_eq!(cursor.try_next_many(&mut buf, 2), 2);
    assert_eq!(pusher.used(), 18);
    assert_eq!(ready(cursor.next_many(&mut buf, 3)), 3);
    assert_eq!(pusher.used(), 6);
    assert_eq!(ready(cursor.next_many(&mut buf, 3)), 1);
    assert!(buf.into_iter().eq(1..=6));
    assert_eq!(pusher.used(), 0);
}

#[test]
fn dropped_next_leaves_no_waker() {
    let (pusher, mut cursor) = list(10, []);
    let mut next = cursor.next();
    let waker = wait(&mut next);
    drop(next);
    assert_eq!(waker.held(), 0);
    pusher.try_push(1).unwrap();
    assert_eq!(waker.wakes(), 0);
    assert_eq!(ready(cursor.next()), Some(1));
    let waker = wait(&mut cursor.next_many(&mut Vec::new(), 9));
    assert_eq!(waker.held(), 0);
    let mut taker = cursor.share();
    let mut next = taker.next();
    let waker = wait(&mut next);
    drop(next);
    pusher.try_push(1).unwrap();
    assert_eq!((waker.held(), waker.wakes()), (0, 0));
    assert_eq!(taker.try_next(), Ok(1));
}

#[test]
fn every_read_returns_weight() {
    type Read = fn(&mut WeighedCursor<usize>) -> Option<usize>;
    let reads: [Read; 5] = [
        |cursor| cursor.try_next().ok(),
        |cursor| ready(cursor.next()),
        |cursor| match Counting::new().poll(cursor) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        },
        |cursor| {
            let mut buf = Vec::new();
            assert_eq!(cursor.try_next_many(&mut buf, 1), 1);
            buf.pop()
        },
        |cursor| {
            let mut buf = Vec::new();
            assert_eq!(ready(cursor.next_many(&mut buf, 1)), 1);
            buf.pop()
        },
    ];
    for read in reads {
        let (pusher, mut cursor) = list(10, [3, 7]);
        let fork = cursor.fork();
        assert_eq!(read(&mut cursor), Some(3));
        drop(fork);
        assert_eq!(pusher.used(), 7);
    }
}

#[test]
fn takers_share_one_place() {
    let (pusher, cursor) = list(10, [4, 6]);
    let mut one = cursor.share();
    let mut two = one.clone();
    assert_eq!((pusher.cursor_count(), two.len()), (1, 2));
    let mut push = pusher.push(5);
    let waker = wait(&mut push);
    assert_eq!(two.try_next(), Ok(4));
    assert_eq!((waker.wakes(), pusher.used()), (0, 6));
    assert_eq!(ready(one.next()), Some(6));
    assert_eq!(waker.wakes(), 1);
    assert!(ready(push).is_ok());
    assert_eq!(Counting::new().poll(&mut two), Poll::Ready(Some(5)));
    assert_eq!(pusher.capacity(), 10);
    assert_eq!(two.try_next(), Err(TryNextError::Empty));
    pusher.try_push(9).unwrap();
    drop(one);
    assert_eq!(pusher.used(), 9);
    pusher.stop();
    assert!(two.is_stopped() && !two.is_drained());
    assert_eq!((ready(two.next()), ready(two.next())), (Some(9), None));
    assert!(two.is_drained() && two.is_empty() && two.is_terminated());
}

#[test]
fn last_taker_leaves_place() {
    let (pusher, cursor) = list(10, [9]);
    let one = cursor.share();
    let two = one.clone();
    let mut push = pusher.push(5);
    let waker = wait(&mut push);
    drop(one);
    assert_eq!(waker.wakes(), 0);
    drop(two);
    assert_eq!(waker.wakes(), 1);
    assert!(ready(push).is_err());
}

#[test]
fn items_are_dropped_once() {
    let caps: &[usize] = if cfg!(miri) { &[3, 64] } else { &[1, 3, 64, 100] };
    for &cap in caps {
        let ledger = Ledger::new();
        let (pusher, mut one) = bounded_by(cap, |item: &Tracked| item.value as usize % 9);
        let mut two = one.fork();
        for item in ledger.items(if cfg!(miri) { 70 } else { 500 }) {
            let Err(error) = pusher.try_push(item) else { continue };
            drop(error.into_inner());
            let items = iter::from_fn(|| one.try_next().ok()).count();
            assert_eq!(iter::from_fn(|| two.try_next().ok()).count(), items);
        }
        let mut refused = pusher.push(ledger.item(0));
        let _ = once(&mut refused);
        drop((refused, one, two));
        drop(pusher);
        ledger.assert_all_dropped();
    }
}
