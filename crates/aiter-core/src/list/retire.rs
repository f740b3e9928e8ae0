//! Retirement: reuse or free of complete blocks without readers.
//!
//! The protocol and the ordering policy are at the head of `mod.rs`.

use crate::{
    list::{List, block::Block, free_list::FreeList, tail::Tail},
    sync::Ordering,
    tuning::{FREES_AFTER_BURST, MIN_BURST_BLOCKS},
};

impl<T> List<T> {
    /// Retires a block: moves `head` past it, and links it again, keeps it, frees it, or puts it
    /// into limbo.
    ///
    /// # Safety
    /// - The caller owns the block exclusively, or is its only reader while no other reader can
    ///   enter.
    /// - The items of the block have been dropped or moved out.
    /// - The caller owns a count of `next`, the block behind it.
    pub(crate) unsafe fn retire(&self, block: Block<T>, next: Block<T>) {
        // Relaxed: blocks retire in the order of the list. The count of the link makes each
        // retirement happen before the next retirement. All of them happen before the drop of the
        // list.
        self.head.store(next.as_ptr(), Ordering::Relaxed);
        // SAFETY: the caller's count keeps `next` alive.
        self.head_start.store(unsafe { next.header() }.start(), Ordering::Relaxed);
        if self.is_pinned() {
            self.forget_end(block);
            // SAFETY: the caller owns the block, and gives it to limbo.
            unsafe { self.limbo.push(block) };
            return;
        }
        // SAFETY: this is the current retirement, and it saw no pin, so no other thread can access
        // the block. The caller owns the block, and owns a count of `next`.
        unsafe {
            if !self.limbo.is_empty() {
                self.recycle_limbo();
            }
            self.recycle(block, next);
        }
    }

    /// Returns the number of blocks that the reserve keeps linked behind this tail.
    pub(super) fn spare_at(&self, tail: Tail<T>) -> usize {
        // Relaxed: the number only weighs memory against allocations.
        if tail.is_stopped() { 0 } else { self.spare.load(Ordering::Relaxed) }
    }

    /// Links a retired block behind the last block if the reserve lacks blocks. Otherwise keeps it
    /// for a producer, or frees it.
    ///
    /// # Safety
    /// - The caller is the current retirement, and saw no pin.
    /// - The caller owns the block exclusively, and no other thread can access it.
    /// - The items of the block have been dropped or moved out.
    /// - The caller owns a count of `next`, the block behind it.
    unsafe fn recycle(&self, block: Block<T>, next: Block<T>) {
        let tail = self.tail();
        if tail.is_stopped() {
            // SAFETY: the caller owns the block exclusively, and does not use it again.
            unsafe { block.free() };
            return;
        }
        // The caller owns a count at or before the tail block, so the tail block is alive.
        let first = tail.block();
        // All Relaxed: the numbers only weigh memory against allocations.
        let spare = self.spare.load(Ordering::Relaxed);
        let since_burst = self.retired_since_burst.load(Ordering::Relaxed);
        let is_behind = first != next;
        if is_behind {
            // SAFETY: the caller's count of `next` keeps both blocks alive.
            let distance = || unsafe { first.distance_from(next) };
            // While a burst lasts, the distance is not computed, and the word is not written again.
            if since_burst != 0 && distance() >= Self::BURST_BLOCKS * Block::<T>::CAP {
                self.retired_since_burst.store(0, Ordering::Relaxed);
            }
        } else if since_burst < FREES_AFTER_BURST {
            self.retired_since_burst.store(since_burst + 1, Ordering::Relaxed);
        }
        let is_burst_over = since_burst == FREES_AFTER_BURST;
        let wanted = spare.max(usize::from(is_burst_over));
        // SAFETY: the caller is the current retirement, saw no pin, and owns the block exclusively.
        // Its count of `next` keeps `first` and all later blocks alive.
        if wanted > 0 && unsafe { self.link_last(block, first, wanted) } {
            return;
        }
        // SAFETY: the caller owns the block exclusively, and no other thread can access it.
        unsafe { if is_behind || is_burst_over { self.push_free(block) } else { block.free() } }
    }

    /// Minimum distance, in blocks, between the tail and a reader that works off a burst.
    const BURST_BLOCKS: usize =
        if FreeList::<T>::CAP > MIN_BURST_BLOCKS { FreeList::<T>::CAP } else { MIN_BURST_BLOCKS };

    /// Adds a block to the free list. Frees the block instead if the free list is full, or if the
    /// list has no cursor, because only cursors empty the free list.
    ///
    /// # Safety
    /// - The caller owns the block exclusively, and its items have been dropped or moved out.
    /// - No other thread can access the block.
    pub(super) unsafe fn push_free(&self, block: Block<T>) {
        // SAFETY: the caller's contract includes the contracts of `Block::free` and
        // `FreeList::push`.
        unsafe { if self.has_no_cursor() { block.free() } else { self.free_list.push(block) } }
    }
}
