//! Members that sleep until they are woken, in one task.
//!
//! # The protocol
//! Each has a number and a waker of its own, and is in one of two states. *Up*: to be polled, or on
//! the way there. *Asleep*: it was pending, and is not polled before it is woken.
//!
//! `wakes` is 0 for who is asleep, else it counts the wake-ups. A wake-up adds 1. Whoever finds 0
//! there has got somebody up, and marks it as ready, which wakes the task if it sleeps. All others leave
//! the rest to that one, or to the owner. So a number is on the stack of the ready ones at most once, and
//! only between its sleep and its next poll.
//!
//! The owner takes the stack as a whole, and looks how many wake-ups there were. Who is pending falls
//! asleep if there are still as many. If not, it was woken meanwhile, maybe by itself, and stays up.
//! That takes no stack, and wakes nobody: the owner is at work.
//!
//! # One piece of memory
//! What the wakers are made of and what they wake lie together, as a task finds both in one go; `entry` and `wakes`
//! are for all, `own` is the owner's. A waker may outlive the owner, and what it then frees has no member any more.
//!
//! # Ordering policy
//! `wakes` is AcqRel on both sides: the owner sees what was done before a wake-up in the poll that follows, and the
//! owner's use of the link comes before the next one.

use core::{
    fmt,
    mem::{self, ManuallyDrop},
    pin::Pin,
    task::{Context, Poll, RawWaker, RawWakerVTable, Waker},
};

use crate::{
    ready_stack::ReadyEntry,
    sync::{AtomicUsize, Ordering, UnsafeCell, WakeArc, retry_hint},
};

/// In `Node::wakes`: the waker was not called since the owner of the node was pending.
const ASLEEP: usize = 0;
/// In `Node::wakes`: so many that they are counted no more.
const UNCOUNTED: usize = usize::MAX;

/// What is the owner's alone.
struct Own<T> {
    /// Wake-ups at the last look.
    seen: usize,
    member: Option<T>,
}

struct Node<T> {
    entry: ReadyEntry,
    /// `ASLEEP`, or how often it was woken, and at the start 1.
    wakes: AtomicUsize,
    /// Its waker, without a count of its own, lent to the owner's polls. Written once, before anybody else has the node.
    waker: UnsafeCell<ManuallyDrop<Waker>>,
    own: UnsafeCell<Own<T>>,
}

impl<T> Node<T> {
    const VTABLE: &'static RawWakerVTable =
        &RawWakerVTable::new(Self::clone, Self::wake, Self::wake_by_ref, Self::drop);

    fn notify(&self) {
        // Relaxed: the exchange counts.
        let mut before = self.wakes.load(Ordering::Relaxed);
        // AcqRel: partner of `ReadyNode::look` and `ReadyNode::sleeps`. Always a write.
        while let Err(now) = self.wakes.compare_exchange_weak(
            before,
            before.saturating_add(1),
            Ordering::AcqRel,
            Ordering::Relaxed,
        ) {
            before = now;
            retry_hint();
        }
        if before == ASLEEP {
            self.entry.mark();
        }
    }

    /// # Safety
    /// For the table: of a waker, whose count of the node keeps it alive; so for the others.
    unsafe fn clone(node: *const ()) -> RawWaker {
        let this = node.cast::<Self>();
        // SAFETY: it came from `WakeArc::as_ptr`, and is alive.
        let vtable = unsafe {
            WakeArc::increment_strong_count(this);
            // One table for all, for `Waker::will_wake`.
            (*this).waker.with(|waker| (*waker).vtable())
        };
        RawWaker::new(node, vtable)
    }

    unsafe fn wake(node: *const ()) {
        // SAFETY: the waker's count is ours.
        unsafe { WakeArc::from_raw(node.cast::<Self>()) }.notify();
    }

    unsafe fn wake_by_ref(node: *const ()) {
        // SAFETY: alive.
        unsafe { &*node.cast::<Self>() }.notify();
    }

    unsafe fn drop(node: *const ()) {
        // SAFETY: the waker's count is ours.
        drop(unsafe { WakeArc::from_raw(node.cast::<Self>()) });
    }
}

/// A place for a member of a task, with a waker that marks the member as ready.
///
/// What many streams or futures in one task are made of: the task polls whom its [`ReadyStack`](crate::ReadyStack) gives
/// it. A node is *up*, as it is at first, or *asleep*. Who is woken when asleep is on the stack, and up. Who is
/// woken when up stays up. It is used again for the next member: an old waker may then cause a poll too many.
///
/// One piece of memory holds member and waker. Wakers may outlive node, member and whatever that borrows: the last to go
/// frees it. To wake is lock-free and neither allocates nor frees before that; all that the owner does is wait-free.
///
/// Do not drop a node that is asleep, or on the stack, while the stack is still to be read: nobody could tell then who is
/// [below](Self::below) it.
///
/// # Examples
/// ```
/// use core::task::Waker;
///
/// use aiter_core::ReadyStack;
///
/// let mut ready = ReadyStack::new();
/// let mut node = ready.node(0);
/// node.set(Some("a future or stream"));
/// let mut waker = None;
/// let polled = node.poll(|member, cx| {
///     waker = Some(cx.waker().clone());
///     member.len()
/// });
/// assert_eq!(polled, Some(18));
/// assert!(node.sleeps(), "it was not woken meanwhile");
/// assert!(ready.sleep(Waker::noop()), "nobody is ready");
/// waker.expect("it was polled").wake();
/// assert_eq!(ready.take(), 0);
/// ```
pub struct ReadyNode<T> {
    node: WakeArc<Node<T>>,
}

// SAFETY: wakers, on any thread, use the atomics and the entry only, and the handle of the stack that lies in the entry;
// and the last one frees memory that has no member any more. The member goes where the `ReadyNode` goes.
unsafe impl<T: Send> Send for ReadyNode<T> {}
// SAFETY: as above; through `&ReadyNode` members are looked at.
unsafe impl<T: Sync> Sync for ReadyNode<T> {}

impl<T> ReadyNode<T> {
    /// One that is up, and has no member.
    pub(crate) fn new(entry: ReadyEntry) -> Self {
        let seen = ASLEEP + 1;
        let node = WakeArc::new(Node {
            entry,
            wakes: AtomicUsize::new(seen),
            waker: UnsafeCell::new(ManuallyDrop::new(Waker::noop().clone())),
            own: UnsafeCell::new(Own { seen, member: None }),
        });
        let data = WakeArc::as_ptr(&node).cast();
        // SAFETY: the table is that of such a pointer, and the count that `drop` would take is never taken.
        let waker = ManuallyDrop::new(unsafe { Waker::new(data, Node::<T>::VTABLE) });
        // SAFETY: nobody else has the node.
        node.waker.with_mut(|at| unsafe { *at = waker });
        Self { node }
    }

    /// The member.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: `own` is ours, and borrowed as we are.
        self.node.own.with(|own| unsafe { &*own }.member.as_ref())
    }

    fn own(&mut self) -> &mut Own<T> {
        // SAFETY: as above, exclusively. The member is not moved: see those who call this.
        self.node.own.with_mut(|own| unsafe { &mut *own })
    }

    fn member(&mut self) -> Pin<&mut Option<T>> {
        // SAFETY: the node is not moved while it lives, nor is the member, and it is dropped where it lies.
        unsafe { Pin::new_unchecked(&mut self.own().member) }
    }

    /// Replaces the member, which is dropped.
    #[inline]
    pub fn set(&mut self, member: Option<T>) {
        self.member().set(member);
    }

    /// Takes the member out.
    pub fn take(&mut self) -> Option<T>
    where
        T: Unpin,
    {
        self.member().take()
    }

    /// Its waker.
    pub fn waker(&self) -> Waker {
        Waker::clone(self.lent_waker())
    }

    /// For a poll: it is not dropped, and must not outlive the node.
    #[inline]
    fn lent_waker<'a>(&self) -> &'a Waker {
        // SAFETY: written once; the caller does not keep it.
        self.node.waker.with(|waker| unsafe { &**waker })
    }

    /// Polls the member with its waker; `None` if there is no member. One that panics stays.
    #[inline]
    pub fn poll<R>(&mut self, poll: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> R) -> Option<R> {
        let waker = self.lent_waker();
        let member = self.member().as_pin_mut()?;
        Some(poll(member, &mut Context::from_waker(waker)))
    }

    /// Puts in a new member, polls it with its waker, and drops it unless it is pending; also if it panics.
    ///
    /// Wake-ups of before were for another member.
    #[inline]
    pub fn poll_new<R>(
        &mut self,
        member: T,
        poll: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        /// Drops the member.
        struct Clear<'a, T>(&'a mut Own<T>);
        impl<T> Drop for Clear<'_, T> {
            fn drop(&mut self) {
                self.0.member = None;
            }
        }
        self.look();
        let waker = self.lent_waker();
        let clear = Clear(self.own());
        // SAFETY: as in `member`.
        let member = unsafe { Pin::new_unchecked(clear.0.member.insert(member)) };
        let polled = poll(member, &mut Context::from_waker(waker));
        if polled.is_pending() {
            mem::forget(clear);
        }
        polled
    }

    /// Who was below it on the stack that it was taken with, or [`ReadyStack::NONE`](crate::ReadyStack::NONE).
    #[inline]
    pub fn below(&self) -> usize {
        self.node.entry.below()
    }

    /// Notes how many wake-ups have come: of those before, none keeps it up.
    #[inline]
    pub fn look(&mut self) {
        // Acquire: partner of `Node::notify`.
        let mut seen = self.node.wakes.load(Ordering::Acquire);
        if seen == UNCOUNTED {
            // AcqRel: as above; a wake-up that comes later is counted.
            self.node.wakes.swap(ASLEEP + 1, Ordering::AcqRel);
            seen = ASLEEP + 1;
        }
        self.own().seen = seen;
    }

    /// Falls asleep, unless it was woken since the last [`look`](Self::look): then it has looked again.
    ///
    /// Not for one that is on the stack: it might get there twice, and the task would go round in circles.
    #[inline]
    pub fn sleeps(&mut self) -> bool {
        let seen = self.own().seen;
        let wakes = &self.node.wakes;
        // Relaxed: a look; the exchange counts, or the look that follows.
        let sleeps = wakes.load(Ordering::Relaxed) == seen
            // AcqRel: partner of `Node::notify`. From here on it may be put on the stack again.
            && wakes.compare_exchange(seen, ASLEEP, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if !sleeps {
            self.look();
        }
        sleeps
    }
}

impl<T> Drop for ReadyNode<T> {
    /// Wakers may live on, and be called: the member does not.
    fn drop(&mut self) {
        self.set(None);
    }
}

impl<T> fmt::Debug for ReadyNode<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyNode").field("below", &self.below()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ready_stack::ReadyStack;

    #[test]
    fn too_many_wake_ups_to_count_are_not_lost() {
        let mut ready = ReadyStack::new();
        let mut one = ready.node::<()>(7);
        let waker = one.waker();
        assert!(ready.sleep(Waker::noop()));
        one.node.wakes.store(UNCOUNTED - 2, Ordering::Relaxed);
        one.look();
        waker.wake_by_ref();
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert_eq!(one.node.wakes.load(Ordering::Relaxed), UNCOUNTED);
        assert!(!one.sleeps(), "it was woken");
        waker.wake_by_ref();
        assert!(!one.sleeps(), "again, after the count began anew");
        assert!(!ready.has_ready(), "it was up");
        assert!(one.sleeps());
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert_eq!((ready.take(), one.below()), (7, ReadyStack::NONE));
        assert!(!ready.has_ready(), "once");
    }
}
