//! A queue of wakers that knows no items and no blocks. A notification wakes every waiter.
//!
//! # Why every waiter
//! A notifier cannot know whether the task that it wakes will be polled again. If it woke one
//! waiter of several, a task that rests would keep the item from the others. Each woken waiter
//! looks, and registers anew if it finds nothing.
//!
//! # The protocol
//! A [`Sleeper`] belongs to one handle and has a slot for its waker (see `wait_slots.rs`). To sleep,
//! it *arms* the slot by a change of one word and then looks again for something to read (the
//! caller sees to that, by `Header::announce` and the tail's stop mark). To wake, a notifier goes
//! over the armed slots and *claims* each one by a change of the same word right before it calls
//! the waker.
//!
//! So a notifier that is preempted, or stuck in a waker, holds at most one waiter. All others stay
//! armed, for any other notifier to wake. No party waits for another, and there is no lock: not for
//! a handler that interrupts a notifier, not for a high-priority consumer above a low-priority
//! producer.
//!
//! A notifier goes once over the slots that there are when it begins, so wakers that register anew
//! when they are called do not keep it. It begins behind the waiter with which the last notification of several waiters began.
//! So on an executor that polls tasks in the order of their wake-ups, waiters take turns.
//!
//! # How wakers are called
//! A waker may be dropped only where user code and deallocation are allowed. See [`Wakers`].
//!
//! # Ordering policy
//! A notifier and a sleeper meet at two places: at a word of the caller's (a block's state, a gate)
//! and at `armed`. [`notify`](WaitQueue::notify) relies on the caller's word: the caller has seen,
//! by an Acquire of it, what the sleeper did after it armed its slot, or the sleeper sees the
//! caller's change of it. [`notify_all`](WaitQueue::notify_all) needs no such word. It changes the
//! first segment's `armed` (or, if there is none, the link to it) even if no slot is armed there,
//! and each sleeper changes that word after it has armed its slot. So if the notifier's change comes
//! first, the sleeper sees what the notifier did before; if not, the notifier sees the armed slot.

use core::task::{RawWakerVTable, Waker};

use crate::{
    sync::{AtomicUsize, Ordering},
    wait_slots::{Place, Segments, Slot},
};

/// Numbers of slots that a segment takes, though it may have fewer slots.
const BITS: usize = usize::BITS as usize;

/// How a notification calls wakers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wakers {
    /// By value: the queue keeps no waker that was called. For tasks and threads.
    Take,
    /// By reference: nothing is dropped or freed, so interrupt handlers may do it. A called waker
    /// stays in its slot until its sleeper drops it.
    Lend,
}

/// A handle's side of a queue.
pub(crate) struct Sleeper {
    place: Option<Place>,
    /// What tells the registered waker from others.
    identity: (*const (), *const RawWakerVTable),
}

// SAFETY: a place leads to a slot of a queue that outlives the sleeper; what is not atomic in it is
// handed over as the protocol says. `identity` is only compared.
unsafe impl Send for Sleeper {}
// SAFETY: as above; nothing happens through `&Sleeper`.
unsafe impl Sync for Sleeper {}

impl Sleeper {
    pub(crate) const fn new() -> Self {
        Self { place: None, identity: (core::ptr::null(), core::ptr::null()) }
    }

    /// Returns `true` if the queue may have a waker of this sleeper.
    #[inline(always)]
    pub(crate) fn has_slept(&self) -> bool {
        self.place.is_some()
    }
}

fn identity(waker: &Waker) -> (*const (), *const RawWakerVTable) {
    (waker.data(), waker.vtable())
}

/// What is left of a sleeper that has slept. Its waker goes with it, which is user code: so its
/// owner first sees to what must not be forgotten if that panics.
pub(crate) struct Retired<'a> {
    queue: &'a WaitQueue,
    _waker: Option<Waker>,
}

impl Drop for Retired<'_> {
    fn drop(&mut self) {
        self.queue.free_left();
    }
}

/// The queue.
pub(crate) struct WaitQueue {
    segments: Segments,
    /// The number of the slot that the next notification begins with.
    start: AtomicUsize,
    /// Slots that sleepers have left to notifiers.
    left: AtomicUsize,
}

impl WaitQueue {
    pub(crate) fn new() -> Self {
        let (start, left) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { segments: Segments::new(), start, left }
    }

    /// Registers the sleeper with this waker. The caller must look once more for something to read
    /// before it goes to sleep. Lock-free; allocates if all slots are in use.
    pub(crate) fn register(&self, sleeper: &mut Sleeper, waker: &Waker) {
        let before = match self.register_again(sleeper, waker) {
            Ok(()) => return,
            // User code runs in the clone and when the waker of before is dropped.
            // SAFETY: the slot stays the sleeper's until it is armed.
            Err(Some(idle)) => unsafe { self.put(sleeper, idle, waker.clone()) },
            Err(None) => self.register_new(sleeper, waker.clone()),
        };
        drop(before);
        self.free_left();
    }

    /// Registers the sleeper if its slot has this waker. If not, changes nothing, and returns the
    /// slot if it is the sleeper's. Wait-free; runs no user code.
    #[inline]
    pub(crate) fn register_again(
        &self,
        sleeper: &Sleeper,
        waker: &Waker,
    ) -> Result<(), Option<Place>> {
        let place = sleeper.place.ok_or(None)?;
        // SAFETY: a sleeper's queue outlives it. If its slot is idle, it is the sleeper's.
        unsafe {
            if place.is_armed() {
                return if sleeper.identity == identity(waker) { Ok(()) } else { Err(None) };
            }
            if !place.slot().is_idle() {
                return Err(None);
            }
            if !place.slot().with(|mine| mine.is_some_and(|mine| mine.will_wake(waker))) {
                return Err(Some(place));
            }
            self.arm(place);
        }
        Ok(())
    }

    /// Registers the sleeper with a new waker, and returns the waker of before. Lock-free; runs no
    /// user code; may allocate.
    pub(crate) fn register_new(&self, sleeper: &mut Sleeper, waker: Waker) -> Option<Waker> {
        // SAFETY: a sleeper's queue outlives it, and the slot is this sleeper's.
        unsafe {
            if let Some(place) = sleeper.place {
                if !place.take_back() {
                    self.leave(sleeper, place);
                }
            }
            let place = sleeper.place.unwrap_or_else(|| self.segments.take_slot());
            self.put(sleeper, place, waker)
        }
    }

    /// Puts a waker into a slot, and gives the slot to the notifiers. Returns the waker of before.
    ///
    /// # Safety
    /// The slot is the sleeper's, and of this queue.
    #[inline]
    unsafe fn put(&self, sleeper: &mut Sleeper, place: Place, waker: Waker) -> Option<Waker> {
        sleeper.place = Some(place);
        sleeper.identity = identity(&waker);
        // SAFETY: by contract.
        unsafe {
            let before = place.slot().replace(Some(waker));
            self.arm(place);
            before
        }
    }

    /// Gives a slot to the notifiers.
    ///
    /// # Safety
    /// The slot is the caller's, and of this queue.
    unsafe fn arm(&self, place: Place) {
        // SAFETY: by contract.
        let is_in_first = unsafe {
            place.arm();
            place.is_in_first()
        };
        if !is_in_first {
            self.meet();
        }
    }

    /// Changes the word by which `notify_all` closes the race with sleepers of other segments.
    #[cold]
    fn meet(&self) {
        if let Some(first) = self.segments.iter().next() {
            first.touch();
        }
    }

    /// Leaves a slot to the notifier that has it.
    ///
    /// # Safety
    /// The slot is the sleeper's.
    #[cold]
    unsafe fn leave(&self, sleeper: &mut Sleeper, place: Place) {
        sleeper.place = None;
        // SAFETY: by contract, and the sleeper has forgotten the slot.
        unsafe { place.leave() };
        // Relaxed: a hint that there is one. The caller, or its next visit, acts on it.
        self.left.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the sleeper's registration back, and its waker. `None` if it has never slept.
    ///
    /// A waker that is being called stays until its notifier has given it back. Wait-free; runs no
    /// user code.
    #[inline]
    pub(crate) fn retire(&self, sleeper: &mut Sleeper) -> Option<Retired<'_>> {
        sleeper.place.map(|place| self.retire_from(sleeper, place))
    }

    fn retire_from(&self, sleeper: &mut Sleeper, place: Place) -> Retired<'_> {
        // SAFETY: a sleeper's queue outlives it, and the slot is this sleeper's until it is free.
        let waker = unsafe {
            if place.take_back() {
                sleeper.place = None;
                place.free()
            } else {
                self.leave(sleeper, place);
                None
            }
        };
        Retired { queue: self, _waker: waker }
    }

    /// Takes the waker of a sleeper that was notified, if it is kept: see [`Wakers::Lend`]. The
    /// outer `None` if a notification may still come. Wait-free; runs no user code.
    #[inline]
    pub(crate) fn take_called(&self, sleeper: &Sleeper) -> Option<Option<Waker>> {
        let Some(place) = sleeper.place else { return Some(None) };
        // SAFETY: a sleeper's queue outlives it. If its slot is idle, it is the sleeper's.
        unsafe { place.is_idle().then(|| place.slot().replace(None)) }
    }

    /// Wakes every waiter that registered before, and closes the race with later ones: a later one
    /// sees what the caller did before. Lock-free; neither allocates nor frees.
    pub(crate) fn notify_all(&self) {
        let Some(first) = self.segments.first_or_close() else { return };
        // Always a change of the word, also if the only slot of the first segment is not armed: it
        // closes the race, see the ordering policy.
        let is_claimed = first.claim(0);
        // Only now, so that the segments of all sleepers that came before are there.
        if first.has_next() {
            let mut round = Round::new(self, Wakers::Lend);
            if is_claimed {
                round.call(first.slot(0), 0);
            }
            round.run();
        } else if is_claimed {
            call(first.slot(0), Wakers::Lend);
        }
    }

    /// Wakes every waiter that is known to have registered, see `is_empty`. Lock-free. With
    /// [`Wakers::Lend`], neither allocates nor frees.
    ///
    /// # Panics
    /// Panics if a waker does. All other waiters are woken.
    pub(crate) fn notify(&self, wakers: Wakers) {
        let Some(first) = self.segments.first() else { return };
        if first.has_next() {
            Round::new(self, wakers).run();
        } else if first.armed() != 0 && first.claim(0) {
            // One slot, as with most queues.
            call(first.slot(0), wakers);
        }
    }

    /// Returns `true` if no sleeper has registered, as far as the caller can know: it must have
    /// seen, by an Acquire, what the sleeper did after it registered.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.segments.iter().all(|segment| segment.armed() == 0)
    }

    /// Frees slots that were left, for a sleeper that comes by. Not for interrupt handlers.
    pub(crate) fn free_left(&self) {
        // Relaxed: a hint.
        if self.left.load(Ordering::Relaxed) != 0 {
            self.segments.free_left(|waker| {
                // Relaxed: a count.
                self.left.fetch_sub(1, Ordering::Relaxed);
                // User code.
                drop(waker);
            });
        }
    }
}

/// One notification of a queue.
struct Round<'a> {
    queue: &'a WaitQueue,
    wakers: Wakers,
    /// Slots from this number on are passed over. They are not known to the caller, and wakers might
    /// add them without end.
    end: usize,
    /// The number of the first slot whose waker was called.
    first: Option<usize>,
}

impl<'a> Round<'a> {
    fn new(queue: &'a WaitQueue, wakers: Wakers) -> Self {
        Self { queue, wakers, end: queue.segments.iter().count() * BITS, first: None }
    }

    #[inline(never)]
    fn run(mut self) {
        // Relaxed: a hint.
        let start = self.queue.start.load(Ordering::Relaxed);
        self.run_range(start, self.end);
        if start > 0 {
            self.run_range(0, start.min(self.end));
        }
        core::mem::forget(self);
    }

    /// Wakes the waiters whose numbers are in `from..to`.
    fn run_range(&mut self, from: usize, to: usize) {
        let mut base = 0;
        for segment in self.queue.segments.iter() {
            if base >= to {
                return;
            }
            let mut bits = segment.armed();
            if bits != 0 {
                bits &= below(to - base) & !below(from.saturating_sub(base));
            }
            while bits != 0 {
                let number = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                // If the claim fails, the sleeper has taken the slot back, or another notifier has
                // it.
                if segment.claim(number) {
                    self.call(segment.slot(number), base + number);
                }
            }
            base += BITS;
        }
    }

    fn call(&mut self, slot: &Slot, number: usize) {
        match self.first {
            None => self.first = Some(number),
            // Relaxed: a hint.
            Some(first) => self.queue.start.store(first + 1, Ordering::Relaxed),
        }
        call(slot, self.wakers);
    }
}

impl Drop for Round<'_> {
    /// A waker has panicked: wakes the other waiters.
    fn drop(&mut self) {
        self.run_range(0, self.end);
    }
}

/// Calls the waker of a slot that this notifier has claimed.
fn call(slot: &Slot, wakers: Wakers) {
    /// Gives the slot back whether or not the waker panics.
    struct GiveBack<'a>(&'a Slot);
    impl Drop for GiveBack<'_> {
        fn drop(&mut self) {
            self.0.give_back();
        }
    }
    let give_back = GiveBack(slot);
    match wakers {
        Wakers::Take => {
            // SAFETY: this notifier has claimed the slot and not yet given it back.
            let waker = unsafe { slot.replace(None) };
            drop(give_back);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        // SAFETY: as above.
        Wakers::Lend => unsafe {
            slot.with(|waker| {
                if let Some(waker) = waker {
                    waker.wake_by_ref();
                }
            });
        },
    }
}

/// The lowest `count` bits.
fn below(count: usize) -> usize {
    if count >= BITS { usize::MAX } else { (1 << count) - 1 }
}
