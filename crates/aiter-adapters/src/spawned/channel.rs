//! The state that a stream shares with its tasks.
//!
//! Items go through a push list of `aiter-core`. This file holds all other shared state.
//!
//! # Closing
//! A stream that is dropped sets `CLOSED` and wakes each task through the task's own `WakeCell`. A
//! task registers in its cell before it checks `CLOSED`, so no wake-up is lost. The handles of the
//! runtime are not involved.
//!
//! # Permits
//! In a bounded channel each item takes a permit. The tasks begin with all permits, in `Permits`.
//! The stream adds a released permit to `returned`. Tasks without a permit take all of `returned`
//! by a swap. A task that finds none registers in `permit_waiter` and swaps again. The release that
//! changes `returned` from zero wakes it. Both sides change one word, so either the swap takes the
//! permit, or the release finds zero and wakes the task.
//!
//! # Starting tasks
//! `CAN_START` is set while the stream may start more tasks. A task counts in `idle` until its
//! first item, and while it waits for another one. If a task takes an item and leaves no idle task
//! behind, it stores in `requested` how many tasks there is work for. It then pushes a message that
//! wakes the stream. Only the stream starts tasks. These counts are hints: a request that is missed
//! in a race is made with the next item.
//!
//! # The end
//! The list stops when the last task drops its pusher. Each task sets its flags before that.
//!
//! # Ordering policy
//! - `WakeCell` orders the code before `wake` before the code after `register`. So a task that
//!   sleeps sees `CLOSED` and its permits, or is woken.
//! - `returned`: Release by the stream, Acquire by the task. The consumer's work before it took the
//!   item happens before the task's next step.
//! - `flags`: Relaxed. A task sets its flags before it drops its pusher. The stream reads them
//!   after the end of the list, which happens after the last use of each pusher.
//! - `idle`, `requested`: Relaxed. They carry no data; the stream and its tasks synchronize through
//!   the list.

use aiter_core::task::WakeCell;

use crate::sync::{AtomicUsize, Ordering};

/// The stream was dropped.
pub(crate) const CLOSED: usize = 1;
/// The source has ended.
pub(crate) const SOURCE_ENDED: usize = 1 << 1;
/// An item was lost with its task.
pub(crate) const ITEM_LOST: usize = 1 << 2;
/// A task was lost to a panic.
pub(crate) const TASK_PANICKED: usize = 1 << 3;
/// A panic was caught and sent to the stream.
pub(crate) const PANIC_CAUGHT: usize = 1 << 4;
/// The stream may start more tasks.
pub(crate) const CAN_START: usize = 1 << 5;

pub(crate) struct TaskChannel {
    flags: AtomicUsize,
    /// Permits that were released and not taken.
    returned: AtomicUsize,
    /// The task that waits for a permit.
    pub(crate) permit_waiter: WakeCell,
    /// Number of tasks without an item.
    idle: AtomicUsize,
    /// Number of tasks to start. Zero if the stream has seen the last request.
    requested: AtomicUsize,
}

impl TaskChannel {
    pub(crate) fn new() -> Self {
        Self {
            flags: AtomicUsize::new(0),
            returned: AtomicUsize::new(0),
            permit_waiter: WakeCell::new(),
            idle: AtomicUsize::new(0),
            requested: AtomicUsize::new(0),
        }
    }

    #[inline]
    pub(crate) fn set(&self, flag: usize) {
        // Relaxed: see the ordering policy.
        self.flags.fetch_or(flag, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn clear(&self, flag: usize) {
        // Relaxed: see the ordering policy.
        self.flags.fetch_and(!flag, Ordering::Relaxed);
    }

    /// Returns `true` if one of `flags` is set.
    #[inline]
    pub(crate) fn has(&self, flags: usize) -> bool {
        // Relaxed: see the ordering policy.
        self.flags.load(Ordering::Relaxed) & flags != 0
    }

    /// Takes all permits that were released.
    #[inline]
    pub(crate) fn take_permits(&self) -> usize {
        // Acquire: partner of `release_permit`.
        self.returned.swap(0, Ordering::Acquire)
    }

    #[inline]
    pub(crate) fn release_permit(&self) {
        // Release: partner of `take_permits`.
        if self.returned.fetch_add(1, Ordering::Release) == 0 {
            self.permit_waiter.wake();
        }
    }

    // The rest is Relaxed: see the ordering policy.

    #[inline]
    pub(crate) fn add_idle(&self) {
        self.idle.fetch_add(1, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn remove_idle(&self) {
        self.idle.fetch_sub(1, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn idle(&self) -> usize {
        self.idle.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn has_request(&self) -> bool {
        self.requested.load(Ordering::Relaxed) != 0
    }

    /// Requests `number` tasks. Returns `true` if no request was pending.
    #[inline]
    pub(crate) fn request(&self, number: usize) -> bool {
        self.requested.swap(number, Ordering::Relaxed) == 0
    }

    /// Lowers the request to `number`.
    #[inline]
    pub(crate) fn lower_request(&self, number: usize) {
        let lower = |requested| (requested > number).then_some(number);
        let _ = self.requested.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lower);
    }

    /// Takes the number of tasks that were requested, less those that are idle.
    #[inline]
    pub(crate) fn take_request(&self) -> usize {
        // Idle tasks take the first of the items.
        if self.has_request() {
            self.requested.swap(0, Ordering::Relaxed).saturating_sub(self.idle())
        } else {
            0
        }
    }
}
