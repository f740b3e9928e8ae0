//! Forks of a stream that always has an item.
//!
//! clone-stream is left out. By its design, a fork that is not waiting when an item comes does not
//! see the item, so in lockstep only the first fork would get items.

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use core::cell::RefCell;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use std::thread;
use std::time::Instant;

use aiter_adapters::AiterExt;
use cpu_time::ThreadTime;
use futures_core::Stream;
use futures_util::{StreamExt, stream};

use crate::cores::Cores;
use crate::harness::{Group, Item, Role, Sample, Scale, Tally};

/// Numbers of forks.
const FORKS: [usize; 5] = [1, 2, 8, 64, 1000];
/// Deliveries of one timed run.
const DELIVERIES: u64 = 400_000;

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale, cores: Cores) -> Vec<Group> {
    let lockstep = FORKS.map(|forks| {
        let items = scale.of(DELIVERIES / forks as u64, 1);
        Group::new(format!("s9/forks-{forks}"), "delivered item")
            .at("forks", forks as u64)
            .with("aiter forker", Role::Aiter, move || {
                in_lockstep(source(items).forker(), forks, items)
            })
            .with("fork_stream", Role::Peer, move || {
                in_lockstep(fork_stream::StreamExt::fork(source(items)), forks, items)
            })
            .with("VecDeque and indices", Role::Listed, move || {
                in_lockstep(Indexed::new(source(items)), forks, items)
            })
            .with("Vec that keeps all", Role::Floor, move || {
                in_lockstep(Kept::new(source(items)), forks, items)
            })
    });
    let items = scale.of(DELIVERIES, 1);
    let threads = Group::new("s9/two-threads", "delivered item")
        .with("aiter forker", Role::Aiter, move || on_threads(source(items).forker(), items, cores))
        .with("fork_stream", Role::Peer, move || {
            on_threads(fork_stream::StreamExt::fork(source(items)), items, cores)
        });
    lockstep.into_iter().chain([threads]).collect()
}

/// The floor: forks in one task that share a vector of all items. No item is freed before the last
/// fork is dropped, and no fork is woken.
struct Kept<S> {
    shared: Rc<RefCell<(S, Vec<u64>)>>,
    /// Number of items that this fork has read.
    read: usize,
}

impl<S> Kept<S> {
    fn new(source: S) -> Self {
        Self { shared: Rc::new(RefCell::new((source, Vec::new()))), read: 0 }
    }
}

impl<S> Clone for Kept<S> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), read: self.read }
    }
}

impl<S: Stream<Item = u64> + Unpin> Stream for Kept<S> {
    type Item = u64;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        let Self { shared, read } = &mut *self;
        let (source, items) = &mut *shared.borrow_mut();
        if *read == items.len() {
            match ready!(source.poll_next_unpin(cx)) {
                Some(item) => items.push(item),
                None => return Poll::Ready(None),
            }
        }
        let item = items[*read];
        *read += 1;
        Poll::Ready(Some(item))
    }
}

/// Forks in one task that share a queue without atomics. No fork is woken.
struct Indexed<S> {
    shared: Rc<RefCell<Pulled<S>>>,
    /// Number of items that this fork has read.
    read: usize,
}

/// A source, and its items that not all forks have read.
struct Pulled<S> {
    source: S,
    /// Each item, and the number of forks that have not read it.
    items: VecDeque<(u64, usize)>,
    /// Number of items that were dropped.
    gone: usize,
    forks: usize,
}

impl<S> Indexed<S> {
    fn new(source: S) -> Self {
        let pulled = Pulled { source, items: VecDeque::new(), gone: 0, forks: 1 };
        Self { shared: Rc::new(RefCell::new(pulled)), read: 0 }
    }
}

impl<S> Clone for Indexed<S> {
    fn clone(&self) -> Self {
        self.shared.borrow_mut().forks += 1;
        Self { shared: self.shared.clone(), read: self.read }
    }
}

impl<S> Drop for Indexed<S> {
    fn drop(&mut self) {
        self.shared.borrow_mut().forks -= 1;
    }
}

impl<S: Stream<Item = u64> + Unpin> Stream for Indexed<S> {
    type Item = u64;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        let Self { shared, read } = &mut *self;
        let Pulled { source, items, gone, forks } = &mut *shared.borrow_mut();
        if *read - *gone == items.len() {
            match ready!(source.poll_next_unpin(cx)) {
                Some(item) => items.push_back((item, *forks)),
                None => return Poll::Ready(None),
            }
        }
        let (item, unread) = &mut items[*read - *gone];
        let item = *item;
        *read += 1;
        *unread -= 1;
        if *unread == 0 {
            items.pop_front();
            *gone += 1;
        }
        Poll::Ready(Some(item))
    }
}

fn source(items: u64) -> impl Stream<Item = u64> + Unpin + Send {
    stream::iter((0..items).map(u64::make))
}

/// One thread reads an item from each fork in turn.
fn in_lockstep<F: Stream<Item = u64> + Clone + Unpin>(
    first: F,
    forks: usize,
    items: u64,
) -> Sample {
    let mut forks: Vec<F> = (1..forks).map(|_| first.clone()).chain([first.clone()]).collect();
    drop(first);
    let mut got = Tally::default();
    // One context for all polls, as in a task.
    let mut cx = Context::from_waker(Waker::noop());
    let start = ThreadTime::now();
    for _ in 0..items {
        for fork in &mut forks {
            if let Poll::Ready(Some(item)) = fork.poll_next_unpin(&mut cx) {
                got.add(item.number());
            }
        }
    }
    let elapsed = start.elapsed();
    let units = items * forks.len() as u64;
    Sample { elapsed, units, got, expected: Tally::of(items, forks.len() as u64) }
}

/// Two threads each read a fork to its end.
fn on_threads<F: Stream<Item = u64> + Clone + Unpin + Send>(
    fork: F,
    items: u64,
    cores: Cores,
) -> Sample {
    let other = fork.clone();
    let read = |mut fork: F| {
        let mut got = Vec::with_capacity(items as usize);
        pollster::block_on(async {
            while let Some(item) = fork.next().await {
                got.push(item);
            }
        });
        got
    };
    let start = Instant::now();
    let both = thread::scope(|scope| {
        let second = scope.spawn(|| {
            cores.pin_second();
            read(other)
        });
        [read(fork), second.join().expect("a thread only reads")]
    });
    let elapsed = start.elapsed();
    let mut got = Tally::default();
    both.into_iter().flatten().for_each(|item| got.add(item.number()));
    Sample { elapsed, units: 2 * items, got, expected: Tally::of(items, 2) }
}
