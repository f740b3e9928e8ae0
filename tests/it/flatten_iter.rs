//! `flatten_iter`: order, yielding, ends, sizes and panics.

use crate::{
    drain,
    ledger::{Ledger, Tracked},
    script::{script, scripted},
    waker::{Counting, next},
};
use aiter::{AiterExt, push_list};
use alloc::vec::IntoIter;
use core::{iter, panic::AssertUnwindSafe, task::Poll};
use futures_core::{FusedStream, Stream};
use futures_util::{StreamExt, stream};
use std::panic::catch_unwind;

#[test]
fn open_iterator_is_kept_between_reads() {
    let (pusher, cursor) = push_list();
    let mut numbers = cursor.flatten_iter();
    pusher.push(vec![0, 1, 2, 3]).expect("list must accept the item");
    assert_eq!(drain(numbers.by_ref().take(3)), [0, 1, 2]);
    pusher.push(vec![4, 5, 6, 7]).expect("list must accept the item");
    assert_eq!(drain(numbers.by_ref().take(5)), [3, 4, 5, 6, 7]);
    assert!(next(&mut numbers).is_pending());
}

#[test]
fn nested_flatten_yields_all_items() {
    let nested = (0..2).map(|i| (0..5).map(|j| vec![10 * i + 2 * j, 10 * i + 2 * j + 1]).collect());
    let nested: Vec<Vec<Vec<i32>>> = nested.collect();
    let numbers = stream::iter(nested).flatten_iter().flatten_iter();
    assert_eq!(drain(numbers), (0..20).collect::<Vec<_>>());
}

#[test]
fn many_empty_iterators_yield_to_executor() {
    let mut numbers = stream::iter(0..1_000_000).map(|_| None::<u8>).flatten_iter();
    let task = Counting::new();
    let mut polls = 1;
    while task.poll(&mut numbers).is_pending() {
        assert_eq!(task.wakes(), polls, "task must wake itself between runs of empty iterators");
        polls += 1;
    }
    assert_eq!(polls, 1_000_000 / 128 + 1);
    assert!(numbers.is_terminated());
}

#[test]
fn run_of_127_empty_iterators_takes_one_poll() {
    let empties = iter::repeat_n(None, 127).chain([Some(1)]);
    let mut numbers = stream::iter(empties).flatten_iter();
    let task = Counting::new();
    assert_eq!(task.poll(&mut numbers), Poll::Ready(Some(1)));
    assert_eq!(task.wakes(), 0);
}

#[test]
fn ended_source_is_dropped_and_not_polled() {
    let (handle, source) = scripted([vec![1]]);
    let mut numbers = source.flatten_iter();
    assert_eq!(next(&mut numbers), Poll::Ready(Some(1)));
    assert!(numbers.get_ref().is_some());
    assert!(!numbers.is_terminated());
    for _ in 0..3 {
        assert_eq!(next(&mut numbers), Poll::Ready(None));
        assert!(numbers.is_terminated());
        assert!(numbers.get_ref().is_none());
        assert_eq!(numbers.size_hint(), (0, Some(0)));
    }
    assert!(handle.is_dropped());
    assert_eq!(handle.polls(), 2);
}

#[test]
fn ended_iterator_is_not_called() {
    // Returns `Some` at odd calls and `None` at even calls, so it is not fused.
    let mut n = 0;
    let odd = iter::from_fn(move || {
        n += 1;
        (n % 2 == 1).then_some(n)
    });
    assert_eq!(drain(stream::iter([odd]).flatten_iter()), [1]);
}

#[test]
fn iterator_panic_drops_iterator_and_continues() {
    let ledger = Ledger::new();
    let panic_at_1 =
        |items: Vec<Tracked>| items.into_iter().inspect(|item| assert_ne!(item.value, 1));
    let batches = [ledger.items(3).collect(), vec![ledger.item(7), ledger.item(8)]].map(panic_at_1);
    let mut items = stream::iter(batches).flatten_iter();
    assert!(matches!(next(&mut items), Poll::Ready(Some(item)) if item.value == 0));
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut items))).is_err());
    assert_eq!(ledger.alive(), 2, "panic must drop the first batch");
    assert!(matches!(next(&mut items), Poll::Ready(Some(item)) if item.value == 7));
    assert!(matches!(next(&mut items), Poll::Ready(Some(item)) if item.value == 8));
    assert!(matches!(next(&mut items), Poll::Ready(None)));
    ledger.assert_all_dropped();
}

#[test]
fn into_iter_panic_loses_only_its_item() {
    struct PanicAt1(u8);
    impl IntoIterator for PanicAt1 {
        type Item = u8;
        type IntoIter = iter::Once<u8>;
        fn into_iter(self) -> iter::Once<u8> {
            assert_ne!(self.0, 1);
            iter::once(self.0)
        }
    }
    let mut numbers = stream::iter((0..3).map(PanicAt1)).flatten_iter();
    assert_eq!(next(&mut numbers), Poll::Ready(Some(0)));
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut numbers))).is_err());
    assert_eq!(next(&mut numbers), Poll::Ready(Some(2)));
}

#[test]
fn source_panic_drops_source() {
    let (handle, source) = script::<[u8; 1]>();
    handle.send([5]);
    handle.panic();
    let mut numbers = source.flatten_iter();
    assert_eq!(next(&mut numbers), Poll::Ready(Some(5)));
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut numbers))).is_err());
    assert!(handle.is_dropped());
    assert_eq!(next(&mut numbers), Poll::Ready(None));
}

#[test]
fn latest_waker_is_woken() {
    let (handle, source) = script();
    let mut numbers = source.flatten_iter();
    let (old, new) = (Counting::new(), Counting::new());
    assert_eq!(old.poll(&mut numbers), Poll::Pending);
    assert_eq!(new.poll(&mut numbers), Poll::Pending);
    handle.send([1, 2]);
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    assert_eq!(new.poll(&mut numbers), Poll::Ready(Some(1)));
    assert_eq!(new.poll(&mut numbers), Poll::Ready(Some(2)));
    assert_eq!(handle.polls(), 3, "source must not be polled while an iterator is open");
}

#[test]
fn size_hint_counts_open_iterator() {
    let mut numbers = stream::iter([0..2, 0..3]).flatten_iter();
    assert_eq!(numbers.size_hint(), (0, None));
    assert_eq!(next(&mut numbers), Poll::Ready(Some(0)));
    assert_eq!(numbers.size_hint(), (1, None));
    for _ in 0..2 {
        assert!(next(&mut numbers).is_ready());
    }
    // The size hint of the source is zero before the poll that returns its end.
    assert_eq!(numbers.size_hint(), (2, Some(2)));
    assert_eq!(stream::empty::<[u8; 2]>().flatten_iter().size_hint(), (0, Some(0)));
}

#[test]
fn items_are_freed_once_if_dropped_at_any_step() {
    for steps in 0..9 {
        for by_parts in [false, true] {
            let ledger = Ledger::new();
            let batch = |n| ledger.items(n).collect::<Vec<_>>();
            let source = stream::iter([batch(3), batch(0), batch(4)]);
            let mut items = source.flatten_iter();
            let taken = (0..steps).filter(|_| matches!(next(&mut items), Poll::Ready(Some(_))));
            assert_eq!(taken.count(), steps.min(7));
            if by_parts {
                let (source, open): (_, Option<IntoIter<Tracked>>) = items.into_parts();
                let left = open.map_or(0, |open| open.len());
                let later = source.map_or(0, |source| drain(source).iter().map(Vec::len).sum());
                assert_eq!(left + later, 7 - steps.min(7));
            } else {
                drop(items);
            }
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn pinned_source_is_accepted() {
    let source = stream::once(async { [1, 2] }).chain(stream::once(async { [3, 4] }));
    let mut numbers = core::pin::pin!(source.flatten_iter());
    assert!(numbers.as_mut().get_pin_mut().is_some());
    assert_eq!(drain(numbers), [1, 2, 3, 4]);
}

#[test]
fn debug_shows_the_state_and_no_items() {
    let mut words = stream::iter([["secret", "too"]]).flatten_iter();
    assert_eq!(format!("{words:?}"), "FlattenIter { open: false, source_ended: false, .. }");
    assert!(next(&mut words).is_ready());
    assert_eq!(format!("{words:?}"), "FlattenIter { open: true, source_ended: false, .. }");
    assert_eq!(drain(words.by_ref()), ["too"]);
    assert_eq!(format!("{words:?}"), "FlattenIter { open: false, source_ended: true, .. }");
}
