//! A look at a relay's value, on one thread, while a task on another one registers.

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

/// The value keeps the waker that it was polled with.
type Value = Arc<Mutex<Option<Waker>>>;

fn turn(relay: &mut PollLock<Value>, waker: &Waker, ready: bool) -> Poll<()> {
    relay.poll_locked(&mut Context::from_waker(waker), |value: Pin<&mut Value>, cx| {
        *value.lock().unwrap() = Some(cx.waker().clone());
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
}

/// News comes while another handle looks, and the sleeper registers before the look is over.
fn sleeper_beside_look(turn_between: bool) {
    let value = Value::default();
    let mut sleeper = PollLock::new(Arc::clone(&value));
    let looker = Arc::new(sleeper.clone());
    let other = Arc::new(Mutex::new(sleeper.clone()));
    let (in_look, is_in_look) = mpsc::channel();
    let (end_look, look_ends) = mpsc::channel::<()>();
    let look_ends = Arc::new(Mutex::new(Some(look_ends)));
    let is_in_look = Mutex::new(is_in_look);
    let wakes = Arc::new(AtomicUsize::new(0));
    let looks = Arc::new(Mutex::new(None));
    let hooks = {
        let (value, wakes, looks) = (Arc::clone(&value), Arc::clone(&wakes), Arc::clone(&looks));
        Hooks {
            // The sleeper has opened the gate and is about to register.
            clone: Box::new(move || {
                let (value, looker) = (Arc::clone(&value), Arc::clone(&looker));
                let Some(look_ends) = look_ends.lock().unwrap().take() else { return };
                if turn_between {
                    // News comes, and another handle takes a turn and gets something.
                    value.lock().unwrap().take().unwrap().wake();
                    let mut other = other.lock().unwrap();
                    assert!(turn(&mut other, Waker::noop(), true).is_ready());
                }
                let in_look = in_look.clone();
                *looks.lock().unwrap() = Some(thread::spawn(move || {
                    let looked = looker.try_read(|value| {
                        if !turn_between {
                            value.lock().unwrap().take().unwrap().wake();
                        }
                        in_look.send(()).unwrap();
                        look_ends.recv().unwrap();
                    });
                    assert!(looked.is_some());
                }));
                is_in_look.lock().unwrap().recv().unwrap();
            }),
            wake: Box::new(move || {
                wakes.fetch_add(1, Ordering::SeqCst);
            }),
            ..Hooks::default()
        }
    };
    let waker = hooks.waker();
    assert!(turn(&mut sleeper, &waker, false).is_pending());
    end_look.send(()).unwrap();
    looks.lock().unwrap().take().unwrap().join().unwrap();
    assert!(wakes.load(Ordering::SeqCst) > 0, "the value may be ready, and the sleeper sleeps");
}

#[test]
fn sleeper_beside_look_with_news_is_woken() {
    sleeper_beside_look(false);
}

#[test]
fn sleeper_beside_look_after_turn_is_woken() {
    sleeper_beside_look(true);
}
