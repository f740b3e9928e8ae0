//! `map_filter` and `map_filter_async`: order, budgets, panics and drops.

use crate::{
    drain,
    ledger::Ledger,
    script::{script, scripted},
    waker::{Counting, next},
};
use aiter::AiterExt;
use core::{future::ready, iter, panic::AssertUnwindSafe, task::Poll};
use futures_core::{FusedStream, Stream};
use futures_util::{FutureExt, StreamExt, future::Either, stream};
use std::panic::catch_unwind;

#[test]
fn each_number_maps_to_range() {
    let numbers = stream::iter(0..4).map_filter(|i| 0..i);
    assert_eq!(drain(numbers), [0, 0, 1, 0, 1, 2]);
    let numbers = stream::iter(0..4).map_filter_async(|i| ready(0..i));
    assert_eq!(drain(numbers), [0, 0, 1, 0, 1, 2]);
}

#[test]
fn function_may_keep_state_and_return_none() {
    let mut last = None;
    let changes = stream::iter([1, 1, 2, 2, 2, 1]).map_filter(move |n| {
        let is_new = last.replace(n) != Some(n);
        is_new.then_some(n)
    });
    assert_eq!(drain(changes), [1, 2, 1]);
}

#[test]
fn empty_results_yield_after_budget() {
    let mut numbers = stream::iter(0..1_000_000).map_filter(|_| None::<u8>);
    let mut numbers_async = stream::iter(0..1_000_000).map_filter_async(|_| ready(None::<u8>));
    let (task, other) = (Counting::new(), Counting::new());
    let mut polls = 1;
    while task.poll(&mut numbers).is_pending() {
        assert!(other.poll(&mut numbers_async).is_pending());
        assert_eq!((task.wakes(), other.wakes()), (polls, polls));
        polls += 1;
    }
    assert_eq!(polls, 1_000_000 / 128 + 1);
    assert_eq!(other.poll(&mut numbers_async), Poll::Ready(None));
    assert!(numbers.is_terminated() && numbers_async.is_terminated());
}

#[test]
fn source_is_polled_after_iterator_ends() {
    let (handle, source) = scripted([2, 1]);
    let mut numbers = source.map_filter(|n| iter::repeat_n(n, n));
    for (item, polls) in [(2, 1), (2, 1), (1, 2)] {
        assert_eq!(next(&mut numbers), Poll::Ready(Some(item)));
        assert_eq!(handle.polls(), polls);
    }
    assert_eq!(next(&mut numbers), Poll::Ready(None));
    assert!(handle.is_dropped());
    assert_eq!(next(&mut numbers), Poll::Ready(None));
}

#[test]
fn panicked_call_loses_only_its_item() {
    let check = |n: i32| {
        assert_ne!(n, 1);
        [n, n]
    };
    let mut numbers = stream::iter(0..3).map_filter(check);
    let mut numbers_async =
        Box::pin(stream::iter(0..3).map_filter_async(|n| async move { check(n) }));
    for item in [0, 0] {
        assert_eq!(next(&mut numbers), Poll::Ready(Some(item)));
        assert_eq!(next(&mut numbers_async), Poll::Ready(Some(item)));
    }
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut numbers))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut numbers_async))).is_err());
    assert_eq!(drain(numbers), [2, 2]);
    assert_eq!(drain(numbers_async), [2, 2]);
}

#[test]
fn panicked_iterator_keeps_earlier_items() {
    let fails_midway = |n: i32| (0..=n).inspect(move |i| assert!(n != 1 || *i != 1));
    let mut numbers = stream::iter(0..3).map_filter(fails_midway);
    assert_eq!(drain(numbers.by_ref().take(2)), [0, 0]);
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut numbers))).is_err());
    assert_eq!(drain(numbers), [0, 1, 2]);
}

#[test]
fn panicked_source_is_dropped() {
    let (handle, source) = script::<u8>();
    handle.panic();
    let mut numbers = source.map_filter_async(|n| ready([n]));
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut numbers))).is_err());
    assert!(handle.is_dropped());
    assert_eq!(next(&mut numbers), Poll::Ready(None));
}

#[test]
fn async_calls_run_singly_in_order() {
    let (answers, mut answer_stream) = script();
    let mut numbers = Box::pin(stream::iter(["a", "b"]).map_filter_async(move |word| {
        let answer = next(&mut answer_stream);
        async move {
            match answer {
                Poll::Ready(Some(n)) => iter::repeat_n(word, n),
                other => panic!("{other:?}"),
            }
        }
    }));
    answers.send(2);
    assert_eq!(next(&mut numbers), Poll::Ready(Some("a")));
    assert_eq!(next(&mut numbers), Poll::Ready(Some("a")));
    assert_eq!(answers.polls(), 1, "the second call starts after the items of the first are read");
    answers.send(1);
    assert_eq!(next(&mut numbers), Poll::Ready(Some("b")));
    assert_eq!(next(&mut numbers), Poll::Ready(None));
}

#[test]
fn pending_call_wakes_latest_task() {
    let (first, answer) = script();
    let mut answer = Some(answer);
    let (source_teller, source) = scripted([(), ()]);
    let mut numbers = source.map_filter_async(move |()| match answer.take() {
        Some(answer) => Either::Left(answer.into_future().map(|(n, _)| n)),
        None => Either::Right(ready(Some(9))),
    });
    let (old, new) = (Counting::new(), Counting::new());
    assert_eq!(old.poll(&mut numbers), Poll::Pending);
    assert_eq!(new.poll(&mut numbers), Poll::Pending);
    assert_eq!(source_teller.polls(), 1);
    let text = "MapFilterAsync { open: false, running: true, source_ended: false, .. }";
    assert_eq!(format!("{numbers:?}"), text);
    first.send(8);
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    assert_eq!(new.poll(&mut numbers), Poll::Ready(Some(8)));
    assert!(first.is_dropped(), "a completed future is dropped");
    assert_eq!(drain(numbers), [9]);
}

#[test]
fn size_hint_is_that_of_open_iterator() {
    let mut numbers = stream::iter([2, 3]).map_filter(|n| 0..n);
    let mut numbers_async = stream::iter([2, 3]).map_filter_async(|n| ready(0..n));
    let hints = [(0, None), (1, None), (0, None), (2, Some(2)), (1, Some(1)), (0, Some(0))];
    for hint in hints {
        assert_eq!(numbers.size_hint(), hint);
        assert_eq!(numbers_async.size_hint(), hint);
        assert_eq!(next(&mut numbers), next(&mut numbers_async));
    }
}

#[test]
fn size_hint_allows_for_running_call() {
    let mut numbers = stream::iter([1]).map_filter_async(|_| core::future::pending::<[u8; 1]>());
    assert!(next(&mut numbers).is_pending());
    assert_eq!(numbers.size_hint(), (0, None));
}

#[test]
fn dropped_at_any_step_frees_each_item_once() {
    for steps in 0..8 {
        for by_parts in [false, true] {
            let ledger = Ledger::new();
            let pairs = |item| [item, ledger.item(100)];
            let source = || stream::iter(ledger.items(3).collect::<Vec<_>>());
            let mut items = source().map_filter(pairs);
            let mut items_async = source().map_filter_async(|item| {
                let pair = pairs(item);
                Box::pin(async move {
                    let mut is_first = true;
                    core::future::poll_fn(|_| {
                        if core::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
                    })
                    .await;
                    pair
                })
            });
            for _ in 0..steps {
                drop(next(&mut items));
                drop(next(&mut items_async));
            }
            if by_parts {
                drop(items.into_parts());
                drop(items_async.into_parts());
            } else {
                drop(items);
                drop(items_async);
            }
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn into_parts_returns_call_and_iterator() {
    let mut numbers = stream::iter([2, 5]).map_filter(|n| 0..n);
    assert_eq!(next(&mut numbers), Poll::Ready(Some(0)));
    let (source, open) = numbers.into_parts();
    assert_eq!((source.map(drain), open), (Some(vec![5]), Some(1..2)));

    let mut numbers = stream::iter([2, 5]).map_filter_async(|n| ready(0..n));
    assert_eq!(next(&mut numbers), Poll::Ready(Some(0)));
    let (source, call, open) = numbers.into_parts();
    assert_eq!((source.map(drain), open), (Some(vec![5]), Some(1..2)));
    assert!(call.is_none());
}

#[test]
fn debug_shows_state_and_no_items() {
    let mut words = stream::iter(["secret"]).map_filter(|word| [word]);
    assert_eq!(format!("{words:?}"), "MapFilter { open: false, source_ended: false, .. }");
    assert_eq!(drain(words.by_ref()), ["secret"]);
    assert_eq!(format!("{words:?}"), "MapFilter { open: false, source_ended: true, .. }");
}
