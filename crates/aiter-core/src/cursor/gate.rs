//! The state that the takers of a shared cursor share: a position behind a gate.
//!
//! The gate is a try-lock; no task blocks on it. With the gate closed, a taker claims one item and
//! no user code runs. A clone is made after the gate is open again, and a count of the block keeps
//! the item in place.
//!
//! A taker that finds the gate closed spins for a fixed number of hints, then registers in
//! `lock_waiters` and sets `CONTENDED`. The taker that opens a contended gate notifies all of them,
//! and they retry.
//!
//! # Ordering policy
//! - The gate hands the position from taker to taker. `ClosedGate::drop` opens it with Release, and
//!   `try_close` and `close_or_mark` close it with Acquire.
//! - `close_or_mark` sets `CONTENDED` with Release, and `ClosedGate::drop` reads it with Acquire.
//!   So the registration happens before the notification.

use core::mem;

use crate::{
    defer::Defer,
    error::TryNextError,
    list::{List, advance::Refill, block::Block, position::RawCursor, run::Taken},
    sync::{Arc, AtomicUsize, Ordering, UnsafeCell, retry_hint},
    tuning::{RIVAL_SPIN_HINTS, TAKER_SPINS},
    wait::queue::{WaitQueue, Wakers},
};

// The word of the gate. `CONTENDED` is set only together with `CLOSED`.
//
//       1          0
// +-----------+--------+
// | CONTENDED | CLOSED |
// +-----------+--------+

/// No taker uses the position.
pub(super) const OPEN: usize = 0;
/// A taker uses the position.
const CLOSED: usize = 1;
/// A taker found the gate closed and has registered in `lock_waiters`.
const CONTENDED: usize = 1 << 1;

/// The state that all takers of a shared cursor share.
pub(super) struct SharedState<T> {
    pub(super) position: GatedPosition<T>,
    pub(super) list: Arc<List<T>>,
    /// Takers that found the gate closed.
    pub(super) lock_waiters: WaitQueue,
    /// Result of the last `len` that could close the gate.
    pub(super) len: AtomicUsize,
    /// The weight of an item, for `lost`.
    pub(super) weigh: fn(&T) -> usize,
    /// Total weight of the items that the takers have lost to panics, since the last `take_lost`.
    pub(super) lost: AtomicUsize,
}

/// A position and its gate, which every taker writes.
///
/// They have a cache line to themselves. It goes from core to core with the takers, so it must hold
/// nothing that is only read, or that is written at other times.
#[cfg_attr(target_pointer_width = "64", repr(align(64)))]
pub(super) struct GatedPosition<T> {
    pub(super) gate: AtomicUsize,
    pub(super) raw: UnsafeCell<RawCursor<T>>,
}

// SAFETY: `T: Send` makes the position `Send`. `T: Sync` is not needed, because two threads borrow
// one item only if the list has a second cursor, and `fork` and `subscribe` require `T: Sync`.
unsafe impl<T: Send> Send for SharedState<T> {}

// SAFETY: the gate gives the position to one taker at a time, which may be on any thread, so the
// position must be `Send`: `T: Send`. It need not be `Sync`. All other fields are `Sync`.
unsafe impl<T: Send> Sync for SharedState<T> {}

/// Access to the position. The gate is closed until this is dropped.
pub(super) struct ClosedGate<'a, T>(pub(super) &'a SharedState<T>);

impl<T> ClosedGate<'_, T> {
    /// Calls `f` with the position. `f` runs no user code.
    pub(super) fn with<R>(&mut self, f: impl FnOnce(&mut RawCursor<T>) -> R) -> R {
        // SAFETY: this taker has closed the gate and borrows `self` mutably, so no other reference
        // to the position exists.
        self.0.position.raw.with_mut(|raw| f(unsafe { &mut *raw }))
    }
}

impl<T> Drop for ClosedGate<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // Release: partner of `try_close` and `close_or_mark`, for the position. Acquire: partner
        // of `close_or_mark`, for the registration.
        if self.0.position.gate.swap(OPEN, Ordering::AcqRel) & CONTENDED != 0 {
            self.0.notify_lock_waiters();
        }
    }
}

/// A block and a count of it, which is released on drop.
struct HeldBlock<'a, T>(&'a List<T>, Block<T>);

impl<T> Drop for HeldBlock<'_, T> {
    fn drop(&mut self) {
        // SAFETY: `self` owns a count of the block and does not use the block again.
        unsafe { self.0.release(self.1) };
    }
}

/// What a taker found at the position.
pub(super) enum Found<T> {
    Item(T),
    Nothing,
    End,
}

impl<T> SharedState<T> {
    #[cold]
    fn notify_lock_waiters(&self) {
        self.lock_waiters.notify(Wakers::Take);
    }

    /// Closes the gate if it is open. Wait-free.
    #[inline(always)]
    pub(super) fn try_close(&self) -> Option<ClosedGate<'_, T>> {
        // Acquire: partner of `ClosedGate::drop`, for the position. Relaxed on failure: the
        // position is not read.
        self.position
            .gate
            .compare_exchange(OPEN, CLOSED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            .then(|| ClosedGate(self))
    }

    /// Closes the gate, and spins a fixed number of times while another taker has closed it.
    /// Wait-free.
    pub(super) fn try_close_spinning(&self) -> Option<ClosedGate<'_, T>> {
        for _ in 0..TAKER_SPINS {
            if let Some(gate) = self.try_close() {
                return Some(gate);
            }
            spin();
        }
        self.try_close()
    }

    /// Closes the gate if it is open, and otherwise sets `CONTENDED`. If the caller has registered,
    /// the taker that opens the gate then notifies it. Lock-free.
    pub(super) fn close_or_mark(&self) -> Option<ClosedGate<'_, T>> {
        // Relaxed: the exchange confirms the value.
        let mut gate = self.position.gate.load(Ordering::Relaxed);
        loop {
            let new = if gate == OPEN { CLOSED } else { gate | CONTENDED };
            // Acquire: partner of `ClosedGate::drop`, for the position. Release: partner of
            // `ClosedGate::drop`, for the registration. Relaxed on failure: the next exchange
            // confirms the value.
            match self.position.gate.compare_exchange_weak(
                gate,
                new,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return (gate == OPEN).then(|| ClosedGate(self)),
                Err(now) => gate = now,
            }
            retry_hint();
        }
    }

    /// Takes the next item if it is in the known run and can be moved out.
    ///
    /// The error is `true` if the gate is left closed for the caller, which continues on the slow
    /// path.
    #[inline(always)]
    pub(super) fn take_known(&self) -> Result<T, bool> {
        let mut gate = self.try_close().ok_or(false)?;
        match gate.with(RawCursor::take_known) {
            Some(item) => Ok(self.pass_item(item, || drop(gate))),
            None => {
                mem::forget(gate);
                Err(true)
            }
        }
    }

    /// Calls `f`, and returns an item that was claimed. If `f` panics, the item is lost.
    #[inline(always)]
    fn pass_item(&self, item: T, f: impl FnOnce()) -> T {
        let lost = Defer(|| self.add_lost(&item));
        f();
        mem::forget(lost);
        item
    }

    #[cold]
    fn add_lost(&self, item: &T) {
        // Relaxed, here and in `take_lost`: the number hands no other data over.
        self.lost.fetch_add((self.weigh)(item), Ordering::Relaxed);
    }

    pub(super) fn take_lost(&self) -> usize {
        self.lost.swap(0, Ordering::Relaxed)
    }

    /// Takes the next item if one is ready.
    ///
    /// The gate is opened before user code runs. It is returned, still closed, only if no item is
    /// ready. With [`Found::Nothing`] and no gate, another taker has closed it meanwhile.
    pub(super) fn take<'a>(
        &'a self,
        mut gate: ClosedGate<'a, T>,
    ) -> (Found<T>, Option<ClosedGate<'a, T>>) {
        loop {
            match gate.with(|raw| raw.refill(&self.list)) {
                Refill::Ready => {
                    // SAFETY: `refill` has just returned `Ready`, and the gate is still closed.
                    let item = match gate.with(|raw| unsafe { raw.take_or_borrow() }) {
                        Taken::Moved(item) => self.pass_item(item, || drop(gate)),
                        Taken::Borrowed(block, slot) => {
                            let held = HeldBlock(&self.list, block);
                            // SAFETY: the slot is published. `held` keeps the block alive and its
                            // item in place.
                            let item = unsafe { held.1.peek(slot) };
                            let lost = Defer(|| self.add_lost(item));
                            drop(gate);
                            // The gate is open, so user code may run.
                            let item = (self.list.clone_fn.expect())(item, &mut { slot });
                            mem::forget(lost);
                            // Before the return, so that a panic drops the clone instead of leaking
                            // it.
                            self.pass_item(item, || drop(held))
                        }
                    };
                    return (Found::Item(item), None);
                }
                Refill::Empty if gate.with(|raw| raw.is_drained(&self.list)) => {
                    self.give_back(gate);
                    return (Found::End, None);
                }
                Refill::Empty => return (Found::Nothing, Some(gate)),
                Refill::Left(block) => {
                    let held = HeldBlock(&self.list, block);
                    drop(gate);
                    // User code: may drop items.
                    drop(held);
                    match self.try_close() {
                        Some(closed) => gate = closed,
                        None => return (Found::Nothing, None),
                    }
                }
            }
        }
    }
}

impl<T> SharedState<T> {
    /// Takes the next item if one is ready. `closed` means that this taker has already closed the
    /// gate.
    pub(super) fn try_take(&self, closed: bool) -> Result<T, TryNextError> {
        let mut gate = closed.then(|| ClosedGate(self));
        for _ in 0..=TAKER_SPINS {
            let Some(closed) = gate.take().or_else(|| self.try_close_spinning()) else { break };
            match self.take(closed) {
                (Found::Item(item), _) => return Ok(item),
                (Found::End, _) => return Err(TryNextError::Ended),
                (Found::Nothing, Some(gate)) => {
                    self.give_back(gate);
                    return Err(TryNextError::Empty);
                }
                (Found::Nothing, None) => {}
            }
        }
        Err(TryNextError::Contended)
    }

    /// Opens the gate for a taker that has found nothing. Then drops the items that all readers
    /// have read, and gives back the blocks that the list kept for producers.
    pub(super) fn give_back(&self, mut gate: ClosedGate<'_, T>) {
        let parked = gate.with(|raw| raw.park_at().inspect(|_| raw.acquire_block()));
        let parked = parked.map(|(block, from, to)| {
            // SAFETY: the block is held, so it is alive. `park_at` returned these slots, so they
            // are published, their items are live, and no other reader uses them.
            let items = Defer(move || unsafe { block.drop_items(from, to) });
            // The items are dropped before the block is released.
            (items, HeldBlock(&self.list, block))
        });
        drop(gate);
        drop(parked);
        self.list.reclaim_unused();
    }
}

impl<T> Drop for SharedState<T> {
    fn drop(&mut self) {
        let list = &self.list;
        // The last step, because it calls wakers.
        let _notify = list.remove_cursor().then(|| Defer(|| list.notify_closed(Wakers::Take)));
        // SAFETY: the last taker is gone, so the position is not used again.
        self.position.raw.with_mut(|raw| unsafe { (*raw).give_up(&self.list) });
    }
}

/// Spins for a fixed number of hints, in which another taker may open the gate.
pub(super) fn spin() {
    for _ in 0..RIVAL_SPIN_HINTS {
        core::hint::spin_loop();
    }
}
