//! Places for wakers, and the bits that say which of them are to be called.
//!
//! # A slot's life
//! A slot belongs to one sleeper from its `used` bit's change to 1 until its change back to 0.
//! Three marks say which party may use its waker:
//! ```text
//!  armed  busy
//!    0      0    the sleeper
//!    1      1    any notifier that clears `armed`; the sleeper may clear it, too
//!    0      1    the notifier that cleared `armed`; it then clears `busy`
//! ```
//! A sleeper that must register while a notifier has its slot does not wait. It leaves the slot
//! behind, marked as *left*, and takes another one. A slot that was left, and that the notifier has
//! given back, is freed by the next sleeper that comes by: a notifier may be an interrupt handler,
//! and drops nothing.
//!
//! # Ordering policy
//! `armed` hands a slot to a notifier: Release by the sleeper, Acquire by the notifier. `busy` hands
//! it back: Release by the notifier, Acquire by the sleeper. `used` and `left` hand it from one
//! sleeper to the next. How `armed` closes races with what the parties do elsewhere is told in
//! `waiters.rs`.

use core::{ptr::NonNull, ptr::null_mut, task::Waker};

use alloc::boxed::Box;

use crate::sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, UnsafeCell};

/// A place for one waker.
pub(crate) struct Slot {
    waker: UnsafeCell<Option<Waker>>,
    /// The segment that the slot is in.
    segment: *const Segment,
    /// Its number there.
    number: u8,
    /// The segment is the queue's first.
    is_in_first: bool,
    /// Armed, or with a notifier.
    busy: AtomicBool,
    /// The sleeper has left the slot to the notifier that had it.
    left: AtomicBool,
}

impl Slot {
    fn new(number: usize, is_in_first: bool) -> Self {
        Self {
            waker: UnsafeCell::new(None),
            segment: core::ptr::null(),
            number: number as u8,
            is_in_first,
            busy: AtomicBool::new(false),
            left: AtomicBool::new(false),
        }
    }

    /// Returns `true` if the slot is its sleeper's. Only `busy` is asked: the caller knows that the
    /// slot is not armed.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        // Acquire: partner of `give_back`.
        !self.busy.load(Ordering::Acquire)
    }

    /// Puts a waker in, and returns the waker that was there.
    ///
    /// # Safety
    /// The slot is the caller's: see above.
    pub(crate) unsafe fn replace(&self, waker: Option<Waker>) -> Option<Waker> {
        // SAFETY: the slot is the caller's, and so is the waker.
        self.waker.with_mut(|at| core::mem::replace(unsafe { &mut *at }, waker))
    }

    /// Looks at the waker.
    ///
    /// # Safety
    /// The slot is the caller's: see above.
    pub(crate) unsafe fn with<R>(&self, f: impl FnOnce(Option<&Waker>) -> R) -> R {
        // SAFETY: the slot is the caller's, and so is the waker.
        self.waker.with(|at| f(unsafe { &*at }.as_ref()))
    }

    /// Gives the slot back to its sleeper, for the notifier that has cleared `armed`.
    pub(crate) fn give_back(&self) {
        // Release: partner of `is_idle`, for the notifier's use of the waker.
        self.busy.store(false, Ordering::Release);
    }
}

/// Slots, and a bit for each in two words.
pub(crate) struct Segment {
    /// Slots that belong to a sleeper, or were left by it.
    used: AtomicUsize,
    /// Slots whose wakers are to be called.
    armed: AtomicUsize,
    /// The next segment. Set once.
    next: AtomicPtr<Segment>,
    slots: Box<[Slot]>,
}

impl Segment {
    /// A segment whose first slot is in use, out of a box. The n-th one of a queue holds twice as
    /// many slots as the one before, up to the bits of a word.
    fn new(number: u32) -> *mut Self {
        let slots = if number < usize::BITS.ilog2() { 1 << number } else { usize::BITS as usize };
        let segment = Box::into_raw(Box::new(Self {
            used: AtomicUsize::new(1),
            armed: AtomicUsize::new(0),
            next: AtomicPtr::new(null_mut()),
            slots: (0..slots).map(|slot| Slot::new(slot, number == 0)).collect(),
        }));
        // SAFETY: the segment was made just now, and no other party knows it.
        for slot in unsafe { (*segment).slots.iter_mut() } {
            slot.segment = segment;
        }
        segment
    }

    fn all(&self) -> usize {
        usize::MAX >> (usize::BITS as usize - self.slots.len())
    }

    /// The armed slots: a look.
    pub(crate) fn armed(&self) -> usize {
        // Relaxed: `claim` synchronizes.
        self.armed.load(Ordering::Relaxed)
    }

    /// Takes an armed slot: it is the caller's until it gives the slot back. Returns `false` if the
    /// slot is not armed, or not any more.
    #[inline]
    pub(crate) fn claim(&self, number: usize) -> bool {
        let bit = 1 << number;
        // Acquire: partner of `Place::arm`, for the waker. Release: partner of the same, see
        // `waiters.rs`.
        self.armed.fetch_and(!bit, Ordering::AcqRel) & bit != 0
    }

    /// Changes the word of the armed slots, and leaves it as it is.
    pub(crate) fn touch(&self) {
        // Acquire, Release: partners of `claim`, `touch` and `Place::arm`.
        self.armed.fetch_or(0, Ordering::AcqRel);
    }

    /// Returns `true` if there is a next segment.
    pub(crate) fn has_next(&self) -> bool {
        // Relaxed: see `armed`.
        !self.next.load(Ordering::Relaxed).is_null()
    }

    #[inline]
    pub(crate) fn slot(&self, number: usize) -> &Slot {
        &self.slots[number]
    }

    /// Takes a free slot, if there is one.
    fn take_free(&self) -> Option<usize> {
        // Relaxed: a look.
        let mut used = self.used.load(Ordering::Relaxed);
        loop {
            let free = !used & self.all();
            if free == 0 {
                return None;
            }
            let bit = free & free.wrapping_neg();
            // Acquire: partner of `free`, for the slot.
            let before = self.used.fetch_or(bit, Ordering::Acquire);
            if before & bit == 0 {
                return Some(bit.trailing_zeros() as usize);
            }
            used = before;
        }
    }

    /// Frees a slot without a waker.
    fn free(&self, number: usize) {
        // Release: partner of `take_free`, for the slot.
        self.used.fetch_and(!(1 << number), Ordering::Release);
    }

    /// Frees a slot that its sleeper has left and its notifier has given back. Returns its waker.
    fn free_left(&self, number: usize) -> Option<Option<Waker>> {
        let slot = self.slot(number);
        // Acquire: partner of `Place::leave`, so that `is_idle` does not see what was before.
        // Relaxed: the exchange only chooses one of several callers.
        let is_ours = slot.left.load(Ordering::Acquire)
            && slot.is_idle()
            && slot
                .left
                .compare_exchange(true, false, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        is_ours.then(|| {
            // SAFETY: the sleeper and the notifier have given the slot up, and of all sleepers that
            // come by, this one has changed `left`.
            let waker = unsafe { slot.replace(None) };
            self.free(number);
            waker
        })
    }
}

/// A slot that belongs to a sleeper.
#[derive(Clone, Copy)]
pub(crate) struct Place(NonNull<Slot>);

impl Place {
    /// # Safety
    /// The queue that the place is in lives on for as long as the reference.
    #[inline]
    pub(crate) unsafe fn slot<'a>(self) -> &'a Slot {
        // SAFETY: a slot lives as long as its queue, by contract.
        unsafe { self.0.as_ref() }
    }

    /// # Safety
    /// As `slot`.
    #[inline]
    unsafe fn segment<'a>(self) -> &'a Segment {
        // SAFETY: by contract. A slot's segment lives as long as the slot.
        unsafe { &*self.slot().segment }
    }

    /// # Safety
    /// As `slot`.
    #[inline]
    unsafe fn bit(self) -> usize {
        // SAFETY: by contract.
        1 << unsafe { self.slot() }.number
    }

    /// # Safety
    /// As `slot`.
    #[inline]
    pub(crate) unsafe fn is_armed(self) -> bool {
        // SAFETY: by contract.
        let (segment, bit) = unsafe { (self.segment(), self.bit()) };
        // Acquire: partner of `Segment::claim`.
        segment.armed.load(Ordering::Acquire) & bit != 0
    }

    /// Returns `true` if the slot is in its queue's first segment.
    ///
    /// # Safety
    /// As `slot`.
    #[inline]
    pub(crate) unsafe fn is_in_first(self) -> bool {
        // SAFETY: by contract.
        unsafe { self.slot() }.is_in_first
    }

    /// Returns `true` if the slot is its sleeper's.
    ///
    /// # Safety
    /// As `slot`, and the caller is the slot's sleeper.
    #[inline]
    pub(crate) unsafe fn is_idle(self) -> bool {
        // SAFETY: by contract.
        unsafe { !self.is_armed() && self.slot().is_idle() }
    }

    /// Gives the slot, which is its sleeper's, to the notifiers.
    ///
    /// # Safety
    /// As `slot`, and the slot is the caller's.
    #[inline]
    pub(crate) unsafe fn arm(self) {
        // SAFETY: by contract.
        let (segment, slot, bit) = unsafe { (self.segment(), self.slot(), self.bit()) };
        // Relaxed: the change of `armed` gives the slot away.
        slot.busy.store(true, Ordering::Relaxed);
        // Release: partner of `Segment::claim`, for the waker. Acquire: partner of the same and of
        // `Segment::touch`, see `waiters.rs`.
        segment.armed.fetch_or(bit, Ordering::AcqRel);
    }

    /// Takes the slot back for its sleeper. Returns `false` if a notifier has it.
    ///
    /// # Safety
    /// As `slot`, and the caller is the slot's sleeper.
    pub(crate) unsafe fn take_back(self) -> bool {
        // SAFETY: by contract.
        unsafe {
            let (segment, slot, bit) = (self.segment(), self.slot(), self.bit());
            // Relaxed: no other party has had the slot since the caller armed it.
            if self.is_armed() && segment.armed.fetch_and(!bit, Ordering::Relaxed) & bit != 0 {
                slot.busy.store(false, Ordering::Relaxed);
                return true;
            }
            slot.is_idle()
        }
    }

    /// Leaves the slot to the notifier that has it.
    ///
    /// # Safety
    /// As `slot`, and the caller is the slot's sleeper, which forgets the slot.
    pub(crate) unsafe fn leave(self) {
        // Release: partner of `Segment::free_left`.
        // SAFETY: by contract.
        unsafe { self.slot() }.left.store(true, Ordering::Release);
    }

    /// Frees the slot, and returns its waker.
    ///
    /// # Safety
    /// As `slot`, and the slot is the caller's, who forgets it.
    pub(crate) unsafe fn free(self) -> Option<Waker> {
        // SAFETY: by contract.
        unsafe {
            let waker = self.slot().replace(None);
            self.segment().free(self.slot().number.into());
            waker
        }
    }
}

/// Segments that are linked one by one, and freed together.
pub(crate) struct Segments(AtomicPtr<Segment>);

impl Segments {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Segment> {
        let follow = |link: &AtomicPtr<Segment>| {
            // SAFETY: null, or a segment, which lives as long as the queue. Acquire: partner of
            // `take_slot`.
            unsafe { link.load(Ordering::Acquire).as_ref() }
        };
        core::iter::successors(follow(&self.0), move |segment| follow(&segment.next))
    }

    /// The first segment, for a caller that closes a race with `take_slot` if there is none: what
    /// it did before is seen by the party that links one.
    pub(crate) fn first_or_close(&self) -> Option<&Segment> {
        let null = null_mut();
        // Acquire: partner of `take_slot`.
        let mut first = self.0.load(Ordering::Acquire);
        if first.is_null() {
            // Release: partner of `take_slot`. Acquire: the same, for the segment.
            let exchanged =
                self.0.compare_exchange(null, null, Ordering::Release, Ordering::Acquire);
            first = exchanged.err().unwrap_or(null);
        }
        // SAFETY: as in `iter`.
        unsafe { first.as_ref() }
    }

    /// Takes a free slot. Allocates if all are in use. Lock-free.
    pub(crate) fn take_slot(&self) -> Place {
        let mut link = &self.0;
        for number in 0.. {
            // Acquire: partner of the exchange below.
            let mut next = link.load(Ordering::Acquire);
            if next.is_null() {
                let new = Segment::new(number);
                // Release: partner of all loads of a link. Acquire: partner of `first_or_close`,
                // and for the segment of another sleeper that was faster.
                match link.compare_exchange(null_mut(), new, Ordering::AcqRel, Ordering::Acquire) {
                    // SAFETY: a segment, which lives as long as the queue.
                    Ok(_) => return Place(NonNull::from(unsafe { &*new }.slot(0))),
                    Err(other) => {
                        // SAFETY: `new` was not linked.
                        drop(unsafe { Box::from_raw(new) });
                        next = other;
                    }
                }
            }
            // SAFETY: not null, so a segment, which lives as long as the queue.
            let segment = unsafe { &*next };
            if let Some(number) = segment.take_free() {
                return Place(NonNull::from(segment.slot(number)));
            }
            link = &segment.next;
        }
        unreachable!("a segment without a free slot has a next one")
    }

    #[inline]
    pub(crate) fn first(&self) -> Option<&Segment> {
        // SAFETY: null, or a segment, which lives as long as the queue. Acquire: partner of
        // `take_slot`.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }

    /// Frees the slots that were left and are given back, and passes on the waker of each.
    pub(crate) fn free_left(&self, mut found: impl FnMut(Option<Waker>)) {
        for segment in self.iter() {
            for number in 0..segment.slots.len() {
                if let Some(waker) = segment.free_left(number) {
                    found(waker);
                }
            }
        }
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        /// Frees the segments that are left, also if a waker's drop panics.
        struct Rest(*mut Segment);
        impl Rest {
            fn run(&mut self) {
                while let Some(segment) = NonNull::new(self.0) {
                    // SAFETY: `take_slot` made it from a box, and only this chain knows it.
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
        Rest(self.0.load(Ordering::Relaxed)).run();
    }
}
