//! Tests of the bounded list. They poll by hand, with wakers that count.
#![cfg(all(any(feature = "critical-section", feature = "std"), not(loom)))]

extern crate alloc;

mod cursors;
mod ends;
#[path = "../../../aiter-core/tests/list/ledger.rs"]
#[allow(dead_code, reason = "shared with the list's own tests, which use more of it")]
mod ledger;
mod line;
mod model;
#[cfg(panic = "unwind")]
mod panics;
mod push_all;
mod reentrant;
#[cfg(all(not(feature = "std"), not(target_family = "wasm")))]
mod section;
#[cfg(feature = "sink")]
mod sink;
#[cfg(not(target_family = "wasm"))]
mod threads;
#[path = "../../../aiter-core/tests/list/waker.rs"]
#[allow(dead_code, reason = "shared with the list's own tests, which use more of it")]
mod waker;

use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

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
