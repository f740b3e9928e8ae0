//! Arithmetic on counts of items, which wrap around.
//!
//! A count has three bits less than a word. It stands above the flags of `admitted`.

/// Number of low bits of `admitted` that are flags.
pub(super) const FLAG_BITS: u32 = 3;

/// The largest count.
pub(super) const MAX: usize = usize::MAX >> FLAG_BITS;

/// The largest capacity. A difference of two counts is then never ambiguous.
pub(super) const MAX_CAP: usize = MAX / 4;

/// Reduces an index to a count.
pub(super) const fn wrap(index: usize) -> usize {
    index & MAX
}

/// Returns how far `count` is ahead of `before`.
pub(super) const fn distance(count: usize, before: usize) -> usize {
    wrap(count.wrapping_sub(before))
}

/// Returns how far `count` is ahead of `other`, and 0 if it is behind.
pub(super) const fn ahead(count: usize, other: usize) -> usize {
    let ahead = distance(count, other);
    if ahead > MAX / 2 { 0 } else { ahead }
}
