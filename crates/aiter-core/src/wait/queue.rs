//! A queue of wakers. A notification wakes every waiter.
//!
//! # Why every waiter
//! A notifier cannot know whether the task that it wakes will be polled again. If it woke one
//! waiter of several, a task that is not polled would withhold the item from the others. Each woken
//! waiter checks for an item, and registers again if it finds none.
//!
//! # Protocol
//! A [`Waiter`](crate::wait::waiter::Waiter) belongs to one handle and has a slot for its waker
//! (see `slots.rs`). To sleep, a waiter *arms* the slot by a read-modify-write of one word. The
//! caller then checks again for an item, by `Header::set_waiting` and the stop mark of the tail. To
//! wake, a notifier visits the armed slots. It *claims* each slot by a read-modify-write of the
//! same word, right before it calls the waker.
//!
//! So a notifier that is stuck in a waker, or preempted after a claim, delays only that waiter. All
//! other slots stay armed, and any other notifier can wake them. There is no lock, and no party
//! waits for another. This also holds for a handler that interrupts a notifier, and for a
//! high-priority consumer above a low-priority producer.
//!
//! A notifier visits each slot once, and only the slots that exist when it begins. So wakers that
//! register again when they are called do not keep it busy. It begins with the waiter that
//! registered first since the last notification, and wraps around. So on an executor that polls
//! tasks in the order of their wake-ups, waiters take turns.
//!
//! # Ordering policy
//! A notifier and a waiter meet at two words: `armed`, and a word of the caller, such as a block's
//! state. [`notify`](WaitQueue::notify) relies on the caller's word. A waiter accesses that word
//! after it has armed its slot. Either the notifier's Acquire synchronizes with this access, or the
//! access sees the notifier's change.
//!
//! [`notify_all`](WaitQueue::notify_all) relies on the word of the first slot. It changes that word
//! even if the slot is not armed, and each waiter changes it after it has armed its own slot. If
//! the notifier's change is first, the waiter sees the notifier's earlier writes. Otherwise the
//! notifier sees the armed slot.
//!
//! So a claim by `Slots::claim` only acquires. The notifier's earlier writes reach the waiter
//! through the caller's word, or through the word of the first slot.

use crate::{
    defer::Defer,
    sync::{Hint, Ordering},
    wait::{claim::ClaimFirst, slot::Claimed, slots::Slots},
};

/// In `WaitQueue::start`: no slot.
pub(super) const NONE: usize = usize::MAX;

/// The way in which a notification calls wakers. A waker may be dropped only where user code and
/// deallocation are allowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wakers {
    /// Calls wakers by value, so the queue keeps no called waker. For tasks and threads.
    Take,
    /// Calls wakers by reference. Neither drops nor frees, so interrupt handlers may use it. A
    /// called waker stays in its slot until its waiter drops it.
    Lend,
}

/// A queue of wakers.
pub(crate) struct WaitQueue {
    pub(super) slots: Slots,
    /// The number of the slot that was armed first since the last notification, as a hint. `NONE`
    /// if it is not known, or if there is only one slot.
    pub(super) start: Hint,
    /// Number of slots that waiters have abandoned to notifiers.
    pub(super) abandoned: Hint,
}

impl WaitQueue {
    pub(crate) fn new() -> Self {
        let (start, abandoned) = (Hint::new(NONE), Hint::new(0));
        Self { slots: Slots::new(), start, abandoned }
    }

    /// Wakes every waiter that registered before. A waiter that registers later sees the caller's
    /// earlier writes. Lock-free. With [`Wakers::Lend`], neither allocates nor frees.
    ///
    /// # Panics
    /// Panics if a waker panics. All other waiters are woken.
    pub(crate) fn notify_all(&self, wakers: Wakers) {
        self.run(ClaimFirst::Always, wakers);
    }

    /// Wakes every waiter that the caller knows of. The caller has synchronized with an access of
    /// the waiter after its registration. Lock-free. With [`Wakers::Lend`], neither allocates nor
    /// frees.
    ///
    /// # Panics
    /// Panics if a waker panics. All other waiters are woken.
    pub(crate) fn notify(&self, wakers: Wakers) {
        self.run(ClaimFirst::IfLone, wakers);
    }

    #[inline]
    fn run(&self, mode: ClaimFirst, wakers: Wakers) {
        let (claimed, has_more) = self.slots.claim_first(mode);
        if has_more {
            self.run_round(claimed, wakers);
        } else if let Some(claimed) = claimed {
            call(claimed, wakers);
        }
    }

    /// Visits all slots of the queue once. `first` is the first slot, if it is claimed already.
    #[inline(never)]
    fn run_round(&self, first: Option<Claimed<'_>>, wakers: Wakers) {
        // Slots from this number on are skipped. The caller does not know of them, and wakers might
        // add slots without end.
        let end = self.slots.end();
        let run_range = move |from, to| self.slots.claim(from, to, |claimed| call(claimed, wakers));
        // Wakes the other waiters after a waker has panicked.
        let unwind_guard = Defer(|| run_range(0, end));
        if let Some(claimed) = first {
            call(claimed, wakers);
        }
        // Relaxed, both: a hint.
        let start = self.start.load(Ordering::Relaxed);
        self.start.store(NONE, Ordering::Relaxed);
        let start = if start < end { start } else { 0 };
        run_range(start, end);
        if start > 0 {
            run_range(0, start);
        }
        core::mem::forget(unwind_guard);
    }

    /// Returns `true` if no waiter that the caller knows of is registered (see `notify`).
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        !self.slots.is_any_armed()
    }
}

/// Calls the waker of a slot. Returns the slot to its waiter, also if the waker panics.
fn call(mut claimed: Claimed<'_>, wakers: Wakers) {
    match wakers {
        Wakers::Take => {
            let waker = claimed.take();
            drop(claimed);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        Wakers::Lend => claimed.with(|waker| {
            if let Some(waker) = waker {
                waker.wake_by_ref();
            }
        }),
    }
}
