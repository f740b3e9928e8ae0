//! `BlockOnIdle` with wake-ups from another thread.
#![cfg(not(target_family = "wasm"))]

extern crate alloc;

use alloc::sync::Arc;
use core::{
    future::poll_fn,
    hint::spin_loop,
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
    time::Duration,
};
use std::{sync::OnceLock, thread, time::Instant};

use aiter_executor_compat::BlockOnIdle;

/// The rounds that two events have reached, and the last round that the waiting thread completed.
#[derive(Default)]
struct Board {
    events: [AtomicUsize; 2],
    seen: AtomicUsize,
}

/// The poll only loads. So only the fence of `BlockOnIdle` orders these loads after the store that
/// clears the previous wake-up.
#[test]
fn call_during_poll_that_only_loads_is_kept() {
    let rounds = if cfg!(debug_assertions) { 20_000 } else { 100_000 };
    let board = Arc::new(Board::default());
    let waker = Arc::new(OnceLock::new());
    let waiting = thread::spawn({
        let (board, waker) = (board.clone(), waker.clone());
        move || {
            let mut block_on = BlockOnIdle::new(|_| spin_loop());
            for round in 1..=rounds {
                block_on.block_on(poll_fn(|cx| {
                    waker.get_or_init(|| cx.waker().clone());
                    // The later event is loaded first.
                    let [first, second] = &board.events;
                    let is_there = |event: &AtomicUsize| event.load(Ordering::Acquire) >= round;
                    if is_there(second) && is_there(first) {
                        Poll::Ready(())
                    } else {
                        Poll::Pending
                    }
                }));
                board.seen.store(round, Ordering::Release);
            }
        }
    });
    let begin = Instant::now();
    let waker = loop {
        if let Some(waker) = waker.get() {
            break waker;
        }
        thread::yield_now();
    };
    for round in 1..=rounds {
        for (event, pause) in board.events.iter().zip([round % 40, 0]) {
            event.store(round, Ordering::Release);
            waker.wake_by_ref();
            (0..pause).for_each(|_| spin_loop());
        }
        while board.seen.load(Ordering::Acquire) != round {
            assert!(begin.elapsed() < Duration::from_secs(120), "wake-up lost in round {round}");
            spin_loop();
        }
    }
    waiting.join().expect("waiting thread must not panic");
}
