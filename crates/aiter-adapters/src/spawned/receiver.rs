use core::slice;

use aiter_core::{Cursor, Pusher, WakeCell, WeakPusher, push_list};
use alloc::vec::Vec;
use futures_core::FusedStream;

use crate::{
    outcome::Outcome,
    spawned::{
        channel::{CAUGHT, CLOSED, ENDED, HIRING, LOST, Link, PANICKED},
        permits::Room,
        sender::Inlet,
    },
    sync::{Arc, AtomicUsize, Ordering},
};

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
        // Release: as `Link::set`.
        self.link.flags.fetch_and(!HIRING, Ordering::Release);
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
        // AcqRel: partner of `Link::collect`, in both directions.
        if self.link.returned.fetch_add(1, Ordering::AcqRel) == 0 {
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
