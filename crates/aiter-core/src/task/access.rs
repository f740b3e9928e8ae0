//! Access to the value of a [`PollLock`]: locked polls, and reads.
//!
//! # Ordering policy
//! See `lock_state.rs`. While a handle is the only one, no other party closes the gate, so the
//! handle polls the value with the gate open. `Arc` orders this use with that of earlier handles.

use core::{
    pin::Pin,
    task::{Context, Poll},
};

use crate::{
    sync::{Arc, Ordering, fence},
    task::{
        lock_guard::LockGuard,
        lock_state::{CLOSED, CONTENDED, OPEN, TryClose, is_pending},
        poll_lock::PollLock,
    },
    tuning::SPIN_HINTS,
};

impl<S> PollLock<S> {
    /// Closes the gate if it is open and a poll may be ready. If this is the only handle, returns
    /// `Some(true)` and leaves the gate open. If the gate is closed now, returns `Some(false)`.
    #[inline(always)]
    pub(super) fn lock_fast(&self) -> Option<bool> {
        let state = &*self.shared.state;
        // If this is the only handle, it stays the only one while it is borrowed.
        if Arc::strong_count(&self.shared) == 1 {
            // Acquire: partner of the Release in the drops of other handles, for the value.
            fence(Ordering::Acquire);
            // Relaxed: a hint. Acquire: partner of `LockState::set_notified`, for its caller's
            // earlier writes. Not Release: this task releases each registration by a later access.
            if state.gate.load(Ordering::Relaxed) != OPEN {
                state.gate.swap(OPEN, Ordering::Acquire);
            }
            return Some(true);
        }
        // Relaxed: a guess. The exchange decides.
        let gate = state.gate.load(Ordering::Relaxed);
        // Acquire: partner of the last opener, for the value, and of `LockState::set_notified`. Not
        // Release: this task releases each registration by a later access.
        let is_closed = gate & CLOSED == 0
            && !is_pending(gate)
            && state
                .gate
                .compare_exchange(gate, CLOSED, Ordering::Acquire, Ordering::Relaxed)
                .is_ok();
        is_closed.then_some(false)
    }

    /// Closes the gate, or registers this task and returns `None`.
    #[cold]
    pub(super) fn lock_slow(&mut self, cx: &Context<'_>) -> Option<bool> {
        let (mut waits_for_value, mut waits_for_gate) = (false, false);
        loop {
            // Retried after each registration, because a task that opened the gate meanwhile may
            // have missed it.
            match self.shared.state.try_close() {
                TryClose::Closed => return Some(false),
                TryClose::Pending if waits_for_value => return None,
                TryClose::Pending => {
                    self.task_waiter.register(&self.shared.state, false, cx.waker());
                    waits_for_value = true;
                }
                TryClose::Contended if waits_for_gate => return None,
                TryClose::Contended => {
                    self.shared.state.lock_waiters.register(&mut self.lock_waiter, cx.waker());
                    waits_for_gate = true;
                }
            }
        }
    }

    /// If the gate is closed, spins and calls `or_else`, whose result replaces the poll. Otherwise,
    /// or if there is no result, does the same as `lock_slow`.
    #[cold]
    pub(super) fn lock_slow_or_else<R>(
        &mut self,
        cx: &Context<'_>,
        or_else: impl FnOnce() -> Option<R>,
    ) -> Result<bool, Poll<R>> {
        // Relaxed: a hint.
        if SPIN_HINTS > 0 && self.shared.state.gate.load(Ordering::Relaxed) & CLOSED != 0 {
            for _ in 0..SPIN_HINTS {
                core::hint::spin_loop();
            }
            if let Some(result) = or_else() {
                return Err(Poll::Ready(result));
            }
        }
        self.lock_slow(cx).ok_or(Poll::Pending)
    }

    /// Polls the value. If `is_unique`, this is the only handle. Otherwise this task has closed the
    /// gate.
    #[inline(always)]
    pub(super) fn poll_value<R>(
        &mut self,
        is_unique: bool,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let Self { shared, task_waiter, has_woken, .. } = self;
        let state = &*shared.state;
        let guard = LockGuard { state };
        let mut value_cx = Context::from_waker(&shared.waker);
        match guard.with(shared, |value| poll(value, &mut value_cx)) {
            Poll::Ready(result) => {
                if is_unique {
                    // The gate is open, and no other task waits.
                    core::mem::forget(guard);
                } else if guard.open() {
                    *has_woken = true;
                }
                if task_waiter.waiter.has_slept() {
                    // Runs user code.
                    drop(task_waiter.queue(state).take_called(&task_waiter.waiter));
                }
                Poll::Ready(result)
            }
            Poll::Pending if is_unique => {
                // The gate is open. A wake-up that arrives before `open_pending` either finds the
                // registered task, or leaves `NOTIFIED` to `open_pending`.
                task_waiter.register(state, false, cx.waker());
                guard.open_pending(OPEN);
                Poll::Pending
            }
            Poll::Pending => {
                // Before the gate opens, so that each later poll finds the registered task.
                let is_registered = task_waiter.register_again(state, cx.waker());
                guard.open_pending(CLOSED);
                if !is_registered {
                    // After the gate opens, because this clones and drops wakers.
                    task_waiter.register(state, false, cx.waker());
                    let gate = state.synchronize();
                    if gate & CLOSED == 0 && !is_pending(gate) {
                        // The lock's waker or another poll has made the gate so, and may have
                        // missed the registration.
                        drop(task_waiter.queue(state).deregister(&mut task_waiter.waiter));
                        cx.waker().wake_by_ref();
                    }
                }
                Poll::Pending
            }
        }
    }

    /// Reads the value without polling it. Returns `None` if another task polls or reads it.
    ///
    /// Never blocks.
    ///
    /// # Panics
    /// Panics if `read` panics. All waiting tasks are woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::task::PollLock;
    /// use futures_util::{Stream, stream};
    ///
    /// let lock = PollLock::new(stream::iter([1, 2, 3]));
    /// assert_eq!(lock.try_read(|source| source.size_hint()), Some((3, Some(3))));
    /// ```
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
    ///
    /// # Examples
    /// ```
    /// use std::{
    ///     collections::VecDeque,
    ///     task::{Context, Poll, Waker},
    /// };
    ///
    /// use aiter_core::task::PollLock;
    ///
    /// // The value is a queue of jobs. The queue is pending while it is empty.
    /// let mut worker = PollLock::new(VecDeque::<u32>::new());
    /// let mut monitor = worker.clone();
    /// let mut cx = Context::from_waker(Waker::noop());
    /// let job = worker.poll_locked(&mut cx, |mut jobs, _| {
    ///     jobs.pop_front().map_or(Poll::Pending, Poll::Ready)
    /// });
    /// assert_eq!(job, Poll::Pending);
    /// // No poll before the next wake-up finds a job, but a read sees the queue.
    /// assert_eq!(monitor.poll_read(&mut cx, |jobs| jobs.len()), Poll::Ready(0));
    /// ```
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
