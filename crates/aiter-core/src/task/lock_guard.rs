//! The value of a [`PollLock`](crate::task::PollLock), and the guard that opens its gate.
//!
//! # Ordering policy
//! Each method of the guard opens the gate by a read-modify-write with AcqRel. Release hands the
//! value to the next task that closes the gate. Acquire sees the registrations of tasks that
//! changed the word meanwhile (see `lock_state.rs`).

use core::{pin::Pin, task::Waker};

use crate::{
    sync::{Arc, Ordering, UnsafeCell, retry_hint},
    task::lock_state::{CONTENDED, LockState, NOTIFIED, OPEN, PENDING, is_pending},
    wait::queue::Wakers,
};

/// The value, its gate and the lock's waker, which all handles share.
pub(super) struct Shared<S> {
    pub(super) state: Arc<LockState>,
    /// The lock's waker.
    pub(super) waker: Waker,
    pub(super) value: UnsafeCell<S>,
}

impl<S> Shared<S> {
    pub(super) fn into_value(self) -> S {
        let Self { state, waker, value } = self;
        let value = value.into_inner();
        // Before the return: if the drop of a waker panics, the value is dropped, not leaked.
        drop((state, waker));
        value
    }
}

// SAFETY: the gate hands the value from task to task, so the value must be `Send`. `state` and
// `waker` are `Send`.
unsafe impl<S: Send> Send for Shared<S> {}

// SAFETY: the gate admits one task at a time, so the value need not be `Sync`. It must be `Send`,
// because the tasks may run on several threads. `state` and `waker` are `Sync`.
unsafe impl<S: Send> Sync for Shared<S> {}

/// Access to the value for the task that has closed the gate. If the task unwinds, the drop opens
/// the gate and wakes all tasks.
pub(super) struct LockGuard<'a> {
    pub(super) state: &'a LockState,
}

impl LockGuard<'_> {
    /// Passes the value to `f`. `shared` contains the guard's `state`.
    #[inline(always)]
    pub(super) fn with<S, R>(&self, shared: &Shared<S>, f: impl FnOnce(Pin<&mut S>) -> R) -> R {
        shared.value.with_mut(|value| {
            // SAFETY: this task has closed the gate, or has the only handle, and calls this once
            // for each guard, so the reference is unique. The value is pinned until it is dropped,
            // because only `into_inner` and `try_into_inner` move it, which need `Unpin`.
            f(unsafe { Pin::new_unchecked(&mut *value) })
        })
    }

    /// Opens the gate after a poll that was ready. Returns `true` if other tasks were woken.
    #[inline(always)]
    pub(super) fn open(self) -> bool {
        let state = self.state;
        core::mem::forget(self);
        // Release: partner of `LockState::try_close`, for the value, and of
        // `LockState::synchronize`, for results outside the value. Acquire: partner of both, for
        // registrations.
        let before = state.gate.swap(OPEN, Ordering::AcqRel);
        let wakes = before & CONTENDED != 0
            || !state.value_waiters.is_empty()
            || !state.watchers.is_empty();
        if wakes {
            state.notify_all(before);
        }
        wakes
    }

    /// Opens the gate after a poll that was pending, and wakes the tasks that must retry. `gate` is
    /// the expected word.
    pub(super) fn open_pending(self, mut gate: usize) {
        let state = self.state;
        core::mem::forget(self);
        loop {
            let notified = gate & NOTIFIED;
            let new = if notified != 0 { notified } else { PENDING };
            // Release: partner of `LockState::try_close`, for the value, and of
            // `LockState::set_notified`, for this task's registration. Acquire: partner of
            // `LockState::try_close`, for registrations.
            match state.gate.compare_exchange_weak(gate, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if notified != 0 => return state.notify_waiters(gate),
                Ok(_) if gate & CONTENDED != 0 => return state.lock_waiters.notify(Wakers::Take),
                Ok(_) => return,
                Err(now) => gate = now,
            }
            retry_hint();
        }
    }

    /// Opens the gate after a read, and preserves `NOTIFIED` and `PENDING`.
    pub(super) fn open_after_read(self) {
        let state = self.state;
        core::mem::forget(self);
        // Release: partner of `LockState::try_close`, for the value. Acquire: partner of the same,
        // for registrations.
        let gate = state.gate.fetch_and(NOTIFIED | PENDING, Ordering::AcqRel);
        if !is_pending(gate) {
            // A task that registered meanwhile found the gate closed, and sleeps.
            state.notify_waiters(gate);
        } else if gate & CONTENDED != 0 {
            state.lock_waiters.notify(Wakers::Take);
        }
    }
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        // AcqRel: the same partners as in `open`.
        let before = self.state.gate.swap(OPEN, Ordering::AcqRel);
        self.state.notify_all(before);
    }
}
