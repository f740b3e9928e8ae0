//! The position of one cursor, as the producers see it.
//!
//! # Ordering policy
//! - `advance` (Release) and `position` (Acquire) are partners, through `Gate::raise_min`: the read
//!   of the item happens before its room is used again.
//! - All other accesses are Relaxed. `WATCHED` is in the word that `advance` modifies, so either
//!   `watch` sees the new position, or `advance` sees the bit. The bit is set under the slow lock,
//!   so a thread that sees it gets the lock later, and the lock orders the line. `watch` and
//!   `clear_watch` are read-modify-writes, so they continue the release sequence of `advance`.

use crate::{
    bounded::gate::count,
    sync::{AtomicUsize, Ordering},
};

// The word of a cell:
//
//  usize::BITS-1          1         0
// +------------------------+---------+
// | index of the next item | WATCHED |
// +------------------------+---------+

/// A request in line waits until this cursor moves.
const WATCHED: usize = 1;
const SHIFT: u32 = 1;

/// The position of one cursor. The takers of a shared cursor share one cell.
///
/// The word has a cache line to itself, because its cursor writes it for each item. Padding keeps
/// its neighbours away: an allocation with a large alignment takes several times as long.
#[repr(C)]
pub(in crate::bounded) struct Cell {
    /// The place in the registry. Only accessed under the slow lock.
    at: AtomicUsize,
    _before: Padding,
    word: AtomicUsize,
    _after: Padding,
}

type Padding = [usize; if usize::BITS >= 64 { 7 } else { 0 }];

impl Cell {
    pub(super) fn new(position: usize, at: usize) -> Self {
        Self {
            at: AtomicUsize::new(at),
            _before: Padding::default(),
            word: AtomicUsize::new(position << SHIFT),
            _after: Padding::default(),
        }
    }

    /// Returns the index of the next item, modulo the range of counts.
    pub(super) fn position(&self) -> usize {
        // Acquire: partner of `advance`, for the reads before it.
        count::wrap(self.word.load(Ordering::Acquire) >> SHIFT)
    }

    /// Moves the cell by `n` items. Returns `true` if a request waits for this. Wait-free.
    pub(super) fn advance(&self, n: usize) -> bool {
        // Release: partner of `position`, for the reads before it.
        self.word.fetch_add(n << SHIFT, Ordering::Release) & WATCHED != 0
    }

    /// Sets `WATCHED` if the cell still stands at `position`. Otherwise returns `false`.
    pub(super) fn watch(&self, position: usize) -> bool {
        // Relaxed: the exchange confirms the value.
        let mut word = self.word.load(Ordering::Relaxed);
        while count::wrap(word >> SHIFT) == position {
            // Relaxed: see the head of this file.
            match self.word.compare_exchange(
                word,
                word | WATCHED,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Clears `WATCHED`. The line is empty, or the caller serves it under the same lock.
    pub(super) fn clear_watch(&self) {
        if self.is_watched() {
            // Relaxed: see the head of this file.
            self.word.fetch_and(!WATCHED, Ordering::Relaxed);
        }
    }

    pub(super) fn is_watched(&self) -> bool {
        // Relaxed: see the head of this file.
        self.word.load(Ordering::Relaxed) & WATCHED != 0
    }

    /// Returns the place in the registry.
    pub(super) fn at(&self) -> usize {
        // Relaxed, here and below: the slow lock orders the accesses.
        self.at.load(Ordering::Relaxed)
    }

    pub(super) fn set_at(&self, at: usize) {
        self.at.store(at, Ordering::Relaxed);
    }
}
