//! The bridge starts no thread. `unblock_iter` starts one through its caller.
//!
//! There is one test, because it counts the threads of the process.
#![cfg(target_os = "linux")]

extern crate alloc;

use alloc::sync::Arc;
use core::{
    sync::atomic::{AtomicBool, Ordering},
    task::{Poll, Waker},
    time::Duration,
};
use std::{
    fs,
    sync::{Mutex, mpsc},
    thread,
};

use aiter_executor_compat::{BlockOn, aiter_to_iter, park_thread, unblock_iter};
use futures_util::{Stream, stream};

/// Time after which a watchdog thread would have been started.
const LONG: Duration = Duration::from_millis(450);

fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("Linux lists the threads").count()
}

/// A stream of one item that is pending until `is_over` is set.
#[derive(Clone, Default)]
struct Silence {
    is_over: Arc<AtomicBool>,
    /// All wakers except repeated ones, as in the deferred list of an executor.
    wakers: Arc<Mutex<Vec<Waker>>>,
}

impl Silence {
    /// Returns a stream that sends its state to `ender` at the first poll.
    fn stream(ender: &mpsc::Sender<Self>) -> impl Stream<Item = ()> + Unpin + use<> {
        let silence = Self::default();
        let mut first = Some((ender.clone(), silence.clone()));
        let mut left = 1;
        stream::poll_fn(move |cx| {
            let mut wakers = silence.wakers.lock().expect("no thread panics");
            if !wakers.last().is_some_and(|last| last.will_wake(cx.waker())) {
                wakers.push(cx.waker().clone());
            }
            drop(wakers);
            if let Some((ender, silence)) = first.take() {
                ender.send(silence).expect("the other thread listens");
            }
            if !silence.is_over.load(Ordering::Acquire) {
                return Poll::Pending;
            }
            left -= 1;
            Poll::Ready((left == 0).then_some(()))
        })
    }
}

#[test]
fn waits_start_no_thread() {
    let (ender, begun) = mpsc::channel::<Silence>();
    let (tell, seen) = mpsc::channel();
    let other = thread::spawn(move || {
        for silence in begun {
            thread::sleep(LONG);
            tell.send(threads()).expect("the test listens");
            silence.is_over.store(true, Ordering::Release);
            silence.wakers.lock().expect("no thread panics").drain(..).for_each(Waker::wake);
        }
    });
    // Starts the reactor thread of smol.
    smol::block_on(async {});
    let before = threads();

    let stream = || Silence::stream(&ender);
    assert_eq!(aiter_to_iter(stream(), park_thread).count(), 1);
    assert_eq!(aiter_to_iter(stream(), |next| pollster::block_on(next)).count(), 1);
    assert_eq!(aiter_to_iter(stream(), |next| futures_executor::block_on(next)).count(), 1);
    assert_eq!(aiter_to_iter(stream(), |next| smol::block_on(next)).count(), 1);
    let mut timed = BlockOn::new().iter(stream());
    assert_eq!(timed.next_timeout(Duration::from_secs(60)), Ok(Some(())));
    assert_eq!(BlockOn::new().max_wait(Duration::from_secs(60)).iter(stream()).count(), 1);
    drop(ender);
    other.join().expect("thread must not panic");
    assert_eq!(seen.iter().collect::<Vec<_>>(), [before; 6]);

    // The caller of `unblock_iter` starts its only thread. `other` has exited.
    let (tell, seen) = mpsc::channel();
    let items = (0..3).inspect(move |_| tell.send(threads()).expect("the test listens"));
    let (items, thread) = unblock_iter(items, 1, thread::spawn).into_parts();
    assert!(aiter_to_iter(items, park_thread).eq(0..3));
    thread.join().expect("thread must not panic");
    assert_eq!(seen.iter().collect::<Vec<_>>(), [before; 3]);
}
