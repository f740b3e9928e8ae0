//! A queue of wakers that knows no items and no blocks. A notification wakes every waiter.
//!
//! # Why every waiter
//! A notifier cannot know whether the task that it wakes will be polled again. If it woke one
//! waiter of several, a task that rests would keep the item from the others. Each woken waiter
//! looks, and registers anew if it finds nothing.
//!
//! # The protocol
//! A [`Sleeper`] belongs to one handle and owns nodes (see `wait_node.rs`). To sleep, it puts a
//! node with its waker into the queue and then looks again for something to read (the caller sees
//! to that, by `Header::announce` and the tail's stop mark). To wake, a notifier takes the queue's
//! *role* and pops nodes. If another notifier has the role, the request is left in the same word,
//! and the holder serves it before it can let the role go. So no party waits: not a handler that
//! interrupts a notifier, not a high-priority consumer above a low-priority producer. Wakers run
//! when the role is released.
//!
//! As a rule there is one sleeper. It finds the queue empty and takes the *front*, a place for one
//! node that a notifier empties by one swap, without the role. A sleeper that finds the front taken
//! goes into the inbox. No sleeper takes the front while the inbox or the line has nodes, so the
//! node at the front has waited longest.
//!
//! # Ordering policy
//! A node's own is in `wait_node.rs`. `front` and `inbox` are AcqRel on both sides because they
//! close the race with `stop`: if the notifier's swap comes first, the sleeper sees what the
//! notifier did before; if not, the notifier sees the node.

use core::{ptr::NonNull, task::Waker};

use alloc::{boxed::Box, vec::Vec};

use crate::{
    sync::{AtomicPtr, AtomicUsize, Ordering, UnsafeCell, retry_hint},
    wait_node::{BUSY, Chain, DEAD, Link, Node, QUEUED, Stack, TAKEN, next_of, set_next},
};

/// Bits of the queue's word: the role, then the requests left for its holder.
const ROLE: usize = 1;
const SWEEP: usize = 1 << 1;
const ALL: usize = 1 << 2;

/// Dead nodes that may lie about before a sweep, beyond as many as are alive.
const DEAD_SLACK: usize = 16;

/// A cursor's side of a queue.
pub(crate) struct Sleeper {
    /// The nodes this sleeper owns: at most one of them is in the queue and counts.
    nodes: Vec<NonNull<Node>>,
    /// Where in `nodes` the last registration is.
    current: usize,
}

// SAFETY: the nodes are heap memory with atomics and wakers, which are `Send` and `Sync`; what is
// not atomic in them is handed over by `state`.
unsafe impl Send for Sleeper {}
// SAFETY: as above; nothing happens through `&Sleeper`.
unsafe impl Sync for Sleeper {}

impl Sleeper {
    pub(crate) const fn new() -> Self {
        Self { nodes: Vec::new(), current: 0 }
    }

    fn current(&self) -> Option<&Node> {
        // SAFETY: a sleeper's nodes live until it is retired.
        self.nodes.get(self.current).map(|node| unsafe { node.as_ref() })
    }
}

/// What is left of a sleeper that has slept. Its wakers go with it, which is user code: so its
/// owner first sees to whatever must not be forgotten if that panics.
pub(crate) struct Retired<'a> {
    queue: &'a WaitQueue,
    #[expect(clippy::vec_box, reason = "notifiers know them by their address")]
    nodes: Vec<Box<Node>>,
    /// Of a node that is still in the queue. One at most is.
    waker: Option<Waker>,
}

impl Drop for Retired<'_> {
    fn drop(&mut self) {
        self.queue.clean_up();
    }
}

/// The queue.
pub(crate) struct WaitQueue {
    /// One that registered when `queued` was 0. Changed by read-modify-writes only.
    front: AtomicPtr<Node>,
    /// Nodes in the inbox and in the line.
    queued: AtomicUsize,
    /// The role and the requests for its holder.
    word: AtomicUsize,
    /// New registrations.
    inbox: Stack,
    /// Those that the role's holders have put in line, oldest first. The role guards it.
    line: UnsafeCell<Chain>,
    /// Dead ones among them, or in a notifier's chain.
    dead: AtomicUsize,
    /// Dead nodes that were found: freed by sleepers.
    garbage: Stack,
}

// SAFETY: see `Sleeper`; `line` is guarded by the role.
unsafe impl Send for WaitQueue {}
// SAFETY: as above.
unsafe impl Sync for WaitQueue {}

impl WaitQueue {
    pub(crate) fn new() -> Self {
        Self {
            front: AtomicPtr::new(core::ptr::null_mut()),
            queued: AtomicUsize::new(0),
            word: AtomicUsize::new(0),
            inbox: Stack::new(),
            line: UnsafeCell::new(Chain::new()),
            dead: AtomicUsize::new(0),
            garbage: Stack::new(),
        }
    }

    /// Queues the sleeper with this waker. The caller must look once more for something to read
    /// before it goes to sleep. Wait-free but for other registrations; may allocate, once.
    pub(crate) fn register(&self, sleeper: &mut Sleeper, waker: &Waker) {
        if self.is_still_queued(sleeper, waker) {
            return;
        }
        let idle = sleeper.nodes.iter().position(|node| {
            // Acquire: partner of the notifier's swap in `wake`: the notifier is done with the
            // waker. SAFETY: a sleeper's nodes live until it is retired.
            unsafe { node.as_ref() }.state.load(Ordering::Acquire) == 0
        });
        let index = idle.unwrap_or_else(|| {
            self.collect_garbage();
            sleeper.nodes.push(Node::new());
            sleeper.nodes.len() - 1
        });
        sleeper.current = index;
        let pointer = sleeper.nodes[index];
        // SAFETY: as above.
        let node = unsafe { pointer.as_ref() };
        // SAFETY: state 0: waker and link are the sleeper's.
        let same =
            node.waker.with(|at| unsafe { &*at }.as_ref().is_some_and(|w| w.will_wake(waker)));
        if !same {
            let new = Some(waker.clone());
            // SAFETY: as above. The old waker is dropped after the cell is free again: its drop is
            // user code.
            let old = node.waker.with_mut(|at| core::mem::replace(unsafe { &mut *at }, new));
            drop(old);
        }
        // Relaxed: what follows (Release) gives the node away.
        node.state.store(QUEUED, Ordering::Relaxed);
        if self.enter_front(pointer) {
            return;
        }
        // Relaxed: a notifier that must see it comes by an Acquire of what the caller does next.
        self.queued.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the node is the sleeper's; the queue owns it from here.
        unsafe { self.inbox.push(pointer) };
    }

    /// True if the last registration stands, with this waker.
    fn is_still_queued(&self, sleeper: &Sleeper, waker: &Waker) -> bool {
        let Some(node) = sleeper.current() else { return false };
        // Acquire: partner of the notifier's changes in `wake`.
        let mut state = node.state.load(Ordering::Acquire);
        while state == QUEUED {
            // SAFETY: while it is queued, both sides only read the waker.
            let same =
                node.waker.with(|at| unsafe { &*at }.as_ref().is_some_and(|w| w.will_wake(waker)));
            if same {
                return true;
            }
            let mut new = Some(waker.clone());
            match exchange_waker(node, &mut new) {
                // User code runs after the cell is free again.
                Ok(queued) => return queued,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Takes the waker of the last registration back, so that it is neither called nor kept.
    ///
    /// For a task that waits no longer while its handle lives on. A waker that a notifier is
    /// calling stays. Wait-free; runs no user code.
    pub(crate) fn cancel(&self, sleeper: &mut Sleeper) -> Option<Waker> {
        let &pointer = sleeper.nodes.get(sleeper.current)?;
        // SAFETY: a sleeper's nodes live until it is retired.
        let node = unsafe { pointer.as_ref() };
        // Acquire: partner of the notifier's swap in `wake`.
        match node.state.load(Ordering::Acquire) {
            0 => {}
            QUEUED if self.leave_front(pointer) => {
                // Relaxed: the node is the sleeper's again.
                node.state.store(0, Ordering::Relaxed);
            }
            QUEUED => {
                let mut waker = None;
                // If it fails, a notifier was faster.
                let _ = exchange_waker(node, &mut waker);
                return waker;
            }
            _ => return None,
        }
        // SAFETY: state 0: the waker is the sleeper's.
        node.waker.with_mut(|at| unsafe { &mut *at }.take())
    }

    /// Takes the sleeper out for good. `None` if it has never slept, as most have not. Runs no user
    /// code.
    #[inline]
    pub(crate) fn retire(&self, sleeper: &mut Sleeper) -> Option<Retired<'_>> {
        (!sleeper.nodes.is_empty()).then(|| self.retire_nodes(sleeper))
    }

    fn retire_nodes(&self, sleeper: &mut Sleeper) -> Retired<'_> {
        let mut retired = Retired { queue: self, nodes: Vec::new(), waker: None };
        let nodes = core::mem::take(&mut sleeper.nodes).into_iter();
        let keep_own = |node: NonNull<Node>| {
            // SAFETY: a sleeper's nodes live until it is retired, which is here.
            let is_own = unsafe { self.retire_node(node, &mut retired.waker) };
            // SAFETY: no other party has the node; `Node::new` made it from a box.
            is_own.then(|| unsafe { Box::from_raw(node.as_ptr()) })
        };
        retired.nodes = nodes.filter_map(keep_own).collect();
        retired
    }

    /// Returns `true` if the node is the caller's alone from now on. The waker of a node that stays
    /// in the queue is the caller's, too.
    ///
    /// # Safety
    /// The node is alive and its sleeper is being retired.
    unsafe fn retire_node(&self, pointer: NonNull<Node>, waker: &mut Option<Waker>) -> bool {
        // SAFETY: alive, by contract.
        let node = unsafe { pointer.as_ref() };
        let mut state = node.state.load(Ordering::Acquire);
        loop {
            if state & TAKEN != 0 {
                // A notifier is calling the waker: it will see the mark, unless it had finished
                // before. AcqRel: as `wake`.
                return node.state.fetch_or(DEAD, Ordering::AcqRel) == 0;
            }
            if state == 0 || self.leave_front(pointer) {
                return true;
            }
            // Queued. Its waker goes now, not when a notifier finds the node: it may keep a whole
            // task alive. Acquire, Release: partners of `wake`.
            if let Err(now) = node.state.compare_exchange(
                state,
                state | BUSY,
                Ordering::Acquire,
                Ordering::Acquire,
            ) {
                state = now;
                continue;
            }
            // SAFETY: BUSY: the waker is ours.
            *waker = node.waker.with_mut(|at| unsafe { &mut *at }.take());
            // Relaxed: a count for the sweep.
            self.dead.fetch_add(1, Ordering::Relaxed);
            let left = node.state.compare_exchange(
                state | BUSY,
                QUEUED | DEAD,
                Ordering::Release,
                Ordering::Acquire,
            );
            if left.is_ok() {
                return false;
            }
            // A notifier came by and left the node to the sleeper.
            self.dead.fetch_sub(1, Ordering::Relaxed);
            return true;
        }
    }

    /// Wakes every waiter that registered before, and closes the race with later ones: a later one
    /// sees what the caller did before. Lock-free; neither allocates nor frees.
    pub(crate) fn notify_all(&self) {
        self.wake(self.serve(self.take_front(), ALL));
    }

    /// Wakes every waiter that is known to have registered, see `is_empty`. Lock-free; neither
    /// allocates nor frees.
    pub(crate) fn notify(&self) {
        // Relaxed: a look.
        let is_taken = !self.front.load(Ordering::Relaxed).is_null();
        let chosen = if is_taken { self.take_front() } else { Chain::new() };
        // Relaxed: a look.
        let is_all = self.queued.load(Ordering::Relaxed) == 0;
        self.wake(if is_all { chosen } else { self.serve(chosen, ALL) });
    }

    /// Returns `true` if no sleeper has registered, as far as the caller can know: it must have
    /// seen, by an Acquire, what the sleeper did after it registered.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: see above. Without a short circuit: one branch.
        self.front.load(Ordering::Relaxed).is_null() & (self.queued.load(Ordering::Relaxed) == 0)
    }

    /// Puts a node that is the caller's to give to the front, if no other node is queued.
    fn enter_front(&self, node: NonNull<Node>) -> bool {
        let (node, null) = (node.as_ptr(), core::ptr::null_mut());
        // Relaxed: a look. AcqRel: partner of `take_front`, in both directions; see the ordering
        // policy.
        self.queued.load(Ordering::Relaxed) == 0
            && self.front.compare_exchange(null, node, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Who is at the front, if there is one.
    fn take_front(&self) -> Chain {
        let mut chain = Chain::new();
        // AcqRel: partner of `enter_front`. Always a write, as in `Stack::take`.
        if let Some(node) = NonNull::new(self.front.swap(core::ptr::null_mut(), Ordering::AcqRel)) {
            // SAFETY: the swap gave it to this notifier alone.
            unsafe { chain.push_back(node) };
        }
        chain
    }

    /// Takes the caller's own node from the front. True if it was there.
    fn leave_front(&self, node: NonNull<Node>) -> bool {
        let (node, null) = (node.as_ptr(), core::ptr::null_mut());
        // Relaxed: no other party has had the node since the caller put it there, and a release
        // sequence that a notifier began goes on through any exchange.
        self.front.load(Ordering::Relaxed) == node
            && self.front.compare_exchange(node, null, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Does what the requests say, or leaves them to the role's holder. Returns the nodes to
    /// wake, with the nodes that were chosen before in front.
    fn serve(&self, mut chosen: Chain, mut requests: usize) -> Chain {
        // Relaxed: the exchange synchronises.
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let new = if word & ROLE == 0 { ROLE } else { word | requests };
            // Acquire: partner of the release below, for the line. Release: partner of the
            // holder's exchanges below, for what the requester did before.
            match self.word.compare_exchange_weak(word, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => word = now,
            }
            retry_hint();
        }
        if word & ROLE != 0 {
            return chosen;
        }
        loop {
            // SAFETY: the role is ours.
            self.line
                .with_mut(|line| unsafe { self.take_from_line(&mut *line, requests, &mut chosen) });
            // As above; with the role still ours, only requests can have come.
            match self.word.compare_exchange(ROLE, 0, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return chosen,
                Err(_) => requests = self.word.swap(ROLE, Ordering::AcqRel) & !ROLE,
            }
        }
    }

    /// Moves the inbox into the line, and from the line the nodes whose wakers are to be called.
    ///
    /// # Safety
    /// The caller has the role.
    unsafe fn take_from_line(&self, line: &mut Chain, requests: usize, chosen: &mut Chain) {
        let mut newest = self.inbox.take();
        let mut reversed: Link = None;
        while let Some(node) = newest {
            // SAFETY: queued nodes are alive, and their links belong to the role's holder.
            unsafe {
                newest = next_of(node);
                set_next(node, reversed);
            }
            reversed = Some(node);
        }
        while let Some(node) = reversed {
            // SAFETY: as above.
            unsafe {
                reversed = next_of(node);
                line.push_back(node);
            }
        }
        if requests & SWEEP != 0 {
            let mut kept = Chain::new();
            while let Some(node) = line.pop_front() {
                // SAFETY: as above.
                unsafe {
                    if node.as_ref().state.load(Ordering::Acquire) & DEAD == 0 {
                        kept.push_back(node);
                    } else {
                        self.bury(node);
                    }
                }
            }
            *line = kept;
        }
        if requests & ALL == 0 {
            return;
        }
        while let Some(node) = line.pop_front() {
            // SAFETY: as above.
            let state = unsafe { node.as_ref() }.state.load(Ordering::Acquire);
            if state & DEAD != 0 {
                // SAFETY: dead and out of the line: no other party has it.
                unsafe { self.bury(node) };
                continue;
            }
            // Relaxed: see `is_empty`.
            self.queued.fetch_sub(1, Ordering::Relaxed);
            // SAFETY: as above.
            unsafe { chosen.push_back(node) };
        }
    }

    /// Puts away a dead node that was in the line.
    ///
    /// # Safety
    /// The node is marked dead and taken out of the line by the caller.
    unsafe fn bury(&self, node: NonNull<Node>) {
        // Relaxed: counts.
        self.queued.fetch_sub(1, Ordering::Relaxed);
        self.dead.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: no other party has the node.
        unsafe { self.garbage.push(node) };
    }

    /// Calls the wakers, with no role held.
    fn wake(&self, chosen: Chain) {
        /// Goes on with the rest if a waker panics.
        struct Rest<'a> {
            queue: &'a WaitQueue,
            chain: Chain,
        }
        impl Rest<'_> {
            fn run(&mut self) {
                while let Some(pointer) = self.chain.pop_front() {
                    // SAFETY: a queued node is alive until another party owns it, see below.
                    let node = unsafe { pointer.as_ref() };
                    // AcqRel: partner of the sleeper's changes.
                    let old = node.state.fetch_or(TAKEN, Ordering::AcqRel);
                    if old & BUSY != 0 {
                        // The node is the sleeper's again: this notifier may not touch it. The
                        // sleeper will look, or waits no longer.
                        continue;
                    }
                    if old & DEAD != 0 {
                        self.queue.dead.fetch_sub(1, Ordering::Relaxed);
                        // SAFETY: dead and out of the line.
                        unsafe { self.queue.garbage.push(pointer) };
                        continue;
                    }
                    /// Gives the node back whether or not the waker panics.
                    struct GiveBack<'a>(&'a WaitQueue, NonNull<Node>);
                    impl Drop for GiveBack<'_> {
                        fn drop(&mut self) {
                            // SAFETY: TAKEN: the node is alive until this very swap.
                            let state = unsafe { &self.1.as_ref().state };
                            // AcqRel: partner of the sleeper's loads, and of `retire_node`.
                            if state.swap(0, Ordering::AcqRel) & DEAD != 0 {
                                // SAFETY: its sleeper left it to this notifier.
                                unsafe { self.0.garbage.push(self.1) };
                            }
                        }
                    }
                    let _give_back = GiveBack(self.queue, pointer);
                    node.waker.with(|at| {
                        // SAFETY: TAKEN: the sleeper leaves the waker alone.
                        if let Some(waker) = unsafe { &*at } {
                            waker.wake_by_ref();
                        }
                    });
                }
            }
        }
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                self.run();
            }
        }
        Rest { queue: self, chain: chosen }.run();
    }

    /// Frees dead nodes, for a sleeper that comes by. Not for interrupt handlers.
    fn clean_up(&self) {
        self.collect_garbage();
        // Relaxed: a rough rule, so that fork, poll and drop over and over leave memory flat.
        let dead = self.dead.load(Ordering::Relaxed);
        if dead > DEAD_SLACK && dead * 2 > self.queued.load(Ordering::Relaxed) {
            self.wake(self.serve(Chain::new(), SWEEP));
            self.collect_garbage();
        }
    }

    /// Frees what notifiers found dead. Not for interrupt handlers.
    fn collect_garbage(&self) {
        /// Frees the rest also if a waker's drop panics.
        struct Rest(Link);
        impl Rest {
            fn run(&mut self) {
                while let Some(node) = self.0 {
                    // SAFETY: garbage belongs to the caller that takes it.
                    unsafe {
                        self.0 = next_of(node);
                        Node::free(node);
                    }
                }
            }
        }
        impl Drop for Rest {
            fn drop(&mut self) {
                self.run();
            }
        }
        Rest(self.garbage.take_some_time()).run();
    }
}

impl Drop for WaitQueue {
    fn drop(&mut self) {
        self.collect_garbage();
        // Whatever is still queued is dead: sleepers are retired before the list goes. One at the
        // front took its node along.
        debug_assert!(self.front.load(Ordering::Relaxed).is_null());
        let mut rest = Chain::new();
        self.line.with_mut(|line| {
            // SAFETY: we have the queue alone.
            core::mem::swap(&mut rest, unsafe { &mut *line });
        });
        let mut inbox = self.inbox.take();
        while let Some(node) = inbox {
            // SAFETY: as above.
            unsafe {
                inbox = next_of(node);
                rest.push_back(node);
            }
        }
        while let Some(node) = rest.pop_front() {
            // SAFETY: as above.
            unsafe { Node::free(node) };
        }
    }
}

/// Exchanges the waker of a node that is in the queue, for its sleeper. `Ok` says whether the node
/// is still there: if not, a notifier took it out meanwhile and left it to the sleeper. The state
/// that was seen in the error; nothing is exchanged then.
fn exchange_waker(node: &Node, waker: &mut Option<Waker>) -> Result<bool, usize> {
    let locked = QUEUED | BUSY;
    // Acquire: partner of `wake`.
    node.state.compare_exchange(QUEUED, locked, Ordering::Acquire, Ordering::Acquire)?;
    // SAFETY: BUSY: the waker is the sleeper's.
    node.waker.with_mut(|at| core::mem::swap(unsafe { &mut *at }, waker));
    // Release: partner of `wake`, for the new waker.
    let given =
        node.state.compare_exchange(locked, QUEUED, Ordering::Release, Ordering::Acquire).is_ok();
    if !given {
        // Relaxed: the node is the sleeper's.
        node.state.store(0, Ordering::Relaxed);
    }
    Ok(given)
}
