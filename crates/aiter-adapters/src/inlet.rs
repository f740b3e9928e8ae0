//! The tasks' sides of a [`Link`].

use core::{
    mem,
    task::{Context, Poll},
};

use aiter_core::{PushError, Pusher, WakeCell};

use crate::{
    link::{CAUGHT, CLOSED, ENDED, HIRING, LOST, Link, PANICKED},
    sync::{Arc, Ordering},
};

/// One task's side. Dropping the last one, and the [`Inlets`](crate::link::Inlets), ends the stream.
pub(crate) struct Inlet<T> {
    pusher: Pusher<T>,
    link: Arc<Link>,
    task: Arc<WakeCell>,
    /// Counted in `Link::idle`.
    idle: bool,
    /// User code is running, or has panicked.
    braced: bool,
}

impl<T> Inlet<T> {
    pub(crate) fn new(pusher: Pusher<T>, link: Arc<Link>, task: Arc<WakeCell>) -> Self {
        // Relaxed: see the ordering policy of `Link`.
        link.idle.fetch_add(1, Ordering::Relaxed);
        Self { pusher, link, task, idle: true, braced: false }
    }

    /// From here on user code runs: to be dropped before [`relax`](Self::relax) is due to a panic.
    pub(crate) fn brace(&mut self) {
        self.braced = true;
    }

    /// No more user code for now.
    pub(crate) fn relax(&mut self) {
        self.braced = false;
    }

    /// True if the stream is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.link.has(CLOSED)
    }

    /// Sees to it that the task is woken when the stream goes. True if it is gone already.
    pub(crate) fn sleep(&self, cx: &Context<'_>) -> bool {
        self.task.register(cx.waker());
        self.is_closed()
    }

    /// Says that the task waits for an item.
    pub(crate) fn set_idle(&mut self) {
        if !mem::replace(&mut self.idle, true) {
            // Relaxed: see the ordering policy of `Link`.
            self.link.idle.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Says that the task has an item, or ends.
    pub(crate) fn set_busy(&mut self) {
        if mem::replace(&mut self.idle, false) {
            // Relaxed: see the ordering policy of `Link`.
            self.link.idle.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Returns `true` if the task waits for an item.
    pub(crate) fn is_idle(&self) -> bool {
        self.idle
    }

    /// True if the stream may start more tasks, and no other one is idle.
    pub(crate) fn is_short_of_tasks(&self) -> bool {
        // Relaxed: see the ordering policy of `Link`.
        let others = self.link.idle.load(Ordering::Relaxed) - usize::from(self.idle);
        others == 0 && self.link.has(HIRING)
    }

    /// Returns `true` if more tasks were asked for and the stream has not looked since.
    pub(crate) fn has_asked(&self) -> bool {
        // Relaxed: see the ordering policy of `Link`.
        self.link.wanted.load(Ordering::Relaxed) != 0
    }

    /// Lowers the number of tasks that were asked for, because an item was taken since.
    pub(crate) fn correct(&self, number: usize) {
        // Relaxed: see the ordering policy of `Link`.
        let correct = |asked| (asked > number).then_some(number);
        let _ = self.link.wanted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, correct);
    }

    /// Asks the stream to start `number` more tasks. `note` wakes it.
    pub(crate) fn ask_for(&mut self, number: usize, note: T) {
        // Relaxed: see the ordering policy of `Link`.
        if self.link.wanted.swap(number, Ordering::Relaxed) == 0 {
            // Refused if the stream is gone.
            drop(self.push(note));
        }
    }

    /// Hands an item to the stream. It comes back if the stream is gone.
    pub(crate) fn push(&mut self, item: T) -> Result<(), PushError<T>> {
        match self.pusher.sole() {
            Some(mut sole) => sole.push(item),
            None => self.pusher.push(item),
        }
    }

    /// Says that the task panics, if it does.
    pub(crate) fn report_panic(&self) {
        if self.braced {
            self.link.set(PANICKED);
        }
    }

    /// Says that an item will never come.
    pub(crate) fn report_loss(&self) {
        self.link.set(LOST);
    }

    /// Says that a panic was caught, which is handed in.
    pub(crate) fn report_caught(&self) {
        self.link.set(CAUGHT);
    }

    /// Says that the source has ended.
    pub(crate) fn report_end(&self) {
        self.link.set(ENDED);
    }
}

impl<T> Drop for Inlet<T> {
    fn drop(&mut self) {
        self.report_panic();
        self.set_busy();
        self.task.clear();
        // And then the pusher.
    }
}

/// The permits of the tasks.
pub(crate) struct Room {
    link: Arc<Link>,
    /// Permits at hand, if they are counted.
    left: Option<usize>,
}

impl Room {
    pub(crate) fn new(link: Arc<Link>, bound: Option<usize>) -> Self {
        Self { link, left: bound }
    }

    /// Waits until there is a permit.
    pub(crate) fn poll_ready(&mut self, cx: &Context<'_>) -> Poll<()> {
        let Some(left) = &mut self.left else { return Poll::Ready(()) };
        if *left == 0 {
            *left = self.link.collect();
        }
        if *left == 0 {
            self.link.room.register(cx.waker());
            *left = self.link.collect();
        }
        if *left == 0 { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Takes a permit, which must be there.
    pub(crate) fn take(&mut self) {
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
    }

    /// Says that the source has ended.
    pub(crate) fn report_end(&self) {
        self.link.set(ENDED);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.link.room.clear();
    }
}
