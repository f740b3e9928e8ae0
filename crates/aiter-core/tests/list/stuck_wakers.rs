//! A notifier that is stuck inside a waker call. The waker itself runs the operations of other
//! threads.

use crate::waker::{Counting, on_wake, poll};
use aiter_core::{Cursor, Pusher, push_list, task::PollLock};
use alloc::sync::Arc;
use core::task::{Context, Poll, Waker};
use std::sync::Mutex;

type Meanwhile = dyn Fn(&Pusher<u32>, &mut Cursor<u32>, &Counting) + Send + Sync;

/// Two forks wait, and `push` calls the waker of the first, which runs `meanwhile`. Returns the
/// number of wake-ups of the second fork at the end of `meanwhile`.
fn wakes_while_stuck(push: fn(&Pusher<u32>, u32), meanwhile: Box<Meanwhile>) -> usize {
    let (pusher, mut one) = push_list();
    let two = Arc::new(Mutex::new(one.fork()));
    let waker = Arc::new(Counting::new());
    let wakes = Arc::new(Mutex::new(0));
    let stuck = {
        let (pusher, two) = (pusher.clone(), Arc::clone(&two));
        let (waker, wakes) = (Arc::clone(&waker), Arc::clone(&wakes));
        on_wake(move || {
            meanwhile(&pusher, &mut two.lock().unwrap(), &waker);
            *wakes.lock().unwrap() = waker.wakes();
        })
    };
    assert!(poll(&mut one, &stuck).is_pending());
    assert!(waker.poll(&mut *two.lock().unwrap()).is_pending());
    push(&pusher, 0);
    *wakes.lock().unwrap()
}

fn push(pusher: &Pusher<u32>, item: u32) {
    pusher.push(item).unwrap();
}

fn try_push(pusher: &Pusher<u32>, item: u32) {
    pusher.reserve(1000);
    pusher.try_push(item).unwrap();
}

#[test]
fn fork_registered_again_is_woken() {
    for push_method in [push, try_push] {
        let wakes = wakes_while_stuck(
            push_method,
            Box::new(|pusher, two, waker| {
                assert_eq!(waker.poll(two), Poll::Ready(Some(0)));
                assert_eq!(waker.poll(two), Poll::Pending);
                for item in 1..=100 {
                    pusher.push(item).unwrap();
                }
            }),
        );
        assert_eq!(wakes, 1);
    }
}

#[test]
fn fork_registered_again_is_woken_by_stop() {
    for push_method in [push, try_push] {
        let wakes = wakes_while_stuck(
            push_method,
            Box::new(|pusher, two, waker| {
                assert_eq!(waker.poll(two), Poll::Ready(Some(0)));
                assert_eq!(waker.poll(two), Poll::Pending);
                pusher.stop();
            }),
        );
        assert_eq!(wakes, 1);
    }
}

#[test]
fn fork_without_poll_is_woken() {
    for push_method in [push, try_push] {
        let wakes =
            wakes_while_stuck(push_method, Box::new(|pusher, _, _| pusher.push(1).unwrap()));
        assert_eq!(wakes, 1);
    }
}

#[test]
fn takers_beside_stuck_waker_are_woken() {
    let (pusher, cursor) = push_list();
    let mut one = cursor.share();
    let mut two = one.clone();
    let other = Counting::new();
    let seen = Arc::new(Mutex::new(None));
    let stuck = {
        let (pusher, seen) = (pusher.clone(), Arc::clone(&seen));
        let other = Arc::clone(other.count());
        on_wake(move || {
            pusher.push(1).unwrap();
            seen.lock().unwrap().get_or_insert(other.wakes());
        })
    };
    assert!(poll(&mut one, &stuck).is_pending());
    assert!(other.poll(&mut two).is_pending());
    pusher.push(0).unwrap();
    assert_eq!(*seen.lock().unwrap(), Some(1));
}

#[test]
fn poll_lock_beside_stuck_waker_wakes_handles() {
    fn pending(lock: &mut PollLock<()>, waker: &Waker) {
        let polled: Poll<()> =
            lock.poll_locked(&mut Context::from_waker(waker), |_, _| Poll::Pending);
        assert!(polled.is_pending());
    }
    let mut one = PollLock::new(());
    let mut two = one.clone();
    let three = one.clone();
    let other = Counting::new();
    let seen = Arc::new(Mutex::new(None));
    let stuck = {
        let seen = Arc::clone(&seen);
        let other = Arc::clone(other.count());
        on_wake(move || {
            three.notify();
            seen.lock().unwrap().get_or_insert(other.wakes());
        })
    };
    pending(&mut one, &stuck);
    pending(&mut two, other.waker());
    two.clone().notify();
    assert_eq!(*seen.lock().unwrap(), Some(1));
}
