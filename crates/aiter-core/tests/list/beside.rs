//! The only pusher beside a reader that has read all.

use crate::{
    blocks::slots,
    drain,
    ledger::{Ledger, Tracked},
    offsets, scaled,
    waker::{Counting, next, poll},
};
use aiter_core::push_list;
use core::{panic::AssertUnwindSafe, task::Poll};
use std::panic::catch_unwind;

#[test]
fn items_come_in_order_across_blocks() {
    let (mut pusher, mut cursor) = push_list();
    let mut other = cursor.fork();
    for n in 0..200 {
        assert_eq!(cursor.next_ready(), None);
        pusher.beside(&cursor).expect("it has read all").push_quietly(n);
        assert_eq!(cursor.next_quickly().unwrap_or_else(|| cursor.next_ready()), Some(n));
    }
    assert_eq!(other.lag(), 200);
    drop(pusher);
    assert!(drain(&mut other).into_iter().eq(0..200));
}

#[test]
fn several_pushes_go_past_the_reader() {
    let (mut pusher, mut cursor) = push_list();
    let other = cursor.fork();
    let mut beside = pusher.beside(&cursor).expect("it has read all");
    (0..200).for_each(|n| if n % 3 == 0 { beside.push(n) } else { beside.push_quietly(n) });
    drop(pusher);
    assert!(drain(&mut cursor).into_iter().eq(0..200));
    drop(other);
}

#[test]
fn there_is_none_for_a_reader_with_items_left() {
    let (mut pusher, mut cursor) = push_list();
    pusher.push(1).unwrap();
    assert!(pusher.beside(&cursor).is_none());
    assert_eq!(cursor.next_ready(), Some(1));
    assert!(pusher.beside(&cursor).is_some());
}

#[test]
fn there_is_none_beside_another_pusher() {
    let (mut pusher, cursor) = push_list::<u8>();
    let other = pusher.clone();
    assert!(pusher.beside(&cursor).is_none());
    let weak = other.downgrade();
    drop(other);
    assert!(pusher.beside(&cursor).is_none());
    drop(weak);
    assert!(pusher.beside(&cursor).is_some());
}

#[test]
fn there_is_none_for_a_cursor_of_another_list() {
    let (mut pusher, _cursor) = push_list::<u8>();
    let (_other, stranger) = push_list();
    assert!(pusher.beside(&stranger).is_none());
}

#[test]
fn there_is_none_on_a_list_that_was_subscribed_to() {
    let (mut pusher, cursor) = push_list::<u8>();
    let late = pusher.subscribe();
    assert!(pusher.beside(&cursor).is_none());
    assert!(pusher.beside(&late).is_none());
    drop(late);
    assert!(pusher.beside(&cursor).is_none());
}

#[test]
fn stop_ends_the_list_and_there_is_none_any_more() {
    let (mut pusher, mut cursor) = push_list();
    let mut beside = pusher.beside(&cursor).expect("it has read all");
    beside.push_quietly(1);
    beside.stop();
    assert!(pusher.is_stopped() && pusher.beside(&cursor).is_none());
    assert_eq!(drain(&mut cursor), [1]);
    assert!(pusher.beside(&cursor).is_none());
    assert_eq!(next(&mut cursor), Poll::Ready(None));
}

#[test]
fn a_quiet_push_wakes_nobody_and_wake_all_does() {
    let (mut pusher, cursor) = push_list();
    let mut sleeper = cursor.fork();
    let waker = Counting::new();
    assert!(poll(&mut sleeper, waker.waker()).is_pending());
    pusher.beside(&cursor).expect("it has read all").push_quietly(1);
    assert_eq!(waker.wakes(), 0);
    cursor.wake_all();
    assert_eq!(waker.wakes(), 1);
    assert_eq!(poll(&mut sleeper, waker.waker()), Poll::Ready(Some(1)));
}

/// As it is documented: the block forgets that somebody sleeps there, until all are woken.
#[test]
fn who_slept_through_a_quiet_push_sleeps_on_until_wake_all_or_stop() {
    for stop in [false, true] {
        let (mut pusher, cursor) = push_list();
        let (mut sleeper, mut taker) = (cursor.fork(), cursor.fork().share());
        let (first, second) = (Counting::new(), Counting::new());
        assert!(first.poll(&mut sleeper).is_pending() && second.poll(&mut taker).is_pending());
        pusher.beside(&cursor).expect("it has read all").push_quietly(0);
        pusher.push(1).unwrap();
        pusher.try_push(2).unwrap();
        pusher.push_all([3, 4]).unwrap();
        pusher.sole().expect("the only pusher").push(5).unwrap();
        assert_eq!((first.wakes(), second.wakes()), (0, 0));
        if stop {
            pusher.stop()
        } else {
            cursor.wake_all()
        }
        assert_eq!((first.wakes(), second.wakes()), (1, 1));
        assert!((0..6).all(|n| sleeper.try_next() == Ok(n) && taker.try_next() == Ok(n)));
        if stop {
            continue;
        }
        // From here on all is as ever.
        for n in 0..scaled(100, 20) {
            let (first, second) = (Counting::new(), Counting::new());
            assert!(first.poll(&mut sleeper).is_pending() && second.poll(&mut taker).is_pending());
            pusher.push(n).unwrap();
            assert_eq!((first.wakes(), second.wakes()), (1, 1));
            assert_eq!((sleeper.try_next(), taker.try_next()), (Ok(n), Ok(n)));
        }
    }
}

/// One that goes to sleep after the quiet push is woken by the next.
#[test]
fn who_goes_to_sleep_after_a_quiet_push_is_woken() {
    let (mut pusher, cursor) = push_list();
    let mut sleeper = cursor.fork();
    pusher.beside(&cursor).expect("it has read all").push_quietly(0);
    assert_eq!(next(&mut sleeper), Poll::Ready(Some(0)));
    let waker = Counting::new();
    assert!(waker.poll(&mut sleeper).is_pending());
    pusher.push(1).unwrap();
    assert_eq!(waker.wakes(), 1);
}

#[test]
fn a_push_beside_wakes() {
    let (mut pusher, cursor) = push_list();
    let mut sleeper = cursor.fork();
    let waker = Counting::new();
    assert!(poll(&mut sleeper, waker.waker()).is_pending());
    pusher.beside(&cursor).expect("it has read all").push(1);
    assert_eq!(waker.wakes(), 1);
}

#[test]
fn is_only_reader_counts_all_cursors() {
    let (mut pusher, cursor) = push_list::<u8>();
    assert!(pusher.beside(&cursor).expect("it has read all").is_only_reader());
    let other = cursor.fork();
    assert!(!pusher.beside(&cursor).expect("it has read all").is_only_reader());
    drop(other);
    assert!(pusher.beside(&cursor).expect("it has read all").is_only_reader());
}

/// Wherever in a block a fork comes and goes: all is dropped once, and no block is kept.
#[test]
fn forks_come_and_go_between_quiet_pushes() {
    for offset in offsets::<Tracked>(130) {
        let ledger = Ledger::new();
        let (mut pusher, mut cursor) = push_list();
        let mut forks = Vec::new();
        for n in 0..200 {
            if n == offset {
                forks.push(cursor.fork());
            } else if n == offset + 40 {
                forks.clear();
            }
            assert!(cursor.next_ready().is_none());
            let mut beside = pusher.beside(&cursor).expect("it has read all");
            beside.push_quietly(ledger.item(n as u64));
            let item: Tracked = cursor.next_ready().expect("it was pushed");
            assert_eq!(item.value, n as u64);
        }
        assert!(pusher.retained() <= slots::<Tracked>(), "offset {offset}: {}", pusher.retained());
        drop((pusher, cursor));
        ledger.assert_settled();
    }
}

/// `next_quickly` may say that it does not know, and is never wrong.
#[test]
fn next_quickly_says_what_next_ready_says() {
    let (pusher, mut cursor) = push_list();
    let mut known = 0;
    let mut other = None;
    for n in 0..400 {
        if n % 50 == 10 {
            other = Some(cursor.fork());
        } else if n % 50 == 40 {
            other = None;
        }
        if n % 3 != 0 {
            pusher.push(n).unwrap();
        }
        match cursor.next_quickly() {
            None => assert_eq!(cursor.next_ready(), (n % 3 != 0).then_some(n)),
            Some(answer) => {
                known += 1;
                assert_eq!(answer, (n % 3 != 0).then_some(n));
            }
        }
        if let Some(other) = &mut other {
            assert_eq!(other.next_ready(), (n % 3 != 0).then_some(n));
        }
    }
    assert!(known > 100, "{known}");
}

#[test]
fn an_item_whose_clone_panics_is_still_to_be_read() {
    #[derive(Debug, PartialEq)]
    struct Fragile(u32);
    static PANIC: core::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new(true);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(!PANIC.load(core::sync::atomic::Ordering::Relaxed), "as told");
            Self(self.0)
        }
    }
    let (pusher, mut cursor) = push_list();
    let other = cursor.fork();
    pusher.push(Fragile(1)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| cursor.next_quickly())).is_err());
    PANIC.store(false, core::sync::atomic::Ordering::Relaxed);
    assert_eq!(cursor.next_quickly(), Some(Some(Fragile(1))));
    drop(other);
}
