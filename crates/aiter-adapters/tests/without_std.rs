//! What `map_par_with` does about panics without the feature `std`, where a worker is lost with its panic.
//!
//! `cargo test -p aiter-adapters --test without_std`; another package in the same build may turn the feature on.
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

type Told = Result<u32, String>;

fn refuse(n: u32, refused: &[u32]) -> u32 {
    assert!(!refused.contains(&n), "{n} is refused");
    n
}

/// Polls workers and stream in turn, up to the end of the stream. Also returns how many workers panicked.
fn read_over<F: Future<Output = ()>>(
    mut stream: MapParWith<u32, ()>,
    workers: Vec<F>,
) -> (Vec<Told>, usize, Option<TaskOutcome>) {
    let mut workers: Vec<_> = workers.into_iter().map(|worker| Some(Box::pin(worker))).collect();
    let mut cx = Context::from_waker(Waker::noop());
    let (mut told, mut panics) = (vec![], 0);
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
            Ok(Poll::Ready(item)) => told.extend(item.map(Ok)),
            Ok(Poll::Pending) => {}
            Err(payload) => told.push(Err(*payload.downcast().expect("the text of the panic"))),
        }
        assert!(told.len() < 1000, "the same again");
    }
    (told, panics, stream.outcome())
}

fn end(told: &mut Vec<Told>) -> String {
    told.pop().expect("something was told").expect_err("a panic before the end")
}

#[test]
fn remaining_workers_finish_after_panic() {
    for ordered in [false, true] {
        let f = |n: u32| async move { refuse(n, &[3, 40]) };
        let (mut stream, workers) = stream::iter(0..100).map_par_with(3, identity, f).into_parts();
        if ordered {
            stream = stream.ordered();
        }
        let (mut told, panics, outcome) = read_over(stream, workers);
        assert_eq!(panics, 2);
        assert_eq!(end(&mut told), "tasks of map_par_with panicked, items without a result: 2");
        told.sort();
        assert!(told.into_iter().eq((0..100).filter(|n| ![3, 40].contains(n)).map(Ok)));
        assert_eq!(outcome, Some(TaskOutcome::Panicked));
    }
}

#[test]
fn last_worker_panic_is_reported() {
    let f = |n: u32| ready(refuse(n, &[2, 4]));
    let (stream, workers) = stream::iter(0..100).map_par_with(2, identity, f).into_parts();
    let (mut told, panics, outcome) = read_over(stream.ordered(), workers);
    assert_eq!(panics, 2);
    let expected =
        "tasks of map_par_with panicked before the source had ended, items without a result: 2";
    assert_eq!(end(&mut told), expected);
    assert!(told.into_iter().eq([0, 1, 3].map(Ok)));
    assert_eq!(outcome, Some(TaskOutcome::Panicked));
}

#[test]
fn source_panic_is_reported_at_end() {
    let source = stream::iter(0..9).map(|n| refuse(n, &[5]));
    let (stream, workers) = source.map_par_with(2, identity, ready).into_parts();
    let (mut told, panics, _) = read_over(stream.ordered(), workers);
    assert_eq!(panics, 1);
    let expected =
        "tasks of map_par_with panicked before the source had ended, items without a result: 0";
    assert_eq!(end(&mut told), expected);
    assert!(told.into_iter().eq((0..5).map(Ok)));
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
