//! chute: a broadcast queue for threads. Readers lend items and cannot wait.

use core::ops::Range;

use chute::LendingReader;
use chute::mpmc::{Queue, Reader, Writer};

use super::traits::{Broadcast, Contestant};
use crate::harness::{Item, Role, Tally};

/// `Writer::push` and `Reader::next`.
pub(crate) struct Chute(Writer<u64>, Vec<Reader<u64>>);

impl Contestant for Chute {
    const NAME: &'static str = "chute (sync, lends)";
    const ROLE: Role = Role::Listed;
}

impl Broadcast for Chute {
    fn open(readers: usize, _burst: usize) -> Self {
        let queue = Queue::new();
        let readers = (0..readers).map(|_| queue.reader()).collect();
        Self(queue.writer(), readers)
    }

    #[inline]
    fn push_each(&mut self, items: Range<u64>) {
        for item in items {
            self.0.push(u64::make(item));
        }
    }

    #[inline]
    fn read(&mut self, reader: usize, max: usize) -> Tally {
        let mut tally = Tally::default();
        let reader = &mut self.1[reader];
        for _ in 0..max {
            let Some(item) = reader.next() else { break };
            tally.add(item.number());
        }
        tally
    }
}
