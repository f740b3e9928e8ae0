//! The tail word: the tail block, its next free slot and the stop mark in one tagged pointer.
//!
//! A claim is one compare-and-swap on this word. It yields the slot together with its block, and
//! the unpublished slot keeps the block alive. So a producer needs neither a search nor a pin.
//!
//! A stale copy of the word is never dereferenced. A compare-and-swap from a stale copy succeeds
//! only if the same block is the tail block again, at the same slot. The block may have been
//! recycled in between. The claim is valid, because it takes a slot that is free now.

use crate::list::block::{ALIGN, Block, Header, SLOT_BITS};

// The low bits of a block's address are zero, because the address is a multiple of `ALIGN`.
//
//  usize::BITS-1              SLOT_BITS+1   SLOT_BITS   SLOT_BITS-1    0
// +----------------------------------------+-----------+----------------+
// | high bits of the address of the block  | STOPPED   | next free slot |
// +----------------------------------------+-----------+----------------+

/// The number of the next free slot, always less than `Block::CAP`.
const SLOT_MASK: usize = (1 << SLOT_BITS) - 1;
/// The list takes no more items. Set by `List::stop` and never cleared.
const STOPPED: usize = 1 << SLOT_BITS;
const TAG_MASK: usize = SLOT_MASK | STOPPED;

const _: () = assert!(TAG_MASK < ALIGN);

/// A value of the tail word.
pub(crate) struct Tail<T>(pub(super) *mut Header<T>);

impl<T> Clone for Tail<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Tail<T> {}

impl<T> PartialEq for Tail<T> {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.0, other.0)
    }
}

impl<T> Tail<T> {
    #[inline(always)]
    pub(crate) fn new(block: Block<T>, slot: usize) -> Self {
        debug_assert!(slot < Block::<T>::CAP);
        // The tag bits are zero, so an addition sets them. It is one instruction; `|` may be three.
        Self(block.as_ptr().map_addr(|addr| addr + slot))
    }

    #[inline(always)]
    pub(crate) fn block(self) -> Block<T> {
        // `new` made the word from a block, so the pointer is not null without the tag.
        Block::from_tagged(self.0, TAG_MASK)
    }

    #[inline(always)]
    pub(crate) fn slot(self) -> usize {
        self.0.addr() & SLOT_MASK
    }

    /// Returns `true` if this slot of this block is the next free one and the list is not stopped.
    /// The slot must not lie after the tail.
    ///
    /// With 16 slots in a block, on 32-bit targets, the slot number `CAP` equals `STOPPED`. A
    /// cursor has that number only after all slots of its block were claimed. By then the tail has
    /// left the block, so a stopped tail is never mistaken for that number.
    #[inline(always)]
    pub(crate) fn is_at(self, block: Block<T>, slot: usize) -> bool {
        self.0.addr() == block.as_ptr().addr() + slot
    }

    #[inline(always)]
    pub(crate) fn is_stopped(self) -> bool {
        self.0.addr() & STOPPED != 0
    }

    /// Returns `true` if a claim of `count` slots leaves a free slot in this block and the list is
    /// not stopped. One comparison answers both, because `STOPPED` is above the slot number.
    #[inline(always)]
    pub(crate) fn has_room(self, count: usize) -> bool {
        (self.0.addr() & TAG_MASK) + count < Block::<T>::CAP
    }

    /// Returns the tail after a claim of `count` slots, for which `has_room` returned `true`.
    #[inline(always)]
    pub(crate) fn plus(self, count: usize) -> Self {
        Self(self.0.map_addr(|addr| addr + count))
    }

    #[inline(always)]
    pub(crate) fn stopped(self) -> Self {
        Self(self.0.map_addr(|addr| addr | STOPPED))
    }
}
