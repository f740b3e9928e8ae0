//! Cursors that skip items. Skipped items are not cloned and are dropped once.

use crate::{
    drain,
    ledger::{Ledger, Tracked, values},
    offsets, scaled, take,
    waker::{Counting, next},
};
use aiter_core::{Cursor, Pusher, TryNextError, push_list};
use core::{
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicBool, Ordering},
    task::Poll,
};
use futures_core::FusedStream;
use std::{panic::catch_unwind, thread};

fn filled(ledger: &Ledger, n: usize) -> (Pusher<Tracked>, Cursor<Tracked>) {
    let (pusher, cursor) = push_list();
    for item in ledger.items(n) {
        pusher.push(item).unwrap();
    }
    (pusher, cursor)
}

#[test]
fn exclusive_cursor_skip_drops_items_at_once() {
    for n in offsets::<Tracked>(130) {
        for skip in [0, 1, n / 2, n, n + 1, usize::MAX] {
            let ledger = Ledger::new();
            let (pusher, mut cursor) = filled(&ledger, n);
            let skipped = cursor.skip_items(skip);
            assert_eq!(skipped, n.min(skip));
            assert_eq!((cursor.len(), ledger.alive()), (n - skipped, n - skipped));
            pusher.push(ledger.item(n as u64)).unwrap();
            pusher.stop();
            let rest = drain(&mut cursor);
            assert!(values(&rest).into_iter().eq(skipped as u64..=n as u64));
            drop((rest, cursor, pusher));
            ledger.assert_all_dropped();
            assert_eq!(ledger.clones(), 0);
        }
    }
}

#[test]
fn run_skipped_in_parts_keeps_position() {
    let ledger = Ledger::new();
    let (_pusher, mut cursor) = filled(&ledger, 20);
    assert_eq!(take(&mut cursor, 1)[0].value, 0);
    assert_eq!(cursor.skip_items(3), 3);
    assert_eq!(take(&mut cursor, 1)[0].value, 4);
    assert_eq!(cursor.skip_items(10), 10);
    assert_eq!(take(&mut cursor, 1)[0].value, 15);
    assert_eq!(cursor.seek_to_end(), 4);
    assert_eq!((cursor.seek_to_end(), ledger.alive()), (0, 0));
}

#[test]
fn skip_beside_reads_drops_items_once() {
    for n in offsets::<Tracked>(130) {
        for skips_first in [false, true] {
            let ledger = Ledger::new();
            let (pusher, mut cursor) = filled(&ledger, n);
            let mut fork = cursor.fork();
            let read = |cursor: &mut Cursor<Tracked>| assert_eq!(take(cursor, n).len(), n);
            if skips_first {
                assert_eq!(fork.seek_to_end(), n);
                read(&mut cursor);
                assert!(cursor.try_next().is_err());
            } else {
                read(&mut cursor);
                assert!(cursor.try_next().is_err());
                assert_eq!(fork.skip_items(n), n);
            }
            assert_eq!(ledger.alive(), 0, "after {n} items");
            pusher.push(ledger.item(n as u64)).unwrap();
            assert_eq!(values(&take(&mut fork, 1)), [n as u64]);
            assert_eq!(cursor.skip_items(5), 1);
            assert!(fork.try_next().is_err());
            assert_eq!(ledger.alive(), 0, "after {n} items and another");
            drop((cursor, fork, pusher));
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn two_cursors_skip_clones_no_item() {
    for n in offsets::<Tracked>(130) {
        let ledger = Ledger::new();
        let (pusher, mut cursor) = filled(&ledger, n);
        let mut fork = cursor.fork();
        assert_eq!(cursor.skip_items(n / 2), n / 2);
        assert_eq!(fork.seek_to_end(), n);
        assert_eq!(ledger.alive().min(1), n.min(1), "the other cursor has unread items");
        assert_eq!(cursor.seek_to_end(), n - n / 2);
        assert_eq!((ledger.alive(), ledger.clones()), (0, 0));
        drop((cursor, fork, pusher));
        ledger.assert_all_dropped();
    }
}

#[test]
fn skip_after_fork_dropped_drops_items_once() {
    for n in offsets::<Tracked>(130) {
        let ledger = Ledger::new();
        let (pusher, mut cursor) = filled(&ledger, n);
        let fork = cursor.fork();
        drop(take(&mut cursor, n / 3));
        drop(fork);
        assert_eq!(cursor.skip_items(n / 3), n / 3);
        assert_eq!(cursor.seek_to_end(), n - n / 3 * 2);
        assert_eq!(ledger.alive(), 0);
        drop((cursor, pusher));
        ledger.assert_all_dropped();
    }
}

#[test]
fn subscriber_skips_only_own_items() {
    let ledger = Ledger::new();
    let (pusher, mut cursor) = filled(&ledger, 10);
    let mut late = pusher.subscribe();
    assert_eq!(late.skip_items(5), 0);
    for item in 10..14 {
        pusher.push(ledger.item(item)).unwrap();
    }
    assert_eq!(late.skip_items(2), 2);
    assert_eq!(values(&take(&mut late, 1)), [12]);
    assert_eq!(cursor.skip_items(12), 12);
    assert_eq!(values(&take(&mut cursor, 2)), [12, 13]);
}

#[test]
fn resubscribed_cursor_sees_later_items() {
    for n in offsets::<Tracked>(130) {
        let ledger = Ledger::new();
        let (pusher, mut cursor) = filled(&ledger, n);
        let mut late = cursor.resubscribe();
        assert_eq!((late.len(), pusher.cursor_count()), (0, 2));
        assert!(next(&mut late).is_pending());
        pusher.push(ledger.item(n as u64)).unwrap();
        assert_eq!(values(&take(&mut late, 1)), [n as u64]);
        assert!(late.resubscribe().is_empty());
        pusher.stop();
        assert_eq!(drain(&mut cursor).len(), n + 1);
        assert_eq!(drain(&mut late).len(), 0);
        let mut ended = cursor.resubscribe();
        assert!(!ended.is_terminated());
        assert_eq!(ended.try_next().err(), Some(TryNextError::Ended));
        drop((cursor, late, ended, pusher));
        ledger.assert_all_dropped();
    }
}

#[test]
fn cursor_after_skip_is_woken_by_push() {
    let (pusher, mut cursor) = push_list();
    pusher.push_all(0..100).unwrap();
    let task = Counting::new();
    assert_eq!(cursor.seek_to_end(), 100);
    assert!(task.poll(&mut cursor).is_pending());
    pusher.push(100).unwrap();
    assert_eq!(task.wakes(), 1);
    assert_eq!(next(&mut cursor), Poll::Ready(Some(100)));
}

#[test]
fn skip_beside_pushing_thread_counts_items() {
    const N: usize = scaled(100_000, 300);
    let (pusher, mut cursor) = push_list();
    let mut fork = cursor.fork();
    thread::scope(|scope| {
        scope.spawn(move || (0..N).for_each(|n| pusher.push(n).unwrap()));
        let (mut passed, mut round) = (0, 0);
        while passed < N {
            round += 1;
            passed += match round % 4 {
                0 => cursor.seek_to_end(),
                1 => cursor.skip_items(3),
                _ => cursor.try_next().map_or(0, |item| {
                    assert_eq!(item, passed);
                    1
                }),
            };
        }
    });
    // The thread has dropped the pusher.
    assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
    assert_eq!(fork.skip_items(N - 1), N - 1);
    assert_eq!(drain(&mut fork), [N - 1]);
}

/// An item whose clone panics.
struct PanicOnClone(Tracked);

impl Clone for PanicOnClone {
    fn clone(&self) -> Self {
        panic!("on purpose");
    }
}

#[test]
fn item_with_clone_panic_is_skipped() {
    let ledger = Ledger::new();
    let (pusher, mut cursor) = push_list();
    let mut other = cursor.fork();
    for item in ledger.items(3) {
        pusher.push(PanicOnClone(item)).map_err(drop).unwrap();
    }
    for left in [3, 2, 1] {
        assert!(catch_unwind(AssertUnwindSafe(|| cursor.try_next().is_ok())).is_err());
        assert_eq!(cursor.len(), left);
        assert_eq!(cursor.skip_items(1), 1);
    }
    assert!(matches!(cursor.try_next(), Err(TryNextError::Empty)));
    assert_eq!(ledger.alive(), 3);
    assert_eq!(other.seek_to_end(), 3);
    assert_eq!(ledger.alive(), 0);
    drop(other);
    pusher.push(PanicOnClone(ledger.item(9))).map_err(drop).unwrap();
    assert_eq!(cursor.try_next().unwrap_or_else(|_| panic!("the item must be moved")).0.value, 9);
}

/// An item whose drop panics once if the flag is set.
struct PanicOnDrop<'a>(&'a AtomicBool, #[expect(dead_code)] Tracked);

impl Drop for PanicOnDrop<'_> {
    fn drop(&mut self) {
        assert!(!self.0.swap(false, Ordering::Relaxed), "on purpose");
    }
}

#[test]
fn skipped_item_drop_panics_skips_rest() {
    let (ledger, armed) = (Ledger::new(), AtomicBool::new(true));
    let (pusher, mut cursor) = push_list();
    for item in ledger.items(10) {
        pusher.push(PanicOnDrop(&armed, item)).map_err(drop).unwrap();
    }
    assert!(catch_unwind(AssertUnwindSafe(|| cursor.skip_items(4))).is_err());
    assert_eq!((cursor.len(), ledger.alive()), (6, 6));
    assert_eq!(cursor.skip_items(10), 6);
    drop((cursor, pusher));
    ledger.assert_all_dropped();
}

/// Calls the hidden `skip_in_block`, and returns the number of items and the items that it passed
/// on.
fn skip_in_block(cursor: &mut Cursor<Tracked>, n: usize) -> (usize, Vec<Tracked>) {
    let mut items = Vec::new();
    (cursor.skip_in_block(n, |item| items.push(item)), items)
}

fn numbers(items: &[Tracked]) -> impl Iterator<Item = usize> {
    values(items).into_iter().map(|value| value as usize)
}

#[test]
fn skip_in_block_of_exclusive_cursor_passes_items() {
    for read in offsets::<Tracked>(130) {
        let ledger = Ledger::new();
        let (_pusher, mut cursor) = filled(&ledger, 200);
        assert_eq!(cursor.skip_items(read), read);
        let mut passed = read;
        // At the end of a block it skips nothing, and a read enters the next one.
        for _ in 0..20 {
            let (skipped, items) = skip_in_block(&mut cursor, 7);
            assert!(numbers(&items).eq(passed..passed + skipped));
            assert_eq!(cursor.len(), 200 - passed - skipped);
            passed += skipped;
            drop(items);
            assert_eq!(ledger.alive(), 200 - passed);
            if skipped < 7 {
                match cursor.try_next() {
                    Ok(item) => assert_eq!(item.value, passed as u64),
                    Err(_) => break,
                }
                passed += 1;
            }
        }
        assert!(passed > read + 100 || passed == 200);
        drop(cursor);
        ledger.assert_all_dropped();
    }
}

#[test]
fn skip_in_block_of_shared_cursor_passes_nothing() {
    let ledger = Ledger::new();
    let (_pusher, mut cursor) = filled(&ledger, 20);
    let mut fork = cursor.fork();
    let (skipped, items) = skip_in_block(&mut cursor, 5);
    assert!(skipped > 0 && items.is_empty());
    assert_eq!(fork.try_next().unwrap().value, 0);
    assert_eq!((fork.len(), ledger.alive()), (19, 20));
    // What both have passed is to be dropped, which only a read may do.
    drop(fork);
    assert_eq!(skip_in_block(&mut cursor, 1).0, 0);
    assert_eq!(cursor.try_next().unwrap().value, skipped as u64);
    let (more, items) = skip_in_block(&mut cursor, 1);
    assert!(numbers(&items).eq(skipped + 1..skipped + 1 + more));
    drop((items, cursor));
    ledger.assert_all_dropped();
}

#[test]
fn fork_after_skip_in_block_sees_rest() {
    let ledger = Ledger::new();
    let (pusher, mut cursor) = filled(&ledger, 20);
    let (skipped, items) = skip_in_block(&mut cursor, 3);
    let mut fork = cursor.fork();
    drop((items, pusher));
    for cursor in [&mut fork, &mut cursor] {
        assert!(numbers(&drain(cursor)).eq(skipped..20));
    }
    drop((fork, cursor));
    ledger.assert_all_dropped();
}

#[test]
fn skip_in_block_of_subscriber_waits_for_its_items() {
    let ledger = Ledger::new();
    let (pusher, cursor) = filled(&ledger, 3);
    let mut late = pusher.subscribe();
    drop(cursor);
    pusher.push(ledger.item(3)).unwrap();
    let (skipped, items) = skip_in_block(&mut late, 9);
    assert!(skipped <= 1 && items.iter().all(|item| item.value < 4));
    drop((items, late));
    ledger.assert_all_dropped();
}

#[test]
fn skip_in_block_leaves_items_of_subscriber() {
    let ledger = Ledger::new();
    let (pusher, mut cursor) = filled(&ledger, 3);
    assert_eq!(skip_in_block(&mut cursor, 2).1.len(), 2);
    let mut late = pusher.subscribe();
    for item in ledger.items(3) {
        pusher.push(item).unwrap();
    }
    let (skipped, items) = skip_in_block(&mut cursor, 4);
    assert!(skipped > 0 && items.is_empty());
    drop(pusher);
    assert!(numbers(&drain(&mut late)).eq(0..3));
    drop((cursor, late));
    ledger.assert_all_dropped();
}

/// The other cursor leaves the first block between the fork and the skip. If its parent still
/// counted as parked, the fork would be the last one that is not, and would drop items.
#[test]
fn skip_of_fork_beside_parent_drops_nothing() {
    let end = 130;
    for at in offsets::<Tracked>(end) {
        for (parks, n) in [(false, end), (true, 1), (true, end / 2), (true, end)] {
            let ledger = Ledger::new();
            let (pusher, mut parent) = push_list();
            let mut other = parent.fork();
            let mut items = ledger.items(end);
            items.by_ref().take(at).for_each(|item| pusher.push(item).unwrap());
            take(&mut parent, at);
            take(&mut other, at.saturating_sub(1));
            if parks {
                assert!(parent.try_next().is_err());
            }
            items.for_each(|item| pusher.push(item).unwrap());
            let mut fork = parent.fork_to_skip();
            drop(take(&mut other, end - at));
            let (alive, mut skipped) = (ledger.alive(), Vec::new());
            let n = n.min(end - at);
            assert_eq!(fork.skip(n, &mut skipped), n);
            assert_eq!(ledger.alive(), alive, "skip at {at} by {n}, parks: {parks}");
            drop((skipped, parent, other));
            assert!(values(&take(&mut fork, end - at - n)).into_iter().eq((at + n) as u64..130));
            assert!(fork.try_next().is_err());
            ledger.assert_all_dropped();
        }
    }
}
