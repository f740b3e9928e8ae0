//! Members that sleep until they are woken, in one task.
//!
//! # The protocol
//! Each has a number and a waker of its own, and is in one of two states. *Up*: to be polled, or on
//! the way there. *Asleep*: it was pending, and is not polled before it is woken.
//!
//! `wakes` is 0 for who is asleep, else it counts the wake-ups. A wake-up adds 1. Whoever finds 0
//! there has got somebody up, and marks it as ready, which wakes the task if it sleeps. All others leave
//! the rest to that one, or to the owner. So as long as the owner keeps to its part, see `ReadyNode`, a number is on the stack
//! of the ready ones at most once, and only between its sleep and its next poll.
//!
//! The owner takes the stack as a whole, and looks how many wake-ups there were. Who is pending falls
//! asleep if there are still as many. If not, it was woken meanwhile, maybe by itself, and stays up.
//! That takes no stack, and wakes nobody: the owner is at work.
//!
//! # One piece of memory
//! What the wakers are made of and what they wake lie together, as a task finds both in one go. `own` is the owner's, all
//! else is for the wakers, too. They may outlive the owner, and what the last of them frees has no member any more.
//!
//! # Ordering policy
//! A wake-up is AcqRel, the owner's look an Acquire, and its falling asleep a Release. So what was
//! done before a wake-up is seen in the poll that follows. The owner's use of the link happens
//! before the wake-up that gets the member up again. Each change of `wakes` is a read-modify-write,
//! so an Acquire of one wake-up is one of all wake-ups before it.

use core::{
    fmt,
    mem::{self, ManuallyDrop},
    pin::Pin,
    task::{Context, Poll, RawWaker, RawWakerVTable, Waker},
};

use crate::{
    sync::{Arc, AtomicUsize, MAX_WAKES, Ordering, UnsafeCell, retry_hint},
    task::{ready_entry::ReadyEntry, ready_queue::ReadyQueue},
};

/// In `Node::wakes`: the waker was not called since the owner of the node was pending.
pub(super) const IDLE: usize = 0;
/// In `Node::wakes`: so many that they are counted no more.
const UNCOUNTED: usize = MAX_WAKES;

/// What is the owner's alone.
struct Own<T> {
    /// Wake-ups at the last look.
    seen: usize,
    member: Option<T>,
}

impl<T> Own<T> {
    fn member(&mut self) -> Pin<&mut Option<T>> {
        // SAFETY: it lies in a node, which is not moved while it lives, nor is the member, and that is dropped where it lies.
        unsafe { Pin::new_unchecked(&mut self.member) }
    }
}

struct Node<T> {
    entry: ReadyEntry,
    /// `IDLE`, or how often it was woken, and at the start 1.
    wakes: AtomicUsize,
    /// Its waker, which has no count of its own: lent to polls, never moved out. All others are clones.
    waker: ManuallyDrop<Waker>,
    own: UnsafeCell<Own<T>>,
}

impl<T> Node<T> {
    const VTABLE: &'static RawWakerVTable =
        &RawWakerVTable::new(Self::clone, Self::wake, Self::wake_by_ref, Self::drop);

    fn notify(&self) {
        // Relaxed: the exchange counts.
        let mut before = self.wakes.load(Ordering::Relaxed);
        // Release: partner of `ReadyNode::look`. Acquire: of `ReadyNode::set_idle`. Always a
        // write.
        while let Err(now) = self.wakes.compare_exchange_weak(
            before,
            before.saturating_add(1),
            Ordering::AcqRel,
            Ordering::Relaxed,
        ) {
            before = now;
            retry_hint();
        }
        if before == IDLE {
            self.entry.mark();
        }
    }

    // Of the table. A waker's own count keeps the node alive, or the owner's, for the one that is lent.

    unsafe fn clone(node: *const ()) -> RawWaker {
        let this = node.cast::<Self>();
        // SAFETY: it came from `Arc::as_ptr`, and is alive.
        let vtable = unsafe {
            Arc::increment_strong_count(this);
            // One table for all wakers of a node, for `Waker::will_wake`.
            (*this).waker.vtable()
        };
        RawWaker::new(node, vtable)
    }

    unsafe fn wake(node: *const ()) {
        // SAFETY: not the one that is lent, so the count is this waker's.
        unsafe { Arc::from_raw(node.cast::<Self>()) }.notify();
    }

    unsafe fn wake_by_ref(node: *const ()) {
        // SAFETY: alive.
        unsafe { &*node.cast::<Self>() }.notify();
    }

    unsafe fn drop(node: *const ()) {
        // SAFETY: as in `wake`.
        drop(unsafe { Arc::from_raw(node.cast::<Self>()) });
    }
}

/// A place for a member of a task, with a waker that marks the member as ready.
///
/// What many streams or futures in one task are made of. One piece of memory holds member and waker, and is used again for
/// the next member: an old waker may then cause a poll too many. Wakers may outlive node, member and whatever that borrows.
///
/// A node is *up*, as it is at first, or *asleep*. Who is woken when up stays up. Who is woken when asleep is up, and its
/// number is on the [`ReadyQueue`](crate::task::ReadyQueue), from where the owner takes it, asks who is [`below`](Self::next) it,
/// [looks](Self::clear_wakes), [polls](Self::poll), and lets it [fall asleep](Self::set_idle) if it is pending.
///
/// Once it has fallen asleep, do not let it do so again, put in a new member or drop it before its number was taken and
/// `below` was asked, unless the stack goes, too. Else a number might be on the stack twice, or for nobody: then whoever reads
/// it goes round in circles, or loses those below.
///
/// To wake is lock-free and neither allocates nor frees, but for the waker that outlives the node, which frees it. So in an
/// interrupt handler use [`Waker::wake_by_ref`], and keep the node.
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
/// assert!(node.set_idle(), "it was not woken meanwhile");
/// assert!(ready.sleep(Waker::noop()), "nobody is ready");
/// waker.expect("it was polled").wake();
/// assert_eq!((ready.take(), node.next()), (0, ReadyQueue::NONE));
/// node.clear_wakes();
/// ```
pub struct ReadyNode<T> {
    node: Arc<Node<T>>,
}

// SAFETY: wakers, on any thread, use the atomics and the entry only, and the handle of the stack that lies in the entry;
// and the last one frees memory that has no member any more. The member goes where the `ReadyNode` goes.
unsafe impl<T: Send> Send for ReadyNode<T> {}
// SAFETY: as above; through `&ReadyNode` members are looked at.
unsafe impl<T: Sync> Sync for ReadyNode<T> {}

impl<T> ReadyNode<T> {
    /// One that is up, and has no member.
    pub(crate) fn new(entry: ReadyEntry) -> Self {
        let seen = IDLE + 1;
        let mut node = Arc::new(Node {
            entry,
            wakes: AtomicUsize::new(seen),
            waker: ManuallyDrop::new(Waker::noop().clone()),
            own: UnsafeCell::new(Own { seen, member: None }),
        });
        let data = Arc::as_ptr(&node).cast();
        let new = Arc::get_mut(&mut node).expect("nobody else has it");
        // SAFETY: the table is that of such a pointer, and the count that `drop` would take is never taken.
        new.waker = ManuallyDrop::new(unsafe { Waker::new(data, Node::<T>::VTABLE) });
        Self { node }
    }

    /// The member.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: `own` is ours, and borrowed as we are.
        self.node.own.with(|own| unsafe { &*own }.member.as_ref())
    }

    /// The waker, and what is ours.
    fn parts(&mut self) -> (&Waker, &mut Own<T>) {
        // SAFETY: as above, exclusively. The member is not moved: see those who call this.
        (&self.node.waker, self.node.own.with_mut(|own| unsafe { &mut *own }))
    }

    fn own(&mut self) -> &mut Own<T> {
        self.parts().1
    }

    /// Replaces the member, which is dropped.
    #[inline]
    pub fn set(&mut self, member: Option<T>) {
        self.own().member().set(member);
    }

    /// Takes the member out.
    pub fn take(&mut self) -> Option<T>
    where
        T: Unpin,
    {
        self.own().member().take()
    }

    /// Its waker.
    pub fn waker(&self) -> Waker {
        Waker::clone(&self.node.waker)
    }

    /// Polls the member with its waker; `None` if there is no member. One that panics stays.
    #[inline]
    pub fn poll<R>(&mut self, poll: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> R) -> Option<R> {
        let (waker, own) = self.parts();
        let member = own.member().as_pin_mut()?;
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
        self.clear_wakes();
        let (waker, own) = self.parts();
        let clear = Clear(own);
        // SAFETY: as in `Own::member`.
        let member = unsafe { Pin::new_unchecked(clear.0.member.insert(member)) };
        let polled = poll(member, &mut Context::from_waker(waker));
        if polled.is_pending() {
            mem::forget(clear);
        } else {
            // Before the result is returned: if this panics, the result is dropped, not lost.
            drop(clear);
        }
        polled
    }

    /// Who was below it on the stack that it was taken with, or [`ReadyQueue::NONE`](crate::task::ReadyQueue::NONE).
    #[inline]
    pub fn next(&self) -> usize {
        self.node.entry.next()
    }

    /// Notes how many wake-ups have come: of those before, none keeps it up.
    #[inline]
    pub fn clear_wakes(&mut self) {
        // Acquire: partner of `Node::notify`.
        let mut seen = self.node.wakes.load(Ordering::Acquire);
        if seen == UNCOUNTED {
            // Acquire: as above, for wake-ups since the load, which did not change the number.
            // A later wake-up is counted. Not Release: it finds the member up, and marks nothing.
            self.node.wakes.swap(IDLE + 1, Ordering::Acquire);
            seen = IDLE + 1;
        }
        self.own().seen = seen;
    }

    /// Falls asleep, and is true; or is false, if it was woken since the last [`look`](Self::clear_wakes): then it has looked again.
    #[must_use = "one that did not fall asleep is to be polled once more"]
    #[inline]
    pub fn set_idle(&mut self) -> bool {
        let seen = self.own().seen;
        let wakes = &self.node.wakes;
        // Relaxed: a look; the exchange counts, or the look that follows.
        let asleep = wakes.load(Ordering::Relaxed) == seen
            // Release: partner of `Node::notify`, for the link. From here on the number may be put
            // on the stack again. Not Acquire: wake-ups only add, so this reads the same write as
            // the last look did, or the owner's own.
            && wakes.compare_exchange(seen, IDLE, Ordering::Release, Ordering::Relaxed).is_ok();
        if asleep {
            // What wakes it is new, also to who does not look.
            self.own().seen = IDLE;
        } else {
            self.clear_wakes();
        }
        asleep
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
        f.debug_struct("ReadyNode")
            .field("number", &self.node.entry.number())
            .finish_non_exhaustive()
    }
}

impl ReadyQueue {
    /// A place for a member with this number, which nobody else should have: see [`ReadyNode`]. It is up. Allocates.
    ///
    /// # Panics
    /// If the number is larger than [`MAX`](Self::MAX).
    pub fn node<T>(&self, number: usize) -> ReadyNode<T> {
        assert!(number <= Self::MAX, "a number of {number} is too large");
        ReadyNode::new(ReadyEntry::new(self, number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::ready_queue::ReadyQueue;

    #[test]
    fn too_many_wake_ups_to_count_are_not_lost() {
        let mut ready = ReadyQueue::new();
        let mut one = ready.node::<()>(7);
        let waker = one.waker();
        assert!(ready.sleep(Waker::noop()));
        one.node.wakes.store(UNCOUNTED - 2, Ordering::Relaxed);
        one.clear_wakes();
        waker.wake_by_ref();
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert_eq!(one.node.wakes.load(Ordering::Relaxed), UNCOUNTED);
        assert!(!one.set_idle(), "it was woken");
        waker.wake_by_ref();
        assert!(!one.set_idle(), "again, after the count began anew");
        assert!(!ready.has_ready(), "it was up");
        assert!(one.set_idle());
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert_eq!((ready.take(), one.next()), (7, ReadyQueue::NONE));
        assert!(!ready.has_ready(), "once");
    }
}
