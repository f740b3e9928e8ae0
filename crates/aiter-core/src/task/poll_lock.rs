//! The public type [`PollLock`].
//!
//! `lock_state.rs` contains the protocol. `access.rs` polls and reads the value.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use crate::{
    defer::Defer,
    sync::{Arc, AtomicUsize, UnsafeCell, WakeArc, arc_into_inner},
    task::{
        lock_guard::Shared,
        lock_state::{LockState, LockWaker, OPEN, TaskWaiter},
    },
    wait::{
        queue::{WaitQueue, Wakers},
        waiter::Waiter,
    },
};

/// A try-lock around a value that several tasks poll in turn. Each clone is the handle of one task.
///
/// Adapters use it to share a source. One task polls the source, and the others sleep. The source's
/// wake-up reaches every waiting task. So a task that is dropped, is not polled, or panics in the
/// source does not stop the others. With several handles, the source is not polled between a
/// pending poll and its next wake-up. A single handle polls it each time.
///
/// A lock and its release take two atomic read-modify-writes. A single handle takes none if the
/// value is ready. No task blocks, or spins for another task. While a handle exists, the waker that
/// the value is polled with neither allocates nor frees when it is called. An interrupt handler may
/// call it if it may call the tasks' own wakers.
///
/// # Examples
/// ```
/// use aiter_core::task::PollLock;
/// use futures_util::{StreamExt, future::poll_fn, stream};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut one = PollLock::new(stream::iter(["to one", "to two"]));
/// let mut two = one.clone();
/// for (lock, item) in [(&mut one, "to one"), (&mut two, "to two")] {
///     let next = poll_fn(|cx| lock.poll_locked(cx, |mut source, cx| source.poll_next_unpin(cx)));
///     assert_eq!(next.await, Some(item));
/// }
/// # }).expect("an iterator never waits");
/// ```
pub struct PollLock<S> {
    pub(super) shared: Arc<Shared<S>>,
    pub(super) task_waiter: TaskWaiter,
    /// This task's registration at a closed gate.
    pub(super) lock_waiter: Waiter,
    /// Set if a poll of this handle has woken other tasks.
    pub(super) has_woken: bool,
}

impl<S> PollLock<S> {
    /// Creates the first handle of a value.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn new(value: S) -> Self {
        let state = Arc::new(LockState {
            gate: AtomicUsize::new(OPEN),
            value_waiters: WaitQueue::new(),
            lock_waiters: WaitQueue::new(),
            watchers: WaitQueue::new(),
        });
        let waker = Waker::from(WakeArc::new(LockWaker(state.clone())));
        Self::from_shared(Arc::new(Shared { state, waker, value: UnsafeCell::new(value) }))
    }

    fn from_shared(shared: Arc<Shared<S>>) -> Self {
        let task_waiter = TaskWaiter { waiter: Waiter::new(), watches: false };
        Self { shared, task_waiter, lock_waiter: Waiter::new(), has_woken: false }
    }

    /// Polls the value, or registers this task if another task polls the value or found it pending.
    ///
    /// `poll` gets the value and a context whose waker wakes every waiting task. If it returns
    /// `Pending`, it must have polled the value with that waker. Only that waker or another poll
    /// may change this answer (otherwise see [`poll_read`](Self::poll_read)). If it returns
    /// `Ready`, every waiting task is woken, because the value may have more.
    ///
    /// Never blocks, but is not lock-free. While a task is suspended inside `poll`, no other task
    /// can poll the value.
    ///
    /// # Panics
    /// Panics if `poll` panics. All waiting tasks are woken. Panics if the waker of another task
    /// panics, which drops the result of `poll`. If a second waker panics then, the program aborts.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    #[inline]
    pub fn poll_locked<R>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let Some(is_unique) = self.lock_fast().or_else(|| self.lock_slow(cx)) else {
            return Poll::Pending;
        };
        self.poll_value(is_unique, cx, poll)
    }

    /// Does the same as [`poll_locked`](Self::poll_locked), for a task that can also use the result
    /// of another task's poll.
    ///
    /// If another task polls the value, this task spins, and then `or_else` checks for a result of
    /// that poll. This task registers only if `or_else` returns `None`. The spin is a fixed number
    /// of `spin_loop` hints, which costs less than a sleep. Targets where the other task may need
    /// this core do not spin, and do not call `or_else`. Both closures get `data`.
    ///
    /// # Panics
    /// Panics for the reasons of [`poll_locked`](Self::poll_locked), and if `or_else` panics.
    ///
    /// # Examples
    /// ```
    /// use std::{cell::Cell, task::Poll};
    ///
    /// use aiter_core::task::PollLock;
    /// use futures_util::{StreamExt, future::poll_fn, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let mut lock = PollLock::new(stream::iter([1, 2]));
    /// let mut latest = Cell::new(None); // all tasks share it
    /// let item = poll_fn(|cx| {
    ///     lock.poll_locked_or_else(
    ///         cx,
    ///         &mut latest,
    ///         |latest, mut numbers, cx| {
    ///             numbers.poll_next_unpin(cx).map(|item| {
    ///                 latest.set(item);
    ///                 item
    ///             })
    ///         },
    ///         |latest| latest.get().map(Some),
    ///     )
    /// });
    /// assert_eq!(item.await, Some(1));
    /// # }).expect("an iterator never waits");
    /// ```
    #[inline(always)]
    pub fn poll_locked_or_else<W, R>(
        &mut self,
        cx: &mut Context<'_>,
        data: &mut W,
        poll: impl FnOnce(&mut W, Pin<&mut S>, &mut Context<'_>) -> Poll<R>,
        or_else: impl FnOnce(&mut W) -> Option<R>,
    ) -> Poll<R> {
        let mut or_else = Some(or_else);
        let locked = match self.lock_fast() {
            Some(is_unique) => Ok(is_unique),
            None => self.lock_slow_or_else(cx, || or_else.take().and_then(|f| f(data))),
        };
        let polled = match locked {
            Ok(is_unique) => self.poll_value(is_unique, cx, |value, cx| poll(data, value, cx)),
            Err(polled) => polled,
        };
        // Before the return: if the drop of the closure panics, the result is dropped, not leaked.
        drop(or_else);
        polled
    }

    /// Registers this task for results that polls of other handles leave outside the value.
    ///
    /// For a task that does not poll the value itself. A poll that is ready or panics wakes it, and
    /// so does [`notify`](Self::notify). The value's waker does not. A poll that ended before this
    /// call does not wake it, so the task must check for results after the call.
    ///
    /// Lock-free; may allocate.
    ///
    /// # Examples
    /// ```
    /// use std::task::{Context, Poll, Waker};
    ///
    /// use aiter_core::task::{PollLock, no_wake_list};
    ///
    /// // The value is the pusher of a list that the watcher reads.
    /// let (pusher, mut cursor) = no_wake_list();
    /// let mut fork = cursor.fork();
    /// let mut driver = PollLock::new(pusher);
    /// let mut watcher = driver.clone();
    ///
    /// let mut cx = Context::from_waker(Waker::noop());
    /// assert_eq!(cursor.next_ready(), None);
    /// watcher.watch(&cx);
    /// assert_eq!(cursor.next_ready(), None); // the watcher may return `Pending` now
    ///
    /// let pushed = driver.poll_locked(&mut cx, |mut pusher, _| {
    ///     Poll::Ready(pusher.push_with_hint(&fork, 1)) // the watcher is woken after this closure
    /// });
    /// assert_eq!(pushed, Poll::Ready(Ok(())));
    /// assert_eq!((cursor.next_ready(), fork.next_ready()), (Some(1), Some(1)));
    /// ```
    pub fn watch(&mut self, cx: &Context<'_>) {
        self.task_waiter.register(&self.shared.state, true, cx.waker());
        // After the registration (see the protocol in `lock_state.rs`).
        self.shared.state.synchronize();
    }

    /// Returns `true` if a poll of this handle may have woken other tasks since the last call.
    ///
    /// A runtime may keep a task that was woken here on the waking thread until this task returns.
    /// So a task that computes should first return to its executor.
    ///
    /// # Examples
    /// ```
    /// use std::task::{Context, Poll, Waker};
    ///
    /// use aiter_core::task::PollLock;
    ///
    /// let mut cx = Context::from_waker(Waker::noop());
    /// let mut driver = PollLock::new("a source");
    /// let mut watcher = driver.clone();
    /// watcher.watch(&cx);
    /// assert_eq!(driver.poll_locked(&mut cx, |_, _| Poll::Ready(1)), Poll::Ready(1));
    /// assert!(driver.has_woken()); // the watcher's task may wait for this thread
    /// assert!(!driver.has_woken());
    /// ```
    pub fn has_woken(&mut self) -> bool {
        core::mem::take(&mut self.has_woken)
    }

    /// Cancels this task's registrations, and drops its wakers.
    ///
    /// No wake-up is lost, because each wake-up is for all tasks. Wait-free, except for the drop of
    /// the wakers.
    ///
    /// # Examples
    /// ```
    /// use std::{
    ///     sync::Arc,
    ///     task::{Context, Wake, Waker},
    /// };
    ///
    /// use aiter_core::task::PollLock;
    /// use futures_util::{StreamExt, stream};
    ///
    /// struct Task;
    ///
    /// impl Wake for Task {
    ///     fn wake(self: Arc<Self>) {}
    /// }
    ///
    /// let task = Arc::new(Task);
    /// let waker = Waker::from(task.clone());
    /// let mut cx = Context::from_waker(&waker);
    /// let mut lock = PollLock::new(stream::pending::<()>());
    /// let polled = lock.poll_locked(&mut cx, |mut source, cx| source.poll_next_unpin(cx));
    /// assert!(polled.is_pending());
    /// assert_eq!(Arc::strong_count(&task), 3); // the lock has a clone of the waker
    /// lock.cancel();
    /// assert_eq!(Arc::strong_count(&task), 2);
    /// ```
    pub fn cancel(&mut self) {
        let state = &*self.shared.state;
        // Both wakers are taken before the first is dropped, because its drop may panic.
        let _lock_deregistered = state.lock_waiters.deregister(&mut self.lock_waiter);
        let _task_deregistered =
            self.task_waiter.queue(state).deregister(&mut self.task_waiter.waiter);
    }

    /// Drops this task's waker if it was called and is kept. Returns `false` if the task is still
    /// registered, so a wake-up may still arrive.
    ///
    /// For a task that has found a result elsewhere. A poll that is ready does the same. Wait-free,
    /// except for the drop of the waker.
    ///
    /// # Examples
    /// ```
    /// use std::task::{Context, Poll, Waker};
    ///
    /// use aiter_core::task::PollLock;
    ///
    /// let mut cx = Context::from_waker(Waker::noop());
    /// let mut driver = PollLock::new("a source");
    /// let mut watcher = driver.clone();
    /// watcher.watch(&cx);
    /// assert!(!watcher.drop_used_waker()); // the task is still registered
    /// assert!(driver.poll_locked(&mut cx, |_, _| Poll::Ready(())).is_ready());
    /// assert!(watcher.drop_used_waker());
    /// ```
    pub fn drop_used_waker(&mut self) -> bool {
        self.task_waiter.queue(&self.shared.state).take_called(&self.task_waiter.waiter).is_some()
    }

    /// Wakes every waiting task, and lets the next one poll the value, as the value's waker does.
    ///
    /// Also wakes tasks that [watch](Self::watch). Lock-free; neither allocates nor frees, except
    /// for the wakers of tasks.
    ///
    /// # Examples
    /// ```
    /// use std::{
    ///     cell::Cell,
    ///     task::{Context, Poll, Waker},
    /// };
    ///
    /// use aiter_core::task::PollLock;
    ///
    /// // The value's result comes from a side that does not have the value's waker.
    /// let is_done = Cell::new(false);
    /// let check = || if is_done.get() { Poll::Ready(()) } else { Poll::Pending };
    ///
    /// let mut cx = Context::from_waker(Waker::noop());
    /// let mut one = PollLock::new(());
    /// let mut two = one.clone();
    /// assert!(one.poll_locked(&mut cx, |_, _| check()).is_pending());
    /// is_done.set(true);
    /// assert!(two.poll_locked(&mut cx, |_, _| check()).is_pending()); // without a poll
    /// two.notify();
    /// assert!(two.poll_locked(&mut cx, |_, _| check()).is_ready());
    /// ```
    pub fn notify(&self) {
        let state = &*self.shared.state;
        // After `set_notified`, whose Acquire sees the watchers. Runs also if a waker panics.
        let _notify = Defer(|| state.watchers.notify(Wakers::Lend));
        state.set_notified();
    }

    /// Drops this handle, and returns the value if it was the last handle.
    ///
    /// If several handles are dropped so at once, exactly one of the calls returns the value.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::task::PollLock;
    ///
    /// let one = PollLock::new("value");
    /// let two = one.clone();
    /// assert_eq!(one.into_inner(), None);
    /// assert_eq!(two.into_inner(), Some("value"));
    /// ```
    pub fn into_inner(self) -> Option<S>
    where
        S: Unpin,
    {
        let shared = self.shared.clone();
        drop(self);
        arc_into_inner(shared).map(Shared::into_value)
    }

    /// Returns the value if this is the last handle.
    ///
    /// Two calls at once may both return `Err`, because each finds the other handle. To drop all
    /// handles, use [`into_inner`](Self::into_inner).
    ///
    /// # Errors
    /// Returns the handle if another handle exists.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::task::PollLock;
    ///
    /// let one = PollLock::new("value");
    /// let two = one.clone();
    /// let one = one.try_into_inner().expect_err("another handle exists");
    /// drop(two);
    /// assert_eq!(one.try_into_inner().expect("this is the last handle"), "value");
    /// ```
    pub fn try_into_inner(self) -> Result<S, Self>
    where
        S: Unpin,
    {
        let shared = self.shared.clone();
        drop(self);
        Arc::try_unwrap(shared).map(Shared::into_value).map_err(Self::from_shared)
    }
}

impl<S> Clone for PollLock<S> {
    fn clone(&self) -> Self {
        Self::from_shared(self.shared.clone())
    }
}

impl<S> Drop for PollLock<S> {
    fn drop(&mut self) {
        let state = &self.shared.state;
        let _lock_deregistered = state.lock_waiters.deregister(&mut self.lock_waiter);
        self.task_waiter.queue(state).deregister(&mut self.task_waiter.waiter);
    }
}

impl<S> Unpin for PollLock<S> {}

impl<S> fmt::Debug for PollLock<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollLock").finish_non_exhaustive()
    }
}
