//! `BlockOnIdle` beside a thread that wakes.
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

/// Two sources of news, and the last round that the waiting thread has seen the end of.
#[derive(Default)]
struct Board {
    news: [AtomicUsize; 2],
    seen: AtomicUsize,
}

/// The future keeps its waker registered and only loads, so nothing in its poll orders the loads
/// behind the store by which `BlockOnIdle` forgets the last call.
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
                    // The newer one first.
                    let [first, second] = &board.news;
                    let is_there = |news: &AtomicUsize| news.load(Ordering::Acquire) >= round;
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
        for (news, pause) in board.news.iter().zip([round % 40, 0]) {
            news.store(round, Ordering::Release);
            waker.wake_by_ref();
            (0..pause).for_each(|_| spin_loop());
        }
        while board.seen.load(Ordering::Acquire) != round {
            assert!(begin.elapsed() < Duration::from_secs(120), "lost in round {round}");
            spin_loop();
        }
    }
    waiting.join().expect("it only waits");
}
