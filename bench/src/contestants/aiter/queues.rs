//! The push list as a queue: each item is taken once.

use core::ops::Range;

use aiter_core::{Cursor, Pusher, SharedCursor, push_list};
use futures_util::StreamExt;

use super::read::{LISTENING, read_many, take_many};
use crate::contestants::traits::{Channel, Contestant, Queue, RUN, Runs};
use crate::harness::{Item, Role, Tally};

const ALONE: &str = "there is one pusher";

/// `Pusher::push` and `Cursor::try_next` or `next`.
#[derive(Debug)]
pub(crate) struct Aiter<T>(Pusher<T>, Cursor<T>);

impl<T: Item> Contestant for Aiter<T> {
    const NAME: &'static str = "aiter push";
    const ROLE: Role = Role::Aiter;
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

/// The unique pusher, claimed once per burst.
#[derive(Debug)]
pub(crate) struct AiterUnique<T>(Pusher<T>, Cursor<T>);

impl<T: Item> Contestant for AiterUnique<T> {
    const NAME: &'static str = "aiter unique";
    const ROLE: Role = Role::Aiter;
}

impl<T: Item> Queue<T> for AiterUnique<T> {
    const BATCH: &'static str = "push_all, try_next_many";

    fn open() -> Self {
        let (pusher, cursor) = push_list();
        Self(pusher, cursor)
    }

    #[inline]
    fn push(&mut self, item: T) {
        self.0.unique().expect(ALONE).push(item).expect(LISTENING);
    }

    #[inline]
    fn push_each(&mut self, items: impl Iterator<Item = T>) {
        let mut unique = self.0.unique().expect(ALONE);
        for item in items {
            unique.push(item).expect(LISTENING);
        }
    }

    #[inline]
    fn push_all(&mut self, items: impl Iterator<Item = T>) {
        self.0.unique().expect(ALONE).push_all(items).expect(LISTENING);
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

impl Channel for AiterUnique<u64> {
    type Tx = Pusher<u64>;
    type Rx = Cursor<u64>;

    fn open() -> (Self::Tx, Self::Rx) {
        push_list()
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        tx.unique().expect(ALONE).push(item).expect(LISTENING);
    }

    #[inline]
    fn send_each(tx: &mut Self::Tx, items: Range<u64>) {
        let mut unique = tx.unique().expect(ALONE);
        for item in items {
            unique.push(u64::make(item)).expect(LISTENING);
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

/// `UniquePusher::push_all` and `Cursor::next_many`.
impl Runs for AiterUnique<u64> {
    const RUNS: &'static str = "aiter unique push_all, next_many";

    #[inline]
    fn send_run(tx: &mut Self::Tx, items: Range<u64>) {
        tx.unique().expect(ALONE).push_all(items.map(u64::make)).expect(LISTENING);
    }

    #[inline]
    async fn receive_runs(rx: &mut Self::Rx) -> Tally {
        read_many(rx, &mut Vec::with_capacity(RUN), usize::MAX).await
    }
}

/// `Pusher::push`, and a shared cursor.
#[derive(Debug)]
pub(crate) struct AiterShared;

impl Contestant for AiterShared {
    const NAME: &'static str = "aiter push, share";
    const ROLE: Role = Role::Aiter;
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
