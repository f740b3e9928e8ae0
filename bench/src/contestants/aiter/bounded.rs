//! The bounded list: forked cursors, which all read everything.

use aiter_adapters::{BoundedCursor, BoundedPusher, bounded};

use super::read::LISTENING;
use crate::contestants::traits::{Bounded, BoundedChannel, Contestant, Forks};
use crate::harness::{Role, Tally};

/// `try_push` or `push`, and `try_next` or `next`.
#[derive(Debug)]
pub(crate) struct AiterBounded {
    _pusher: BoundedPusher<u64>,
    cursor: BoundedCursor<u64>,
}

impl Contestant for AiterBounded {
    const NAME: &'static str = "aiter bounded";
    const ROLE: Role = Role::Aiter;
}

impl Bounded for AiterBounded {
    type Tx = BoundedPusher<u64>;
    type Rx = BoundedCursor<u64>;

    fn open(cap: usize, readers: usize) -> (Self::Tx, Vec<Self::Rx>) {
        let (pusher, first) = bounded(cap);
        let mut cursors: Vec<_> = (1..readers).map(|_| first.fork()).collect();
        cursors.push(first);
        (pusher, cursors)
    }

    #[inline]
    fn try_send(tx: &mut Self::Tx, item: u64) -> bool {
        tx.try_push(item).is_ok()
    }

    #[inline]
    fn try_next(rx: &mut Self::Rx) -> Option<u64> {
        rx.try_next().ok()
    }
}

impl BoundedChannel for AiterBounded {
    #[inline]
    async fn send(tx: &mut Self::Tx, item: u64) {
        tx.push(item).await.expect(LISTENING);
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        rx.next().await
    }
}

impl Forks for AiterBounded {
    fn open(backlog: usize) -> Self {
        let (pusher, cursor) = bounded(backlog.max(1));
        for item in 0..backlog as u64 {
            pusher.try_push(item).expect("there is room");
        }
        Self { _pusher: pusher, cursor }
    }

    #[inline]
    fn fork_and_drop(&mut self) {
        drop(core::hint::black_box(self.cursor.fork()));
    }

    fn fork_and_read(&mut self) -> Tally {
        let mut fork = self.cursor.fork();
        let mut tally = Tally::default();
        while let Ok(item) = fork.try_next() {
            tally.add(item);
        }
        tally
    }
}
