//! One waker: set by one task, called by anybody.
//!
//! A queue with one waiter, which a try-lock guards. The lock is held for a few instructions, in
//! which no user code runs.

use core::{fmt, task::Waker};

use crate::{
    sync::{AtomicBool, Ordering, UnsafeCell},
    wait::{queue::WaitQueue, waiter::Waiter},
};

/// The waker of one task, for interrupt handlers, threads and tasks to call.
///
/// What `AtomicWaker` is elsewhere, but [`register`](Self::register) never has to be tried again: a
/// task that preempts [`wake`](Self::wake) half-way, on a core with priorities, registers and
/// sleeps as ever.
///
/// To sleep, a task calls `register` and then looks again for what it waits for. To wake it, do
/// what it waits for and then call `wake`. One of the two sees the other.
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
    /// A task is registering or clearing.
    busy: AtomicBool,
    /// Guarded by `busy`.
    waiter: UnsafeCell<Waiter>,
}

// SAFETY: the waiter is `Send`, as are wakers.
unsafe impl Send for WakeCell {}
// SAFETY: the waiter is used by the party that has set `busy`.
unsafe impl Sync for WakeCell {}

/// `busy`, set by this party.
struct Busy<'a>(&'a WakeCell);

impl Busy<'_> {
    fn waiter<R>(&mut self, f: impl FnOnce(&mut Waiter) -> R) -> R {
        // SAFETY: `busy` is set by this party, and lent mutably.
        self.0.waiter.with_mut(|waiter| f(unsafe { &mut *waiter }))
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        // Release: partner of `try_busy`.
        self.0.busy.store(false, Ordering::Release);
    }
}

impl WakeCell {
    /// A cell without a waker. Allocates nothing.
    pub fn new() -> Self {
        let waiter = UnsafeCell::new(Waiter::new());
        Self { queue: WaitQueue::new(), busy: AtomicBool::new(false), waiter }
    }

    fn try_busy(&self) -> Option<Busy<'_>> {
        // Acquire: partner of `Busy::drop`.
        (!self.busy.swap(true, Ordering::Acquire)).then(|| Busy(self))
    }

    /// Makes `waker` the one that the next [`wake`](Self::wake) calls, instead of any earlier one.
    ///
    /// The caller then looks once more for what it waits for. Meant for one task at a time: if two
    /// register at once, one of them is woken at once, as if there were news.
    ///
    /// Lock-free. Allocates for each notifier that was interrupted in mid-wake, else never.
    pub fn register(&self, waker: &Waker) {
        let Some(mut busy) = self.try_busy() else {
            waker.wake_by_ref();
            return;
        };
        if busy.waiter(|waiter| self.queue.register_again(waiter, waker)).is_ok() {
            return;
        }
        // A waker is cloned and dropped without the lock.
        drop(busy);
        let new = waker.clone();
        let Some(mut busy) = self.try_busy() else {
            new.wake();
            return;
        };
        let old = busy.waiter(|waiter| self.queue.register_new(waiter, new));
        drop(busy);
        drop(old);
        self.queue.free_abandoned();
    }

    /// Wakes the task that registered last, if it was not woken since.
    ///
    /// Wait-free; neither allocates nor frees, so it may be called from an interrupt handler, if
    /// the task's own waker may. The cell keeps a called waker until the next
    /// [`register`](Self::register) or [`clear`](Self::clear).
    pub fn wake(&self) {
        self.queue.notify_all();
    }

    /// Forgets the waker, and drops it unless it is being called right now.
    ///
    /// For a task that is gone while the cell lives on. Does nothing if another party is
    /// registering.
    pub fn clear(&self) {
        let Some(mut busy) = self.try_busy() else { return };
        let retired = busy.waiter(|waiter| self.queue.retire(waiter));
        drop(busy);
        drop(retired);
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
