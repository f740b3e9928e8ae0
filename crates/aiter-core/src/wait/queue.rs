//! A queue of wakers that knows no items and no blocks. A notification wakes every waiter.
//!
//! # Why every waiter
//! A notifier cannot know whether the task that it wakes will be polled again. If it woke one
//! waiter of several, a task that rests would keep the item from the others. Each woken waiter
//! looks, and registers anew if it finds nothing.
//!
//! # The protocol
//! A [`Waiter`] belongs to one handle and has a slot for its waker (see `slots.rs`). To
//! sleep, it *arms* the slot by a change of one word and then looks again for something to read
//! (the caller sees to that, by `Header::set_waiting` and the tail's stop mark). To wake, a notifier
//! goes over the armed slots and *claims* each one by a change of the same word right before it
//! calls the waker.
//!
//! So a notifier that is stuck in a waker holds the slot of that waiter only, and one that is
//! preempted right behind a claim delays that waiter only. All others stay armed, for any other
//! notifier to wake. No party waits for another, and there is no lock: not for
//! a handler that interrupts a notifier, not for a high-priority consumer above a low-priority
//! producer.
//!
//! A notifier goes once over the slots that there are when it begins, so wakers that register anew
//! when they are called do not keep it. It begins with the waiter that registered first since the
//! last notification, and goes round. So on an executor that polls tasks in the order of their
//! wake-ups, waiters take turns.
//!
//! # How wakers are called
//! A waker may be dropped only where user code and deallocation are allowed. See [`Wakers`].
//!
//! # Ordering policy
//! A notifier and a waiter meet at two places: at a word of the caller's (a block's state, a gate)
//! and at `armed`. [`notify`](WaitQueue::notify) relies on the caller's word: the caller has seen,
//! by an Acquire of it, what the waiter did after it armed its slot, or the waiter sees the
//! caller's change of it. [`notify_all`](WaitQueue::notify_all) needs no such word. It changes the
//! word of the queue's first slot even if that slot is not armed, and each waiter changes this
//! word when it has armed its slot. So if the notifier's change comes first, the waiter sees what
//! the notifier did before; if not, the notifier sees the armed slot.
//!
//! So a claim in the round over the slots only acquires. What the notifier did before the claim
//! reaches the waiter by the caller's word or by the word of the first slot.

use core::task::Waker;

use crate::{
    sync::{Hint, Ordering},
    wait::{
        claim::Look,
        slot::{Claimed, Place},
        slots::Slots,
        waiter::{Waiter, identity},
    },
};

/// In `WaitQueue::start`: no slot.
const NONE: usize = usize::MAX;

/// How a notification calls wakers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wakers {
    /// By value: the queue keeps no waker that was called. For tasks and threads.
    Take,
    /// By reference: nothing is dropped or freed, so interrupt handlers may do it. A called waker
    /// stays in its slot until its waiter drops it.
    Lend,
}

/// What is left of a waiter. Its waker goes with it, which is user code: so its owner first sees
/// to what must not be forgotten if that panics.
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
    slots: Slots,
    /// The number of the slot that was armed first since the last notification, if it is known and
    /// there are several. `NONE` else.
    start: Hint,
    /// Number of slots that sleepers have left to notifiers.
    left: Hint,
}

impl WaitQueue {
    pub(crate) fn new() -> Self {
        let (start, left) = (Hint::new(NONE), Hint::new(0));
        Self { slots: Slots::new(), start, left }
    }

    /// Registers the waiter with this waker. The caller must look once more for something to read
    /// before it goes to sleep. Lock-free; allocates if all slots are in use.
    pub(crate) fn register(&self, waiter: &mut Waiter, waker: &Waker) {
        let before = match self.register_again(waiter, waker) {
            Ok(()) => return,
            // User code runs in the clone and when the waker of before is dropped.
            // SAFETY: the slot stays the waiter's until it is armed.
            Err(Some(idle)) => unsafe { self.put(waiter, idle, waker.clone()) },
            Err(None) => self.register_new(waiter, waker.clone()),
        };
        drop(before);
        self.free_left();
    }

    /// Registers the waiter if its slot has this waker. If not, changes nothing, and returns the
    /// slot if it is the waiter's. Wait-free; runs no user code.
    #[inline]
    pub(crate) fn register_again(
        &self,
        waiter: &Waiter,
        waker: &Waker,
    ) -> Result<(), Option<Place>> {
        let place = waiter.place.ok_or(None)?;
        // SAFETY: the place is of this queue. If the slot is idle, it is the waiter's.
        unsafe {
            if self.slots.is_armed(place) {
                return if waiter.identity == identity(waker) { Ok(()) } else { Err(None) };
            }
            if !self.slots.is_given_back(place) {
                return Err(None);
            }
            if !self.slots.has(place, waker) {
                return Err(Some(place));
            }
            self.arm(place);
        }
        Ok(())
    }

    /// Gives a slot to the notifiers.
    ///
    /// # Safety
    /// The slot is the waiter's, and of this queue.
    #[inline]
    unsafe fn arm(&self, place: Place) {
        // SAFETY: by contract.
        let number = unsafe { self.slots.arm(place) };
        if let Some(number) = number {
            // Relaxed, both: a hint.
            if self.start.load(Ordering::Relaxed) == NONE {
                self.start.store(number, Ordering::Relaxed);
            }
        }
    }

    /// Registers the waiter with a new waker, and returns the waker of before. Lock-free; runs no
    /// user code; may allocate.
    pub(crate) fn register_new(&self, waiter: &mut Waiter, waker: Waker) -> Option<Waker> {
        // SAFETY: the place is of this queue, and this waiter's.
        unsafe {
            if let Some(place) = waiter.place {
                if !self.slots.take_back(place) {
                    self.leave(waiter, place);
                }
            }
            let place = waiter.place.unwrap_or_else(|| self.slots.take_slot());
            self.put(waiter, place, waker)
        }
    }

    /// Puts a waker into a slot, and gives the slot to the notifiers. Returns the waker of before.
    ///
    /// # Safety
    /// The slot is the waiter's, and of this queue.
    #[inline]
    unsafe fn put(&self, waiter: &mut Waiter, place: Place, waker: Waker) -> Option<Waker> {
        waiter.place = Some(place);
        waiter.identity = identity(&waker);
        // SAFETY: by contract.
        unsafe {
            let before = self.slots.replace(place, Some(waker));
            self.arm(place);
            before
        }
    }

    /// Leaves a slot to the notifier that has it.
    ///
    /// # Safety
    /// The slot is the waiter's, and of this queue.
    #[cold]
    unsafe fn leave(&self, waiter: &mut Waiter, place: Place) {
        waiter.place = None;
        // SAFETY: by contract, and the waiter has forgotten the slot.
        unsafe { self.slots.leave(place) };
        // Relaxed: a hint that there is one. The caller, or its next visit, acts on it.
        self.left.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the waiter's registration back, and its waker. `None` if there is neither.
    ///
    /// A waker that is being called stays until its notifier has given it back. Wait-free; runs no
    /// user code.
    #[inline]
    pub(crate) fn retire(&self, waiter: &mut Waiter) -> Option<Retired<'_>> {
        waiter.place.map(|place| self.retire_from(waiter, place))
    }

    fn retire_from(&self, waiter: &mut Waiter, place: Place) -> Retired<'_> {
        // SAFETY: the place is of this queue, and the waiter's until it is free.
        let waker = unsafe {
            if self.slots.take_back(place) {
                waiter.place = None;
                self.slots.free(place)
            } else {
                self.leave(waiter, place);
                None
            }
        };
        Retired { queue: self, _waker: waker }
    }

    /// Takes the waker of a waiter that was notified, if it is kept: see [`Wakers::Lend`]. The
    /// outer `None` if a notification may still come. Wait-free; runs no user code.
    #[inline]
    pub(crate) fn take_called(&self, waiter: &Waiter) -> Option<Option<Waker>> {
        let Some(place) = waiter.place else { return Some(None) };
        // SAFETY: the place is of this queue. If the slot is idle, it is the waiter's.
        unsafe {
            let is_called = !self.slots.is_armed(place) && self.slots.is_given_back(place);
            is_called.then(|| self.slots.replace(place, None))
        }
    }

    /// Wakes every waiter that registered before, and closes the race with later ones: a later one
    /// sees what the caller did before. Lock-free; neither allocates nor frees.
    ///
    /// # Panics
    /// Panics if a waker does. All other waiters are woken.
    pub(crate) fn notify_all(&self) {
        self.run(Look::Change, Wakers::Lend);
    }

    /// Wakes every waiter that the caller knows of. It must have seen, by an Acquire, what the
    /// waiter did after it registered. Lock-free. With [`Wakers::Lend`], neither allocates nor
    /// frees.
    ///
    /// # Panics
    /// Panics if a waker does. All other waiters are woken.
    pub(crate) fn notify(&self, wakers: Wakers) {
        self.run(Look::First, wakers);
    }

    #[inline]
    fn run(&self, look: Look, wakers: Wakers) {
        let (claimed, has_more) = self.slots.claim_first(look);
        if has_more {
            let round = Round::new(self, wakers);
            if let Some(claimed) = claimed {
                call(claimed, wakers);
            }
            round.run();
        } else if let Some(claimed) = claimed {
            call(claimed, wakers);
        }
    }

    /// Returns `true` if no waiter has registered, as far as the caller can know: as `notify`.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        !self.slots.is_any_armed()
    }

    /// Number of slots that were left and not freed yet.
    #[inline]
    pub(crate) fn left(&self) -> usize {
        // Relaxed: a hint.
        self.left.load(Ordering::Relaxed)
    }

    /// Frees slots that were left and are given back. Not for interrupt handlers.
    #[inline]
    pub(crate) fn free_left(&self) {
        if self.left() != 0 {
            self.free_left_slots();
        }
    }

    #[cold]
    fn free_left_slots(&self) {
        self.slots.free_left(|waker| {
            // Relaxed: a count.
            self.left.fetch_sub(1, Ordering::Relaxed);
            // User code.
            drop(waker);
        });
    }
}

/// One notification of a queue.
struct Round<'a> {
    queue: &'a WaitQueue,
    wakers: Wakers,
    /// Slots from this number on are passed over. They are not known to the caller, and wakers
    /// might add them without end.
    end: usize,
}

impl<'a> Round<'a> {
    fn new(queue: &'a WaitQueue, wakers: Wakers) -> Self {
        Self { queue, wakers, end: queue.slots.end() }
    }

    #[inline(never)]
    fn run(self) {
        // Relaxed, both: a hint.
        let start = self.queue.start.load(Ordering::Relaxed);
        self.queue.start.store(NONE, Ordering::Relaxed);
        let start = if start < self.end { start } else { 0 };
        self.run_range(start, self.end);
        if start > 0 {
            self.run_range(0, start);
        }
        core::mem::forget(self);
    }

    /// Wakes the waiters whose numbers are in `from..to`.
    fn run_range(&self, from: usize, to: usize) {
        self.queue.slots.claim(from, to, |claimed| call(claimed, self.wakers));
    }
}

impl Drop for Round<'_> {
    /// A waker has panicked: wakes the other waiters.
    fn drop(&mut self) {
        self.run_range(0, self.end);
    }
}

/// Calls the waker of a slot, and gives the slot back whether or not the waker panics.
fn call(mut claimed: Claimed<'_>, wakers: Wakers) {
    match wakers {
        Wakers::Take => {
            let waker = claimed.take();
            drop(claimed);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        Wakers::Lend => claimed.with(|waker| {
            if let Some(waker) = waker {
                waker.wake_by_ref();
            }
        }),
    }
}
