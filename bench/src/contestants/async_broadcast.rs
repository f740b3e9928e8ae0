//! async-broadcast: lossless and bounded, with one lock and one queue for all readers.

use core::ops::Range;

use async_broadcast::{Receiver, Sender, TryRecvError, broadcast};

use super::traits::{Bounded, BoundedChannel, Broadcast, BroadcastChannel, Contestant, Forks};
use crate::harness::{Item, Tally};

/// `try_broadcast` and `try_recv`, with room for a whole burst.
#[derive(Debug)]
pub(crate) struct AsyncBroadcast(Sender<u64>, Vec<Receiver<u64>>);

impl Contestant for AsyncBroadcast {
    const NAME: &'static str = "async-broadcast";
}

impl Broadcast for AsyncBroadcast {
    fn open(readers: usize, burst: usize) -> Self {
        let (tx, first) = broadcast(burst);
        let mut receivers: Vec<_> = (1..readers).map(|_| first.clone()).collect();
        receivers.push(first);
        Self(tx, receivers)
    }

    #[inline]
    fn push_each(&mut self, items: Range<u64>) {
        for item in items {
            self.0.try_broadcast(u64::make(item)).expect("there is room");
        }
    }

    #[inline]
    fn read(&mut self, reader: usize, max: usize) -> Tally {
        let mut tally = Tally::default();
        let receiver = &mut self.1[reader];
        for _ in 0..max {
            let Ok(item) = receiver.try_recv() else { break };
            tally.add(item.number());
        }
        tally
    }
}

impl BroadcastChannel for AsyncBroadcast {
    type Tx = Sender<u64>;
    type Rx = Receiver<u64>;

    fn open(readers: usize, room: usize) -> (Self::Tx, Vec<Self::Rx>) {
        let Self(tx, receivers) = <Self as Broadcast>::open(readers, room);
        (tx, receivers)
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        tx.try_broadcast(item).expect("there is room");
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv_direct().await.ok()
    }
}

impl Bounded for AsyncBroadcast {
    type Tx = Sender<u64>;
    type Rx = Receiver<u64>;

    fn open(cap: usize, readers: usize) -> (Self::Tx, Vec<Self::Rx>) {
        <Self as BroadcastChannel>::open(readers, cap)
    }

    #[inline]
    fn try_send(tx: &mut Self::Tx, item: u64) -> bool {
        tx.try_broadcast(item).is_ok()
    }

    #[inline]
    fn try_next(rx: &mut Self::Rx) -> Option<u64> {
        rx.try_recv().ok()
    }
}

impl BoundedChannel for AsyncBroadcast {
    #[inline]
    async fn send(tx: &mut Self::Tx, item: u64) {
        tx.broadcast_direct(item).await.expect("the receivers are alive");
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv_direct().await.ok()
    }
}

/// `try_broadcast` and `try_recv` of a queue that drops the oldest item instead of being full.
#[derive(Debug)]
pub(crate) struct AsyncBroadcastOverflow;

impl Contestant for AsyncBroadcastOverflow {
    const NAME: &'static str = "async-broadcast, overflow";
}

impl Bounded for AsyncBroadcastOverflow {
    type Tx = Sender<u64>;
    type Rx = Receiver<u64>;

    fn open(cap: usize, readers: usize) -> (Self::Tx, Vec<Self::Rx>) {
        let (mut tx, receivers) = <AsyncBroadcast as BroadcastChannel>::open(readers, cap);
        tx.set_overflow(true);
        (tx, receivers)
    }

    #[inline]
    fn try_send(tx: &mut Self::Tx, item: u64) -> bool {
        tx.try_broadcast(item).is_ok()
    }

    #[inline]
    fn try_next(rx: &mut Self::Rx) -> Option<u64> {
        loop {
            match rx.try_recv() {
                Ok(item) => return Some(item),
                Err(TryRecvError::Overflowed(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }
}

impl Forks for AsyncBroadcast {
    fn open(backlog: usize) -> Self {
        let (tx, first) = broadcast(backlog.max(1));
        for item in 0..backlog as u64 {
            tx.try_broadcast(item).expect("there is room");
        }
        Self(tx, vec![first])
    }

    #[inline]
    fn fork_and_drop(&mut self) {
        drop(core::hint::black_box(self.1[0].clone()));
    }

    fn fork_and_read(&mut self) -> Tally {
        let mut fork = self.1[0].clone();
        let mut tally = Tally::default();
        while let Ok(item) = fork.try_recv() {
            tally.add(item);
        }
        tally
    }
}
