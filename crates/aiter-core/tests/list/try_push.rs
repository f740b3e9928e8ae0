//! `reserve` and `try_push`: reserved items fit, and a full list returns the item.

use crate::{
    blocks::{edges, slots},
    drain,
    ledger::Ledger,
    offsets, scaled, take, take_ready,
    waker::{Counting, next},
};
use aiter_core::{Pusher, TryPushError, push_list};
use core::{panic::AssertUnwindSafe, task::Poll};
use std::panic::catch_unwind;

/// Pushes until the list is full and returns the number of items pushed.
fn fill(pusher: &Pusher<usize>) -> usize {
    (0..1_000_000)
        .find(|&item| match pusher.try_push(item) {
            Ok(()) => false,
            Err(TryPushError::Full(back)) => {
                assert_eq!(back, item);
                true
            }
            Err(other) => panic!("{other:?}"),
        })
        .expect("the list becomes full")
}

#[test]
fn try_push_of_reserved_items_succeeds() {
    for n in offsets::<usize>(200) {
        for before in edges::<usize>() {
            let (pusher, mut cursor) = push_list();
            assert_eq!(pusher.push_all(0..before).unwrap(), before);
            pusher.reserve(n);
            for item in 0..n {
                pusher.try_push(before + item).unwrap();
            }
            assert_eq!(take(&mut cursor, before + n), (0..before + n).collect::<Vec<_>>());
        }
    }
}

#[test]
fn reserve_after_cursor_advanced_makes_room() {
    let (pusher, mut cursor) = push_list();
    for round in 0..scaled(200, 40) {
        pusher.reserve(round);
        for item in 0..round {
            pusher.try_push(item).unwrap();
        }
        assert_eq!(take_ready(&mut cursor), (0..round).collect::<Vec<_>>());
    }
}

#[test]
fn full_try_push_returns_item_until_reserve() {
    let (pusher, mut cursor) = push_list();
    let mut pushed = fill(&pusher);
    assert_eq!(cursor.len(), pushed);
    for more in [1, 5, slots::<usize>(), 100] {
        assert!(matches!(pusher.try_push(7), Err(TryPushError::Full(7))));
        pusher.reserve(more);
        let room = fill(&pusher);
        assert!(room >= more, "{more} reserved, {room} pushed");
        pushed += room;
        assert_eq!(cursor.len(), pushed);
    }
    // `push` may allocate, so it succeeds on a full list.
    pusher.push(8).unwrap();
    pusher.stop();
    assert_eq!(drain(&mut cursor).len(), pushed + 1);
}

#[test]
fn full_try_push_wakes_no_cursor() {
    let (pusher, mut cursor) = push_list();
    for _ in 0..3 {
        fill(&pusher);
        take_ready(&mut cursor);
        let counting = Counting::new();
        assert_eq!(counting.poll(&mut cursor), Poll::Pending);
        while let Err(TryPushError::Full(1)) = pusher.try_push(1) {
            assert_eq!(counting.wakes(), 0);
            pusher.reserve(1);
        }
        assert_eq!(counting.wakes(), 1);
        assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(1)));
    }
}

#[test]
fn reserved_blocks_serve_every_push() {
    let ledger = Ledger::new();
    let (pusher, cursor) = push_list();
    pusher.reserve(100);
    let mut items = ledger.items(100);
    for _ in 0..50 {
        pusher.push(items.next().unwrap()).unwrap();
    }
    for item in items {
        pusher.try_push(item).unwrap();
    }
    drop(cursor);
    ledger.assert_all_dropped();
}

#[test]
fn reserve_in_steady_state_is_never_full() {
    let (pusher, mut cursor) = push_list();
    pusher.reserve(64);
    for item in 0..scaled(10_000, 300) {
        pusher.try_push(item).unwrap();
        if item % 20 == 19 {
            assert_eq!(take_ready(&mut cursor).len(), 20);
            pusher.reserve(20);
        }
    }
}

#[test]
fn try_push_distinguishes_stopped_and_no_cursor() {
    let (pusher, cursor) = push_list();
    pusher.reserve(10);
    pusher.stop();
    assert!(matches!(pusher.try_push(1), Err(TryPushError::Stopped(1))));
    drop(cursor);
    let (pusher, cursor) = push_list();
    pusher.reserve(10);
    drop(cursor);
    assert!(matches!(pusher.try_push(1), Err(TryPushError::NoCursor(1))));
    let mut cursor = pusher.subscribe();
    pusher.reserve(10);
    pusher.try_push(2).unwrap();
    assert_eq!(next(&mut cursor), Poll::Ready(Some(2)));
}

#[test]
fn reserve_without_cursor_or_after_stop_works() {
    let (pusher, cursor) = push_list::<u8>();
    drop(cursor);
    pusher.reserve(1000);
    let mut cursor = pusher.subscribe();
    pusher.reserve(1000);
    pusher.push(1).unwrap();
    pusher.stop();
    pusher.reserve(1000);
    assert_eq!(drain(&mut cursor), [1]);
}

#[test]
fn small_reserve_in_steady_flow_is_never_full() {
    // The second round starts with a burst far larger than the reserve.
    for burst in [0, 400] {
        let (pusher, mut cursor) = push_list();
        pusher.reserve(10);
        for item in 0..burst {
            pusher.push(item).unwrap();
        }
        assert_eq!(take_ready(&mut cursor).len(), burst);
        for item in 0..scaled(1000, 150) {
            pusher.try_push(item).unwrap();
            assert_eq!(cursor.try_next(), Ok(item));
        }
    }
}

/// Asserts that an impossible `reserve` panics before it allocates, and leaves the list unchanged.
fn assert_reserve_overflows<T>(item: fn() -> T) {
    const MOST: usize = isize::MAX as usize;
    let (pusher, mut cursor) = push_list();
    pusher.push(item()).unwrap();
    for additional in [usize::MAX, usize::MAX - 1, MOST + 1, MOST, MOST / size_of::<T>().max(1)] {
        let refused = catch_unwind(AssertUnwindSafe(|| pusher.reserve(additional))).unwrap_err();
        assert_eq!(refused.downcast_ref(), Some(&"capacity overflow"), "{additional}");
    }
    let room = slots::<T>() - 1;
    let more = (0..).take_while(|_| pusher.try_push(item()).is_ok()).count();
    assert!(more < room.max(1), "{more} items pushed into {room} free slots or less");
    assert_eq!(take_ready(&mut cursor).len(), more + 1);
    pusher.reserve(10);
    (0..10).for_each(|_| assert!(pusher.try_push(item()).is_ok()));
}

#[test]
fn reserve_beyond_memory_panics_at_once() {
    assert_reserve_overflows(|| 0_u8);
    assert_reserve_overflows(|| 0_u64);
    assert_reserve_overflows(|| [0_u8; 4096]);
    assert_reserve_overflows(String::new);
    assert_reserve_overflows(|| ());
}
