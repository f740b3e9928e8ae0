//! The push list of this repository: by `push`, by the sole pusher, and in runs.

use core::ops::Range;

use aiter_core::{Cursor, Pusher, SharedCursor, push_list};
use futures_util::StreamExt;

use super::{Broadcast, BroadcastChannel, Channel, Contestant, Forks, Queue, RUN, Runs};
use crate::harness::{Item, Role, Tally};

const LISTENING: &str = "the cursor is alive and nobody stopped the list";
const ALONE: &str = "there is one pusher";

/// `Pusher::push` and `Cursor::try_next` or `next`.
#[derive(Debug)]
pub(crate) struct Aiter<T>(Pusher<T>, Cursor<T>);

impl<T: Item> Contestant for Aiter<T> {
    const NAME: &'static str = "aiter push";
    const ROLE: Role = Role::Ours;
}

impl<T: Item> Queue<T> for Aiter<T> {
    const BATCH: &'static str = "push_all, try_next_many";

    fn open() -> Self {
        let (pusher, cursor) = push_list();
        Self(pusher, cursor)
    }

    #[inline]
    fn push(&mut self, item: T) {
        self.0.push(item).expect(LISTENING);
    }

    #[inline]
    fn push_all(&mut self, items: impl Iterator<Item = T>) {
        self.0.push_all(items).expect(LISTENING);
    }

    #[inline]
    fn try_next(&mut self) -> Option<T> {
        self.1.try_next().ok()
    }

    #[inline]
    fn take_many(&mut self, buf: &mut Vec<T>, max: usize, each: impl FnMut(T)) -> usize {
        take_many(&mut self.1, buf, max, each)
    }
}

impl Channel for Aiter<u64> {
    type Tx = Pusher<u64>;
    type Rx = Cursor<u64>;

    fn open() -> (Self::Tx, Self::Rx) {
        push_list()
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

/// The sole pusher, claimed once a burst.
#[derive(Debug)]
pub(crate) struct AiterSole<T>(Pusher<T>, Cursor<T>);

impl<T: Item> Contestant for AiterSole<T> {
    const NAME: &'static str = "aiter sole";
    const ROLE: Role = Role::Ours;
}

impl<T: Item> Queue<T> for AiterSole<T> {
    const BATCH: &'static str = "push_all, try_next_many";

    fn open() -> Self {
        let (pusher, cursor) = push_list();
        Self(pusher, cursor)
    }

    #[inline]
    fn push(&mut self, item: T) {
        self.0.sole().expect(ALONE).push(item).expect(LISTENING);
    }

    #[inline]
    fn push_each(&mut self, items: impl Iterator<Item = T>) {
        let mut sole = self.0.sole().expect(ALONE);
        for item in items {
            sole.push(item).expect(LISTENING);
        }
    }

    #[inline]
    fn push_all(&mut self, items: impl Iterator<Item = T>) {
        self.0.sole().expect(ALONE).push_all(items).expect(LISTENING);
    }

    #[inline]
    fn try_next(&mut self) -> Option<T> {
        self.1.try_next().ok()
    }

    #[inline]
    fn take_many(&mut self, buf: &mut Vec<T>, max: usize, each: impl FnMut(T)) -> usize {
        take_many(&mut self.1, buf, max, each)
    }
}

impl Channel for AiterSole<u64> {
    type Tx = Pusher<u64>;
    type Rx = Cursor<u64>;

    fn open() -> (Self::Tx, Self::Rx) {
        push_list()
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        tx.sole().expect(ALONE).push(item).expect(LISTENING);
    }

    #[inline]
    fn send_each(tx: &mut Self::Tx, items: Range<u64>) {
        let mut sole = tx.sole().expect(ALONE);
        for item in items {
            sole.push(u64::make(item)).expect(LISTENING);
        }
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        StreamExt::next(rx).await
    }
}

/// `Pusher::push` and `Cursor::next_many`.
impl Runs for Aiter<u64> {
    const RUNS: &'static str = "aiter push, next_many";

    #[inline]
    async fn receive_runs(rx: &mut Self::Rx) -> Tally {
        read_many(rx, &mut Vec::with_capacity(RUN), usize::MAX).await
    }
}

/// `SolePusher::push_all` and `Cursor::next_many`.
impl Runs for AiterSole<u64> {
    const RUNS: &'static str = "aiter sole push_all, next_many";

    #[inline]
    fn send_run(tx: &mut Self::Tx, items: Range<u64>) {
        tx.sole().expect(ALONE).push_all(items.map(u64::make)).expect(LISTENING);
    }

    #[inline]
    async fn receive_runs(rx: &mut Self::Rx) -> Tally {
        read_many(rx, &mut Vec::with_capacity(RUN), usize::MAX).await
    }
}

/// `Pusher::push`, and takers that share one position.
#[derive(Debug)]
pub(crate) struct AiterShared;

impl Contestant for AiterShared {
    const NAME: &'static str = "aiter push, share";
    const ROLE: Role = Role::Ours;
}

impl Channel for AiterShared {
    type Tx = Pusher<u64>;
    type Rx = SharedCursor<u64>;

    fn open() -> (Self::Tx, Self::Rx) {
        let (pusher, cursor) = push_list();
        (pusher, cursor.share())
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

/// Cursors forked from the first one, read item by item.
#[derive(Debug)]
pub(crate) struct AiterForks(Pusher<u64>, Vec<Cursor<u64>>);

impl Contestant for AiterForks {
    const NAME: &'static str = "aiter push, try_next";
    const ROLE: Role = Role::Ours;
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

/// Cursors forked from the first one, read in runs.
#[derive(Debug)]
pub(crate) struct AiterForksMany(Pusher<u64>, Vec<Cursor<u64>>, Vec<u64>);

impl Contestant for AiterForksMany {
    const NAME: &'static str = "aiter push, try_next_many";
    const ROLE: Role = Role::Ours;
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

fn forked(readers: usize) -> (Pusher<u64>, Vec<Cursor<u64>>) {
    let (pusher, first) = push_list();
    let mut cursors: Vec<_> = (1..readers).map(|_| first.fork()).collect();
    cursors.push(first);
    (pusher, cursors)
}

#[inline]
fn take_many<T: Item>(
    cursor: &mut Cursor<T>,
    buf: &mut Vec<T>,
    max: usize,
    mut each: impl FnMut(T),
) -> usize {
    let mut taken = 0;
    while taken < max {
        let run = cursor.try_next_many(buf, max - taken);
        if run == 0 {
            break;
        }
        taken += run;
        for item in buf.drain(..) {
            each(item);
        }
    }
    taken
}

/// Awaits up to `max` items, in runs.
async fn read_many(cursor: &mut Cursor<u64>, buf: &mut Vec<u64>, max: usize) -> Tally {
    let (mut tally, mut left) = (Tally::default(), max);
    while left > 0 {
        let run = cursor.next_many(buf, left.min(RUN)).await;
        if run == 0 {
            break;
        }
        left -= run;
        tally = tally.and(Tally::sum_of(buf.drain(..)));
    }
    tally
}
