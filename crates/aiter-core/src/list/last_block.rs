//! The last linked block, behind which retired blocks are linked.
//!
//! A block that retires is linked behind the last one if fewer than `spare` blocks are linked behind the
//! tail. Finding the last one must cost the same for any reserve. So its place is kept in two words:
//! - `end`: null, or a block that is not retired. It belongs to the retirement at hand. Blocks retire in
//!   the list's order, and each retirement happens before the next one, by way of the link's count. So it
//!   is plain memory.
//! - `reserved`: null, or the last block of a `reserve`, which hands it to the next retirement.
//!
//! How many blocks lie between two others follows from their `start` indices. Blocks may be linked behind
//! `end`: by a producer, by a reader that clears limbo, or by a `reserve` whose word a shorter one has
//! overwritten. A retirement walks over each of them once, so its cost is constant when amortized.
//!
//! No retirement dereferences a block that another one has retired, because its memory may be gone. Let
//! `reserve` be at work, pinned at the tail T, and let its last block be L, at or behind T.
//! - A block before T may retire without seeing the pin. L is then alive, because it is behind that block.
//! - A block B from T on retires with the pin in sight, unless the `reserve` is over: see the list's *Pins*. With
//!   the pin in sight, the retirement dereferences neither word, and removes B from both.
//!   1. It moves the head past B, and then changes `reserved` (by a read-modify-write, also if B is not there).
//!   2. `reserve` puts L into `reserved`, and then reads the head.
//!
//!   If L is B and (1) comes first, `reserve` sees that the head is past L, and takes L out again before its pin
//!   goes. If (2) comes first, the retirement takes L out.
//! - With the `reserve` over, its write is visible to the retirement, which takes L out of `reserved`, and sets
//!   `end` to a block that is not before the tail.
//!
//! After the stop no retirement uses the two words.

use crate::{
    list::{
        List,
        block::{Block, Header},
    },
    sync::{Ordering, retry_hint},
};

impl<T> List<T> {
    /// Links a block behind the last one if fewer than `wanted` blocks are linked behind `tail`. Returns
    /// `false` if it did not.
    ///
    /// # Safety
    /// The caller is the retirement at hand, which saw no pin. It owns the block alone, and a count that keeps
    /// the block `tail`, and all that follow, alive.
    pub(super) unsafe fn link_last(&self, block: Block<T>, tail: Block<T>, wanted: usize) -> bool {
        // With one block there is nothing to remember.
        let known = if wanted > 1 { self.take_end() } else { None };
        // SAFETY: both are alive: `known` is not retired, but for the caller's block.
        let is_ahead =
            |block: &Block<T>| unsafe { block.distance_from(tail) } <= isize::MAX as usize;
        let mut last = known.filter(is_ahead).unwrap_or(tail);
        // SAFETY: `last` is at or behind the tail; the rest is the caller's contract.
        let is_linked = unsafe { self.link_behind(block, tail, &mut last, wanted) };
        if wanted > 1 {
            // SAFETY: the word belongs to the retirement at hand, which is the caller's.
            self.end.with_mut(|end| unsafe { *end = last.as_ptr() });
        }
        is_linked
    }

    /// Links a block behind the last one if fewer than `wanted` blocks are linked behind `tail`. Returns
    /// `false` if it did not. Leaves in `last` how far it came.
    ///
    /// Beside other parties that link blocks, this meets more and more of them, but goes no further than is
    /// wanted.
    ///
    /// # Safety
    /// The caller owns the block alone, and a count that keeps the block `tail`, and all that follow, alive.
    /// `last` is one of these.
    #[inline]
    pub(super) unsafe fn link_behind(
        &self,
        block: Block<T>,
        tail: Block<T>,
        last: &mut Block<T>,
        wanted: usize,
    ) -> bool {
        // SAFETY: `tail` and `last` are alive, and `block` is the caller's, by contract.
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

    /// The later one of `end` and `reserved`, for a retirement that saw no pin. It may be the very block that
    /// retires, which lies before the tail.
    fn take_end(&self) -> Option<Block<T>> {
        // SAFETY: the word belongs to the retirement at hand, which is the caller's.
        let end = self.end.with(|end| unsafe { *end });
        // Relaxed: if `reserve` is over, its write is visible, see above; if not, it is early enough next time.
        let reserved = if self.reserved.load(Ordering::Relaxed).is_null() {
            core::ptr::null_mut()
        } else {
            // Acquire: partner of `note_reserved`, for the block.
            self.reserved.swap(core::ptr::null_mut(), Ordering::Acquire)
        };
        let (end, reserved) = (Block::from_ptr(end), Block::from_ptr(reserved));
        let (Some(one), Some(other)) = (end, reserved) else { return end.or(reserved) };
        // SAFETY: both are alive: neither is retired, see above, but for the caller's block.
        let distance = unsafe { other.header().start().wrapping_sub(one.header().start()) };
        Some(if distance <= isize::MAX as usize { other } else { one })
    }

    /// Removes a block that the caller retires with a pin in sight. The head is past it.
    pub(super) fn forget_end(&self, retired: Block<T>) {
        // SAFETY: the word belongs to the retirement at hand, which is the caller's.
        self.end.with_mut(|end| unsafe {
            if *end == retired.as_ptr() {
                *end = core::ptr::null_mut();
            }
        });
        let mut seen = self.reserved.load(Ordering::Relaxed);
        loop {
            let new = if seen == retired.as_ptr() { core::ptr::null_mut() } else { seen };
            // Release: partner of `note_reserved`, for the head. The block is not looked at.
            match self.reserved.compare_exchange_weak(
                seen,
                new,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
            retry_hint();
        }
    }

    /// Hands the last block of a `reserve` to the next retirement.
    ///
    /// # Safety
    /// The caller has pinned the list, and then read the tail, and the block is that of the tail or behind it.
    pub(crate) unsafe fn note_reserved(&self, last: Block<T>) {
        // Release: partner of `take_end`, for the block. Acquire: partner of `forget_end`, for the head.
        self.reserved.swap(last.as_ptr(), Ordering::AcqRel);
        // SAFETY: alive, by contract.
        let start = unsafe { last.header() }.start();
        // Relaxed: see above.
        let ahead = start.wrapping_sub(self.head_start.load(Ordering::Relaxed));
        if ahead > isize::MAX as usize {
            // Retired meanwhile. The pin keeps its memory from being used again, so no other block is meant.
            // Relaxed: the pin's end (Release) makes it visible to retirements.
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
        // Relaxed: a test is alone with its list.
        self.reserved.load(Ordering::Relaxed) == block.as_ptr()
    }
}
