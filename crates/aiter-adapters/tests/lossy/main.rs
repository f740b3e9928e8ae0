//! Tests of the lossy bounded list. They poll by hand, with wakers that count.
#![cfg(all(feature = "std", not(loom)))]

extern crate alloc;

mod cuts;
mod dropped_reads;
mod ends;
mod handles;
mod memory;
mod model;
#[cfg(panic = "unwind")]
mod panics;
mod reentrant;
#[cfg(feature = "sink")]
mod sink;
#[cfg(not(target_family = "wasm"))]
mod threads;
#[path = "../../../aiter-core/tests/list/waker.rs"]
#[allow(dead_code, reason = "shared with the list's own tests, which use more of it")]
mod waker;
mod wakes;

use alloc::sync::Arc;
use core::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

use aiter_adapters::{
    LossyCursor, LossyPolicy,
    LossyPolicy::{Disconnect, DropOldest},
};

const POLICIES: [LossyPolicy; 2] = [DropOldest, Disconnect];

/// Counts the items that are alive.
#[derive(Clone, Default)]
struct Live(Arc<AtomicUsize>);

impl Live {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn item(&self, value: usize) -> Item {
        self.0.fetch_add(1, Ordering::SeqCst);
        Item { value, live: self.clone() }
    }
}

/// A value that is counted while it is alive.
struct Item {
    value: usize,
    live: Live,
}

impl Clone for Item {
    fn clone(&self) -> Self {
        self.live.item(self.value)
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.live.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl PartialEq<usize> for Item {
    fn eq(&self, value: &usize) -> bool {
        self.value == *value
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// A counted value without `Clone`.
#[derive(Debug)]
struct Lone(Item);

/// Reads all ready items.
fn drain<T>(cursor: &mut LossyCursor<T>) -> Vec<T> {
    core::iter::from_fn(|| cursor.try_next().ok()).collect()
}
