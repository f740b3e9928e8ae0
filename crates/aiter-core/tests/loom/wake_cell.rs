//! Stories of a `WakeCell`: a task that registers and threads that wake it.

use core::future::poll_fn;
use std::sync::Arc as StdArc;

use aiter_core::task::WakeCell;
use loom::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::*;

struct Shared {
    cell: WakeCell,
    count: AtomicUsize,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self { cell: WakeCell::new(), count: AtomicUsize::new(0) })
    }

    /// Relaxed, because `wake` alone has to make the count visible to the task that registers.
    fn add(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.cell.wake();
    }

    async fn wait_for(&self, count: usize) {
        poll_fn(|cx| {
            self.cell.register(cx.waker());
            if self.count.load(Ordering::Relaxed) >= count {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

#[test]
fn wake_reaches_registered_task() {
    model(|| {
        let shared = Shared::new();
        let other = {
            let shared = shared.clone();
            thread::spawn(move || shared.add())
        };
        block_on(shared.wait_for(1));
        other.join().unwrap();
    });
}

#[test]
fn two_wakes_reach_registered_task() {
    model(|| {
        let shared = Shared::new();
        let others: Vec<_> = (0..2)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || shared.add())
            })
            .collect();
        block_on(shared.wait_for(2));
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// The task replaces the first waker while another thread calls it.
#[test]
fn latest_waker_is_called() {
    model(|| {
        let shared = Shared::new();
        shared.cell.register(Waker::noop());
        let other = {
            let shared = shared.clone();
            thread::spawn(move || shared.add())
        };
        block_on(shared.wait_for(1));
        other.join().unwrap();
    });
}

#[test]
fn concurrent_registers_do_not_race() {
    model(|| {
        let shared = Shared::new();
        let other = {
            let shared = shared.clone();
            thread::spawn(move || shared.cell.register(Waker::noop()))
        };
        shared.cell.register(Waker::noop());
        shared.cell.wake();
        other.join().unwrap();
    });
}

#[test]
fn clear_during_wake_drops_waker() {
    struct NoopTask;
    impl std::task::Wake for NoopTask {
        fn wake(self: StdArc<Self>) {}
    }
    model(|| {
        let shared = Shared::new();
        let task = StdArc::new(NoopTask);
        shared.cell.register(&Waker::from(task.clone()));
        let other = {
            let shared = shared.clone();
            thread::spawn(move || shared.add())
        };
        shared.cell.clear();
        other.join().unwrap();
        shared.cell.clear();
        assert_eq!(StdArc::strong_count(&task), 1, "the cell must drop the waker");
    });
}
