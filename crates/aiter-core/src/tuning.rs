//! The constants that were chosen by measurement. Each affects speed or memory, never a result.

use crate::sync::{HAS_FOUR_SLOTS, IS_MODEL};

/// `true` if a spin can pay off: the producer does not need the core of the cursor. Checkers model
/// no time.
const SPINS: bool = usize::BITS >= 64 && !IS_MODEL && !cfg!(miri);

/// Maximum number of slots in a block. The state word of a block has a ready bit for each slot, an
/// unused bit, and the flags. The tag bits of a block's address must be able to hold the slot
/// number.
///
/// Two under a checker, so that each loom test crosses blocks. Four for tests of a block's inside.
pub(crate) const MAX_SLOTS: usize = if IS_MODEL {
    if HAS_FOUR_SLOTS { 4 } else { 2 }
} else if usize::BITS >= 64 {
    61
} else {
    16
};

/// Maximum size of a block before padding, if it has more than one slot, in bytes.
pub(crate) const MAX_BLOCK_BYTES: usize = 32 * 1024;

/// Initial number of `spin_loop` hints before a cursor that kept up with a run of items sleeps (see
/// `cursor/spin.rs`). The hints take a fraction of the time of a sleep and a wake-up.
pub(crate) const SPIN_HINTS: usize = if SPINS { 16 } else { 0 };

/// Maximum number of hints in a spin. It costs less than a sleep and a wake-up.
pub(crate) const MAX_SPIN_HINTS: usize = 8 * SPIN_HINTS;

/// Maximum number of sleeps between two spins. Spins before sleeps become rare if they find
/// nothing, for example because the producer is on the same thread. If the producer moves to
/// another core, each sleep without a spin may cost a wake-up.
pub(crate) const MAX_SLEEPS_SKIPPED: u8 = 15;

/// Number of `spin_loop` hints after a claim that lost to another claim, and before a taker checks
/// again. The number is fixed, so the spin waits for no other party.
pub(crate) const RIVAL_SPIN_HINTS: usize = if SPINS { 64 } else { 0 };

/// Number of items since the last sleep from which on a cursor or taker counts as keeping up. Below
/// it, each item may have needed a wake-up.
pub(crate) const KEEPING_UP: usize = if IS_MODEL { 1 } else { 8 };

/// Number of times that a taker that kept up checks again before it sleeps.
pub(crate) const TAKER_SPINS: usize = if IS_MODEL {
    1
} else if SPINS {
    4
} else {
    0
};

/// A run of fewer items is short. Before it takes a short run, a cursor may spin.
pub(crate) const SHORT_RUN: usize = 8;

/// Maximum number of items that `push_all` collects before it claims their slots.
pub(crate) const CHUNK: usize = 32;

/// Maximum size of an item that `push_all` collects, in bytes. Larger items are pushed one by one,
/// because the collected items are on the stack.
pub(crate) const MAX_CHUNKED_BYTES: usize = 128;

/// Maximum size of the retired blocks that a list keeps for producers while readers find items, in
/// bytes. Zero on targets with little memory.
pub(crate) const FREE_LIST_BYTES: usize = if usize::BITS >= 64 { 16 * 1024 } else { 0 };

/// Minimum distance, in blocks, between the tail and a reader that works off a burst.
pub(crate) const MIN_BURST_BLOCKS: usize = 8;

/// Number of blocks that are freed at the tail after a burst, before a block is kept there again.
///
/// The last blocks of a burst are the most recent allocations. While they are in use, the allocator
/// may be unable to return the memory of the burst to the system, so they must be freed.
pub(crate) const FREES_AFTER_BURST: usize = 3;
