//! The slots of a wait queue, and the words that say which slots are armed.
//!
//! The first slot lies in the queue itself, because most queues have one waiter. All other slots
//! lie in segments, which are freed with the queue.
//!
//! # Ownership of a slot
//! A slot belongs to one waiter while its `used` bit is set. Its bit in `armed` and its flag `busy`
//! say which party owns the slot, that is, may access the waker:
//! ```text
//!  armed  busy   owner
//!    0      0    the waiter
//!    1      1    none; a notifier claims the slot, or the waiter disarms it, by clearing `armed`
//!    0      1    the party that cleared `armed`, until it clears `busy`
//! ```
//! A waiter that must register while a notifier owns its slot does not wait. It *abandons* the slot
//! and takes another slot. Once the notifier has returned an abandoned slot, another party frees
//! it. That party is a waiter that registers or deregisters, a reader that finds no item, or a
//! refused push. The notifier may be an interrupt handler, so it drops nothing.
//!
//! # Ordering policy
//! `armed` hands a slot to a notifier: Release by the waiter, Acquire by the notifier. `busy`
//! returns it: Release by the notifier, Acquire by the waiter. `used` and `abandoned` hand it from
//! one waiter to the next. `queue.rs` explains how `armed` orders other accesses of both parties.

use core::{ptr::NonNull, ptr::null_mut, task::Waker};

use alloc::boxed::Box;

use crate::{
    defer::Defer,
    sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering},
    wait::slot::{Segment, Slot, SlotPtr},
};

/// In `Slots::armed`: the first slot is armed.
pub(super) const FIRST: usize = 1;
/// In `Slots::armed`: a slot in a segment has been armed at least once. Never cleared.
pub(super) const SEGMENTS: usize = 1 << 1;

/// The slots of a queue. Must not move while a waiter has a slot.
pub(crate) struct Slots {
    /// ```text
    ///  bit     1         0
    ///     +----------+-------+
    ///     | SEGMENTS | FIRST |
    ///     +----------+-------+
    /// ```
    pub(super) armed: AtomicUsize,
    /// Set while the first slot belongs to a waiter, or is abandoned.
    is_used: AtomicBool,
    pub(super) first_slot: Slot,
    pub(super) first_segment: AtomicPtr<Segment>,
}

// SAFETY: wakers are `Send`, and the pointers lead to memory that the queue owns.
unsafe impl Send for Slots {}
// SAFETY: wakers are `Sync`, and only the owner of a slot replaces its waker.
unsafe impl Sync for Slots {}

impl Slots {
    pub(crate) fn new() -> Self {
        Self {
            armed: AtomicUsize::new(0),
            is_used: AtomicBool::new(false),
            first_slot: Slot::new(0),
            first_segment: AtomicPtr::new(null_mut()),
        }
    }

    /// Takes a free slot, which the caller then owns. Lock-free; allocates if all are in use.
    pub(crate) fn take_slot(&self) -> SlotPtr {
        // Acquire: partner of `free_slot`, for the slot's last use.
        let is_first = !self.is_used.swap(true, Ordering::Acquire);
        SlotPtr(NonNull::from(if is_first { &self.first_slot } else { self.take_in_segment() }))
    }

    fn take_in_segment(&self) -> &Slot {
        let mut link = &self.first_segment;
        for number in 1.. {
            // Acquire: partner of the exchange below, for the segment.
            let mut next = link.load(Ordering::Acquire);
            if next.is_null() {
                let new = Segment::new(number);
                // Release: partner of all loads of a link. Acquire on failure: for the segment that
                // another waiter linked first. A success reads the initial null, so it has nothing
                // to acquire.
                match link.compare_exchange(null_mut(), new, Ordering::Release, Ordering::Acquire) {
                    // SAFETY: `new` is a live segment, which is freed with the queue.
                    Ok(_) => return unsafe { &(&(*new).slots)[0] },
                    Err(other) => {
                        // SAFETY: `new` came from a box, and was not linked.
                        drop(unsafe { Box::from_raw(new) });
                        next = other;
                    }
                }
            }
            // SAFETY: `next` is not null, so it is a live segment, which is freed with the queue.
            let segment = unsafe { &*next };
            if let Some(slot) = segment.take_free() {
                return slot;
            }
            link = &segment.next;
        }
        unreachable!("a segment without a free slot has a successor")
    }

    /// Returns the slot, and the word that contains its `armed` bit.
    ///
    /// # Safety
    /// The slot is one of `self`.
    #[inline]
    unsafe fn resolve(&self, slot: SlotPtr) -> (&Slot, &AtomicUsize) {
        // SAFETY: the slot and its segment are freed with `self`, and the segment is null or live.
        unsafe {
            let slot = slot.0.as_ref();
            (slot, slot.segment.as_ref().map_or(&self.armed, |segment| &segment.armed))
        }
    }

    /// Returns `true` if the slot is armed. If it is not, `is_idle` says whether its waiter owns
    /// it.
    ///
    /// # Safety
    /// The slot is one of `self`.
    #[inline]
    pub(crate) unsafe fn is_armed(&self, slot: SlotPtr) -> bool {
        // SAFETY: the slot is one of `self` by contract.
        let (slot, armed) = unsafe { self.resolve(slot) };
        // Relaxed: if a notifier has claimed the slot, `is_idle` synchronizes with it.
        armed.load(Ordering::Relaxed) & slot.bit() != 0
    }

    /// Returns `true` if the slot is neither armed nor owned by a notifier.
    ///
    /// # Safety
    /// - The slot is one of `self`.
    /// - The caller is the slot's waiter.
    #[inline]
    pub(crate) unsafe fn is_idle(&self, slot: SlotPtr) -> bool {
        // SAFETY: the slot is one of `self` by contract.
        unsafe { self.resolve(slot) }.0.is_idle()
    }

    /// Replaces the waker, and returns the previous one.
    ///
    /// # Safety
    /// - The slot is one of `self`.
    /// - The caller owns the slot.
    #[inline]
    pub(crate) unsafe fn replace(&self, slot: SlotPtr, waker: Option<Waker>) -> Option<Waker> {
        // SAFETY: the slot is one of `self`, and the caller owns it by contract.
        unsafe { self.resolve(slot).0.replace(waker) }
    }

    /// Returns `true` if the slot contains this waker.
    ///
    /// # Safety
    /// - The slot is one of `self`.
    /// - The caller owns the slot.
    #[inline]
    pub(crate) unsafe fn will_wake(&self, slot: SlotPtr, waker: &Waker) -> bool {
        // SAFETY: the slot is one of `self` by contract.
        let (slot, _) = unsafe { self.resolve(slot) };
        // SAFETY: the caller owns the slot, so no other party writes to the waker.
        slot.waker.with(|at| unsafe { &*at }.as_ref().is_some_and(|own| own.will_wake(waker)))
    }

    /// Arms the slot, which gives it to the notifiers. If there are other slots, returns the number
    /// of the slot that was armed first, as far as this call knows.
    ///
    /// # Safety
    /// - The slot is one of `self`.
    /// - The caller owns the slot.
    #[inline]
    pub(crate) unsafe fn arm(&self, slot: SlotPtr) -> Option<usize> {
        // SAFETY: the slot is one of `self` by contract.
        let (slot, armed) = unsafe { self.resolve(slot) };
        // Relaxed: the change of `armed` gives the slot away.
        slot.busy.store(true, Ordering::Relaxed);
        // Release: partner of `claim` and `claim_first`, for the waker. Acquire: partner of
        // `claim_first`, for the notifier's earlier writes (see `queue.rs`).
        let before = armed.fetch_or(slot.bit(), Ordering::AcqRel);
        // SAFETY: the pointer is null, or a segment, which is freed with `self`.
        match unsafe { slot.segment.as_ref() } {
            None => (before & SEGMENTS != 0).then_some(0),
            Some(segment) => {
                // Release, Acquire: partner of `claim_first`, also for the segment's bit that was
                // just set. Unconditional, because only a write is ordered with a notifier's.
                let before = self.armed.fetch_or(SEGMENTS, Ordering::AcqRel);
                // The first slot, if it was armed before a slot in a segment was.
                Some(if before == FIRST { 0 } else { segment.base + usize::from(slot.number) })
            }
        }
    }

    /// Makes the waiter the owner of its slot. Returns `false` if a notifier owns the slot.
    ///
    /// # Safety
    /// - The slot is one of `self`.
    /// - The caller is the slot's waiter.
    pub(crate) unsafe fn disarm(&self, slot: SlotPtr) -> bool {
        // SAFETY: the slot is one of `self` by contract.
        let (is_armed, (slot, armed)) = unsafe { (self.is_armed(slot), self.resolve(slot)) };
        // Relaxed: no other party has owned the slot since the caller armed it.
        if is_armed && armed.fetch_and(!slot.bit(), Ordering::Relaxed) & slot.bit() != 0 {
            // Relaxed: the waiter owns the slot, and only the waiter loads the flag now.
            slot.busy.store(false, Ordering::Relaxed);
            return true;
        }
        slot.is_idle()
    }

    /// Abandons the slot to the notifier that owns it.
    ///
    /// # Safety
    /// - The slot is one of `self`.
    /// - The caller is the slot's waiter, and does not use the slot again.
    pub(crate) unsafe fn abandon(&self, slot: SlotPtr) {
        // Release: partner of `Slot::take_abandoned`.
        // SAFETY: the slot is one of `self` by contract.
        unsafe { self.resolve(slot) }.0.abandoned.store(true, Ordering::Release);
    }

    /// Frees the slot, and returns its waker.
    ///
    /// # Safety
    /// - The slot is one of `self`.
    /// - The caller owns the slot, and does not use it again.
    pub(crate) unsafe fn free(&self, slot: SlotPtr) -> Option<Waker> {
        // SAFETY: the slot is one of `self`, and the caller owns it and gives it up by contract.
        unsafe { self.free_slot(self.resolve(slot).0) }
    }

    /// # Safety
    /// - The slot is one of `self`.
    /// - The caller owns the slot, and does not use it again.
    unsafe fn free_slot(&self, slot: &Slot) -> Option<Waker> {
        // SAFETY: the caller owns the slot. The segment is null, or is freed with `self`.
        let (waker, segment) = unsafe { (slot.replace(None), slot.segment.as_ref()) };
        // Release: partner of `take_slot` for the first slot, of `Segment::take_free` for others.
        match segment {
            None => self.is_used.store(false, Ordering::Release),
            Some(segment) => {
                segment.used.fetch_and(!slot.bit(), Ordering::Release);
            }
        }
        waker
    }

    /// Frees the abandoned slots that their notifiers have returned. Passes each waker to `f`.
    pub(crate) fn free_abandoned(&self, mut f: impl FnMut(Option<Waker>)) {
        let slots = self.segments().flat_map(|segment| &*segment.slots);
        for slot in core::iter::once(&self.first_slot).chain(slots) {
            if slot.take_abandoned() {
                // SAFETY: the slot is one of `self`. `take_abandoned` made this caller its owner,
                // and this is its last use.
                f(unsafe { self.free_slot(slot) });
            }
        }
    }

    pub(super) fn segments(&self) -> impl Iterator<Item = &Segment> {
        let follow = |link: &AtomicPtr<Segment>| {
            // SAFETY: the link is null, or a segment, which is freed with `self`. Acquire: partner
            // of `take_in_segment`, for the segment.
            unsafe { link.load(Ordering::Acquire).as_ref() }
        };
        core::iter::successors(follow(&self.first_segment), move |segment| follow(&segment.next))
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        // Relaxed: `&mut self` excludes other parties.
        let mut next = self.first_segment.load(Ordering::Relaxed);
        // Frees all segments, also if the drop of a waker panics.
        let free = Defer(|| {
            while let Some(segment) = NonNull::new(next) {
                // SAFETY: `take_in_segment` made it from a box, and only this chain refers to it.
                let segment = unsafe { Box::from_raw(segment.as_ptr()) };
                // Relaxed: `&mut self` excludes other parties.
                next = segment.next.load(Ordering::Relaxed);
            }
        });
        free.run();
    }
}
