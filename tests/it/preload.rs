//! `preload`: window, progress, panics and drops.

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
fn window_of_50_refills_after_each_item() {
    let (handle, source) = scripted(0..1000);
    let mut items = source.preload(50);
    let left = || handle.left() - 1; // without the end
    assert_eq!(left(), 1000, "`preload` polls nothing");
    assert_eq!(next(&mut items), Poll::Ready(Some(0)));
    assert_eq!(left(), 949);
    for n in 1..11 {
        assert_eq!(next(&mut items), Poll::Ready(Some(n)));
    }
    assert_eq!(left(), 939);
}

#[test]
fn large_window_drains_whole_source() {
    let (handle, source) = scripted(0..10);
    let mut items = source.preload(100);
    for n in 0..10 {
        assert_eq!(next(&mut items), Poll::Ready(Some(n)));
        assert!(handle.is_dropped(), "the source has ended");
        assert_eq!(items.size_hint(), (9 - n, Some(9 - n)));
    }
    assert!(!items.is_terminated(), "the end was not yet returned");
    for _ in 0..3 {
        assert_eq!(next(&mut items), Poll::Ready(None));
        assert!(items.is_terminated());
    }
}

#[test]
fn window_of_1_holds_one_item_ahead() {
    let (handle, source) = scripted(0..3);
    let mut items = source.preload(1);
    assert_eq!(handle.polls(), 0, "`preload` polls nothing");
    for n in 0..3 {
        assert_eq!(next(&mut items), Poll::Ready(Some(n)));
        assert_eq!(progress(&mut items), Poll::Ready(()));
        assert_eq!(handle.polls(), n + 2);
    }
    assert_eq!(next(&mut items), Poll::Ready(None));
}

#[test]
fn large_window_fills_128_items_per_poll() {
    let mut items = stream::iter(0..1000).preload(500);
    let task = Counting::new();
    let mut cx = Context::from_waker(task.waker());
    assert_eq!(task.poll(&mut items), Poll::Ready(Some(0)));
    assert_eq!(
        (items.len(), task.wakes()),
        (127, 0),
        "no wake-up is needed if an item is returned"
    );
    for wakes in 1..=2 {
        assert_eq!(Pin::new(&mut items).poll_progress(&mut cx), Poll::Pending);
        assert_eq!((items.len(), task.wakes()), (127 + wakes * 128, wakes));
    }
    assert_eq!(Pin::new(&mut items).poll_progress(&mut cx), Poll::Ready(()));
    assert_eq!((items.len(), task.wakes()), (500, 2), "the window is full");
    assert_eq!(task.poll(&mut items), Poll::Ready(Some(1)));
    assert_eq!(items.len(), 500);
}

#[test]
fn each_poll_fills_window_from_ready_source() {
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
    assert_eq!((items.len(), handle.left()), (3, 4), "the returned item does not count");
    assert!(!items.is_empty());
}

#[test]
fn progress_fills_window_and_takes_nothing() {
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
    assert_eq!((items.len(), handle.left()), (3, 1), "the window is full");

    assert_eq!(next(&mut items), Poll::Ready(Some(0)));
    assert_eq!(progress(&mut items), Poll::Ready(()), "the returned item does not count");
    assert_eq!((items.len(), handle.left()), (3, 0));
    handle.end();
    for n in 1..4 {
        assert_eq!(next(&mut items), Poll::Ready(Some(n)));
    }
    assert_eq!(progress(&mut items), Poll::Ready(()));
    assert!(handle.is_dropped());
    assert_eq!(progress(&mut items), Poll::Ready(()), "progress is ready after the end");
    assert_eq!(next(&mut items), Poll::Ready(None));
}

#[test]
fn progress_works_through_refs_and_pins() {
    let (handle, source) = scripted(0..9);
    let mut items = Box::pin(source.preload(2));
    assert_eq!(progress(&mut items), Poll::Ready(()));
    assert_eq!(progress(&mut &mut items), Poll::Ready(()));
    assert_eq!(handle.polls(), 2);
}

#[test]
fn latest_waker_is_woken() {
    let (handle, source) = script();
    let mut items = source.preload(2);
    let (first, second) = (Counting::new(), Counting::new());
    assert_eq!(first.poll(&mut items), Poll::Pending);
    assert_eq!(second.poll(&mut items), Poll::Pending);
    handle.send(1);
    assert_eq!((first.wakes(), second.wakes()), (0, 1));
}

#[test]
fn panicked_source_is_dropped_items_arrive() {
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
fn size_hint_counts_preloaded_items() {
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
fn dropped_at_any_step_frees_each_item_once() {
    for steps in 0..=6 {
        let ledger = Ledger::new();
        let mut items = stream::iter(ledger.items(5).collect::<Vec<_>>()).preload(3);
        let taken: Vec<_> = (0..steps).map(|_| next(&mut items)).collect();
        drop(items);
        assert_eq!(ledger.alive(), steps.min(5));
        drop(taken);
        ledger.assert_all_dropped();
    }
}

#[test]
fn into_parts_keeps_untaken_items() {
    let ledger = Ledger::new();
    let mut items = stream::iter(ledger.items(5).collect::<Vec<_>>()).preload(3);
    assert!(matches!(next(&mut items), Poll::Ready(Some(item)) if item.value == 0));
    assert_eq!(items.get_ref().map(Stream::size_hint), Some((1, Some(1))));
    let (source, ahead) = items.into_parts();
    assert_eq!(values(&Vec::from(ahead)), [1, 2, 3]);
    let mut rest = source.expect("the source has not ended");
    assert!(matches!(next(&mut rest), Poll::Ready(Some(item)) if item.value == 4));
    drop(rest);
    ledger.assert_all_dropped();
}

#[test]
fn debug_shows_state_and_no_items() {
    let mut items: Preload<_> = stream::iter(["secret", "more", "end"]).preload(1);
    assert_eq!(next(&mut items), Poll::Ready(Some("secret")));
    assert_eq!(format!("{items:?}"), "Preload { len: 1, n: 1, source_ended: false, .. }");
    assert_eq!(next(&mut items), Poll::Ready(Some("more")));
    assert_eq!(next(&mut items), Poll::Ready(Some("end")));
    assert_eq!(format!("{items:?}"), "Preload { len: 0, n: 1, source_ended: true, .. }");
}
