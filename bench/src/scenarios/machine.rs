//! Costs of the machine's own operations, on one thread and in memory that no other thread uses.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::Waker;
use std::sync::Mutex;

use cpu_time::ThreadTime;

use crate::harness::{Group, Role, Sample, Scale, Tally};

/// Name of the group.
pub(crate) const NAME: &str = "machine";
/// Repetitions in a timed run.
const TIMES: u64 = 200_000;

/// Returns the only group of this scenario.
pub(crate) fn groups(scale: Scale) -> [Group; 1] {
    struct NoTask;
    impl Wake for NoTask {
        fn wake(self: Arc<Self>) {}
    }

    let times = scale.of(TIMES, 1);
    let word = AtomicU64::new(0);
    let group = Group::new(NAME, "operation");
    let group = add(group, "load and store", times, move || {
        word.store(black_box(word.load(Ordering::Acquire)), Ordering::Release);
    });
    let word = AtomicU64::new(0);
    let group = add(group, "fetch_add", times, move || {
        word.fetch_add(1, Ordering::AcqRel);
    });
    let word = AtomicU64::new(0);
    let group = add(group, "swap", times, move || {
        black_box(word.swap(1, Ordering::AcqRel));
    });
    let word = AtomicU64::new(0);
    let group = add(group, "load and compare_exchange", times, move || {
        let now = word.load(Ordering::Relaxed);
        let _ = word.compare_exchange(now, now + 1, Ordering::AcqRel, Ordering::Relaxed);
    });
    let lock = Mutex::new(0_u64);
    let group = add(group, "lock and unlock a Mutex", times, move || {
        *lock.lock().expect("no thread panics") += 1;
    });
    let shared = Arc::new(0_u64);
    let group = add(group, "clone and drop an Arc", times, move || drop(black_box(shared.clone())));
    let waker = Waker::from(Arc::new(NoTask));
    let group = add(group, "clone and drop a Waker", times, move || drop(black_box(waker.clone())));
    [add(group, "allocate and free 512 bytes", times, || {
        drop(black_box(Vec::<u8>::with_capacity(512)));
    })]
}

fn add(group: Group, name: &str, times: u64, mut operation: impl FnMut() + 'static) -> Group {
    group.with(name, Role::Floor, move || {
        let start = ThreadTime::now();
        for _ in 0..times {
            operation();
        }
        let nothing = Tally::default();
        Sample { elapsed: start.elapsed(), units: times, got: nothing, expected: nothing }
    })
}
