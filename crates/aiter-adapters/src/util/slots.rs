//! Numbered slots for the members of a pool.
//!
//! The node of a removed member, with its waker, is kept for the next member. Members that come and
//! go therefore allocate nothing. Spare nodes beyond the number of members are freed. An old waker
//! can cause a spurious poll of the member that now has its node.

use alloc::vec::Vec;
use core::mem;

use aiter_core::task::{ReadyNode, ReadyQueue};

/// No slot.
pub(crate) const NONE: usize = ReadyQueue::NONE;
/// Number of spare nodes that are kept even if there are fewer members.
pub(crate) const MIN_SPARE: usize = 16;

pub(crate) struct Slot<T> {
    /// `None` if the node was freed.
    pub(crate) node: Option<ReadyNode<T>>,
    /// The next slot of the list that contains this slot. A slot is in at most one list.
    pub(crate) next: usize,
}

/// The slots, and lists of those that are vacant.
pub(crate) struct Slots<T> {
    pub(crate) ready: ReadyQueue,
    pub(crate) slots: Vec<Slot<T>>,
    /// The list of vacant slots with a node.
    spare: usize,
    spare_len: usize,
    /// The list of vacant slots without a node.
    empty: usize,
    /// Number of members.
    len: usize,
}

impl<T> Slots<T> {
    pub(crate) fn new() -> Self {
        let ready = ReadyQueue::new();
        Self { ready, slots: Vec::new(), spare: NONE, spare_len: 0, empty: NONE, len: 0 }
    }

    /// Number of members.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.node.as_ref()?.get())
    }

    #[inline]
    pub(crate) fn node(&mut self, number: usize) -> Option<&mut ReadyNode<T>> {
        self.slots[number].node.as_mut()
    }

    /// Returns the node that the next member gets.
    #[inline]
    pub(crate) fn spare_node(&mut self) -> &mut ReadyNode<T> {
        if self.spare == NONE {
            self.add_node();
        }
        match &mut self.slots[self.spare].node {
            Some(node) => node,
            None => unreachable!("a spare slot has a node"),
        }
    }

    /// Counts the node of `spare_node` as a member's. Returns its number.
    pub(crate) fn take_spare(&mut self) -> usize {
        let number = self.spare;
        self.spare = self.slots[number].next;
        self.spare_len -= 1;
        self.len += 1;
        number
    }

    /// Adds a spare node to an empty list.
    #[cold]
    fn add_node(&mut self) {
        let number = if self.empty == NONE { self.slots.len() } else { self.empty };
        let slot = Slot { node: Some(self.ready.node(number)), next: NONE };
        match self.slots.get_mut(number) {
            Some(vacant) => self.empty = mem::replace(vacant, slot).next,
            None => self.slots.push(slot),
        }
        self.spare = number;
        self.spare_len += 1;
    }

    /// Drops a member that is in no list. Its node is kept for the next member.
    #[inline]
    pub(crate) fn remove(&mut self, number: usize) {
        self.len -= 1;
        self.spare_len += 1;
        self.slots[number].next = self.spare;
        self.spare = number;
        if self.spare_len > self.len.max(MIN_SPARE) {
            self.free_spare();
        }
        if let Some(node) = self.node(number) {
            // Last, because it runs user code.
            node.set(None);
        }
    }

    /// Frees nodes beyond the number of members, but not the first spare node.
    #[cold]
    fn free_spare(&mut self) {
        while self.spare_len > self.len.max(MIN_SPARE) {
            let number = self.slots[self.spare].next;
            self.slots[self.spare].next = self.slots[number].next;
            self.spare_len -= 1;
            self.slots[number] = Slot { node: None, next: self.empty };
            self.empty = number;
        }
    }

    /// Takes all members, in no order.
    pub(crate) fn take_members(&mut self) -> Vec<T>
    where
        T: Unpin,
    {
        let slots = mem::take(&mut self.slots);
        (self.len, self.spare_len, self.spare, self.empty) = (0, 0, NONE, NONE);
        slots.into_iter().filter_map(|slot| slot.node?.take()).collect()
    }
}

#[cfg(all(test, not(loom)))]
impl<T> Slots<T> {
    /// The numbers of the list that begins at `first`.
    pub(crate) fn list(&self, first: usize) -> Vec<usize> {
        let mut numbers = Vec::new();
        let mut number = first;
        while number != NONE && !numbers.contains(&number) {
            numbers.push(number);
            number = self.slots[number].next;
        }
        numbers
    }

    pub(crate) fn first_spare(&self) -> usize {
        self.spare
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = (usize, &ReadyNode<T>)> {
        let nodes = self.slots.iter().enumerate();
        nodes.filter_map(|(number, slot)| Some((number, slot.node.as_ref()?)))
    }

    pub(crate) fn assert_consistent(&self) {
        let (spare, empty) = (self.list(self.spare), self.list(self.empty));
        assert_eq!(spare.len(), self.spare_len);
        assert!(spare.len() <= self.len.max(MIN_SPARE), "nodes beyond the limit are freed");
        assert_eq!(spare.len() + empty.len() + self.len, self.slots.len(), "no slot is lost");
    }
}
