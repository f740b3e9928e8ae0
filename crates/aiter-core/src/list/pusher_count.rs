//! How many pushers a list has, and how many weak ones: one word, as each may become the other while somebody asks
//! whether there is only one.

use crate::sync::{AtomicUsize, Ordering, retry_hint};

/// The halves of the word.
const WEAK_ONE: usize = 1 << (usize::BITS / 2);
const STRONG: usize = WEAK_ONE - 1;
/// More are refused, of each kind. Twice as many can be counted, as those who come at the same time are counted before
/// they are refused.
pub(crate) const MOST_PUSHERS: usize = STRONG / 2 + 1;

/// `Pusher`s alive, and above them `WeakPusher`s.
pub(crate) struct PusherCount(AtomicUsize);

impl PusherCount {
    /// One pusher.
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(1))
    }

    pub(crate) fn add_pusher(&self) {
        self.add(1);
    }

    pub(crate) fn add_weak(&self) {
        self.add(WEAK_ONE);
    }

    fn add(&self, one: usize) {
        // Relaxed: the caller has one.
        let old = self.0.fetch_add(one, Ordering::Relaxed);
        if old & STRONG >= MOST_PUSHERS || old / WEAK_ONE >= MOST_PUSHERS {
            self.0.fetch_sub(one, Ordering::Relaxed);
            panic!("too many pushers");
        }
    }

    /// One pusher more, unless there is none, or too many.
    pub(crate) fn revive(&self) -> bool {
        let mut pushers = self.0.load(Ordering::Relaxed);
        while pushers & STRONG != 0 && pushers & STRONG < MOST_PUSHERS {
            // Relaxed: a pusher needs nothing from the others.
            match self.0.compare_exchange_weak(
                pushers,
                pushers + 1,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => pushers = now,
            }
            retry_hint();
        }
        false
    }

    /// True if it was the last one, who is to stop the list.
    pub(crate) fn remove_pusher(&self) -> bool {
        // Release: partner of `has_only_one`, for the tail, and of the last one. Acquire: the last one stops
        // the list, and the end happens after all that any pusher's thread did.
        self.0.fetch_sub(1, Ordering::AcqRel) & STRONG == 1
    }

    pub(crate) fn remove_weak(&self) {
        // Relaxed: a weak pusher changes nothing. A pusher that came from it has handed over what it did in
        // `remove_pusher`; the word is only changed by read-modify-writes, so `has_only_one` sees that.
        self.0.fetch_sub(WEAK_ONE, Ordering::Relaxed);
    }

    /// True if the caller's pusher is the only one, and no other can come to be but from it.
    pub(crate) fn has_only_one(&self) -> bool {
        // Acquire: partner of `remove_pusher`, for the tail, through however many changes.
        self.0.load(Ordering::Acquire) == 1
    }
}

#[cfg(test)]
impl PusherCount {
    /// As if there were so many.
    pub(crate) fn set(&self, pushers: usize, weak: usize) {
        // Relaxed: a test is alone with its list.
        self.0.store(weak * WEAK_ONE + pushers, Ordering::Relaxed);
    }
}
