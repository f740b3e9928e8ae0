//! `stoppable`: precedence of a stop, wake-ups, panics and drops.

use crate::{
    ledger::{Ledger, values},
    script::{script, scripted},
    waker::{Counting, next, on_wake},
};
use aiter::AiterExt;
use core::{panic::AssertUnwindSafe, task::Poll};
use futures_core::{FusedStream, Stream};
use futures_util::stream;
use std::{panic::catch_unwind, sync::mpsc};

#[test]
fn stop_while_waiting_wakes_and_ends() {
    let (handle, source) = script::<u8>();
    let (stopper, mut items) = source.stoppable();
    let task = Counting::new();
    assert_eq!(task.poll(&mut items), Poll::Pending);
    stopper.stop();
    assert_eq!(task.wakes(), 1);
    assert_eq!(task.poll(&mut items), Poll::Ready(None));
    assert_eq!(task.poll(&mut items), Poll::Ready(None));
    assert_eq!(handle.polls(), 1, "a stop does not poll the source");
}

#[test]
fn stop_leaves_ready_items_in_source() {
    let (handle, source) = scripted([1, 2, 3]);
    let (stopper, mut items) = source.stoppable();
    assert_eq!(next(&mut items), Poll::Ready(Some(1)));
    stopper.stop();
    assert_eq!(next(&mut items), Poll::Ready(None));
    assert!(!handle.is_dropped());
    let mut source = items.into_inner();
    assert_eq!(next(&mut source), Poll::Ready(Some(2)));
    assert_eq!(next(&mut source), Poll::Ready(Some(3)));
    assert_eq!(next(&mut source), Poll::Ready(None));
}

#[test]
fn stop_wins_over_ready_item() {
    let (handle, source) = script();
    let (stopper, mut items) = source.stoppable();
    let task = Counting::new();
    assert_eq!(task.poll(&mut items), Poll::Pending);
    handle.send(9);
    stopper.stop();
    assert_eq!(task.poll(&mut items), Poll::Ready(None));
    assert_eq!(next(&mut items.into_inner()), Poll::Ready(Some(9)));
}

#[test]
fn stop_inside_source_poll_ends_same_poll() {
    let (stoppers, stopper) = mpsc::channel::<aiter::Stopper>();
    let source = stream::poll_fn(move |_| {
        stopper.try_recv().expect("the source is polled once").stop();
        Poll::<Option<u8>>::Pending
    });
    let (stopper, mut items) = source.stoppable();
    stoppers.send(stopper).expect("the source exists");
    assert_eq!(next(&mut items), Poll::Ready(None));
}

#[test]
fn dropped_stoppers_stop_nothing() {
    let (stopper, mut items) = stream::iter(0..2).stoppable();
    let other = stopper.clone();
    drop(stopper);
    assert!(!other.is_stopped());
    drop(other);
    assert_eq!(next(&mut items), Poll::Ready(Some(0)));
    assert_eq!(next(&mut items), Poll::Ready(Some(1)));
    assert_eq!(next(&mut items), Poll::Ready(None));
    assert!(!items.is_stopped());
}

#[test]
fn ended_source_is_not_polled() {
    let (handle, source) = scripted([1]);
    let (stopper, mut items) = source.stoppable();
    assert!(!items.is_terminated());
    assert_eq!(next(&mut items), Poll::Ready(Some(1)));
    for _ in 0..3 {
        assert_eq!(next(&mut items), Poll::Ready(None));
        assert!(items.is_terminated());
    }
    assert_eq!(handle.polls(), 2);
    assert!(!stopper.is_stopped(), "the end of the source is not a stop");
}

#[test]
fn all_stoppers_report_stop() {
    let (stopper, mut items) = stream::iter(0..2).stoppable();
    let other = stopper.clone();
    stopper.stop();
    stopper.stop();
    assert!(other.is_stopped() && items.is_stopped());
    assert!(!items.is_terminated(), "the end was not yet returned");
    assert_eq!(next(&mut items), Poll::Ready(None));
    assert!(items.is_terminated());
}

#[test]
fn latest_waker_is_woken() {
    let (handle, source) = script::<u8>();
    let (stopper, mut items) = source.stoppable();
    let (first, second) = (Counting::new(), Counting::new());
    assert_eq!(first.poll(&mut items), Poll::Pending);
    assert_eq!(second.poll(&mut items), Poll::Pending);
    handle.send(1);
    assert_eq!((first.wakes(), second.wakes()), (0, 1), "woken by the source");
    stopper.stop();
    assert_eq!((first.wakes(), second.wakes()), (0, 2), "woken by the stopper");
}

#[test]
fn outliving_stopper_holds_no_waker() {
    let (_handle, source) = script::<u8>();
    let (stopper, mut items) = source.stoppable();
    let task = Counting::new();
    assert_eq!(task.poll(&mut items), Poll::Pending);
    drop(items.into_inner());
    assert_eq!(task.held(), 0);
    stopper.stop();
    assert_eq!(task.wakes(), 0);
}

#[test]
fn waker_may_call_stop() {
    let (_handle, source) = script::<u8>();
    let (stopper, mut items) = source.stoppable();
    let waker = on_wake({
        let stopper = stopper.clone();
        move || stopper.stop()
    });
    assert_eq!(crate::waker::poll(&mut items, &waker), Poll::Pending);
    stopper.stop();
    assert_eq!(next(&mut items), Poll::Ready(None));
}

#[test]
fn size_hint_has_no_lower_bound_before_stop() {
    let (stopper, mut items) = stream::iter(0..3).stoppable();
    assert_eq!(items.size_hint(), (0, Some(3)));
    assert_eq!(next(&mut items), Poll::Ready(Some(0)));
    assert_eq!(items.size_hint(), (0, Some(2)));
    stopper.stop();
    assert_eq!(items.size_hint(), (0, Some(0)));
    let (_stopper, endless) = stream::repeat(1).stoppable();
    assert_eq!(endless.size_hint(), (0, None));
}

#[test]
fn panicked_source_can_still_be_stopped() {
    let (handle, source) = script::<u8>();
    let (stopper, mut items) = source.stoppable();
    handle.panic();
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut items))).is_err());
    assert!(!items.is_terminated());
    stopper.stop();
    assert_eq!(next(&mut items), Poll::Ready(None));
}

#[test]
fn stopped_at_any_step_frees_each_item_once() {
    for steps in 0..=4 {
        let ledger = Ledger::new();
        let (stopper, mut items) = stream::iter(ledger.items(3).collect::<Vec<_>>()).stoppable();
        let taken: Vec<_> = (0..steps)
            .filter_map(|_| match next(&mut items) {
                Poll::Ready(item) => item,
                Poll::Pending => panic!("an iterator is never pending"),
            })
            .collect();
        assert_eq!(values(&taken), (0..steps.min(3)).collect::<Vec<_>>());
        stopper.stop();
        assert!(matches!(next(&mut items), Poll::Ready(None)));
        assert_eq!(ledger.alive(), 3, "unread items stay in the source");
        drop((items, taken));
        ledger.assert_all_dropped();
    }
}

#[test]
fn debug_shows_state_and_no_items() {
    let (stopper, mut items) = stream::iter(["secret"]).stoppable();
    assert_eq!(format!("{items:?}"), "Stoppable { ended: false, stopped: false, .. }");
    assert_eq!(next(&mut items), Poll::Ready(Some("secret")));
    assert_eq!(next(&mut items), Poll::Ready(None));
    stopper.stop();
    assert_eq!(format!("{items:?}"), "Stoppable { ended: true, stopped: true, .. }");
    assert_eq!(format!("{stopper:?}"), "Stopper { stopped: true, .. }");
    assert!(items.get_ref().size_hint() == (0, Some(0)));
}
