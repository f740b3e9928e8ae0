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
fn case_75_stop_while_waiting_wakes_and_ends() {
    let (handle, source) = script::<u8>();
    let (stopper, mut items) = source.stoppable();
    let task = Counting::new();
    assert_eq!(task.poll(&mut items), Poll::Pending);
    stopper.stop();
    assert_eq!(task.wakes(), 1);
    assert_eq!(task.poll(&mut items), Poll::Ready(None));
    assert_eq!(task.poll(&mut items), Poll::Ready(None));
    assert_eq!(handle.polls(), 1, "the source is left alone");
}

#[test]
fn case_76_stop_with_2_and_3_ready_leaves_them_in_the_source() {
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
fn a_stop_wins_over_an_item() {
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
fn a_stop_while_the_source_is_polled_is_seen_in_the_same_poll() {
    let (stoppers, stopper) = mpsc::channel::<aiter::Stopper>();
    let source = stream::poll_fn(move |_| {
        stopper.try_recv().expect("one poll").stop();
        Poll::<Option<u8>>::Pending
    });
    let (stopper, mut items) = source.stoppable();
    stoppers.send(stopper).expect("the source is there");
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
fn never_polls_the_source_after_its_end() {
    let (handle, source) = scripted([1]);
    let (stopper, mut items) = source.stoppable();
    assert!(!items.is_terminated());
    assert_eq!(next(&mut items), Poll::Ready(Some(1)));
    for _ in 0..3 {
        assert_eq!(next(&mut items), Poll::Ready(None));
        assert!(items.is_terminated());
    }
    assert_eq!(handle.polls(), 2);
    assert!(!stopper.is_stopped(), "it ended by itself");
}

#[test]
fn every_stopper_tells_of_a_stop_by_another() {
    let (stopper, mut items) = stream::iter(0..2).stoppable();
    let other = stopper.clone();
    stopper.stop();
    stopper.stop();
    assert!(other.is_stopped() && items.is_stopped());
    assert!(!items.is_terminated(), "nobody was told");
    assert_eq!(next(&mut items), Poll::Ready(None));
    assert!(items.is_terminated());
}

#[test]
fn the_latest_waker_is_woken() {
    let (handle, source) = script::<u8>();
    let (stopper, mut items) = source.stoppable();
    let (first, second) = (Counting::new(), Counting::new());
    assert_eq!(first.poll(&mut items), Poll::Pending);
    assert_eq!(second.poll(&mut items), Poll::Pending);
    handle.send(1);
    assert_eq!((first.wakes(), second.wakes()), (0, 1), "by the source");
    stopper.stop();
    assert_eq!((first.wakes(), second.wakes()), (0, 2), "by the stopper");
}

#[test]
fn a_stopper_that_outlives_the_stream_holds_no_waker() {
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
fn a_waker_may_stop() {
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
fn size_hint_has_no_lower_bound_before_the_stop() {
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
fn a_panic_in_the_source_leaves_the_rest_usable() {
    let (handle, source) = script::<u8>();
    let (stopper, mut items) = source.stoppable();
    handle.panic();
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut items))).is_err());
    assert!(!items.is_terminated());
    stopper.stop();
    assert_eq!(next(&mut items), Poll::Ready(None));
}

#[test]
fn frees_every_item_once_when_stopped_at_any_step() {
    for steps in 0..=4 {
        let ledger = Ledger::new();
        let (stopper, mut items) = stream::iter(ledger.items(3).collect::<Vec<_>>()).stoppable();
        let taken: Vec<_> = (0..steps)
            .filter_map(|_| match next(&mut items) {
                Poll::Ready(item) => item,
                Poll::Pending => panic!("an iterator never waits"),
            })
            .collect();
        assert_eq!(values(&taken), (0..steps.min(3)).collect::<Vec<_>>());
        stopper.stop();
        assert!(matches!(next(&mut items), Poll::Ready(None)));
        assert_eq!(ledger.alive(), 3, "none is lost");
        drop((items, taken));
        ledger.assert_settled();
    }
}

#[test]
fn debug_shows_the_state_and_no_items() {
    let (stopper, mut items) = stream::iter(["secret"]).stoppable();
    assert_eq!(format!("{items:?}"), "Stoppable { ended: false, stopped: false, .. }");
    assert_eq!(next(&mut items), Poll::Ready(Some("secret")));
    assert_eq!(next(&mut items), Poll::Ready(None));
    stopper.stop();
    assert_eq!(format!("{items:?}"), "Stoppable { ended: true, stopped: true, .. }");
    assert_eq!(format!("{stopper:?}"), "Stopper { stopped: true, .. }");
    assert!(items.get_ref().size_hint() == (0, Some(0)));
}
