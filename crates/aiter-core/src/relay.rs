//! A value that several tasks drive in turn.
//!
//! # The protocol
//! A try-lock (the *gate*) gives the value to one task at a time, for one poll. No task blocks on
//! the gate. A task that finds it closed registers in `turned_away`, sets `MARKED` and returns
//! `Pending`. The task that opens a marked gate wakes all of these, and they retry.
//!
//! A task that has had a turn in which the value was pending sleeps in `queue`. The value gets one
//! waker, the same in every turn: the *hub*'s. It sets `NEWS` and wakes every sleeping task. A turn
//! that got something wakes them too, because the value has no waker then. Each wake-up is for all,
//! because a woken task need not be polled again: see `waiters.rs`.
//!
//! A turn that ends pending without `NEWS` leaves `QUIET`: the value has the hub's waker, and would
//! be pending again. So of all tasks that come for one wake-up, only one polls the value in vain;
//! the others find `QUIET` and sleep.
//!
//! Hence, whenever a task sleeps in `queue`, the gate is closed, or `QUIET` without `NEWS`, or the
//! task has been woken.
//!
//! A task that is about to wait for what turns do beside the value, unknown to the hub, draws a
//! *fence*: one change of the gate's word. A turn that began before the fence and ends after it
//! finds the mark, and tells its taker. All other turns were over before the fence, or begin after
//! it.
//!
//! # The gate's word
//! ```text
//!  bit    4       3        2       1      0
//!      +-------+--------+--------+------+--------+
//!      | QUIET | FENCED | MARKED | NEWS | CLOSED |
//!      +-------+--------+--------+------+--------+
//! ```
//!
//! # Ordering policy
//! The gate hands the value on: Release when it opens, Acquire when it closes. Every access to the
//! gate's word that a task goes to sleep by is a read-modify-write, also if the task finds it
//! closed or quiet. So either the opener sees that task's registration, or that task finds the gate
//! open. The same holds between the hub's waker and a task that registers.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use crate::{
    sync::{Arc, AtomicUsize, Ordering, PAUSES, UnsafeCell, Wake, WakeArc, fence, retry_hint},
    waiters::{Sleeper, WaitQueue, Wakers},
};

/// The gate is open, and there may be something to poll for.
const OPEN: usize = 0;
/// A task is at the value.
const CLOSED: usize = 1;
/// The hub's waker was called, and no turn has begun since.
const NEWS: usize = 1 << 1;
/// A task was turned away.
const MARKED: usize = 1 << 2;
/// A fence was drawn.
const FENCED: usize = 1 << 3;
/// The last turn was pending, so the value has the hub's waker.
const QUIET: usize = 1 << 4;

/// Returns `true` if a poll of the value would be in vain.
const fn is_quiet(gate: usize) -> bool {
    gate & (QUIET | NEWS) == QUIET
}

/// What a task found at the gate.
enum Entry {
    /// The gate was open and is closed by the task now.
    Entered,
    /// The gate is closed by another task, and marked.
    TurnedAway,
    /// The gate is open, and a poll of the value would be in vain.
    Quiet,
}

/// A task that takes a turn for what it may also find elsewhere. See [`Relay::poll_turn_of`].
pub trait TurnTaker<S> {
    /// What the task waits for.
    type Got;

    /// Polls the value, at most once. As the closure of [`Relay::poll_turn`].
    fn take_turn(&mut self, value: Pin<&mut S>, cx: &mut Context<'_>) -> Poll<Self::Got>;

    /// Looks for what another task's turn may have got for this one. Without the value, which the
    /// other task has.
    fn look_elsewhere(&mut self) -> Option<Self::Got>;

    /// The turn is over, it got something, and another task has drawn a [fence](Relay::fence)
    /// meanwhile. The turn need not have seen what that task did before.
    fn fenced(&mut self);
}

/// A closure that takes one turn.
struct Once<F>(Option<F>);

impl<S, R, F> TurnTaker<S> for Once<F>
where
    F: FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<R>,
{
    type Got = R;

    #[inline(always)]
    fn take_turn(&mut self, value: Pin<&mut S>, cx: &mut Context<'_>) -> Poll<R> {
        self.0.take().map_or(Poll::Pending, |turn| turn(value, cx))
    }

    fn look_elsewhere(&mut self) -> Option<R> {
        None
    }

    fn fenced(&mut self) {}
}

/// The gate and the wait queues. Outlives the value, because the value's source may keep the hub's
/// waker.
struct Hub {
    gate: AtomicUsize,
    /// Tasks that wait for the value.
    queue: WaitQueue,
    /// Tasks that found the gate closed.
    turned_away: WaitQueue,
}

/// What the hub's waker is made of.
struct HubWaker(Arc<Hub>);

impl Wake for HubWaker {
    fn wake(this: WakeArc<Self>) {
        this.0.news();
    }

    fn wake_by_ref(this: &WakeArc<Self>) {
        this.0.news();
    }
}

impl Hub {
    /// Wakes the tasks that were turned away, if there are any, and all that sleep.
    #[inline(never)]
    fn opened(&self, before: usize) {
        /// Wakes these also if a waker of the others panics.
        struct Notify<'a>(&'a Hub);
        impl Drop for Notify<'_> {
            fn drop(&mut self) {
                // The caller has just touched the gate, so it knows of all that registered before.
                self.0.queue.notify(Wakers::Take);
            }
        }
        let _notify = Notify(self);
        if before & MARKED != 0 {
            self.turned_away.notify(Wakers::Take);
        }
    }

    fn news(&self) {
        // AcqRel: partner of `Turn::open`, `Turn::open_pending` and `Hub::close`.
        self.gate.fetch_or(NEWS, Ordering::AcqRel);
        // The value may call its waker in an interrupt handler.
        self.queue.notify(Wakers::Lend);
    }

    /// Closes the gate for a look, which leaves the news. If it is closed, sets `mark` and returns
    /// `false`.
    fn close_for_look(&self, mark: usize) -> bool {
        let mut gate = self.gate.load(Ordering::Relaxed);
        loop {
            let is_open = gate & CLOSED == 0;
            if !is_open && mark == OPEN {
                return false;
            }
            let new = gate | if is_open { CLOSED } else { mark };
            // AcqRel: see the ordering policy.
            match self.gate.compare_exchange_weak(gate, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return is_open,
                Err(now) => gate = now,
            }
            retry_hint();
        }
    }

    /// Closes the gate for a turn and takes the news, or marks it.
    #[inline(always)]
    fn close(&self) -> Entry {
        let mut gate = self.gate.load(Ordering::Relaxed);
        loop {
            let (new, entry) = if gate & CLOSED != 0 {
                (gate | MARKED, Entry::TurnedAway)
            } else if is_quiet(gate) {
                (gate, Entry::Quiet)
            } else {
                (CLOSED, Entry::Entered)
            };
            // AcqRel: see the ordering policy.
            match self.gate.compare_exchange_weak(gate, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return entry,
                Err(now) => gate = now,
            }
            retry_hint();
        }
    }
}

struct Shared<S> {
    hub: Arc<Hub>,
    /// The hub's waker, made once.
    waker: Waker,
    value: UnsafeCell<S>,
}

// SAFETY: the value goes from task to task through the gate, so it must be `Send`, and is never
// seen by two at once, so it need not be `Sync`.
unsafe impl<S: Send> Send for Shared<S> {}
// SAFETY: as above.
unsafe impl<S: Send> Sync for Shared<S> {}

/// The gate, closed by us. If a turn panics, it opens and everybody is woken to see for themselves.
struct Turn<'a> {
    hub: &'a Hub,
}

impl Turn<'_> {
    #[inline(always)]
    fn with<S, R>(&self, shared: &Shared<S>, f: impl FnOnce(Pin<&mut S>) -> R) -> R {
        shared.value.with_mut(|value| {
            // SAFETY: the gate of this value is closed by this turn, which calls this once. The
            // value never moves until it is dropped, but by `try_into_inner`, which needs `Unpin`.
            f(unsafe { Pin::new_unchecked(&mut *value) })
        })
    }

    /// Opens the gate after a turn that got something. Returns `true` if other tasks were woken.
    #[inline(always)]
    fn open<S>(self, taker: &mut impl TurnTaker<S>) -> bool {
        let hub = self.hub;
        core::mem::forget(self);
        // AcqRel: partner of `Hub::close`, `Hub::news` and `Relay::fence`.
        let before = hub.gate.swap(OPEN, Ordering::AcqRel);
        let wakes = before & (MARKED | FENCED) != 0 || !hub.queue.is_empty();
        if wakes {
            Self::tell(hub, before, taker);
        }
        wakes
    }

    /// Wakes the tasks that wait, and tells the taker of a fence.
    #[inline(never)]
    fn tell<S>(hub: &Hub, before: usize, taker: &mut impl TurnTaker<S>) {
        /// Also if the taker panics.
        struct Opened<'a>(&'a Hub, usize);
        impl Drop for Opened<'_> {
            fn drop(&mut self) {
                self.0.opened(self.1);
            }
        }
        let _opened = Opened(hub, before);
        if before & FENCED != 0 {
            taker.fenced();
        }
    }

    /// Opens the gate after a turn that got nothing, and wakes the tasks that need to come again.
    /// `gate` is its word if no other party came meanwhile.
    fn open_pending(self, mut gate: usize) {
        let hub = self.hub;
        core::mem::forget(self);
        loop {
            let news = gate & NEWS;
            let new = if news != 0 { news } else { QUIET };
            // AcqRel: partner of `Hub::close` and `Hub::news`.
            match hub.gate.compare_exchange_weak(gate, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if news != 0 => return hub.opened(gate),
                Ok(_) if gate & MARKED != 0 => return hub.turned_away.notify(Wakers::Take),
                Ok(_) => return,
                Err(now) => gate = now,
            }
            retry_hint();
        }
    }

    /// Opens the gate after a look, which leaves the value and its news as they were.
    fn open_looked(self) {
        let hub = self.hub;
        core::mem::forget(self);
        // AcqRel: partner of `Hub::close` and `Hub::news`.
        let gate = hub.gate.fetch_and(NEWS | QUIET, Ordering::AcqRel);
        if gate & MARKED != 0 {
            hub.turned_away.notify(Wakers::Take);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // AcqRel: as `open`.
        let before = self.hub.gate.swap(OPEN, Ordering::AcqRel);
        self.hub.opened(before);
    }
}

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
/// use aiter_core::Relay;
/// use futures_util::{StreamExt, future::poll_fn, stream};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut one = Relay::new(stream::iter(["to one", "to two"]));
/// let mut two = one.clone();
/// for (relay, item) in [(&mut one, "to one"), (&mut two, "to two")] {
///     let next = poll_fn(|cx| relay.poll_turn(cx, |mut source, cx| source.poll_next_unpin(cx)));
///     assert_eq!(next.await, Some(item));
/// }
/// # }).expect("an iterator never waits");
/// ```
pub struct Relay<S> {
    shared: Arc<Shared<S>>,
    sleeper: Sleeper,
    /// For a closed gate.
    turned_away: Sleeper,
    /// Whether a turn of this handle has woken other tasks.
    has_woken: bool,
}

impl<S> Relay<S> {
    /// The first handle of a value.
    pub fn new(value: S) -> Self {
        let hub = Arc::new(Hub {
            gate: AtomicUsize::new(OPEN),
            queue: WaitQueue::new(),
            turned_away: WaitQueue::new(),
        });
        let waker = Waker::from(WakeArc::new(HubWaker(hub.clone())));
        Self::of(Arc::new(Shared { hub, waker, value: UnsafeCell::new(value) }))
    }

    fn of(shared: Arc<Shared<S>>) -> Self {
        Self { shared, sleeper: Sleeper::new(), turned_away: Sleeper::new(), has_woken: false }
    }

    /// Draws a line between what is done before and after it, for this task and for those at the
    /// value.
    ///
    /// Turns that are over by now are seen as a whole. Those to come will see what was done before,
    /// and one that is on, and gets something, is [told](TurnTaker::fenced) at its end. Wait-free:
    /// one atomic operation.
    pub fn fence(&self) {
        // AcqRel: partner of `Turn::open` and `Hub::close`. If the gate is open, the mark says
        // nothing.
        self.shared.hub.gate.fetch_or(FENCED, Ordering::AcqRel);
    }

    /// Polls the value. If another task is at it, or has found it pending, this task sleeps
    /// instead.
    ///
    /// `turn` gets the value and a context whose waker wakes every waiting task. If it returns
    /// `Pending`, it must have polled the value with that waker, and nothing but that waker or
    /// another turn may change the answer: else see [`poll_look`](Self::poll_look). If it returns
    /// `Ready`, every waiting task is woken, as the value may have more.
    ///
    /// # Panics
    /// Panics if `turn` does. All tasks that sleep are woken. Panics if the waker of another task
    /// does, which loses what `turn` returned.
    #[inline]
    pub fn poll_turn<R>(
        &mut self,
        cx: &mut Context<'_>,
        turn: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let Some(alone) = self.try_enter().or_else(|| self.enter(cx)) else {
            return Poll::Pending;
        };
        self.take_turn(alone, cx, &mut Once(Some(turn)))
    }

    /// [`poll_turn`](Self::poll_turn), for a task that may get what it waits for also from
    /// another's turn.
    ///
    /// If another task is at the value, this one pauses, and then the taker looks
    /// [elsewhere](TurnTaker::look_elsewhere) for what the other got. Only if there is nothing does
    /// this task wait. The pause is a fixed number of spin hints, less than what going to sleep
    /// costs. It is left out on targets where the other task may need this very core.
    ///
    /// # Panics
    /// Panics if the taker does. All tasks that sleep are woken.
    ///
    /// # Examples
    /// ```
    /// use std::{cell::Cell, pin::Pin, rc::Rc, task::{Context, Poll}};
    ///
    /// use aiter_core::{Relay, TurnTaker};
    /// use futures_util::{future::poll_fn, stream, Stream, StreamExt};
    ///
    /// /// The latest item is for everybody.
    /// struct Latest(Rc<Cell<Option<u32>>>);
    ///
    /// impl<S: Stream<Item = u32> + Unpin> TurnTaker<S> for Latest {
    ///     type Got = u32;
    ///
    ///     fn take_turn(&mut self, mut s: Pin<&mut S>, cx: &mut Context<'_>) -> Poll<u32> {
    ///         s.poll_next_unpin(cx).map(|item| {
    ///             self.0.set(item);
    ///             item.unwrap_or(0)
    ///         })
    ///     }
    ///
    ///     fn look_elsewhere(&mut self) -> Option<u32> {
    ///         self.0.get()
    ///     }
    ///
    ///     fn fenced(&mut self) {}
    /// }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let mut relay = Relay::new(stream::iter([1, 2]));
    /// let mut latest = Latest(Rc::default());
    /// assert_eq!(poll_fn(|cx| relay.poll_turn_of(cx, &mut latest)).await, 1);
    /// # }).expect("an iterator never waits");
    /// ```
    #[inline(always)]
    pub fn poll_turn_of<W: TurnTaker<S>>(
        &mut self,
        cx: &mut Context<'_>,
        taker: &mut W,
    ) -> Poll<W::Got> {
        let alone = match self.try_enter() {
            Some(alone) => alone,
            None => match self.enter_or_look(cx, taker) {
                Ok(alone) => alone,
                Err(polled) => return polled,
            },
        };
        self.take_turn(alone, cx, taker)
    }

    /// Closes the gate if it is open and the value may be ready. Returns whether there is no other
    /// handle.
    #[inline(always)]
    fn try_enter(&self) -> Option<bool> {
        let hub = &*self.shared.hub;
        // While this is the only handle, no other one can come to be: the gate may stay open.
        if Arc::strong_count(&self.shared) == 1 {
            // Acquire: partner of the other handles' drops, which end their use of the value.
            fence(Ordering::Acquire);
            // Relaxed: a look. AcqRel: takes the news, as `Hub::close`.
            if hub.gate.load(Ordering::Relaxed) != OPEN {
                hub.gate.swap(OPEN, Ordering::AcqRel);
            }
            return Some(true);
        }
        let gate = hub.gate.load(Ordering::Relaxed);
        // AcqRel: as `Hub::close`.
        let closed = gate & CLOSED == 0
            && !is_quiet(gate)
            && hub.gate.compare_exchange(gate, CLOSED, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        closed.then_some(false)
    }

    /// Closes the gate, or registers and returns `None`.
    #[cold]
    fn enter(&mut self, cx: &Context<'_>) -> Option<bool> {
        let Self { shared, sleeper, turned_away, .. } = self;
        let hub = &*shared.hub;
        let (mut sleeps, mut waits_at_gate) = (false, false);
        loop {
            // After a registration, the gate is asked again: a task that opens it meanwhile may
            // have missed it.
            match hub.close() {
                Entry::Entered => return Some(false),
                Entry::Quiet if sleeps => return None,
                Entry::Quiet => {
                    hub.queue.register(sleeper, cx.waker());
                    sleeps = true;
                }
                Entry::TurnedAway if waits_at_gate => return None,
                Entry::TurnedAway => {
                    hub.turned_away.register(turned_away, cx.waker());
                    waits_at_gate = true;
                }
            }
        }
    }

    /// Pauses for the task at the gate; then as `enter`.
    #[cold]
    fn enter_or_look<W: TurnTaker<S>>(
        &mut self,
        cx: &Context<'_>,
        taker: &mut W,
    ) -> Result<bool, Poll<W::Got>> {
        // Relaxed: a look.
        if PAUSES > 0 && self.shared.hub.gate.load(Ordering::Relaxed) & CLOSED != 0 {
            for _ in 0..PAUSES {
                core::hint::spin_loop();
            }
            if let Some(result) = taker.look_elsewhere() {
                return Err(Poll::Ready(result));
            }
        }
        self.enter(cx).ok_or(Poll::Pending)
    }

    /// Polls the value, with the gate closed or no other handle there.
    #[inline(always)]
    fn take_turn<W: TurnTaker<S>>(
        &mut self,
        alone: bool,
        cx: &mut Context<'_>,
        taker: &mut W,
    ) -> Poll<W::Got> {
        let Self { shared, sleeper, has_woken, .. } = self;
        let hub = &*shared.hub;
        let guard = Turn { hub };
        let mut hubs = Context::from_waker(&shared.waker);
        match guard.with(shared, |value| taker.take_turn(value, &mut hubs)) {
            Poll::Ready(result) => {
                if alone {
                    // The gate is open, and no other task waits.
                    core::mem::forget(guard);
                } else if guard.open(taker) {
                    *has_woken = true;
                }
                Poll::Ready(result)
            }
            Poll::Pending => {
                // Before the gate opens: news that comes before finds the task, or is found by
                // `open_pending`.
                hub.queue.register(sleeper, cx.waker());
                guard.open_pending(if alone { OPEN } else { CLOSED });
                Poll::Pending
            }
        }
    }

    /// Looks at the value, unless a task is at it. Polls nothing: it has no waker to poll with.
    ///
    /// # Panics
    /// Panics if `look` does. All tasks that sleep are woken.
    pub fn try_look<R>(&self, look: impl FnOnce(Pin<&mut S>) -> R) -> Option<R> {
        self.shared.hub.close_for_look(OPEN).then(|| self.look(look))
    }

    /// Looks at the value. If a task is at it, this task is woken when that one is done.
    ///
    /// For a task that [`poll_turn`](Self::poll_turn) made wait, and that may find something beside
    /// the value's own items: it looks again after it has registered.
    ///
    /// # Panics
    /// Panics if `look` does. All tasks that sleep are woken.
    pub fn poll_look<R>(
        &mut self,
        cx: &mut Context<'_>,
        look: impl FnOnce(Pin<&mut S>) -> R,
    ) -> Poll<R> {
        let hub = &*self.shared.hub;
        if !hub.close_for_look(OPEN) {
            hub.turned_away.register(&mut self.turned_away, cx.waker());
            if !hub.close_for_look(MARKED) {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.look(look))
    }

    /// Looks at the value, with the gate closed by this task, and opens it.
    fn look<R>(&self, look: impl FnOnce(Pin<&mut S>) -> R) -> R {
        let guard = Turn { hub: &self.shared.hub };
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
        let hub = &*self.shared.hub;
        // Both are out before one is dropped, which may panic.
        let _at_gate = hub.turned_away.retire(&mut self.turned_away);
        let _in_queue = hub.queue.retire(&mut self.sleeper);
    }

    /// Wakes every task that waits, and lets the value be polled, as the value's waker does.
    pub fn notify(&self) {
        self.shared.hub.news();
    }

    /// Gives the value back if this is the last handle.
    ///
    /// # Errors
    /// The handle, if there are others.
    pub fn try_into_inner(self) -> Result<S, Self>
    where
        S: Unpin,
    {
        let shared = self.shared.clone();
        drop(self);
        Arc::try_unwrap(shared).map(|shared| shared.value.into_inner()).map_err(Self::of)
    }
}

impl<S> Clone for Relay<S> {
    fn clone(&self) -> Self {
        Self::of(self.shared.clone())
    }
}

impl<S> Drop for Relay<S> {
    fn drop(&mut self) {
        let hub = &self.shared.hub;
        let _turned_away = hub.turned_away.retire(&mut self.turned_away);
        hub.queue.retire(&mut self.sleeper);
    }
}

impl<S> Unpin for Relay<S> {}

impl<S> fmt::Debug for Relay<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").finish_non_exhaustive()
    }
}
