//! The weight that is alive.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

use aiter_adapters::bounded_by;

use crate::ready;

const PUSHES: usize = if cfg!(miri) { 200 } else { 1_000_000 };

/// An item whose weight counts while it is alive.
struct Item {
    weight: usize,
    live: Arc<AtomicUsize>,
}

impl Item {
    fn new(weight: usize, live: &Arc<AtomicUsize>) -> Self {
        live.fetch_add(weight, Ordering::Relaxed);
        Self { weight, live: live.clone() }
    }
}

impl Clone for Item {
    fn clone(&self) -> Self {
        Self::new(self.weight, &self.live)
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.live.fetch_sub(self.weight, Ordering::Relaxed);
    }
}

fn weight(item: &Item) -> usize {
    item.weight
}

#[test]
fn million_pushes_stay_below_cap() {
    const CAP: usize = 1000;
    let live = Arc::new(AtomicUsize::new(0));
    let (pusher, mut cursor) = bounded_by(CAP, weight);
    let mut most = 0;
    for n in 0..PUSHES {
        let mut item = Item::new(1 + n * 7919 % 300, &live);
        while let Err(error) = pusher.try_push(item) {
            item = error.into_inner();
            // The item that waits is not in the list.
            assert!(live.load(Ordering::Relaxed) - item.weight <= CAP);
            drop(cursor.try_next().expect("a full list has an item"));
        }
        let now = live.load(Ordering::Relaxed);
        assert!(now <= CAP, "{now} after {n} pushes");
        assert_eq!(pusher.used(), now);
        most = most.max(now);
    }
    assert!(most > CAP - 10, "the list must be used up to its capacity, not to {most}");
    drop(cursor);
    assert_eq!(live.load(Ordering::Relaxed), 0);
}

#[test]
fn forks_keep_at_most_one_block_of_read_items() {
    const CAP: usize = 1000;
    const HEAVIEST: usize = 100;
    let live = Arc::new(AtomicUsize::new(0));
    let (pusher, mut one) = bounded_by(CAP, weight);
    let mut two = one.fork();
    for n in 0..if cfg!(miri) { 100 } else { PUSHES / 20 } {
        let mut item = Item::new(1 + n * 7919 % HEAVIEST, &live);
        while let Err(error) = pusher.try_push(item) {
            item = error.into_inner();
            drop(one.try_next().expect("a full list has an item"));
            drop(two.try_next().expect("a full list has an item"));
        }
        let now = live.load(Ordering::Relaxed);
        assert!(pusher.used() <= CAP && now <= CAP + 56 * HEAVIEST, "{now}");
    }
    while one.try_next().is_ok() && two.try_next().is_ok() {}
    while two.try_next().is_ok() {}
    assert_eq!((live.load(Ordering::Relaxed), pusher.used()), (0, 0));
    assert!(ready(pusher.push(Item::new(5, &live))).is_ok());
    drop((one, two));
    assert_eq!(live.load(Ordering::Relaxed), 0);
}
