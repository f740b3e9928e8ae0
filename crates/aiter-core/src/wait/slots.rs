//! Places for wakers, and the bits that say which of them are to be called.
//!
//! A queue has its first slot in itself, as most queues have one waiter. All others lie in
//! segments.
//!
//! # A slot's life
//! A slot belongs to one waiter from its `used` bit's change to 1 until its change back to 0.
//! Two marks say which party may use its waker:
//! ```text
//!  armed  busy
//!    0      0    the waiter
//!    1      1    any notifier that clears `armed`; the waiter may clear it, too
//!    0      1    the notifier that cleared `armed`; it then clears `busy`
//! ```
//! A waiter that must register while a notifier has its slot does not wait. It leaves the slot
//! behind, marked as *left*, and takes another one. A slot that was left, and that the notifier has
//! given back, is freed later: by a waiter that registers or goes, a reader that finds nothing, or a
//! push that is refused. A notifier may be an interrupt handler, and drops nothing.
//!
//! # Ordering policy
//! `armed` hands a slot to a notifier: Release by the waiter, Acquire by the notifier. `busy`
//! hands it back: Release by the notifier, Acquire by the waiter. `used` and `left` hand it from
//! one waiter to the next. How `armed` closes races with what the parties do elsewhere is told in
//! `queue.rs`.

use core::{ptr::NonNull, ptr::null_mut, task::Waker};

use alloc::boxed::Box;

use crate::{
    sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering},
    wait::slot::{Place, Segment, Slot},
};

/// In `Slots::armed`: a slot in a segment was armed. Set and never taken away.
pub(super) const MORE: usize = 1 << 1;

/// The slots of a queue. Must not move while a waiter has a slot.
pub(crate) struct Slots {
    /// Bit 0 for the first slot, and `MORE`.
    pub(super) armed: AtomicUsize,
    /// The first slot belongs to a waiter, or was left by it.
    is_used: AtomicBool,
    pub(super) first: Slot,
    pub(super) more: AtomicPtr<Segment>,
}

// SAFETY: wakers are `Send`, and `segment` leads to memory of the queue itself.
unsafe impl Send for Slots {}
// SAFETY: wakers are `Sync` as well; a waker is replaced by the party that has its slot.
unsafe impl Sync for Slots {}

impl Slots {
    pub(crate) fn new() -> Self {
        Self {
            armed: AtomicUsize::new(0),
            is_used: AtomicBool::new(false),
            first: Slot::new(0),
            more: AtomicPtr::new(null_mut()),
        }
    }

    /// Takes a free slot. Allocates if all are in use. Lock-free.
    pub(crate) fn take_slot(&self) -> Place {
        // Acquire: partner of `free`, for the slot.
        let is_first = !self.is_used.swap(true, Ordering::Acquire);
        Place(NonNull::from(if is_first { &self.first } else { self.take_in_segment() }))
    }

    fn take_in_segment(&self) -> &Slot {
        let mut link = &self.more;
        for number in 1.. {
            // Acquire: partner of the exchange below.
            let mut next = link.load(Ordering::Acquire);
            if next.is_null() {
                let new = Segment::new(number);
                // Release: partner of all loads of a link. Acquire: for the segment of another
                // waiter that was faster. A success reads the null that the link was made with, so
                // it has nothing to acquire.
                match link.compare_exchange(null_mut(), new, Ordering::Release, Ordering::Acquire) {
                    // SAFETY: a segment, which lives as long as the queue.
                    Ok(_) => return unsafe { &(&(*new).slots)[0] },
                    Err(other) => {
                        // SAFETY: `new` was not linked.
                        drop(unsafe { Box::from_raw(new) });
                        next = other;
                    }
                }
            }
            // SAFETY: not null, so a segment, which lives as long as the queue.
            let segment = unsafe { &*next };
            if let Some(slot) = segment.take_free() {
                return slot;
            }
            link = &segment.next;
        }
        unreachable!("a segment without a free slot has a next one")
    }

    /// The slot, and the word with its `armed` bit.
    ///
    /// # Safety
    /// The place is in this queue.
    #[inline]
    unsafe fn at(&self, place: Place) -> (&Slot, &AtomicUsize) {
        // SAFETY: a slot, and the segment that it names, live as long as the queue.
        unsafe {
            let slot = place.0.as_ref();
            (slot, slot.segment.as_ref().map_or(&self.armed, |segment| &segment.armed))
        }
    }

    /// Returns `true` if the slot is armed: a look. If it is not, `is_given_back` tells whether it
    /// is its waiter's.
    ///
    /// # Safety
    /// As `at`.
    #[inline]
    pub(crate) unsafe fn is_armed(&self, place: Place) -> bool {
        // SAFETY: by contract.
        let (slot, armed) = unsafe { self.at(place) };
        // Relaxed: if a notifier has claimed the slot, `is_given_back` synchronizes with it.
        armed.load(Ordering::Relaxed) & slot.bit() != 0
    }

    /// Returns `true` if the slot, which is not armed, is its waiter's.
    ///
    /// # Safety
    /// As `at`, and the caller is the slot's waiter.
    #[inline]
    pub(crate) unsafe fn is_given_back(&self, place: Place) -> bool {
        // SAFETY: by contract.
        unsafe { self.at(place) }.0.is_given_back()
    }

    /// Puts a waker in, and returns the waker that was there.
    ///
    /// # Safety
    /// As `at`, and the slot is the caller's.
    #[inline]
    pub(crate) unsafe fn replace(&self, place: Place, waker: Option<Waker>) -> Option<Waker> {
        // SAFETY: by contract.
        unsafe { self.at(place).0.replace(waker) }
    }

    /// Returns `true` if the slot has this waker.
    ///
    /// # Safety
    /// As `at`, and the slot is the caller's.
    #[inline]
    pub(crate) unsafe fn has(&self, place: Place, waker: &Waker) -> bool {
        // SAFETY: by contract.
        let (slot, _) = unsafe { self.at(place) };
        // SAFETY: the slot is the caller's, and so is the waker.
        slot.waker.with(|at| unsafe { &*at }.as_ref().is_some_and(|mine| mine.will_wake(waker)))
    }

    /// Gives the slot, which is its waiter's, to the notifiers. If there are other slots, returns
    /// the number of the slot that was armed first, as far as this one knows.
    ///
    /// # Safety
    /// As `at`, and the slot is the caller's.
    #[inline]
    pub(crate) unsafe fn arm(&self, place: Place) -> Option<usize> {
        // SAFETY: by contract.
        let (slot, armed) = unsafe { self.at(place) };
        // Relaxed: the change of `armed` gives the slot away.
        slot.busy.store(true, Ordering::Relaxed);
        // Release: partner of `claim` and `claim_first`, for the waker. Acquire: partner of
        // `claim_first`, see `queue.rs`.
        let before = armed.fetch_or(slot.bit(), Ordering::AcqRel);
        // SAFETY: null, or a segment, which lives as long as the queue.
        match unsafe { slot.segment.as_ref() } {
            None => (before & MORE != 0).then_some(0),
            Some(segment) => {
                // Acquire, Release: as above, for the bit that was just set. Always a change.
                let before = self.armed.fetch_or(MORE, Ordering::AcqRel);
                // The first slot, if it was armed before there were others.
                Some(if before == 1 { 0 } else { segment.base + usize::from(slot.number) })
            }
        }
    }

    /// Takes the slot back for its waiter. Returns `false` if a notifier has it.
    ///
    /// # Safety
    /// As `at`, and the caller is the slot's waiter.
    pub(crate) unsafe fn take_back(&self, place: Place) -> bool {
        // SAFETY: by contract.
        let (is_armed, (slot, armed)) = unsafe { (self.is_armed(place), self.at(place)) };
        // Relaxed: no other party has had the slot since the caller armed it.
        if is_armed && armed.fetch_and(!slot.bit(), Ordering::Relaxed) & slot.bit() != 0 {
            // Relaxed: the slot is the waiter's.
            slot.busy.store(false, Ordering::Relaxed);
            return true;
        }
        slot.is_given_back()
    }

    /// Leaves the slot to the notifier that has it.
    ///
    /// # Safety
    /// As `at`, and the caller is the slot's waiter, which forgets the slot.
    pub(crate) unsafe fn leave(&self, place: Place) {
        // Release: partner of `Slot::take_left`.
        // SAFETY: by contract.
        unsafe { self.at(place) }.0.left.store(true, Ordering::Release);
    }

    /// Frees the slot, and returns its waker.
    ///
    /// # Safety
    /// As `at`, and the slot is the caller's, which forgets it.
    pub(crate) unsafe fn free(&self, place: Place) -> Option<Waker> {
        // SAFETY: by contract.
        unsafe { self.free_slot(self.at(place).0) }
    }

    /// # Safety
    /// As `free`.
    unsafe fn free_slot(&self, slot: &Slot) -> Option<Waker> {
        // SAFETY: by contract. The segment lives as long as the queue.
        let (waker, segment) = unsafe { (slot.replace(None), slot.segment.as_ref()) };
        // Release, both: partners of `take_slot`, for the slot.
        match segment {
            None => self.is_used.store(false, Ordering::Release),
            Some(segment) => {
                segment.used.fetch_and(!slot.bit(), Ordering::Release);
            }
        }
        waker
    }

    /// Frees the slots that were left and are given back, and passes on the waker of each.
    pub(crate) fn free_left(&self, mut found: impl FnMut(Option<Waker>)) {
        let slots = self.segments().flat_map(|segment| &*segment.slots);
        for slot in core::iter::once(&self.first).chain(slots) {
            if slot.take_left() {
                // SAFETY: the slot was left, and is this caller's now.
                found(unsafe { self.free_slot(slot) });
            }
        }
    }

    pub(super) fn segments(&self) -> impl Iterator<Item = &Segment> {
        let follow = |link: &AtomicPtr<Segment>| {
            // SAFETY: null, or a segment, which lives as long as the queue. Acquire: partner of
            // `take_in_segment`.
            unsafe { link.load(Ordering::Acquire).as_ref() }
        };
        core::iter::successors(follow(&self.more), move |segment| follow(&segment.next))
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        /// Frees the segments that are left, also if a waker's drop panics.
        struct Rest(*mut Segment);
        impl Rest {
            fn run(&mut self) {
                while let Some(segment) = NonNull::new(self.0) {
                    // SAFETY: `take_in_segment` made it from a box, and only this chain knows it.
                    let segment = unsafe { Box::from_raw(segment.as_ptr()) };
                    // Relaxed: no other party is left.
                    self.0 = segment.next.load(Ordering::Relaxed);
                }
            }
        }
        impl Drop for Rest {
            fn drop(&mut self) {
                self.run();
            }
        }
        // Relaxed: no other party is left.
        Rest(self.more.load(Ordering::Relaxed)).run();
    }
}
