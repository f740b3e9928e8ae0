//! One task's turn at a shared value.

use core::{pin::Pin, task::Waker};

use crate::{
    sync::{Arc, Ordering, UnsafeCell, retry_hint},
    task::lock_state::{CONTENDED, LockState, NOTIFIED, OPEN, QUIET, is_quiet},
    wait::queue::Wakers,
};

pub(super) struct Shared<S> {
    pub(super) state: Arc<LockState>,
    /// The state's waker, made once.
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

// SAFETY: the value goes from task to task through the gate, so it must be `Send`, and is never
// seen by two at once, so it need not be `Sync`.
unsafe impl<S: Send> Send for Shared<S> {}

// SAFETY: as above.
unsafe impl<S: Send> Sync for Shared<S> {}

/// The gate, closed by this turn. If the turn panics, the gate opens and all tasks are woken.
pub(super) struct LockGuard<'a> {
    pub(super) state: &'a LockState,
}

impl LockGuard<'_> {
    #[inline(always)]
    pub(super) fn with<S, R>(&self, shared: &Shared<S>, f: impl FnOnce(Pin<&mut S>) -> R) -> R {
        shared.value.with_mut(|value| {
            // SAFETY: the gate of this value is closed by this turn, which calls this once. The
            // value never moves until it is dropped, but by `into_inner` and
            // `try_into_inner`, which need `Unpin`.
            f(unsafe { Pin::new_unchecked(&mut *value) })
        })
    }

    /// Opens the gate after a turn that got something. Returns `true` if other tasks were woken.
    #[inline(always)]
    pub(super) fn open(self) -> bool {
        let state = self.state;
        core::mem::forget(self);
        // AcqRel: partner of `LockState::close`, `LockState::news` and `LockState::touch`.
        let before = state.gate.swap(OPEN, Ordering::AcqRel);
        let wakes =
            before & CONTENDED != 0 || !state.queue.is_empty() || !state.watchers.is_empty();
        if wakes {
            state.left(before);
        }
        wakes
    }

    /// Opens the gate after a turn that got nothing, and wakes the tasks that need to come again.
    /// `gate` is its word if no other party came meanwhile.
    pub(super) fn open_pending(self, mut gate: usize) {
        let state = self.state;
        core::mem::forget(self);
        loop {
            let news = gate & NOTIFIED;
            let new = if news != 0 { news } else { QUIET };
            // AcqRel: partner of `LockState::close` and `LockState::news`.
            match state.gate.compare_exchange_weak(gate, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if news != 0 => return state.opened(gate),
                Ok(_) if gate & CONTENDED != 0 => return state.lock_waiters.notify(Wakers::Take),
                Ok(_) => return,
                Err(now) => gate = now,
            }
            retry_hint();
        }
    }

    /// Opens the gate after a look, which leaves the value and its news as they were.
    pub(super) fn open_looked(self) {
        let state = self.state;
        core::mem::forget(self);
        // AcqRel: partner of `LockState::close` and `LockState::news`.
        let gate = state.gate.fetch_and(NOTIFIED | QUIET, Ordering::AcqRel);
        if !is_quiet(gate) {
            // A task that registered meanwhile found the gate closed, and sleeps.
            state.opened(gate);
        } else if gate & CONTENDED != 0 {
            state.lock_waiters.notify(Wakers::Take);
        }
    }
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        // AcqRel: as `open`.
        let before = self.state.gate.swap(OPEN, Ordering::AcqRel);
        self.state.left(before);
    }
}
