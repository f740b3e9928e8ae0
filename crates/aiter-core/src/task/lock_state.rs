//! The gate of a [`PollLock`](crate::task::PollLock), and the tasks that wait at it.
//!
//! # Protocol
//! The *gate* is a try-lock. It gives the value to one task at a time, for one poll. No task blocks
//! on it. A task that finds the gate closed registers in `lock_waiters`, sets `CONTENDED` and
//! returns `Pending`. The task that opens a contended gate wakes all of them, and they retry.
//!
//! A task whose poll was pending sleeps in `value_waiters`. Each poll gives the value the same
//! waker, the *lock's waker*. The lock's waker sets `NOTIFIED` and wakes all tasks in
//! `value_waiters`. A poll that is ready wakes them as well, because the value then has no waker.
//! Each wake-up is for all tasks, because a woken task need not be polled again (see
//! `wait/queue.rs`).
//!
//! A poll that is pending without `NOTIFIED` sets `PENDING`. The value then has the lock's waker,
//! and another poll would be pending, too. So of all tasks that one wake-up wakes, only one polls
//! the value in vain. The others find `PENDING` and sleep.
//!
//! If a task sleeps in `value_waiters`, then the gate is closed, or `PENDING` is set without
//! `NOTIFIED`, or the task has been woken. A *read* accesses the value without polling it. It
//! closes the gate, and preserves `NOTIFIED` and `PENDING`. A task that goes to sleep meanwhile
//! cannot distinguish the read from a poll. So a read wakes all tasks when it ends, unless a poll
//! would be pending.
//!
//! A *watcher* does not poll. It waits for results that polls leave outside the value. It registers
//! in `watchers`, performs a read-modify-write of the gate's word, and then checks for results. It
//! sees the results of each poll that opened the gate before. Each later poll sees the watcher, and
//! wakes it if the poll is ready. The lock's waker wakes no watcher, because it leaves no result.
//!
//! # Ordering policy
//! The gate hands the value on: Release when it opens, Acquire when it closes. Before a task
//! sleeps, it performs a read-modify-write of the gate's word with Release, also if it finds the
//! gate closed or pending. So either the opener sees the task's registration, or the task finds the
//! gate open. The same holds between the lock's waker and a task that registers. All changes of the
//! word are read-modify-writes, so an Acquire of it synchronizes with all earlier releases.

use core::task::Waker;

use crate::{
    defer::Defer,
    sync::{Arc, AtomicUsize, Ordering, Wake, WakeArc},
    wait::{
        queue::{WaitQueue, Wakers},
        waiter::Waiter,
    },
};

/// In `LockState::gate`: the gate is open, and a poll of the value may be ready.
pub(super) const OPEN: usize = 0;
/// In `LockState::gate`: a task polls or reads the value.
pub(super) const CLOSED: usize = 1;
/// In `LockState::gate`: the lock's waker was called, and no poll has begun since.
pub(super) const NOTIFIED: usize = 1 << 1;
/// In `LockState::gate`: a task has found the gate closed and registered.
pub(super) const CONTENDED: usize = 1 << 2;
/// In `LockState::gate`: the last poll was pending, so the value has the lock's waker.
pub(super) const PENDING: usize = 1 << 3;

/// Returns `true` if a poll of the value would be pending.
pub(super) const fn is_pending(gate: usize) -> bool {
    gate & (PENDING | NOTIFIED) == PENDING
}

/// The result of `LockState::try_close`.
pub(super) enum TryClose {
    /// The gate was open. The caller has closed it.
    Closed,
    /// Another task has closed the gate. `CONTENDED` is set.
    Contended,
    /// The gate is open, and a poll of the value would be pending.
    Pending,
}

/// The gate and the wait queues. May outlive the value, because the lock's waker keeps it alive.
pub(super) struct LockState {
    /// ```text
    ///  bit    3          2           1         0
    ///     +---------+-----------+----------+--------+
    ///     | PENDING | CONTENDED | NOTIFIED | CLOSED |
    ///     +---------+-----------+----------+--------+
    /// ```
    pub(super) gate: AtomicUsize,
    /// Tasks that wait for the value.
    pub(super) value_waiters: WaitQueue,
    /// Tasks that found the gate closed.
    pub(super) lock_waiters: WaitQueue,
    /// Tasks that wait for results that polls leave outside the value.
    pub(super) watchers: WaitQueue,
}

/// The data of the lock's waker.
pub(super) struct LockWaker(pub(super) Arc<LockState>);

impl Wake for LockWaker {
    fn wake(this: WakeArc<Self>) {
        this.0.set_notified();
    }

    fn wake_by_ref(this: &WakeArc<Self>) {
        this.0.set_notified();
    }
}

impl LockState {
    /// Wakes all tasks that wait for the value and, if `before` is contended, for the gate. The
    /// caller has just changed the gate's word from `before`, by an Acquire.
    #[inline(never)]
    pub(super) fn notify_waiters(&self, before: usize) {
        // Runs also if a waker of `lock_waiters` panics.
        let _notify = Defer(|| self.value_waiters.notify(Wakers::Take));
        if before & CONTENDED != 0 {
            self.lock_waiters.notify(Wakers::Take);
        }
    }

    /// Does the same as `notify_waiters`, and wakes all watchers.
    #[inline(never)]
    pub(super) fn notify_all(&self, before: usize) {
        // Runs also if a waker of another queue panics.
        let _notify = Defer(|| self.watchers.notify(Wakers::Take));
        self.notify_waiters(before);
    }

    /// Sets `NOTIFIED`, and wakes all tasks that wait for the value.
    pub(super) fn set_notified(&self) {
        // Release: the poll that clears `NOTIFIED` sees the caller's earlier writes. Acquire:
        // partner of `LockGuard::open_pending`, `try_close` and `synchronize`, for registrations.
        self.gate.fetch_or(NOTIFIED, Ordering::AcqRel);
        // By reference, because the value may call its waker in an interrupt handler.
        self.value_waiters.notify(Wakers::Lend);
    }

    /// Closes the gate for a read, which preserves the other bits. If the gate is closed, sets the
    /// bit `mark` instead and returns `false`.
    pub(super) fn try_close_for_read(&self, mark: usize) -> bool {
        // Acquire: partner of the opener, for the value. Release: partner of the opener, for the
        // caller's registration, if `mark` is set. Relaxed: a guess. The exchange decides.
        let before = self.gate.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |gate| {
            let is_open = gate & CLOSED == 0;
            (is_open || mark != OPEN).then_some(gate | if is_open { CLOSED } else { mark })
        });
        before.is_ok_and(|gate| gate & CLOSED == 0)
    }

    /// Returns the gate's word. Does so by a read-modify-write that keeps it, which orders the
    /// caller's registration.
    pub(super) fn synchronize(&self) -> usize {
        // Acquire: partner of `LockGuard::open`, for results outside the value. Release: partner of
        // `LockGuard::open` and `set_notified`, for the caller's registration. Relaxed: a guess.
        // The exchange decides.
        let (Ok(gate) | Err(gate)) =
            self.gate.fetch_update(Ordering::AcqRel, Ordering::Relaxed, Some);
        gate
    }

    /// Closes the gate for a poll, and clears `NOTIFIED`. If the gate is closed, sets `CONTENDED`
    /// instead. If a poll would be pending, changes nothing.
    #[inline(always)]
    pub(super) fn try_close(&self) -> TryClose {
        let mut result = TryClose::Closed;
        // Acquire: partner of the last opener and of `set_notified`, for the value. Release:
        // partner of the next opener and of `set_notified`, for the caller's registration. Relaxed:
        // a guess. The exchange decides.
        let _ = self.gate.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |gate| {
            let new;
            (new, result) = if gate & CLOSED != 0 {
                (gate | CONTENDED, TryClose::Contended)
            } else if is_pending(gate) {
                (gate, TryClose::Pending)
            } else {
                (CLOSED, TryClose::Closed)
            };
            Some(new)
        });
        result
    }
}

/// A handle's registration, either in `value_waiters` or in `watchers`.
pub(super) struct TaskWaiter {
    pub(super) waiter: Waiter,
    pub(super) watches: bool,
}

impl TaskWaiter {
    /// Returns the queue that the waiter belongs to.
    pub(super) fn queue<'a>(&self, state: &'a LockState) -> &'a WaitQueue {
        if self.watches { &state.watchers } else { &state.value_waiters }
    }

    /// Registers in `value_waiters` if the slot there contains this waker. Returns `false` if it
    /// does not. Runs no user code.
    pub(super) fn register_again(&self, state: &LockState, waker: &Waker) -> bool {
        !self.watches && state.value_waiters.register_again(&self.waiter, waker).is_ok()
    }

    /// Registers in `watchers` or `value_waiters`, and retires from the other queue.
    pub(super) fn register(&mut self, state: &LockState, watches: bool, waker: &Waker) {
        if self.watches != watches {
            // No wake-up has to be passed on, because each wake-up is for all tasks.
            let _deregistered = self.queue(state).deregister(&mut self.waiter);
            self.watches = watches;
        }
        self.queue(state).register(&mut self.waiter, waker);
    }
}
