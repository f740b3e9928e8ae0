//! A cell for one waker, which one task sets and any party calls.
//!
//! The cell is a wait queue with one waiter. A try-lock guards the waiter for a few instructions,
//! in which no user code runs.
//!
//! # Ordering policy
//! `busy` hands the waiter from one party to the next: Release in `BusyGuard::drop`, Acquire in
//! `try_lock`. `wait/queue.rs` orders the rest.

use core::{fmt, task::Waker};

use crate::{
    sync::{AtomicBool, Ordering, UnsafeCell},
    wait::{
        queue::{WaitQueue, Wakers},
        waiter::Waiter,
    },
};

/// A cell for the waker of one task, which any thread, task or interrupt handler may call.
///
/// Like an `AtomicWaker`, but [`register`](Self::register) never has to be retried. On a core with
/// priorities, a task may preempt [`wake`](Self::wake) at any point, register, and sleep.
///
/// To sleep, a task calls `register`, and then checks again for its event. To wake the task, a
/// notifier makes the event visible, and then calls `wake`. At least one of the two sees the other.
///
/// # Examples
/// ```
/// use core::{
///     future::poll_fn,
///     sync::atomic::{AtomicBool, Ordering},
///     task::Poll,
/// };
///
/// use aiter_core::task::WakeCell;
///
/// static PRESSED: AtomicBool = AtomicBool::new(false);
///
/// let button = WakeCell::new();
/// let press = poll_fn(|cx| {
///     button.register(cx.waker());
///     if PRESSED.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
/// });
/// # let mut press = core::pin::pin!(press);
/// # let mut cx = core::task::Context::from_waker(core::task::Waker::noop());
/// # assert!(press.as_mut().poll(&mut cx).is_pending());
/// // In the interrupt handler:
/// PRESSED.store(true, Ordering::Release);
/// button.wake();
/// # assert!(press.as_mut().poll(&mut cx).is_ready());
/// ```
pub struct WakeCell {
    queue: WaitQueue,
    /// The try-lock. Set while a task registers or clears the cell.
    busy: AtomicBool,
    /// Guarded by `busy`.
    waiter: UnsafeCell<Waiter>,
}

// SAFETY: the waiter and wakers are `Send`.
unsafe impl Send for WakeCell {}
// SAFETY: only the party that has set `busy` accesses the waiter. The queue is `Sync`.
unsafe impl Sync for WakeCell {}

/// Access to the waiter for the party that has set `busy`. The drop clears `busy`.
struct BusyGuard<'a>(&'a WakeCell);

impl BusyGuard<'_> {
    fn with_waiter<R>(&mut self, f: impl FnOnce(&mut Waiter) -> R) -> R {
        // SAFETY: this party has set `busy`, and `&mut self` makes the access unique.
        self.0.waiter.with_mut(|waiter| f(unsafe { &mut *waiter }))
    }
}

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        // Release: partner of `WakeCell::try_lock`, for the waiter.
        self.0.busy.store(false, Ordering::Release);
    }
}

impl WakeCell {
    /// Creates a cell without a waker. Allocates nothing.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn new() -> Self {
        let waiter = UnsafeCell::new(Waiter::new());
        Self { queue: WaitQueue::new(), busy: AtomicBool::new(false), waiter }
    }

    fn try_lock(&self) -> Option<BusyGuard<'_>> {
        // Acquire: partner of `BusyGuard::drop`, for the waiter.
        (!self.busy.swap(true, Ordering::Acquire)).then(|| BusyGuard(self))
    }

    /// Registers `waker` for the next [`wake`](Self::wake), in place of any earlier waker.
    ///
    /// Before the caller sleeps, it must check once more for its event. Meant for one task at a
    /// time. If two tasks register at once, one of them gets a spurious wake-up.
    ///
    /// Lock-free. Allocates only if a notifier that was interrupted still uses the cell's slot.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn register(&self, waker: &Waker) {
        let Some(mut guard) = self.try_lock() else {
            waker.wake_by_ref();
            return;
        };
        if guard.with_waiter(|waiter| self.queue.register_again(waiter, waker)).is_ok() {
            return;
        }
        // Wakers are cloned and dropped without the lock, because that runs user code.
        drop(guard);
        let new = waker.clone();
        let Some(mut guard) = self.try_lock() else {
            new.wake();
            return;
        };
        let old = guard.with_waiter(|waiter| self.queue.register_new(waiter, new));
        drop(guard);
        drop(old);
        self.queue.free_abandoned();
    }

    /// Wakes the task that registered last, unless it was already woken.
    ///
    /// Wait-free. Neither allocates nor frees, so an interrupt handler may call it if it may call
    /// the task's own waker. A called waker stays in the cell until the next
    /// [`register`](Self::register) or [`clear`](Self::clear).
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn wake(&self) {
        self.queue.notify_all(Wakers::Lend);
    }

    /// Removes the waker, and drops it unless a notifier is calling it.
    ///
    /// For a task that ends before the cell. Does nothing if another party registers at the same
    /// time. Lock-free.
    ///
    /// # Examples
    /// ```
    /// use std::{
    ///     sync::Arc,
    ///     task::{Wake, Waker},
    /// };
    ///
    /// use aiter_core::task::WakeCell;
    ///
    /// struct Task;
    ///
    /// impl Wake for Task {
    ///     fn wake(self: Arc<Self>) {}
    /// }
    ///
    /// let task = Arc::new(Task);
    /// let cell = WakeCell::new();
    /// cell.register(&Waker::from(task.clone()));
    /// assert_eq!(Arc::strong_count(&task), 2);
    /// cell.clear(); // else the waker would keep the memory of a task that has ended
    /// assert_eq!(Arc::strong_count(&task), 1);
    /// ```
    pub fn clear(&self) {
        let Some(mut guard) = self.try_lock() else { return };
        let deregistered = guard.with_waiter(|waiter| self.queue.deregister(waiter));
        drop(guard);
        drop(deregistered);
        self.queue.free_abandoned();
    }
}

impl Default for WakeCell {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WakeCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakeCell").field("armed", &!self.queue.is_empty()).finish_non_exhaustive()
    }
}
