//! Tests of the list's promises, polled by hand, without executor, sleeps and clocks.
#![cfg(not(any(loom, shuttle)))]

extern crate alloc;

mod blocks;
mod called_wakers;
mod cases;
mod close;
mod closed;
mod counting;
mod drops;
mod ends;
mod handles;
mod items;
mod late;
mod ledger;
mod next_future;
mod no_wake;
mod panics;
mod poll_lock;
mod prompt_drops;
mod push_all;
mod races;
mod races_poll_lock;
mod ready_queue;
mod reentrant;
mod result_drops;
mod shared;
#[cfg(feature = "sink")]
mod sink;
mod skips;
mod streams;
mod stuck_wakers;
mod subscribe;
mod threads;
mod threads_poll_lock;
mod try_push;
mod wake_cell;
mod waker;
mod wakes;

use aiter_core::Cursor;
use blocks::edges;
use core::task::Poll;
use futures_core::Stream;
use waker::next;

/// Returns `full`, or `small` under Miri, which is a few hundred times slower.
pub(crate) const fn scaled(full: usize, small: usize) -> usize {
    if cfg!(miri) { small } else { full }
}

/// Returns the offsets below `end`. Under Miri, only offsets around the edges of the first block.
pub(crate) fn offsets<T>(end: usize) -> impl Iterator<Item = usize> {
    let edges = edges::<T>();
    assert!(edges.iter().all(|&edge| edge < end), "{end} must lie behind the first block");
    (0..end).filter(move |offset| !cfg!(miri) || edges.contains(offset))
}

/// Reads all items up to the end. Panics if the stream has not ended.
pub(crate) fn drain<S: Stream + Unpin>(stream: &mut S) -> Vec<S::Item> {
    let mut items = Vec::new();
    loop {
        match next(stream) {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => return items,
            Poll::Pending => panic!("pending after {} items, not ended", items.len()),
        }
    }
}

/// Reads all ready items. Panics if the stream has ended.
pub(crate) fn take_ready<S: Stream + Unpin>(stream: &mut S) -> Vec<S::Item> {
    let mut items = Vec::new();
    loop {
        match next(stream) {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => panic!("ended after {} items", items.len()),
            Poll::Pending => return items,
        }
    }
}

/// Reads exactly `n` items with `try_next`.
pub(crate) fn take<T>(cursor: &mut Cursor<T>, n: usize) -> Vec<T> {
    (0..n).map(|_| cursor.try_next().expect("an item is ready")).collect()
}
