//! Races of a relay's handles. Miri runs these with many seeds.

use crate::scaled;
use aiter_core::task::PollLock;
use core::{
    hint,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll, Waker},
};
use std::{sync::Barrier, thread};

/// Takes a turn that counts, without atomics.
fn count(lock: &mut PollLock<u32>) -> Poll<u32> {
    lock.poll_locked(&mut Context::from_waker(Waker::noop()), |mut count, _| {
        *count += 1;
        Poll::Ready(*count)
    })
}

/// A handle that is left alone takes its turn without the gate. Nothing but the other handle's drop
/// makes it see that one's turn.
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
                // Relaxed: tells of the drop, and orders nothing.
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

/// The same, with the drop at any moment.
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
            // At most one of them is turned away, and then it is woken and comes again.
            while count(&mut one).is_pending() {
                thread::yield_now();
            }
        });
        assert!(matches!(count(&mut one), Poll::Ready(2 | 3)));
    }
}

/// Of handles that are given up at once, one gets the value.
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
            let mine = into_inner(one);
            let theirs = others.map(|other| other.join().expect("it only gives up"));
            [mine, theirs[0], theirs[1]]
        });
        assert_eq!(got.iter().flatten().collect::<Vec<_>>(), [&7]);
    }
}
