//! Tests that span several crates.

extern crate alloc;

mod active;
mod allocations;
mod auto_traits;
mod azip;
mod bounded;
mod called_wakers;
mod differential;
mod drop_panics;
#[cfg(not(target_family = "wasm"))]
mod executors;
mod flatten_iter;
mod for_each_progress;
mod forker;
mod forker_bounded;
mod gated;
mod join_streams;
#[cfg(panic = "unwind")]
mod laws;
#[path = "../../crates/aiter-core/tests/list/ledger.rs"]
#[allow(dead_code, reason = "shared with the list's own tests, which use more of it")]
mod ledger;
mod map_filter;
mod map_par;
mod map_par_with;
mod map_try;
mod model;
mod panics;
mod preload;
mod preload_with;
mod result_drops;
mod script;
mod sharable;
mod stoppable;
mod table;
#[cfg(not(target_family = "wasm"))]
mod two_threads;
#[cfg(not(target_family = "wasm"))]
mod unblock_iter;
#[path = "../../crates/aiter-core/tests/list/waker.rs"]
#[allow(dead_code, reason = "shared with the list's own tests, which use more of it")]
mod waker;
mod windows;

use futures_core::Stream;
use futures_util::{FutureExt, StreamExt};

/// Collects a stream that is never pending.
pub(crate) fn drain<S: Stream>(stream: S) -> Vec<S::Item> {
    stream.collect().now_or_never().expect("stream must not be pending")
}
