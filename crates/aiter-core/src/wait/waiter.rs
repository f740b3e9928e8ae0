//! A handle's registration in a wait queue, and its cancellation.
//!
//! # Ordering policy
//! This file only loads and stores hints, which are Relaxed. `slots.rs` orders the rest.

use core::task::{RawWakerVTable, Waker};

use crate::{
    sync::Ordering,
    wait::{
        queue::{NONE, WaitQueue},
        slot::SlotPtr,
    },
};

/// A handle's registration in a queue. While the waiter has a slot, the queue must neither move nor
/// be dropped.
pub(crate) struct Waiter {
    slot: Option<SlotPtr>,
    /// Data and vtable of the registered waker. Only compared, never dereferenced.
    identity: (*const (), *const RawWakerVTable),
}

// SAFETY: the pointer leads to a slot of a queue that outlives the waiter. The `armed` and `busy`
// words of the slot order all accesses to its waker. `identity` is only compared.
unsafe impl Send for Waiter {}

// SAFETY: a `&Waiter` reaches the slot only through methods of `WaitQueue`, whose callers have
// borrowed the handle mutably. `identity` is only compared.
unsafe impl Sync for Waiter {}

impl Waiter {
    pub(crate) const fn new() -> Self {
        Self { slot: None, identity: (core::ptr::null(), core::ptr::null()) }
    }

    /// Returns `true` if the queue may contain a waker of this waiter.
    #[inline(always)]
    pub(crate) fn has_slept(&self) -> bool {
        self.slot.is_some()
    }
}

fn identity(waker: &Waker) -> (*const (), *const RawWakerVTable) {
    (waker.data(), waker.vtable())
}

/// The waker of a deregistered waiter. Its drop runs user code, which may panic, so the owner first
/// does all work that must not be skipped.
pub(crate) struct Deregistered<'a> {
    queue: &'a WaitQueue,
    _waker: Option<Waker>,
}

impl Drop for Deregistered<'_> {
    fn drop(&mut self) {
        self.queue.free_abandoned();
    }
}

impl WaitQueue {
    /// Registers the waiter with this waker. Before the caller sleeps, it must check once more for
    /// what it waits for. Lock-free; allocates if all slots are in use.
    pub(crate) fn register(&self, waiter: &mut Waiter, waker: &Waker) {
        let before = match self.register_again(waiter, waker) {
            Ok(()) => return,
            // The clone, and the drop of the previous waker, run user code.
            // SAFETY: the slot is one of this queue. `register_again` found that the waiter owns
            // it, and it stays so until the waiter arms it.
            Err(Some(idle)) => unsafe { self.put(waiter, idle, waker.clone()) },
            Err(None) => self.register_new(waiter, waker.clone()),
        };
        drop(before);
        self.free_abandoned();
    }

    /// Registers the waiter if its slot contains this waker. Otherwise changes nothing, and returns
    /// the slot if the waiter owns it. Wait-free; runs no user code.
    #[inline]
    pub(crate) fn register_again(
        &self,
        waiter: &Waiter,
        waker: &Waker,
    ) -> Result<(), Option<SlotPtr>> {
        let slot = waiter.slot.ok_or(None)?;
        // SAFETY: the slot is one of this queue, and the caller is its waiter. If it is not armed
        // and is idle, the waiter owns it.
        unsafe {
            if self.slots.is_armed(slot) {
                return if waiter.identity == identity(waker) { Ok(()) } else { Err(None) };
            }
            if !self.slots.is_idle(slot) {
                return Err(None);
            }
            if !self.slots.will_wake(slot, waker) {
                return Err(Some(slot));
            }
            self.arm(slot);
        }
        Ok(())
    }

    /// Gives a slot to the notifiers.
    ///
    /// # Safety
    /// - The slot is one of this queue.
    /// - The caller is the slot's waiter and owns the slot.
    #[inline]
    unsafe fn arm(&self, slot: SlotPtr) {
        // SAFETY: the slot is one of this queue, and the caller owns it by contract.
        let number = unsafe { self.slots.arm(slot) };
        if let Some(number) = number {
            // Relaxed, both: a hint.
            if self.start.load(Ordering::Relaxed) == NONE {
                self.start.store(number, Ordering::Relaxed);
            }
        }
    }

    /// Registers the waiter with a new waker, and returns the previous one. Lock-free; runs no user
    /// code; allocates if all slots are in use.
    pub(crate) fn register_new(&self, waiter: &mut Waiter, waker: Waker) -> Option<Waker> {
        // SAFETY: the slot is one of this queue, and the caller is its waiter. The waiter owns the
        // slot that it keeps, because `disarm` returned `true`, or a slot that was just taken.
        unsafe {
            if let Some(slot) = waiter.slot {
                if !self.slots.disarm(slot) {
                    self.abandon(waiter, slot);
                }
            }
            let slot = waiter.slot.unwrap_or_else(|| self.slots.take_slot());
            self.put(waiter, slot, waker)
        }
    }

    /// Puts a waker into a slot, and gives the slot to the notifiers. Returns the previous waker.
    ///
    /// # Safety
    /// - The slot is one of this queue.
    /// - The waiter owns the slot.
    #[inline]
    unsafe fn put(&self, waiter: &mut Waiter, slot: SlotPtr, waker: Waker) -> Option<Waker> {
        waiter.slot = Some(slot);
        waiter.identity = identity(&waker);
        // SAFETY: the slot is one of this queue, and the waiter owns it by contract.
        unsafe {
            let before = self.slots.replace(slot, Some(waker));
            self.arm(slot);
            before
        }
    }

    /// Abandons a slot to the notifier that owns it.
    ///
    /// # Safety
    /// - The slot is one of this queue.
    /// - The slot is the waiter's, and the waiter does not own it.
    #[cold]
    unsafe fn abandon(&self, waiter: &mut Waiter, slot: SlotPtr) {
        waiter.slot = None;
        // SAFETY: the slot is one of this queue by contract, and the waiter no longer refers to it.
        unsafe { self.slots.abandon(slot) };
        // Relaxed: a hint for the caller, or its next visit, which frees the slot.
        self.abandoned.fetch_add(1, Ordering::Relaxed);
    }

    /// Cancels the waiter's registration, and takes its waker. Returns `None` if the waiter has no
    /// slot.
    ///
    /// A waker that is being called stays until its notifier has returned the slot. Wait-free; runs
    /// no user code.
    #[inline]
    pub(crate) fn deregister(&self, waiter: &mut Waiter) -> Option<Deregistered<'_>> {
        let slot = waiter.slot?;
        Some(Deregistered { queue: self, _waker: self.deregister_from(waiter, slot) })
    }

    /// Cancels the waiter's registration, and returns its waker unless a notifier owns it. Leaves
    /// abandoned slots to a later call. Wait-free; runs no user code.
    pub(crate) fn take_waker(&self, waiter: &mut Waiter) -> Option<Waker> {
        waiter.slot.and_then(|slot| self.deregister_from(waiter, slot))
    }

    fn deregister_from(&self, waiter: &mut Waiter, slot: SlotPtr) -> Option<Waker> {
        // SAFETY: the slot is one of this queue, and the caller is its waiter. If `disarm` returns
        // `true`, the waiter owns the slot. Otherwise a notifier does.
        unsafe {
            if self.slots.disarm(slot) {
                waiter.slot = None;
                self.slots.free(slot)
            } else {
                self.abandon(waiter, slot);
                None
            }
        }
    }

    /// Takes the waker that a notifier called by [`Wakers::Lend`] and kept. Returns `None` if a
    /// notification may still arrive, and `Some(None)` if no waker is kept. Wait-free; runs no user
    /// code.
    ///
    /// [`Wakers::Lend`]: crate::wait::queue::Wakers::Lend
    #[inline]
    pub(crate) fn take_called(&self, waiter: &Waiter) -> Option<Option<Waker>> {
        let Some(slot) = waiter.slot else { return Some(None) };
        // SAFETY: the slot is one of this queue, and the caller is its waiter. If it is not armed
        // and is idle, the waiter owns it.
        unsafe {
            let is_called = !self.slots.is_armed(slot) && self.slots.is_idle(slot);
            is_called.then(|| self.slots.replace(slot, None))
        }
    }

    /// Returns the number of slots that were abandoned and are not freed yet, as a hint.
    #[inline]
    pub(crate) fn abandoned(&self) -> usize {
        // Relaxed: a hint.
        self.abandoned.load(Ordering::Relaxed)
    }

    /// Frees abandoned slots that their notifiers have returned. Drops wakers, so interrupt
    /// handlers must not call it.
    #[inline]
    pub(crate) fn free_abandoned(&self) {
        if self.abandoned() != 0 {
            self.free_abandoned_slow();
        }
    }

    #[cold]
    fn free_abandoned_slow(&self) {
        self.slots.free_abandoned(|waker| {
            // Relaxed: the count is a hint.
            self.abandoned.fetch_sub(1, Ordering::Relaxed);
            // Runs user code.
            drop(waker);
        });
    }
}
