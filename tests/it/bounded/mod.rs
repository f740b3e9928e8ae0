//! The bounded list in the situations that other libraries test their bounded channels in.
//!
//! A file is named after the library that has its situations. Several libraries may have the same
//! one; it is then tested once. `threads.rs` and `races.rs` hold the situations that need threads.
//! `docs/peer-situations.md` lists them all.

mod async_broadcast;
mod async_channel;
mod asyncband;
mod asyncband_calls;
#[cfg(panic = "unwind")]
mod asyncband_panics;
mod asyncband_permits;
mod asyncband_takers;
mod flume;
mod futures;
mod kanal;
#[cfg(not(target_family = "wasm"))]
mod races;
mod refusals;
#[cfg(not(target_family = "wasm"))]
mod threads;
mod tokio;
mod tokio_handles;
mod tokio_permits;
mod tokio_sink;

use core::{
    pin::Pin,
    task::{Context, Poll, Waker},
};
use futures_util::FutureExt;

use crate::waker::Counting;

/// A future with a waker of its own, which counts its calls.
struct Task<F> {
    future: Pin<Box<F>>,
    waker: Counting,
}

impl<F: Future> Task<F> {
    fn new(future: F) -> Self {
        Self { future: Box::pin(future), waker: Counting::new() }
    }

    /// Polls once, which must return `Pending`.
    #[track_caller]
    fn waiting(future: F) -> Self {
        let mut task = Self::new(future);
        assert!(task.poll().is_pending(), "future must be pending");
        task
    }

    fn poll(&mut self) -> Poll<F::Output> {
        poll(&mut self.future, self.waker.waker())
    }

    fn wakes(&self) -> usize {
        self.waker.wakes()
    }

    /// Returns the output of the next poll, before which the waker must have been called.
    #[track_caller]
    fn woken(&mut self) -> F::Output {
        assert_ne!(self.wakes(), 0, "task must be woken");
        self.ready()
    }

    #[track_caller]
    fn ready(&mut self) -> F::Output {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("future must be ready"),
        }
    }
}

/// An item that calls a closure when it is dropped.
struct OnDrop(Box<dyn Fn() + Send + Sync>);

impl OnDrop {
    fn nothing() -> Self {
        Self(Box::new(|| ()))
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Polls once with `waker`.
fn poll<F: Future>(future: &mut Pin<Box<F>>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// Returns the output of a future that is ready at its first poll.
#[track_caller]
fn ready<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("future must be ready")
}

/// Polls a future until it is ready. It must be woken between the polls.
#[track_caller]
fn run<F: Future>(future: F) -> F::Output {
    let mut task = Task::new(future);
    loop {
        let wakes = task.wakes();
        match task.poll() {
            Poll::Ready(output) => return output,
            Poll::Pending => assert!(task.wakes() > wakes, "nothing can wake the future"),
        }
    }
}
