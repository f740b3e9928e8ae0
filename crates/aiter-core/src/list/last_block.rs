//! The last linked block, behind which retired blocks are linked.
//!
//! A retired block is linked behind the last block if fewer than `spare` blocks are linked behind
//! the tail. The cost of finding the last block must not depend on the size of the reserve, so two
//! words hold its place:
//! - `end`: null, or a block that is not retired. Only the current retirement accesses this word.
//!   Retirements follow one another in the order of the list, so it is plain memory. The count of
//!   the link makes each retirement happen before the next retirement.
//! - `reserved`: null, or the last block of a `reserve`, which hands it to the next retirement.
//!
//! The `start` indices of two blocks give the number of blocks in between. Producers, cursors that
//! clear limbo, and overwritten calls of `reserve` may link blocks behind `end`. A retirement walks
//! over each of them once, so its cost is constant when amortized.
//!
//! # Lifetime
//! A retirement dereferences no block that an earlier retirement has retired, because its memory
//! may be freed. Let a `reserve` be pinned at the tail T, and let its last block L be T or behind
//! T.
//! - A block before T may retire without seeing the pin. L is behind that block, so it is alive.
//! - If a block B from T on retires while the `reserve` runs, its retirement sees the pin. It then
//!   dereferences neither word, and removes B from both.
//!   1. The retirement moves `head` past B, and then always does a read-modify-write of `reserved`.
//!   2. The `reserve` writes L to `reserved`, and then reads `head`.
//!
//!   If L is B and (1) is first, the `reserve` sees that `head` is past L, and removes L before it
//!   unpins. If (2) is first, the retirement removes L.
//! - If the `reserve` is over, the retirement sees its write. It takes L out of `reserved`, and
//!   sets `end` to a block that is not before the tail.
//!
//! After the stop, no retirement uses the two words.
//!
//! # Ordering policy
//! `note_reserved` publishes the block to `take_end`, and `forget_end` publishes `head` to
//! `note_reserved`.

use crate::{
    list::{
        List,
        block::{Block, Header},
    },
    sync::Ordering,
};

impl<T> List<T> {
    /// Links a block behind the last block if fewer than `wanted` blocks are linked behind `tail`.
    /// Returns `false` if the block was not linked.
    ///
    /// # Safety
    /// - The caller is the current retirement, and saw no pin.
    /// - The caller owns the block exclusively, and no other thread can access it.
    /// - The caller owns a count that keeps the block `tail`, and all later blocks, alive.
    pub(super) unsafe fn link_last(&self, block: Block<T>, tail: Block<T>, wanted: usize) -> bool {
        // If only one block is wanted, the tail is close enough to search from.
        let known = if wanted > 1 { self.take_end() } else { None };
        // SAFETY: both blocks are alive, because `known` is not retired, or is the caller's block.
        let is_ahead =
            |block: &Block<T>| unsafe { block.distance_from(tail) } <= isize::MAX as usize;
        let mut last = known.filter(is_ahead).unwrap_or(tail);
        // SAFETY: `last` is at or behind the tail. The caller's contract covers the other
        // conditions.
        let is_linked = unsafe { self.link_behind(block, tail, &mut last, wanted) };
        if wanted > 1 {
            // SAFETY: only the current retirement accesses the word, and the caller is that
            // retirement.
            self.end.with_mut(|end| unsafe { *end = last.as_ptr() });
        }
        is_linked
    }

    /// Links a block behind the last block if fewer than `wanted` blocks are linked behind `tail`.
    /// Returns `false` if the block was not linked.
    ///
    /// The search begins at `last`, and stores there the last block that it found. Other threads
    /// may link blocks meanwhile. The search ends after `wanted` blocks.
    ///
    /// # Safety
    /// - The caller owns the block exclusively, and no other thread can access it.
    /// - The caller owns a count that keeps the block `tail`, and all later blocks, alive.
    /// - `last` is `tail` or a later block.
    #[inline]
    pub(super) unsafe fn link_behind(
        &self,
        block: Block<T>,
        tail: Block<T>,
        last: &mut Block<T>,
        wanted: usize,
    ) -> bool {
        // SAFETY: `tail`, `last` and the blocks behind them are alive, and the caller owns `block`
        // exclusively, by contract.
        unsafe {
            while last.distance_from(tail) < wanted * Block::<T>::CAP {
                if let Some(next) = last.next() {
                    *last = next;
                    continue;
                }
                block.recycle(last.header().start().wrapping_add(Block::<T>::CAP));
                match last.link_next(block) {
                    Ok(()) => {
                        *last = block;
                        return true;
                    }
                    Err(other) => *last = other,
                }
            }
        }
        false
    }

    /// Returns the later block of `end` and `reserved`, for a retirement that saw no pin. The
    /// result may be the retiring block itself, which lies before the tail.
    fn take_end(&self) -> Option<Block<T>> {
        // SAFETY: only the current retirement accesses the word, and the caller is that retirement.
        let end = self.end.with(|end| unsafe { *end });
        // Relaxed: a hint. If the `reserve` is over, its write is visible: see the head of this
        // file. If not, the next retirement takes the block.
        let reserved = if self.reserved.load(Ordering::Relaxed).is_null() {
            core::ptr::null_mut()
        } else {
            // Acquire: partner of `note_reserved`, for the block.
            self.reserved.swap(core::ptr::null_mut(), Ordering::Acquire)
        };
        let (end, reserved) = (Block::from_ptr(end), Block::from_ptr(reserved));
        let (Some(known), Some(new)) = (end, reserved) else { return end.or(reserved) };
        // SAFETY: both blocks are alive. Each of them is not retired, or is the caller's block: see
        // the head of this file.
        let distance = unsafe { new.distance_from(known) };
        Some(if distance <= isize::MAX as usize { new } else { known })
    }

    /// Removes a block from both words. The caller retires the block, has moved `head` past it, and
    /// saw a pin.
    pub(super) fn forget_end(&self, retired: Block<T>) {
        // SAFETY: only the current retirement accesses the word, and the caller is that retirement.
        self.end.with_mut(|end| unsafe {
            if *end == retired.as_ptr() {
                *end = core::ptr::null_mut();
            }
        });
        // Release: partner of `note_reserved`, for `head_start`. Not Acquire: the block is not
        // accessed. A write even if the word names another block.
        let _ = self.reserved.fetch_update(Ordering::Release, Ordering::Relaxed, |seen| {
            Some(if seen == retired.as_ptr() { core::ptr::null_mut() } else { seen })
        });
    }

    /// Hands the last block of a `reserve` to the next retirement.
    ///
    /// # Safety
    /// - The caller has pinned the list, and then called `pinned_tail`.
    /// - The block is the block of that tail, or a later block.
    pub(crate) unsafe fn note_reserved(&self, last: Block<T>) {
        // Release: partner of `take_end`, for the block. Acquire: partner of `forget_end`, for
        // `head_start`.
        self.reserved.swap(last.as_ptr(), Ordering::AcqRel);
        // SAFETY: the pin keeps the block alive.
        let start = unsafe { last.header() }.start();
        // Relaxed: if `forget_end` came first, the swap synchronizes with it.
        let ahead = start.wrapping_sub(self.head_start.load(Ordering::Relaxed));
        if ahead > isize::MAX as usize {
            // The block is retired. The pin keeps its memory from reuse, so the word cannot name
            // another block. Relaxed: the drop of the pin (Release) makes the change visible to
            // retirements.
            let _ = self.reserved.compare_exchange(
                last.as_ptr(),
                core::ptr::null_mut::<Header<T>>(),
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
        }
    }
}

#[cfg(test)]
impl<T> List<T> {
    /// Returns `true` if `reserved` names the block.
    pub(crate) fn is_reserved(&self, block: Block<T>) -> bool {
        // Relaxed: no other thread accesses the list of a test.
        self.reserved.load(Ordering::Relaxed) == block.as_ptr()
    }
}
