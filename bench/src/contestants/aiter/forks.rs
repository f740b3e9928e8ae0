//! Forked cursors, which all read everything.

use core::ops::Range;

use aiter_core::{Cursor, Pusher, push_list};
use futures_util::StreamExt;

use super::read::{LISTENING, read_many, take_many};
use crate::contestants::traits::{Broadcast, BroadcastChannel, Contestant, Forks, RUN};
use crate::harness::{Item, Role, Tally};

/// Forked cursors that are read item by item.
#[derive(Debug)]
pub(crate) struct AiterForks(Pusher<u64>, Vec<Cursor<u64>>);

impl Contestant for AiterForks {
    const NAME: &'static str = "aiter push, try_next";
    const ROLE: Role = Role::Aiter;
}

impl Broadcast for AiterForks {
    fn open(readers: usize, _burst: usize) -> Self {
        let (pusher, cursors) = forked(readers);
        Self(pusher, cursors)
    }

    #[inline]
    fn push_each(&mut self, items: Range<u64>) {
        for item in items {
            self.0.push(u64::make(item)).expect(LISTENING);
        }
    }

    #[inline]
    fn read(&mut self, reader: usize, max: usize) -> Tally {
        let mut tally = Tally::default();
        let cursor = &mut self.1[reader];
        for _ in 0..max {
            let Ok(item) = cursor.try_next() else { break };
            tally.add(item.number());
        }
        tally
    }
}

impl BroadcastChannel for AiterForks {
    type Tx = Pusher<u64>;
    type Rx = Cursor<u64>;

    fn open(readers: usize, _room: usize) -> (Self::Tx, Vec<Self::Rx>) {
        forked(readers)
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        tx.push(item).expect(LISTENING);
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        StreamExt::next(rx).await
    }
}

impl Forks for AiterForks {
    fn open(backlog: usize) -> Self {
        let (pusher, cursors) = forked(1);
        for item in 0..backlog as u64 {
            pusher.push(item).expect(LISTENING);
        }
        Self(pusher, cursors)
    }

    #[inline]
    fn fork_and_drop(&mut self) {
        drop(core::hint::black_box(self.1[0].fork()));
    }

    fn fork_and_read(&mut self) -> Tally {
        let mut fork = self.1[0].fork();
        let mut tally = Tally::default();
        while let Ok(item) = fork.try_next() {
            tally.add(item);
        }
        tally
    }
}

/// Forked cursors that are read in runs.
#[derive(Debug)]
pub(crate) struct AiterForksMany(Pusher<u64>, Vec<Cursor<u64>>, Vec<u64>);

impl Contestant for AiterForksMany {
    const NAME: &'static str = "aiter push, try_next_many";
    const ROLE: Role = Role::Aiter;
}

impl Broadcast for AiterForksMany {
    fn open(readers: usize, burst: usize) -> Self {
        let (pusher, cursors) = forked(readers);
        Self(pusher, cursors, Vec::with_capacity(burst))
    }

    #[inline]
    fn push_each(&mut self, items: Range<u64>) {
        for item in items {
            self.0.push(u64::make(item)).expect(LISTENING);
        }
    }

    #[inline]
    fn read(&mut self, reader: usize, max: usize) -> Tally {
        let mut tally = Tally::default();
        let Self(_, cursors, buf) = self;
        take_many(&mut cursors[reader], buf, max, |item| tally.add(item.number()));
        tally
    }
}

impl BroadcastChannel for AiterForksMany {
    type Tx = Pusher<u64>;
    type Rx = (Cursor<u64>, Vec<u64>);

    fn open(readers: usize, _room: usize) -> (Self::Tx, Vec<Self::Rx>) {
        let (pusher, cursors) = forked(readers);
        (pusher, cursors.into_iter().map(|cursor| (cursor, Vec::with_capacity(RUN))).collect())
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        tx.push(item).expect(LISTENING);
    }

    #[inline]
    async fn next((cursor, _): &mut Self::Rx) -> Option<u64> {
        cursor.next().await
    }

    async fn read((cursor, buf): &mut Self::Rx, max: usize) -> Tally {
        read_many(cursor, buf, max).await
    }
}

/// Makes a list with `readers` cursors.
fn forked(readers: usize) -> (Pusher<u64>, Vec<Cursor<u64>>) {
    let (pusher, first) = push_list();
    let mut cursors: Vec<_> = (1..readers).map(|_| first.fork()).collect();
    cursors.push(first);
    (pusher, cursors)
}
