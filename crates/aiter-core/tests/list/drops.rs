//! Each item is dropped exactly once, in any drop order of handles, soon after its last read.

use crate::{
    blocks::edges,
    drain,
    ledger::{Ledger, Tracked, values},
    offsets, scaled, take, take_ready,
    waker::next,
};
use aiter_core::{Cursor, PushError, Pusher, push_list};
use core::task::Poll;
use std::thread;

fn filled(ledger: &Ledger, n: usize) -> (Pusher<Tracked>, Cursor<Tracked>) {
    let (pusher, cursor) = push_list();
    for item in ledger.items(n) {
        pusher.push(item).unwrap();
    }
    (pusher, cursor)
}

#[test]
fn last_handle_cursor_drops_unread_items() {
    for n in offsets::<Tracked>(200) {
        let ledger = Ledger::new();
        let (pusher, mut cursor) = filled(&ledger, n);
        drop(take(&mut cursor, n / 2));
        drop(pusher);
        assert_eq!(ledger.alive(), n - n / 2);
        drop(cursor);
        ledger.assert_all_dropped();
        assert_eq!(ledger.clones(), 0);
    }
}

#[test]
fn cursor_dropped_first_drops_unread_items() {
    for n in offsets::<Tracked>(200) {
        let ledger = Ledger::new();
        let (pusher, mut cursor) = filled(&ledger, n);
        drop(take(&mut cursor, n / 2));
        drop(cursor);
        ledger.assert_all_dropped();
        let back = pusher.push(ledger.item(7)).unwrap_err().into_inner();
        assert_eq!(back.value, 7);
        drop(pusher);
        drop(back);
        ledger.assert_all_dropped();
    }
}

#[test]
fn stopped_list_drops_unread_items() {
    for n in offsets::<Tracked>(200) {
        let ledger = Ledger::new();
        let (pusher, mut cursor) = filled(&ledger, n);
        pusher.stop();
        drop(pusher.push(ledger.item(0)).unwrap_err());
        drop(take(&mut cursor, n / 3));
        drop(cursor);
        ledger.assert_all_dropped();
        drop(pusher);
        ledger.assert_all_dropped();
    }
}

#[test]
fn handles_dropped_in_any_order_leak_nothing() {
    for order in 0..6 {
        for n in offsets::<Tracked>(100) {
            let ledger = Ledger::new();
            let (pusher, cursor) = filled(&ledger, n);
            let mut pushers = vec![pusher.clone(), pusher];
            let mut cursors = vec![cursor];
            let mut weaks = vec![pushers[0].downgrade(), pushers[1].downgrade()];
            for step in 0..6 {
                match (step + order) % 6 {
                    0 | 1 => drop(pushers.pop()),
                    2 | 3 => drop(weaks.pop()),
                    4 => drop(cursors.pop()),
                    _ => drop(pushers.first().map(|pusher| pusher.push(ledger.item(0)))),
                }
            }
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn single_cursor_never_clones() {
    let ledger = Ledger::new();
    let n = scaled(1000, 100);
    let (pusher, mut cursor) = filled(&ledger, n);
    assert_eq!(take(&mut cursor, n / 4).len(), n / 4);
    let mut buf = Vec::new();
    while buf.len() < n / 4 {
        cursor.try_next_many(&mut buf, n / 4);
    }
    assert_eq!(cursor.available_iter().count(), cursor.len());
    pusher.stop();
    assert_eq!(drain(&mut cursor.share()).len(), n - n / 4 - buf.len());
    assert_eq!(ledger.clones(), 0);
}

#[test]
fn exclusive_cursor_after_fork_moves_items() {
    let ledger = Ledger::new();
    let n = scaled(1000, 200);
    let (pusher, mut cursor) = filled(&ledger, n);
    drop(cursor.fork());
    pusher.stop();
    assert_eq!(drain(&mut cursor).len(), n);
    // Only the items of the block that the cursor had already read up to may be cloned.
    assert!(ledger.clones() <= 32, "{} clones", ledger.clones());
    ledger.assert_all_dropped();
}

#[test]
fn last_fork_moves_remaining_items() {
    let ledger = Ledger::new();
    let n = scaled(1000, 200);
    let (pusher, mut fast) = filled(&ledger, n);
    let mut slow = fast.fork();
    pusher.stop();
    assert_eq!(drain(&mut fast).len(), n);
    let before = ledger.clones();
    assert_eq!(drain(&mut slow).len(), n);
    // The fork is exclusive in all its blocks except perhaps the last one.
    assert!(ledger.clones() - before <= 64, "{} clones", ledger.clones() - before);
    drop((fast, slow, pusher));
    ledger.assert_all_dropped();
}

#[test]
fn forks_dropped_in_any_order_drop_items_once() {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let n = scaled(100, 40);
    for at in (0..n).step_by(scaled(3, 20)) {
        for order in orders {
            let ledger = Ledger::new();
            let (pusher, mut cursor) = filled(&ledger, n);
            assert_eq!(take(&mut cursor, at / 2).len(), at / 2);
            let mut fork = cursor.fork();
            assert_eq!(take(&mut fork, at - at / 2).len(), at - at / 2);
            let late = pusher.subscribe();
            let mut cursors = [Some(cursor), Some(fork), Some(late)];
            pusher.push(ledger.item(n as u64)).unwrap();
            let starts = [at / 2, at, n];
            for (i, start) in order.into_iter().zip(order.map(|i| starts[i])) {
                let mut cursor = cursors[i].take().unwrap();
                let read = take(&mut cursor, (n + 1 - start).div_ceil(2));
                assert_eq!(values(&read)[0], start as u64);
            }
            assert_eq!(ledger.alive(), 0);
            assert!(matches!(pusher.push(ledger.item(0)), Err(PushError::NoCursor(_))));
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn slow_fork_dropped_frees_its_items() {
    let ledger = Ledger::new();
    let n = scaled(1000, 200);
    let (pusher, mut fast) = filled(&ledger, n);
    let slow = fast.fork();
    drop(take(&mut fast, n));
    assert_eq!(ledger.alive(), n);
    drop(slow);
    // At most the items of one block remain.
    assert!(ledger.alive() <= 62, "{} alive", ledger.alive());
    assert!(next(&mut fast).is_pending());
    assert_eq!(ledger.alive(), 0);
    drop(pusher);
    ledger.assert_all_dropped();
}

#[test]
fn parked_cursors_retain_no_item() {
    for n in offsets::<Tracked>(200) {
        let ledger = Ledger::new();
        let (pusher, mut one) = filled(&ledger, n);
        let mut two = one.fork();
        let mut three = two.fork();
        for cursor in [&mut one, &mut two, &mut three] {
            assert_eq!(values(&take_ready(cursor)), (0..n as u64).collect::<Vec<_>>());
        }
        assert_eq!(ledger.alive(), 0, "after {n} items");
        pusher.push(ledger.item(9)).unwrap();
        for cursor in [&mut one, &mut two, &mut three] {
            assert_eq!(values(&take_ready(cursor)), [9]);
        }
        assert_eq!(ledger.alive(), 0, "after {n} items and another");
        drop((one, two, three, pusher));
        ledger.assert_all_dropped();
    }
}

#[test]
fn parked_cursor_forked_keeps_position() {
    // Items that parked cursors released are neither read again nor released twice.
    for n in offsets::<Tracked>(200) {
        let ledger = Ledger::new();
        let (pusher, mut one) = filled(&ledger, n);
        let mut two = one.fork();
        assert_eq!(take_ready(&mut one).len(), n);
        let mut three = one.fork();
        assert_eq!(take_ready(&mut two).len(), n);
        assert!(next(&mut one).is_pending());
        assert!(next(&mut three).is_pending());
        drop(two);
        pusher.push(ledger.item(1)).unwrap();
        let mut four = three.fork();
        for cursor in [&mut four, &mut one, &mut three] {
            assert_eq!(values(&take_ready(cursor)), [1]);
        }
        drop((one, three, four, pusher));
        ledger.assert_all_dropped();
    }
}

#[test]
fn subscribers_in_mid_block_leak_nothing() {
    for n in offsets::<Tracked>(200) {
        for orders in 0..4 {
            let ledger = Ledger::new();
            let (pusher, first) = filled(&ledger, n);
            let mut late = pusher.subscribe();
            assert!(next(&mut late).is_pending());
            pusher.push(ledger.item(1000)).unwrap();
            drop(first);
            assert_eq!(values(&take(&mut late, 1)), [1000]);
            let later = pusher.subscribe();
            if orders & 1 != 0 {
                pusher.push(ledger.item(1001)).unwrap();
            }
            if orders & 2 != 0 {
                drop(late);
                drop(later);
            } else {
                drop(later);
                drop(late);
            }
            drop(pusher);
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn item_with_last_pusher_frees_list() {
    struct Holder(#[expect(dead_code)] Option<Pusher<Holder>>, #[expect(dead_code)] Tracked);
    for n in edges::<Holder>().into_iter().skip(1).chain([70]) {
        let ledger = Ledger::new();
        let (pusher, cursor) = push_list();
        for item in ledger.items(n) {
            pusher.push(Holder(Some(pusher.clone()), item)).map_err(drop).unwrap();
        }
        drop(pusher);
        assert!(!cursor.is_stopped());
        assert_eq!(ledger.alive(), n);
        drop(cursor);
        ledger.assert_all_dropped();
    }
}

#[test]
fn read_item_with_last_pusher_ends_list() {
    struct Holder(#[expect(dead_code)] Pusher<Holder>);
    let (pusher, mut cursor) = push_list();
    pusher.push(Holder(pusher.clone())).map_err(drop).unwrap();
    drop(pusher);
    let item = cursor.try_next().expect("an item is ready");
    assert!(!cursor.is_drained());
    drop(item);
    assert!(cursor.is_drained());
    assert!(matches!(next(&mut cursor), Poll::Ready(None)));
}

#[test]
fn item_with_cursor_of_other_list_is_dropped() {
    let ledger = Ledger::new();
    let (outer, outer_cursor) = push_list();
    let mut pushers = Vec::new();
    for n in 0..scaled(100, 40) {
        let (inner, inner_cursor) = filled(&ledger, n % 5);
        pushers.push(inner);
        outer.push(inner_cursor).unwrap();
    }
    drop(outer_cursor);
    ledger.assert_all_dropped();
    for inner in pushers {
        assert!(matches!(inner.push(ledger.item(0)), Err(PushError::NoCursor(_))));
    }
    ledger.assert_all_dropped();
}

#[test]
fn list_of_lists_drops_inner_items() {
    let ledger = Ledger::new();
    let (outer, mut cursor) = push_list();
    for _ in 0..scaled(40, 20) {
        outer.push(filled(&ledger, scaled(40, 20))).unwrap();
    }
    drop(take(&mut cursor, 10));
    drop(outer);
    drop(cursor);
    ledger.assert_all_dropped();
}

#[test]
fn cursor_dropped_far_behind_needs_little_stack() {
    const N: usize = scaled(10_000_000, 2000);
    let (pusher, mut fast) = push_list();
    let slow = fast.fork();
    assert_eq!(pusher.push_all(0..N).unwrap(), N);
    let mut read = 0;
    let mut buf = Vec::new();
    while read < N {
        read += fast.try_next_many(&mut buf, 4096);
        buf.clear();
    }
    on_small_stack(move || drop(slow));
    assert!(pusher.retained() <= 64);
    assert!(fast.is_empty());
}

#[test]
fn last_cursor_dropped_needs_little_stack() {
    const N: usize = scaled(2_000_000, 2000);
    let (pusher, cursor) = push_list();
    assert_eq!(pusher.push_all(0..N).unwrap(), N);
    on_small_stack(move || drop(cursor));
    assert!(matches!(pusher.push(0), Err(PushError::NoCursor(0))));
}

#[test]
fn list_dropped_with_items_needs_little_stack() {
    const N: usize = scaled(2_000_000, 2000);
    let (pusher, cursor) = push_list();
    assert_eq!(pusher.push_all(0..N).unwrap(), N);
    on_small_stack(move || {
        drop(pusher);
        drop(cursor);
    });
}

pub(crate) fn on_small_stack(f: impl FnOnce() + Send + 'static) {
    if cfg!(target_family = "wasm") {
        // There are no threads, and the only stack is small.
        return f();
    }
    thread::Builder::new().stack_size(64 * 1024).spawn(f).unwrap().join().unwrap();
}

#[test]
fn items_left_by_other_cursor_are_moved() {
    // In mid-block, both cursors read `read` items. Then one is dropped.
    for read in [0, 1, 2, 10] {
        for in_runs in [false, true] {
            let ledger = Ledger::new();
            let (pusher, mut cursor) = filled(&ledger, 12);
            let mut other = cursor.fork();
            drop((take(&mut cursor, read), take(&mut other, read)));
            drop(other);
            let clones = ledger.clones();
            let mut rest = Vec::new();
            if in_runs {
                while cursor.try_next_many(&mut rest, 3) > 0 {}
            } else {
                rest.extend(core::iter::from_fn(|| cursor.try_next().ok()));
            }
            assert!(values(&rest).into_iter().eq(read as u64..12));
            assert_eq!(ledger.clones(), clones, "an exclusive cursor must move the items");
            assert_eq!(ledger.alive(), 12 - read, "items read before must be dropped");
            drop((rest, cursor, pusher));
            ledger.assert_all_dropped();
        }
    }
}
