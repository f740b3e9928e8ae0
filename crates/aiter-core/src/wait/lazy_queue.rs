//! A wait queue that is allocated when the first waiter comes.
//!
//! # Ordering policy
//! `notify_all` and `get` meet at the pointer, which changes once, from null. Both access it by a
//! read-modify-write while it is null:
//! - If `get` is first, `notify_all` finds the queue.
//! - If `notify_all` is first, `get` (Acquire) synchronizes with it (Release). So the waiter sees
//!   what the notifier did before.

use core::ptr::NonNull;

use alloc::boxed::Box;

use crate::{
    sync::{AtomicPtr, Ordering},
    wait::queue::{WaitQueue, Wakers},
};

/// A queue of wakers, or null.
pub(crate) struct LazyQueue(AtomicPtr<WaitQueue>);

impl LazyQueue {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }

    /// Returns the queue. The first call allocates it. Lock-free.
    pub(crate) fn get(&self) -> &WaitQueue {
        // Acquire: partner of the exchange below, for the queue.
        let found = NonNull::new(self.0.load(Ordering::Acquire));
        let queue = found.unwrap_or_else(|| self.allocate());
        // SAFETY: the queue is freed by `drop` only.
        unsafe { queue.as_ref() }
    }

    #[cold]
    fn allocate(&self) -> NonNull<WaitQueue> {
        let new = Box::into_raw(Box::new(WaitQueue::new()));
        // Release: partner of `get` and `notify_all`, for the queue. Acquire: partner of
        // `notify_all`, and of the exchange of another `allocate`.
        let exchanged = self.0.compare_exchange(
            core::ptr::null_mut(),
            new,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        let queue = exchanged.map_or_else(
            |other| {
                // SAFETY: `new` comes from a box, and no other party has it.
                drop(unsafe { Box::from_raw(new) });
                other
            },
            |_| new,
        );
        NonNull::new(queue).expect("the pointer changes once, from null")
    }

    /// Wakes every waiter that registered before. A waiter that registers later sees the caller's
    /// earlier writes. Lock-free. With [`Wakers::Lend`], neither allocates nor frees.
    ///
    /// # Panics
    /// Panics if a waker panics. All other waiters are woken.
    pub(crate) fn notify_all(&self, wakers: Wakers) {
        let null = core::ptr::null_mut();
        // Success, Release: partner of `allocate`, for the caller's earlier writes. There is no
        // queue to acquire. Failure, Acquire: partner of `allocate`, for the queue.
        let exchanged = self.0.compare_exchange(null, null, Ordering::Release, Ordering::Acquire);
        if let Err(queue) = exchanged {
            // SAFETY: the pointer is not null, so it leads to the queue, which `drop` frees.
            unsafe { &*queue }.notify_all(wakers);
        }
    }
}

impl Drop for LazyQueue {
    fn drop(&mut self) {
        // Relaxed: `&mut self` excludes other parties.
        let queue = self.0.load(Ordering::Relaxed);
        if !queue.is_null() {
            // SAFETY: the pointer comes from a box, and `drop` owns it.
            drop(unsafe { Box::from_raw(queue) });
        }
    }
}
