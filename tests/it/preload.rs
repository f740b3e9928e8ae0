use crate::{
    ledger::{Ledger, values},
    script::{script, scripted},
    waker::{Counting, next},
};
use aiter::{AiterExt, Progress, adapters::Preload};
use core::{
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use futures_core::{FusedStream, Stream};
use futures_util::stream;
use std::panic::catch_unwind;

fn progress<S: Progress + Unpin>(stream: &mut S) -> Poll<()> {
    Pin::new(stream).poll_progress(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn case_49_a_window_of_50_of_1000() {
    let (handle, source) = scripted(0..1000);
    let mut items = source.preload(50);
    let left = || handle.left() - 1; // but for the end
    assert_eq!(left(), 1000, "lazy");
    assert_eq!(next(&mut items), Poll::Ready(Some(0)));
    assert_eq!(left(), 949);
    for n in 1..11 {
        assert_eq!(next(&mut items), Poll::Ready(Some(n)));
    }
    assert_eq!(left(), 939);
}

#[test]
fn case_50_a_window_larger_than_the_source() {
    let (handle, source) = scripted(0..10);
    let mut items = source.preload(100);
    for n in 0..10 {
        assert_eq!(next(&mut items), Poll::Ready(Some(n)));
        assert!(handle.is_dropped(), "it has ended");
        assert_eq!(items.size_hint(), (9 - n, Some(9 - n)));
    }
    assert!(!items.is_terminated(), "nobody was told");
    for _ in 0..3 {
        assert_eq!(next(&mut items), Poll::Ready(None));
        assert!(items.is_terminated());
    }
}

#[test]
fn window_of_1_holds_one_item_ahead() {
    let (handle, source) = scripted(0..3);
    let mut items = source.preload(1);
    assert_eq!(handle.polls(), 0, "lazy");
    for n in 0..3 {
        assert_eq!(next(&mut items), Poll::Ready(Some(n)));
        assert_eq!(progress(&mut items), Poll::Ready(()));
        assert_eq!(handle.polls(), n + 2);
    }
    assert_eq!(next(&mut items), Poll::Ready(None));
}

#[test]
fn large_window_fills_by_128_items_a_poll() {
    let mut items = stream::iter(0..1000).preload(500);
    let task = Counting::new();
    let mut cx = Context::from_waker(task.waker());
    assert_eq!(task.poll(&mut items), Poll::Ready(Some(0)));
    assert_eq!((items.len(), task.wakes()), (127, 0), "nothing waits: an item is handed out");
    for wakes in 1..=2 {
        assert_eq!(Pin::new(&mut items).poll_progress(&mut cx), Poll::Pending);
        assert_eq!((items.len(), task.wakes()), (127 + wakes * 128, wakes));
    }
    assert_eq!(Pin::new(&mut items).poll_progress(&mut cx), Poll::Ready(()));
    assert_eq!((items.len(), task.wakes()), (500, 2), "full");
    assert_eq!(task.poll(&mut items), Poll::Ready(Some(1)));
    assert_eq!(items.len(), 500);
}

#[test]
fn the_window_is_filled_on_every_poll_as_far_as_the_source_is_ready() {
    let (handle, source) = script();
    let mut items = source.preload(3);
    let task = Counting::new();
    assert_eq!(task.poll(&mut items), Poll::Pending);
    (0..2).for_each(|n| handle.send(n));
    assert_eq!(task.wakes(), 1);
    assert_eq!(task.poll(&mut items), Poll::Ready(Some(0)));
    assert_eq!(items.len(), 1);
    (2..9).for_each(|n| handle.send(n));
    assert_eq!(task.poll(&mut items), Poll::Ready(Some(1)));
    assert_eq!((items.len(), handle.left()), (3, 4), "besides the one in hand");
    assert!(!items.is_empty());
}

#[test]
fn progress_fills_the_window_and_takes_nothing() {
    let (handle, source) = script();
    let mut items = source.preload(3);
    let task = Counting::new();
    let mut cx = Context::from_waker(task.waker());
    assert_eq!(Pin::new(&mut items).poll_progress(&mut cx), Poll::Pending);
    (0..2).for_each(|n| handle.send(n));
    assert_eq!(task.wakes(), 1);
    assert_eq!(Pin::new(&mut items).poll_progress(&mut cx), Poll::Pending);
    assert_eq!(items.len(), 2);
    handle.send(2);
    handle.send(3);
    assert_eq!(task.wakes(), 2);
    assert_eq!(Pin::new(&mut items).poll_progress(&mut cx), Poll::Ready(()));
    assert_eq!((items.len(), handle.left()), (3, 1), "full");

    assert_eq!(next(&mut items), Poll::Ready(Some(0)));
    assert_eq!(progress(&mut items), Poll::Ready(()), "the one in hand does not count");
    assert_eq!((items.len(), handle.left()), (3, 0));
    handle.end();
    for n in 1..4 {
        assert_eq!(next(&mut items), Poll::Ready(Some(n)));
    }
    assert_eq!(progress(&mut items), Poll::Ready(()));
    assert!(handle.is_dropped());
    assert_eq!(progress(&mut items), Poll::Ready(()), "also after the end");
    assert_eq!(next(&mut items), Poll::Ready(None));
}

#[test]
fn progress_goes_through_references_and_pins() {
    let (handle, source) = scripted(0..9);
    let mut items = Box::pin(source.preload(2));
    assert_eq!(progress(&mut items), Poll::Ready(()));
    assert_eq!(progress(&mut &mut items), Poll::Ready(()));
    assert_eq!(handle.polls(), 2);
}

#[test]
fn the_latest_waker_is_woken() {
    let (handle, source) = script();
    let mut items = source.preload(2);
    let (first, second) = (Counting::new(), Counting::new());
    assert_eq!(first.poll(&mut items), Poll::Pending);
    assert_eq!(second.poll(&mut items), Poll::Pending);
    handle.send(1);
    assert_eq!((first.wakes(), second.wakes()), (0, 1));
}

#[test]
fn a_source_that_panics_is_dropped_and_its_items_come() {
    let (handle, source) = script();
    let mut items = source.preload(4);
    handle.send(0);
    handle.send(1);
    handle.panic();
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut items))).is_err());
    assert!(handle.is_dropped());
    assert_eq!(next(&mut items), Poll::Ready(Some(0)));
    assert_eq!(next(&mut items), Poll::Ready(Some(1)));
    assert_eq!(next(&mut items), Poll::Ready(None));
}

#[test]
fn size_hint_counts_what_was_pulled() {
    let mut items = stream::iter(0..9).preload(4);
    for n in 0..9 {
        assert_eq!(items.size_hint(), (9 - n, Some(9 - n)));
        assert_eq!(next(&mut items), Poll::Ready(Some(n)));
    }
    let mut endless = stream::repeat(1).preload(4);
    assert_eq!(next(&mut endless), Poll::Ready(Some(1)));
    assert_eq!(endless.size_hint(), (usize::MAX, None));
}

#[test]
fn frees_every_item_once_when_dropped_at_any_step() {
    for steps in 0..=6 {
        let ledger = Ledger::new();
        let mut items = stream::iter(ledger.items(5).collect::<Vec<_>>()).preload(3);
        let taken: Vec<_> = (0..steps).map(|_| next(&mut items)).collect();
        drop(items);
        assert_eq!(ledger.alive(), steps.min(5));
        drop(taken);
        ledger.assert_settled();
    }
}

#[test]
fn the_parts_hold_every_item_that_was_not_taken() {
    let ledger = Ledger::new();
    let mut items = stream::iter(ledger.items(5).collect::<Vec<_>>()).preload(3);
    assert!(matches!(next(&mut items), Poll::Ready(Some(item)) if item.value == 0));
    assert_eq!(items.get_ref().map(Stream::size_hint), Some((1, Some(1))));
    let (source, ahead) = items.into_parts();
    assert_eq!(values(&Vec::from(ahead)), [1, 2, 3]);
    let mut rest = source.expect("it has not ended");
    assert!(matches!(next(&mut rest), Poll::Ready(Some(item)) if item.value == 4));
    drop(rest);
    ledger.assert_settled();
}

#[test]
fn debug_shows_the_state_and_no_items() {
    let mut items: Preload<_> = stream::iter(["secret", "more", "end"]).preload(1);
    assert_eq!(next(&mut items), Poll::Ready(Some("secret")));
    assert_eq!(format!("{items:?}"), "Preload { len: 1, n: 1, source_ended: false, .. }");
    assert_eq!(next(&mut items), Poll::Ready(Some("more")));
    assert_eq!(next(&mut items), Poll::Ready(Some("end")));
    assert_eq!(format!("{items:?}"), "Preload { len: 0, n: 1, source_ended: true, .. }");
}
