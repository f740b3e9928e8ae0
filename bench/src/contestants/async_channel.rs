//! async-channel, unbounded.

use async_channel::{Receiver, Sender, unbounded};

use super::traits::{Channel, Contestant, Queue};
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
