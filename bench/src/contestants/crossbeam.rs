//! crossbeam-channel, unbounded. It has no async receiver.

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::traits::{Contestant, Queue};
use crate::harness::Item;

/// `send` and `try_recv`.
#[derive(Debug)]
pub(crate) struct Crossbeam<T>(Sender<T>, Receiver<T>);

impl<T: Item> Contestant for Crossbeam<T> {
    const NAME: &'static str = "crossbeam-channel";
}

impl<T: Item> Queue<T> for Crossbeam<T> {
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
}
