//! futures-channel's unbounded mpsc.

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;

use super::traits::{Channel, Contestant, Queue};
use crate::harness::Item;

/// `unbounded_send`, and `try_recv` or `next`.
#[derive(Debug)]
pub(crate) struct Futures<T>(UnboundedSender<T>, UnboundedReceiver<T>);

impl<T: Item> Contestant for Futures<T> {
    const NAME: &'static str = "futures-channel";
}

impl<T: Item> Queue<T> for Futures<T> {
    fn open() -> Self {
        let (tx, rx) = unbounded();
        Self(tx, rx)
    }

    #[inline]
    fn push(&mut self, item: T) {
        self.0.unbounded_send(item).expect("the receiver is alive");
    }

    #[inline]
    fn try_next(&mut self) -> Option<T> {
        self.1.try_recv().ok()
    }
}

impl Channel for Futures<u64> {
    type Tx = UnboundedSender<u64>;
    type Rx = UnboundedReceiver<u64>;

    fn open() -> (Self::Tx, Self::Rx) {
        unbounded()
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        tx.unbounded_send(item).expect("the receiver is alive");
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        StreamExt::next(rx).await
    }
}
