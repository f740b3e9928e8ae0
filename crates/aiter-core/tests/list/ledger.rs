//! Values whose creations, clones and drops are counted.
//!
//! A value holds numbers and no pointer, so a double drop is counted and corrupts nothing.

use alloc::collections::BTreeMap;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

static COUNTERS: Mutex<BTreeMap<u64, Counters>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(0);

fn counters() -> MutexGuard<'static, BTreeMap<u64, Counters>> {
    COUNTERS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct Counters {
    /// Number of drops of each instance.
    drops: Vec<u32>,
    clones: usize,
}

/// The counters of one test.
pub(crate) struct Ledger(u64);

/// A counted value. Its clones have the same `value`.
pub(crate) struct Tracked {
    pub(crate) value: u64,
    ledger: u64,
    instance: usize,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        counters().insert(id, Counters::default());
        Self(id)
    }

    pub(crate) fn item(&self, value: u64) -> Tracked {
        Tracked { value, ledger: self.0, instance: add_instance(self.0) }
    }

    pub(crate) fn items(&self, n: usize) -> impl Iterator<Item = Tracked> + '_ {
        (0..n as u64).map(|value| self.item(value))
    }

    fn with<R>(&self, f: impl FnOnce(&Counters) -> R) -> R {
        f(counters().get(&self.0).expect("the ledger is alive"))
    }

    /// Returns the number of clones made.
    pub(crate) fn clones(&self) -> usize {
        self.with(|ledger| ledger.clones)
    }

    /// Returns the number of instances that are not dropped yet.
    pub(crate) fn alive(&self) -> usize {
        self.with(|ledger| ledger.drops.iter().filter(|&&drops| drops == 0).count())
    }

    /// Asserts that each instance was dropped exactly once.
    #[track_caller]
    pub(crate) fn assert_all_dropped(&self) {
        self.with(|ledger| {
            let leaked: Vec<_> = instances_where(ledger, |drops| drops == 0);
            let doubled: Vec<_> = instances_where(ledger, |drops| drops > 1);
            assert!(leaked.is_empty(), "never dropped: {leaked:?} of {}", ledger.drops.len());
            assert!(doubled.is_empty(), "dropped twice: {doubled:?} of {}", ledger.drops.len());
        });
    }
}

fn instances_where(ledger: &Counters, test: impl Fn(u32) -> bool) -> Vec<usize> {
    (0..ledger.drops.len()).filter(|&i| test(ledger.drops[i])).collect()
}

fn add_instance(ledger: u64) -> usize {
    let mut counters = counters();
    let drops = &mut counters.get_mut(&ledger).expect("the ledger is alive").drops;
    drops.push(0);
    drops.len() - 1
}

impl Drop for Ledger {
    fn drop(&mut self) {
        counters().remove(&self.0);
    }
}

impl Clone for Tracked {
    fn clone(&self) -> Self {
        let instance = add_instance(self.ledger);
        if let Some(ledger) = counters().get_mut(&self.ledger) {
            ledger.clones += 1;
        }
        Self { value: self.value, ledger: self.ledger, instance }
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        if let Some(ledger) = counters().get_mut(&self.ledger) {
            ledger.drops[self.instance] += 1;
        }
    }
}

/// Returns the values of `items`.
pub(crate) fn values(items: &[Tracked]) -> Vec<u64> {
    items.iter().map(|item| item.value).collect()
}
