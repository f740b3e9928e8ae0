//! The state word of a block: its ready bits, and two flags for the producers.
//!
//! # Ordering policy
//! `publish` is AcqRel. Its Release half hands items to `ready_bits`. Its Acquire half synchronizes
//! with `set_waiting` and `orphan`. All other changes of the word, except `publish_by_store`, are
//! read-modify-writes, so each later load of the word synchronizes with all earlier publications.

use crate::{
    list::block::{Block, Header},
    sync::Ordering,
    tuning::MAX_SLOTS,
};

// The state word, with N = MAX_SLOTS:
//
//      N + 2     N + 1     N .. CAP    CAP - 1 .. 0
//   +---------+----------+----------+---------------------+
//   | WAITING | ORPHANED |   zero   | ready bits of slots |
//   +---------+----------+----------+---------------------+
//
// A flag stays set until the block is recycled, except that `adopt` clears `ORPHANED`. At least bit
// N is never set, so every run of ready bits ends.

/// A cursor waits, or has waited, in this block. Each later publication notifies the waiters.
const WAITING: usize = 1 << (MAX_SLOTS + 2);
/// The last reader left the block while it was incomplete. The producer that completes the block
/// takes over the count of that reader.
const ORPHANED: usize = 1 << (MAX_SLOTS + 1);
const _: () = assert!(MAX_SLOTS + 3 <= usize::BITS as usize);

/// The state word before and after a publication.
#[derive(Clone, Copy)]
pub(crate) struct Published {
    /// The word before the publication.
    old: usize,
    /// The ready bits that the publication added.
    mask: usize,
}

impl Published {
    /// Returns `true` if the producer has more to do: to notify, or to reclaim. This is rare.
    #[inline(always)]
    pub(crate) fn has_flags(self) -> bool {
        self.old & (WAITING | ORPHANED) != 0
    }

    /// Returns `true` if this publication made the block complete.
    pub(crate) fn completes<T>(self) -> bool {
        (self.old | self.mask) & Block::<T>::FULL == Block::<T>::FULL
    }

    /// Returns `true` if the block is orphaned and still incomplete, so no cursor can read the
    /// items.
    pub(crate) fn is_unreadable<T>(self) -> bool {
        self.old & ORPHANED != 0 && !self.completes::<T>()
    }

    /// Returns `true` if this publication completed an orphaned block, and so took over its last
    /// count.
    pub(crate) fn takes_over<T>(self) -> bool {
        self.completes::<T>() && self.old & ORPHANED != 0
    }
}

impl<T> Block<T> {
    /// Publishes `count` slots from `slot` on: cursors may then read their items.
    ///
    /// The block may be freed as soon as the slots are published. The caller must not access it
    /// again, unless `Published::takes_over` returns `true`. Wait-free.
    ///
    /// # Safety
    /// The caller has claimed and filled these slots, and has not yet published them.
    #[inline(always)]
    pub(crate) unsafe fn publish(self, slot: usize, count: usize) -> Published {
        let mask = (Self::FULL >> (Self::CAP - count)) << slot;
        // SAFETY: the unpublished claim keeps the block alive until the addition.
        let state = unsafe { &self.header().state };
        // Each ready bit is set once, so an addition sets it. Unlike `fetch_or`, the addition
        // returns the old word in one instruction. Release: partner of `ready_bits`, for the items.
        // Acquire: partner of `set_waiting`, for the registration, and of `orphan`, for the last
        // read.
        let old = state.fetch_add(mask, Ordering::AcqRel);
        debug_assert_eq!(old & mask, 0);
        Published { old, mask }
    }

    /// Publishes a slot by a plain store. The store clears the flags.
    ///
    /// As with `publish`, the block may be freed as soon as the slot is published. Wait-free.
    ///
    /// # Safety
    /// - The caller has claimed and filled this slot, and has not yet published it.
    /// - All slots before it are published.
    /// - No flag is set, and no other thread changes the state word before it sees the store.
    #[inline(always)]
    pub(crate) unsafe fn publish_by_store(self, slot: usize) {
        // SAFETY: the unpublished claim keeps the block alive until the store.
        let state = unsafe { &self.header().state };
        // Release: partner of `ready_bits`, for this item and all earlier items. The publications
        // of the earlier items happen before this store, because the caller did them or has seen
        // them.
        state.store(Self::FULL >> (Self::CAP - 1 - slot), Ordering::Release);
    }
}

impl<T> Header<T> {
    /// Returns the index of slot 0.
    #[inline(always)]
    pub(crate) fn start(&self) -> usize {
        // SAFETY: the exclusive owner wrote the index before it linked the block. Each thread
        // reaches the block through an Acquire load of the link or of the tail, so no write is
        // concurrent.
        self.start.with(|at| unsafe { *at })
    }

    /// Returns the state word, shifted so that the ready bit of `slot` is bit 0.
    #[inline(always)]
    fn ready_bits(&self, slot: usize) -> usize {
        debug_assert!(slot <= Block::<T>::CAP);
        // Acquire: partner of `publish` and `publish_by_store`, for the items.
        self.state.load(Ordering::Acquire) >> slot
    }

    /// Returns `true` if the slot is published. For `CAP`, returns `false`.
    #[inline(always)]
    pub(crate) fn is_ready(&self, slot: usize) -> bool {
        self.ready_bits(slot) & 1 != 0
    }

    /// Returns the end of the run of published slots that begins at `slot`.
    #[inline(always)]
    pub(crate) fn run_end(&self, slot: usize) -> usize {
        let end = slot + self.ready_bits(slot).trailing_ones() as usize;
        debug_assert!(end <= Block::<T>::CAP);
        end
    }

    /// Sets `WAITING`, so that each later publication notifies. Returns `true` if `slot` is already
    /// published.
    ///
    /// No wake-up is lost: a publication either precedes the exchange, and its bit is in the
    /// result, or it follows, and sees `WAITING`.
    pub(crate) fn set_waiting(&self, slot: usize) -> bool {
        // Release: partner of `publish`, for the registration. Not Acquire: the caller reads the
        // item only after `ready_bits`.
        self.state.fetch_or(WAITING, Ordering::Release) >> slot & 1 != 0
    }

    /// Leaves the count of the last reader to the producer that completes the block.
    ///
    /// # Errors
    /// Returns the end of the first run of ready slots if that is beyond `seen`, or if the block is
    /// complete.
    pub(crate) fn orphan(&self, seen: usize) -> Result<(), usize> {
        let first_run = |state: usize| (state & Block::<T>::FULL).trailing_ones() as usize;
        // Release: partner of `publish`, for the accesses of this reader. Acquire on failure:
        // partner of `publish`, because the caller drops the items of the returned run.
        let orphaned = self.state.fetch_update(Ordering::Release, Ordering::Acquire, |state| {
            let run = first_run(state);
            (run <= seen && run < Block::<T>::CAP).then_some(state | ORPHANED)
        });
        orphaned.map(drop).map_err(first_run)
    }

    /// Takes over the count that `orphan` left. Returns `false` if there is none, or if the block
    /// is complete, because its producer then takes over the count.
    pub(crate) fn adopt(&self) -> bool {
        // Relaxed: the caller accesses nothing in the block before it calls `ready_bits` (Acquire),
        // which reads this value or a later value. The state word is only changed by
        // read-modify-writes, so that load synchronizes with `orphan`.
        let adopted = self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
            let is_orphaned = state & ORPHANED != 0 && state & Block::<T>::FULL != Block::<T>::FULL;
            is_orphaned.then_some(state & !ORPHANED)
        });
        adopted.is_ok()
    }

    /// Takes the live items before `slot`, which no reader needs any more. Returns the slot of the
    /// first item. If that slot is not before `slot`, there are no items.
    ///
    /// Several readers may call this at once. Each item is taken by one of them only.
    pub(crate) fn take_before(&self, slot: usize) -> usize {
        // Relaxed: this is a read-modify-write, so each slot is taken once. `Readers` (AcqRel)
        // orders the accesses of the other readers before this one.
        self.live_from.fetch_max(slot, Ordering::Relaxed)
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.run_end(0) == Block::<T>::CAP
    }

    /// Returns the first slot whose published item may still be in place.
    pub(crate) fn live_from(&self) -> usize {
        // Relaxed: `release_if_shared` uses the value as a hint. Otherwise only an exclusive reader
        // or owner acts on it, and its Acquire of `readers` synchronizes with the thread that wrote
        // it.
        self.live_from.load(Ordering::Relaxed)
    }

    pub(crate) fn set_live_from(&self, slot: usize) {
        // Relaxed: `Readers::release` (Release) publishes the value. See `live_from`.
        self.live_from.store(slot, Ordering::Relaxed);
    }
}
