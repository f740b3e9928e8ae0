//! Many that sleep until they are woken, in one task.
//!
//! # The protocol
//! Each has a number and a waker of its own, and is in one of two states. *Up*: to be polled, or on
//! the way there. *Asleep*: it was pending, and is not polled before it is woken.
//!
//! `wakes` is 0 for who is asleep, else it counts the wake-ups. A wake-up adds 1. Whoever finds 0
//! there has got somebody up: it puts the number onto a stack, a list linked through the nodes'
//! `below` words, and wakes the task. All others leave the rest to that one, or to the owner. So a
//! number is on the stack at most once, and only between its sleep and its next poll.
//!
//! The owner takes the stack as a whole, and looks how many wake-ups there were. Who is pending falls
//! asleep if there are still as many. If not, it was woken meanwhile, maybe by itself, and stays up.
//! That takes no stack, and wakes nobody: the owner is at work.
//!
//! Wakers neither allocate nor free. They may be called when their owner is gone, or has given the
//! number to another node: they find their node up for ever.
//!
//! # Ordering policy
//! `wakes`: AcqRel by wakers and by the owner when somebody falls asleep, Acquire by the owner when it
//! looks. A wake-up that was seen happens before the poll that follows, and the owner's use of `below`
//! before the next one.
//!
//! `woken`: AcqRel on both sides. It hands the links over, and decides who wakes the task: before the
//! owner sleeps it puts the task's waker into `task`, and then empties the stack. A number that comes
//! later is put there by somebody who sees that waker, or that another one has taken it. So who sees
//! no waker need not write to the cell to close the race; and as long as that waker is there, an owner
//! that is polled in vain may sleep on.

use core::task::Waker;

use aiter_core::WakeCell;

use crate::sync::{Arc, AtomicUsize, Ordering, Wake, WakeArc};

/// In links: nobody.
pub(crate) const NONE: usize = usize::MAX;
/// In `Node::wakes`: the waker was not called since the owner of the node was pending.
const ASLEEP: usize = 0;
/// In `Node::wakes`: so many that they are counted no more.
const UNCOUNTED: usize = usize::MAX;

struct Shared {
    /// Top of the stack of woken numbers.
    woken: AtomicUsize,
    task: WakeCell,
}

/// What a waker is made of.
struct Node {
    shared: Arc<Shared>,
    number: usize,
    below: AtomicUsize,
    /// `ASLEEP`, or how often it was woken, and at the start 1.
    wakes: AtomicUsize,
}

impl Wake for Node {
    fn wake(this: WakeArc<Self>) {
        Self::wake_by_ref(&this);
    }

    fn wake_by_ref(this: &WakeArc<Self>) {
        // Relaxed: the exchange counts.
        let mut before = this.wakes.load(Ordering::Relaxed);
        // AcqRel: partner of `Sleeper::look` and `Sleeper::sleeps`. Always a write.
        while let Err(now) = this.wakes.compare_exchange_weak(
            before,
            before.saturating_add(1),
            Ordering::AcqRel,
            Ordering::Relaxed,
        ) {
            before = now;
        }
        if before == ASLEEP {
            this.get_up();
        }
    }
}

impl Node {
    fn get_up(&self) {
        let Shared { woken, task } = &*self.shared;
        // Relaxed: only the number counts.
        let mut top = woken.load(Ordering::Relaxed);
        loop {
            // Relaxed: published by the exchange.
            self.below.store(top, Ordering::Relaxed);
            // AcqRel: partner of `Hub::take_woken`, for the link and for the task's waker.
            match woken.compare_exchange_weak(top, self.number, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => break,
                Err(now) => top = now,
            }
        }
        if task.is_armed() {
            task.wake();
        }
    }
}

/// What the sleepers of a task have in common.
pub(crate) struct Hub {
    shared: Arc<Shared>,
    /// Who was to be woken when the task slept last.
    task: Option<Waker>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        let shared = Shared { woken: AtomicUsize::new(NONE), task: WakeCell::new() };
        Self { shared: Arc::new(shared), task: None }
    }

    /// Whether somebody was woken. Who is missed here wakes the task.
    #[inline]
    pub(crate) fn has_woken(&self) -> bool {
        // Relaxed: a look; the swap counts.
        self.shared.woken.load(Ordering::Relaxed) != NONE
    }

    /// Takes the stack of the woken ones: the top's number, or `NONE`.
    pub(crate) fn take_woken(&self) -> usize {
        // AcqRel: partner of `Node::get_up`, for the links and for the task's waker.
        self.shared.woken.swap(NONE, Ordering::AcqRel)
    }

    /// Sees to it that `waker` is called when somebody is woken. The caller then takes those that were
    /// woken before, if this is true; if not, those that it sees.
    pub(crate) fn arm(&mut self, waker: &Waker) -> bool {
        let task = &self.shared.task;
        if !self.task.as_ref().is_some_and(|before| before.will_wake(waker)) {
            self.task = Some(waker.clone());
        } else if task.is_armed() {
            return false;
        }
        task.register(waker);
        true
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // The wakers may live on, the task's need not.
        self.shared.task.clear();
    }
}

/// The owner's side of a node.
pub(crate) struct Sleeper {
    node: WakeArc<Node>,
    waker: Waker,
    /// Wake-ups at the last look.
    seen: usize,
}

impl Sleeper {
    /// One that is up.
    pub(crate) fn new(hub: &Hub, number: usize) -> Self {
        let node = WakeArc::new(Node {
            shared: hub.shared.clone(),
            number,
            below: AtomicUsize::new(NONE),
            wakes: AtomicUsize::new(ASLEEP + 1),
        });
        let waker = Waker::from(node.clone());
        Self { node, waker, seen: ASLEEP + 1 }
    }

    #[inline]
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Who is below it on the stack that it was taken with.
    pub(crate) fn below(&self) -> usize {
        // Relaxed: came with `Hub::take_woken`.
        self.node.below.load(Ordering::Relaxed)
    }

    /// Notes how many wake-ups have come.
    #[inline]
    pub(crate) fn look(&mut self) {
        // Acquire: partner of `Node::wake_by_ref`.
        self.seen = self.node.wakes.load(Ordering::Acquire);
        if self.seen == UNCOUNTED {
            // AcqRel: as above; a wake-up that comes later is counted.
            self.node.wakes.swap(ASLEEP + 1, Ordering::AcqRel);
            self.seen = ASLEEP + 1;
        }
    }

    /// Falls asleep, unless it was woken since the last look.
    #[inline]
    pub(crate) fn sleeps(&mut self) -> bool {
        let wakes = &self.node.wakes;
        // Relaxed: a look; the exchange counts, or the look that follows.
        let sleeps = wakes.load(Ordering::Relaxed) == self.seen
            // AcqRel: partner of `Node::wake_by_ref`. From here on it may be put on the stack again.
            && wakes
                .compare_exchange(self.seen, ASLEEP, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok();
        if !sleeps {
            self.look();
        }
        sleeps
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn too_many_wake_ups_to_count_are_not_lost() {
        let mut hub = Hub::new();
        let mut one = Sleeper::new(&hub, 7);
        assert!(hub.arm(Waker::noop()));
        one.node.wakes.store(UNCOUNTED - 2, Ordering::Relaxed);
        one.look();
        one.waker().wake_by_ref();
        one.waker().wake_by_ref();
        one.waker().wake_by_ref();
        assert_eq!(one.node.wakes.load(Ordering::Relaxed), UNCOUNTED);
        assert!(!one.sleeps(), "it was woken");
        one.waker().wake_by_ref();
        assert!(!one.sleeps(), "again, after the count began anew");
        assert!(!hub.has_woken(), "it was up");
        assert!(one.sleeps());
        one.waker().wake_by_ref();
        one.waker().wake_by_ref();
        assert_eq!((hub.take_woken(), one.below()), (7, NONE));
        assert!(!hub.has_woken(), "once");
    }

    #[test]
    fn who_sleeps_on_has_nothing_to_take() {
        let mut hub = Hub::new();
        let (mut one, mut two) = (Sleeper::new(&hub, 0), Sleeper::new(&hub, 1));
        // Any wakers.
        let (task, other) = (one.waker().clone(), two.waker().clone());
        assert!(one.sleeps() && two.sleeps() && hub.arm(&task));
        assert!(!hub.arm(&task), "nothing has happened");
        assert!(hub.arm(&other), "another task");
        assert!(hub.arm(&task), "and back");
        two.waker().wake_by_ref();
        assert!(hub.arm(&task), "it was called");
    }
}
