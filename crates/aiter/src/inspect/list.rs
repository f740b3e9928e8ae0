//! The row of the lists of one name, and each of these lists.

use alloc::{
    boxed::Box,
    sync::{Arc, Weak},
    vec::Vec,
};
use core::{sync::atomic::Ordering, time::Duration};
use std::{sync::Mutex, time::Instant};

use portable_atomic::AtomicU64;

use crate::inspect::{
    lock::{lock, try_lock},
    nest::{self, Edges},
    position::Position,
    probe::Probe,
    samples::Samples,
};

/// What the lists of one name have in common. It lives as long as the registry.
pub(super) struct ListEntry {
    pub(super) id: usize,
    pub(super) name: Arc<str>,
    /// Rows whose polls push into a list of this row.
    pub(super) sources: Edges,
    pub(super) refused: AtomicU64,
    /// Number of items that were pushed into the lists that are gone.
    gone: AtomicU64,
    /// The largest total that a snapshot has shown.
    shown: AtomicU64,
    lists: Mutex<Vec<Weak<List>>>,
}

impl ListEntry {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            id: nest::new_id(),
            name,
            sources: Edges::new(),
            refused: AtomicU64::new(0),
            gone: AtomicU64::new(0),
            shown: AtomicU64::new(0),
            lists: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn add(&self, list: &Arc<List>) {
        push_weak(&self.lists, list);
    }

    /// Returns the lists that live. Drop them under no lock.
    pub(super) fn live(&self) -> Vec<Arc<List>> {
        live(&self.lists)
    }

    /// Returns the number of items that were pushed, of which `live` into lists that live. Never
    /// less than an earlier result.
    pub(super) fn pushed(&self, live: u64) -> u64 {
        // Relaxed: only numbers. A list that is gone is added late rather than twice.
        let total = self.gone.load(Ordering::Relaxed).wrapping_add(live);
        self.shown.fetch_max(total, Ordering::Relaxed).max(total)
    }
}

/// A list that is inspected. Lives as long as an inspected pusher or cursor of it.
pub(super) struct List {
    pub(super) row: Arc<ListEntry>,
    pub(super) probe: Box<dyn Probe>,
    samples: Mutex<Samples>,
    /// The positions of the cursors that are inspected.
    positions: Mutex<Vec<Weak<Position>>>,
}

impl List {
    pub(super) fn new(row: Arc<ListEntry>, probe: Box<dyn Probe>) -> Self {
        let (samples, positions) = (Mutex::new(Samples::new()), Mutex::new(Vec::new()));
        let list = Self { row, probe, samples, positions };
        list.sample();
        list
    }

    pub(super) fn add_position(&self, position: &Arc<Position>) {
        push_weak(&self.positions, position);
    }

    /// Notes the present length of the list, unless another thread does.
    pub(super) fn sample(&self) {
        let index = self.probe.index();
        // After the index, so that all items before it are older.
        let now = Instant::now();
        let Some(mut samples) = try_lock(&self.samples) else { return };
        samples.add(index, now);
        if samples.is_full() {
            drop(samples);
            self.thin();
        }
    }

    /// Drops the samples of items that all inspected cursors have read.
    #[cold]
    pub(super) fn thin(&self) {
        // User code: the drop of the last handle, or a waker. So no lock is held.
        let tail = || self.probe.index();
        let next = live(&self.positions).into_iter().map(|position| position.lag(tail));
        let slowest = next.max_by_key(|(lag, _)| *lag).map(|(_, index)| index);
        if let Some(mut samples) = try_lock(&self.samples) {
            samples.thin(slowest);
        }
    }

    /// Returns a lower bound of the age of the item at `index`, which was pushed.
    pub(super) fn age(&self, index: usize, now: Instant) -> Duration {
        lock(&self.samples).age(index, now)
    }
}

impl Drop for List {
    fn drop(&mut self) {
        self.row.gone.fetch_add(self.probe.pushed() as u64, Ordering::Relaxed);
    }
}

/// Adds a weak handle, and removes those of dropped values before the vector grows.
pub(super) fn push_weak<T>(all: &Mutex<Vec<Weak<T>>>, value: &Arc<T>) {
    let mut all = lock(all);
    if all.len() == all.capacity() {
        all.retain(|weak| weak.strong_count() > 0);
    }
    all.push(Arc::downgrade(value));
}

/// Returns the values that live. Drop them under no lock, because that may be user code.
pub(super) fn live<T>(all: &Mutex<Vec<Weak<T>>>) -> Vec<Arc<T>> {
    lock(all).iter().filter_map(Weak::upgrade).collect()
}
