//! Tests of the lossy list with items whose `clone` and `drop` use the list.

use core::{
    pin::Pin,
    task::{Context, Poll, Waker},
};
use std::{
    mem::replace,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread::panicking,
};

use aiter_adapters::{
    LossyCursor,
    LossyPolicy::{self, Disconnect, DropOldest},
    LossyPusher, WeakLossyPusher, bounded_lossy,
};
use futures_core::Stream;
use shuttle::{
    future::block_on,
    rand::{Rng, thread_rng},
    thread,
};

use crate::model;

/// What the items of one list share.
#[derive(Default)]
struct Shared {
    /// The list that the items use, once it is set.
    list: OnceLock<WeakLossyPusher<Item>>,
    alive: AtomicUsize,
    /// Number of items that were pushed.
    pushed: AtomicUsize,
    /// Number of items that items may still push.
    may_push: AtomicUsize,
}

impl Shared {
    fn item(self: &Arc<Self>) -> Item {
        self.alive.fetch_add(1, SeqCst);
        Item { shared: self.clone(), is_alive: true }
    }

    fn push(self: &Arc<Self>, pusher: &LossyPusher<Item>) {
        if pusher.push(self.item()).is_ok() {
            self.pushed.fetch_add(1, SeqCst);
        }
    }

    /// Uses the list in one of several ways. A mutex that the thread already holds is a deadlock.
    fn use_list(self: &Arc<Self>) {
        // A failed test drops items outside of the model.
        if panicking() {
            return;
        }
        let Some(pusher) = self.list.get().and_then(WeakLossyPusher::upgrade) else { return };
        match thread_rng().gen_range(0..5) {
            0 => assert!(pusher.len() <= pusher.max_capacity()),
            1 => drop(pusher.subscribe()),
            2 if self.may_push.load(SeqCst) > 0 => {
                self.may_push.fetch_sub(1, SeqCst);
                self.push(&pusher);
            }
            _ => assert!(pusher.cursor_count() < 20),
        }
    }
}

/// An item whose clone and drop use its list.
struct Item {
    shared: Arc<Shared>,
    is_alive: bool,
}

impl Clone for Item {
    fn clone(&self) -> Self {
        assert!(self.is_alive);
        self.shared.use_list();
        self.shared.item()
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        assert!(replace(&mut self.is_alive, false), "dropped twice");
        self.shared.use_list();
        self.shared.alive.fetch_sub(1, SeqCst);
    }
}

/// Polls a cursor that finds nothing to read.
fn wait(cursor: &mut LossyCursor<Item>) {
    let polled = Pin::new(cursor).poll_next(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
}

/// The cursor that is cut has waited in the block, so it is parked there. The other cursor leaves
/// the block while the keeper leaves it, too.
#[test]
fn waiter_is_cut_item_drop_may_use_list() {
    model(|| {
        let shared = Arc::<Shared>::default();
        let (pusher, mut waiter) = bounded_lossy(4, DropOldest);
        let mut reader = waiter.fork();
        shared.push(&pusher);
        assert!(waiter.try_next().is_ok());
        wait(&mut waiter);
        (0..3).for_each(|_| shared.push(&pusher));
        (0..2).for_each(|_| assert!(reader.try_next().is_ok()));
        shared.push(&pusher);
        assert!(!waiter.is_lagged() && !reader.is_lagged());
        assert!(shared.list.set(pusher.downgrade()).is_ok());
        let leaver = thread::spawn(move || drop(reader.try_next()));
        shared.push(&pusher);
        leaver.join().unwrap();
        drop((waiter, pusher));
        assert_eq!(shared.alive.load(SeqCst), 0);
    });
}

/// The keeper is parked where its last move has ended.
#[test]
fn keeper_leaves_block_item_drop_may_use_list() {
    model(|| {
        let shared = Arc::<Shared>::default();
        let (pusher, stuck) = bounded_lossy(4, DropOldest);
        let mut reader = stuck.fork();
        (0..4).for_each(|_| shared.push(&pusher));
        assert!(reader.try_next().is_ok());
        shared.push(&pusher);
        assert!(stuck.is_lagged());
        assert!(reader.try_next().is_ok());
        shared.push(&pusher);
        assert!(!reader.is_lagged());
        assert!(shared.list.set(pusher.downgrade()).is_ok());
        let leaver = thread::spawn(move || drop(reader.try_next()));
        shared.push(&pusher);
        leaver.join().unwrap();
        drop((stuck, pusher));
        assert_eq!(shared.alive.load(SeqCst), 0);
    });
}

/// A cursor, and what it has passed.
struct Reader {
    cursor: LossyCursor<Item>,
    /// Number of items that the cursor has read or skipped, and of all items before it.
    passed: usize,
    /// Number of forks that it may still make.
    forks: usize,
}

/// A thread that returns what each of its cursors has passed or missed that has read to the end.
type Totals = thread::JoinHandle<Vec<usize>>;

impl Reader {
    /// Does random operations, and then drops the cursor or reads to the end.
    fn spawn(mut self) -> Totals {
        thread::spawn(move || {
            let mut forks = Vec::new();
            (0..thread_rng().gen_range(0..10)).for_each(|_| forks.extend(self.step()));
            let mut totals = Vec::new();
            if thread_rng().gen_bool(0.5) {
                while block_on(self.cursor.next()).is_some() {
                    self.passed += 1;
                }
                totals.push(self.total());
            }
            drop(self);
            forks.into_iter().for_each(|fork: Totals| totals.extend(fork.join().unwrap()));
            totals
        })
    }

    fn total(&self) -> usize {
        self.passed + self.cursor.missed()
    }

    /// Does a random operation. Returns the thread of a fork.
    fn step(&mut self) -> Option<Totals> {
        let (mut rng, cursor) = (thread_rng(), &mut self.cursor);
        self.passed += match rng.gen_range(0..7) {
            0 | 1 => usize::from(cursor.try_next().is_ok()),
            2 => {
                let mut cx = Context::from_waker(Waker::noop());
                usize::from(matches!(Pin::new(cursor).poll_next(&mut cx), Poll::Ready(Some(_))))
            }
            3 => cursor.skip_items(rng.gen_range(0..3)),
            4 => cursor.seek_to_end(),
            5 => cursor.try_next_many(&mut Vec::new(), 3),
            _ if self.forks > 0 => {
                self.forks -= 1;
                let (cursor, passed) = (cursor.fork(), self.total());
                return Some(Self { cursor, passed, forks: 0 }.spawn());
            }
            _ => 0,
        };
        None
    }
}

/// Each cursor that reads to the end has read, skipped or missed every item.
fn random_operations(policy: LossyPolicy) {
    model(move || {
        let cap = thread_rng().gen_range(1..=3);
        let shared = Arc::<Shared>::default();
        shared.may_push.store(3, SeqCst);
        let (pusher, cursor) = bounded_lossy(cap, policy);
        assert!(shared.list.set(pusher.downgrade()).is_ok());
        let readers: Vec<_> = [cursor.fork(), cursor.fork(), cursor]
            .map(|cursor| Reader { cursor, passed: 0, forks: 1 }.spawn())
            .into();
        let mut late = None;
        for n in 0..8 {
            shared.push(&pusher);
            if n == 4 && thread_rng().gen_bool(0.5) {
                late = Some(pusher.subscribe());
            }
        }
        drop(pusher);
        let totals: Vec<_> =
            readers.into_iter().flat_map(|reader: Totals| reader.join().unwrap()).collect();
        drop(late);
        let pushed = shared.pushed.load(SeqCst);
        // A cursor that is cut off ends early.
        if policy == DropOldest {
            assert!(totals.iter().all(|&total| total == pushed), "{totals:?} of {pushed}");
        }
        assert_eq!(shared.alive.load(SeqCst), 0);
    });
}

#[test]
fn random_operations_drop_oldest_lose_nothing() {
    random_operations(DropOldest);
}

#[test]
fn random_operations_disconnect_lose_nothing() {
    random_operations(Disconnect);
}
