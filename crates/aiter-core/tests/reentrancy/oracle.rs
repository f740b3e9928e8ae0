//! The model: one global order of ids, and the fate of each push.
//!
//! An id gets its index from the first cursor that yields it, and each other cursor must yield it
//! at the same index. Some seeds have a *reference*, a cursor that is read between operations
//! only. It sees the whole order.

use alloc::{collections::BTreeMap, vec::Vec};
use core::cell::{Cell, RefCell};

use crate::base::Base;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The call panicked or is still active.
    Unknown,
    Pushed,
    Refused,
}

struct Push {
    /// Ticks of `Oracle::clock`.
    start: usize,
    end: usize,
    fate: Fate,
}

/// The takers of one position.
pub(crate) struct Group {
    /// The position at which the cursor was shared, if known.
    pub(crate) birth: Cell<Option<usize>>,
    /// The ids that each taker took, in order.
    pub(crate) takes: RefCell<Vec<Vec<usize>>>,
    /// Number of takes that panicked. Each may have lost an item.
    pub(crate) panics: Cell<usize>,
}

impl Group {
    pub(crate) fn new(birth: Option<usize>) -> Self {
        let takes = RefCell::new(Vec::new());
        Self { birth: Cell::new(birth), takes, panics: Cell::new(0) }
    }

    pub(crate) fn add_taker(&self) -> usize {
        let mut takes = self.takes.borrow_mut();
        takes.push(Vec::new());
        takes.len() - 1
    }

    pub(crate) fn taken(&self) -> usize {
        self.takes.borrow().iter().map(Vec::len).sum()
    }
}

#[derive(Default)]
pub(crate) struct Oracle {
    ids: RefCell<BTreeMap<usize, usize>>,
    indices: RefCell<BTreeMap<usize, usize>>,
    pushes: RefCell<Vec<Push>>,
    clock: Cell<usize>,
}

impl Oracle {
    fn tick(&self) -> usize {
        self.clock.set(self.clock.get() + 1);
        self.clock.get()
    }

    /// Begins a push and returns its id.
    pub(crate) fn begin(&self) -> usize {
        let push = Push { start: self.tick(), end: usize::MAX, fate: Fate::Unknown };
        let mut pushes = self.pushes.borrow_mut();
        pushes.push(push);
        pushes.len() - 1
    }

    pub(crate) fn end(&self, id: usize, fate: Fate) {
        let end = self.tick();
        let push = &mut self.pushes.borrow_mut()[id];
        (push.end, push.fate) = (end, fate);
    }

    /// Marks each push that panicked as pushed.
    pub(crate) fn end_panicked(&self) {
        let mut pushes = self.pushes.borrow_mut();
        for push in pushes.iter_mut().filter(|push| push.fate == Fate::Unknown) {
            push.fate = Fate::Pushed;
        }
    }

    pub(crate) fn index_of(&self, id: usize) -> Option<usize> {
        self.indices.borrow().get(&id).copied()
    }

    /// Records that a cursor yielded an id at an index.
    pub(crate) fn see(&self, base: &Base, index: usize, id: usize) {
        let known = *self.ids.borrow_mut().entry(index).or_insert(id);
        base.check(known == id, format_args!("index {index} has item {known}, but {id} was read"));
        let at = *self.indices.borrow_mut().entry(id).or_insert(index);
        base.check(at == index, format_args!("item {id} of index {at} was read at {index}"));
        let fate = self.pushes.borrow().get(id).map(|push| push.fate);
        base.check(
            matches!(fate, Some(Fate::Unknown | Fate::Pushed)),
            format_args!("item {id} was read, but its push is {fate:?}"),
        );
    }

    /// Forgets the indices when no cursor has a known index. Returns an index behind all others.
    pub(crate) fn begin_anew(&self) -> usize {
        let last = self.ids.borrow().last_key_value().map_or(0, |(&index, _)| index);
        self.ids.borrow_mut().clear();
        self.indices.borrow_mut().clear();
        last + 1_000_000
    }

    /// Checks that a push that ended before another began has the lower index.
    pub(crate) fn check_order(&self, base: &Base) {
        let pushes = self.pushes.borrow();
        let mut latest = 0;
        for (index, &id) in self.ids.borrow().iter() {
            let push = &pushes[id];
            let holds = push.end >= latest;
            base.check(holds, format_args!("item {id} at {index} is behind a later push"));
            latest = latest.max(push.start);
        }
    }

    /// Checks that each pushed item has an index. Needs a reference.
    pub(crate) fn check_all_seen(&self, base: &Base) {
        for (id, push) in self.pushes.borrow().iter().enumerate() {
            let seen = self.index_of(id).is_some();
            base.check(
                seen || push.fate != Fate::Pushed,
                format_args!("item {id} was pushed and never read"),
            );
        }
    }

    /// Checks that each taker read in order and behind its birth, and no item was taken twice.
    pub(crate) fn check_group(&self, base: &Base, group: &Group) {
        let takes = group.takes.borrow();
        let mut all: Vec<_> = takes.iter().flatten().collect();
        all.sort_unstable();
        let twice = all.windows(2).find(|pair| pair[0] == pair[1]);
        base.check(twice.is_none(), format_args!("takers took an item twice: {twice:?}"));
        for taken in takes.iter() {
            let mut next = group.birth.get().unwrap_or(0);
            for (id, index) in taken.iter().filter_map(|&id| Some((id, self.index_of(id)?))) {
                base.check(
                    index >= next,
                    format_args!("a taker took item {id} of index {index} after {next}"),
                );
                next = index + 1;
            }
        }
    }
}
