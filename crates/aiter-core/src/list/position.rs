//! A reading position in the list, and its mode.
//!
//! `advance.rs` finds runs and moves from block to block, `run.rs` takes items, and `park.rs` gives
//! up items that were read. A position knows no waker.
//!
//! # Exclusive and shared
//! A cursor is *exclusive* while it is the only reader of its block and of all earlier ones. An
//! exclusive cursor moves items out, and a shared cursor clones them. Inside a run of ready slots,
//! an exclusive cursor accesses no shared word, because it stores the end of the run and its mode.
//!
//! A cursor checks the number of readers at each new run. A shared cursor also checks it for each
//! item that it takes singly. These checks suffice:
//! - A cursor that enters at the tail is counted in `readers` before any slot after its position
//!   can be published: see `List::enter`.
//! - A fork clears `EXCLUSIVE` in the cursor that it is made from.
//!
//! # Live items
//! In the block of an exclusive cursor, the items from `slot` on are live. In any other block, the
//! items from `live_from` on are live. A cursor stores `live_from` when it stops being exclusive.

use crate::{
    list::{List, block::Block, clone_fn::CloneFn, ready_slots::ReadySlots},
    sync::{AtomicUsize, Ordering},
    tuning::SHORT_RUN,
};

// The word `RawCursor::mode`:
//
//  usize::BITS-1         2     1          0
// +-----------------------+------+-----------+
// | 0                     | IDLE | EXCLUSIVE |
// +-----------------------+------+-----------+

/// The cursor is the only reader of its block and of all earlier ones.
pub(super) const EXCLUSIVE: usize = 1;
/// The task of the cursor has waited since the cursor last took an item. The next item is taken on
/// the slow path, which also drops the waker.
const IDLE: usize = 1 << 1;

/// A position that owns a count of its block.
pub(crate) struct RawCursor<T> {
    pub(super) block: Block<T>,
    /// The next slot to read, or `CAP` if the block is read to its end.
    pub(super) slot: usize,
    /// The end of the known run: slots from `slot` up to this one are ready. May be less than
    /// `slot`, because the fast path of a shared cursor does not update it.
    pub(super) ready: usize,
    /// Number of items still to be skipped: the items pushed before a subscription.
    pub(super) skip: usize,
    /// The slot at which this cursor is parked in its block; 0 if it is not parked.
    pub(super) parked: usize,
    /// `EXCLUSIVE` and `IDLE`. Atomic, because two threads may call `fork` with `&self` at once.
    mode: AtomicUsize,
    /// The clone function of the list if the fast path for shared cursors is open, otherwise null.
    /// It is open if the cursor was shared at its last check, is not idle, and has nothing to skip.
    pub(super) fast_clone: CloneFn<T>,
}

// SAFETY: a cursor moves items to its thread, so `T: Send` is required. It clones items only after
// `fork` or `subscribe`, which require `T: Sync`. The block is shared by counts, as an `Arc` shares
// its value.
unsafe impl<T: Send> Send for RawCursor<T> {}
// SAFETY: several threads may access items through `&RawCursor`, so `T: Sync` is required. A fork
// made from `&RawCursor` may move to another thread, so `T: Send` is required.
unsafe impl<T: Send + Sync> Sync for RawCursor<T> {}

impl<T> RawCursor<T> {
    /// Creates a cursor at the first slot of a block. The cursor owns a count of the block, which
    /// the caller passes to it. It starts as a shared cursor; `refill` finds out whether it is
    /// exclusive.
    pub(crate) fn new(block: Block<T>, skip: usize) -> Self {
        let (mode, fast_clone) = (AtomicUsize::new(0), CloneFn::new());
        Self { block, slot: 0, ready: 0, skip, parked: 0, mode, fast_clone }
    }

    #[inline(always)]
    pub(super) fn mode(&self) -> usize {
        // Relaxed: only `fork` writes through `&self`. The end of that borrow happens before the
        // next access through `&mut self`.
        self.mode.load(Ordering::Relaxed)
    }

    fn set_mode(&self, mode: usize) {
        // Relaxed: see `mode`. Forks at the same time store the same value.
        self.mode.store(mode, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(super) fn is_exclusive(&self) -> bool {
        self.mode() & EXCLUSIVE != 0
    }

    pub(super) fn set_exclusive(&self) {
        self.set_mode(self.mode() | EXCLUSIVE);
        self.fast_clone.clear();
    }

    /// Makes the cursor shared. Opens the fast path unless the cursor is idle or has items to skip.
    pub(super) fn set_shared(&self, clone_fn: &CloneFn<T>) {
        let mode = self.mode() & !EXCLUSIVE;
        self.set_mode(mode);
        if self.skip == 0 && mode & IDLE == 0 {
            self.fast_clone.copy(clone_fn);
        }
    }

    /// Notes that the task of the cursor is about to wait. Closes the fast path.
    pub(crate) fn set_idle(&self) {
        self.set_mode(self.mode() | IDLE);
        self.fast_clone.clear();
    }

    /// Returns `true` between `set_idle` and `set_active`.
    #[inline(always)]
    pub(crate) fn is_idle(&self) -> bool {
        self.mode() & IDLE != 0
    }

    /// Reverts `set_idle`. The next `refill` of a shared cursor opens the fast path again.
    pub(crate) fn set_active(&self) {
        self.set_mode(self.mode() & !IDLE);
    }

    /// Returns a second cursor of the list at the same position.
    ///
    /// # Panics
    /// Panics as `Readers::acquire` does. No cursor is added then.
    pub(crate) fn fork(&self, list: &List<T>) -> Self
    where
        T: Clone,
    {
        // Before a second reader is counted, which may need the clone functions.
        list.set_clone();
        // SAFETY: this cursor's count keeps the block alive.
        let header = unsafe { self.block.header() };
        let mode = self.mode();
        if mode & EXCLUSIVE != 0 {
            header.set_live_from(self.slot);
        }
        header.readers.acquire();
        // The fast path stays closed until `refill` copies the clone function.
        self.set_mode(mode & !EXCLUSIVE);
        list.add_cursor();
        Self { slot: self.slot, ready: self.ready, ..Self::new(self.block, self.skip) }
    }

    /// Skips `count` more items as soon as they are ready, as a subscriber does. For a fork that
    /// has no ready item: only a shared cursor keeps a number of items to skip.
    pub(crate) fn skip_unpublished(&mut self, count: usize) {
        if count > 0 {
            debug_assert!(!self.is_exclusive() && self.slot >= self.ready);
            self.skip += count;
            // The fast path ignores `skip`.
            self.fast_clone.clear();
        }
    }

    /// Requests a wake-up for the next publication in the block. Returns `true` if the next item is
    /// already published.
    pub(crate) fn set_waiting(&self) -> bool {
        // SAFETY: this cursor's count keeps the block alive.
        unsafe { self.block.header() }.set_waiting(self.slot)
    }

    /// Returns the number of loads of the ready bits that must follow the next `fill`. After them,
    /// the cursor has seen all items that are ready now.
    ///
    /// The number is 1 if `fill` relies on a known run, and 0 if `fill` loads the bits itself.
    pub(crate) fn loads_after_fill(&self) -> usize {
        usize::from(self.slot < self.ready)
    }

    /// Returns `true` if the block is read to its end. The next block may then have ready items.
    pub(crate) fn is_block_read(&self) -> bool {
        self.slot == Block::<T>::CAP
    }

    /// Returns the number of items that are known to be ready. Call it after a `fill` that returned
    /// `true`.
    pub(crate) fn run_len(&self) -> usize {
        self.ready - self.slot
    }

    /// Returns `true` if the ready run is short, compared with `max` as well, and does not end at
    /// the end of the block. The cursor has not read its block to the end.
    #[inline]
    pub(crate) fn is_run_short(&self, max: usize) -> bool {
        // SAFETY: this cursor's count keeps the block alive.
        let end = unsafe { self.block.header() }.run_end(self.slot);
        end - self.slot < max.min(SHORT_RUN) && end < Block::<T>::CAP
    }

    /// Returns `true` if the list is stopped and the cursor has read all items.
    pub(crate) fn is_drained(&self, list: &List<T>) -> bool {
        let tail = list.tail();
        tail.is_stopped() && self.distance(list) == 0
    }

    /// Returns the block and the number of the next slot.
    #[inline(always)]
    pub(crate) fn place(&self) -> (Block<T>, usize) {
        (self.block, self.slot)
    }

    /// Returns the number of items that were claimed and that this cursor has not read.
    pub(crate) fn distance(&self, list: &List<T>) -> usize {
        let tail = list.tail();
        // SAFETY: this cursor's count keeps its block and all later ones alive. The tail block is
        // not before its block.
        let (here, there) = unsafe { (self.block.header().start(), tail.block().header().start()) };
        there
            .wrapping_add(tail.slot())
            .wrapping_sub(here.wrapping_add(self.slot))
            .wrapping_sub(self.skip)
    }

    /// Returns the index of the next item in the order of the list.
    pub(crate) fn index(&self) -> usize {
        // SAFETY: this cursor's count keeps the block alive.
        unsafe { self.block.header() }.start().wrapping_add(self.slot).wrapping_add(self.skip)
    }

    /// Returns `true` if an item is ready.
    pub(crate) fn has_ready(&self) -> bool {
        self.ready_slots().next().is_some()
    }

    /// Returns the ready slots from this position up to the first slot that is not published.
    pub(crate) fn ready_slots(&self) -> ReadySlots<T> {
        ReadySlots { block: self.block, slot: self.slot, ready: self.ready, skip: self.skip }
    }

    /// Gives up the position and its count. May drop items, so the caller holds no lock.
    ///
    /// # Safety
    /// The cursor is not used again.
    pub(crate) unsafe fn release(&mut self, list: &List<T>) {
        if self.is_exclusive() {
            // SAFETY: this cursor's count keeps the block alive.
            unsafe { self.block.header() }.set_live_from(self.slot);
        }
        self.unpark(self.block);
        // SAFETY: this cursor owns the count and, by contract, is not used again.
        unsafe { list.release(self.block) };
    }
}
