//! Strong and weak pusher counts of a list. The list stops when the strong count reaches zero.
//!
//! Both counts share a word, because a pusher may become weak, or a weak pusher strong, while
//! `has_only_one` runs. One load then sees a consistent pair.
//!
//! # Ordering policy
//! `remove_pusher` (AcqRel) synchronizes with `has_only_one` (Acquire) and with the last
//! `remove_pusher`. All other changes are Relaxed. They are read-modify-writes, so they continue
//! the release sequence of an earlier `remove_pusher`.

use crate::sync::{AtomicUsize, Ordering};

//  usize::BITS-1          usize::BITS/2   usize::BITS/2-1             0
// +--------------------------------------+-----------------------------+
// | weak count                           | strong count                |
// +--------------------------------------+-----------------------------+

/// One weak pusher.
const WEAK_ONE: usize = 1 << (usize::BITS / 2);
/// The bits of the strong count.
const STRONG_MASK: usize = WEAK_ONE - 1;
/// The maximum of each count. A half of the word holds twice as many, because threads that add a
/// pusher at the same time are counted before they are refused.
pub(crate) const MOST_PUSHERS: usize = STRONG_MASK / 2 + 1;

/// Numbers of `Pusher`s and of `WeakPusher`s.
pub(crate) struct PusherCount(AtomicUsize);

impl PusherCount {
    /// Returns the counts of a new list: one pusher.
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(1))
    }

    /// Counts a pusher. The caller has a pusher.
    ///
    /// # Panics
    /// Panics if the list has `MOST_PUSHERS` pushers or weak pushers. The counts are then
    /// unchanged.
    pub(crate) fn add_pusher(&self) {
        self.add(1);
    }

    /// Counts a weak pusher. The caller has a pusher or a weak pusher.
    ///
    /// # Panics
    /// Panics as `add_pusher` does.
    pub(crate) fn add_weak(&self) {
        self.add(WEAK_ONE);
    }

    fn add(&self, one: usize) {
        // Relaxed: the caller's handle is counted and shares the list, so no memory is published.
        let old = self.0.fetch_add(one, Ordering::Relaxed);
        if old & STRONG_MASK >= MOST_PUSHERS || old / WEAK_ONE >= MOST_PUSHERS {
            // Relaxed: undoes the addition, which no other party relies on.
            self.0.fetch_sub(one, Ordering::Relaxed);
            panic!("too many pushers");
        }
    }

    /// Counts a pusher. Returns `false` if the list has no pusher, or `MOST_PUSHERS` of them.
    /// Lock-free.
    pub(crate) fn try_add_pusher(&self) -> bool {
        // Relaxed: a pusher relies on nothing that another pusher did.
        let counted = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |pushers| {
            (1..MOST_PUSHERS).contains(&(pushers & STRONG_MASK)).then_some(pushers + 1)
        });
        counted.is_ok()
    }

    /// Takes a pusher out of the count. Returns `true` if it was the last: the caller stops the
    /// list.
    pub(crate) fn remove_pusher(&self) -> bool {
        // Release: partner of `has_only_one`, for the tail, and of the last `remove_pusher`.
        // Acquire: everything that each pusher's thread did before its drop happens before the
        // stop.
        self.0.fetch_sub(1, Ordering::AcqRel) & STRONG_MASK == 1
    }

    /// Takes a weak pusher out of the count.
    pub(crate) fn remove_weak(&self) {
        // Relaxed: a weak pusher writes nothing to the list. If it was upgraded, `remove_pusher`
        // has published the writes of that pusher. This read-modify-write keeps them visible to
        // `has_only_one`.
        self.0.fetch_sub(WEAK_ONE, Ordering::Relaxed);
    }

    /// Returns the strong count.
    pub(crate) fn pushers(&self) -> usize {
        // Relaxed: the number hands no other data over.
        self.0.load(Ordering::Relaxed) & STRONG_MASK
    }

    /// Returns `true` if the list has one pusher, the caller's, and no weak pusher. A new handle
    /// can then be made only from the caller's.
    pub(crate) fn has_only_one(&self) -> bool {
        // Acquire: partner of each earlier `remove_pusher`, for the tail.
        self.0.load(Ordering::Acquire) == 1
    }
}

#[cfg(test)]
impl PusherCount {
    /// Sets both counts.
    pub(crate) fn set(&self, pushers: usize, weak: usize) {
        // Relaxed: no other thread uses the list of this test.
        self.0.store(weak * WEAK_ONE + pushers, Ordering::Relaxed);
    }
}
