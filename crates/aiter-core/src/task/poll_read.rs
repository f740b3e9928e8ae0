//! Read access to the value of a [`PollLock`], without a poll.

use core::{
    pin::Pin,
    task::{Context, Poll},
};

use crate::task::{
    lock_guard::LockGuard,
    lock_state::{CONTENDED, OPEN},
    poll_lock::PollLock,
};

impl<S> PollLock<S> {
    /// Reads the value without polling it. Returns `None` if another task polls or reads it.
    ///
    /// Never blocks.
    ///
    /// # Panics
    /// Panics if `read` panics. All waiting tasks are woken.
    pub fn try_read<R>(&self, read: impl FnOnce(Pin<&mut S>) -> R) -> Option<R> {
        self.shared.state.try_close_for_read(OPEN).then(|| self.read_and_open(read))
    }

    /// Reads the value without polling it. If another task polls or reads the value, registers this
    /// task for the end of that access.
    ///
    /// For a task that [`poll_locked`](Self::poll_locked) has registered, and whose result may also
    /// lie in the value, next to the value's own items.
    ///
    /// Never blocks.
    ///
    /// # Panics
    /// Panics if `read` panics. All waiting tasks are woken.
    pub fn poll_read<R>(
        &mut self,
        cx: &mut Context<'_>,
        read: impl FnOnce(Pin<&mut S>) -> R,
    ) -> Poll<R> {
        let state = &*self.shared.state;
        if !state.try_close_for_read(OPEN) {
            state.lock_waiters.register(&mut self.lock_waiter, cx.waker());
            if !state.try_close_for_read(CONTENDED) {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.read_and_open(read))
    }

    /// Passes the value to `read`, and opens the gate, which this task has closed.
    fn read_and_open<R>(&self, read: impl FnOnce(Pin<&mut S>) -> R) -> R {
        let guard = LockGuard { state: &self.shared.state };
        let result = guard.with(&self.shared, read);
        guard.open_after_read();
        result
    }
}
