//! Values whose creations, clones and drops are written down.
//!
//! A value holds two numbers and no pointer, so that a value dropped twice shows up in the book
//! instead of corrupting it.

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
    /// Drops seen, by instance.
    drops: Vec<u32>,
    clones: usize,
}

/// The book of one test.
pub(crate) struct Ledger(u64);

/// A value that is written down; `value` is what it carries, clones carry the same.
pub(crate) struct Tracked {
    pub(crate) value: u64,
    book: u64,
    instance: usize,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        counters().insert(id, Counters::default());
        Self(id)
    }

    pub(crate) fn item(&self, value: u64) -> Tracked {
        Tracked { value, book: self.0, instance: add_instance(self.0) }
    }

    pub(crate) fn items(&self, n: usize) -> impl Iterator<Item = Tracked> + '_ {
        (0..n as u64).map(|value| self.item(value))
    }

    fn with<R>(&self, f: impl FnOnce(&Counters) -> R) -> R {
        f(counters().get(&self.0).expect("the book is open"))
    }

    /// Instances made by `clone`.
    pub(crate) fn clones(&self) -> usize {
        self.with(|book| book.clones)
    }

    /// Instances not dropped yet.
    pub(crate) fn alive(&self) -> usize {
        self.with(|book| book.drops.iter().filter(|&&drops| drops == 0).count())
    }

    /// Every instance was dropped once, and not twice.
    #[track_caller]
    pub(crate) fn assert_all_dropped(&self) {
        self.with(|book| {
            let leaked: Vec<_> = instances_where(book, |drops| drops == 0);
            let doubled: Vec<_> = instances_where(book, |drops| drops > 1);
            assert!(leaked.is_empty(), "never dropped: {leaked:?} of {}", book.drops.len());
            assert!(doubled.is_empty(), "dropped twice: {doubled:?} of {}", book.drops.len());
        });
    }
}

fn instances_where(book: &Counters, test: impl Fn(u32) -> bool) -> Vec<usize> {
    (0..book.drops.len()).filter(|&i| test(book.drops[i])).collect()
}

fn add_instance(book: u64) -> usize {
    let mut counters = counters();
    let drops = &mut counters.get_mut(&book).expect("the book is open").drops;
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
        let instance = add_instance(self.book);
        if let Some(book) = counters().get_mut(&self.book) {
            book.clones += 1;
        }
        Self { value: self.value, book: self.book, instance }
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        if let Some(book) = counters().get_mut(&self.book) {
            book.drops[self.instance] += 1;
        }
    }
}

/// What the values carry.
pub(crate) fn values(items: &[Tracked]) -> Vec<u64> {
    items.iter().map(|item| item.value).collect()
}
