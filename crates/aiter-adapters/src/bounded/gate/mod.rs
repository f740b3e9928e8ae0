//! The gate in front of a list: it admits items, and knows nothing of their type.
//!
//! `cell.rs` holds the position of a cursor, and `registry.rs` adds and removes cells. `line.rs`
//! holds the requests that wait, `request.rs` polls one of them, and `serve.rs` answers them.
//!
//! # Room
//! `admitted` counts the items that were pushed and the permits that are out. It starts at the
//! index of the list's first item, so it is never less than the index of the list's tail. `min` is
//! the position of the slowest cursor, as it was at the last scan. Items are admitted up to
//! `min + cap`. `min` only grows, so an old value costs a scan and never admits too much. It is
//! loaded after `admitted`: a value that is older by half of the range of counts would seem to be
//! ahead, which 32 bits and weights make possible.
//!
//! # Waiting
//! A request that finds no room joins the line and sets `WAITERS`. From then on only `serve`
//! admits, so the line is first in, first out. `serve` grants from the front while there is room,
//! and then watches one cell: the slowest. Room appears only if all cells at `min` move, so one is
//! enough. A cell that moves while it is watched is served by its own thread. A permit that is
//! returned sees `WAITERS` in the same word. So each question is asked of one word by
//! read-modify-writes on both sides, and no fence is needed.
//!
//! The grant to the last request in line clears `WAITERS` in the same step. So a request that finds
//! `WAITERS` cleared takes its grant without the slow lock, unless a request was ever refused. A
//! granted request has left the line.
//!
//! # Progress
//! `try_admit` with room, and `advance` of a cell that is not watched, are lock-free and take no
//! lock. All else takes the slow lock. No user code runs under it.
//!
//! # Ordering policy
//! - An admission is AcqRel. Acquire: partner of `release` (Release), for what the holder of the
//!   permit did. Release: partner of `has_granted_all` (Acquire), for a grant.
//! - The load before an admission is Acquire: partner of the admission before it. So `min`, which
//!   is loaded next, is no older than at that admission.
//! - All other accesses to `admitted` are Relaxed. The flags change under the slow lock, which
//!   orders the line, and only send their reader there. All changes are read-modify-writes, so they
//!   continue the release sequences of admissions and of `release`.
//! - `min` is stored with Release and loaded with Acquire. So the reads of cursors that moved
//!   happen before a push into their room.

use alloc::vec::Vec;
use core::task::Waker;

use aiter_core::PushErrorKind;

use crate::{
    bounded::{
        error::TryReserveError,
        gate::{
            cell::Cell,
            line::{Key, Line, Wakers},
            slow_lock::SlowLock,
        },
    },
    sync::{Arc, AtomicUsize, Ordering},
};

pub(super) mod cell;
mod count;
pub(super) mod line;
mod registry;
pub(super) mod request;
mod serve;
pub(super) mod slow_lock;
#[cfg(all(test, loom))]
mod stories;
#[cfg(all(test, not(loom)))]
mod tests;

// The word `admitted`:
//
//  usize::BITS-1      3      2         1        0
// +--------------------+---------+--------+---------+
// | count              | REFUSED | CLOSED | WAITERS |
// +--------------------+---------+--------+---------+

/// The line has a request, so a newcomer joins the line. Set and cleared under the slow lock.
const WAITERS: usize = 1;
/// The list accepts no more items. Set under the slow lock, never cleared.
const CLOSED: usize = 1 << 1;
/// A request in line was refused. Set under the slow lock, never cleared.
const REFUSED: usize = 1 << 2;
const FLAGS: usize = (1 << count::FLAG_BITS) - 1;

/// A word with a cache line to itself.
#[cfg_attr(target_pointer_width = "64", repr(align(64)))]
struct Padded(AtomicUsize);

/// The gate of one list.
pub(super) struct Gate {
    admitted: Padded,
    min: Padded,
    cap: usize,
    slow: SlowLock<Slow>,
}

/// What the slow lock guards.
struct Slow {
    /// The registry: the cells of all cursors.
    cells: Vec<Arc<Cell>>,
    /// The place of the slowest cell at the last scan. The next scan starts there.
    slowest: usize,
    /// Requests for room.
    line: Line,
}

impl Gate {
    /// Makes the gate of a list whose first item has the index `first`, and the cell of its first
    /// cursor.
    pub(super) fn new(first: usize, cap: usize) -> (Self, Arc<Cell>) {
        let first = count::wrap(first);
        let cell = Arc::new(Cell::new(first, 0));
        let slow = Slow { cells: alloc::vec![cell.clone()], slowest: 0, line: Line::new() };
        let gate = Self {
            admitted: Padded(AtomicUsize::new(first << count::FLAG_BITS)),
            min: Padded(AtomicUsize::new(first)),
            cap: cap.min(count::MAX_CAP),
            slow: SlowLock::new(slow),
        };
        (gate, cell)
    }

    pub(super) fn cap(&self) -> usize {
        self.cap
    }

    /// Returns how many places are free after `admitted` and before `min + cap`.
    ///
    /// A load of `admitted` may be older than `min`, and less. The exchange fails then.
    fn room_after(&self, admitted: usize, min: usize) -> usize {
        count::ahead(min.wrapping_add(self.cap), admitted >> count::FLAG_BITS)
    }

    /// Admits between `least` and `most` items if there is room before `min + cap`, and if no flag
    /// of `stop_flags` is set. Also clears the flags `clear`. `least` is not 0.
    ///
    /// # Errors
    /// Returns the word if nothing is admitted.
    fn admit_before(
        &self,
        stop_flags: usize,
        clear: usize,
        least: usize,
        most: usize,
    ) -> Result<usize, usize> {
        // Acquire, here and on failure: partner of the exchange, for `min`.
        let mut word = self.admitted.0.load(Ordering::Acquire);
        loop {
            // Acquire: partner of `raise_min`, for the reads of the cursors.
            let room = self.room_after(word, self.min.0.load(Ordering::Acquire));
            if word & stop_flags != 0 || room < least {
                return Err(word);
            }
            let n = room.min(most);
            // AcqRel: see the head of this file.
            match self.admitted.0.compare_exchange_weak(
                word,
                word.wrapping_add(n << count::FLAG_BITS) & !clear,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Ok(n),
                Err(now) => word = now,
            }
        }
    }

    /// Admits between `least` and `most` items if there is room by the cached `min`. Lock-free.
    ///
    /// # Errors
    /// Returns the word if it has a flag, or if there is no room.
    #[inline]
    fn try_admit_known(&self, least: usize, most: usize) -> Result<usize, usize> {
        self.admit_before(CLOSED | WAITERS, 0, least, most)
    }

    /// Admits between `least` and `most` items. `least` is not 0.
    ///
    /// # Errors
    /// Returns the reason if there is no room, a request waits in line, or the list accepts no
    /// items.
    #[inline]
    pub(super) fn try_admit(&self, least: usize, most: usize) -> Result<usize, TryReserveError> {
        self.try_admit_known(least, most).or_else(|word| self.try_admit_slow(word, least, most))
    }

    #[cold]
    fn try_admit_slow(
        &self,
        word: usize,
        least: usize,
        most: usize,
    ) -> Result<usize, TryReserveError> {
        let refusal = |word| {
            if word & CLOSED == 0 { TryReserveError::Full } else { TryReserveError::Stopped }
        };
        if word & (CLOSED | WAITERS) != 0 {
            return Err(refusal(word));
        }
        self.slow.with(|slow| {
            self.raise_min(slow).ok_or(TryReserveError::NoCursor)?;
            self.try_admit_known(least, most).map_err(refusal)
        })
    }

    /// Admits `want` items, or appends the request to the line and serves it. Then returns the key
    /// of the request and the wakers of the requests that were answered.
    ///
    /// Takes the waker only for the line. Otherwise the caller drops it, outside of the lock,
    /// because the drop is user code.
    ///
    /// # Errors
    /// Returns the reason if the list accepts no items.
    fn admit_or_wait(
        &self,
        want: usize,
        waker: &mut Option<Waker>,
    ) -> Result<Option<(Key, Wakers)>, PushErrorKind> {
        self.slow.with(|slow| {
            // Relaxed: `close` sets the flag under the slow lock.
            if self.admitted.0.load(Ordering::Relaxed) & CLOSED != 0 {
                return Err(PushErrorKind::Stopped);
            }
            let (min, slowest) = self.raise_min(slow).ok_or(PushErrorKind::NoCursor)?;
            // If the line is not empty, `WAITERS` is set, and no newcomer is admitted.
            if self.try_admit_known(want, want).is_ok() {
                return Ok(None);
            }
            let key = slow.line.push(want, waker.take().expect("the caller passes a waker"));
            // Relaxed: a permit that was returned before is seen in `word`. A permit that is
            // returned later sees `WAITERS`.
            let word = self.admitted.0.fetch_or(WAITERS, Ordering::Relaxed);
            // What `serve` does for a request that is alone in line and still finds no room.
            let must_wait = slow.line.is_single()
                && self.room_after(word, min) < want
                && slow.cells[slowest].watch(min);
            let wakers = if must_wait { Wakers::default() } else { self.serve(slow) };
            Ok(Some((key, wakers)))
        })
    }

    /// Returns `n` places. Serves the line if there is one.
    pub(super) fn release(&self, n: usize) {
        // Release: partner of `admit_before`, for what the holder of the permit did.
        let word = self.admitted.0.fetch_sub(n << count::FLAG_BITS, Ordering::Release);
        if word & WAITERS != 0 {
            self.serve_locked(|_| {});
        }
    }

    /// Moves a cell by `n` items, after its cursor has read them.
    #[inline]
    pub(super) fn advance(&self, cell: &Cell, n: usize) {
        if cell.advance(n) {
            self.advance_watched(cell);
        }
    }

    #[cold]
    fn advance_watched(&self, cell: &Cell) {
        // The addition has kept the bit. Unless it is cleared, each later read takes the slow lock.
        self.serve_locked(|_| cell.clear_watch());
    }

    /// Returns `n` places under the slow lock. The caller serves the line.
    fn take_back(&self, n: usize) {
        // Relaxed: the request has not used its places.
        self.admitted.0.fetch_sub(n << count::FLAG_BITS, Ordering::Relaxed);
    }

    /// Returns how many items would be admitted now.
    pub(super) fn room(&self) -> usize {
        self.slow.with(|slow| {
            let Some((min, _)) = self.raise_min(slow) else { return 0 };
            // Relaxed, here and in `used`: only a number.
            let word = self.admitted.0.load(Ordering::Relaxed);
            let is_open = word & (CLOSED | WAITERS) == 0;
            if is_open { self.room_after(word, min).min(self.cap) } else { 0 }
        })
    }

    /// Returns how many places are in use.
    pub(super) fn used(&self) -> usize {
        self.slow.with(|slow| {
            // Without a cursor, only the permits that are out are in use, and they are worthless.
            let Some((min, _)) = self.raise_min(slow) else { return 0 };
            count::ahead(self.admitted.0.load(Ordering::Relaxed) >> count::FLAG_BITS, min)
        })
    }

    /// Returns the number of requests in line. Goes through all of them under the slow lock.
    pub(super) fn waiting(&self) -> usize {
        self.slow.with(|slow| slow.line.len())
    }
}
