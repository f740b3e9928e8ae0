//! `gated`: permits, stops, wake-ups, sizes and panics.

use crate::{
    ledger::Ledger,
    script::{script, scripted},
    waker::{Counting, next, on_wake},
};
use aiter::{AiterExt, adapters::Gated};
use alloc::sync::Arc;
use core::{
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
};
use futures_core::{FusedStream, Stream};
use futures_util::stream;
use std::panic::catch_unwind;

fn take_items<S: Stream + Unpin>(gated: &mut Gated<S>, n: usize) -> Vec<S::Item> {
    let one = |_| match next(gated) {
        Poll::Ready(Some(item)) => item,
        Poll::Ready(None) => panic!("expected an item, got the end"),
        Poll::Pending => panic!("expected an item, got pending"),
    };
    (0..n).map(one).collect()
}

#[test]
fn permits_add_up_and_survive_stop() {
    let (gate, mut gated) = stream::iter(0..).gated();
    assert_eq!(gate.push(9), Ok(()));
    assert_eq!(take_items(&mut gated, 3), [0, 1, 2]);
    assert_eq!(take_items(&mut gated, 4), [3, 4, 5, 6]);
    assert_eq!(gate.push(11), Ok(()));
    gate.stop();
    assert_eq!(gated.permits(), 13);
    assert_eq!(take_items(&mut gated, 13), (7..20).collect::<Vec<_>>());
    assert_eq!(next(&mut gated), Poll::Ready(None));
}

#[test]
fn source_is_not_polled_without_permit() {
    let (handle, source) = scripted(0..3);
    let (gate, mut gated) = source.gated();
    for _ in 0..3 {
        assert_eq!(next(&mut gated), Poll::Pending);
    }
    assert_eq!(gate.push(0), Ok(()));
    assert_eq!(next(&mut gated), Poll::Pending);
    gate.stop();
    assert_eq!(next(&mut gated), Poll::Ready(None));
    assert_eq!(handle.polls(), 0);
}

#[test]
fn push_of_3_pulls_exactly_3_items() {
    let (handle, source) = scripted(0..9);
    let (gate, mut gated) = source.gated();
    assert_eq!(gate.push(3), Ok(()));
    assert_eq!(take_items(&mut gated, 3), [0, 1, 2]);
    assert_eq!(next(&mut gated), Poll::Pending);
    assert_eq!(handle.polls(), 3);
    assert_eq!(handle.left(), 6 + 1, "other items and the end must stay in the script");
}

#[test]
fn stop_leaves_remaining_permits_usable() {
    let (gate, mut gated) = stream::iter(0..).gated();
    assert_eq!(gate.push(3), Ok(()));
    assert_eq!(take_items(&mut gated, 1), [0]);
    gate.stop();
    gate.stop();
    assert!(gate.is_stopped());
    assert!(!gated.is_terminated());
    assert_eq!(take_items(&mut gated, 2), [1, 2]);
    assert!(!gated.is_terminated(), "stream must not be terminated before it returned None");
    assert_eq!(next(&mut gated), Poll::Ready(None));
    assert!(gated.is_terminated());
    assert_eq!(next(&mut gated), Poll::Ready(None));
}

#[test]
fn push_after_stop_returns_permits() {
    let (gate, mut gated) = stream::iter(0..).gated();
    gate.clone().stop();
    let error = gate.push(5).expect_err("push after stop must fail");
    assert_eq!(error.to_string(), "the gate is stopped");
    assert_eq!(error.into_inner(), 5);
    assert_eq!(gate.push(0).map_err(|error| error.into_inner()), Err(0));
    assert_eq!(next(&mut gated), Poll::Ready(None));
}

#[test]
fn ended_source_stops_gate_and_drops_permits() {
    let (handle, source) = scripted(0..3);
    let (gate, mut gated) = source.gated();
    assert_eq!(gate.push(10), Ok(()));
    assert_eq!(take_items(&mut gated, 3), [0, 1, 2]);
    for _ in 0..3 {
        assert_eq!(next(&mut gated), Poll::Ready(None));
        assert!(gated.is_terminated());
        assert_eq!(gated.permits(), 0);
    }
    assert_eq!(handle.polls(), 4);
    assert!(!handle.is_dropped(), "ended source must be kept for into_inner");
    assert!(gate.is_stopped());
    assert!(gate.push(1).is_err(), "ended stream must refuse permits");
}

#[test]
fn permits_saturate() {
    let (gate, mut gated) = stream::iter(0..).gated();
    assert_eq!(gate.push(u64::MAX), Ok(()));
    assert_eq!(gate.push(1), Ok(()));
    let max = gated.permits();
    assert!(max >= usize::MAX as u64 / 2);
    assert_eq!(take_items(&mut gated, 1), [0]);
    assert_eq!(gated.permits(), max - 1);
    for _ in 0..3 {
        assert_eq!(gate.push(u64::MAX), Ok(()));
        assert_eq!(take_items(&mut gated, 1).len(), 1);
    }
    assert!(gated.permits() >= max, "permits must not overflow");
    gate.stop();
    assert_eq!(gate.push(1).map_err(|error| error.into_inner()), Err(1));
    assert_eq!(take_items(&mut gated, 3), [4, 5, 6]);
}

#[test]
fn push_wakes_waiting_stream_once() {
    let (gate, mut gated) = stream::iter(0..).gated();
    let task = Counting::new();
    assert_eq!(task.poll(&mut gated), Poll::Pending);
    assert_eq!(gate.push(2), Ok(()));
    assert_eq!(gate.push(1), Ok(()));
    assert_eq!(task.wakes(), 1);
    for n in 0..3 {
        assert_eq!(task.poll(&mut gated), Poll::Ready(Some(n)));
    }
    assert_eq!(task.poll(&mut gated), Poll::Pending);
    assert_eq!(gate.push(0), Ok(()));
    assert_eq!(task.wakes(), 1, "push of no permits must not wake");
    gate.stop();
    assert_eq!(task.wakes(), 2);
    assert_eq!(task.poll(&mut gated), Poll::Ready(None));
}

#[test]
fn dropped_last_gate_stops_stream() {
    let (gate, mut gated) = stream::iter(0..).gated();
    let other = gate.clone();
    assert_eq!(gate.push(1), Ok(()));
    drop(gate);
    let task = Counting::new();
    assert_eq!(task.poll(&mut gated), Poll::Ready(Some(0)));
    assert_eq!(task.poll(&mut gated), Poll::Pending);
    drop(other);
    assert_eq!(task.wakes(), 1);
    assert_eq!(task.poll(&mut gated), Poll::Ready(None));
}

#[test]
fn dropped_stream_stops_gate_and_frees_waker() {
    let (gate, mut gated) = stream::iter(0..).gated();
    let task = Counting::new();
    assert_eq!(task.poll(&mut gated), Poll::Pending);
    assert_eq!(task.held(), 1);
    drop(gated);
    assert_eq!(task.held(), 0);
    assert!(gate.is_stopped());
    assert_eq!(gate.push(3).map_err(|error| error.into_inner()), Err(3));
    gate.stop();
    assert_eq!(task.wakes(), 0);
}

#[test]
fn the_latest_waker_is_woken() {
    let (gate, mut gated) = stream::iter(0..).gated();
    let (first, second) = (Counting::new(), Counting::new());
    assert_eq!(first.poll(&mut gated), Poll::Pending);
    assert_eq!(second.poll(&mut gated), Poll::Pending);
    assert_eq!(gate.push(1), Ok(()));
    assert_eq!((first.wakes(), second.wakes()), (0, 1));
}

#[test]
fn pending_source_keeps_permit() {
    let (handle, source) = script();
    let (gate, mut gated) = source.gated();
    assert_eq!(gate.push(1), Ok(()));
    let task = Counting::new();
    assert_eq!(task.poll(&mut gated), Poll::Pending);
    assert!(handle.is_waiting());
    assert_eq!(gated.permits(), 1);
    gate.stop();
    assert_eq!(task.poll(&mut gated), Poll::Pending, "pending source must keep its permit");
    handle.send(7);
    assert_eq!(task.wakes(), 1);
    assert_eq!(task.poll(&mut gated), Poll::Ready(Some(7)));
    assert_eq!(task.poll(&mut gated), Poll::Ready(None));
    assert_eq!(handle.polls(), 3, "source must not be polled without a permit");
}

#[test]
fn waker_may_push_and_stop() {
    let (gate, mut gated) = stream::iter(0..).gated();
    let calls = Arc::new(AtomicUsize::new(0));
    let waker = on_wake({
        let (gate, calls) = (gate.clone(), Arc::clone(&calls));
        move || {
            calls.fetch_add(1, Ordering::SeqCst);
            let _ = gate.push(1);
            gate.stop();
        }
    });
    assert_eq!(crate::waker::poll(&mut gated, &waker), Poll::Pending);
    assert_eq!(gate.push(1), Ok(()));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert_eq!(take_items(&mut gated, 2), [0, 1]);
    assert_eq!(next(&mut gated), Poll::Ready(None));
}

#[test]
fn size_hint_is_exact_once_stopped() {
    let (gate, mut gated) = stream::iter(0..5).gated();
    assert_eq!(gated.size_hint(), (0, Some(5)));
    assert_eq!(gate.push(3), Ok(()));
    assert_eq!(gated.size_hint(), (3, Some(5)), "permits must not limit the size yet");
    assert_eq!(take_items(&mut gated, 1), [0]);
    assert_eq!(gated.size_hint(), (2, Some(4)));
    gate.stop();
    assert_eq!(gated.size_hint(), (2, Some(2)));
    assert_eq!(take_items(&mut gated, 2), [1, 2]);
    assert_eq!(gated.size_hint(), (0, Some(0)));

    let (gate, mut endless) = stream::repeat(()).gated();
    assert_eq!(gate.push(9), Ok(()));
    assert_eq!(endless.size_hint(), (9, None));
    gate.stop();
    assert_eq!(endless.size_hint(), (9, Some(9)));
    assert_eq!(take_items(&mut endless, 9).len(), 9);

    let (gate, gated) = stream::iter(0..5).gated();
    assert_eq!(gate.push(9), Ok(()));
    gate.stop();
    assert_eq!(gated.size_hint(), (5, Some(5)), "size must be limited by the items");
}

#[test]
fn source_panic_uses_no_permit() {
    let (handle, source) = script();
    let (gate, mut gated) = source.gated();
    assert_eq!(gate.push(2), Ok(()));
    handle.send(1);
    handle.panic();
    assert_eq!(take_items(&mut gated, 1), [1]);
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut gated))).is_err());
    assert_eq!(gated.permits(), 1);
    gate.stop();
    assert!(!gated.is_terminated());
}

#[test]
fn frees_every_item_once_when_dropped_at_any_step() {
    for steps in 0..=5 {
        let ledger = Ledger::new();
        let (gate, mut gated) = stream::iter(ledger.items(4).collect::<Vec<_>>()).gated();
        gate.push(3).expect("open gate must take permits");
        let taken: Vec<_> = (0..steps).map(|_| next(&mut gated)).collect();
        let yielded = taken.iter().filter(|polled| matches!(polled, Poll::Ready(Some(_)))).count();
        assert_eq!(yielded, steps.min(3));
        drop(gated);
        assert_eq!(ledger.alive(), yielded);
        drop((taken, gate));
        ledger.assert_all_dropped();
    }
}

#[test]
fn into_inner_returns_remaining_source() {
    let (gate, mut gated) = stream::iter(0..4).gated();
    gate.push(2).expect("open gate must take permits");
    assert_eq!(take_items(&mut gated, 1), [0]);
    assert_eq!(gated.get_ref().size_hint(), (3, Some(3)));
    assert_eq!(next(gated.get_mut()), Poll::Ready(Some(1)), "direct read must use no permit");
    assert_eq!(gated.permits(), 1);
    let mut source = gated.into_inner();
    assert_eq!(next(&mut source), Poll::Ready(Some(2)));
    assert!(gate.is_stopped());
}

#[test]
fn debug_shows_permits_without_items() {
    let (gate, mut gated) = stream::iter(["secret"]).gated();
    gate.push(2).expect("open gate must take permits");
    assert_eq!(format!("{gate:?}"), "Gate { stopped: false, .. }");
    assert_eq!(format!("{gated:?}"), "Gated { permits: 2, stopped: false, .. }");
    assert_eq!(take_items(&mut gated, 1), ["secret"]);
    gate.stop();
    assert_eq!(format!("{gate:?}"), "Gate { stopped: true, .. }");
    assert_eq!(format!("{gated:?}"), "Gated { permits: 1, stopped: true, .. }");
    assert_eq!(format!("{:?}", gate.push(7)), "Err(GateError(7))");
}
