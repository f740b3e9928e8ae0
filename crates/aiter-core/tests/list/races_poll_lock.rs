//! Races of `PollLock` handles, for Miri with many seeds.

use crate::scaled;
use aiter_core::task::PollLock;
use core::{
    hint,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll, Waker},
};
use std::{sync::Barrier, thread};

/// Polls the value and increments it, without atomics.
fn count(lock: &mut PollLock<u32>) -> Poll<u32> {
    lock.poll_locked(&mut Context::from_waker(Waker::noop()), |mut count, _| {
        *count += 1;
        Poll::Ready(*count)
    })
}

/// An exclusive handle polls without the gate. It synchronizes with the drop of the other handle
/// only.
#[test]
fn exclusive_handle_sees_poll_of_dropped_handle() {
    for _ in 0..scaled(200, 10) {
        let mut one = PollLock::new(0);
        let mut two = one.clone();
        let is_gone = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!(count(&mut two), Poll::Ready(1));
                drop(two);
                // Relaxed: the flag must not order the turns.
                is_gone.store(true, Ordering::Relaxed);
            });
            while !is_gone.load(Ordering::Relaxed) {
                thread::yield_now();
                hint::spin_loop();
            }
            assert_eq!(count(&mut one), Poll::Ready(2));
        });
    }
}

/// The other handle is dropped at any moment of the turn.
#[test]
fn polls_race_with_drop_of_other_handle() {
    for _ in 0..scaled(2000, 5) {
        let mut one = PollLock::new(0);
        let mut two = one.clone();
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                let polled = count(&mut two);
                drop(two);
                polled
            });
            start.wait();
            // At most one handle finds the gate closed. It is woken and polls again.
            while count(&mut one).is_pending() {
                thread::yield_now();
            }
        });
        assert!(matches!(count(&mut one), Poll::Ready(2 | 3)));
    }
}

/// Exactly one of several concurrent `into_inner` calls returns the value.
#[test]
fn concurrent_into_inner_returns_value_once() {
    for _ in 0..scaled(2000, 5) {
        let one = PollLock::new(7);
        let (two, three) = (one.clone(), one.clone());
        let start = Barrier::new(3);
        let into_inner = |lock: PollLock<u32>| {
            start.wait();
            lock.into_inner()
        };
        let got = thread::scope(|scope| {
            let others = [two, three].map(|lock| scope.spawn(|| into_inner(lock)));
            let value = into_inner(one);
            let values = others.map(|other| other.join().expect("`into_inner` does not panic"));
            [value, values[0], values[1]]
        });
        assert_eq!(got.iter().flatten().collect::<Vec<_>>(), [&7]);
    }
}
