//! kanal, unbounded and bounded.

use kanal::{AsyncReceiver, AsyncSender, Receiver, Sender, bounded_async, unbounded};

use super::traits::{Channel, Contestant, Queue, Runs, bounded_channel};
use crate::harness::{Item, Tally};

/// `send`, and `try_recv`, `drain_into` or `recv`.
#[derive(Debug)]
pub(crate) struct Kanal<T>(Sender<T>, Receiver<T>);

impl<T: Item> Contestant for Kanal<T> {
    const NAME: &'static str = "kanal";
}

impl<T: Item> Queue<T> for Kanal<T> {
    const BATCH: &'static str = "send, drain_into";

    fn open() -> Self {
        let (tx, rx) = unbounded();
        Self(tx, rx)
    }

    #[inline]
    fn push(&mut self, item: T) {
        self.0.send(item).expect("the receiver is alive");
    }

    #[inline]
    fn try_next(&mut self) -> Option<T> {
        self.1.try_recv().expect("the sender is alive")
    }

    #[inline]
    fn take_many(&mut self, buf: &mut Vec<T>, _max: usize, mut each: impl FnMut(T)) -> usize {
        let taken = self.1.drain_into(buf).expect("the sender is alive");
        for item in buf.drain(..) {
            each(item);
        }
        taken
    }
}

impl Channel for Kanal<u64> {
    type Tx = Sender<u64>;
    type Rx = AsyncReceiver<u64>;

    fn open() -> (Self::Tx, Self::Rx) {
        let (tx, rx) = unbounded();
        (tx, rx.to_async())
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

/// Waits for one item, then drains the channel, as the documentation of kanal recommends.
impl Runs for Kanal<u64> {
    const RUNS: &'static str = "kanal, drain_into";

    #[inline]
    async fn receive_runs(rx: &mut Self::Rx) -> Tally {
        let mut tally = Tally::default();
        let mut buf = Vec::new();
        while let Ok(item) = rx.recv().await {
            tally.add(item.number());
            // An error means the end, which the next `recv` reports.
            let _ = rx.drain_into(&mut buf);
            tally = tally.and(Tally::sum_of(buf.drain(..)));
        }
        tally
    }
}

/// `try_send` or `send`, and `try_recv` or `recv`. A future that is dropped may lose an item.
#[derive(Debug)]
pub(crate) struct KanalBounded;

impl Contestant for KanalBounded {
    const NAME: &'static str = "kanal (no fork, cancel loses items)";
}

bounded_channel! {
    KanalBounded(AsyncSender<u64>, AsyncReceiver<u64>), bounded_async;
    try_send(tx, item): tx.try_send(item).expect("the receiver is alive");
    try_next(rx): rx.try_recv().ok().flatten();
    send(tx, item): tx.send(item).await.expect("the receiver is alive");
    next(rx): rx.recv().await.ok();
}
