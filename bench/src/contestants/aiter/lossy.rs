//! The bounded list whose cursors miss the oldest items if they are too slow.

use aiter_adapters::{LossyCursor, LossyPolicy, LossyPusher, bounded_lossy};

use super::read::LISTENING;
use crate::contestants::traits::{Bounded, Contestant};
use crate::harness::Role;

/// `push` and `try_next`. The room is not a limit: a slow reader misses items.
#[derive(Debug)]
pub(crate) struct AiterDropOldest;

impl Contestant for AiterDropOldest {
    const NAME: &'static str = "aiter bounded, drop oldest";
    const ROLE: Role = Role::Aiter;
}

impl Bounded for AiterDropOldest {
    type Tx = LossyPusher<u64>;
    type Rx = LossyCursor<u64>;

    fn open(cap: usize, readers: usize) -> (Self::Tx, Vec<Self::Rx>) {
        let (pusher, first) = bounded_lossy(cap, LossyPolicy::DropOldest);
        let mut cursors: Vec<_> = (1..readers).map(|_| first.fork()).collect();
        cursors.push(first);
        (pusher, cursors)
    }

    #[inline]
    fn try_send(tx: &mut Self::Tx, item: u64) -> bool {
        tx.push(item).expect(LISTENING);
        true
    }

    #[inline]
    fn try_next(rx: &mut Self::Rx) -> Option<u64> {
        rx.try_next().ok()
    }
}
