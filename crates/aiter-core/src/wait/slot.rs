//! A slot for one waker, and a segment of slots.
//!
//! # Ordering policy
//! `busy` returns a slot from a notifier to its waiter: Release in `Claimed::drop`, Acquire in
//! `Slot::is_idle`. `abandoned` passes a slot from `Slots::abandon` to `Slot::take_abandoned`, and
//! `used` passes it from `Slots::free_slot` to `Segment::take_free`. See `slots.rs` for `armed`.

use alloc::boxed::Box;
use core::{
    ptr::{NonNull, null_mut},
    task::Waker,
};

use crate::sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, UnsafeCell};

/// Slot numbers that a segment reserves. A segment may have fewer slots.
pub(super) const BITS: usize = usize::BITS as usize;

/// A slot for one waker.
pub(super) struct Slot {
    pub(super) waker: UnsafeCell<Option<Waker>>,
    /// The segment that contains the slot. Null for the first slot of a queue.
    pub(super) segment: *const Segment,
    /// The slot's number in its segment.
    pub(super) number: u8,
    /// Set while the slot is armed, or owned by a notifier.
    pub(super) busy: AtomicBool,
    /// Set once the waiter has abandoned the slot to the notifier that owned it.
    pub(super) abandoned: AtomicBool,
}

impl Slot {
    pub(super) fn new(number: usize) -> Self {
        Self {
            waker: UnsafeCell::new(None),
            segment: core::ptr::null(),
            number: number as u8,
            busy: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
        }
    }

    pub(super) fn bit(&self) -> usize {
        1 << self.number
    }

    /// Returns `true` if the slot is neither armed nor owned by a notifier.
    pub(super) fn is_idle(&self) -> bool {
        // Acquire: partner of `Claimed::drop`, for the notifier's use of the waker.
        !self.busy.load(Ordering::Acquire)
    }

    /// Replaces the waker, and returns the previous one.
    ///
    /// # Safety
    /// The caller owns the slot (see the table in `slots.rs`).
    pub(super) unsafe fn replace(&self, waker: Option<Waker>) -> Option<Waker> {
        // SAFETY: the caller owns the slot, so no other party accesses the waker.
        self.waker.with_mut(|at| core::mem::replace(unsafe { &mut *at }, waker))
    }

    /// Makes the caller the owner of an abandoned slot. Returns `false` if the slot is not
    /// abandoned, or if its notifier has not returned it.
    pub(super) fn take_abandoned(&self) -> bool {
        // Relaxed: a hint that avoids the exchange.
        if !(self.abandoned.load(Ordering::Relaxed) && self.is_idle()) {
            return false;
        }
        // Acquire: partner of `Slots::abandon`. The exchange selects one of several callers. Only
        // the load of `busy` after it counts, because before the exchange, the slot may have been
        // freed, taken and abandoned again.
        if !self.abandoned.swap(false, Ordering::Acquire) {
            return false;
        }
        let is_taken = self.is_idle();
        if !is_taken {
            // Release: partner of the exchange above in the next caller, as in `Slots::abandon`.
            self.abandoned.store(true, Ordering::Release);
        }
        is_taken
    }
}

/// A run of slots, and two words with a bit for each slot.
pub(super) struct Segment {
    /// Slots that belong to a waiter, or are abandoned.
    pub(super) used: AtomicUsize,
    /// Slots whose wakers the next notification calls.
    pub(super) armed: AtomicUsize,
    /// The next segment. Set once.
    pub(super) next: AtomicPtr<Segment>,
    /// The number of the first slot in the queue.
    pub(super) base: usize,
    pub(super) slots: Box<[Slot]>,
}

impl Segment {
    /// Allocates a segment whose first slot is in use. Each segment of a queue has twice as many
    /// slots as the previous one, at most one for each bit of a word.
    pub(super) fn new(number: u32) -> *mut Self {
        let slots = if number < usize::BITS.ilog2() { 1 << number } else { usize::BITS as usize };
        let segment = Box::into_raw(Box::new(Self {
            used: AtomicUsize::new(1),
            armed: AtomicUsize::new(0),
            next: AtomicPtr::new(null_mut()),
            base: number as usize * BITS,
            slots: (0..slots).map(Slot::new).collect(),
        }));
        // SAFETY: the pointer is a live box that no other party knows yet.
        for slot in unsafe { (*segment).slots.iter_mut() } {
            slot.segment = segment;
        }
        segment
    }

    /// Takes a free slot. Returns `None` if all slots are in use.
    pub(super) fn take_free(&self) -> Option<&Slot> {
        let all = usize::MAX >> (usize::BITS as usize - self.slots.len());
        // Relaxed: a guess. The `fetch_or` decides.
        let mut used = self.used.load(Ordering::Relaxed);
        loop {
            let free = !used & all;
            if free == 0 {
                return None;
            }
            let bit = free & free.wrapping_neg();
            // Acquire: partner of `Slots::free_slot`, for the slot's last use.
            let before = self.used.fetch_or(bit, Ordering::Acquire);
            if before & bit == 0 {
                return Some(&self.slots[bit.trailing_zeros() as usize]);
            }
            used = before;
        }
    }
}

/// A pointer to a slot that belongs to a waiter.
#[derive(Clone, Copy)]
pub(crate) struct SlotPtr(pub(super) NonNull<Slot>);

/// A slot that a notifier has claimed. The drop returns the slot to its waiter.
pub(crate) struct Claimed<'a>(pub(super) &'a Slot);

impl Claimed<'_> {
    /// Takes the waker out.
    pub(crate) fn take(&mut self) -> Option<Waker> {
        // SAFETY: this notifier owns the slot from its claim to the drop of `self`.
        unsafe { self.0.replace(None) }
    }

    /// Passes the waker by reference.
    pub(crate) fn with(&self, f: impl FnOnce(Option<&Waker>)) {
        // SAFETY: this notifier owns the slot, and `take` needs `&mut self`.
        self.0.waker.with(|at| f(unsafe { &*at }.as_ref()));
    }
}

impl Drop for Claimed<'_> {
    fn drop(&mut self) {
        // Release: partner of `Slot::is_idle`, for the notifier's use of the waker.
        self.0.busy.store(false, Ordering::Release);
    }
}
