//! An item is dropped at the latest when all its readers have found nothing more to read.

use crate::{
    ledger::{Ledger, Tracked, values},
    offsets,
    waker::next,
};
use aiter_core::{Cursor, TryNextError, push_list};
use alloc::sync::Arc;
use core::{panic::AssertUnwindSafe, task::Poll};
use futures_util::FutureExt;
use std::{panic::catch_unwind, sync::Mutex};

/// Reads until nothing is ready, and returns the items.
type ReadMethod<T> = fn(&mut Cursor<T>) -> Vec<T>;

fn by_poll<T>(cursor: &mut Cursor<T>) -> Vec<T> {
    core::iter::from_fn(|| match next(cursor) {
        Poll::Ready(item) => item,
        Poll::Pending => None,
    })
    .collect()
}

fn by_try_next<T>(cursor: &mut Cursor<T>) -> Vec<T> {
    core::iter::from_fn(|| cursor.try_next().ok()).collect()
}

fn by_next_ready<T>(cursor: &mut Cursor<T>) -> Vec<T> {
    core::iter::from_fn(|| cursor.next_ready()).collect()
}

fn by_try_next_many<T>(cursor: &mut Cursor<T>) -> Vec<T> {
    let mut items = Vec::new();
    while cursor.try_next_many(&mut items, 3) > 0 {}
    items
}

fn by_next_many<T>(cursor: &mut Cursor<T>) -> Vec<T> {
    let mut items = Vec::new();
    while cursor.next_many(&mut items, 3).now_or_never().is_some_and(|count| count > 0) {}
    items
}

fn by_preflight<T>(cursor: &mut Cursor<T>) -> Vec<T> {
    let (_, fresh) = push_list();
    let mut preflight = core::mem::replace(cursor, fresh).preflight(|_| {});
    let mut items = Vec::new();
    while let Poll::Ready(Some(item)) = next(&mut preflight) {
        items.push(item);
    }
    *cursor = preflight.into_inner();
    items
}

const METHODS: [ReadMethod<Tracked>; 6] =
    [by_poll, by_try_next, by_next_ready, by_try_next_many, by_next_many, by_preflight];

/// Returns each method with each offset. Under Miri, each offset with two of the methods.
fn cases() -> impl Iterator<Item = (ReadMethod<Tracked>, usize)> {
    let methods = || METHODS.into_iter().enumerate();
    offsets::<Tracked>(130).enumerate().flat_map(move |(i, n)| {
        let methods = methods().filter(move |(method, _)| !cfg!(miri) || (method + i) % 3 == 0);
        methods.map(move |(_, method)| (method, n))
    })
}

#[track_caller]
fn assert_reads(method: ReadMethod<Tracked>, cursor: &mut Cursor<Tracked>, from: usize, to: usize) {
    assert!(values(&method(cursor)).into_iter().eq(from as u64..to as u64));
}

#[test]
fn two_cursors_find_nothing_drops_items() {
    for (one, one_method) in METHODS.into_iter().enumerate() {
        for (two, two_method) in METHODS.into_iter().enumerate() {
            if cfg!(miri) && two != (one + 1) % METHODS.len() {
                continue;
            }
            for n in offsets::<Tracked>(130) {
                let ledger = Ledger::new();
                let (pusher, mut one) = push_list();
                let mut two = one.fork();
                for item in ledger.items(n) {
                    pusher.push(item).unwrap();
                }
                assert_reads(one_method, &mut one, 0, n);
                assert_reads(two_method, &mut two, 0, n);
                assert_eq!(ledger.alive(), 0, "after {n} items");
                // One more item, and two more in the other order of readers.
                pusher.push(ledger.item(n as u64)).unwrap();
                assert_reads(one_method, &mut one, n, n + 1);
                assert_reads(two_method, &mut two, n, n + 1);
                assert_eq!(ledger.alive(), 0, "after {n} items and another");
                for item in n + 1..n + 3 {
                    pusher.push(ledger.item(item as u64)).unwrap();
                }
                assert_reads(two_method, &mut two, n + 1, n + 3);
                assert_reads(one_method, &mut one, n + 1, n + 3);
                assert_eq!(ledger.alive(), 0, "after {n} items and three");
                drop((one, two, pusher));
                ledger.assert_all_dropped();
            }
        }
    }
}

#[test]
fn two_cursors_at_end_drops_items() {
    for (method, n) in cases() {
        let ledger = Ledger::new();
        let (pusher, mut one) = push_list();
        let mut two = one.fork();
        for item in ledger.items(n) {
            pusher.push(item).unwrap();
        }
        pusher.stop();
        assert_reads(method, &mut one, 0, n);
        assert_reads(method, &mut two, 0, n);
        assert_eq!(ledger.alive(), 0, "after {n} items");
        drop((one, two, pusher));
        ledger.assert_all_dropped();
    }
}

#[test]
fn fork_dropped_drops_items_read_by_others() {
    for (method, n) in cases() {
        for leaves_last in [false, true] {
            let ledger = Ledger::new();
            let (pusher, mut one) = push_list();
            let mut two = one.fork();
            let behind = one.fork();
            for item in ledger.items(n) {
                pusher.push(item).unwrap();
            }
            let mut behind = Some(behind);
            if !leaves_last {
                behind = None;
            }
            assert_reads(method, &mut one, 0, n);
            assert_reads(method, &mut two, 0, n);
            assert_eq!(ledger.alive(), if leaves_last { n } else { 0 });
            drop(behind);
            assert_eq!(ledger.alive(), 0, "after {n} items");
            drop((one, two, pusher));
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn exclusive_cursor_after_fork_drops_items() {
    for (method, n) in cases() {
        let ledger = Ledger::new();
        let (pusher, mut cursor) = push_list();
        let fork = cursor.fork();
        for item in ledger.items(n) {
            pusher.push(item).unwrap();
        }
        assert_reads(method, &mut cursor, 0, n);
        assert_eq!(ledger.alive(), n, "the fork has not read the items");
        drop(fork);
        assert_reads(method, &mut cursor, n, n);
        assert_eq!(ledger.alive(), 0, "after {n} items");
        pusher.push(ledger.item(n as u64)).unwrap();
        pusher.push(ledger.item(n as u64 + 1)).unwrap();
        assert_reads(method, &mut cursor, n, n + 2);
        drop((cursor, pusher));
        ledger.assert_all_dropped();
    }
}

#[test]
fn subscriber_finds_nothing_drops_items() {
    for (method, n) in cases() {
        let ledger = Ledger::new();
        let (pusher, mut cursor) = push_list();
        for item in ledger.items(n) {
            pusher.push(item).unwrap();
        }
        let mut late = pusher.subscribe();
        pusher.push(ledger.item(n as u64)).unwrap();
        assert_reads(method, &mut late, n, n + 1);
        assert_reads(method, &mut cursor, 0, n + 1);
        assert_eq!(ledger.alive(), 0, "after {n} items");
        drop((cursor, late, pusher));
        ledger.assert_all_dropped();
    }
}

#[test]
fn waiting_takers_and_cursors_drop_items() {
    for (method, n) in cases() {
        let ledger = Ledger::new();
        let (pusher, mut cursor) = push_list();
        let mut taker = cursor.fork().share();
        let mut other = taker.clone();
        for item in ledger.items(n) {
            pusher.push(item).unwrap();
        }
        let mut taken = 0;
        while let Poll::Ready(Some(item)) = next(&mut taker) {
            taken += 1;
            drop(item);
        }
        assert_eq!(taken, n);
        assert_reads(method, &mut cursor, 0, n);
        assert_eq!(ledger.alive(), 0, "after {n} items");
        pusher.push(ledger.item(n as u64)).unwrap();
        assert_reads(method, &mut cursor, n, n + 1);
        assert!(next(&mut other).is_ready());
        assert!(next(&mut other).is_pending());
        assert_eq!(ledger.alive(), 0, "after {n} items and another");
        drop((cursor, taker, other, pusher));
        ledger.assert_all_dropped();
    }
}

#[test]
fn cursor_polled_repeatedly_parks_once() {
    let ledger = Ledger::new();
    let (pusher, mut one) = push_list();
    let mut two = one.fork();
    let mut three = one.fork();
    pusher.push(ledger.item(0)).unwrap();
    drop(one.try_next());
    // If each failed read parked the cursor again, it would count for the two behind.
    for _ in 0..5 {
        assert_eq!(one.try_next().err(), Some(TryNextError::Empty));
    }
    assert_eq!(ledger.alive(), 1);
    assert_eq!(two.try_next().unwrap().value, 0);
    assert!(two.try_next().is_err());
    assert_eq!(ledger.alive(), 1);
    assert_eq!(three.try_next().unwrap().value, 0);
    assert!(three.try_next().is_err());
    assert_eq!(ledger.alive(), 0);
}

/// An item whose drop runs a closure once.
struct DropHook(Option<Arc<Mutex<dyn FnMut() + Send>>>, Tracked);

impl Clone for DropHook {
    fn clone(&self) -> Self {
        Self(None, self.1.clone())
    }
}

impl Drop for DropHook {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f.lock().unwrap()();
        }
    }
}

#[test]
fn item_drop_using_other_cursor_loses_no_item() {
    let uses: [fn(&mut Option<Cursor<DropHook>>); 4] = [
        |other| assert!(other.as_mut().unwrap().try_next().is_err()),
        |other| assert!(next(other.as_mut().unwrap()).is_pending()),
        |other| *other = other.as_ref().map(Cursor::fork),
        |other| drop(other.take()),
    ];
    for use_other in uses {
        for method in
            [by_poll, by_try_next, by_next_ready, by_try_next_many] as [ReadMethod<DropHook>; 4]
        {
            let ledger = Ledger::new();
            let (pusher, mut cursor) = push_list();
            let other = Arc::new(Mutex::new(Some(cursor.fork())));
            let f = Arc::new(Mutex::new({
                let (other, pusher, item) = (other.clone(), pusher.clone(), ledger.item(9));
                let mut item = Some(item);
                move || {
                    let mut other = other.lock().unwrap();
                    use_other(&mut other);
                    if other.is_some() {
                        pusher.push(DropHook(None, item.take().unwrap())).map_err(drop).unwrap();
                        assert_eq!(other.as_mut().unwrap().try_next().unwrap().1.value, 9);
                        assert!(other.as_mut().unwrap().try_next().is_err());
                    }
                }
            }));
            for item in ledger.items(3) {
                let f = (item.value == 1).then(|| f.clone() as Arc<Mutex<dyn FnMut() + Send>>);
                pusher.push(DropHook(f, item)).map_err(drop).unwrap();
            }
            drop(f);
            assert_eq!(by_try_next(other.lock().unwrap().as_mut().unwrap()).len(), 3);
            let read = method(&mut cursor).len();
            let is_kept = other.lock().unwrap().is_some();
            assert_eq!(read + method(&mut cursor).len(), 3 + usize::from(is_kept));
            assert!(method(&mut cursor).is_empty());
            drop((cursor, pusher, other));
            ledger.assert_all_dropped();
        }
    }
}

/// An item whose drop panics once if the flag is set.
struct PanicOnDrop(bool, Tracked);

impl Clone for PanicOnDrop {
    fn clone(&self) -> Self {
        Self(false, self.1.clone())
    }
}

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        assert!(!core::mem::take(&mut self.0), "on purpose");
    }
}

#[test]
fn parked_item_drop_panics_loses_no_item() {
    let methods: [ReadMethod<PanicOnDrop>; 5] =
        [by_poll, by_try_next, by_next_ready, by_try_next_many, by_next_many];
    for method in methods {
        let ledger = Ledger::new();
        let (pusher, mut one) = push_list();
        let mut two = one.fork();
        for item in ledger.items(4) {
            pusher.push(PanicOnDrop(item.value == 1, item)).map_err(drop).unwrap();
        }
        assert_eq!(by_try_next(&mut one).len(), 4);
        let mut items = Vec::new();
        for _ in 0..4 {
            items.extend(two.try_next());
        }
        assert_eq!(items.len(), 4);
        drop(items);
        assert!(catch_unwind(AssertUnwindSafe(|| method(&mut two))).is_err());
        assert_eq!(ledger.alive(), 0);
        pusher.push(PanicOnDrop(false, ledger.item(5))).map_err(drop).unwrap();
        assert_eq!((method(&mut one).len(), method(&mut two).len()), (1, 1));
        assert_eq!(ledger.alive(), 0);
        drop((one, two, pusher));
        ledger.assert_all_dropped();
    }
}

/// One cursor parks at item 3. The other reads on across block edges.
#[test]
fn other_cursor_at_next_block_drops_items() {
    for n in [60, 200] {
        let ledger = Ledger::new();
        let (pusher, mut one) = push_list::<Tracked>();
        let mut two = one.fork();
        ledger.items(3).for_each(|item| pusher.push(item).unwrap());
        assert_eq!(by_poll(&mut one).len(), 3);
        (3..n).for_each(|value| pusher.push(ledger.item(value)).unwrap());
        assert_eq!(by_poll(&mut two).len(), n as usize);
        assert_eq!(ledger.alive(), n as usize - 3, "both cursors have read the first three items");
        drop((one, two, pusher));
        ledger.assert_all_dropped();
    }
}

#[test]
fn cursor_dropped_in_full_block_drops_items() {
    for n in [60, 200] {
        let ledger = Ledger::new();
        let (pusher, mut one) = push_list::<Tracked>();
        let two = one.fork();
        ledger.items(3).for_each(|item| pusher.push(item).unwrap());
        assert_eq!(by_poll(&mut one).len(), 3);
        (3..n).for_each(|value| pusher.push(ledger.item(value)).unwrap());
        drop(two);
        assert_eq!(ledger.alive(), n as usize - 3, "three items were held by `two` only");
        drop((one, pusher));
        ledger.assert_all_dropped();
    }
}
