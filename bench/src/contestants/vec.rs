//! The floor: containers of the standard library, which are not shared.

use alloc::collections::VecDeque;
use core::ops::Range;

use super::traits::{Broadcast, Contestant, Queue};
use crate::harness::{Item, Role, Tally};

/// A `VecDeque`.
#[derive(Debug)]
pub(crate) struct Floor<T>(VecDeque<T>);

impl<T: Item> Contestant for Floor<T> {
    const NAME: &'static str = "VecDeque";
    const ROLE: Role = Role::Floor;
}

impl<T: Item> Queue<T> for Floor<T> {
    const BATCH: &'static str = "extend, drain";

    fn open() -> Self {
        Self(VecDeque::new())
    }

    #[inline]
    fn push(&mut self, item: T) {
        self.0.push_back(item);
    }

    #[inline]
    fn push_all(&mut self, items: impl Iterator<Item = T>) {
        self.0.extend(items);
    }

    #[inline]
    fn try_next(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    #[inline]
    fn take_many(&mut self, _buf: &mut Vec<T>, max: usize, mut each: impl FnMut(T)) -> usize {
        let taken = max.min(self.0.len());
        for item in self.0.drain(..taken) {
            each(item);
        }
        taken
    }
}

/// A `Vec` and an index for each reader. The `Vec` is cleared before each burst.
#[derive(Debug)]
pub(crate) struct FloorReaders(Vec<u64>, Vec<usize>);

impl Contestant for FloorReaders {
    const NAME: &'static str = "Vec and indices";
    const ROLE: Role = Role::Floor;
}

impl Broadcast for FloorReaders {
    fn open(readers: usize, burst: usize) -> Self {
        Self(Vec::with_capacity(burst), vec![0; readers])
    }

    #[inline]
    fn push_each(&mut self, items: Range<u64>) {
        self.0.clear();
        self.1.fill(0);
        for item in items {
            self.0.push(u64::make(item));
        }
    }

    #[inline]
    fn read(&mut self, reader: usize, max: usize) -> Tally {
        let mut tally = Tally::default();
        let at = &mut self.1[reader];
        for _ in 0..max {
            let Some(&item) = self.0.get(*at) else { break };
            *at += 1;
            tally.add(item.number());
        }
        tally
    }
}
