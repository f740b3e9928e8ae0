//! Who of many is ready, for the one task that sees to them.
//!
//! # The protocol
//! One word says all. It is the number on top of a stack, which goes on through the entries' `below` words;
//! or `EMPTY`, if nobody is ready and the owner is at work; or `IDLE` and the index of the cell that the
//! owner's waker lies in. The owner falls asleep by an exchange of `EMPTY`, and is awake again when the
//! first number replaces that word. Whoever put it there, nobody else, calls the waker, and marks the cell as
//! idle. So for a wake-up and the sleep before it the two sides take one read-modify-write each.
//!
//! The owner puts its waker into an idle cell, or leaves it there if it is the same. If all others are with
//! notifiers that were interrupted in mid-wake, it makes a new one: neither side waits for the other.
//!
//! # Ordering policy
//! `top` hands the entries' links to the owner: a mark is a Release, and `take` an Acquire. It
//! hands the cells to the notifiers: `set_idle` is a Release, and a mark an Acquire. Each change
//! of `top` is a read-modify-write, so `take` acquires all marks of the stack. `idle` gives a cell
//! back: Release by the notifier, Acquire by the owner. The owner links a cell before it puts the
//! cell's index into `top`. A notifier follows the links to the cell of its index, and no further.

use core::{fmt, task::Waker};

use alloc::boxed::Box;

use crate::{
    sync::{Arc, AtomicUsize, Ordering},
    task::ready_cells::{Cell, EMPTY, IDLE, NO_NUMBER, Shared},
};

/// The numbers of those that are ready, for one task that takes them all at once.
///
/// What many streams or futures in one task are built on: each lives in a [node](Self::node) whose waker
/// marks it as ready, and the task polls those that were marked. The owner is one; members may be woken from
/// anywhere, also from interrupt handlers, if the task's waker may be called there. If that panics, the member is marked all
/// the same.
///
/// # Examples
/// ```
/// use core::task::Waker;
///
/// use aiter_core::task::ReadyQueue;
///
/// let mut ready = ReadyQueue::new();
/// let mut nodes = [ready.node::<()>(0), ready.node(1)];
/// assert!(nodes.iter_mut().all(|node| node.set_idle()));
/// nodes[0].waker().wake();
/// nodes[1].waker().wake();
/// let mut number = ready.take();
/// let mut woken = vec![];
/// while number != ReadyQueue::NONE {
///     woken.push(number);
///     number = nodes[number].next();
/// }
/// assert_eq!(woken, [1, 0]);
/// assert!(ready.sleep(Waker::noop()), "nobody is ready");
/// nodes[1].clear_wakes(); // it is to be polled now
/// assert!(nodes[1].set_idle(), "it was pending, and not woken meanwhile");
/// nodes[1].waker().wake(); // calls the task's waker, too
/// assert!(!ready.sleep(Waker::noop()), "somebody is ready");
/// ```
pub struct ReadyQueue {
    pub(super) shared: Arc<Shared>,
}

impl ReadyQueue {
    /// No number: nobody, or the end of the stack.
    pub const NONE: usize = usize::MAX;
    /// The largest number that a node can have.
    pub const MAX: usize = NO_NUMBER - 1;

    /// An empty one. Allocates.
    pub fn new() -> Self {
        let shared = Shared { top: AtomicUsize::new(EMPTY), first: Cell::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Whether somebody is ready: a look, after which all may be different. Wait-free.
    #[inline]
    pub fn has_ready(&self) -> bool {
        // Relaxed: `take` synchronises.
        self.shared.top.load(Ordering::Relaxed) & NO_NUMBER == 0
    }

    /// Takes all that are ready: the number that was marked last, or [`NONE`](Self::NONE). The
    /// one marked before it is [`below`](crate::task::ReadyNode::next) it.
    ///
    /// What was done before a mark is seen by the party that takes the number. The task's waker,
    /// which was called, is dropped. Wait-free.
    pub fn take(&mut self) -> usize {
        if !self.has_ready() {
            return Self::NONE;
        }
        // First: it is user code, which may panic.
        self.drop_used_waker();
        // Acquire: partner of `mark`, for the links. Only the owner takes a number out of the word.
        // Not Release: a mark that finds `EMPTY` uses nothing of the owner's.
        self.shared.top.swap(EMPTY, Ordering::Acquire)
    }

    /// Drops the wakers that were called. If a notifier has one right now, it goes the next time.
    fn drop_used_waker(&self) {
        for cell in self.shared.cells().filter(|cell| cell.is_idle()) {
            // SAFETY: the cell is idle: its waker is the owner's.
            let waker = cell.waker.with_mut(|at| unsafe { &mut *at }.take());
            // User code.
            drop(waker);
        }
    }

    /// Sees to it that `waker` is called when somebody gets ready, and is true; or is false, if somebody is
    /// already: then the waker need not be called.
    ///
    /// The waker is called once; then it takes another `sleep`. A task that was polled in vain, with nobody
    /// ready, sleeps on at the cost of two looks. Wait-free. Allocates for each notifier that was
    /// interrupted in mid-wake, else never.
    #[must_use = "somebody who is ready already wakes nobody"]
    pub fn sleep(&mut self, waker: &Waker) -> bool {
        // Relaxed: a look; an exchange counts, or nothing has changed.
        let word = self.shared.top.load(Ordering::Relaxed);
        let first = &self.shared.first;
        // SAFETY: we are the owner.
        if word == EMPTY && first.is_idle() && unsafe { first.will_wake(waker) } {
            // As ever, but for tasks that are moved and notifiers that were interrupted.
            return self.set_idle(0, first);
        }
        word & NO_NUMBER != 0 && self.sleep_slow(word, waker)
    }

    /// `sleep` where there is more to it, with the word that it saw.
    #[inline(never)]
    fn sleep_slow(&self, word: usize, waker: &Waker) -> bool {
        let mut own = None;
        if word != EMPTY {
            let Some(cell) = self.shared.cells().nth(word & !IDLE) else {
                unreachable!("a cell of the word exists")
            };
            // SAFETY: we are the owner.
            if unsafe { cell.will_wake(waker) } {
                return true;
            }
            if !self.wake_up(word, cell) {
                return false;
            }
            // Not another one: its waker is replaced.
            own = Some((word & !IDLE, cell));
        }
        let (index, cell, old) = self.idle_cell(own, waker);
        let sleeps = self.set_idle(index, cell);
        // User code.
        drop(old);
        sleeps
    }

    /// Leaves the cell, which is idle, to whoever gets ready first. False if somebody did before.
    #[inline]
    fn set_idle(&self, index: usize, cell: &Cell) -> bool {
        // Relaxed: the exchange gives it away.
        cell.idle.store(false, Ordering::Relaxed);
        // Release: partner of `mark`, for the waker and the links to its cell. Not Acquire: the
        // owner itself has written `EMPTY`. Relaxed if it fails: `take` synchronises.
        let sleeps = self
            .shared
            .top
            .compare_exchange(EMPTY, IDLE | index, Ordering::Release, Ordering::Relaxed)
            .is_ok();
        if !sleeps {
            // Relaxed: it was not given away.
            cell.idle.store(true, Ordering::Relaxed);
        }
        sleeps
    }

    /// The owner is at work again, though nobody woke it. False if somebody did meanwhile.
    fn wake_up(&self, word: usize, cell: &Cell) -> bool {
        // Relaxed: nobody else had the cell. If it fails, `take` synchronises.
        let is_up = self
            .shared
            .top
            .compare_exchange(word, EMPTY, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
        if is_up {
            // Relaxed: only we ask.
            cell.idle.store(true, Ordering::Relaxed);
        }
        is_up
    }

    /// An idle cell with this waker, its index, and the waker that it had.
    fn idle_cell<'a>(
        &'a self,
        own: Option<(usize, &'a Cell)>,
        waker: &Waker,
    ) -> (usize, &'a Cell, Option<Waker>) {
        let idle = || self.shared.cells().enumerate().find(|(_, cell)| cell.is_idle());
        let (index, cell) = own.or_else(idle).unwrap_or_else(|| {
            let (mut count, mut last) = (0, &self.shared.first);
            for cell in self.shared.cells() {
                (count, last) = (count + 1, cell);
            }
            let cell = Box::into_raw(Box::new(Cell::new()));
            // Relaxed: `set_idle` publishes it. Only the owner links cells.
            last.next.store(cell, Ordering::Relaxed);
            // SAFETY: a cell lives as long as what is shared.
            (count, unsafe { &*cell })
        });
        // SAFETY: we are the owner.
        if unsafe { cell.will_wake(waker) } {
            return (index, cell, None);
        }
        let new = Some(waker.clone());
        // SAFETY: the cell is idle: its waker is the owner's.
        let old = cell.waker.with_mut(|at| core::mem::replace(unsafe { &mut *at }, new));
        (index, cell, old)
    }
}

impl Drop for ReadyQueue {
    /// Nodes may live on, and be woken: the task's waker need not.
    fn drop(&mut self) {
        // Relaxed: a look.
        let word = self.shared.top.load(Ordering::Relaxed);
        if word & NO_NUMBER != 0 && word != EMPTY {
            if let Some(cell) = self.shared.cells().nth(word & !IDLE) {
                self.wake_up(word, cell);
            }
        }
        self.drop_used_waker();
    }
}

impl Default for ReadyQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ReadyQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyQueue").field("has_ready", &self.has_ready()).finish_non_exhaustive()
    }
}
