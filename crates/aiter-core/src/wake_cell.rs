//! One waker: set by one task, called by anybody.
//!
//! # The protocol
//! A waker lives in a node that the cell owns. `armed` points to the node whose waker is to be
//! called. A notifier takes the node out by a swap, calls the waker and marks the node as idle. The
//! task that registers puts another idle node there, and makes a new one if all others are in the
//! hands of notifiers that were interrupted in mid-wake. So neither side waits for the other: a task
//! that outranks its notifier does not retry until that one runs again, as it would with one slot for
//! the waker.
//!
//! # Ordering policy
//! `armed` closes the race between "I sleep" and "there is something": both sides swap, AcqRel. If the
//! notifier's swap comes first, the task sees what the notifier did before, when it looks again; if
//! not, the notifier finds the node. `idle` hands the node back: Release by the notifier, Acquire by
//! the task.

use core::{fmt, ptr::NonNull, ptr::null_mut, task::Waker};

use alloc::{boxed::Box, vec::Vec};

use crate::sync::{AtomicBool, AtomicPtr, Ordering, UnsafeCell};

struct Node {
    waker: UnsafeCell<Option<Waker>>,
    /// Neither armed nor with a notifier.
    idle: AtomicBool,
}

/// The waker of one task, for interrupt handlers, threads and tasks to call.
///
/// What `AtomicWaker` is elsewhere, but [`register`](Self::register) never has to be tried again: a
/// task that preempts [`wake`](Self::wake) half-way, on a core with priorities, registers and sleeps
/// as ever.
///
/// To sleep, a task calls `register` and then looks again for what it waits for. To wake it, do what
/// it waits for and then call `wake`. One of the two sees the other.
///
/// # Examples
/// ```
/// use core::{
///     future::poll_fn,
///     sync::atomic::{AtomicBool, Ordering},
///     task::Poll,
/// };
///
/// use aiter_core::WakeCell;
///
/// static PRESSED: AtomicBool = AtomicBool::new(false);
///
/// let button = WakeCell::new();
/// let press = poll_fn(|cx| {
///     button.register(cx.waker());
///     if PRESSED.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
/// });
/// # let mut press = core::pin::pin!(press);
/// # let mut cx = core::task::Context::from_waker(core::task::Waker::noop());
/// # assert!(press.as_mut().poll(&mut cx).is_pending());
/// // In the interrupt handler:
/// PRESSED.store(true, Ordering::Release);
/// button.wake();
/// # assert!(press.as_mut().poll(&mut cx).is_ready());
/// ```
pub struct WakeCell {
    /// Null, or the node to wake.
    armed: AtomicPtr<Node>,
    /// Somebody is registering or clearing.
    busy: AtomicBool,
    /// Every node of the cell; guarded by `busy`.
    nodes: UnsafeCell<Vec<NonNull<Node>>>,
}

// SAFETY: the nodes are the cell's own heap memory, and `Waker` is `Send`.
unsafe impl Send for WakeCell {}
// SAFETY: `nodes` is used by whoever has set `busy`, a node's waker by whoever owns the node: the one
// who swapped it out of `armed`, or, while it is idle or armed, reading only, the one with `busy`.
unsafe impl Sync for WakeCell {}

/// `busy`, set by us.
struct Busy<'a>(&'a WakeCell);

impl Busy<'_> {
    fn nodes<R>(&mut self, f: impl FnOnce(&mut Vec<NonNull<Node>>) -> R) -> R {
        // SAFETY: `busy` is ours, and lent mutably.
        self.0.nodes.with_mut(|nodes| f(unsafe { &mut *nodes }))
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        // Release: partner of `try_busy`.
        self.0.busy.store(false, Ordering::Release);
    }
}

impl WakeCell {
    /// A cell without a waker. Allocates nothing before the first registration.
    pub fn new() -> Self {
        Self {
            armed: AtomicPtr::new(null_mut()),
            busy: AtomicBool::new(false),
            nodes: UnsafeCell::new(Vec::new()),
        }
    }

    fn try_busy(&self) -> Option<Busy<'_>> {
        // Acquire: partner of `Busy::drop`.
        (!self.busy.swap(true, Ordering::Acquire)).then(|| Busy(self))
    }

    /// Makes `waker` the one that the next [`wake`](Self::wake) calls, instead of any earlier one.
    ///
    /// The caller then looks once more for what it waits for. Meant for one task at a time: two that
    /// register at once are both in order, but one of them is woken at once, as if there were news.
    ///
    /// Wait-free. Allocates when the cell is first used, when a waker is replaced that was not
    /// called, and for each notifier that was interrupted in mid-wake; then never again.
    pub fn register(&self, waker: &Waker) {
        let Some(mut busy) = self.try_busy() else {
            waker.wake_by_ref();
            return;
        };
        let is_mine = |node: &Node| {
            // SAFETY: nobody writes to the waker of a node that is idle or armed but the one with
            // `busy`, and a notifier only reads it.
            node.waker.with(|at| unsafe { &*at }.as_ref().is_some_and(|w| w.will_wake(waker)))
        };
        // Acquire: a look. If the node is still armed, whoever has something new will find it.
        let armed = NonNull::new(self.armed.load(Ordering::Acquire));
        // SAFETY: nodes live as long as the cell.
        if armed.is_some_and(|node| is_mine(unsafe { node.as_ref() })) {
            return;
        }
        let idle = busy.nodes(|nodes| {
            // SAFETY: as above. Acquire: partner of `wake`, who is done with the node.
            nodes.iter().copied().find(|node| unsafe { node.as_ref() }.idle.load(Ordering::Acquire))
        });
        let node = idle.unwrap_or_else(|| {
            let node = Node { waker: UnsafeCell::new(None), idle: AtomicBool::new(true) };
            let node = NonNull::from(Box::leak(Box::new(node)));
            busy.nodes(|nodes| nodes.push(node));
            node
        });
        // SAFETY: as above.
        let at = unsafe { node.as_ref() };
        let old = if is_mine(at) {
            None
        } else {
            let new = waker.clone();
            // SAFETY: the node is idle: its waker is ours.
            at.waker.with_mut(|at| unsafe { &mut *at }.replace(new))
        };
        // Relaxed: the swap gives the node away.
        at.idle.store(false, Ordering::Relaxed);
        // AcqRel: partner of `wake`, in both directions; see the ordering policy.
        if let Some(before) = NonNull::new(self.armed.swap(node.as_ptr(), Ordering::AcqRel)) {
            // SAFETY: as above; the swap made it ours. Relaxed: only we ask.
            unsafe { before.as_ref() }.idle.store(true, Ordering::Relaxed);
        }
        drop(busy);
        // User code.
        drop(old);
    }

    /// Whether there is a waker that was not called yet: a look, after which all may be different.
    ///
    /// Alone it closes no race between a task that goes to sleep and whoever has news. Where the two
    /// meet on another atomic, by a read-modify-write of each after `register` and before this look, who
    /// comes second there sees the first, and `wake` may be left out if this is false.
    #[inline]
    pub fn is_armed(&self) -> bool {
        // Acquire: partner of `register`, for the node.
        !self.armed.load(Ordering::Acquire).is_null()
    }

    /// Wakes the task that registered last, if it was not woken since.
    ///
    /// Wait-free; neither allocates nor frees, so it may be called from an interrupt handler, if the
    /// task's own waker may.
    pub fn wake(&self) {
        /// Gives the node back whether or not the waker panics.
        struct GiveBack<'a>(&'a Node);
        impl Drop for GiveBack<'_> {
            fn drop(&mut self) {
                // Release: partner of `register`, for our use of the waker.
                self.0.idle.store(true, Ordering::Release);
            }
        }
        // AcqRel: partner of `register`. Always a write, even of null over null: it closes a race.
        let Some(node) = NonNull::new(self.armed.swap(null_mut(), Ordering::AcqRel)) else {
            return;
        };
        // SAFETY: nodes live as long as the cell, which is borrowed.
        let node = GiveBack(unsafe { node.as_ref() });
        node.0.waker.with(|at| {
            // SAFETY: the swap made the node ours.
            if let Some(waker) = unsafe { &*at } {
                waker.wake_by_ref();
            }
        });
    }

    /// Forgets the waker, and drops it unless it is being called right now.
    ///
    /// For a task that is gone while the cell lives on. Does nothing if another party is registering.
    pub fn clear(&self) {
        let Some(mut busy) = self.try_busy() else { return };
        // AcqRel: as in `register`.
        if let Some(node) = NonNull::new(self.armed.swap(null_mut(), Ordering::AcqRel)) {
            // SAFETY: nodes live as long as the cell; the swap made it ours. Relaxed: only we ask.
            unsafe { node.as_ref() }.idle.store(true, Ordering::Relaxed);
        }
        loop {
            let waker = busy.nodes(|nodes| {
                nodes.iter().find_map(|node| {
                    // SAFETY: as above.
                    let node = unsafe { node.as_ref() };
                    // Acquire: partner of `wake`.
                    let idle = node.idle.load(Ordering::Acquire);
                    // SAFETY: idle: its waker is ours.
                    idle.then(|| node.waker.with_mut(|at| unsafe { &mut *at }.take())).flatten()
                })
            });
            // User code runs here, with the list of nodes not borrowed.
            if waker.is_none() {
                return;
            }
        }
    }
}

impl Drop for WakeCell {
    fn drop(&mut self) {
        let nodes = self.nodes.with_mut(|nodes| {
            // SAFETY: we have the cell alone.
            core::mem::take(unsafe { &mut *nodes })
        });
        for node in nodes {
            // SAFETY: `register` made it from a box, and nobody else knows it any more.
            drop(unsafe { Box::from_raw(node.as_ptr()) });
        }
    }
}

impl Default for WakeCell {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WakeCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a picture of the moment.
        let armed = !self.armed.load(Ordering::Relaxed).is_null();
        f.debug_struct("WakeCell").field("armed", &armed).finish_non_exhaustive()
    }
}
