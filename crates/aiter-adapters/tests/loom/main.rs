//! Loom models of the adapters. Each story runs in all its interleavings.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p aiter-adapters --features std --test loom`
#![cfg(loom)]

extern crate alloc;

mod active;
#[cfg(feature = "std")]
mod bounded;
mod gates;
#[cfg(feature = "std")]
mod lossy;
mod passive;
mod turns;
#[cfg(feature = "std")]
mod weighed;

use core::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use std::{thread, time::Instant};

use futures_core::Stream;
use loom::{future::block_on, model::Builder};

/// Explores with at most `LOOM_MAX_PREEMPTIONS` preemptions: 3 if unset, unbounded if 0.
fn model(story: impl Fn() + Send + Sync + 'static) {
    explore(bound(), story);
}

/// Explores like `model`, with one preemption less. For stories of long threads.
fn wide_model(story: impl Fn() + Send + Sync + 'static) {
    explore(bound().map(|bound| bound - 1), story);
}

/// Explores like `model`, with two preemptions less. For stories of three long threads.
fn widest_model(story: impl Fn() + Send + Sync + 'static) {
    explore(bound().map(|bound| bound.saturating_sub(2)), story);
}

fn bound() -> Option<usize> {
    match std::env::var("LOOM_MAX_PREEMPTIONS").as_deref() {
        Ok("0") => None,
        Ok(bound) => Some(bound.parse().expect("LOOM_MAX_PREEMPTIONS is a number")),
        Err(_) => Some(3),
    }
}

/// Explores all interleavings, and prints the time. If `LOOM_MAX_DURATION` is set, stops after so
/// many seconds and prints `CUT`.
fn explore(preemption_bound: Option<usize>, story: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = preemption_bound;
    builder.max_branches = 20_000;
    let begin = Instant::now();
    builder.check(story);
    let took = begin.elapsed();
    let cut = builder.max_duration.is_some_and(|longest| took >= longest);
    let name = thread::current().name().unwrap_or("a story").to_owned();
    println!("{} {:.1} s: {name}", if cut { "CUT after" } else { "took" }, took.as_secs_f64());
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

/// Reads to the end. Waits if no item is ready.
fn read_all<S: Stream + Unpin>(mut stream: S) -> Vec<S::Item> {
    block_on(async {
        let mut items = Vec::new();
        while let Some(item) = next(&mut stream).await {
            items.push(item);
        }
        items
    })
}

/// Polls with a waker that does nothing.
fn poll_once<S: Stream + Unpin>(mut stream: S) -> Poll<Option<S::Item>> {
    Pin::new(&mut stream).poll_next(&mut Context::from_waker(Waker::noop()))
}
