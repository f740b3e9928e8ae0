//! What a sleeper puts into a queue, and what queues are made of.
//!
//! # A node's life
//! Its state says who owns its waker and links:
//! - 0: its sleeper.
//! - `QUEUED`: the queue (front, inbox, line, or a notifier's chain). The sleeper may still read the waker,
//!   as a notifier only reads it too.
//! - `QUEUED | BUSY`: the sleeper is replacing the waker. A notifier that comes by adds `TAKEN` and
//!   leaves the node to the sleeper, who then knows that it was notified.
//! - `TAKEN`: a notifier is calling the waker; then it stores 0. A sleeper that must register
//!   meanwhile uses another node, so there is nothing to wait for and no two-slot waker cell. It
//!   has one more node for each notifier that was preempted in mid-wake, which is rare.
//! - `| DEAD`: its sleeper is gone. Whoever finds it puts it into the garbage, which sleepers free:
//!   notifiers may be interrupt handlers, and free nothing.
//!
//! # Ordering policy
//! `state` hands the node back and forth: every change that gives it away is a Release, every one
//! that gets it an Acquire.

use core::{ptr::NonNull, task::Waker};

use alloc::boxed::Box;

use crate::sync::{AtomicPtr, AtomicUsize, Ordering, UnsafeCell, retry_hint};

pub(crate) const QUEUED: usize = 1;
pub(crate) const BUSY: usize = 1 << 1;
pub(crate) const TAKEN: usize = 1 << 2;
pub(crate) const DEAD: usize = 1 << 3;

pub(crate) struct Node {
    next: UnsafeCell<*mut Node>,
    pub(crate) waker: UnsafeCell<Option<Waker>>,
    /// See above.
    pub(crate) state: AtomicUsize,
}

impl Node {
    /// A node that is its sleeper's.
    pub(crate) fn new() -> NonNull<Self> {
        let node = Self {
            next: UnsafeCell::new(core::ptr::null_mut()),
            waker: UnsafeCell::new(None),
            state: AtomicUsize::new(0),
        };
        NonNull::from(Box::leak(Box::new(node)))
    }

    /// # Safety
    /// The node is the caller's alone.
    pub(crate) unsafe fn free(node: NonNull<Self>) {
        // SAFETY: by contract; `new` made it from a box.
        drop(unsafe { Box::from_raw(node.as_ptr()) });
    }
}

pub(crate) type Link = Option<NonNull<Node>>;

/// Follows a link that the caller owns.
///
/// # Safety
/// The node is alive and its link belongs to the caller.
pub(crate) unsafe fn next_of(node: NonNull<Node>) -> Link {
    // SAFETY: by contract.
    NonNull::new(unsafe { node.as_ref() }.next.with(|next| unsafe { *next }))
}

/// # Safety
/// As `next_of`.
pub(crate) unsafe fn set_next(node: NonNull<Node>, next: Link) {
    let next = next.map_or(core::ptr::null_mut(), NonNull::as_ptr);
    // SAFETY: by contract.
    unsafe { node.as_ref() }.next.with_mut(|at| unsafe { *at = next });
}

/// A singly linked run of nodes that one party owns.
pub(crate) struct Chain {
    ends: Option<(NonNull<Node>, NonNull<Node>)>,
}

impl Chain {
    pub(crate) const fn new() -> Self {
        Self { ends: None }
    }

    /// # Safety
    /// The node is alive and its link belongs to the caller.
    pub(crate) unsafe fn push_back(&mut self, node: NonNull<Node>) {
        // SAFETY: by contract; the nodes of the chain are its owner's.
        unsafe {
            set_next(node, None);
            match &mut self.ends {
                None => self.ends = Some((node, node)),
                Some((_, last)) => {
                    set_next(*last, Some(node));
                    *last = node;
                }
            }
        }
    }

    pub(crate) fn pop_front(&mut self) -> Link {
        let (first, last) = self.ends?;
        // SAFETY: the nodes of the chain are its owner's.
        self.ends = unsafe { next_of(first) }.map(|next| (next, last));
        Some(first)
    }
}

/// A stack of nodes: pushed one by one, taken as a whole.
pub(crate) struct Stack(AtomicPtr<Node>);

impl Stack {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }

    /// # Safety
    /// The node is alive; the caller gives it, link and all, to whoever takes the stack.
    pub(crate) unsafe fn push(&self, node: NonNull<Node>) {
        let mut head = self.0.load(Ordering::Relaxed);
        loop {
            // SAFETY: the node is still the caller's.
            unsafe { set_next(node, NonNull::new(head)) };
            // AcqRel: partner of `take`, in both directions; see `waiters.rs` for the inbox.
            match self.0.compare_exchange_weak(
                head,
                node.as_ptr(),
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => head = now,
            }
            retry_hint();
        }
    }

    /// Takes all, newest first, for whom it is early enough to find them the next time: when another one
    /// that has slept goes, or a node is made, or the queue goes.
    pub(crate) fn take_some_time(&self) -> Link {
        // Relaxed: a look.
        if self.0.load(Ordering::Relaxed).is_null() { None } else { self.take() }
    }

    /// Takes all, newest first.
    pub(crate) fn take(&self) -> Link {
        // AcqRel: partner of `push`. Always a write, even of null over null: it closes a race.
        NonNull::new(self.0.swap(core::ptr::null_mut(), Ordering::AcqRel))
    }
}
