//! `azip` and its strict form: rows, ends, wake-ups, sizes and panics.

use crate::{
    drain,
    ledger::Ledger,
    script::{script, scripted},
    waker::{Counting, next},
};
use aiter::{adapters::UnequalLengths, azip};
use alloc::rc::Rc;
use core::{cell::Cell, panic::AssertUnwindSafe, task::Poll};
use futures_core::{FusedStream, Stream};
use futures_util::{StreamExt, future, stream};
use std::panic::catch_unwind;

fn unequal_lengths<T>(polled: Poll<Option<Result<T, UnequalLengths>>>) -> (usize, usize) {
    match polled {
        Poll::Ready(Some(Err(error))) => (error.shorter(), error.longer()),
        Poll::Ready(Some(Ok(_))) => panic!("expected an error, got a row"),
        Poll::Ready(None) => panic!("expected an error, got the end"),
        Poll::Pending => panic!("expected an error, got pending"),
    }
}

#[test]
fn rows_end_with_shortest_stream() {
    let texts = (0..20).map(|n| n.to_string());
    let rows = drain(azip((stream::iter('a'..='h'), stream::iter(0..20), stream::iter(texts))));
    assert_eq!(rows.len(), 8);
    for (n, row) in rows.into_iter().enumerate() {
        let letter = char::from(b'a' + n as u8);
        assert_eq!(row, (letter, n, n.to_string()));
    }
}

#[test]
fn into_parts_returns_taken_items() {
    let mut rows = azip((stream::iter([1, 2, 3]), stream::iter(["x"])));
    assert_eq!(next(&mut rows), Poll::Ready(Some((1, "x"))));
    assert_eq!(next(&mut rows), Poll::Ready(None));
    let ((numbers, _), taken) = rows.into_parts();
    assert_eq!(taken, (Some(2), None));
    assert_eq!(drain(numbers), [3]);
}

#[test]
fn empty_stream_ends_rows_with_other_one_ahead() {
    let (handle, source) = scripted([1, 2]);
    let mut rows = azip((stream::empty::<u8>(), source));
    assert_eq!(next(&mut rows), Poll::Ready(None));
    assert_eq!(handle.polls(), 0, "streams after the ended one must not be polled");

    let (handle, source) = scripted([1, 2]);
    let mut rows = azip((source, stream::empty::<u8>()));
    assert_eq!(next(&mut rows), Poll::Ready(None));
    assert_eq!(handle.polls(), 1);
    let ((rest, _), taken) = rows.into_parts();
    assert_eq!(taken, (Some(1), None));
    assert_eq!(drain(rest), [2]);
}

#[test]
fn item_is_kept_while_other_stream_is_pending() {
    let ((left, source), (right, other)) = (script(), script());
    let mut rows = azip((source, other));
    let task = Counting::new();
    right.send("b");
    assert_eq!(task.poll(&mut rows), Poll::Pending);
    assert_eq!(task.poll(&mut rows), Poll::Pending);
    assert_eq!((left.polls(), right.polls()), (2, 1), "stream must keep its taken item");
    left.send("a");
    assert_eq!(task.wakes(), 1);
    assert_eq!(task.poll(&mut rows), Poll::Ready(Some(("a", "b"))));
}

#[test]
fn into_parts_in_mid_row_returns_taken_item() {
    let ledger = Ledger::new();
    let ((left, source), (_right, other)) = (script(), script::<u8>());
    left.send(ledger.item(1));
    let mut rows = azip([source.boxed(), other.map(|_| ledger.item(9)).boxed()]);
    assert!(next(&mut rows).is_pending());
    let (sources, [first, second]) = rows.into_parts();
    assert!(first.is_some_and(|item| item.value == 1) && second.is_none());
    drop(sources);
    ledger.assert_all_dropped();
}

#[test]
fn strict_reports_unequal_lengths() {
    let mut rows = azip((stream::iter([1, 2]), stream::iter([1]))).strict();
    assert_eq!(next(&mut rows), Poll::Ready(Some(Ok((1, 1)))));
    assert_eq!(unequal_lengths(next(&mut rows)), (1, 0));
    assert!(!rows.is_terminated());
    assert_eq!(next(&mut rows), Poll::Ready(None));
    assert!(rows.is_terminated());
    assert_eq!(rows.into_parts().1, (Some(2), None));
}

#[test]
fn pending_streams_wait_concurrently() {
    // Two streams need one tick per item: three rows take three ticks, not six.
    let now = Rc::new(Cell::new(0));
    let slow = || {
        let (now, mut due) = (Rc::clone(&now), 0);
        stream::poll_fn(move |_| {
            if now.get() < due {
                return Poll::Pending;
            }
            if due == 0 {
                due = now.get() + 1;
                return Poll::Pending;
            }
            due = 0;
            Poll::Ready(Some(now.get()))
        })
    };
    let mut rows = azip((slow(), slow()));
    for tick in 1..=3 {
        assert_eq!(next(&mut rows), Poll::Pending);
        now.set(tick);
        assert_eq!(next(&mut rows), Poll::Ready(Some((tick, tick))));
    }
}

#[test]
fn ended_azip_polls_no_stream() {
    let ((a, source), (b, other)) = (scripted(0..1), scripted(0..9));
    let mut rows = azip([source, other]);
    assert_eq!(next(&mut rows), Poll::Ready(Some([0, 0])));
    assert!(!rows.is_terminated());
    for _ in 0..3 {
        assert_eq!(next(&mut rows), Poll::Ready(None));
        assert!(rows.is_terminated());
        assert_eq!(rows.size_hint(), (0, Some(0)));
    }
    assert_eq!((a.polls(), b.polls()), (2, 1));
}

#[test]
fn zero_streams_yield_no_rows() {
    let mut none = azip(Vec::<stream::Empty<u8>>::new());
    assert!(!none.is_terminated());
    assert_eq!(none.size_hint(), (0, Some(0)));
    assert_eq!(next(&mut none), Poll::Ready(None));
    assert!(none.is_terminated());
    let nothing: [stream::Empty<u8>; 0] = [];
    assert_eq!(next(&mut azip(nothing)), Poll::Ready(None));
    let nothing: [stream::Empty<u8>; 0] = [];
    let mut strict = azip(nothing).strict();
    assert_eq!(strict.size_hint(), (0, Some(0)));
    assert_eq!(next(&mut strict), Poll::Ready(None));
}

#[test]
fn azip_accepts_vec_array_and_tuples_up_to_12() {
    let many: Vec<_> = (0..100).map(|n| stream::iter(n..n + 3)).collect();
    let rows = drain(azip(many));
    assert_eq!(rows.len(), 3);
    for (n, row) in rows.into_iter().enumerate() {
        assert_eq!(row, (n..n + 100).collect::<Vec<_>>());
    }
    let s = || stream::iter([7]);
    assert_eq!(drain(azip([s(), s(), s()])), [[7, 7, 7]]);
    assert_eq!(drain(azip((s(),))), [(7,)]);
    assert_eq!(drain(azip((s(), s()))), [(7, 7)]);
    assert_eq!(drain(azip((s(), s(), s()))), [(7, 7, 7)]);
    assert_eq!(drain(azip((s(), s(), s(), s()))), [(7, 7, 7, 7)]);
    assert_eq!(drain(azip((s(), s(), s(), s(), s()))), [(7, 7, 7, 7, 7)]);
    assert_eq!(drain(azip((s(), s(), s(), s(), s(), s()))), [(7, 7, 7, 7, 7, 7)]);
    assert_eq!(drain(azip((s(), s(), s(), s(), s(), s(), s()))), [(7, 7, 7, 7, 7, 7, 7)]);
    assert_eq!(drain(azip((s(), s(), s(), s(), s(), s(), s(), s()))).len(), 1);
    assert_eq!(drain(azip((s(), s(), s(), s(), s(), s(), s(), s(), s()))).len(), 1);
    assert_eq!(drain(azip((s(), s(), s(), s(), s(), s(), s(), s(), s(), s()))).len(), 1);
    assert_eq!(drain(azip((s(), s(), s(), s(), s(), s(), s(), s(), s(), s(), s()))).len(), 1);
    let t = |n| stream::iter(n..n + 2);
    let rows = azip((t(0), t(1), t(2), t(3), t(4), t(5), t(6), t(7), t(8), t(9), t(10), t(11)));
    assert_eq!(rows.size_hint(), (2, Some(2)));
    let rows = drain(rows);
    assert_eq!(rows[0], (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
    assert_eq!(rows[1], (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
}

#[test]
fn each_stream_wakes_latest_waker() {
    let ((a, source), (b, other)) = (script(), script());
    let mut rows = azip((source, other));
    let (first, second) = (Counting::new(), Counting::new());
    assert_eq!(first.poll(&mut rows), Poll::Pending);
    assert_eq!(second.poll(&mut rows), Poll::Pending);
    a.send(1);
    b.send(2);
    assert_eq!((first.wakes(), second.wakes()), (0, 2));
    assert_eq!(second.poll(&mut rows), Poll::Ready(Some((1, 2))));
}

#[test]
fn strict_ends_without_error_if_lengths_equal() {
    let rows = azip([stream::iter(0..2), stream::iter(5..7)]).strict();
    assert_eq!(rows.size_hint(), (2, Some(2)), "equal lengths must count no error");
    assert_eq!(drain(rows), [Ok([0, 5]), Ok([1, 6])]);
}

#[test]
fn strict_polls_no_ended_stream() {
    let ((a, source), (b, other), (c, third)) = (scripted::<u8>([]), script(), script());
    let mut rows = azip([source, other, third]).strict();
    assert_eq!(next(&mut rows), Poll::Pending);
    assert_eq!(next(&mut rows), Poll::Pending);
    assert_eq!((a.polls(), b.polls(), c.polls()), (1, 2, 2));
    assert_eq!(rows.size_hint(), (0, Some(1)), "ended stream must allow one error at most");
    b.end();
    assert_eq!(next(&mut rows), Poll::Pending);
    c.end();
    assert_eq!(next(&mut rows), Poll::Ready(None));
    assert_eq!(next(&mut rows), Poll::Ready(None));
    assert_eq!((a.polls(), b.polls(), c.polls()), (1, 3, 4));
}

#[test]
fn strict_reports_error_while_others_are_pending() {
    let ((_a, source), (b, other), (c, third)) = (script::<u8>(), script(), script());
    let mut rows = azip([source, other, third]).strict();
    b.end();
    assert_eq!(next(&mut rows), Poll::Pending);
    c.send(3);
    let error = next(&mut rows);
    assert!(matches!(&error, Poll::Ready(Some(Err(error)))
        if error.to_string() == "stream 1 has ended, stream 2 has not"));
    assert_eq!(unequal_lengths(error), (1, 2));
    assert_eq!(next(&mut rows), Poll::Ready(None));
    assert_eq!(rows.into_parts().1, [None, None, Some(3)]);
}

#[test]
fn size_hint_is_shortest_with_taken_items() {
    let (handle, source) = script::<u8>();
    let mut rows = azip((stream::iter(0..3), stream::iter(0..5)));
    for left in (0..=3).rev() {
        assert_eq!(rows.size_hint(), (left, Some(left)));
        assert_eq!(next(&mut rows).map(|row| row.is_some()), Poll::Ready(left > 0));
    }
    let mut rows = azip((stream::iter(0..3), stream::repeat(1)));
    assert_eq!(rows.size_hint(), (3, Some(3)));
    assert_eq!(next(&mut rows), Poll::Ready(Some((0, 1))));
    assert_eq!(azip([stream::repeat(1)]).size_hint(), (usize::MAX, None));

    let mut rows = azip((stream::iter(0..3), source));
    assert_eq!(next(&mut rows), Poll::Pending);
    assert_eq!(rows.size_hint(), (0, Some(3)), "upper bound must count the taken item");
    handle.end();
    assert_eq!(next(&mut rows), Poll::Ready(None));

    let strict = azip((stream::iter(0..3), stream::iter(0..5))).strict();
    assert_eq!(strict.size_hint(), (4, Some(4)), "upper and lower bound must count the error");
    let strict = azip((stream::iter(0..3), stream::repeat(1))).strict();
    assert_eq!(strict.size_hint(), (4, Some(4)));
    let strict =
        azip((stream::iter(0..3), stream::iter(0..5).filter(|_| future::ready(true)))).strict();
    assert_eq!(strict.size_hint(), (0, Some(4)));
}

#[test]
fn stream_panic_keeps_items_of_others() {
    let ((a, source), other) = (script(), stream::iter(0..));
    let panics_once = Cell::new(true);
    let other = other.map(|n: i32| {
        assert!(!panics_once.take(), "scripted panic");
        n
    });
    let mut rows = azip((source, other));
    a.send("a");
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut rows))).is_err());
    assert_eq!(next(&mut rows), Poll::Ready(Some(("a", 1))));
    assert_eq!(a.polls(), 1);
}

#[test]
fn items_are_freed_once_if_dropped_at_any_step() {
    for steps in 0..=8 {
        let ledger = Ledger::new();
        let wait = |n: usize| {
            let mut polls = 0;
            let mut items = ledger.items(3).collect::<Vec<_>>().into_iter();
            stream::poll_fn(move |_| {
                polls += 1;
                if polls % n == 0 { Poll::Ready(items.next()) } else { Poll::Pending }
            })
        };
        let mut rows = azip(vec![wait(1).boxed_local(), wait(2).boxed_local()]);
        let polled: Vec<_> = (0..steps).map(|_| next(&mut rows)).collect();
        let taken = polled.iter().filter(|polled| matches!(polled, Poll::Ready(Some(_)))).count();
        assert_eq!(taken, (steps / 2).min(3));
        drop(rows);
        assert_eq!(ledger.alive(), taken * 2);
        drop(polled);
        ledger.assert_all_dropped();
    }
}

#[test]
fn boxed_pinned_streams_are_accepted() {
    let counted = |n: u32| {
        Box::pin(stream::unfold(0, move |at| async move { (at < n).then_some((at, at + 1)) }))
    };
    assert_eq!(drain(azip((counted(2), counted(3)))), [(0, 0), (1, 1)]);
}

#[test]
fn debug_shows_the_state_and_no_items() {
    let (handle, source) = script();
    let mut rows = azip((stream::iter(["secret"]), source));
    assert_eq!(next(&mut rows), Poll::Pending);
    assert_eq!(format!("{rows:?}"), "Azip { sources: 2, taken: 1, ended: false, .. }");
    handle.send("secret");
    assert_eq!(next(&mut rows), Poll::Ready(Some(("secret", "secret"))));
    assert_eq!(rows.get_ref().0.size_hint(), (0, Some(0)));
    let rows = rows.strict();
    assert_eq!(format!("{rows:?}"), "StrictAzip(Azip { sources: 2, taken: 0, ended: false, .. })");
    assert_eq!(rows.get_ref().0.size_hint(), (0, Some(0)));
}
