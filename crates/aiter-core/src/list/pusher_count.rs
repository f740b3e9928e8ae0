//! Strong and weak pusher counts of a list. The list stops when the strong count reaches zero.
//!
//! Both counts share a word, because a pusher may become weak, or a weak pusher strong, while
//! `has_only_one` runs. One load then sees a consistent pair.
//!
//! # Unique pushers and `close`
//! A `UniquePusher` moves the tail by plain stores, so no other party may set the stop mark while
//! it lives. It has no destructor, so the list does not know when it ends. `NEVER_UNIQUE` and
//! `CLOSED` are in the same word as the counts, so `close` and `set_unique` agree on their order:
//! - If `close` is first, `set_unique` returns `CloseMark::Set`, and the caller stops the list.
//! - If `set_unique` is first and the counts still are one pusher and no weak pusher, a unique
//!   pusher may live. `close` then leaves the stop to that pusher.
//!
//! # Ordering policy
//! `remove_pusher` (AcqRel) synchronizes with `has_only_one` (Acquire) and with the last
//! `remove_pusher`. `add` (Release) and `close` (Acquire) are partners: the stores of an earlier
//! unique pusher to the tail happen before the stop mark. All other changes are Relaxed. They are
//! read-modify-writes, so they continue the release sequence of an earlier change.

use crate::sync::{AtomicUsize, Ordering};

//  BITS-1   BITS-2         BITS-3   BITS/2   BITS/2-1       0      (BITS is usize::BITS)
// +--------+--------------+-----------------+----------------+
// | CLOSED | NEVER_UNIQUE | weak count      | strong count   |
// +--------+--------------+-----------------+----------------+

/// One weak pusher.
const WEAK_ONE: usize = 1 << (usize::BITS / 2);
/// The bits of the strong count.
const STRONG_MASK: usize = WEAK_ONE - 1;
/// No unique pusher was made yet.
const NEVER_UNIQUE: usize = 1 << (usize::BITS - 2);
/// A cursor has closed the list.
const CLOSED: usize = 1 << (usize::BITS - 1);
/// The bits of both counts.
const COUNTS: usize = NEVER_UNIQUE - 1;
/// The maximum of the strong count. Its bits hold twice as many, because threads that add a pusher
/// at the same time are counted before they are refused.
pub(crate) const MOST_PUSHERS: usize = STRONG_MASK / 2 + 1;
/// The maximum of the weak count.
pub(crate) const MOST_WEAK: usize = MOST_PUSHERS / 4;

/// Numbers of `Pusher`s, and of `WeakPusher`s and `Subscriber`s.
pub(crate) struct PusherCount(AtomicUsize);

/// Whether a cursor has closed the list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseMark {
    Set,
    NotSet,
}

impl PusherCount {
    /// Returns the counts of a new list: one pusher.
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(NEVER_UNIQUE | 1))
    }

    /// Returns the strong count.
    pub(crate) fn pushers(&self) -> usize {
        // Relaxed: only a number.
        self.0.load(Ordering::Relaxed) & STRONG_MASK
    }

    /// Counts a pusher. The caller has a pusher.
    ///
    /// # Panics
    /// Panics if the list has `MOST_PUSHERS` pushers or `MOST_WEAK` weak pushers. The counts are
    /// then unchanged.
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
        // Release: partner of `close`, for the tail, which the caller may have moved as a unique
        // pusher.
        let old = self.0.fetch_add(one, Ordering::Release) & COUNTS;
        if old & STRONG_MASK >= MOST_PUSHERS || old / WEAK_ONE >= MOST_WEAK {
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

    /// Returns `true` if the list has one pusher, the caller's, and no weak pusher, was unique
    /// before and is not closed. A new handle can then be made only from the caller's.
    #[inline(always)]
    pub(crate) fn has_only_one(&self) -> bool {
        // Acquire: partner of each earlier `remove_pusher`, for the tail.
        self.0.load(Ordering::Acquire) == 1
    }

    /// Returns `None` if the list has other pushers or a weak pusher. Otherwise notes that a unique
    /// pusher may live from now on, and returns whether a cursor has closed the list before. Call
    /// it if `has_only_one` returned `false`.
    #[inline]
    pub(crate) fn set_unique(&self) -> Option<CloseMark> {
        // Relaxed: only a number. With other pushers, which is common, no call is needed.
        if self.0.load(Ordering::Relaxed) & STRONG_MASK != 1 {
            None
        } else {
            self.set_unique_slow()
        }
    }

    #[cold]
    fn set_unique_slow(&self) -> Option<CloseMark> {
        // Acquire: partner of each earlier `remove_pusher`, for the tail. The counts of the only
        // handle change no more.
        if self.0.load(Ordering::Acquire) & COUNTS != 1 {
            return None;
        }
        // Relaxed: the word itself decides between this call and `close`.
        let before = self.0.fetch_and(!NEVER_UNIQUE, Ordering::Relaxed);
        Some(if before & CLOSED != 0 { CloseMark::Set } else { CloseMark::NotSet })
    }

    /// Notes that a cursor has closed the list. Returns `true` if no unique pusher lives. No later
    /// one moves the tail, because `set_unique` sees the mark: the caller stops the list. Otherwise
    /// the only pusher may be unique, and stops the list itself.
    pub(crate) fn close(&self) -> bool {
        // Acquire: partner of `add`, for the tail.
        let before = self.0.fetch_or(CLOSED, Ordering::Acquire);
        before & NEVER_UNIQUE != 0 || before & COUNTS != 1
    }
}

#[cfg(test)]
impl PusherCount {
    /// Sets both counts, as if the list had been unique.
    pub(crate) fn set(&self, pushers: usize, weak: usize) {
        // Relaxed: no other thread uses the list of this test.
        self.0.store(weak * WEAK_ONE + pushers, Ordering::Relaxed);
    }
}
