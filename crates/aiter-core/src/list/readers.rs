//! The readers word of a block: the number of readers, and where they have parked.
//!
//! A cursor that finds nothing to read *parks*: it is counted at its slot, because it needs no item
//! before that slot. The word stores the highest of these slots, and counts the readers that are
//! parked there. If all readers are parked there, the items before it can be dropped.
//!
//! # Ordering policy
//! Counts work as in `Arc`. An increment is Relaxed, because the caller owns a count that keeps the
//! block alive; only `try_acquire` needs more. A decrement is AcqRel, so all accesses of earlier
//! readers happen before the last release.

use core::cmp::Ordering::{Equal, Greater, Less};

use crate::sync::{AtomicUsize, Ordering};

// The readers word:
//
//    64-bit:  63          56 55           28 27            0
//    32-bit:  31          26 25           13 12            0
//            +--------------+---------------+---------------+
//            | parked slot  | parked count  | reader count  |
//            +--------------+---------------+---------------+
//
// - Reader count: cursors in the block and temporary readers, plus one for the link to the block.
// - Parked slot: the highest slot at which a reader has parked. It never decreases.
// - Parked count: number of readers that are parked at that slot.

const COUNT_BITS: u32 = (usize::BITS - PARKED_SLOT_BITS) / 2;
const PARKED_SLOT_BITS: u32 = if usize::BITS >= 64 { 8 } else { 6 };
/// Mask of the reader count.
const READERS: usize = (1 << COUNT_BITS) - 1;
/// Maximum reader count. Half of the range of the bits is left, because the count may exceed the
/// maximum. Concurrent readers are counted before they are refused, and `acquire_unchecked` refuses
/// none.
pub(crate) const MAX_READERS: usize = READERS / 2 + 1;
/// One parked reader.
const PARKED_ONE: usize = 1 << COUNT_BITS;
/// Position of the parked slot.
const PARKED_AT: u32 = 2 * COUNT_BITS;

const fn parked_slot(word: usize) -> usize {
    word >> PARKED_AT
}

const fn parked_count(word: usize) -> usize {
    word >> COUNT_BITS & READERS
}

/// Result of `release_if_shared`.
pub(crate) enum Outcome {
    /// The count is released.
    Released,
    /// The count is the last count, and is not released.
    Last,
    /// The count is not released. All other readers have parked at this slot, and the items before
    /// it may still be live.
    OthersParked(usize),
}

/// The readers word of a block.
pub(crate) struct Readers(AtomicUsize);

#[cold]
fn too_many_readers() -> ! {
    panic!("too many cursors in one block")
}

impl Readers {
    /// Returns a word with one count, which belongs to the link to the block.
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(1))
    }

    /// Resets the word to its initial value. The caller owns the block exclusively.
    pub(crate) fn reset(&self) {
        // Relaxed: no other thread accesses the block before `link_next` (Release) publishes it.
        self.0.store(1, Ordering::Relaxed);
    }

    /// Counts the caller as parked at `slot`. The caller owns a count, and parks once for each
    /// slot.
    ///
    /// Returns `None` if the parked slot is beyond `slot`, because the caller is then not counted.
    /// Otherwise returns whether all readers are now parked at `slot`. A parked count at a lower
    /// slot becomes void when the parked slot grows.
    pub(crate) fn park_at(&self, slot: usize) -> Option<bool> {
        let park = |word| match slot.cmp(&parked_slot(word)) {
            Less => None,
            Equal => Some(word + PARKED_ONE),
            Greater => Some(word & READERS | PARKED_ONE | slot << PARKED_AT),
        };
        // AcqRel: partner of itself and of `release`. The accesses of all other readers happen
        // before the call that returns `Some(true)`.
        let before = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, park).ok()?;
        park(before).map(|word| parked_count(word) == word & READERS)
    }

    /// Takes back the parked count of the caller, if the parked slot is still `slot`.
    pub(crate) fn unpark(&self, slot: usize) {
        // Relaxed: the caller still owns a reader count. Its next `release` or `park_at` publishes
        // its accesses.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            (parked_slot(word) == slot).then(|| word - PARKED_ONE)
        });
    }

    /// Returns the reader count.
    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        // Acquire: partner of `release` and `release_if_shared`, for the accesses of earlier
        // readers, and of `try_acquire`, for the clone function of a subscriber.
        self.0.load(Ordering::Acquire) & READERS
    }

    /// Adds a reader. The caller owns a count of this block or of an earlier block.
    ///
    /// # Panics
    /// Panics, and leaves the count as it was, if there are `MAX_READERS` readers. On 64-bit
    /// targets that takes 2²⁷ cursors, most of them leaked. On 32-bit targets it takes 4096 cursors
    /// in the same block.
    pub(crate) fn acquire(&self) {
        // Relaxed: as with `Arc`, the caller owns a count.
        let readers = self.0.fetch_add(1, Ordering::Relaxed) & READERS;
        if readers >= MAX_READERS {
            // Relaxed: this count is not the last one, and the caller accessed nothing with it.
            self.0.fetch_sub(1, Ordering::Relaxed);
            too_many_readers();
        }
    }

    /// Adds a temporary reader, without a check of the maximum.
    ///
    /// The caller owns a count, and got items from `take_before`. At most one caller for each slot
    /// does so at a time, so the count cannot overflow.
    pub(crate) fn acquire_unchecked(&self) {
        // Relaxed: as with `Arc`, the caller owns a count.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds a reader for a caller that may own no count. Returns `false` if the block is retired.
    ///
    /// # Panics
    /// Panics, and leaves the count as it was, if there are `MAX_READERS` readers.
    pub(crate) fn try_acquire(&self) -> bool {
        // Acquire on failure: partner of `release`, for the link to the next block, which a retired
        // block has. Release: partner of `count`, for the clone function.
        let acquired = self.0.fetch_update(Ordering::Release, Ordering::Acquire, |word| {
            if word & READERS >= MAX_READERS {
                too_many_readers();
            }
            (word & READERS != 0).then_some(word + 1)
        });
        acquired.is_ok()
    }

    /// Releases a count. Returns `true` if it was the last count. The caller then owns the block
    /// exclusively.
    pub(crate) fn release(&self) -> bool {
        // Release: partner of `count` and `release`, for the accesses of this reader. Acquire:
        // partner of `release` and `release_if_shared`, for the accesses of the others.
        self.0.fetch_sub(1, Ordering::AcqRel) & READERS == 1
    }

    /// Releases a count if it is the only count. Returns `false` if there is another reader.
    pub(crate) fn release_if_unique(&self) -> bool {
        // AcqRel: as in `release`. Relaxed on failure: the count stays, and so do its guarantees.
        let released = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |word| {
            (word & READERS == 1).then(|| word - 1)
        });
        released.is_ok()
    }

    /// Releases a count, except in two cases: it is the last count, or all other readers have
    /// parked and items before their slot are live. The caller is not parked.
    pub(crate) fn release_if_shared(&self, live_from: impl Fn() -> usize) -> Outcome {
        // Release: as in `release`. Not Acquire: only the last reader accesses the block after its
        // release. Acquire on failure: the caller may turn out to be the last reader.
        let released = self.0.fetch_update(Ordering::Release, Ordering::Acquire, |word| {
            let others = (word & READERS) - 1;
            let are_parked = || parked_count(word) == others && live_from() < parked_slot(word);
            (others > 0 && !are_parked()).then(|| word - 1)
        });
        match released {
            Ok(_) => Outcome::Released,
            Err(word) if word & READERS == 1 => Outcome::Last,
            Err(word) => Outcome::OthersParked(parked_slot(word)),
        }
    }
}

#[cfg(test)]
impl Readers {
    /// Sets the reader count.
    pub(crate) fn set(&self, count: usize) {
        // Relaxed: no other thread accesses the list of a test.
        let word = self.0.load(Ordering::Relaxed);
        self.0.store(word & !READERS | count, Ordering::Relaxed);
    }

    /// Sets the parked count.
    pub(crate) fn set_parked(&self, count: usize) {
        // Relaxed: no other thread accesses the list of a test.
        let word = self.0.load(Ordering::Relaxed);
        let others = word & !(READERS << COUNT_BITS);
        self.0.store(others | count << COUNT_BITS, Ordering::Relaxed);
    }
}
