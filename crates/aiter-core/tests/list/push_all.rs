//! `push_all` and `Extend`: iterators that end early, have wrong size hints, panic or call back.

use crate::{
    drain,
    ledger::{Ledger, Tracked, values},
    offsets, scaled, take_ready,
    waker::{Counting, next},
};
use aiter_core::{Cursor, Pusher, push_list};
use alloc::rc::Rc;
use core::{cell::Cell, iter, panic::AssertUnwindSafe, task::Poll};
use std::panic::catch_unwind;

type PushAll = fn(&mut Pusher<usize>, &mut dyn Iterator<Item = usize>) -> usize;

/// `push_all` of a `Pusher` and of a `UniquePusher`.
const METHODS: [PushAll; 2] = [
    |pusher, items| pusher.push_all(items).unwrap(),
    |pusher, items| pusher.unique().unwrap().push_all(items).unwrap(),
];

#[test]
fn push_all_any_length_at_any_offset_works() {
    for method in METHODS {
        for before in offsets::<usize>(64).step_by(scaled(1, 2)) {
            for n in offsets::<usize>(100) {
                let (mut pusher, mut cursor) = push_list();
                for item in 0..before {
                    pusher.push(item).unwrap();
                }
                assert_eq!(method(&mut pusher, &mut (before..before + n)), n);
                assert_eq!(cursor.len(), before + n);
                assert_eq!(take_ready(&mut cursor), (0..before + n).collect::<Vec<_>>());
            }
        }
    }
}

/// An iterator with a chosen `size_hint`.
struct WrongSizeHint {
    items: core::ops::Range<usize>,
    hint: (usize, Option<usize>),
}

impl Iterator for WrongSizeHint {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.items.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.hint
    }
}

#[test]
fn push_all_wrong_size_hint_changes_nothing() {
    let hints = if cfg!(miri) { &[0, 1, 33][..] } else { &[0, 1, 7, 32, 33, 100] };
    for method in METHODS {
        for &lower in hints {
            for upper in [None, Some(0), Some(lower), Some(lower + 40)] {
                for &n in hints {
                    let (mut pusher, mut cursor) = push_list();
                    let mut items = WrongSizeHint { items: 0..n, hint: (lower, upper) };
                    assert_eq!(method(&mut pusher, &mut items), n);
                    assert_eq!(cursor.len(), n, "hint {lower} {upper:?}");
                    let counting = Counting::new();
                    assert_eq!(take_ready(&mut cursor), (0..n).collect::<Vec<_>>());
                    assert_eq!(counting.poll(&mut cursor), Poll::Pending);
                    pusher.push(n).unwrap();
                    assert_eq!(cursor.len(), 1);
                    assert_eq!(counting.wakes(), 1);
                    assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(n)));
                }
            }
        }
    }
}

#[test]
fn push_all_huge_size_hint_changes_nothing() {
    for method in METHODS {
        let (mut pusher, mut cursor) = push_list();
        let mut items = WrongSizeHint { items: 0..5, hint: (usize::MAX, None) };
        assert_eq!(method(&mut pusher, &mut items), 5);
        assert_eq!(cursor.len(), 5);
        pusher.stop();
        assert_eq!(drain(&mut cursor), [0, 1, 2, 3, 4]);
    }
}

#[test]
fn push_all_stops_at_first_none() {
    for method in METHODS {
        let (mut pusher, mut cursor) = push_list();
        let mut calls = 0;
        // The iterator would yield again after `None`.
        let mut items = iter::from_fn(|| {
            calls += 1;
            assert!(calls <= 4, "`next` was called after the end");
            (calls % 4 != 0).then_some(calls)
        });
        assert_eq!(method(&mut pusher, &mut items), 3);
        assert_eq!(take_ready(&mut cursor), [1, 2, 3]);
        assert_eq!(calls, 4);
    }
}

#[test]
fn push_all_after_stop_returns_items() {
    for n in [1, 5, 32, scaled(100, 40)] {
        let (mut pusher, mut cursor) = push_list();
        pusher.push(0).unwrap();
        pusher.stop();
        let error = pusher.push_all(0..n).unwrap_err();
        assert_eq!(error.pushed(), 0);
        assert_eq!(error.into_unpushed().collect::<Vec<_>>(), (0..n).collect::<Vec<_>>());
        let error = pusher.unique().unwrap().push_all(0..n).unwrap_err();
        assert_eq!(error.pushed(), 0);
        assert_eq!(error.into_unpushed().collect::<Vec<_>>(), (0..n).collect::<Vec<_>>());
        assert_eq!(drain(&mut cursor), [0]);
    }
}

#[test]
fn push_all_error_dropped_drops_unpushed() {
    let ledger = Ledger::new();
    let (pusher, cursor) = push_list();
    pusher.stop();
    let items: Vec<_> = ledger.items(50).collect();
    drop(pusher.push_all(items).unwrap_err());
    ledger.assert_all_dropped();
    let items: Vec<_> = ledger.items(50).collect();
    let mut unpushed = pusher.push_all(items).unwrap_err().into_unpushed();
    assert_eq!(unpushed.next().unwrap().value, 0);
    drop(unpushed);
    ledger.assert_all_dropped();
    drop(cursor);
}

/// Asserts that the delivered and returned items are all items, once each and in order.
#[track_caller]
fn assert_split(delivered: &[u64], back: &[u64], pushed: usize, n: usize) {
    assert_eq!(delivered.len(), pushed);
    let all: Vec<u64> = delivered.iter().chain(back).copied().collect();
    assert_eq!(all, (0..n as u64).collect::<Vec<_>>());
}

#[test]
fn iterator_stops_list_returns_rest() {
    for n in [1, 5, 33, scaled(100, 40)] {
        for at in (0..n).step_by(scaled(1, 13)) {
            let ledger = Ledger::new();
            let (pusher, mut cursor) = push_list();
            let stopper = pusher.clone();
            let items: Vec<_> = ledger.items(n).collect();
            let result = pusher.push_all(items.into_iter().inspect(|item| {
                if item.value == at as u64 {
                    stopper.stop();
                }
            }));
            let (pushed, back) = match result {
                Ok(pushed) => (pushed, Vec::new()),
                Err(error) => (error.pushed(), error.into_unpushed().collect()),
            };
            assert_split(&values(&drain(&mut cursor)), &values(&back), pushed, n);
            drop(back);
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn iterator_drops_last_cursor_leaks_nothing() {
    for n in [1, 5, 33, scaled(100, 40)] {
        for at in (0..n).step_by(scaled(1, 13)) {
            let ledger = Ledger::new();
            let (pusher, cursor) = push_list();
            let mut cursor = Some(cursor);
            let items: Vec<_> = ledger.items(n).collect();
            let result = pusher.push_all(items.into_iter().inspect(|item| {
                if item.value == at as u64 {
                    cursor = None;
                }
            }));
            if let Err(error) = result {
                assert!(error.pushed() <= n);
                let back: Vec<_> = error.into_unpushed().collect();
                assert!(back.last().is_none_or(|item| item.value == n as u64 - 1));
            }
            ledger.assert_all_dropped();
            let mut cursor = pusher.subscribe();
            pusher.push(ledger.item(7)).unwrap();
            assert_eq!(values(&take_ready(&mut cursor)), [7]);
            drop((pusher, cursor));
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn iterator_pushes_keeps_all_items() {
    let (pusher, mut cursor) = push_list();
    let mut item = 0;
    let items = iter::from_fn(|| {
        item += 1;
        pusher.push(item + 1000).unwrap();
        (item <= 100).then_some(item)
    });
    assert_eq!(pusher.push_all(items).unwrap(), 100);
    pusher.stop();
    let (inner, outer): (Vec<i32>, Vec<i32>) =
        drain(&mut cursor).into_iter().partition(|&item| item > 1000);
    assert_eq!(outer, (1..=100).collect::<Vec<_>>());
    assert_eq!(inner, (1001..=1101).collect::<Vec<_>>());
}

#[test]
fn iterator_reads_and_forks_sees_all_items() {
    const N: usize = scaled(100, 36);
    let (pusher, cursor) = push_list();
    let cursor = Rc::new(Cell::new(Some(cursor)));
    let mut late = Vec::new();
    let mut read = Vec::new();
    let items = (0..N).inspect(|_| {
        let mut inner: Cursor<usize> = cursor.take().unwrap();
        late.push(pusher.subscribe());
        while let Poll::Ready(Some(item)) = next(&mut inner) {
            read.push(item);
        }
        late.push(inner.fork());
        cursor.set(Some(inner));
    });
    assert_eq!(pusher.push_all(items).unwrap(), N);
    pusher.stop();
    read.extend(drain(&mut cursor.take().unwrap()));
    assert_eq!(read, (0..N).collect::<Vec<_>>());
    for cursor in &mut late {
        let rest = drain(cursor);
        assert_eq!(rest, (N - rest.len()..N).collect::<Vec<_>>());
    }
}

fn panics_at(ledger: &Ledger, n: usize, at: usize) -> impl Iterator<Item = Tracked> {
    let items: Vec<_> = ledger.items(n).collect();
    items.into_iter().inspect(move |item| assert!(item.value != at as u64, "on purpose"))
}

#[test]
fn iterator_panics_keeps_yielded_items() {
    for n in [1, 5, 33, scaled(100, 40)] {
        for at in (0..n).step_by(scaled(1, 13)) {
            for unique in [0, 1] {
                let ledger = Ledger::new();
                let (mut pusher, mut cursor) = push_list();
                let items = panics_at(&ledger, n, at);
                let counting = Counting::new();
                assert!(counting.poll(&mut cursor).is_pending());
                let result = catch_unwind(AssertUnwindSafe(|| {
                    if unique == 1 {
                        pusher.unique().unwrap().push_all(items).is_ok()
                    } else {
                        pusher.push_all(items).is_ok()
                    }
                }));
                assert!(result.is_err());
                // The list stays usable, because no claimed slot is left unpublished.
                let before = cursor.len();
                pusher.push(ledger.item(1000)).unwrap();
                assert!(counting.wakes() > 0);
                assert_eq!(cursor.len(), before + 1);
                assert_eq!(cursor.available_iter().count(), before + 1);
                let mut fork = cursor.fork();
                let read = values(&take_ready(&mut cursor));
                assert_eq!(read.len(), before + 1);
                assert_eq!(read[before], 1000);
                assert!(read[..before].iter().copied().eq(0..before as u64));
                assert_eq!(values(&take_ready(&mut fork)), read);
                drop((cursor, fork));
                ledger.assert_all_dropped();
            }
        }
    }
}

#[test]
fn extend_on_stopped_list_drops_items() {
    let ledger = Ledger::new();
    let (mut pusher, mut cursor) = push_list();
    pusher.extend(ledger.items(40));
    pusher.extend(None);
    assert_eq!(cursor.len(), 40);
    pusher.stop();
    pusher.extend(ledger.items(40));
    assert_eq!(values(&drain(&mut cursor)), (0..40).collect::<Vec<_>>());
    ledger.assert_all_dropped();
}
