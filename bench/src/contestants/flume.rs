//! flume, unbounded and bounded.

use flume::{Receiver, Sender, bounded, unbounded};

use super::traits::{Channel, Contestant, Queue, Runs, bounded_channel};
use crate::harness::{Item, Tally};

/// `send`, and `try_recv`, `drain` or `recv_async`.
#[derive(Debug)]
pub(crate) struct Flume<T>(Sender<T>, Receiver<T>);

impl<T: Item> Contestant for Flume<T> {
    const NAME: &'static str = "flume";
}

impl<T: Item> Queue<T> for Flume<T> {
    const BATCH: &'static str = "send, drain";

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
        self.1.try_recv().ok()
    }

    #[inline]
    fn take_many(&mut self, _buf: &mut Vec<T>, _max: usize, mut each: impl FnMut(T)) -> usize {
        let run = self.1.drain();
        let taken = run.len();
        for item in run {
            each(item);
        }
        taken
    }
}

impl Channel for Flume<u64> {
    type Tx = Sender<u64>;
    type Rx = Receiver<u64>;

    fn open() -> (Self::Tx, Self::Rx) {
        unbounded()
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        tx.send(item).expect("the receiver is alive");
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv_async().await.ok()
    }
}

/// Waits for one item, then drains the channel.
impl Runs for Flume<u64> {
    const RUNS: &'static str = "flume, drain";

    #[inline]
    async fn receive_runs(rx: &mut Self::Rx) -> Tally {
        let mut tally = Tally::default();
        while let Ok(item) = rx.recv_async().await {
            tally.add(item.number());
            tally = tally.and(Tally::sum_of(rx.drain()));
        }
        tally
    }
}

/// `try_send` or `send_async`, and `try_recv` or `recv_async`.
#[derive(Debug)]
pub(crate) struct FlumeBounded;

impl Contestant for FlumeBounded {
    const NAME: &'static str = "flume (no fork)";
}

bounded_channel! {
    FlumeBounded(Sender<u64>, Receiver<u64>), bounded;
    try_send(tx, item): tx.try_send(item).is_ok();
    try_next(rx): rx.try_recv().ok();
    send(tx, item): tx.send_async(item).await.expect("the receiver is alive");
    next(rx): rx.recv_async().await.ok();
}
