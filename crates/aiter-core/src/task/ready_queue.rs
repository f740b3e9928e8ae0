//! A lock-free stack of ready node numbers, drained by a single owner task.
//!
//! # Protocol
//! If nodes are ready, the word `top` is the number on top of the stack, which continues through
//! the entries' `next` links. Otherwise it is `EMPTY` if the owner is running, or `SLEEPING` with
//! the index of the cell that contains the owner's waker.
//!
//! The owner replaces `EMPTY` before it sleeps. The push that replaces `SLEEPING` wakes the owner.
//! Only that push calls the waker, and then it marks the cell as idle. So for a sleep and the next
//! wake-up, each side takes one read-modify-write of `top`.
//!
//! The owner puts its waker into an idle cell, or finds the same waker there. If notifiers that
//! were interrupted still use all cells, the owner allocates a new one. So neither side waits for
//! the other.
//!
//! # Ordering policy
//! `top` hands the entries' links to the owner: Release in `ReadyEntry::push`, Acquire in `take`.
//! It hands the cells to the notifiers: Release in `set_sleeping`, Acquire in `push`. Each change
//! of `top` is a read-modify-write, so `take` synchronizes with all pushes of the stack. `idle`
//! returns a cell: Release by the notifier, Acquire by the owner. The owner links a cell before it
//! puts the cell's index into `top`. A notifier follows the links only up to the cell with its
//! index.

use core::{fmt, task::Waker};

use alloc::boxed::Box;

use crate::{
    sync::{Arc, AtomicUsize, Ordering},
    task::ready_cells::{Cell, EMPTY, NO_NUMBER, SLEEPING, Shared},
};

/// The numbers of the ready nodes, for one task that takes all of them at once.
///
/// A task that polls many streams or futures puts each into a [node](Self::node) with a waker of
/// its own. The waker pushes the node's number, and the task polls the nodes whose numbers it
/// takes. One owner takes numbers. Any thread may wake nodes, and so may an interrupt handler if it
/// may call the task's waker. If the task's waker panics, the number is still pushed.
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
/// assert!(ready.sleep(Waker::noop()), "no node is ready");
/// nodes[1].clear_wakes(); // its member is polled now
/// assert!(nodes[1].set_idle(), "the member was pending, and was not woken meanwhile");
/// nodes[1].waker().wake(); // also calls the task's waker
/// assert!(!ready.sleep(Waker::noop()), "a node is ready");
/// ```
pub struct ReadyQueue {
    pub(super) shared: Arc<Shared>,
}

impl ReadyQueue {
    /// The number that no node has. It stands for an empty queue and for the end of the stack.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub const NONE: usize = usize::MAX;
    /// The largest number that a node can have.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::task::ReadyQueue;
    ///
    /// let ready = ReadyQueue::new();
    /// let _last = ready.node::<()>(ReadyQueue::MAX); // a larger number panics
    /// ```
    pub const MAX: usize = NO_NUMBER - 1;

    /// Creates an empty queue. Allocates.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn new() -> Self {
        let shared = Shared { top: AtomicUsize::new(EMPTY), first: Cell::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Returns `true` if a node is ready. Other threads may change that at any time. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::task::ReadyQueue;
    ///
    /// let ready = ReadyQueue::new();
    /// let mut node = ready.node::<()>(0);
    /// assert!(node.set_idle());
    /// assert!(!ready.has_ready());
    /// node.waker().wake();
    /// assert!(ready.has_ready());
    /// ```
    #[inline]
    pub fn has_ready(&self) -> bool {
        // Relaxed: a hint. `take` synchronizes.
        self.shared.top.load(Ordering::Relaxed) & NO_NUMBER == 0
    }

    /// Takes all ready numbers. Returns the number that was pushed last, or [`NONE`](Self::NONE).
    ///
    /// [`ReadyNode::next`](crate::task::ReadyNode::next) returns the number that was pushed before
    /// it. The owner sees the writes before each of these wake-ups. Drops the task's waker if it
    /// was called. Wait-free, except for that drop.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn take(&mut self) -> usize {
        if !self.has_ready() {
            return Self::NONE;
        }
        // Before the exchange, because this runs user code, which may panic.
        self.drop_used_waker();
        // Acquire: partner of `ReadyEntry::push`, for the links. Only the owner takes numbers out
        // of the word. Not Release: a push that finds `EMPTY` uses no data of the owner.
        self.shared.top.swap(EMPTY, Ordering::Acquire)
    }

    /// Drops the wakers in idle cells. The waker of a busy cell is dropped by a later call.
    fn drop_used_waker(&self) {
        for cell in self.shared.cells().filter(|cell| cell.is_idle()) {
            // SAFETY: the cell is idle, so only the owner accesses its waker.
            let waker = cell.waker.with_mut(|at| unsafe { &mut *at }.take());
            // Runs user code.
            drop(waker);
        }
    }

    /// Registers `waker` for the next node that gets ready, and returns `true`. If a node is ready
    /// already, returns `false`, and the waker may not be called.
    ///
    /// The waker is called at most once for each call that returns `true`. If the same waker is
    /// registered already, the call takes two loads. Wait-free, except for the clone and drop of
    /// wakers. Allocates only if notifiers that were interrupted still use all cells.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    #[must_use = "a node that is ready already does not call the waker"]
    pub fn sleep(&mut self, waker: &Waker) -> bool {
        // Relaxed: a hint. Either a later exchange decides, or the word stays as it is.
        let word = self.shared.top.load(Ordering::Relaxed);
        let first = &self.shared.first;
        // SAFETY: `&mut self` makes the caller the owner.
        if word == EMPTY && first.is_idle() && unsafe { first.will_wake(waker) } {
            // The common case: the task has not moved, and no notifier was interrupted.
            return self.set_sleeping(0, first);
        }
        word & NO_NUMBER != 0 && self.sleep_slow(word, waker)
    }

    /// Does the rest of `sleep`. `word` is the word that it loaded.
    #[inline(never)]
    fn sleep_slow(&self, word: usize, waker: &Waker) -> bool {
        let mut own = None;
        if word != EMPTY {
            let Some(cell) = self.shared.cells().nth(word & !SLEEPING) else {
                unreachable!("the word contains the index of a cell")
            };
            // SAFETY: only the owner calls this.
            if unsafe { cell.will_wake(waker) } {
                return true;
            }
            if !self.set_awake(word, cell) {
                return false;
            }
            // This cell is reused, because its waker must be replaced.
            own = Some((word & !SLEEPING, cell));
        }
        let (index, cell, old) = self.idle_cell(own, waker);
        let sleeps = self.set_sleeping(index, cell);
        // Runs user code.
        drop(old);
        sleeps
    }

    /// Gives an idle cell to the next push. Returns `false` if a node is ready already.
    #[inline]
    fn set_sleeping(&self, index: usize, cell: &Cell) -> bool {
        // Relaxed: the exchange gives the cell away.
        cell.idle.store(false, Ordering::Relaxed);
        // Release: partner of `ReadyEntry::push`, for the waker and the links to its cell. Not
        // Acquire: the owner itself has written `EMPTY`. Relaxed on failure: `take` synchronizes.
        let sleeps = self
            .shared
            .top
            .compare_exchange(EMPTY, SLEEPING | index, Ordering::Release, Ordering::Relaxed)
            .is_ok();
        if !sleeps {
            // Relaxed: the cell was not given away.
            cell.idle.store(true, Ordering::Relaxed);
        }
        sleeps
    }

    /// Takes the cell back before a push does. Returns `false` if a push was first.
    fn set_awake(&self, word: usize, cell: &Cell) -> bool {
        // Relaxed: no other party has used the cell. On failure, `take` synchronizes.
        let is_awake = self
            .shared
            .top
            .compare_exchange(word, EMPTY, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
        if is_awake {
            // Relaxed: only the owner loads the flag.
            cell.idle.store(true, Ordering::Relaxed);
        }
        is_awake
    }

    /// Puts the waker into an idle cell. Returns the cell's index, the cell, and its previous
    /// waker.
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
            // Relaxed: `set_sleeping` publishes the link. Only the owner links cells.
            last.next.store(cell, Ordering::Relaxed);
            // SAFETY: the cell came from a box, and is freed with `shared`.
            (count, unsafe { &*cell })
        });
        // SAFETY: only the owner calls this.
        if unsafe { cell.will_wake(waker) } {
            return (index, cell, None);
        }
        let new = Some(waker.clone());
        // SAFETY: the cell is idle, so only the owner accesses its waker.
        let old = cell.waker.with_mut(|at| core::mem::replace(unsafe { &mut *at }, new));
        (index, cell, old)
    }
}

impl Drop for ReadyQueue {
    /// Drops the task's waker. Nodes may outlive the queue, and may still be woken.
    fn drop(&mut self) {
        // Relaxed: a hint. The exchange of `set_awake` decides.
        let word = self.shared.top.load(Ordering::Relaxed);
        if word & NO_NUMBER != 0 && word != EMPTY {
            if let Some(cell) = self.shared.cells().nth(word & !SLEEPING) {
                self.set_awake(word, cell);
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
