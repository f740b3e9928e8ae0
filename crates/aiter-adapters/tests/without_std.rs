//! Panics in `map_par_with` without the feature `std`. A panic ends its worker there.
//!
//! Run it by `cargo test -p aiter-adapters --test without_std`, because another package in the same
//! build may turn the feature on.
#![cfg(not(any(feature = "std", loom)))]

use core::{
    convert::identity,
    future::{Future, ready},
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use std::panic::catch_unwind;

use aiter_adapters::{AiterExt, MapParWith, TaskOutcome};
use futures_core::FusedStream;
use futures_util::{Stream, StreamExt, stream};

/// An item, or the text of a panic.
type Yielded = Result<u32, String>;

/// Returns `n`, or panics if `refused` contains it.
fn refuse(n: u32, refused: &[u32]) -> u32 {
    assert!(!refused.contains(&n), "{n} is refused");
    n
}

/// Polls the workers and the stream in turn until the stream ends. Returns the results, the number
/// of workers that panicked, and the outcome.
fn read_to_end<F: Future<Output = ()>>(
    mut stream: MapParWith<u32, ()>,
    workers: Vec<F>,
) -> (Vec<Yielded>, usize, Option<TaskOutcome>) {
    let mut workers: Vec<_> = workers.into_iter().map(|worker| Some(Box::pin(worker))).collect();
    let mut cx = Context::from_waker(Waker::noop());
    let (mut results, mut panics) = (vec![], 0);
    while !stream.is_terminated() {
        for worker in &mut workers {
            let Some(task) = worker else { continue };
            let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut cx)));
            panics += usize::from(polled.is_err());
            if !matches!(polled, Ok(Poll::Pending)) {
                *worker = None;
            }
        }
        let poll = || Pin::new(&mut stream).poll_next(&mut cx);
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Ready(item)) => results.extend(item.map(Ok)),
            Ok(Poll::Pending) => {}
            Err(payload) => results.push(Err(*payload.downcast().expect("the panic's text"))),
        }
        assert!(results.len() < 1000, "the stream must end");
    }
    (results, panics, stream.outcome())
}

/// Removes the last result, which must be a panic, and returns its text.
fn pop(results: &mut Vec<Yielded>) -> String {
    results.pop().expect("a result").expect_err("the last result must be a panic")
}

#[test]
fn remaining_workers_finish_after_panic() {
    for ordered in [false, true] {
        let f = |n: u32| async move { refuse(n, &[3, 40]) };
        let (mut stream, workers) = stream::iter(0..100).map_par_with(3, identity, f).into_parts();
        if ordered {
            stream = stream.ordered();
        }
        let (mut results, panics, outcome) = read_to_end(stream, workers);
        assert_eq!(panics, 2);
        assert_eq!(pop(&mut results), "tasks of map_par_with panicked, items without a result: 2");
        results.sort();
        assert!(results.into_iter().eq((0..100).filter(|n| ![3, 40].contains(n)).map(Ok)));
        assert_eq!(outcome, Some(TaskOutcome::Panicked));
    }
}

#[test]
fn last_worker_panic_is_reported() {
    let f = |n: u32| ready(refuse(n, &[2, 4]));
    let (stream, workers) = stream::iter(0..100).map_par_with(2, identity, f).into_parts();
    let (mut results, panics, outcome) = read_to_end(stream.ordered(), workers);
    assert_eq!(panics, 2);
    let expected =
        "tasks of map_par_with panicked before the source had ended, items without a result: 2";
    assert_eq!(pop(&mut results), expected);
    assert!(results.into_iter().eq([0, 1, 3].map(Ok)));
    assert_eq!(outcome, Some(TaskOutcome::Panicked));
}

#[test]
fn source_panic_is_reported_at_end() {
    let source = stream::iter(0..9).map(|n| refuse(n, &[5]));
    let (stream, workers) = source.map_par_with(2, identity, ready).into_parts();
    let (mut results, panics, _) = read_to_end(stream.ordered(), workers);
    assert_eq!(panics, 1);
    let expected =
        "tasks of map_par_with panicked before the source had ended, items without a result: 0";
    assert_eq!(pop(&mut results), expected);
    assert!(results.into_iter().eq((0..5).map(Ok)));
}

#[test]
fn map_par_panic_unwinds_and_rest_arrives() {
    let f = |n: u32| async move { refuse(n, &[3, 4]) };
    let mut stream = stream::iter(0..9).map_par(2, f).ordered();
    let mut stream = core::pin::pin!(stream.by_ref());
    let (mut items, mut panics) = (vec![], 0);
    while !stream.is_terminated() {
        let mut cx = Context::from_waker(Waker::noop());
        match catch_unwind(AssertUnwindSafe(|| stream.as_mut().poll_next(&mut cx))) {
            Ok(Poll::Ready(item)) => items.extend(item),
            Ok(Poll::Pending) => {}
            Err(_) => panics += 1,
        }
    }
    assert_eq!((items, panics), (vec![0, 1, 2, 5, 6, 7, 8], 2));
}
