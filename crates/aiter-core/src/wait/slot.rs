//! One waker in a place of its own, and a run of such places.

use alloc::boxed::Box;
use core::{
    ptr::{NonNull, null_mut},
    task::Waker,
};

use crate::sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, UnsafeCell};

/// Numbers of slots that a segment takes, though it may have fewer slots.
pub(super) const BITS: usize = usize::BITS as usize;

/// A place for one waker.
pub(super) struct Slot {
    pub(super) waker: UnsafeCell<Option<Waker>>,
    /// The segment that the slot is in. Null for the first slot of a queue.
    pub(super) segment: *const Segment,
    /// Its number there.
    pub(super) number: u8,
    /// Armed, or with a notifier.
    pub(super) busy: AtomicBool,
    /// The waiter has left the slot to the notifier that had it.
    pub(super) left: AtomicBool,
}

impl Slot {
    pub(super) fn new(number: usize) -> Self {
        Self {
            waker: UnsafeCell::new(None),
            segment: core::ptr::null(),
            number: number as u8,
            busy: AtomicBool::new(false),
            left: AtomicBool::new(false),
        }
    }

    pub(super) fn bit(&self) -> usize {
        1 << self.number
    }

    /// Returns `true` if the slot is not with a notifier, for a caller that knows that it is not
    /// armed.
    pub(super) fn is_given_back(&self) -> bool {
        // Acquire: partner of `Claimed::drop`.
        !self.busy.load(Ordering::Acquire)
    }

    /// Puts a waker in, and returns the waker that was there.
    ///
    /// # Safety
    /// The slot is the caller's: see the head of `slots.rs`.
    pub(super) unsafe fn replace(&self, waker: Option<Waker>) -> Option<Waker> {
        // SAFETY: the slot is the caller's, and so is the waker.
        self.waker.with_mut(|at| core::mem::replace(unsafe { &mut *at }, waker))
    }

    /// Returns `true`, and the slot is the caller's, if its waiter has left it and its notifier
    /// has given it back.
    pub(super) fn take_left(&self) -> bool {
        // Relaxed: a look, which spares the exchange.
        if !(self.left.load(Ordering::Relaxed) && self.is_given_back()) {
            return false;
        }
        // Acquire: partner of `Slots::leave`. The exchange chooses one of several callers. Only then
        // does the look at `busy` count: meanwhile the slot may have been freed, taken and left once
        // more.
        if !self.left.swap(false, Ordering::Acquire) {
            return false;
        }
        let is_taken = self.is_given_back();
        if !is_taken {
            // Release: as `Slots::leave`, for the next caller.
            self.left.store(true, Ordering::Release);
        }
        is_taken
    }
}

/// More slots, and a bit for each in two words.
pub(super) struct Segment {
    /// Slots that belong to a waiter, or were left by it.
    pub(super) used: AtomicUsize,
    /// Slots whose wakers are to be called.
    pub(super) armed: AtomicUsize,
    /// The next segment. Set once.
    pub(super) next: AtomicPtr<Segment>,
    /// The number of its first slot in the queue.
    pub(super) base: usize,
    pub(super) slots: Box<[Slot]>,
}

impl Segment {
    /// A segment whose first slot is in use, out of a box. Each one of a queue holds twice as many
    /// slots as the one before, up to the bits of a word.
    pub(super) fn new(number: u32) -> *mut Self {
        let slots = if number < usize::BITS.ilog2() { 1 << number } else { usize::BITS as usize };
        let segment = Box::into_raw(Box::new(Self {
            used: AtomicUsize::new(1),
            armed: AtomicUsize::new(0),
            next: AtomicPtr::new(null_mut()),
            base: number as usize * BITS,
            slots: (0..slots).map(Slot::new).collect(),
        }));
        // SAFETY: the segment was made just now, and no other party knows it.
        for slot in unsafe { (*segment).slots.iter_mut() } {
            slot.segment = segment;
        }
        segment
    }

    /// Takes a free slot, if there is one.
    pub(super) fn take_free(&self) -> Option<&Slot> {
        let all = usize::MAX >> (usize::BITS as usize - self.slots.len());
        // Relaxed: a look.
        let mut used = self.used.load(Ordering::Relaxed);
        loop {
            let free = !used & all;
            if free == 0 {
                return None;
            }
            let bit = free & free.wrapping_neg();
            // Acquire: partner of `Slots::free`, for the slot.
            let before = self.used.fetch_or(bit, Ordering::Acquire);
            if before & bit == 0 {
                return Some(&self.slots[bit.trailing_zeros() as usize]);
            }
            used = before;
        }
    }
}

/// A slot that belongs to a waiter.
#[derive(Clone, Copy)]
pub(crate) struct Place(pub(super) NonNull<Slot>);

/// A slot that a notifier has taken from its waiter, until it is dropped.
pub(crate) struct Claimed<'a>(pub(super) &'a Slot);

impl Claimed<'_> {
    /// Takes the waker out.
    pub(crate) fn take(&mut self) -> Option<Waker> {
        // SAFETY: this notifier has claimed the slot and not yet given it back.
        unsafe { self.0.replace(None) }
    }

    /// Looks at the waker.
    pub(crate) fn with(&self, f: impl FnOnce(Option<&Waker>)) {
        // SAFETY: as above.
        self.0.waker.with(|at| f(unsafe { &*at }.as_ref()));
    }
}

impl Drop for Claimed<'_> {
    /// Gives the slot back to its waiter.
    fn drop(&mut self) {
        // Release: partner of `Slot::is_given_back`, for the notifier's use of the waker.
        self.0.busy.store(false, Ordering::Release);
    }
}
