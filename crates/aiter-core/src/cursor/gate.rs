//! What the handles of a shared cursor share: its position behind a gate.

use crate::{
    error::TryNextError,
    list::{
        List,
        block::Block,
        position::{RawCursor, Refill, Taken},
    },
    sync::{Arc, AtomicUsize, LOOKS, Ordering, RIVAL_PAUSES, UnsafeCell, retry_hint},
    wait::queue::{WaitQueue, Wakers},
};

pub(super) const OPEN: usize = 0;
pub(super) const CLOSED: usize = 1;
/// A taker found the gate closed and sleeps.
const CONTENDED: usize = 2;

/// What the takers share.
pub(super) struct Shared<T> {
    pub(super) place: Place<T>,
    pub(super) list: Arc<List<T>>,
    /// Takers that found the gate closed.
    pub(super) lock_waiters: WaitQueue,
    /// The number of items that a call of `len` saw last.
    pub(super) len: AtomicUsize,
}

/// What every take writes: one cache line that the takers carry from core to core, and nothing else
/// on it that is only read, or that is written for other reasons.
#[cfg_attr(target_pointer_width = "64", repr(align(64)))]
pub(super) struct Place<T> {
    pub(super) gate: AtomicUsize,
    pub(super) raw: UnsafeCell<RawCursor<T>>,
}

// SAFETY: the position goes from taker to taker through the gate, each on its own thread, so it
// must be `Send`, which it is for `T: Send`.
unsafe impl<T: Send> Send for Shared<T> {}

// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

/// The gate, closed by us.
pub(super) struct Gate<'a, T>(pub(super) &'a Shared<T>);

impl<T> Gate<'_, T> {
    /// Works on the position. Runs no user code.
    pub(super) fn with<R>(&mut self, f: impl FnOnce(&mut RawCursor<T>) -> R) -> R {
        // SAFETY: the gate is closed by us, and lent mutably.
        self.0.place.raw.with_mut(|raw| f(unsafe { &mut *raw }))
    }
}

impl<T> Drop for Gate<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // Release: partner of `try_close`. AcqRel: partner of `close_or_mark`, in both directions.
        if self.0.place.gate.swap(OPEN, Ordering::AcqRel) & CONTENDED != 0 {
            self.0.wake_turned_away();
        }
    }
}

/// Gives a block that was held back.
struct Release<'a, T>(&'a List<T>, Block<T>);

impl<T> Drop for Release<'_, T> {
    fn drop(&mut self) {
        // SAFETY: a count came with the block, and it is ours.
        unsafe { self.0.release(self.1) };
    }
}

/// Drops items of a block, from a slot on and up to another, before it is given back.
struct DropItems<'a, T>(Release<'a, T>, usize, usize);

impl<T> Drop for DropItems<'_, T> {
    fn drop(&mut self) {
        let Self(Release(_, block), from, to) = self;
        // SAFETY: `park_at` gave them to us, and the block is held.
        unsafe { block.drop_items(*from, *to) };
    }
}

/// What a taker found.
pub(super) enum Found<T> {
    Item(T),
    Nothing,
    End,
}

impl<T> Shared<T> {
    #[cold]
    fn wake_turned_away(&self) {
        self.lock_waiters.notify(Wakers::Take);
    }

    #[inline(always)]
    pub(super) fn try_close(&self) -> Option<Gate<'_, T>> {
        // Acquire: partner of `Gate::drop`.
        self.place
            .gate
            .compare_exchange(OPEN, CLOSED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            .then(|| Gate(self))
    }

    /// Closes the gate. If another taker has closed it, pauses for that one a fixed number of
    /// times.
    pub(super) fn close_patiently(&self) -> Option<Gate<'_, T>> {
        for _ in 0..LOOKS {
            if let Some(gate) = self.try_close() {
                return Some(gate);
            }
            pause();
        }
        self.try_close()
    }

    /// Closes the gate, or marks it, so that the taker that opens it wakes those that have
    /// registered.
    pub(super) fn close_or_mark(&self) -> Option<Gate<'_, T>> {
        let mut gate = self.place.gate.load(Ordering::Relaxed);
        loop {
            let new = if gate == OPEN { CLOSED } else { gate | CONTENDED };
            // Acquire: as `try_close`. Release: partner of `Gate::drop`, for the registration.
            match self.place.gate.compare_exchange_weak(
                gate,
                new,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return (gate == OPEN).then(|| Gate(self)),
                Err(now) => gate = now,
            }
            retry_hint();
        }
    }

    /// Takes the next item in the shortest way. The error says whether the gate is left closed, for
    /// the caller to go on in another way.
    #[inline(always)]
    pub(super) fn take_known(&self) -> Result<T, bool> {
        let mut gate = self.try_close().ok_or(false)?;
        match gate.with(RawCursor::take_known) {
            Some(item) => {
                drop(gate);
                Ok(item)
            }
            None => {
                core::mem::forget(gate);
                Err(true)
            }
        }
    }

    /// Takes the next item, if one is ready. Opens the gate for what is not to run under it; the
    /// gate comes back, closed, only if there is nothing.
    pub(super) fn take<'a>(&'a self, mut gate: Gate<'a, T>) -> (Found<T>, Option<Gate<'a, T>>) {
        loop {
            match gate.with(|raw| raw.refill(&self.list)) {
                Refill::Ready => {
                    // SAFETY: just refilled.
                    let taken = match gate.with(|raw| unsafe { raw.take_or_hold() }) {
                        Taken::Moved(item) => Ok(item),
                        Taken::Held(block, slot) => Err((Release(&self.list, block), slot)),
                    };
                    drop(gate);
                    // Outside the gate.
                    let item = match taken {
                        Ok(item) => item,
                        Err((held, slot)) => {
                            // SAFETY: published; the count keeps the block and its items in place.
                            let item = unsafe { held.1.peek(slot) };
                            let item = (self.list.clone_fn.expect())(item, &mut { slot });
                            // Before the clone is returned: if this panics, the clone is dropped,
                            // not lost.
                            drop(held);
                            item
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
                    let release = Release(&self.list, block);
                    drop(gate);
                    drop(release);
                    match self.try_close() {
                        Some(closed) => gate = closed,
                        // Another taker is at it.
                        None => return (Found::Nothing, None),
                    }
                }
            }
        }
    }
}

impl<T> Shared<T> {
    /// `closed`: the gate is closed by this taker.
    pub(super) fn try_take(&self, closed: bool) -> Result<T, TryNextError> {
        let mut gate = closed.then(|| Gate(self));
        for _ in 0..=LOOKS {
            let Some(closed) = gate.take().or_else(|| self.close_patiently()) else { break };
            match self.take(closed) {
                (Found::Item(item), _) => return Ok(item),
                (Found::End, _) => return Err(TryNextError::Ended),
                // The gate comes back if there was nothing to take.
                (Found::Nothing, Some(gate)) => {
                    self.give_back(gate);
                    return Err(TryNextError::Empty);
                }
                (Found::Nothing, None) => {}
            }
        }
        Err(TryNextError::Contended)
    }

    /// Opens the gate for a taker that has found nothing. Then gives back what the list kept for
    /// producers, and drops the items that all readers have read.
    pub(super) fn give_back(&self, mut gate: Gate<'_, T>) {
        let done_with = gate.with(|raw| raw.park_at().inspect(|_| raw.acquire_block()));
        let done_with =
            done_with.map(|(block, from, to)| DropItems(Release(&self.list, block), from, to));
        drop(gate);
        drop(done_with);
        self.list.reclaim_unused();
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        self.list.remove_cursor();
        // SAFETY: the last taker is gone, so the position is not used again.
        self.place.raw.with_mut(|raw| unsafe { (*raw).give_up(&self.list) });
    }
}

/// Gives another taker at the gate a fixed time.
pub(super) fn pause() {
    for _ in 0..RIVAL_PAUSES {
        core::hint::spin_loop();
    }
}
