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
//! their [`Room`]; the stream gives them back one by one into `returned`, and the tasks collect
//! them by a swap when they have none left. Who turns `returned` from nothing into something wakes
//! who waits for it: a task that finds nothing registers in `room` and swaps again. Both sides
//! change the one word, so either the swap takes the permit or the giver finds that there was none.
//!
//! # More tasks
//! Where tasks are started as items come, `HIRING` is set while there may be more of them. Each task
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
//! `WakeCell` orders what comes before `wake` with what comes after `register`: a task that sleeps sees
//! `CLOSED` and the permits, or is woken. `returned` hands over what the consumer did: Release by the
//! stream, Acquire by the task. All else is Relaxed. A task sets its flags before it drops its pusher, and the
//! stream goes by them behind the list's end, which happens after all that a pusher's thread did. What is
//! known of a task that is to be started goes by the list.

use core::slice;

use aiter_core::{Cursor, Pusher, WakeCell, WeakPusher, push_list};
use alloc::vec::Vec;
use futures_core::FusedStream;

use crate::{
    inlet::{Inlet, Room},
    outcome::Outcome,
    sync::{Arc, AtomicUsize, Ordering},
};

/// The stream is gone.
pub(crate) const CLOSED: usize = 1;
/// The source has ended.
pub(crate) const ENDED: usize = 1 << 1;
/// An item was lost with the task that had it.
pub(crate) const LOST: usize = 1 << 2;
/// A task was lost, because it panicked.
pub(crate) const PANICKED: usize = 1 << 3;
/// A panic was caught and handed in.
pub(crate) const CAUGHT: usize = 1 << 4;
/// The stream may start more tasks.
pub(crate) const HIRING: usize = 1 << 5;

/// What both sides see.
pub(crate) struct Link {
    flags: AtomicUsize,
    /// Permits that were given back and not collected.
    returned: AtomicUsize,
    /// The task that waits for them.
    pub(crate) room: WakeCell,
    /// Tasks that have no item.
    pub(crate) idle: AtomicUsize,
    /// Tasks that are to be started; 0 if none was asked for since the stream looked.
    pub(crate) wanted: AtomicUsize,
}

impl Link {
    pub(crate) fn set(&self, flag: usize) {
        // Relaxed: see the ordering policy.
        self.flags.fetch_or(flag, Ordering::Relaxed);
    }

    /// True if one of `flags` is set.
    pub(crate) fn has(&self, flags: usize) -> bool {
        // Relaxed: see the ordering policy.
        self.flags.load(Ordering::Relaxed) & flags != 0
    }

    /// All permits that were given back.
    pub(crate) fn collect(&self) -> usize {
        // Acquire: partner of `Outlet::give_back`, for what the consumer did before it took the item.
        self.returned.swap(0, Ordering::Acquire)
    }
}

/// Wakes all tasks, the rest also if a waker panics.
struct WakeAll<'a>(slice::Iter<'a, Arc<WakeCell>>);

impl WakeAll<'_> {
    fn wake(&mut self) {
        self.0.by_ref().for_each(|task| task.wake());
    }
}

impl Drop for WakeAll<'_> {
    fn drop(&mut self) {
        self.wake();
    }
}

/// The stream's side. Dropping it tells the tasks to end.
pub(crate) struct Outlet<T> {
    pub(crate) cursor: Cursor<T>,
    link: Arc<Link>,
    /// Each task, for the close.
    tasks: Vec<Arc<WakeCell>>,
}

/// Makes the tasks' sides.
pub(crate) struct Inlets<T> {
    pusher: Pusher<T>,
    link: Arc<Link>,
}

/// [`Inlets`] that do not keep the stream from ending.
pub(crate) struct WeakInlets<T> {
    pusher: WeakPusher<T>,
    link: Arc<Link>,
}

/// The stream's side, and the maker of the tasks' sides.
pub(crate) fn link<T>() -> (Outlet<T>, Inlets<T>) {
    let (pusher, cursor) = push_list();
    let link = Arc::new(Link {
        flags: AtomicUsize::new(0),
        returned: AtomicUsize::new(0),
        room: WakeCell::new(),
        idle: AtomicUsize::new(0),
        wanted: AtomicUsize::new(0),
    });
    (Outlet { cursor, link: link.clone(), tasks: Vec::new() }, Inlets { pusher, link })
}

impl<T> Inlets<T> {
    /// The side of one more task.
    pub(crate) fn add_to(&self, outlet: &mut Outlet<T>) -> Inlet<T> {
        let task = Arc::new(WakeCell::new());
        outlet.tasks.push(task.clone());
        Inlet::new(self.pusher.clone(), self.link.clone(), task)
    }

    /// The permits, `bound` of them; any number if it is `None`.
    pub(crate) fn room(&self, bound: Option<usize>) -> Room {
        Room::new(self.link.clone(), bound)
    }

    /// From here on tasks ask for more tasks.
    pub(crate) fn hire(&self) -> WeakInlets<T> {
        self.link.set(HIRING);
        WeakInlets { pusher: self.pusher.downgrade(), link: self.link.clone() }
    }
}

impl<T> WeakInlets<T> {
    /// The maker of more tasks' sides; `None` if no task is left.
    pub(crate) fn upgrade(&self) -> Option<Inlets<T>> {
        Some(Inlets { pusher: self.pusher.upgrade()?, link: self.link.clone() })
    }
}

impl<T> Drop for WeakInlets<T> {
    fn drop(&mut self) {
        // Relaxed: as `Link::set`.
        self.link.flags.fetch_and(!HIRING, Ordering::Relaxed);
    }
}

impl<T> Outlet<T> {
    /// Takes the number of tasks that were asked for.
    #[inline]
    pub(crate) fn take_wanted(&self) -> usize {
        // Relaxed: see the ordering policy.
        match self.link.wanted.load(Ordering::Relaxed) {
            0 => 0,
            // Idle tasks take the first of the items.
            _ => (self.link.wanted.swap(0, Ordering::Relaxed))
                .saturating_sub(self.link.idle.load(Ordering::Relaxed)),
        }
    }

    /// True if the end was handed out.
    pub(crate) fn has_ended(&self) -> bool {
        self.cursor.is_terminated()
    }

    /// Gives one permit back.
    pub(crate) fn give_back(&self) {
        // Release: partner of `Link::collect`.
        if self.link.returned.fetch_add(1, Ordering::Release) == 0 {
            self.link.room.wake();
        }
    }

    /// True if a task was lost because it panicked.
    pub(crate) fn lost_a_task(&self) -> bool {
        self.link.has(PANICKED)
    }

    /// True if the source has ended.
    pub(crate) fn has_source_ended(&self) -> bool {
        self.link.has(ENDED)
    }

    /// True if a panic was caught.
    pub(crate) fn has_caught(&self) -> bool {
        self.link.has(CAUGHT)
    }

    /// How it came to the end, if no task is left.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.cursor.is_stopped().then(|| self.outcome_now())
    }

    /// How it came to the end, which it has come to.
    pub(crate) fn outcome_now(&self) -> Outcome {
        if self.link.has(PANICKED | CAUGHT) {
            Outcome::Panicked
        } else if self.link.has(LOST) || !self.link.has(ENDED) {
            Outcome::Cancelled
        } else {
            Outcome::Completed
        }
    }
}

impl<T> Drop for Outlet<T> {
    fn drop(&mut self) {
        self.link.set(CLOSED);
        WakeAll(self.tasks.iter()).wake();
    }
}
