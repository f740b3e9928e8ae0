//! The readers of a block in one word, so that one exchange decides on all of it: the number of
//! cursors, plus one for the link from the block before; the number of cursors that have parked,
//! because they need nothing before the parked slot; and, at the top, that slot, which only grows.
//!
//! # Ordering policy
//! Counted like `Arc` counts: up with Relaxed (the caller already holds a count that keeps the
//! block alive) but for `enter`, down with AcqRel, so that the last one sees all that the others
//! did.

use crate::sync::{AtomicUsize, Ordering, retry_hint};

const COUNT_BITS: u32 = (usize::BITS - PARKED_SLOT_BITS) / 2;
const PARKED_SLOT_BITS: u32 = if usize::BITS >= 64 { 8 } else { 6 };
const READERS: usize = (1 << COUNT_BITS) - 1;
/// More are refused, so that the count never overflows. Twice as many can be counted:
/// readers that come at the same time are counted before they are refused, and `hold` refuses none.
pub(crate) const MOST_READERS: usize = READERS / 2 + 1;
const PARKED_ONE: usize = 1 << COUNT_BITS;
const PARKED_AT: u32 = 2 * COUNT_BITS;

const fn parked_slot(word: usize) -> usize {
    word >> PARKED_AT
}

const fn parked_count(word: usize) -> usize {
    word >> COUNT_BITS & READERS
}

/// What `release_if_shared` did.
pub(crate) enum Leave {
    /// The caller's count is gone.
    Left,
    /// It is the last one, and still there.
    Last,
    /// Still there: all others have parked at this slot, and no reader has dropped what is before it.
    RestParked(usize),
}

/// See above.
pub(crate) struct Readers(AtomicUsize);

#[cold]
fn too_many_readers() -> ! {
    panic!("too many cursors at one place")
}

impl Readers {
    /// One: the link.
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(1))
    }

    /// As good as new, for who owns the block alone.
    pub(crate) fn reset(&self) {
        // Relaxed: as `Block::recycle`.
        self.0.store(1, Ordering::Relaxed);
    }

    /// Counts the caller among those who need nothing before `slot`, unless others are further on.
    /// `None` if it does not count; else whether all readers are counted now. The caller counts
    /// itself once for each slot. A count at a lower slot is void as soon as the slot grows.
    pub(crate) fn park_at(&self, slot: usize) -> Option<bool> {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let there = parked_slot(word);
            let new = if slot < there {
                return None;
            } else if slot > there {
                word & READERS | PARKED_ONE | slot << PARKED_AT
            } else {
                word + PARKED_ONE
            };
            // AcqRel: as `leave`, in both directions: all that the others did is done.
            match self.0.compare_exchange_weak(word, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Some(parked_count(new) == new & READERS),
                Err(now) => word = now,
            }
            retry_hint();
        }
    }

    /// Takes the caller out again, if `slot` is still the one that counts.
    pub(crate) fn unpark(&self, slot: usize) {
        let mut word = self.0.load(Ordering::Relaxed);
        while parked_slot(word) == slot {
            // Relaxed: the caller is still counted as a reader, and hands over what it does when it
            // leaves or settles again.
            match self.0.compare_exchange_weak(
                word,
                word - PARKED_ONE,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => word = now,
            }
            retry_hint();
        }
    }

    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        // Acquire: partner of `leave`, for what the others did before they left, and of `enter`,
        // for the clone function of a subscriber.
        self.0.load(Ordering::Acquire) & READERS
    }

    /// One more reader. The caller holds a count of this block or of one before.
    ///
    /// # Panics
    /// If there are more than `MOST_READERS` then, and with nothing changed: on 64-bit targets that
    /// takes millions of cursors, forgotten ones as a rule; on 32-bit ones 4096 that are all in
    /// this block.
    pub(crate) fn acquire(&self) {
        // Relaxed: a count is only handed on by somebody who has one, as with `Arc`.
        let readers = self.0.fetch_add(1, Ordering::Relaxed) & READERS;
        if readers >= MOST_READERS {
            // Relaxed: as above. It was not the last one.
            self.0.fetch_sub(1, Ordering::Relaxed);
            too_many_readers();
        }
    }

    /// One more reader for a moment: a caller that has a count, and to which `claim_before` gave
    /// items. There is at most one for each slot at a time, so there is always room.
    pub(crate) fn hold(&self) {
        // Relaxed: as `join`.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One more reader, by somebody who holds no count: false if the block is retired.
    ///
    /// # Panics
    /// As `join`.
    pub(crate) fn try_acquire(&self) -> bool {
        // Acquire: partner of `leave`, for the link, which a retired block has. Release: partner of
        // `count`, for the clone function.
        self.change(
            |readers| {
                if readers >= MOST_READERS {
                    too_many_readers();
                }
                readers != 0
            },
            1,
        )
    }

    /// One reader less. True if it was the last: the block is the caller's alone.
    pub(crate) fn release(&self) -> bool {
        // Release: partner of `count` and of this, for what I did. Acquire: for what they did.
        self.0.fetch_sub(1, Ordering::AcqRel) & READERS == 1
    }

    /// The only reader leaves for good. False if somebody came in.
    pub(crate) fn release_if_unique(&self) -> bool {
        // As `leave`.
        self.change(|readers| readers == 1, 1_usize.wrapping_neg())
    }

    /// Adds to the count of readers if it is as it should be.
    fn change(&self, if_so: impl Fn(usize) -> bool, add: usize) -> bool {
        let mut word = self.0.load(Ordering::Acquire);
        while if_so(word & READERS) {
            match self.0.compare_exchange_weak(
                word,
                word.wrapping_add(add),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
            retry_hint();
        }
        false
    }

    /// One reader less, unless it is the last, or the last but for those who sleep. The caller is
    /// not counted as parked.
    pub(crate) fn release_if_shared(&self, live_from: impl Fn() -> usize) -> Leave {
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            if word & READERS == 1 {
                return Leave::Last;
            }
            let slot = parked_slot(word);
            if parked_count(word) == (word & READERS) - 1 && live_from() < slot {
                return Leave::RestParked(slot);
            }
            // Release: as `leave`. Not Acquire: a reader that is not the last one needs nothing of the
            // others. Acquire on failure: for what the caller of a last reader goes by.
            match self.0.compare_exchange_weak(word, word - 1, Ordering::Release, Ordering::Acquire)
            {
                Ok(_) => return Leave::Left,
                Err(now) => word = now,
            }
            retry_hint();
        }
    }
}

#[cfg(test)]
impl Readers {
    /// As if so many readers were here.
    pub(crate) fn set(&self, count: usize) {
        // Relaxed: a test is alone with its list.
        let word = self.0.load(Ordering::Relaxed);
        self.0.store(word & !READERS | count, Ordering::Relaxed);
    }

    /// As if so many of them had gone to sleep at the parked slot.
    pub(crate) fn set_parked(&self, count: usize) {
        // Relaxed: as above.
        let word = self.0.load(Ordering::Relaxed);
        let others = word & !(READERS << COUNT_BITS);
        self.0.store(others | count << COUNT_BITS, Ordering::Relaxed);
    }
}
