//! A value that several tasks drive in turn.
//!
//! # The protocol
//! A try-lock (the *gate*) gives the value to one task at a time, for one poll. Nobody waits at the
//! gate: who finds it closed registers as *turned away*, marks the gate and sleeps; whoever opens a
//! marked gate wakes all of these. They come again, and have missed nothing.
//!
//! Who has had a turn in which the value was pending sleeps in another queue. What the value waits for
//! gets one waker, the same in every turn: the *hub*'s. It sets `NEWS` and wakes the longest sleeping
//! task. A turn that got something says whether there may be more, for the next, or something for all.
//! `NEWS` stays until somebody takes a turn, which is how a wake-up that reached a task which no longer
//! needs it, or which is dropped, is known to be still owed.
//!
//! So whenever somebody sleeps, one of these holds: the value is pending with the hub's waker; a task
//! is at it; a task that was woken has yet to be polled.
//!
//! Who is about to wait for what turns do beside the value, in a way that the hub knows nothing of, draws
//! a *fence*: one change of the gate's word. A turn that had begun before and ends after it finds the
//! mark, and sees to that one; all others come after it as a whole, or were over before.
//!
//! # Ordering policy
//! The gate hands the value on: Release when it opens, Acquire when it closes. Every access to the
//! gate's word is a read-modify-write, also that of who finds it closed: so either the opener sees
//! that one's registration, or that one finds the gate open. The same between the hub's waker and a
//! task that registers with the gate closed.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use crate::{
    sync::{Arc, AtomicUsize, Ordering, PAUSES, UnsafeCell, Wake, WakeArc, fence, retry_hint},
    waiters::{Retired, Sleeper, WaitQueue},
};

/// Nobody is at the value.
const OPEN: usize = 0;
/// Somebody is.
const CLOSED: usize = 1;
/// What the value waited for has happened, or it was not asked to the end, and nobody has had a turn since.
const NEWS: usize = 1 << 1;
/// Somebody was turned away.
const MARKED: usize = 1 << 2;
/// Somebody has drawn a fence.
const FENCED: usize = 1 << 3;

/// Whom to wake after a turn that got something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// The longest waiting task: there may be something for it, too.
    Next = NEWS as isize,
    /// All: what was got is for everybody.
    All = OPEN as isize,
}

/// Who takes a turn, for what it may also find elsewhere. See [`Relay::poll_turn_of`].
pub trait TurnTaker<S> {
    /// What it waits for.
    type Got;

    /// Polls the value, at most once. As the closure of [`Relay::poll_turn`].
    fn take_turn(&mut self, value: Pin<&mut S>, cx: &mut Context<'_>) -> Poll<(Self::Got, Pass)>;

    /// Looks for what another one's turn may have got for it. Without the value, which that one has.
    fn look_elsewhere(&mut self) -> Option<Self::Got>;

    /// The turn is over, it got something, and somebody has drawn a [fence](Relay::fence) meanwhile:
    /// what they did before it, the turn need not have seen.
    fn fenced(&mut self);
}

/// A closure that takes one turn.
struct Once<F>(Option<F>);

impl<S, R, F> TurnTaker<S> for Once<F>
where
    F: FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<(R, Pass)>,
{
    type Got = R;

    #[inline(always)]
    fn take_turn(&mut self, value: Pin<&mut S>, cx: &mut Context<'_>) -> Poll<(R, Pass)> {
        self.0.take().map_or(Poll::Pending, |turn| turn(value, cx))
    }

    fn look_elsewhere(&mut self) -> Option<R> {
        None
    }

    fn fenced(&mut self) {}
}

/// Who sleeps, and the gate. Outlives the value: what the value waits for may hold the waker.
struct Hub {
    gate: AtomicUsize,
    /// Those who have had a turn, and wait for news.
    queue: WaitQueue,
    /// Those who found the gate closed.
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
    /// Sets the open gate's word, and wakes those who were turned away and whom the turn concerns.
    fn open(&self, gate: usize, pass: Pass) {
        // AcqRel: partner of `Hub::close` and `Hub::news`.
        let before = self.gate.swap(gate, Ordering::AcqRel);
        self.opened(before, pass);
    }

    /// Wakes whom the gate's opening concerns.
    #[inline(never)]
    fn opened(&self, before: usize, pass: Pass) {
        /// Wakes these also if a waker of those panics.
        struct Notify<'a>(&'a Hub, Pass);
        impl Drop for Notify<'_> {
            fn drop(&mut self) {
                self.0.notify(self.1);
            }
        }
        let _notify = Notify(self, pass);
        if before & MARKED != 0 {
            self.turned_away.notify(usize::MAX);
        }
    }

    fn news(&self) {
        // AcqRel: partner of `Hub::open`, `Turn::open_pending` and `Hub::close`.
        self.gate.fetch_or(NEWS, Ordering::AcqRel);
        self.notify(Pass::Next);
    }

    fn notify(&self, pass: Pass) {
        // The caller has just touched the gate: it knows of those who registered before.
        self.queue.notify(match pass {
            Pass::Next => 1,
            Pass::All => usize::MAX,
        });
    }

    /// Closes the gate and takes the news, or marks it.
    #[inline(always)]
    fn close(&self) -> bool {
        let mut gate = self.gate.load(Ordering::Relaxed);
        loop {
            let new = if gate & CLOSED == 0 { CLOSED } else { gate | MARKED };
            // AcqRel: see the ordering policy.
            match self.gate.compare_exchange_weak(gate, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return gate & CLOSED == 0,
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

// SAFETY: the value goes from task to task through the gate, so it must be `Send`, and is never seen
// by two at once, so it need not be `Sync`.
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
            // SAFETY: the gate of this value is closed by us, who call this once. The value never
            // moves until it is dropped, but by `try_into_inner`, which needs `Unpin`.
            f(unsafe { Pin::new_unchecked(&mut *value) })
        })
    }

    /// Opens the gate after a turn that got something, and tells whom it concerns.
    #[inline(always)]
    fn open<S>(self, pass: Pass, taker: &mut impl TurnTaker<S>) {
        let hub = self.hub;
        core::mem::forget(self);
        // What the gate's word becomes: see `Pass`. AcqRel: partner of `Hub::close`, `Hub::news` and
        // `Relay::fence`.
        let before = hub.gate.swap(pass as usize, Ordering::AcqRel);
        if before & (MARKED | FENCED) != 0 || !hub.queue.is_empty() {
            Self::tell(hub, before, pass, taker);
        }
    }

    /// Wakes whom the gate's opening concerns, and tells the taker of a fence.
    #[inline(never)]
    fn tell<S>(hub: &Hub, before: usize, pass: Pass, taker: &mut impl TurnTaker<S>) {
        /// Also if the taker panics.
        struct Opened<'a>(&'a Hub, usize, Pass);
        impl Drop for Opened<'_> {
            fn drop(&mut self) {
                self.0.opened(self.1, self.2);
            }
        }
        let _opened = Opened(hub, before, pass);
        if before & FENCED != 0 {
            taker.fenced();
        }
    }

    /// Opens the gate after a turn that got nothing, or a look. The news that came meanwhile stays.
    /// True if some did.
    fn open_pending(self) -> bool {
        let hub = self.hub;
        core::mem::forget(self);
        // AcqRel: partner of `Hub::close` and `Hub::news`.
        let gate = hub.gate.fetch_and(NEWS, Ordering::AcqRel);
        if gate & MARKED != 0 {
            hub.turned_away.notify(usize::MAX);
        }
        gate & NEWS != 0
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.hub.open(NEWS, Pass::All);
    }
}

/// A value that several tasks poll in turn: each clone is one task's handle.
///
/// For adapters that share a source: whichever task is polled drives the source, the others sleep,
/// and whatever happens to that task (it turns to something else, it is dropped, the source panics),
/// the source's wake-up reaches one that still waits.
///
/// Taking a turn is a try-lock of two atomic read-modify-writes, none if there is one handle; nobody
/// spins or blocks. The waker that the value is polled with neither allocates nor frees when it is
/// called, so it may be called in an interrupt handler, if the tasks' own wakers may.
///
/// # Examples
/// ```
/// use aiter_core::{Pass, Relay};
/// use futures_util::{StreamExt, future::poll_fn, stream};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut one = Relay::new(stream::iter(["to one", "to two"]));
/// let mut two = one.clone();
/// for (relay, item) in [(&mut one, "to one"), (&mut two, "to two")] {
///     let next = poll_fn(|cx| {
///         relay.poll_turn(cx, |mut source, cx| {
///             source.poll_next_unpin(cx).map(|item| (item, Pass::Next))
///         })
///     });
///     assert_eq!(next.await, Some(item));
/// }
/// # }).expect("an iterator never waits");
/// ```
pub struct Relay<S> {
    shared: Arc<Shared<S>>,
    sleeper: Sleeper,
    /// Registered in the hub's queue, and not since the last turn that got something.
    asleep: bool,
    /// For when the gate is closed.
    turned_away: Sleeper,
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
        Self { shared, sleeper: Sleeper::new(), asleep: false, turned_away: Sleeper::new() }
    }

    /// Draws a line between what is done before and after it, for this task and for those at the value.
    ///
    /// Turns that are over by now are seen as a whole. Those to come will see what was done before, and
    /// one that is on, and gets something, is [told](TurnTaker::fenced) at its end. Wait-free: one
    /// atomic operation.
    pub fn fence(&self) {
        // AcqRel: partner of `Turn::open` and `Hub::close`. Nobody minds if the gate is open.
        self.shared.hub.gate.fetch_or(FENCED, Ordering::AcqRel);
    }

    /// Polls the value, if nobody else is at it right now; else sleeps until its turn comes.
    ///
    /// `turn` gets the value and a context whose waker wakes the longest waiting task. When it returns
    /// `Pending`, the value must have been polled with that waker. When it is `Ready`, it says who else
    /// has a reason to look.
    ///
    /// # Panics
    /// If `turn` does. All who sleep are woken.
    #[inline]
    pub fn poll_turn<R>(
        &mut self,
        cx: &mut Context<'_>,
        turn: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<(R, Pass)>,
    ) -> Poll<R> {
        let Some(alone) = self.try_enter().or_else(|| self.enter(cx)) else {
            return Poll::Pending;
        };
        self.take_turn(alone, cx, &mut Once(Some(turn)))
    }

    /// [`poll_turn`](Self::poll_turn), for a task that may get what it waits for also from another's
    /// turn.
    ///
    /// If somebody else is at the value, they are given a moment, and then the taker looks
    /// [elsewhere](TurnTaker::look_elsewhere) for what they got; if that is something, this task needs no
    /// turn now, as by [`stand_by`](Self::stand_by). Only if there is nothing it waits for one. The
    /// moment is a fixed number of spin hints, less than what going to sleep costs; none on targets
    /// where the other may need this very core.
    ///
    /// # Panics
    /// If the taker does. All who sleep are woken.
    ///
    /// # Examples
    /// ```
    /// use std::{cell::Cell, pin::Pin, rc::Rc, task::{Context, Poll}};
    ///
    /// use aiter_core::{Pass, Relay, TurnTaker};
    /// use futures_util::{future::poll_fn, stream, Stream, StreamExt};
    ///
    /// /// The latest item is for everybody.
    /// struct Latest(Rc<Cell<Option<u32>>>);
    ///
    /// impl<S: Stream<Item = u32> + Unpin> TurnTaker<S> for Latest {
    ///     type Got = u32;
    ///
    ///     fn take_turn(&mut self, mut s: Pin<&mut S>, cx: &mut Context<'_>) -> Poll<(u32, Pass)> {
    ///         s.poll_next_unpin(cx).map(|item| {
    ///             self.0.set(item);
    ///             (item.unwrap_or(0), Pass::All)
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

    /// Closes the gate, if nobody else has. Says whether there is no other handle.
    #[inline(always)]
    fn try_enter(&self) -> Option<bool> {
        let hub = &*self.shared.hub;
        // No other handle can come to be while we have the only one: the gate may stay open.
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
            && hub.gate.compare_exchange(gate, CLOSED, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        closed.then_some(false)
    }

    /// Closes the gate, or marks it and sleeps.
    #[cold]
    fn enter(&mut self, cx: &Context<'_>) -> Option<bool> {
        let hub = &*self.shared.hub;
        if !hub.close() {
            hub.turned_away.register(&mut self.turned_away, cx.waker());
            if !hub.close() {
                return None;
            }
            self.turned_away.cancel();
        }
        Some(false)
    }

    /// Gives who closed the gate a moment; then as `enter`.
    #[cold]
    fn enter_or_look<W: TurnTaker<S>>(
        &mut self,
        cx: &Context<'_>,
        taker: &mut W,
    ) -> Result<bool, Poll<W::Got>> {
        if PAUSES > 0 {
            for _ in 0..PAUSES {
                core::hint::spin_loop();
            }
            if let Some(result) = taker.look_elsewhere() {
                self.stand_by();
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
        let Self { shared, sleeper, asleep, .. } = self;
        let hub = &*shared.hub;
        let guard = Turn { hub };
        let mut hubs = Context::from_waker(&shared.waker);
        match guard.with(shared, |value| taker.take_turn(value, &mut hubs)) {
            Poll::Ready((result, pass)) => {
                // Before the gate opens: a wake-up that reaches us from here on is known to be
                // passed on, and one that came before is made good by the notification.
                if *asleep {
                    sleeper.cancel();
                    *asleep = false;
                }
                if alone {
                    // The gate is open, and there is nobody to wake.
                    core::mem::forget(guard);
                } else {
                    guard.open(pass, taker);
                }
                Poll::Ready(result)
            }
            Poll::Pending => {
                hub.queue.register(sleeper, cx.waker());
                *asleep = true;
                if guard.open_pending() {
                    // It may have come when nobody had registered.
                    hub.notify(Pass::Next);
                }
                Poll::Pending
            }
        }
    }

    /// Looks at the value, if nobody is at it right now. Polls nothing: it has no waker to poll with.
    ///
    /// # Panics
    /// If `look` does. All who sleep are woken.
    pub fn try_look<R>(&self, look: impl FnOnce(Pin<&mut S>) -> R) -> Option<R> {
        let hub = &*self.shared.hub;
        let mut gate = hub.gate.load(Ordering::Relaxed);
        while gate & CLOSED == 0 {
            // Acquire: partner of `Hub::open` and `Turn::open_pending`. The news stays.
            match hub.gate.compare_exchange_weak(
                gate,
                gate | CLOSED,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    let guard = Turn { hub };
                    let result = guard.with(&self.shared, look);
                    guard.open_pending();
                    return Some(result);
                }
                Err(now) => gate = now,
            }
            retry_hint();
        }
        None
    }

    /// True if this task sleeps, or has slept and neither had a turn since nor said that it needs none.
    #[inline(always)]
    pub fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// Says that this task needs no turn now: it got what it waited for elsewhere.
    ///
    /// If it had been woken to take a turn, the next one is woken instead.
    #[inline]
    pub fn stand_by(&mut self) {
        if self.asleep {
            self.leave_sleep();
        }
    }

    #[cold]
    fn leave_sleep(&mut self) {
        self.asleep = false;
        if self.sleeper.cancel() {
            self.pass_on();
        }
    }

    /// Wakes the longest sleeping task, as the value's waker does.
    pub fn wake_next(&self) {
        self.shared.hub.news();
    }

    /// Wakes somebody else if the news that we were woken for are still news.
    fn pass_on(&self) {
        let hub = &*self.shared.hub;
        // AcqRel: see the ordering policy.
        if hub.gate.fetch_or(OPEN, Ordering::AcqRel) & NEWS != 0 {
            hub.notify(Pass::Next);
        }
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
        let retired = hub.queue.retire(&mut self.sleeper);
        if self.asleep && retired.as_ref().is_some_and(Retired::was_notified) {
            self.pass_on();
        }
    }
}

impl<S> Unpin for Relay<S> {}

impl<S> fmt::Debug for Relay<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("asleep", &self.asleep).finish_non_exhaustive()
    }
}
