//! The gate of a shared value, and the tasks that wait at it.

use core::task::Waker;

use crate::{
    sync::{Arc, AtomicUsize, Ordering, Wake, WakeArc, retry_hint},
    wait::{
        queue::{WaitQueue, Wakers},
        waiter::Waiter,
    },
};

/// The gate is open, and there may be something to poll for.
pub(super) const OPEN: usize = 0;
/// A task is at the value.
pub(super) const CLOSED: usize = 1;
/// The state's waker was called, and no turn has begun since.
pub(super) const NOTIFIED: usize = 1 << 1;
/// A task was turned away.
pub(super) const CONTENDED: usize = 1 << 2;
/// The last turn was pending, so the value has the state's waker.
pub(super) const QUIET: usize = 1 << 3;

/// Returns `true` if a poll of the value would be in vain.
pub(super) const fn is_quiet(gate: usize) -> bool {
    gate & (QUIET | NOTIFIED) == QUIET
}

/// What a task found at the gate.
pub(super) enum Entry {
    /// The gate was open and is closed by the task now.
    Entered,
    /// The gate is closed by another task, and marked.
    TurnedAway,
    /// The gate is open, and a poll of the value would be in vain.
    Quiet,
}

/// The gate and the wait queues. Outlives the value, because the value's source may keep the state's
/// waker.
pub(super) struct LockState {
    pub(super) gate: AtomicUsize,
    /// Tasks that wait for the value.
    pub(super) queue: WaitQueue,
    /// Tasks that found the gate closed.
    pub(super) lock_waiters: WaitQueue,
    /// Tasks that wait for what turns leave beside the value.
    pub(super) watchers: WaitQueue,
}

/// What the state's waker is made of.
pub(super) struct LockWaker(pub(super) Arc<LockState>);

impl Wake for LockWaker {
    fn wake(this: WakeArc<Self>) {
        this.0.news();
    }

    fn wake_by_ref(this: &WakeArc<Self>) {
        this.0.news();
    }
}

impl LockState {
    /// Wakes the tasks that were turned away, if there are any, and all that sleep.
    #[inline(never)]
    pub(super) fn opened(&self, before: usize) {
        /// Wakes these also if a waker of the others panics.
        struct Notify<'a>(&'a LockState);
        impl Drop for Notify<'_> {
            fn drop(&mut self) {
                // The caller has just touched the gate, so it knows of all that registered before.
                self.0.queue.notify(Wakers::Take);
            }
        }
        let _notify = Notify(self);
        if before & CONTENDED != 0 {
            self.lock_waiters.notify(Wakers::Take);
        }
    }

    /// As `opened`, after a turn that may have left something beside the value.
    #[inline(never)]
    pub(super) fn left(&self, before: usize) {
        /// Wakes these also if a waker of the others panics.
        struct Notify<'a>(&'a LockState);
        impl Drop for Notify<'_> {
            fn drop(&mut self) {
                // As in `opened`.
                self.0.watchers.notify(Wakers::Take);
            }
        }
        let _notify = Notify(self);
        self.opened(before);
    }

    pub(super) fn news(&self) {
        // Release: what was done before is seen by the turn that takes the news. Acquire: partner
        // of `LockGuard::open_pending`, `LockState::close` and `LockState::touch`, for registrations.
        self.gate.fetch_or(NOTIFIED, Ordering::AcqRel);
        // The value may call its waker in an interrupt handler.
        self.queue.notify(Wakers::Lend);
    }

    /// Closes the gate for a look, which leaves the news. If it is closed, sets `mark` and returns
    /// `false`.
    pub(super) fn close_for_look(&self, mark: usize) -> bool {
        let mut gate = self.gate.load(Ordering::Relaxed);
        loop {
            let is_open = gate & CLOSED == 0;
            if !is_open && mark == OPEN {
                return false;
            }
            let new = gate | if is_open { CLOSED } else { mark };
            // Acquire: takes the value. Release: a mark releases the registration.
            match self.gate.compare_exchange_weak(gate, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return is_open,
                Err(now) => gate = now,
            }
            retry_hint();
        }
    }

    /// Changes the gate's word to what it is, and returns it.
    pub(super) fn touch(&self) -> usize {
        let mut gate = self.gate.load(Ordering::Relaxed);
        loop {
            // AcqRel: partner of `LockGuard::open` and of itself: see the ordering policy.
            match self.gate.compare_exchange_weak(gate, gate, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return gate,
                Err(now) => gate = now,
            }
            retry_hint();
        }
    }

    /// Closes the gate for a turn and takes the news, or marks it.
    #[inline(always)]
    pub(super) fn close(&self) -> Entry {
        let mut gate = self.gate.load(Ordering::Relaxed);
        loop {
            let (new, entry) = if gate & CLOSED != 0 {
                (gate | CONTENDED, Entry::TurnedAway)
            } else if is_quiet(gate) {
                (gate, Entry::Quiet)
            } else {
                (CLOSED, Entry::Entered)
            };
            // AcqRel: see the ordering policy.
            match self.gate.compare_exchange_weak(gate, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return entry,
                Err(now) => gate = now,
            }
            retry_hint();
        }
    }
}

/// A handle's place in the queue, or among the watchers.
pub(super) struct TaskWaiter {
    pub(super) waiter: Waiter,
    pub(super) watches: bool,
}

impl TaskWaiter {
    pub(super) fn queue<'a>(&self, state: &'a LockState) -> &'a WaitQueue {
        if self.watches { &state.watchers } else { &state.queue }
    }

    /// Registers in the queue if the waker is there. Runs no user code.
    pub(super) fn register_again(&self, state: &LockState, waker: &Waker) -> bool {
        !self.watches && state.queue.register_again(&self.waiter, waker).is_ok()
    }

    /// Registers in the queue, or among the watchers, and leaves the other one.
    pub(super) fn register(&mut self, state: &LockState, watches: bool, waker: &Waker) {
        if self.watches != watches {
            // Nothing is to be told, because every wake-up is for all.
            let _retired = self.queue(state).retire(&mut self.waiter);
            self.watches = watches;
        }
        self.queue(state).register(&mut self.waiter, waker);
    }
}
