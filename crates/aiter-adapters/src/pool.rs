//! Many streams or futures in one task, of which only the woken ones are polled.
//!
//! # The protocol
//! Every member has a slot with a waker of its own. A wake-up puts the slot's number onto a stack, as
//! a list linked through the slots' `below` words, and wakes the pool's task. The pool takes the stack
//! as a whole and puts the numbers in line; it polls whoever is first in line. Who has something goes
//! to the end of the line, which makes the turns exactly fair; who is pending leaves it. The line is a
//! ring through the slots: going to its end moves the mark of who is first, and nobody else.
//!
//! `on_stack` sees to it that a slot is on the stack at most once: a waker that finds it set leaves
//! the rest to the one who set it.
//!
//! Slots are kept when a member goes, with their box and waker, so that members that come and go
//! allocate nothing; boxes beyond the number of members are freed. Wakers neither allocate nor free.
//! The first slot's waker is lent to the stream that the members come from.
//!
//! # Ordering policy
//! `on_stack` is swapped by both sides, AcqRel: a wake-up that finds the slot on the stack happens
//! before the poll that follows its taking. `woken` hands the links over: Release by who puts a slot
//! there, Acquire by the pool.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use aiter_core::WakeCell;
use alloc::{boxed::Box, vec::Vec};

use crate::sync::{Arc, AtomicBool, AtomicUsize, Ordering, Wake, WakeArc};

/// The number of the slot whose waker the members' source gets.
const SOURCE: usize = 0;
/// In `Node::below` and `Hub::woken`: nothing there.
const NONE: usize = usize::MAX;
/// Empty boxes that are kept however few members there are.
const SPARE_BOXES: usize = 16;

struct Hub {
    /// Top of the stack of woken slots.
    woken: AtomicUsize,
    task: WakeCell,
}

/// What a slot's waker is made of.
struct Node {
    hub: Arc<Hub>,
    number: usize,
    below: AtomicUsize,
    on_stack: AtomicBool,
}

impl Wake for Node {
    fn wake(this: WakeArc<Self>) {
        Self::wake_by_ref(&this);
    }

    fn wake_by_ref(this: &WakeArc<Self>) {
        // AcqRel: partner of `Pool::collect`, see the ordering policy.
        if this.on_stack.swap(true, Ordering::AcqRel) {
            return;
        }
        let woken = &this.hub.woken;
        // Relaxed: only the number counts.
        let mut top = woken.load(Ordering::Relaxed);
        loop {
            // Relaxed: published by the exchange.
            this.below.store(top, Ordering::Relaxed);
            // Release: partner of `Pool::collect`, for the link.
            match woken.compare_exchange_weak(
                top,
                this.number,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(now) => top = now,
            }
        }
        this.hub.task.wake();
    }
}

struct Slot<T> {
    /// None in a vacant slot; the inner option is what lets the box be used again.
    member: Option<Pin<Box<Option<T>>>>,
    node: WakeArc<Node>,
    waker: Waker,
    /// The neighbours in line, `NONE` for who is not.
    before: usize,
    behind: usize,
}

/// The members, and who is to be polled next.
pub(crate) struct Pool<T> {
    hub: Arc<Hub>,
    slots: Vec<Slot<T>>,
    /// Whose turn it is, `NONE` if nobody is in line.
    first: usize,
    /// Slots without a member.
    vacant: Vec<usize>,
    /// Empty boxes.
    boxes: Vec<Pin<Box<Option<T>>>>,
    /// What `collect` turns round.
    woken: Vec<usize>,
    len: usize,
    source_woken: bool,
}

impl<T> Pool<T> {
    pub(crate) fn new() -> Self {
        let hub = Hub { woken: AtomicUsize::new(NONE), task: WakeCell::new() };
        let mut pool = Self {
            hub: Arc::new(hub),
            slots: Vec::new(),
            first: NONE,
            vacant: Vec::new(),
            boxes: Vec::new(),
            woken: Vec::new(),
            len: 0,
            source_woken: true,
        };
        pool.add_slot();
        pool
    }

    fn add_slot(&mut self) -> usize {
        let number = self.slots.len();
        let node = WakeArc::new(Node {
            hub: self.hub.clone(),
            number,
            below: AtomicUsize::new(NONE),
            on_stack: AtomicBool::new(false),
        });
        let waker = Waker::from(node.clone());
        self.slots.push(Slot { member: None, node, waker, before: NONE, behind: NONE });
        number
    }

    /// The number of members.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.member.as_ref()?.as_ref().get_ref().as_ref())
    }

    /// Puts a new member at the end of the line.
    pub(crate) fn insert(&mut self, member: T) {
        let number = self.vacant.pop().unwrap_or_else(|| self.add_slot());
        let slot = &mut self.slots[number];
        slot.member = Some(match self.boxes.pop() {
            Some(mut place) => {
                place.set(Some(member));
                place
            }
            None => Box::pin(Some(member)),
        });
        self.len += 1;
        self.enter_line(number);
    }

    /// Drops a member. Its slot and box are for the next one.
    pub(crate) fn remove(&mut self, number: usize) {
        self.leave_line(number);
        let Some(mut place) = self.slots[number].member.take() else { return };
        self.len -= 1;
        self.vacant.push(number);
        // User code, with the books already in order.
        place.set(None);
        self.boxes.push(place);
        self.boxes.truncate(self.len.max(SPARE_BOXES));
    }

    /// Puts a member at the end of the line, unless it is in line.
    fn enter_line(&mut self, number: usize) {
        if self.slots[number].behind != NONE {
            return;
        }
        let (before, behind) = match self.first {
            NONE => (number, number),
            first => (self.slots[first].before, first),
        };
        self.slots[before].behind = number;
        self.slots[behind].before = number;
        let slot = &mut self.slots[number];
        (slot.before, slot.behind) = (before, behind);
        if self.first == NONE {
            self.first = number;
        }
    }

    /// Takes a member out of the line: it is not polled before it is woken.
    pub(crate) fn leave_line(&mut self, number: usize) {
        let Slot { before, behind, .. } = self.slots[number];
        if behind == NONE {
            return;
        }
        self.slots[before].behind = behind;
        self.slots[behind].before = before;
        if self.first == number {
            self.first = if behind == number { NONE } else { behind };
        }
        let slot = &mut self.slots[number];
        (slot.before, slot.behind) = (NONE, NONE);
    }

    /// Sends who is first to the end of the line.
    #[inline]
    pub(crate) fn next_turn(&mut self) {
        debug_assert!(self.has_next());
        self.first = self.slots[self.first].behind;
    }

    /// Puts the woken ones in line.
    #[inline]
    pub(crate) fn collect(&mut self) {
        // Relaxed: a look; the swap counts. One that is missed here wakes the task.
        if self.hub.woken.load(Ordering::Relaxed) != NONE {
            self.collect_woken();
        }
    }

    fn collect_woken(&mut self) {
        // Acquire: partner of `Node::wake`, for the links.
        let mut top = self.hub.woken.swap(NONE, Ordering::Acquire);
        while top != NONE {
            let node = &self.slots[top].node;
            self.woken.push(top);
            // Relaxed: came with the swap of `woken`.
            let below = node.below.load(Ordering::Relaxed);
            // AcqRel: partner of `Node::wake`. From here on it may be put there again.
            node.on_stack.swap(false, Ordering::AcqRel);
            top = below;
        }
        while let Some(number) = self.woken.pop() {
            if number == SOURCE {
                self.source_woken = true;
            } else if self.slots[number].member.is_some() {
                self.enter_line(number);
            }
        }
    }

    /// Sees to it that `waker` is called when a member or the source is woken, and puts those in line
    /// that were woken before.
    pub(crate) fn arm(&mut self, waker: &Waker) {
        self.hub.task.register(waker);
        self.collect_woken();
    }

    /// True if somebody is in line.
    #[inline]
    pub(crate) fn has_next(&self) -> bool {
        self.first != NONE
    }

    /// Who is first in line, and stays there.
    #[inline]
    pub(crate) fn first_in_line(&self) -> Option<usize> {
        (self.first != NONE).then_some(self.first)
    }

    /// Polls a member with its own waker. One that panics is removed.
    #[inline]
    pub(crate) fn poll<R>(
        &mut self,
        number: usize,
        poll: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        /// Removes the member if it panics.
        struct Guard<'a, T>(&'a mut Pool<T>, usize);
        impl<T> Drop for Guard<'_, T> {
            fn drop(&mut self) {
                self.0.remove(self.1);
            }
        }
        let guard = Guard(self, number);
        let Slot { member, waker, .. } = &mut guard.0.slots[number];
        let polled = match member.as_mut().and_then(|place| place.as_mut().as_pin_mut()) {
            Some(member) => poll(member, &mut Context::from_waker(waker)),
            None => Poll::Pending,
        };
        core::mem::forget(guard);
        polled
    }

    /// True if the source has not been polled since it was woken.
    pub(crate) fn is_source_woken(&self) -> bool {
        self.source_woken
    }

    /// Polls the source with its own waker.
    pub(crate) fn poll_source<R>(
        &mut self,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let polled = poll(&mut Context::from_waker(&self.slots[SOURCE].waker));
        self.source_woken = polled.is_ready();
        polled
    }

    /// The members, in no order.
    pub(crate) fn take_members(&mut self) -> Vec<T>
    where
        T: Unpin,
    {
        (self.len, self.first) = (0, NONE);
        let slots = core::mem::take(&mut self.slots);
        slots.into_iter().filter_map(|slot| *Pin::into_inner(slot.member?)).collect()
    }

    /// The source has ended: it is not asked again.
    pub(crate) fn end_source(&mut self) {
        self.source_woken = false;
    }
}

impl<T> Drop for Pool<T> {
    fn drop(&mut self) {
        // The members' wakers may live on, the task's need not.
        self.hub.task.clear();
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("len", &self.len)
            .field("first", &self.first_in_line())
            .finish_non_exhaustive()
    }
}
