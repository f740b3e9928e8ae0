//! A pool of streams or futures in one task, which polls only those that were woken.
//!
//! Each member has a number, and lives in a [`ReadyNode`] with a waker of its own. The pool moves
//! the members that were woken to a run queue and polls the first one. A member that has an item
//! moves to the end of the queue, so turns are exactly fair. A member that is pending becomes idle.
//! If it was woken while it was queued, it is deferred to the next poll of the pool, because it may
//! have woken itself to yield.
//!
//! The queue is a ring through the slots, so moving the first member to the end changes only
//! `first` and `last`.
//!
//! The source of the members has a node as well, and is polled under the same rule.

use alloc::vec::Vec;
use core::{
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use aiter_core::task::{ReadyNode, ReadyQueue};

use crate::util::slots::{NONE, Slots};

/// The number of the node of the members' source.
const SOURCE: usize = ReadyQueue::MAX;

pub(crate) struct Pool<T> {
    members: Slots<T>,
    /// The first and the last member of the run queue. `first` is `NONE` if the queue is empty.
    first: usize,
    last: usize,
    /// The list of deferred members.
    first_deferred: usize,
    last_deferred: usize,
    /// A member or the source is deferred.
    has_deferred: bool,
    source: ReadyNode<()>,
    source_woken: bool,
    source_deferred: bool,
}

impl<T> Pool<T> {
    pub(crate) fn new() -> Self {
        let members = Slots::new();
        let mut source = members.ready.node(SOURCE);
        source.set(Some(()));
        Self {
            members,
            first: NONE,
            last: NONE,
            first_deferred: NONE,
            last_deferred: NONE,
            has_deferred: false,
            source,
            source_woken: true,
            source_deferred: false,
        }
    }

    /// Number of members.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.members.iter()
    }

    /// Adds a member at the end of the run queue.
    #[inline(never)]
    pub(crate) fn insert(&mut self, member: T) {
        let node = self.members.spare_node();
        // Discards wake-ups that were meant for the previous member of the node.
        node.clear_wakes();
        node.set(Some(member));
        let number = self.members.take_spare();
        self.enqueue(number, number);
    }

    /// Polls a new member with its own waker. Adds it if it is pending; otherwise, or if the poll
    /// panics, drops it.
    #[inline]
    pub(crate) fn poll_new<R>(
        &mut self,
        member: T,
        poll: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        // The node stays spare until the member is known to need it.
        let polled = self.members.spare_node().poll_new(member, poll);
        if polled.is_pending() {
            let number = self.members.take_spare();
            self.set_pending(number);
        }
        polled
    }

    /// Drops the first member of the run queue.
    #[inline]
    pub(crate) fn remove(&mut self, number: usize) {
        debug_assert_eq!(self.first, number);
        self.dequeue();
        self.members.remove(number);
    }

    /// Adds a list of members at the end of the run queue.
    #[inline]
    fn enqueue(&mut self, first: usize, last: usize) {
        if self.first == NONE {
            self.first = first;
        } else {
            self.members.slots[self.last].next = first;
        }
        self.members.slots[last].next = self.first;
        self.last = last;
    }

    /// Removes the first member from the run queue.
    #[inline]
    fn dequeue(&mut self) {
        if self.first == self.last {
            self.first = NONE;
        } else {
            self.first = self.members.slots[self.first].next;
            self.members.slots[self.last].next = self.first;
        }
    }

    /// Lets a pending member idle until it is woken. It is the first of the run queue, or new.
    #[inline(never)]
    pub(crate) fn set_pending(&mut self, number: usize) {
        if self.first == number {
            self.dequeue();
        }
        let Some(node) = self.members.node(number) else { return };
        if node.set_idle() {
            return;
        }
        match self.first_deferred {
            NONE => self.first_deferred = number,
            _ => self.members.slots[self.last_deferred].next = number,
        }
        self.last_deferred = number;
        self.has_deferred = true;
    }

    /// Moves the first member to the end of the run queue.
    #[inline]
    pub(crate) fn rotate(&mut self) {
        debug_assert!(self.has_queued());
        self.last = self.first;
        self.first = self.members.slots[self.first].next;
    }

    /// Queues the members that are deferred or were woken.
    #[inline]
    pub(crate) fn collect(&mut self) {
        if self.has_deferred {
            self.queue_deferred();
        }
        if self.members.ready.has_ready() {
            self.queue_woken();
        }
    }

    #[inline(never)]
    fn queue_deferred(&mut self) {
        self.has_deferred = false;
        self.source_woken |= mem::take(&mut self.source_deferred);
        let first = mem::replace(&mut self.first_deferred, NONE);
        if first != NONE {
            self.enqueue(first, self.last_deferred);
        }
    }

    fn queue_woken(&mut self) {
        let mut top = self.members.ready.take();
        // The stack in reverse, so the member that was woken first is polled first.
        let (mut first, mut last) = (NONE, NONE);
        while top != NONE {
            let number = top;
            let Some(slot) = self.members.slots.get_mut(number) else {
                self.source_woken = true;
                top = self.source.next();
                self.source.clear_wakes();
                continue;
            };
            slot.next = first;
            first = number;
            if last == NONE {
                last = number;
            }
            let Some(node) = &mut slot.node else { unreachable!("a freed node is not idle") };
            top = node.next();
            node.clear_wakes();
        }
        if first != NONE {
            self.enqueue(first, last);
        }
    }

    /// Queues the members that are deferred or were woken. If there are none, registers `waker` for
    /// wake-ups of members and the source.
    pub(crate) fn register(&mut self, waker: &Waker) {
        if self.has_deferred {
            self.queue_deferred();
            if self.has_queued() {
                return;
            }
        }
        if !self.members.ready.sleep(waker) {
            self.queue_woken();
        }
    }

    #[inline]
    pub(crate) fn has_queued(&self) -> bool {
        self.first != NONE
    }

    /// Returns the number of the first member of the run queue.
    #[inline]
    pub(crate) fn first(&self) -> Option<usize> {
        (self.first != NONE).then_some(self.first)
    }

    /// Polls the first member of the run queue with its own waker. Removes it if the poll panics.
    #[inline]
    pub(crate) fn poll<R>(
        &mut self,
        number: usize,
        poll: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        struct RemoveOnPanic<'a, T>(&'a mut Pool<T>, usize);
        impl<T> Drop for RemoveOnPanic<'_, T> {
            fn drop(&mut self) {
                self.0.remove(self.1);
            }
        }
        let guard = RemoveOnPanic(self, number);
        let node = guard.0.members.node(number);
        let polled = node.and_then(|node| node.poll(poll)).unwrap_or(Poll::Pending);
        mem::forget(guard);
        polled
    }

    /// Returns `true` if the source was woken and has not returned `Pending` since.
    #[inline]
    pub(crate) fn is_source_woken(&self) -> bool {
        self.source_woken
    }

    /// Polls the source with its own waker.
    #[inline]
    pub(crate) fn poll_source<R>(
        &mut self,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let polled = self.source.poll(|_, cx| poll(cx)).unwrap_or(Poll::Pending);
        if polled.is_pending() {
            self.source_woken = false;
            self.source_deferred = !self.source.set_idle();
            self.has_deferred |= self.source_deferred;
        }
        polled
    }

    /// Takes all members, in no order.
    pub(crate) fn take_members(&mut self) -> Vec<T>
    where
        T: Unpin,
    {
        (self.first, self.first_deferred) = (NONE, NONE);
        self.members.take_members()
    }

    /// Excludes a source that has ended from further polls.
    pub(crate) fn end_source(&mut self) {
        self.source_woken = false;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::util::slots::MIN_SPARE;
    use alloc::collections::VecDeque;
    use proptest::{collection::vec, prelude::*};

    /// The result of a poll.
    #[derive(Clone, Copy, Debug)]
    enum Polled {
        Item,
        Over,
        Pending,
        /// Pending, and woken during the poll.
        Woken,
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Insert,
        PollNew(Polled),
        PollFirst(Polled),
        /// Wakes by one of all wakers that ever existed.
        Wake(prop::sample::Index),
        Collect,
        Register,
    }

    fn step() -> impl Strategy<Value = Step> {
        let polled = || {
            prop_oneof![
                Just(Polled::Item),
                Just(Polled::Over),
                Just(Polled::Pending),
                Just(Polled::Woken)
            ]
        };
        prop_oneof![
            2 => Just(Step::Insert),
            2 => polled().prop_map(Step::PollNew),
            6 => polled().prop_map(Step::PollFirst),
            5 => any::<prop::sample::Index>().prop_map(Step::Wake),
            2 => Just(Step::Collect),
            1 => Just(Step::Register),
        ]
    }

    /// The pool as queues of numbers.
    #[derive(Default)]
    struct Model {
        queue: VecDeque<usize>,
        deferred: VecDeque<usize>,
        /// In the order of the wake-ups.
        woken: VecDeque<usize>,
        idle: Vec<usize>,
        /// Woken while queued or deferred.
        again: Vec<usize>,
    }

    impl Model {
        fn set_pending(&mut self, number: usize) {
            match self.again.iter().position(|&woken| woken == number) {
                Some(at) => {
                    self.again.swap_remove(at);
                    self.deferred.push_back(number);
                }
                None => self.idle.push(number),
            }
        }

        fn wake(&mut self, number: usize) {
            if let Some(at) = self.idle.iter().position(|&idle| idle == number) {
                self.idle.swap_remove(at);
                self.woken.push_back(number);
            } else if (self.queue.contains(&number) || self.deferred.contains(&number))
                && !self.again.contains(&number)
            {
                self.again.push(number);
            }
        }

        fn collect(&mut self) {
            self.queue.append(&mut self.deferred);
            self.queue.append(&mut self.woken);
        }

        fn len(&self) -> usize {
            self.queue.len() + self.deferred.len() + self.woken.len() + self.idle.len()
        }
    }

    fn poll(pool: &mut Pool<usize>, number: usize, polled: Polled) {
        let _ = pool.poll(number, |member, cx| {
            assert_eq!(*member, number);
            if let Polled::Woken = polled {
                cx.waker().wake_by_ref();
            }
            Poll::Ready(())
        });
    }

    fn add(wakers: &mut Vec<Waker>, waker: &Waker) {
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }

    fn run(steps: Vec<Step>) {
        let (mut pool, mut model) = (Pool::new(), Model::default());
        let mut wakers: Vec<Waker> = Vec::new();
        for step in steps {
            match step {
                Step::Insert => {
                    pool.insert(NONE);
                    let number = pool.last;
                    let node = pool.members.node(number).unwrap();
                    // The value of a member is its number.
                    node.set(Some(number));
                    add(&mut wakers, &node.waker());
                    model.queue.push_back(number);
                }
                Step::PollNew(polled) => {
                    pool.members.spare_node();
                    let number = pool.members.first_spare();
                    let _ = pool.poll_new(number, |_, cx| {
                        add(&mut wakers, cx.waker());
                        if let Polled::Woken = polled {
                            cx.waker().wake_by_ref();
                            model.again.push(number);
                        }
                        match polled {
                            Polled::Item | Polled::Over => Poll::Ready(()),
                            Polled::Pending | Polled::Woken => Poll::Pending,
                        }
                    });
                    if let Polled::Pending | Polled::Woken = polled {
                        model.set_pending(number);
                    }
                }
                Step::PollFirst(polled) => {
                    assert_eq!(pool.first(), model.queue.front().copied());
                    let Some(number) = pool.first() else { continue };
                    poll(&mut pool, number, polled);
                    match polled {
                        Polled::Item => {
                            pool.rotate();
                            model.queue.rotate_left(1);
                        }
                        Polled::Over => {
                            pool.remove(number);
                            model.queue.pop_front();
                            model.again.retain(|&woken| woken != number);
                        }
                        Polled::Pending | Polled::Woken => {
                            if let Polled::Woken = polled {
                                model.wake(number);
                            }
                            pool.set_pending(number);
                            model.queue.pop_front();
                            model.set_pending(number);
                        }
                    }
                }
                Step::Wake(_) if wakers.is_empty() => {}
                Step::Wake(which) => {
                    let waker = which.get(&wakers);
                    waker.wake_by_ref();
                    let woken = |node: &ReadyNode<_>| waker.will_wake(&node.waker());
                    if let Some((number, _)) = pool.members.nodes().find(|(_, node)| woken(node)) {
                        model.wake(number);
                    }
                }
                Step::Collect => {
                    pool.collect();
                    model.collect();
                }
                Step::Register => {
                    let deferred = !model.deferred.is_empty();
                    pool.register(Waker::noop());
                    model.queue.append(&mut model.deferred);
                    if !deferred {
                        model.queue.append(&mut model.woken);
                    }
                }
            }
            assert_eq!(pool.members.list(pool.first), Vec::from_iter(model.queue.iter().copied()));
            assert_eq!(pool.has_queued(), !model.queue.is_empty());
            assert_eq!((pool.len(), pool.iter().count()), (model.len(), model.len()));
            pool.members.assert_consistent();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 2 } else { 256 },
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn run_queue_matches_model(steps in vec(step(), 0..if cfg!(miri) { 40 } else { 400 })) {
            run(steps);
        }
    }

    #[test]
    fn spare_nodes_beyond_limit_are_freed() {
        let mut pool = Pool::new();
        (0..100).for_each(|member| pool.insert(member));
        let nodes = |pool: &Pool<i32>| pool.members.nodes().count();
        for left in (0..100).rev() {
            pool.remove(pool.first);
            assert_eq!(nodes(&pool), (left + left.max(MIN_SPARE)).min(100));
        }
        (0..100).for_each(|member| pool.insert(member));
        let numbers = pool.members.nodes().map(|(number, _)| number);
        assert!(numbers.eq(0..100), "numbers must be reused");
    }
}
