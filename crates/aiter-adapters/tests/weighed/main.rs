//! Tests of the weighed bounded list. They poll by hand, with wakers that count.
#![cfg(all(any(feature = "critical-section", feature = "std"), not(loom)))]

extern crate alloc;

mod cursors;
mod ends;
#[path = "../../../aiter-core/tests/list/ledger.rs"]
#[allow(dead_code, reason = "shared with the list's own tests, which use more of it")]
mod ledger;
mod line;
mod memory;
mod model;
#[cfg(panic = "unwind")]
mod panics;
mod permits;
#[cfg(not(target_family = "wasm"))]
mod threads;
#[path = "../../../aiter-core/tests/list/waker.rs"]
#[allow(dead_code, reason = "shared with the list's own tests, which use more of it")]
mod waker;
mod weights;

use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use aiter_adapters::{WeighedCursor, WeighedPusher, bounded_by};
use waker::Counting;

/// Polls a future once with `waker`.
fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Polls a future once with a no-op waker.
fn once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll(future, Waker::noop())
}

/// Polls a future that must wait, and returns its waker.
#[track_caller]
fn wait<F: Future + Unpin>(future: &mut F) -> Counting {
    let waker = Counting::new();
    assert!(poll(future, waker.waker()).is_pending(), "the future must wait");
    waker
}

/// Polls a future that must be ready.
#[track_caller]
fn ready<F: Future + Unpin>(mut future: F) -> F::Output {
    match once(&mut future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future must be ready"),
    }
}

/// An item is its weight.
type Handles = (WeighedPusher<usize, fn(&usize) -> usize>, WeighedCursor<usize>);

/// Makes a list of numbers, which are their own weights, and pushes `items`.
fn list<const N: usize>(cap: usize, items: [usize; N]) -> Handles {
    let (pusher, cursor) = bounded_by(cap, (|item| *item) as fn(&usize) -> usize);
    for item in items {
        pusher.try_push(item).unwrap();
    }
    (pusher, cursor)
}
