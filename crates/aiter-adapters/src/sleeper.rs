//! Many that sleep until they are woken, in one task.
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
//! Wakers neither allocate nor free. They may be called when their owner is gone, or has given the
//! number to another node: they find their node up for ever.
//!
//! # Ordering policy
//! `wakes`: AcqRel by wakers and by the owner when somebody falls asleep, Acquire by the owner when it
//! looks. A wake-up that was seen happens before the poll that follows, and the owner's use of the link
//! before the next one.

use core::task::Waker;

use aiter_core::{ReadyEntry, ReadyStack};

use crate::sync::{AtomicUsize, Ordering, Wake, WakeArc};

/// In `Node::wakes`: the waker was not called since the owner of the node was pending.
const ASLEEP: usize = 0;
/// In `Node::wakes`: so many that they are counted no more.
const UNCOUNTED: usize = usize::MAX;

/// What a waker is made of.
struct Node {
    entry: ReadyEntry,
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
            this.entry.mark();
        }
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
    pub(crate) fn new(ready: &ReadyStack, number: usize) -> Self {
        let entry = ready.entry(number);
        let node = WakeArc::new(Node { entry, wakes: AtomicUsize::new(ASLEEP + 1) });
        let waker = Waker::from(node.clone());
        Self { node, waker, seen: ASLEEP + 1 }
    }

    #[inline]
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Who is below it on the stack that it was taken with.
    pub(crate) fn below(&self) -> usize {
        self.node.entry.below()
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
        let mut ready = ReadyStack::new();
        let mut one = Sleeper::new(&ready, 7);
        assert!(ready.sleep(Waker::noop()));
        one.node.wakes.store(UNCOUNTED - 2, Ordering::Relaxed);
        one.look();
        one.waker().wake_by_ref();
        one.waker().wake_by_ref();
        one.waker().wake_by_ref();
        assert_eq!(one.node.wakes.load(Ordering::Relaxed), UNCOUNTED);
        assert!(!one.sleeps(), "it was woken");
        one.waker().wake_by_ref();
        assert!(!one.sleeps(), "again, after the count began anew");
        assert!(!ready.has_ready(), "it was up");
        assert!(one.sleeps());
        one.waker().wake_by_ref();
        one.waker().wake_by_ref();
        assert_eq!((ready.take(), one.below()), (7, ReadyStack::NONE));
        assert!(!ready.has_ready(), "once");
    }
}
