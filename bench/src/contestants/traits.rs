//! The traits that the scenarios need of a contestant.

use core::future::Future;
use core::marker::PhantomData;
use core::ops::Range;

use crate::harness::{Item, Role, Tally};

/// Largest number of items that one call takes, if the call has a limit.
pub(super) const RUN: usize = 256;

/// Makes the readers of a channel that can have one only.
///
/// # Panics
/// Panics if `readers` is not 1.
pub(super) fn only<Rx>(rx: Rx, readers: usize) -> Vec<Rx> {
    assert_eq!(readers, 1, "each item of this channel goes to one reader");
    vec![rx]
}

/// A contestant: its name and the part that it plays.
pub(crate) trait Contestant: 'static {
    /// Name in the tables.
    const NAME: &'static str;
    /// Part that it plays.
    const ROLE: Role = Role::Peer;
}

/// A queue that one thread uses without waiting.
pub(crate) trait Queue<T: Item>: Contestant {
    /// The functions that `push_all` and `take_many` call.
    const BATCH: &'static str = "one by one";

    /// Makes an empty queue.
    fn open() -> Self;

    /// Pushes one item.
    fn push(&mut self, item: T);

    /// Pushes the items one by one, after preparations that a burst needs once.
    fn push_each(&mut self, items: impl Iterator<Item = T>) {
        for item in items {
            self.push(item);
        }
    }

    /// Pushes the items in the fastest way.
    fn push_all(&mut self, items: impl Iterator<Item = T>) {
        self.push_each(items);
    }

    /// Takes the next item. Returns `None` if there is none.
    fn try_next(&mut self) -> Option<T>;

    /// Takes up to `max` items in the fastest way, passes each to `each` and returns their number.
    ///
    /// `buf` is empty before and after.
    fn take_many(&mut self, buf: &mut Vec<T>, max: usize, mut each: impl FnMut(T)) -> usize {
        let _ = buf;
        let mut taken = 0;
        while taken < max {
            let Some(item) = self.try_next() else { break };
            each(item);
            taken += 1;
        }
        taken
    }
}

/// A channel with an async receiver, whose halves can live on two threads.
pub(crate) trait Channel: Contestant {
    /// The sending half.
    type Tx: Send;
    /// The receiving half.
    type Rx: Send;

    /// Makes an empty channel.
    fn open() -> (Self::Tx, Self::Rx);

    /// Sends one item.
    fn send(tx: &mut Self::Tx, item: u64);

    /// Sends a burst of items.
    fn send_each(tx: &mut Self::Tx, items: Range<u64>) {
        for item in items {
            Self::send(tx, u64::make(item));
        }
    }

    /// Waits for the next item. Returns `None` at the end.
    fn next(rx: &mut Self::Rx) -> impl Future<Output = Option<u64>>;

    /// Receives until the end.
    fn receive(rx: &mut Self::Rx) -> impl Future<Output = Tally> {
        async {
            let mut tally = Tally::default();
            while let Some(item) = Self::next(rx).await {
                tally.add(item.number());
            }
            tally
        }
    }
}

/// A channel that can receive many items at once.
pub(crate) trait Runs: Channel {
    /// Name in the tables.
    const RUNS: &'static str;

    /// Sends the items in the fastest way.
    fn send_run(tx: &mut Self::Tx, items: Range<u64>) {
        Self::send_each(tx, items);
    }

    /// Receives until the end, as many items at once as are ready.
    fn receive_runs(rx: &mut Self::Rx) -> impl Future<Output = Tally>;
}

/// A channel whose items are received in runs.
#[derive(Debug)]
pub(crate) struct InRuns<C>(PhantomData<C>);

impl<C: Runs> Contestant for InRuns<C> {
    const NAME: &'static str = C::RUNS;
    const ROLE: Role = C::ROLE;
}

impl<C: Runs> Channel for InRuns<C> {
    type Tx = C::Tx;
    type Rx = C::Rx;

    fn open() -> (Self::Tx, Self::Rx) {
        C::open()
    }

    #[inline]
    fn send(tx: &mut Self::Tx, item: u64) {
        C::send(tx, item);
    }

    #[inline]
    fn send_each(tx: &mut Self::Tx, items: Range<u64>) {
        C::send_run(tx, items);
    }

    #[inline]
    async fn next(rx: &mut Self::Rx) -> Option<u64> {
        C::next(rx).await
    }

    #[inline]
    async fn receive(rx: &mut Self::Rx) -> Tally {
        C::receive_runs(rx).await
    }
}

/// A queue of which every reader reads every item, used by one thread.
pub(crate) trait Broadcast: Contestant {
    /// Makes a queue with `readers` readers, and room for `burst` items if room is limited.
    fn open(readers: usize, burst: usize) -> Self;

    /// Pushes the items one by one.
    fn push_each(&mut self, items: Range<u64>);

    /// Takes up to `max` items of one reader.
    fn read(&mut self, reader: usize, max: usize) -> Tally;
}

/// A channel of which every reader reads every item. Its sending half can move to another thread.
pub(crate) trait BroadcastChannel: Contestant {
    /// The sending half.
    type Tx: Send;
    /// A reader.
    type Rx;

    /// Makes a channel with `readers` readers, and room for `room` items if room is limited.
    fn open(readers: usize, room: usize) -> (Self::Tx, Vec<Self::Rx>);

    /// Sends one item.
    fn send(tx: &mut Self::Tx, item: u64);

    /// Waits for the next item. Returns `None` at the end.
    fn next(rx: &mut Self::Rx) -> impl Future<Output = Option<u64>>;

    /// Waits for the next `max` items or for the end.
    fn read(rx: &mut Self::Rx, max: usize) -> impl Future<Output = Tally> {
        async move {
            let mut tally = Tally::default();
            for _ in 0..max {
                let Some(item) = Self::next(rx).await else { break };
                tally.add(item.number());
            }
            tally
        }
    }
}

/// A queue with limited room, of which every reader reads every item.
pub(crate) trait Bounded: Contestant {
    /// The sending half.
    type Tx: Send + 'static;
    /// A reader.
    type Rx: Send + 'static;

    /// Makes a queue with room for `cap` items and with `readers` readers.
    fn open(cap: usize, readers: usize) -> (Self::Tx, Vec<Self::Rx>);

    /// Sends one item. Returns `false` if there is no room.
    fn try_send(tx: &mut Self::Tx, item: u64) -> bool;

    /// Takes the next item. Returns `None` if there is none.
    fn try_next(rx: &mut Self::Rx) -> Option<u64>;
}

/// A queue with limited room whose halves wait.
pub(crate) trait BoundedChannel: Bounded {
    /// Waits for room and sends one item.
    fn send(tx: &mut Self::Tx, item: u64) -> impl Future<Output = ()>;

    /// Waits for the next item. Returns `None` at the end.
    fn next(rx: &mut Self::Rx) -> impl Future<Output = Option<u64>>;
}

/// Implements `Bounded` and `BoundedChannel` for a channel with one receiver.
///
/// `open` makes both halves. The other lines are the bodies of the methods.
macro_rules! bounded_channel {
    (
        $name:ident($tx_type:ty, $rx_type:ty), $open:expr;
        try_send($try_tx:ident, $try_item:ident): $try_send:expr;
        try_next($try_rx:ident): $try_next:expr;
        send($tx:ident, $item:ident): $send:expr;
        next($rx:ident): $next:expr;
    ) => {
        impl $crate::contestants::traits::Bounded for $name {
            type Tx = $tx_type;
            type Rx = $rx_type;

            fn open(cap: usize, readers: usize) -> (Self::Tx, Vec<Self::Rx>) {
                let (tx, rx) = $open(cap);
                (tx, $crate::contestants::traits::only(rx, readers))
            }

            #[inline]
            fn try_send($try_tx: &mut Self::Tx, $try_item: u64) -> bool {
                $try_send
            }

            #[inline]
            fn try_next($try_rx: &mut Self::Rx) -> Option<u64> {
                $try_next
            }
        }

        impl $crate::contestants::traits::BoundedChannel for $name {
            #[inline]
            async fn send($tx: &mut Self::Tx, $item: u64) {
                $send;
            }

            #[inline]
            async fn next($rx: &mut Self::Rx) -> Option<u64> {
                $next
            }
        }
    };
}

pub(crate) use bounded_channel;

/// A reader that can be forked.
pub(crate) trait Forks: Contestant {
    /// Makes a reader with `backlog` unread items.
    fn open(backlog: usize) -> Self;

    /// Forks the reader and drops the fork.
    fn fork_and_drop(&mut self);

    /// Forks the reader and reads all items from the fork.
    fn fork_and_read(&mut self) -> Tally;
}
