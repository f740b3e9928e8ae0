//! The futures of `next`: they need no trait, and a dropped one leaves no waker.

use crate::waker::{Counting, Hooks};
use aiter_core::{Cursor, push_list};
use alloc::sync::Arc;
use core::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
};
use futures_core::FusedFuture;
use std::panic::catch_unwind;

/// Polls a future once.
fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn next_yields_items_then_end() {
    let (pusher, mut cursor) = push_list();
    pusher.push_all([1, 2]).unwrap();
    drop(pusher);
    for item in [Some(1), Some(2), None, None] {
        assert_eq!(poll(pin!(cursor.next()), Waker::noop()), Poll::Ready(item));
    }
}

#[test]
fn next_of_fork_clones_items() {
    let (pusher, mut cursor) = push_list();
    let mut fork = cursor.fork();
    for n in 0..200 {
        pusher.push(n).unwrap();
        assert_eq!(poll(pin!(cursor.next()), Waker::noop()), Poll::Ready(Some(n)));
        assert_eq!(poll(pin!(fork.next()), Waker::noop()), Poll::Ready(Some(n)));
    }
}

#[test]
fn dropped_next_leaves_no_waker() {
    let (pusher, mut cursor) = push_list();
    let waker = Counting::new();
    for n in 0..3 {
        let mut next = cursor.next();
        assert!(poll(pin!(&mut next), waker.waker()).is_pending());
        assert_eq!(waker.held(), 1);
        drop(next);
        assert_eq!(waker.held(), 0);
        pusher.push(n).unwrap();
        assert_eq!(waker.wakes(), 0, "the task no longer waits");
        assert_eq!(cursor.try_next(), Ok(n));
    }
}

#[test]
fn dropped_next_many_leaves_no_waker() {
    let (pusher, cursor) = push_list();
    let mut reader = cursor.preflight(|_cx| ());
    let waker = Counting::new();
    let mut buf = Vec::new();
    for n in 0..3 {
        assert!(poll(pin!((*reader).next_many(&mut buf, 10)), waker.waker()).is_pending());
        assert_eq!(waker.held(), 0);
        assert!(poll(pin!(reader.next_many(&mut buf, 10)), waker.waker()).is_pending());
        assert_eq!(waker.held(), 0);
        pusher.push(n).unwrap();
        assert_eq!(waker.wakes(), 0, "the task no longer waits");
        assert_eq!(reader.try_next(), Ok(n));
    }
    assert!(buf.is_empty());
}

#[test]
fn unpolled_next_keeps_earlier_registration() {
    let (pusher, mut cursor) = push_list();
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    drop(cursor.next());
    assert_eq!(waker.held(), 1);
    pusher.push(1).unwrap();
    assert_eq!(waker.wakes(), 1);
}

#[test]
fn spurious_wake_leaves_next_pending() {
    let (pusher, mut cursor) = push_list();
    let waker = Counting::new();
    let mut next = pin!(cursor.next());
    for _ in 0..3 {
        assert!(poll(next.as_mut(), waker.waker()).is_pending());
        waker.waker().wake_by_ref();
    }
    assert_eq!(waker.held(), 1);
    pusher.push(1).unwrap();
    assert_eq!(waker.wakes(), 4);
    assert_eq!(poll(next.as_mut(), waker.waker()), Poll::Ready(Some(1)));
    assert_eq!(waker.held(), 0);
}

#[test]
fn next_polled_by_other_task_wakes_it() {
    let (pusher, mut cursor) = push_list();
    let wakers = [Counting::new(), Counting::new()];
    let mut next = pin!(cursor.next());
    for waker in &wakers {
        assert!(poll(next.as_mut(), waker.waker()).is_pending());
    }
    pusher.push(1).unwrap();
    assert_eq!(wakers.each_ref().map(Counting::wakes), [0, 1]);
}

#[test]
fn stop_wakes_next_with_end() {
    let (pusher, mut cursor) = push_list::<u32>();
    let waker = Counting::new();
    let mut next = pin!(cursor.next());
    assert!(poll(next.as_mut(), waker.waker()).is_pending());
    assert!(!next.is_terminated());
    pusher.stop();
    assert_eq!(waker.wakes(), 1);
    assert_eq!(poll(next.as_mut(), waker.waker()), Poll::Ready(None));
    assert!(next.is_terminated());
    assert_eq!(waker.held(), 0);
}

/// The fast path answers a future that has waited.
#[test]
fn next_ready_after_pending_leaves_no_waker() {
    let (pusher, mut cursor) = push_list();
    let waker = Counting::new();
    let mut next = cursor.next();
    assert!(poll(pin!(&mut next), waker.waker()).is_pending());
    pusher.try_push(1).unwrap();
    assert_eq!(poll(pin!(&mut next), waker.waker()), Poll::Ready(Some(1)));
    assert!(poll(pin!(&mut next), waker.waker()).is_pending());
    pusher.push_all([2, 3]).unwrap();
    assert_eq!(poll(pin!(&mut next), waker.waker()), Poll::Ready(Some(2)));
    assert_eq!(poll(pin!(&mut next), waker.waker()), Poll::Ready(Some(3)));
    drop(next);
    assert_eq!(waker.held(), 0);
}

/// The registration panics, because the waker cannot be cloned.
#[test]
fn next_whose_waker_clone_panics_deregisters() {
    let (pusher, mut cursor) = push_list();
    let is_fragile = Arc::new(AtomicBool::new(true));
    let held = Arc::new(AtomicUsize::new(1));
    let (fragile, clones, drops) = (is_fragile.clone(), held.clone(), held.clone());
    let hooks = Hooks {
        clone: Box::new(move || {
            assert!(!fragile.load(Ordering::SeqCst), "on purpose");
            clones.fetch_add(1, Ordering::SeqCst);
        }),
        drop: Box::new(move || _ = drops.fetch_sub(1, Ordering::SeqCst)),
        ..Hooks::default()
    };
    let waker = hooks.waker();
    let mut next = cursor.next();
    let polled = catch_unwind(AssertUnwindSafe(|| poll(pin!(&mut next), &waker).is_ready()));
    assert!(polled.is_err());
    is_fragile.store(false, Ordering::SeqCst);
    assert!(poll(pin!(&mut next), &waker).is_pending());
    assert_eq!(held.load(Ordering::SeqCst), 2);
    drop(next);
    assert_eq!(held.load(Ordering::SeqCst), 1);
    pusher.push(1).unwrap();
    assert_eq!(cursor.try_next(), Ok(1));
}

#[test]
fn preflight_next_runs_function() {
    let (pusher, cursor) = push_list();
    let waker = Counting::new();
    let mut calls = 0;
    let mut preflight = cursor.preflight(|_cx| calls += 1);
    let mut next = preflight.next();
    assert!(poll(pin!(&mut next), waker.waker()).is_pending());
    assert_eq!(waker.held(), 1);
    drop(next);
    assert_eq!(waker.held(), 0);
    pusher.push(1).unwrap();
    drop(pusher);
    assert_eq!(waker.wakes(), 0);
    assert_eq!(poll(pin!(preflight.next()), Waker::noop()), Poll::Ready(Some(1)));
    let mut next = preflight.next();
    assert_eq!(poll(pin!(&mut next), Waker::noop()), Poll::Ready(None));
    assert!(next.is_terminated());
    drop(next);
    drop(preflight);
    assert_eq!(calls, 3);
}

#[test]
fn next_in_async_block_needs_no_trait() {
    async fn sum(mut cursor: Cursor<u32>) -> u32 {
        let mut sum = 0;
        while let Some(item) = cursor.next().await {
            sum += item;
        }
        sum
    }
    let (pusher, cursor) = push_list();
    let waker = Counting::new();
    let mut sum = pin!(sum(cursor));
    for n in 1..=3 {
        assert!(poll(sum.as_mut(), waker.waker()).is_pending());
        pusher.push(n).unwrap();
    }
    drop(pusher);
    assert_eq!(poll(sum.as_mut(), waker.waker()), Poll::Ready(6));
    assert_eq!((waker.wakes(), waker.held()), (3, 0));
}
