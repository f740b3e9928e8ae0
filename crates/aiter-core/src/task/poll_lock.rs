//! A value that several tasks drive in turn.
//!
//! # The protocol
//! A try-lock (the *gate*) gives the value to one task at a time, for one poll. No task blocks on
//! the gate. A task that finds it closed registers in `lock_waiters`, sets `CONTENDED` and returns
//! `Pending`. The task that opens a marked gate wakes all of these, and they retry.
//!
//! A task that has had a turn in which the value was pending sleeps in `queue`. The value gets one
//! waker, the same in every turn: the *state*'s. It sets `NOTIFIED` and wakes every sleeping task. A turn
//! that got something wakes them too, because the value has no waker then. Each wake-up is for all,
//! because a woken task need not be polled again: see `wait/queue.rs`.
//!
//! A turn that ends pending without `NOTIFIED` leaves `QUIET`: the value has the state's waker, and would
//! be pending again. So of all tasks that come for one wake-up, only one polls the value in vain;
//! the others find `QUIET` and sleep.
//!
//! Hence, whenever a task sleeps in `queue`, the gate is closed, or `QUIET` without `NOTIFIED`, or the
//! task has been woken. A *look* closes the gate as well, and leaves the rest of its word. A task
//! that goes to sleep meanwhile takes the look for a turn. So the end of a look wakes all tasks if
//! it leaves the gate open and not quiet.
//!
//! A *watcher* takes no turn, and waits for what turns leave beside the value. It registers in
//! `watchers`, changes the gate's word, and then looks beside the value. A turn that opened the
//! gate before is seen by that look. Any later turn finds the watcher. A turn that got something
//! wakes all watchers. The state's waker wakes none, because news leaves nothing beside the value.
//!
//! # The gate's word
//! ```text
//!  bit    3       2        1      0
//!      +-------+--------+------+--------+
//!      | QUIET | CONTENDED | NOTIFIED | CLOSED |
//!      +-------+--------+------+--------+
//! ```
//!
//! # Ordering policy
//! The gate hands the value on: Release when it opens, Acquire when it closes. Every access to the
//! gate's word that a task goes to sleep by is a read-modify-write with Release, also if the task
//! finds it closed or quiet. So either the opener sees that task's registration, or that task finds
//! the gate open. The same holds between the state's waker and a task that registers. As all changes
//! of the word are read-modify-writes, an Acquire of it sees all that was released before.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use crate::{
    sync::{Arc, AtomicUsize, Ordering, PAUSES, UnsafeCell, WakeArc, arc_into_inner, fence},
    task::{
        lock_guard::{LockGuard, Shared},
        lock_state::{CLOSED, CONTENDED, Entry, LockState, LockWaker, OPEN, TaskWaiter, is_quiet},
    },
    wait::{
        queue::{WaitQueue, Wakers},
        waiter::Waiter,
    },
};

/// A value that several tasks poll in turn: each clone is one task's handle.
///
/// For adapters that share a source. The task that is polled drives the source, and the others
/// sleep. The source's wake-up reaches every task that waits, so a task that is dropped, or rests,
/// or panics in the source, stops no other. With several handles, the source is polled until it is
/// pending for one wake-up, and not again before the next. A single handle polls it each time.
///
/// Taking a turn is a try-lock of two atomic read-modify-writes. A turn of a single handle takes
/// none if the value is ready. No task blocks, or spins for another one. While a handle lives, the
/// waker that the value is polled with neither allocates nor frees when it is called. It may be
/// called in an interrupt handler if the tasks' own wakers may.
///
/// # Examples
/// ```
/// use aiter_core::task::PollLock;
/// use futures_util::{StreamExt, future::poll_fn, stream};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut one = PollLock::new(stream::iter(["to one", "to two"]));
/// let mut two = one.clone();
/// for (relay, item) in [(&mut one, "to one"), (&mut two, "to two")] {
///     let next = poll_fn(|cx| relay.poll_locked(cx, |mut source, cx| source.poll_next_unpin(cx)));
///     assert_eq!(next.await, Some(item));
/// }
/// # }).expect("an iterator never waits");
/// ```
pub struct PollLock<S> {
    shared: Arc<Shared<S>>,
    task_waiter: TaskWaiter,
    /// For a closed gate.
    lock_waiters: Waiter,
    /// Whether a turn of this handle has woken other tasks.
    has_woken: bool,
}

impl<S> PollLock<S> {
    /// The first handle of a value.
    pub fn new(value: S) -> Self {
        let state = Arc::new(LockState {
            gate: AtomicUsize::new(OPEN),
            queue: WaitQueue::new(),
            lock_waiters: WaitQueue::new(),
            watchers: WaitQueue::new(),
        });
        let waker = Waker::from(WakeArc::new(LockWaker(state.clone())));
        Self::of(Arc::new(Shared { state, waker, value: UnsafeCell::new(value) }))
    }

    fn of(shared: Arc<Shared<S>>) -> Self {
        let task_waiter = TaskWaiter { waiter: Waiter::new(), watches: false };
        Self { shared, task_waiter, lock_waiters: Waiter::new(), has_woken: false }
    }

    /// Polls the value. If another task is at it, or has found it pending, this task sleeps
    /// instead.
    ///
    /// `turn` gets the value and a context whose waker wakes every waiting task. If it returns
    /// `Pending`, it must have polled the value with that waker, and nothing but that waker or
    /// another turn may change the answer: else see [`poll_read`](Self::poll_read). If it returns
    /// `Ready`, every waiting task is woken, as the value may have more.
    ///
    /// # Panics
    /// Panics if `turn` does. All tasks that sleep are woken. Panics if the waker of another task
    /// does, which loses what `turn` returned. If a second waker panics then, the program aborts.
    #[inline]
    pub fn poll_locked<R>(
        &mut self,
        cx: &mut Context<'_>,
        turn: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let Some(alone) = self.try_enter().or_else(|| self.enter(cx)) else {
            return Poll::Pending;
        };
        self.take_turn(alone, cx, turn)
    }

    /// [`poll_locked`](Self::poll_locked), for a task that may get what it waits for also from another
    /// task's turn.
    ///
    /// If another task is at the value, this one pauses, and then `or_else` looks for what
    /// the other one got. Only if there is nothing does this task wait. The pause is a fixed number
    /// of spin hints, less than what going to sleep costs. It is left out on targets where the
    /// other task may need this very core. `taker` is what both closures work with.
    ///
    /// # Panics
    /// Panics as [`poll_locked`](Self::poll_locked), and if `or_else` does.
    ///
    /// # Examples
    /// ```
    /// use std::{cell::Cell, task::Poll};
    ///
    /// use aiter_core::task::PollLock;
    /// use futures_util::{StreamExt, future::poll_fn, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let mut relay = PollLock::new(stream::iter([1, 2]));
    /// let mut latest = Cell::new(None); // for all tasks
    /// let item = poll_fn(|cx| {
    ///     relay.poll_locked_or_else(
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
        taker: &mut W,
        turn: impl FnOnce(&mut W, Pin<&mut S>, &mut Context<'_>) -> Poll<R>,
        or_else: impl FnOnce(&mut W) -> Option<R>,
    ) -> Poll<R> {
        let mut look = Some(or_else);
        let entered = match self.try_enter() {
            Some(alone) => Ok(alone),
            None => self.enter_or_look(cx, || look.take().and_then(|look| look(taker))),
        };
        let polled = match entered {
            Ok(alone) => self.take_turn(alone, cx, |value, cx| turn(taker, value, cx)),
            Err(polled) => polled,
        };
        // While the result is not in its place yet: the closure may own what panics when it is dropped.
        drop(look);
        polled
    }

    /// Makes this task wait for what turns of other handles leave beside the value.
    ///
    /// For a task that takes no turn itself. It is woken when a turn gets something, or panics, and
    /// by [`notify`](Self::notify); not by the value's waker. Turns that were over at the call do
    /// not wake it. So the task looks for what they left after this call, not only before it.
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
    /// assert_eq!(cursor.next_ready(), None); // now it may return `Pending`
    ///
    /// let pushed = driver.poll_locked(&mut cx, |mut pusher, _| {
    ///     Poll::Ready(pusher.push_with_hint(&fork, 1)) // wakes the watcher when the turn is over
    /// });
    /// assert_eq!(pushed, Poll::Ready(Ok(())));
    /// assert_eq!((cursor.next_ready(), fork.next_ready()), (Some(1), Some(1)));
    /// ```
    pub fn watch(&mut self, cx: &Context<'_>) {
        self.task_waiter.register(&self.shared.state, true, cx.waker());
        // After the registration: see the head of this file.
        self.shared.state.touch();
    }

    /// Closes the gate if it is open and the value may be ready. Returns whether there is no other
    /// handle.
    #[inline(always)]
    fn try_enter(&self) -> Option<bool> {
        let state = &*self.shared.state;
        // While this is the only handle, no other one can come to be: the gate may stay open.
        if Arc::strong_count(&self.shared) == 1 {
            // Acquire: partner of the other handles' drops, which end their use of the value.
            fence(Ordering::Acquire);
            // Relaxed: a look. Acquire: partner of `LockState::news`, which the turn takes. Not Release:
            // each registration of this task is followed by an access that releases it.
            if state.gate.load(Ordering::Relaxed) != OPEN {
                state.gate.swap(OPEN, Ordering::Acquire);
            }
            return Some(true);
        }
        let gate = state.gate.load(Ordering::Relaxed);
        // Acquire: partner of the last turn and of `LockState::news`. Not Release: as above.
        let closed = gate & CLOSED == 0
            && !is_quiet(gate)
            && state
                .gate
                .compare_exchange(gate, CLOSED, Ordering::Acquire, Ordering::Relaxed)
                .is_ok();
        closed.then_some(false)
    }

    /// Closes the gate, or registers and returns `None`.
    #[cold]
    fn enter(&mut self, cx: &Context<'_>) -> Option<bool> {
        let (mut sleeps, mut waits_at_gate) = (false, false);
        loop {
            // After a registration, the gate is asked again: a task that opens it meanwhile may
            // have missed it.
            match self.shared.state.close() {
                Entry::Entered => return Some(false),
                Entry::Quiet if sleeps => return None,
                Entry::Quiet => {
                    self.task_waiter.register(&self.shared.state, false, cx.waker());
                    sleeps = true;
                }
                Entry::TurnedAway if waits_at_gate => return None,
                Entry::TurnedAway => {
                    self.shared.state.lock_waiters.register(&mut self.lock_waiters, cx.waker());
                    waits_at_gate = true;
                }
            }
        }
    }

    /// Pauses for the task at the gate; then as `enter`.
    #[cold]
    fn enter_or_look<R>(
        &mut self,
        cx: &Context<'_>,
        or_else: impl FnOnce() -> Option<R>,
    ) -> Result<bool, Poll<R>> {
        // Relaxed: a look.
        if PAUSES > 0 && self.shared.state.gate.load(Ordering::Relaxed) & CLOSED != 0 {
            for _ in 0..PAUSES {
                core::hint::spin_loop();
            }
            if let Some(result) = or_else() {
                return Err(Poll::Ready(result));
            }
        }
        self.enter(cx).ok_or(Poll::Pending)
    }

    /// Polls the value, with the gate closed or no other handle there.
    #[inline(always)]
    fn take_turn<R>(
        &mut self,
        alone: bool,
        cx: &mut Context<'_>,
        turn: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let Self { shared, task_waiter, has_woken, .. } = self;
        let state = &*shared.state;
        let guard = LockGuard { state };
        let mut value_cx = Context::from_waker(&shared.waker);
        match guard.with(shared, |value| turn(value, &mut value_cx)) {
            Poll::Ready(result) => {
                if alone {
                    // The gate is open, and no other task waits.
                    core::mem::forget(guard);
                } else if guard.open() {
                    *has_woken = true;
                }
                if task_waiter.waiter.has_slept() {
                    // User code.
                    drop(task_waiter.queue(state).take_called(&task_waiter.waiter));
                }
                Poll::Ready(result)
            }
            Poll::Pending if alone => {
                // The gate is open. News that comes before finds the task, or is found by
                // `open_pending`.
                task_waiter.register(state, false, cx.waker());
                guard.open_pending(OPEN);
                Poll::Pending
            }
            Poll::Pending => {
                // Before the gate opens, as above.
                let is_registered = task_waiter.register_again(state, cx.waker());
                guard.open_pending(CLOSED);
                if !is_registered {
                    // A waker is cloned and dropped with the gate open.
                    task_waiter.register(state, false, cx.waker());
                    let gate = state.touch();
                    if gate & CLOSED == 0 && !is_quiet(gate) {
                        // The value's waker or another turn has made it so, and need not have seen
                        // the registration.
                        drop(task_waiter.queue(state).retire(&mut task_waiter.waiter));
                        cx.waker().wake_by_ref();
                    }
                }
                Poll::Pending
            }
        }
    }

    /// Looks at the value, unless a task is at it. Polls nothing: it has no waker to poll with.
    ///
    /// # Panics
    /// Panics if `look` does. All tasks that sleep are woken.
    pub fn try_read<R>(&self, look: impl FnOnce(Pin<&mut S>) -> R) -> Option<R> {
        self.shared.state.close_for_look(OPEN).then(|| self.look(look))
    }

    /// Looks at the value. If a task is at it, this task is woken when that one is done.
    ///
    /// For a task that [`poll_locked`](Self::poll_locked) made wait, and that may find something beside
    /// the value's own items: it looks again after it has registered.
    ///
    /// # Panics
    /// Panics if `look` does. All tasks that sleep are woken.
    pub fn poll_read<R>(
        &mut self,
        cx: &mut Context<'_>,
        look: impl FnOnce(Pin<&mut S>) -> R,
    ) -> Poll<R> {
        let state = &*self.shared.state;
        if !state.close_for_look(OPEN) {
            state.lock_waiters.register(&mut self.lock_waiters, cx.waker());
            if !state.close_for_look(CONTENDED) {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.look(look))
    }

    /// Looks at the value, with the gate closed by this task, and opens it.
    fn look<R>(&self, look: impl FnOnce(Pin<&mut S>) -> R) -> R {
        let guard = LockGuard { state: &self.shared.state };
        let result = guard.with(&self.shared, look);
        guard.open_looked();
        result
    }

    /// Returns `true` if a turn of this handle may have woken other tasks since the last call.
    ///
    /// A runtime may keep a task that was woken here on the waking thread until this task returns.
    /// So a task that computes should first return to its executor.
    pub fn has_woken(&mut self) -> bool {
        core::mem::take(&mut self.has_woken)
    }

    /// Takes this task's wakers back: it waits no longer.
    ///
    /// No other task needs to be told, because every wake-up is for all. Wait-free; drops the
    /// wakers.
    pub fn cancel(&mut self) {
        let state = &*self.shared.state;
        // Both are out before one is dropped, which may panic.
        let _at_gate = state.lock_waiters.retire(&mut self.lock_waiters);
        let _in_queue = self.task_waiter.queue(state).retire(&mut self.task_waiter.waiter);
    }

    /// Drops this task's waker if it was called and is kept. Returns `false` if the task is
    /// registered, so that a wake-up is still to come.
    ///
    /// A turn that got something does so as well. For a task that has found what it waits for
    /// elsewhere. Wait-free; drops a waker.
    pub fn drop_used_waker(&mut self) -> bool {
        self.task_waiter.queue(&self.shared.state).take_called(&self.task_waiter.waiter).is_some()
    }

    /// Wakes every task that waits, and lets the value be polled, as the value's waker does.
    ///
    /// Wakes tasks that [watch](Self::watch) as well.
    pub fn notify(&self) {
        /// Wakes these also if a waker of the others panics.
        struct Notify<'a>(&'a LockState);
        impl Drop for Notify<'_> {
            fn drop(&mut self) {
                // `news` has just touched the gate.
                self.0.watchers.notify(Wakers::Lend);
            }
        }
        let _notify = Notify(&self.shared.state);
        self.shared.state.news();
    }

    /// Gives this handle up, and returns the value if it was the last one.
    ///
    /// If several handles are given up at once, exactly one of the calls returns the value.
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
    /// Two handles that ask at once may both get themselves back, as each finds the other one. To
    /// give up all handles, use [`into_inner`](Self::into_inner).
    ///
    /// # Errors
    /// Returns the handle if there are others.
    pub fn try_into_inner(self) -> Result<S, Self>
    where
        S: Unpin,
    {
        let shared = self.shared.clone();
        drop(self);
        Arc::try_unwrap(shared).map(Shared::into_value).map_err(Self::of)
    }
}

impl<S> Clone for PollLock<S> {
    fn clone(&self) -> Self {
        Self::of(self.shared.clone())
    }
}

impl<S> Drop for PollLock<S> {
    fn drop(&mut self) {
        let state = &self.shared.state;
        let _turned_away = state.lock_waiters.retire(&mut self.lock_waiters);
        self.task_waiter.queue(state).retire(&mut self.task_waiter.waiter);
    }
}

impl<S> Unpin for PollLock<S> {}

impl<S> fmt::Debug for PollLock<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollLock").finish_non_exhaustive()
    }
}
