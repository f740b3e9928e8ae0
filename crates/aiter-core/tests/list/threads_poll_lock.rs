//! A `try_read` of a `PollLock` on one thread while a task on another thread registers.

use crate::waker::Hooks;
use aiter_core::task::PollLock;
use alloc::sync::Arc;
use core::{
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
};
use std::{
    sync::{Mutex, mpsc},
    thread,
};

/// The waker of the last poll.
type Value = Arc<Mutex<Option<Waker>>>;

fn poll(lock: &mut PollLock<Value>, waker: &Waker, ready: bool) -> Poll<()> {
    lock.poll_locked(&mut Context::from_waker(waker), |value: Pin<&mut Value>, cx| {
        *value.lock().unwrap() = Some(cx.waker().clone());
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
}

/// The source notifies during a read of another handle, and the waiter registers during the read.
fn waiter_beside_read(polls_before_read: bool) {
    let value = Value::default();
    let mut waiter = PollLock::new(Arc::clone(&value));
    let reader = Arc::new(waiter.clone());
    let other = Arc::new(Mutex::new(waiter.clone()));
    let (in_read, is_in_read) = mpsc::channel();
    let (end_read, read_ends) = mpsc::channel::<()>();
    let read_ends = Arc::new(Mutex::new(Some(read_ends)));
    let is_in_read = Mutex::new(is_in_read);
    let wakes = Arc::new(AtomicUsize::new(0));
    let reads = Arc::new(Mutex::new(None));
    let hooks = {
        let (value, wakes, reads) = (Arc::clone(&value), Arc::clone(&wakes), Arc::clone(&reads));
        Hooks {
            // The waiter has opened the gate and is about to register.
            clone: Box::new(move || {
                let (value, reader) = (Arc::clone(&value), Arc::clone(&reader));
                let Some(read_ends) = read_ends.lock().unwrap().take() else { return };
                if polls_before_read {
                    // The source notifies, and the turn of another handle is ready.
                    value.lock().unwrap().take().unwrap().wake();
                    let mut other = other.lock().unwrap();
                    assert!(poll(&mut other, Waker::noop(), true).is_ready());
                }
                let in_read = in_read.clone();
                *reads.lock().unwrap() = Some(thread::spawn(move || {
                    let read = reader.try_read(|value| {
                        if !polls_before_read {
                            value.lock().unwrap().take().unwrap().wake();
                        }
                        in_read.send(()).unwrap();
                        read_ends.recv().unwrap();
                    });
                    assert!(read.is_some());
                }));
                is_in_read.lock().unwrap().recv().unwrap();
            }),
            wake: Box::new(move || {
                wakes.fetch_add(1, Ordering::SeqCst);
            }),
            ..Hooks::default()
        }
    };
    let waker = hooks.waker();
    assert!(poll(&mut waiter, &waker, false).is_pending());
    end_read.send(()).unwrap();
    reads.lock().unwrap().take().unwrap().join().unwrap();
    assert!(wakes.load(Ordering::SeqCst) > 0, "the waiter must be woken");
}

#[test]
fn waiter_beside_notified_read_is_woken() {
    waiter_beside_read(false);
}

#[test]
fn waiter_beside_read_after_turn_is_woken() {
    waiter_beside_read(true);
}
