//! tokio's mpsc, unbounded and bounded, and its broadcast.

use core::ops::Range;
use core::task::{Context, Poll, Waker};

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::traits::{
    Bounded, Broadcast, BroadcastChannel, Channel, Contestant, Queue, RUN, Runs, bounded_channel,
};
use crate::harness::{Item, Role, Tally};

/// `send`, and `try_recv`, `poll_recv_many` or `recv`.
#[derive(Debug)]
pub(crate) struct Tokio<T>(UnboundedSender<T>, UnboundedReceiver<T>);

impl<T: Item> Contestant for Tokio<T> {
    const NAME: &'static str = "tokio";
}

impl<T: Item> Queue<T> for Tokio<T> {
    const BATCH: &'static str = "send, poll_recv_many";

    fn open() -> Self {
        let (tx, rx) = unbounded_channel();
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
    fn take_many(&mut self, buf: &mut Vec<T>, max: usize, mut each: impl FnMut(T)) -> usize {
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(taken) = self.1.poll_recv_many(&mut cx, buf, max) else { return 0 };
        for item in buf.drain(..) {
            each(item);
        }
        taken
    }
}

impl Channel for Tokio<u64> {
    type Tx = UnboundedSender<u64>;
    type Rx = UnboundedReceiver<u64>;

    fn open() -> (Self::Tx, Self::Rx) {
        unbounded_channel()
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        tx.send(item).expect("the receiver is alive");
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await
    }
}

impl Runs for Tokio<u64> {
    const RUNS: &'static str = "tokio, recv_many";

    #[inline]
    async fn receive_runs(rx: &mut Self::Rx) -> Tally {
        let mut tally = Tally::default();
        let mut buf = Vec::with_capacity(RUN);
        while rx.recv_many(&mut buf, RUN).await > 0 {
            tally = tally.and(Tally::sum_of(buf.drain(..)));
        }
        tally
    }
}

/// `try_send` or `send`, and `try_recv` or `recv`.
#[derive(Debug)]
pub(crate) struct TokioBounded;

impl Contestant for TokioBounded {
    const NAME: &'static str = "tokio mpsc (no fork)";
}

bounded_channel! {
    TokioBounded(mpsc::Sender<u64>, mpsc::Receiver<u64>), mpsc::channel;
    try_send(tx, item): tx.try_send(item).is_ok();
    try_next(rx): rx.try_recv().ok();
    send(tx, item): tx.send(item).await.expect("the receiver is alive");
    next(rx): rx.recv().await;
}

/// `broadcast`. It is listed, because a slow reader misses items.
#[derive(Debug)]
pub(crate) struct TokioBroadcast(broadcast::Sender<u64>, Vec<broadcast::Receiver<u64>>);

impl Contestant for TokioBroadcast {
    const NAME: &'static str = "tokio broadcast (lossy)";
    const ROLE: Role = Role::Listed;
}

impl Broadcast for TokioBroadcast {
    fn open(readers: usize, burst: usize) -> Self {
        let (tx, first) = broadcast::channel(burst);
        let mut receivers: Vec<_> = (1..readers).map(|_| tx.subscribe()).collect();
        receivers.push(first);
        Self(tx, receivers)
    }

    #[inline]
    fn push_each(&mut self, items: Range<u64>) {
        for item in items {
            self.0.send(u64::make(item)).expect("the receivers are alive");
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

impl BroadcastChannel for TokioBroadcast {
    type Tx = broadcast::Sender<u64>;
    type Rx = broadcast::Receiver<u64>;

    fn open(readers: usize, room: usize) -> (Self::Tx, Vec<Self::Rx>) {
        let Self(tx, receivers) = <Self as Broadcast>::open(readers, room);
        (tx, receivers)
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        tx.send(item).expect("the receivers are alive");
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }
}

/// The room is not a limit: a slow reader misses items.
impl Bounded for TokioBroadcast {
    type Tx = broadcast::Sender<u64>;
    type Rx = broadcast::Receiver<u64>;

    fn open(cap: usize, readers: usize) -> (Self::Tx, Vec<Self::Rx>) {
        <Self as BroadcastChannel>::open(readers, cap)
    }

    #[inline]
    fn try_send(tx: &mut Self::Tx, item: u64) -> bool {
        tx.send(item).is_ok()
    }

    #[inline]
    fn try_next(rx: &mut Self::Rx) -> Option<u64> {
        loop {
            match rx.try_recv() {
                Ok(item) => return Some(item),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }
}
