//! The allocation of one ready node, and the waker that it makes.
//!
//! # Protocol
//! A node has a number and a waker, and is in one of two states. A *scheduled* node will be polled.
//! An *idle* node was pending, and is not polled before it is woken. `wakes` contains the state:
//! ```text
//!    0                 idle
//!    1 .. MAX_WAKES    scheduled; counts wake-ups
//!    MAX_WAKES         scheduled; further wake-ups are not counted
//! ```
//! A wake-up adds 1. The wake-up that finds 0 schedules the node. It pushes the number onto the
//! stack of the ready queue, which wakes the owner's task if the task sleeps. All other wake-ups
//! change only the count. If the owner keeps the rules of `ReadyNode`, a number is on the stack at
//! most once, and only between `set_idle` and the next poll.
//!
//! The owner takes the whole stack. Before it polls a node, it stores the count of wake-ups. If the
//! member is pending and the count is still the same, the node becomes idle. Otherwise the node was
//! woken meanwhile, maybe by its own poll, and stays scheduled. It is not pushed and wakes no task,
//! because the owner is running.
//!
//! # One allocation
//! The member and the data of its waker share one allocation, so a task finds both with one
//! pointer. Only the owner accesses `owned`. Wakers access all other fields. They may outlive the
//! owner, and the last one frees an allocation without a member.
//!
//! # Ordering policy
//! A wake-up is AcqRel. The owner's load of the count is Acquire, and its change to idle is
//! Release. So a poll sees the writes before each wake-up that the owner has counted. The
//! owner's read of the link happens before the wake-up that schedules the node again. Each change
//! of `wakes` is a read-modify-write, so an Acquire of one wake-up synchronizes with all earlier
//! ones.

use core::{
    mem::ManuallyDrop,
    pin::Pin,
    task::{RawWaker, RawWakerVTable, Waker},
};

use crate::{
    sync::{Arc, AtomicUsize, MAX_WAKES, Ordering, UnsafeCell},
    task::ready_entry::ReadyEntry,
};

/// In `Node::wakes`: the node is idle.
pub(super) const IDLE: usize = 0;
/// In `Node::wakes`: the node was woken so often that wake-ups are not counted anymore.
pub(super) const SATURATED: usize = MAX_WAKES;

/// The part of a node that only its owner accesses.
pub(super) struct Owned<T> {
    /// Value of `Node::wakes` when the owner last loaded it.
    pub(super) seen: usize,
    /// The stream or future in the node.
    pub(super) member: Option<T>,
}

impl<T> Owned<T> {
    #[inline]
    pub(super) fn member(&mut self) -> Pin<&mut Option<T>> {
        // SAFETY: the member lies in an `Arc`, is not moved out unless it is `Unpin`, and is
        // dropped in place.
        unsafe { Pin::new_unchecked(&mut self.member) }
    }
}

/// The allocation that a `ReadyNode` and its wakers share.
pub(super) struct Node<T> {
    pub(super) entry: ReadyEntry,
    /// `IDLE`, or the number of wake-ups plus 1, at most `SATURATED`.
    pub(super) wakes: AtomicUsize,
    /// A waker that does not count as a reference to the node. Polls borrow it, and all other
    /// wakers are its clones. It is never moved out or dropped.
    pub(super) waker: ManuallyDrop<Waker>,
    pub(super) owned: UnsafeCell<Owned<T>>,
}

impl<T> Node<T> {
    /// Creates a scheduled node without a member.
    pub(super) fn new(entry: ReadyEntry) -> Arc<Self> {
        let seen = IDLE + 1;
        let mut node = Arc::new(Node {
            entry,
            wakes: AtomicUsize::new(seen),
            waker: ManuallyDrop::new(Waker::noop().clone()),
            owned: UnsafeCell::new(Owned { seen, member: None }),
        });
        let data = Arc::as_ptr(&node).cast();
        let new = Arc::get_mut(&mut node).expect("the new node has no other reference");
        // SAFETY: the table's functions take a pointer from `Arc::as_ptr`. They are thread-safe,
        // because they do not access `owned`. The waker is never dropped, so it needs no count.
        new.waker = ManuallyDrop::new(unsafe { Waker::new(data, Node::<T>::VTABLE) });
        node
    }

    fn notify(&self) {
        // Release: partner of `ReadyNode::clear_wakes`, for the caller's earlier writes. Acquire:
        // partner of `ReadyNode::set_idle`, for the link. A write even if the count is saturated.
        // Relaxed: a guess. The exchange decides.
        let count = |wakes: usize| Some(wakes.saturating_add(1));
        let (Ok(before) | Err(before)) =
            self.wakes.fetch_update(Ordering::AcqRel, Ordering::Relaxed, count);
        if before == IDLE {
            self.entry.push();
        }
    }

    const VTABLE: &'static RawWakerVTable =
        &RawWakerVTable::new(Self::clone, Self::wake, Self::wake_by_ref, Self::drop);

    // The functions of the table. A cloned waker has a reference of its own, which keeps the node
    // alive. The node's own waker is only borrowed while the owner has a reference.

    unsafe fn clone(node: *const ()) -> RawWaker {
        let this = node.cast::<Self>();
        // SAFETY: the pointer came from `Arc::as_ptr`, and the caller's waker keeps the node alive.
        let vtable = unsafe {
            Arc::increment_strong_count(this);
            // All wakers of a node share one table address, for `Waker::will_wake`.
            (*this).waker.vtable()
        };
        RawWaker::new(node, vtable)
    }

    unsafe fn wake(node: *const ()) {
        // SAFETY: the pointer came from `Arc::as_ptr`. The waker is a clone, because the node's own
        // waker is never moved, so this call takes over the reference of that clone.
        unsafe { Arc::from_raw(node.cast::<Self>()) }.notify();
    }

    unsafe fn wake_by_ref(node: *const ()) {
        // SAFETY: the caller's waker keeps the node alive.
        unsafe { &*node.cast::<Self>() }.notify();
    }

    unsafe fn drop(node: *const ()) {
        // SAFETY: the pointer came from `Arc::as_ptr`. The waker is a clone, because the node's own
        // waker is never dropped, so this call takes over the reference of that clone.
        drop(unsafe { Arc::from_raw(node.cast::<Self>()) });
    }
}
