//! The end of a list by a cursor, and the tasks that wait until the list refuses items.
//!
//! # The stop mark
//! `close` sets it, unless the only pusher may be a `UniquePusher`, which moves the tail by plain
//! stores. `close` then sets `CLOSED` in the word of the cursor count instead, which every push
//! reads. The next push is refused, and sets the stop mark (`no_cursor_kind`).
//!
//! # Ordering policy
//! A list refuses items because of one of two words: the tail, or the cursor count. A party that
//! changes one of them then notifies. `ClosedWait` registers, and then loads both. The order of the
//! registration and the notification is that of `WaitQueue::notify_all`, or of `LazyQueue`.

use core::task::{Context, Poll};

use crate::{
    list::List,
    sync::Ordering,
    wait::{queue::Wakers, waiter::Waiter},
};

/// In the word of the cursor count: a cursor has closed the list, and leaves the stop to the only
/// pusher.
pub(super) const CLOSED: usize = 1 << (usize::BITS - 1);

impl<T> List<T> {
    /// Ends the list for its readers: stops it, or makes the only pusher stop it at its next push.
    ///
    /// Lock-free. Calls wakers.
    pub(crate) fn close(&self) {
        if self.handles.close() {
            return self.stop();
        }
        // Release: partner of `has_no_cursor`.
        self.cursors.fetch_or(CLOSED, Ordering::Release);
        self.notify_closed(Wakers::Lend);
    }

    /// Returns `true` if the list refuses items.
    pub(crate) fn is_closed(&self) -> bool {
        self.has_no_cursor() || self.tail().is_stopped()
    }

    /// Wakes the tasks that wait until the list refuses items.
    #[cold]
    pub(crate) fn notify_closed(&self, wakers: Wakers) {
        self.closed_waiters.notify_all(wakers);
    }
}

/// A wait until the list refuses items.
pub(crate) struct ClosedWait<'a, T> {
    list: &'a List<T>,
    waiter: Waiter,
}

impl<'a, T> ClosedWait<'a, T> {
    pub(crate) fn new(list: &'a List<T>) -> Self {
        Self { list, waiter: Waiter::new() }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.list.is_closed()
    }

    /// Returns `Ready` if the list refuses items, and otherwise registers the task. The first
    /// registration at a list allocates the queue.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_closed() {
            self.list.closed_waiters.get().register(&mut self.waiter, cx.waker());
            // After the registration: a list that is closed later notifies this waiter.
            if !self.is_closed() {
                return Poll::Pending;
            }
        }
        self.deregister();
        Poll::Ready(())
    }

    /// Removes the registration and drops its waker.
    fn deregister(&mut self) {
        if self.waiter.has_slept() {
            // User code.
            drop(self.list.closed_waiters.get().deregister(&mut self.waiter));
        }
    }
}

impl<T> Drop for ClosedWait<'_, T> {
    fn drop(&mut self) {
        self.deregister();
    }
}
