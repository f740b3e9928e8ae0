//! async-channel, unbounded and bounded.

use async_channel::{Receiver, Sender, bounded, unbounded};

use super::traits::{Bounded, BoundedChannel, Channel, Contestant, Queue, only};
use crate::harness::Item;

/// `try_send`, and `try_recv` or `recv`.
#[derive(Debug)]
pub(crate) struct AsyncChannel<T>(Sender<T>, Receiver<T>);

impl<T: Item> Contestant for AsyncChannel<T> {
    const NAME: &'static str = "async-channel";
}

impl<T: Item> Queue<T> for AsyncChannel<T> {
    fn open() -> Self {
        let (tx, rx) = unbounded();
        Self(tx, rx)
    }

    #[inline]
    fn push(&mut self, item: T) {
        self.0.try_send(item).expect("the receiver is alive");
    }

    #[inline]
    fn try_next(&mut self) -> Option<T> {
        self.1.try_recv().ok()
    }
}

impl Channel for AsyncChannel<u64> {
    type Tx = Sender<u64>;
    type Rx = Receiver<u64>;

    fn open() -> (Self::Tx, Self::Rx) {
        unbounded()
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        tx.try_send(item).expect("the receiver is alive");
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }
}

/// `try_send` or `send`, and `try_recv` or `recv`.
#[derive(Debug)]
pub(crate) struct AsyncChannelBounded;

impl Contestant for AsyncChannelBounded {
    const NAME: &'static str = "async-channel (no fork)";
}

impl Bounded for AsyncChannelBounded {
    type Tx = Sender<u64>;
    type Rx = Receiver<u64>;

    fn open(cap: usize, readers: usize) -> (Self::Tx, Vec<Self::Rx>) {
        let (tx, rx) = bounded(cap);
        (tx, only(rx, readers))
    }

    #[inline]
    fn try_send(tx: &mut Self::Tx, item: u64) -> bool {
        tx.try_send(item).is_ok()
    }

    #[inline]
    fn try_next(rx: &mut Self::Rx) -> Option<u64> {
        rx.try_recv().ok()
    }
}

impl BoundedChannel for AsyncChannelBounded {
    #[inline]
    async fn send(tx: &mut Self::Tx, item: u64) {
        tx.send(item).await.expect("the receiver is alive");
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }
}
