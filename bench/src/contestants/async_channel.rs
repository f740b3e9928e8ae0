//! async-channel, unbounded and bounded.

use async_channel::{Receiver, Sender, bounded, unbounded};

use super::traits::{Channel, Contestant, Queue, bounded_channel};
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

bounded_channel! {
    AsyncChannelBounded(Sender<u64>, Receiver<u64>), bounded;
    try_send(tx, item): tx.try_send(item).is_ok();
    try_next(rx): rx.try_recv().ok();
    send(tx, item): tx.send(item).await.expect("the receiver is alive");
    next(rx): rx.recv().await.ok();
}
