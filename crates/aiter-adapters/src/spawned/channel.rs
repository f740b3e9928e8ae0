//! What a stream shares with the tasks that work for it.
//!
//! Tasks push into a list and the stream reads it: that is `aiter-core`'s. The rest is here.
//!
//! # Closing
//! A stream that is dropped sets `CLOSED` and wakes every task by the task's own cell. A task that is
//! about to sleep registers in its cell and then looks for `CLOSED`: one of the two sees the other.
//! No handle of a runtime has a part in it.
//!
//! # Room
//! Where the number of items is bounded, each costs a permit. The tasks begin with all permits, in
//! their [`Permits`]; the stream gives them back one by one into `returned`, and the tasks collect
//! them by a swap when they have none left. Who turns `returned` from nothing into something wakes
//! who waits for it: a task that finds nothing registers in `permits` and swaps again. Both sides
//! change the one word, so either the swap takes the permit or the giver finds that there was none.
//!
//! # More tasks
//! Where tasks are started as items come, `CAN_START` is set while there may be more of them. Each task
//! counts in `idle` from its start up to its first item, and while it waits for another. A task that
//! takes an item and leaves no idle one behind says in `wanted` how many more there is work for, and
//! pushes a note that wakes the stream. Only the stream starts tasks. All of this is a hint: a task
//! that is not asked for in a race is asked for with the next item.
//!
//! # The end
//! The list stops when the last task drops its pusher. Before that each task has left in `flags` what
//! it knows of how it came to that.
//!
//! # Ordering policy
//! Flags are set by a Release and read by an Acquire. `WakeCell` orders what comes before `wake` with
//! what comes after `register`. `returned` is AcqRel on both sides. `idle` and `wanted` are Relaxed: what
//! is known of a task that is to be started goes by the list.

use aiter_core::WakeCell;

use crate::sync::{AtomicUsize, Ordering};

/// The stream is gone.
pub(crate) const CLOSED: usize = 1;
/// The source has ended.
pub(crate) const SOURCE_ENDED: usize = 1 << 1;
/// An item was lost with the task that had it.
pub(crate) const ITEM_LOST: usize = 1 << 2;
/// A task was lost, because it panicked.
pub(crate) const TASK_PANICKED: usize = 1 << 3;
/// A panic was caught and handed in.
pub(crate) const PANIC_CAUGHT: usize = 1 << 4;
/// The stream may start more tasks.
pub(crate) const CAN_START: usize = 1 << 5;

/// What both sides see.
pub(crate) struct TaskChannel {
    pub(crate) flags: AtomicUsize,
    /// Permits that were given back and not collected.
    pub(crate) returned: AtomicUsize,
    /// The task that waits for them.
    pub(crate) permits: WakeCell,
    /// Tasks that have no item.
    pub(crate) idle: AtomicUsize,
    /// Tasks that are to be started; 0 if none was asked for since the stream looked.
    pub(crate) wanted: AtomicUsize,
}

impl TaskChannel {
    pub(crate) fn set(&self, flag: usize) {
        // Release: partner of `TaskChannel::has`.
        self.flags.fetch_or(flag, Ordering::Release);
    }

    /// True if one of `flags` is set.
    pub(crate) fn has(&self, flags: usize) -> bool {
        // Acquire: partner of `TaskChannel::set`.
        self.flags.load(Ordering::Acquire) & flags != 0
    }

    /// All permits that were given back.
    pub(crate) fn take_permits(&self) -> usize {
        // AcqRel: partner of `TaskReceiver::release_permit`, in both directions.
        self.returned.swap(0, Ordering::AcqRel)
    }
}
