//! Lists whose cursors register no waker.

use crate::{
    blocks::slots,
    ledger::{Ledger, Tracked},
    offsets,
};
use aiter_core::{
    PushError,
    task::{NoWakeCursor, no_wake_list},
};
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

/// Reads all ready items.
fn drain<T>(cursor: &mut NoWakeCursor<T>) -> Vec<T> {
    core::iter::from_fn(|| cursor.next_ready()).collect()
}

#[test]
fn items_across_blocks_keep_order() {
    let (mut pusher, mut cursor) = no_wake_list();
    let mut other = cursor.fork();
    for n in 0..200 {
        assert!(pusher.is_caught_up(&cursor));
        pusher.push_with_hint(&cursor, n).unwrap();
        assert!(!pusher.is_caught_up(&cursor));
        assert_eq!(cursor.next_fast().unwrap_or_else(|| cursor.next_ready()), Some(n));
    }
    assert_eq!((cursor.lag(), other.lag()), (0, 200));
    drop(pusher);
    assert!(drain(&mut other).into_iter().eq(0..200));
    assert!(other.is_drained());
}

/// The hint may be any cursor. The push appends the item.
#[test]
fn push_with_lagging_hint_appends() {
    let (mut pusher, cursor) = no_wake_list();
    let (mut behind, mut ahead) = (cursor.fork(), cursor);
    for n in 0..200 {
        let reader = if n % 3 == 0 { &behind } else { &ahead };
        pusher.push_with_hint(reader, n).unwrap();
        if n % 2 == 0 {
            assert!(drain(&mut ahead).contains(&n));
        }
    }
    assert!(drain(&mut behind).into_iter().eq(0..200));
}

#[test]
fn push_with_foreign_hint_appends() {
    let ((mut pusher, mut cursor), (_other, foreign)) = (no_wake_list(), no_wake_list());
    for n in 0..200 {
        pusher.push_with_hint(&foreign, n).unwrap();
        assert_eq!(cursor.next_ready(), Some(n));
    }
}

#[test]
fn stopped_list_refuses_push() {
    let (mut pusher, mut cursor) = no_wake_list();
    pusher.push_with_hint(&cursor, 1).unwrap();
    assert_eq!(cursor.size_hint(), (1, None));
    pusher.stop();
    assert!(cursor.is_stopped() && !cursor.is_drained());
    assert_eq!(cursor.size_hint(), (1, Some(1)));
    for _ in 0..2 {
        assert_eq!(pusher.push_with_hint(&cursor, 2), Err(PushError::Stopped(2)));
        drain(&mut cursor);
    }
    assert!(cursor.is_drained() && pusher.is_caught_up(&cursor));
}

#[test]
fn list_without_cursor_refuses_push() {
    let ((mut pusher, cursor), (_other, foreign)) = (no_wake_list(), no_wake_list());
    drop(cursor);
    assert_eq!(pusher.push_with_hint(&foreign, 1), Err(PushError::NoCursor(1)));
}

#[test]
fn pusher_counts_all_cursors() {
    let (pusher, cursor) = no_wake_list::<u8>();
    assert_eq!(pusher.cursor_count(), 1);
    let other = cursor.fork();
    assert_eq!(pusher.cursor_count(), 2);
    drop((cursor, other));
    assert_eq!(pusher.cursor_count(), 0);
}

/// A fork is created and dropped at each offset. Items are dropped once, blocks are retired.
#[test]
fn forks_at_any_offset_retire_blocks() {
    for offset in offsets::<Tracked>(130) {
        let ledger = Ledger::new();
        let (mut pusher, mut cursor) = no_wake_list();
        let mut forks = Vec::new();
        for n in 0..200 {
            if n == offset {
                forks.push(cursor.fork());
            } else if n == offset + 40 {
                forks.clear();
            }
            pusher.push_with_hint(&cursor, ledger.item(n as u64)).unwrap();
            let item: Tracked = cursor.next_ready().expect("the pushed item is ready");
            assert_eq!(item.value, n as u64);
        }
        assert!(ledger.alive() <= slots::<Tracked>(), "offset {offset}: {}", ledger.alive());
        drop((pusher, cursor));
        ledger.assert_all_dropped();
    }
}

/// `next_fast` may return `None` for "unknown", but no wrong answer.
#[test]
fn next_fast_agrees_with_next_ready() {
    let (mut pusher, mut cursor) = no_wake_list();
    let mut answers = 0;
    let mut other = None;
    for n in 0..400 {
        if n % 50 == 10 {
            other = Some(cursor.fork());
        } else if n % 50 == 40 {
            other = None;
        }
        if n % 3 != 0 {
            pusher.push_with_hint(&cursor, n).unwrap();
        }
        match cursor.next_fast() {
            None => assert_eq!(cursor.next_ready(), (n % 3 != 0).then_some(n)),
            Some(answer) => {
                answers += 1;
                assert_eq!(answer, (n % 3 != 0).then_some(n));
            }
        }
        if let Some(other) = &mut other {
            assert_eq!(other.next_ready(), (n % 3 != 0).then_some(n));
        }
    }
    assert!(answers > 100, "only {answers} answers of `next_fast`");
}

#[test]
fn clone_panics_keeps_item_unread() {
    #[derive(Debug, PartialEq)]
    struct PanicOnClone(u32);
    static PANIC: core::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new(true);
    impl Clone for PanicOnClone {
        fn clone(&self) -> Self {
            assert!(!PANIC.load(core::sync::atomic::Ordering::Relaxed), "on purpose");
            Self(self.0)
        }
    }
    let (mut pusher, mut cursor) = no_wake_list();
    let other = cursor.fork();
    pusher.push_with_hint(&cursor, PanicOnClone(1)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| cursor.next_ready())).is_err());
    PANIC.store(false, core::sync::atomic::Ordering::Relaxed);
    assert_eq!(cursor.next_fast(), Some(Some(PanicOnClone(1))));
    drop(other);
}

#[test]
fn debug_shows_state_without_items() {
    let (mut pusher, cursor) = no_wake_list();
    pusher.push_with_hint(&cursor, "secret").unwrap();
    assert_eq!(format!("{pusher:?}"), "NoWakePusher { is_stopped: false, cursors: 1, .. }");
    assert_eq!(format!("{cursor:?}"), "NoWakeCursor { lag: 1, is_stopped: false, .. }");
}
