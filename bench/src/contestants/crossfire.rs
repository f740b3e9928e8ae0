//! crossfire, unbounded: mpsc, spsc and mpmc.

use crossfire::{AsyncRx, MAsyncRx, MTx, Rx, Tx, mpmc, mpsc, spsc};

use super::traits::{Channel, Contestant, Queue};
use crate::harness::Item;

/// The mpsc channel: `send`, and `try_recv` or `recv`.
pub(crate) struct CrossfireMpsc<T: Item>(MTx<mpsc::List<T>>, Rx<mpsc::List<T>>);

impl<T: Item> Contestant for CrossfireMpsc<T> {
    const NAME: &'static str = "crossfire mpsc";
}

impl<T: Item> Queue<T> for CrossfireMpsc<T> {
    fn open() -> Self {
        let (tx, rx) = mpsc::unbounded_blocking();
        Self(tx, rx)
    }

    #[inline]
    fn push(&mut self, item: T) {
        self.0.send(item).expect("the receiver is alive");
    }

    #[inline]
    fn try_next(&mut self) -> Option<T> {
        self.1.try_recv().ok()
    }
}

impl Channel for CrossfireMpsc<u64> {
    type Tx = MTx<mpsc::List<u64>>;
    type Rx = AsyncRx<mpsc::List<u64>>;

    fn open() -> (Self::Tx, Self::Rx) {
        mpsc::unbounded_async()
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        tx.send(item).expect("the receiver is alive");
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }
}

/// The spsc channel: `send`, and `try_recv` or `recv`.
pub(crate) struct CrossfireSpsc<T: Item>(Tx<spsc::List<T>>, Rx<spsc::List<T>>);

impl<T: Item> Contestant for CrossfireSpsc<T> {
    const NAME: &'static str = "crossfire spsc";
}

impl<T: Item> Queue<T> for CrossfireSpsc<T> {
    fn open() -> Self {
        let (tx, rx) = spsc::unbounded_blocking();
        Self(tx, rx)
    }

    #[inline]
    fn push(&mut self, item: T) {
        self.0.send(item).expect("the receiver is alive");
    }

    #[inline]
    fn try_next(&mut self) -> Option<T> {
        self.1.try_recv().ok()
    }
}

impl Channel for CrossfireSpsc<u64> {
    type Tx = Tx<spsc::List<u64>>;
    type Rx = AsyncRx<spsc::List<u64>>;

    fn open() -> (Self::Tx, Self::Rx) {
        spsc::unbounded_async()
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        tx.send(item).expect("the receiver is alive");
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }
}

/// The mpmc channel: `send` and `recv`.
pub(crate) struct CrossfireMpmc;

impl Contestant for CrossfireMpmc {
    const NAME: &'static str = "crossfire mpmc";
}

impl Channel for CrossfireMpmc {
    type Tx = MTx<mpmc::List<u64>>;
    type Rx = MAsyncRx<mpmc::List<u64>>;

    fn open() -> (Self::Tx, Self::Rx) {
        mpmc::unbounded_async()
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        tx.send(item).expect("a receiver is alive");
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }
}
