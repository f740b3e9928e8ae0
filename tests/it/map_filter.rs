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
fn case_40_each_number_to_a_range() {
    let numbers = stream::iter(0..4).map_filter(|i| 0..i);
    assert_eq!(drain(numbers), [0, 0, 1, 0, 1, 2]);
    let numbers = stream::iter(0..4).map_filter_async(|i| ready(0..i));
    assert_eq!(drain(numbers), [0, 0, 1, 0, 1, 2]);
}

#[test]
fn the_function_may_change_what_it_holds_and_return_nothing() {
    let mut last = None;
    let changes = stream::iter([1, 1, 2, 2, 2, 1]).map_filter(move |n| {
        let is_new = last.replace(n) != Some(n);
        is_new.then_some(n)
    });
    assert_eq!(drain(changes), [1, 2, 1]);
}

#[test]
fn a_million_calls_that_return_nothing_let_others_have_their_turn() {
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
fn the_source_is_asked_when_the_iterator_has_ended_and_dropped_at_its_end() {
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
fn a_call_that_panics_loses_its_item_alone() {
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
fn an_iterator_that_panics_keeps_what_it_gave_and_the_rest_goes_on() {
    let fails_midway = |n: i32| (0..=n).inspect(move |i| assert!(n != 1 || *i != 1));
    let mut numbers = stream::iter(0..3).map_filter(fails_midway);
    assert_eq!(drain(numbers.by_ref().take(2)), [0, 0]);
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut numbers))).is_err());
    assert_eq!(drain(numbers), [0, 1, 2]);
}

#[test]
fn a_source_that_panics_is_dropped() {
    let (handle, source) = script::<u8>();
    handle.panic();
    let mut numbers = source.map_filter_async(|n| ready([n]));
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut numbers))).is_err());
    assert!(handle.is_dropped());
    assert_eq!(next(&mut numbers), Poll::Ready(None));
}

#[test]
fn async_calls_are_one_at_a_time_and_in_order() {
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
    assert_eq!(answers.polls(), 1, "the second call waits until the first is handed out");
    answers.send(1);
    assert_eq!(next(&mut numbers), Poll::Ready(Some("b")));
    assert_eq!(next(&mut numbers), Poll::Ready(None));
}

#[test]
fn a_call_goes_on_in_the_next_poll_and_wakes_the_latest_task() {
    let (first, answer) = script();
    let mut answer = Some(answer);
    let (source_handle, source) = scripted([(), ()]);
    let mut numbers = source.map_filter_async(move |()| match answer.take() {
        Some(answer) => Either::Left(answer.into_future().map(|(n, _)| n)),
        None => Either::Right(ready(Some(9))),
    });
    let (old, new) = (Counting::new(), Counting::new());
    assert_eq!(old.poll(&mut numbers), Poll::Pending);
    assert_eq!(new.poll(&mut numbers), Poll::Pending);
    assert_eq!(source_handle.polls(), 1);
    let text = "MapFilterAsync { open: false, running: true, source_ended: false, .. }";
    assert_eq!(format!("{numbers:?}"), text);
    first.send(8);
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    assert_eq!(new.poll(&mut numbers), Poll::Ready(Some(8)));
    assert!(first.is_dropped(), "the future is dropped when it is done");
    assert_eq!(drain(numbers), [9]);
}

#[test]
fn size_hint_is_the_open_iterators() {
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
fn size_hint_counts_a_call_that_runs() {
    let mut numbers = stream::iter([1]).map_filter_async(|_| core::future::pending::<[u8; 1]>());
    assert!(next(&mut numbers).is_pending());
    assert_eq!(numbers.size_hint(), (0, None));
}

#[test]
fn every_item_is_freed_once_whenever_the_stream_goes() {
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
            ledger.assert_settled();
        }
    }
}

#[test]
fn into_parts_gives_back_what_is_under_way() {
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
fn debug_shows_the_state_and_no_items() {
    let mut words = stream::iter(["secret"]).map_filter(|word| [word]);
    assert_eq!(format!("{words:?}"), "MapFilter { open: false, source_ended: false, .. }");
    assert_eq!(drain(words.by_ref()), ["secret"]);
    assert_eq!(format!("{words:?}"), "MapFilter { open: false, source_ended: true, .. }");
}
