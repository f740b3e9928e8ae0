//! asyncband: bounded mpsc, mpmc and broadcast.

use asyncband::broadcast::mpmc as broadcast;
use asyncband::{mpmc, mpsc};

use super::traits::{Bounded, BoundedChannel, Contestant, bounded_channel};

/// `mpsc::bounded`: `try_send` or `send`, and `try_recv` or `recv`.
#[derive(Debug)]
pub(crate) struct AsyncbandMpsc;

impl Contestant for AsyncbandMpsc {
    const NAME: &'static str = "asyncband mpsc (no fork)";
}

bounded_channel! {
    AsyncbandMpsc(mpsc::BoundedSender<u64>, mpsc::BoundedReceiver<u64>), mpsc::bounded;
    try_send(tx, item): tx.try_send(item).is_ok();
    try_next(rx): rx.try_recv().ok();
    send(tx, item): tx.send(item).await.expect("the receiver is alive");
    next(rx): rx.recv().await.ok();
}

/// `mpmc::bounded`: `try_send` or `send`, and `try_recv` or `recv`.
#[derive(Debug)]
pub(crate) struct AsyncbandMpmc;

impl Contestant for AsyncbandMpmc {
    const NAME: &'static str = "asyncband mpmc (no fork)";
}

bounded_channel! {
    AsyncbandMpmc(mpmc::BoundedSender<u64>, mpmc::BoundedReceiver<u64>), mpmc::bounded;
    try_send(tx, item): tx.try_send(item).is_ok();
    try_next(rx): rx.try_recv().ok();
    send(tx, item): tx.send(item).await.expect("the receiver is alive");
    next(rx): rx.recv().await.ok();
}

/// `broadcast::mpmc::bounded`. Its readers join at the end of the queue only.
#[derive(Debug)]
pub(crate) struct AsyncbandBroadcast;

impl Contestant for AsyncbandBroadcast {
    const NAME: &'static str = "asyncband broadcast (no fork)";
}

impl Bounded for AsyncbandBroadcast {
    type Tx = broadcast::BoundedSender<u64>;
    type Rx = broadcast::BoundedReceiver<u64>;

    fn open(cap: usize, readers: usize) -> (Self::Tx, Vec<Self::Rx>) {
        let (tx, first) = broadcast::bounded(cap);
        let mut receivers: Vec<_> = (1..readers).map(|_| tx.subscribe()).collect();
        receivers.push(first);
        (tx, receivers)
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

impl BoundedChannel for AsyncbandBroadcast {
    #[inline]
    async fn send(tx: &mut Self::Tx, item: u64) {
        tx.send(item).await;
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }
}
