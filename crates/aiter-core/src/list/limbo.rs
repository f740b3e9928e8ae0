//! Retired blocks that another party may still look into.
//!
//! A block that retires with a pin in sight goes into limbo. It still belongs to the reserve: the blocks that
//! are not retired and those in limbo are together more than `spare`, else `try_push` would run out of
//! blocks for good. So a block leaves limbo in one of these ways:
//! - A later retirement, or a cursor that finds nothing to read, links it behind the last block, unless `spare`
//!   blocks are linked behind the tail. Both own a count, so they need no pin. A cursor must not pin: beside a
//!   `UniquePusher`, the tail moves without notice of a pin.
//! - A claim that may not allocate links it behind the tail block.
//! - Any other thread that tidies up frees it, but leaves `spare` blocks where they are.

use crate::{
    list::{List, block::Block, block_stack::Chain, tail::Tail},
    sync::Ordering,
};

impl<T> List<T> {
    /// Takes the blocks in limbo, unless a pin is there.
    ///
    /// Any thread may come here, also beside a retirement: the stack hands each block to one thread. Neither
    /// `end` nor `reserved` names a block that is in limbo, but for the short time in which a `reserve` is
    /// pinned.
    fn take_limbo(&self) -> Option<Chain<T>> {
        let blocks = self.limbo.take();
        // After the blocks were taken. A pin that can lead to one of them was there before the block stopped being
        // the tail, so the thread that retired the block had heard of the pin, and so has this one, by the stack.
        // If this look says that there is none, that pin has gone. A later pin leads to none of the blocks.
        if !self.is_pinned() {
            return Some(blocks);
        }
        for block in blocks {
            // SAFETY: the stack gave it to this thread.
            unsafe { self.limbo.push(block) };
        }
        None
    }

    /// Links the blocks in limbo behind the last one, as `recycle` does for the reserve, and keeps the rest.
    ///
    /// # Safety
    /// As `retire`, and the caller saw no pin since its block is retired.
    #[cold]
    pub(super) unsafe fn recycle_limbo(&self) {
        let Some(blocks) = self.take_limbo() else { return };
        let tail = self.tail();
        let spare = self.spare_at(tail);
        for block in blocks {
            // SAFETY: the stack gave the block to this thread, and no pin leads to it. The caller owns a count
            // at or before the tail's block.
            unsafe {
                if spare == 0 || !self.link_last(block, tail.block(), spare) {
                    self.keep(block);
                }
            }
        }
    }

    /// Gives back the memory of blocks that retired with a pin in sight, but for those that the reserve
    /// needs. Changes nothing if a pin is still there.
    ///
    /// If `may_link` and there is a reserve, this walks over it.
    ///
    /// # Safety
    /// If `may_link`, the caller owns a count of a block until this returns.
    pub(super) unsafe fn clear_limbo(&self, may_link: bool) {
        let Some(blocks) = self.take_limbo() else { return };
        let tail = self.tail();
        let spare = self.spare_at(tail);
        let mut last = tail.block();
        for (left, block) in blocks.enumerate() {
            // SAFETY: the stack gave the block to this thread, and no pin leads to it. `link_behind` is called
            // if the caller owns a count, which is at or before the tail's block.
            unsafe {
                if may_link {
                    if spare == 0 || !self.link_behind(block, tail.block(), &mut last, spare) {
                        self.keep(block);
                    }
                } else if left < spare {
                    self.limbo.push(block);
                } else {
                    self.keep(block);
                }
            }
        }
    }

    /// Links a block from limbo behind the tail block, for a claim that finds none there and does not
    /// allocate. Returns `true` if a second look is worth it: a block is linked, or the tail has moved.
    ///
    /// Lock-free; neither allocates nor frees.
    ///
    /// # Safety
    /// The caller has pinned the list once, and then read the tail.
    pub(super) unsafe fn link_from_limbo(&self, tail: Tail<T>) -> bool {
        if self.limbo.is_empty() {
            return false;
        }
        let Some(block) = self.limbo.take_one() else { return false };
        // After the block was taken, as in `take_limbo`, but for the caller's own pin: if there is no other pin,
        // no other party looks at the block. Acquire: partner of `Pin::drop`.
        let is_only = self.pins.load(Ordering::Acquire) == 1;
        // The caller's pin leads to the tail block. It is not the one that was taken if it is still the tail.
        let is_tail = self.tail() == tail;
        // SAFETY: the stack gave the block to this thread. The pin keeps the tail block alive, also if it is
        // not the tail any more.
        unsafe {
            if is_only && is_tail {
                block.recycle(tail.block().header().start().wrapping_add(Block::<T>::CAP));
                if tail.block().link_next(block).is_ok() {
                    return true;
                }
            }
            // Never linked, so no other party has seen the block.
            self.limbo.push(block);
        }
        // If another party has linked a block, there is one.
        is_only || !is_tail
    }
}
