//! The state word of a block: which slots are ready, and what a producer is to do when it publishes.

use crate::{
    list::block::{Block, Header},
    sync::{MAX_SLOTS, Ordering},
};

/// The state word: one ready bit a slot from bit 0, above them at least one that is never set, where
/// every run of ready slots ends, and two flags. Flags are set and stay set until the block is recycled, but for
/// `adopt`.
const WAITING: usize = 1 << (MAX_SLOTS + 2);
/// A cursor left the incomplete block as the last reader: the producer that completes the block
/// takes over its count.
const ORPHANED: usize = 1 << (MAX_SLOTS + 1);
const _: () = assert!(MAX_SLOTS + 3 <= usize::BITS as usize);

/// What `publish` found in the state word.
#[derive(Clone, Copy)]
pub(crate) struct Published {
    /// The word before.
    old: usize,
    /// The bits added.
    mask: usize,
}

impl Published {
    /// True if there is more to do than to publish: rare.
    #[inline(always)]
    pub(crate) fn has_flags(self) -> bool {
        self.old & (WAITING | ORPHANED) != 0
    }

    /// True if this call published the last missing slots of its block.
    pub(crate) fn completes<T>(self) -> bool {
        (self.old | self.mask) & Block::<T>::FULL == Block::<T>::FULL
    }

    /// True if the last cursor had left the block, which is still incomplete.
    pub(crate) fn is_unreadable<T>(self) -> bool {
        self.old & ORPHANED != 0 && !self.completes::<T>()
    }

    /// True if this call, completing the block, took over a count that a cursor left behind.
    pub(crate) fn takes_over<T>(self) -> bool {
        self.completes::<T>() && self.old & ORPHANED != 0
    }
}

impl<T> Block<T> {
    /// Publishes `count` slots from `slot` on: their items become visible to the cursors.
    ///
    /// A block may be freed as soon as this has happened: the caller must not touch it again,
    /// unless the result says that it takes_over a count.
    ///
    /// # Safety
    /// The caller has claimed and filled these slots and not yet published them.
    #[inline(always)]
    pub(crate) unsafe fn publish(self, slot: usize, count: usize) -> Published {
        let mask = (Self::FULL >> (Self::CAP - count)) << slot;
        // SAFETY: an unpublished claim keeps the block alive up to this very operation.
        let state = unsafe { &self.header().state };
        // Adding is setting here, as each bit is published once; and it gives the old word in one
        // instruction. Release: partner of `ready_bits`, for the items. Acquire: partner of
        // `set_waiting` and `orphan`, for the waiter's node and what the last reader did.
        let old = state.fetch_add(mask, Ordering::AcqRel);
        debug_assert_eq!(old & mask, 0);
        Published { old, mask }
    }

    /// Publishes a slot by a store, which needs no read-modify-write and would clear the flags.
    ///
    /// As with `publish`, the block may be freed as soon as this has happened.
    ///
    /// # Safety
    /// - The caller has claimed and filled this slot and not yet published it.
    /// - All slots before it are published.
    /// - No flag is set, and no other party changes the state word before the store is seen.
    #[inline(always)]
    pub(crate) unsafe fn publish_by_store(self, slot: usize) {
        // SAFETY: an unpublished claim keeps the block alive up to this very operation.
        let state = unsafe { &self.header().state };
        // Release: partner of `ready_bits`, for the item. For the items before it as well: the
        // caller has published them, or has seen that they are.
        state.store(Self::FULL >> (Self::CAP - 1 - slot), Ordering::Release);
    }
}

impl<T> Header<T> {
    /// The index of slot 0.
    #[inline(always)]
    pub(crate) fn start(&self) -> usize {
        // SAFETY: written by the block's only owner before it was linked; whoever reaches the block
        // came by an Acquire of the link or of the tail.
        self.start.with(|at| unsafe { *at })
    }

    /// The ready bits from `slot` on, in bit 0 and up, to the first that is not set.
    #[inline(always)]
    fn ready_bits(&self, slot: usize) -> usize {
        debug_assert!(slot <= Block::<T>::CAP);
        // Acquire: partner of `publish`, for the items.
        self.state.load(Ordering::Acquire) >> slot
    }

    /// True if the slot is published; false for the number behind the last slot.
    #[inline(always)]
    pub(crate) fn is_ready(&self, slot: usize) -> bool {
        self.ready_bits(slot) & 1 != 0
    }

    /// Where the run of published slots that begins at `slot` ends.
    #[inline(always)]
    pub(crate) fn run_end(&self, slot: usize) -> usize {
        let end = slot + self.ready_bits(slot).trailing_ones() as usize;
        debug_assert!(end <= Block::<T>::CAP);
        end
    }

    /// Tells the producers of this block that somebody sleeps. True if `slot` is ready after all.
    pub(crate) fn set_waiting(&self, slot: usize) -> bool {
        // Release: partner of `publish`, for the registration. One word for both questions: no
        // publication can come between. Not Acquire: the caller reads the item after `ready_bits`.
        self.state.fetch_or(WAITING, Ordering::Release) >> slot & 1 != 0
    }

    /// Leaves the count of the last reader to the producer that completes the block. `Err` with
    /// the run's end if more than `seen` slots are ready, or the block is complete.
    pub(crate) fn orphan(&self, seen: usize) -> Result<(), usize> {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            let run = (state & Block::<T>::FULL).trailing_ones() as usize;
            if run > seen || run == Block::<T>::CAP {
                return Err(run);
            }
            // Release: partner of `publish`, for what this reader did. Acquire on failure: as in
            // `run_end`.
            match self.state.compare_exchange_weak(
                state,
                state | ORPHANED,
                Ordering::Release,
                Ordering::Acquire,
            ) {
                Ok(_) => return Ok(()),
                Err(now) => state = now,
            }
            crate::sync::retry_hint();
        }
    }

    /// Takes over the count that `orphan` left, unless the block was completed meanwhile.
    pub(crate) fn adopt(&self) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        while state & ORPHANED != 0 && state & Block::<T>::FULL != Block::<T>::FULL {
            // Relaxed: the caller goes by nothing in the block before it has called `ready_bits`
            // (Acquire), which reads this value or a later one. The state word is only changed by
            // read-modify-writes, so that load synchronizes with `orphan`.
            match self.state.compare_exchange_weak(
                state,
                state & !ORPHANED,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
            crate::sync::retry_hint();
        }
        false
    }

    /// Claims the published items before `slot`, which nobody needs any more, and returns from
    /// where on they are live. Several may come to the conclusion; one of them gets the items.
    pub(crate) fn claim_before(&self, slot: usize) -> usize {
        // Relaxed: each slot is claimed once, as this is a read-modify-write. `Readers` (AcqRel) hands
        // over what its readers did.
        self.live_from.fetch_max(slot, Ordering::Relaxed)
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.run_end(0) == Block::<T>::CAP
    }

    /// Published values below this slot are gone.
    pub(crate) fn live_from(&self) -> usize {
        // Relaxed: it is read by the only reader or owner, who learned that it is the only one
        // through `readers` (Acquire), after the writer had left it (Release).
        self.live_from.load(Ordering::Relaxed)
    }

    pub(crate) fn set_live_from(&self, slot: usize) {
        // Relaxed: see `live_from`.
        self.live_from.store(slot, Ordering::Relaxed);
    }
}
