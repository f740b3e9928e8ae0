//! The handle of a member that its task polls only after a wake-up.
//!
//! # Ordering policy
//! See `node.rs`, which also contains the protocol. `clear_wakes` acquires from wake-ups, and
//! `set_idle` releases to the next one.

use core::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use crate::{
    defer::DeferWith,
    sync::{Arc, Ordering},
    task::{
        node::{IDLE, Node, Owned, SATURATED},
        ready_entry::ReadyEntry,
        ready_queue::ReadyQueue,
    },
};

/// A node for one member of a task, such as a stream or a future, with a waker that schedules it.
///
/// A node is one allocation, which holds the member and the waker's data. A new member can reuse
/// it. A waker of the previous member may then cause a spurious poll. Wakers may outlive the node,
/// its member, and the data that the member borrows.
///
/// A node is *scheduled* or *idle*. A new node is scheduled. A wake-up of a scheduled node leaves
/// it scheduled. A wake-up of an idle node schedules it, and pushes its number onto the
/// [`ReadyQueue`](crate::task::ReadyQueue). The queue's owner then handles the node in this order:
/// 1. It takes the number from the queue, and reads the [`next`](Self::next) number.
/// 2. It [clears the wake-ups](Self::clear_wakes).
/// 3. It [polls](Self::poll) the member.
/// 4. If the member is pending, it [sets the node idle](Self::set_idle).
///
/// After `set_idle` returns `true`, the number may be pushed at any time. Until the owner has taken
/// the number and read `next`, do not call `set_idle` or `set`. Until then, do not drop the node
/// unless the queue is dropped as well. Otherwise the stack may contain a cycle, or a number
/// without a node. The owner would then loop forever, or lose the numbers below.
///
/// A wake-up is lock-free and neither allocates nor frees. The exception is the last waker of a
/// dropped node, which frees the node. So an interrupt handler should use [`Waker::wake_by_ref`]
/// while the node exists.
///
/// # Examples
/// ```
/// use core::task::Waker;
///
/// use aiter_core::task::ReadyQueue;
///
/// let mut ready = ReadyQueue::new();
/// let mut node = ready.node(0);
/// node.set(Some("a future or stream"));
/// let mut waker = None;
/// let polled = node.poll(|member, cx| {
///     waker = Some(cx.waker().clone());
///     member.len()
/// });
/// assert_eq!(polled, Some(18));
/// assert!(node.set_idle(), "the node was not woken meanwhile");
/// assert!(ready.sleep(Waker::noop()), "no node is ready");
/// waker.expect("the member was polled").wake();
/// assert_eq!((ready.take(), node.next()), (0, ReadyQueue::NONE));
/// node.clear_wakes();
/// ```
pub struct ReadyNode<T> {
    node: Arc<Node<T>>,
}

// SAFETY: wakers on other threads access all fields but `owned`, and these are `Sync`. The last
// waker frees a node without a member. The member moves with the `ReadyNode`, so it must be `Send`.
unsafe impl<T: Send> Send for ReadyNode<T> {}
// SAFETY: wakers access all fields but `owned`, and these are `Sync`. A `&ReadyNode` lends the
// member by `&T`, so it must be `Sync`.
unsafe impl<T: Sync> Sync for ReadyNode<T> {}

impl<T> ReadyNode<T> {
    /// Returns the member.
    ///
    /// # Examples
    /// See the example of [`take`](Self::take).
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: only this `ReadyNode` accesses `owned`, and `&self` excludes writes.
        self.node.owned.with(|owned| unsafe { &*owned }.member.as_ref())
    }

    /// Returns the node's own waker, and the owner's part. The caller must not move the member.
    fn parts(&mut self) -> (&Waker, &mut Owned<T>) {
        // SAFETY: only this `ReadyNode` accesses `owned`, and `&mut self` makes the access unique.
        (&self.node.waker, self.node.owned.with_mut(|owned| unsafe { &mut *owned }))
    }

    fn owned(&mut self) -> &mut Owned<T> {
        self.parts().1
    }

    /// Replaces the member, and drops the previous one.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    #[inline]
    pub fn set(&mut self, member: Option<T>) {
        self.owned().member().set(member);
    }

    /// Takes the member out.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::task::ReadyQueue;
    ///
    /// let ready = ReadyQueue::new();
    /// let mut node = ready.node(0);
    /// node.set(Some("a stream"));
    /// assert_eq!(node.get(), Some(&"a stream"));
    /// assert_eq!(node.take(), Some("a stream"));
    /// assert_eq!(node.get(), None);
    /// ```
    pub fn take(&mut self) -> Option<T>
    where
        T: Unpin,
    {
        self.owned().member().take()
    }

    /// Returns a waker that schedules the node.
    ///
    /// # Examples
    /// See the example of the [queue](crate::task::ReadyQueue#examples).
    pub fn waker(&self) -> Waker {
        Waker::clone(&self.node.waker)
    }

    /// Polls the member with the node's waker. Returns `None` if there is no member.
    ///
    /// # Panics
    /// Panics if `poll` panics. The member stays in the node.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    #[inline]
    pub fn poll<R>(&mut self, poll: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> R) -> Option<R> {
        let (waker, owned) = self.parts();
        let member = owned.member().as_pin_mut()?;
        Some(poll(member, &mut Context::from_waker(waker)))
    }

    /// Puts in a new member, and polls it with the node's waker. Drops the member unless it is
    /// pending.
    ///
    /// Discards wake-ups that were meant for the previous member.
    ///
    /// # Panics
    /// Panics if `poll` panics. The member is dropped.
    ///
    /// # Examples
    /// ```
    /// use core::{future, task::Poll};
    ///
    /// use aiter_core::task::ReadyQueue;
    /// use futures_util::FutureExt;
    ///
    /// let ready = ReadyQueue::new();
    /// let mut node = ready.node(0);
    /// let polled = node.poll_new(future::ready(1), |mut future, cx| future.poll_unpin(cx));
    /// assert_eq!(polled, Poll::Ready(1));
    /// assert!(node.get().is_none()); // another future may use the node
    /// ```
    #[inline]
    pub fn poll_new<R>(
        &mut self,
        member: T,
        poll: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        self.clear_wakes();
        let (waker, owned) = self.parts();
        let guard = DeferWith(owned, |owned| owned.member = None);
        // SAFETY: the member lies in an `Arc`, is not moved out unless it is `Unpin`, and is
        // dropped in place.
        let member = unsafe { Pin::new_unchecked(guard.0.member.insert(member)) };
        let polled = poll(member, &mut Context::from_waker(waker));
        if polled.is_pending() {
            mem::forget(guard);
        } else {
            // Before the return: if this panics, the result is dropped, not leaked.
            drop(guard);
        }
        polled
    }

    /// Returns the number below this one on the stack that it was taken with, or
    /// [`ReadyQueue::NONE`](crate::task::ReadyQueue::NONE).
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    #[inline]
    pub fn next(&self) -> usize {
        self.node.entry.next()
    }

    /// Discards all wake-ups so far, so that they do not prevent [`set_idle`](Self::set_idle).
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    #[inline]
    pub fn clear_wakes(&mut self) {
        // Acquire: partner of `Node::notify`, for its caller's earlier writes.
        let mut seen = self.node.wakes.load(Ordering::Acquire);
        if seen == SATURATED {
            // Acquire: partner of `Node::notify`, for wake-ups since the load, which did not change
            // the count. Not Release: a later wake-up finds the node scheduled, and pushes nothing.
            self.node.wakes.swap(IDLE + 1, Ordering::Acquire);
            seen = IDLE + 1;
        }
        self.owned().seen = seen;
    }

    /// Sets the node idle, and returns `true`. If the node was woken since the last
    /// [`clear_wakes`](Self::clear_wakes), calls that and returns `false`.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    #[must_use = "a node that did not become idle must be polled again"]
    #[inline]
    pub fn set_idle(&mut self) -> bool {
        let seen = self.owned().seen;
        let wakes = &self.node.wakes;
        // Relaxed: a hint. The exchange decides, or `clear_wakes` synchronizes.
        let is_idle = wakes.load(Ordering::Relaxed) == seen
            // Release: partner of `Node::notify`, for the link. From now on the number may be
            // pushed again. Not Acquire: wake-ups only add, so this reads the value that the last
            // `clear_wakes` read or wrote.
            && wakes.compare_exchange(seen, IDLE, Ordering::Release, Ordering::Relaxed).is_ok();
        if is_idle {
            // Each later wake-up is new, also if the owner does not call `clear_wakes`.
            self.owned().seen = IDLE;
        } else {
            self.clear_wakes();
        }
        is_idle
    }
}

impl<T> Drop for ReadyNode<T> {
    /// Drops the member. Wakers may outlive it, and may still be called.
    fn drop(&mut self) {
        self.set(None);
    }
}

impl<T> fmt::Debug for ReadyNode<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyNode")
            .field("number", &self.node.entry.number())
            .finish_non_exhaustive()
    }
}

impl ReadyQueue {
    /// Creates a scheduled node with this number and without a member. Allocates.
    ///
    /// No two nodes of a queue should have the same number, because the owner could not tell them
    /// apart.
    ///
    /// # Panics
    /// Panics if the number is larger than [`MAX`](Self::MAX).
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn node<T>(&self, number: usize) -> ReadyNode<T> {
        assert!(number <= Self::MAX, "node number {number} exceeds `ReadyQueue::MAX`");
        ReadyNode { node: Node::new(ReadyEntry::new(self, number)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saturated_wake_count_loses_no_wake_up() {
        let mut ready = ReadyQueue::new();
        let mut node = ready.node::<()>(7);
        let waker = node.waker();
        assert!(ready.sleep(Waker::noop()));
        node.node.wakes.store(SATURATED - 2, Ordering::Relaxed);
        node.clear_wakes();
        waker.wake_by_ref();
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert_eq!(node.node.wakes.load(Ordering::Relaxed), SATURATED);
        assert!(!node.set_idle(), "the node was woken");
        waker.wake_by_ref();
        assert!(!node.set_idle(), "the node was woken after the count restarted");
        assert!(!ready.has_ready(), "a scheduled node must not be pushed");
        assert!(node.set_idle());
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert_eq!((ready.take(), node.next()), (7, ReadyQueue::NONE));
        assert!(!ready.has_ready(), "two wake-ups must push the node once");
    }
}
