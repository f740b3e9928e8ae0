//! `for_each_progress`: order, progress of the stream while a body is pending, and panics.

use crate::{
    ledger::Ledger,
    script::{script, scripted},
    waker::Counting,
};
use aiter::{
    AiterExt, Progress,
    adapters::{ForEachProgress, Preload},
};
use core::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};
use futures_core::{FusedFuture, Stream};
use futures_util::{StreamExt, stream};
use std::panic::catch_unwind;

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// A one-shot barrier for loop bodies.
#[derive(Default)]
struct Door {
    open: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Door {
    fn open(&self) {
        self.open.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    async fn pass(&self) {
        poll_fn(|cx| {
            if self.open.take() {
                return Poll::Ready(());
            }
            *self.waker.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Number of items that the stream of the loop has pulled ahead.
fn pulled_ahead<S: Stream, F, Fut>(loop_: &ForEachProgress<Preload<S>, F, Fut>) -> usize {
    loop_.get_ref().expect("stream must not have ended").len()
}

#[test]
fn bodies_run_in_order_one_at_a_time() {
    let (door, handled) = (Door::default(), RefCell::new(Vec::new()));
    let body = async |n| {
        handled.borrow_mut().push((n, "begin"));
        door.pass().await;
        handled.borrow_mut().push((n, "end"));
    };
    let task = Counting::new();
    let mut loop_ = pin!(stream::iter(0..2).preload(2).for_each_progress(body));
    assert!(poll(loop_.as_mut(), task.waker()).is_pending());
    assert_eq!(*handled.borrow(), [(0, "begin")]);
    assert_eq!(task.wakes(), 0);
    door.open();
    assert_eq!(task.wakes(), 1);
    assert!(poll(loop_.as_mut(), task.waker()).is_pending());
    assert_eq!(*handled.borrow(), [(0, "begin"), (0, "end"), (1, "begin")]);
    assert!(!loop_.is_terminated());
    door.open();
    assert!(poll(loop_.as_mut(), task.waker()).is_ready());
    assert!(loop_.is_terminated());
    assert!(poll(loop_.as_mut(), task.waker()).is_ready(), "finished loop must stay ready");
    assert_eq!(handled.borrow().last(), Some(&(1, "end")));
    assert_eq!(task.wakes(), 2);
}

#[test]
fn stream_pulls_ahead_while_body_is_pending() {
    let (handle, source) = script();
    let door = Door::default();
    let task = Counting::new();
    let stream = source.preload(3);
    let mut loop_ = pin!(stream.for_each_progress(async |_: i32| door.pass().await));
    assert!(poll(loop_.as_mut(), task.waker()).is_pending());
    handle.send(0);
    assert!(poll(loop_.as_mut(), task.waker()).is_pending());
    assert_eq!(pulled_ahead(&loop_), 0);
    (1..=9).for_each(|n| handle.send(n));
    assert_eq!(task.wakes(), 2, "source must wake the task while the body is pending");
    assert!(poll(loop_.as_mut(), task.waker()).is_pending());
    assert_eq!(pulled_ahead(&loop_), 3, "window must not count the item of the body");
    assert_eq!(handle.left(), 6);
}

#[test]
fn stream_with_task_needs_no_progress_polls() {
    fn check<S: Progress + Unpin>(mut stream: S) {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut stream).poll_progress(&mut cx).is_ready(), "progress must be done");
        let handled = Cell::new(0);
        let mut all = pin!(stream.for_each_progress(async |_| handled.set(handled.get() + 1)));
        while poll(all.as_mut(), Waker::noop()).is_pending() {}
        assert_eq!(handled.get(), 3);
    }
    /// Polls a task to its end.
    fn run<F: Future>(task: F) {
        let mut task = pin!(task);
        while poll(task.as_mut(), Waker::noop()).is_pending() {}
    }
    let numbers = || stream::iter(0..3);
    check(numbers().active(run));
    check(numbers().active_bounded(4, run));
    check(numbers().preload_with(4, run));
    check(numbers().map_par_with(2, run, core::future::ready));
}

#[test]
fn gated_stream_pulls_ahead_only_with_permit() {
    let (handle, source) = script();
    let door = Door::default();
    let task = Counting::new();
    let (gate, stream) = source.preload(3).gated();
    let mut loop_ = pin!(stream.for_each_progress(async |_: i32| door.pass().await));
    handle.send(0);
    assert!(poll(loop_.as_mut(), task.waker()).is_pending());
    assert_eq!(handle.left(), 1, "source must not be polled without a permit");
    gate.push(1).unwrap();
    assert!(poll(loop_.as_mut(), task.waker()).is_pending());
    (1..=9).for_each(|n| handle.send(n));
    assert!(poll(loop_.as_mut(), task.waker()).is_pending());
    assert_eq!(handle.left(), 9, "source must not be polled after the last permit");
    let wakes = task.wakes();
    gate.push(2).unwrap();
    assert_eq!(task.wakes(), wakes + 1, "new permits must wake the task while the body is pending");
    assert!(poll(loop_.as_mut(), task.waker()).is_pending());
    assert_eq!(handle.left(), 6, "window must hold three items");
    gate.stop();
    for _ in 0..3 {
        assert!(!loop_.is_terminated());
        door.open();
        let _ = poll(loop_.as_mut(), task.waker());
    }
    assert!(loop_.is_terminated());
}

#[test]
fn stopped_stream_pulls_nothing_ahead() {
    let (handle, source) = script();
    let door = Door::default();
    let task = Counting::new();
    let (stopper, stream) = source.preload(3).stoppable();
    let mut loop_ = pin!(stream.for_each_progress(async |_: i32| door.pass().await));
    handle.send(0);
    assert!(poll(loop_.as_mut(), task.waker()).is_pending());
    handle.send(1);
    assert!(poll(loop_.as_mut(), task.waker()).is_pending());
    assert_eq!(handle.left(), 0, "item must be pulled ahead");
    stopper.stop();
    handle.send(2);
    assert!(poll(loop_.as_mut(), task.waker()).is_pending());
    assert_eq!(handle.left(), 1);
    door.open();
    assert!(poll(loop_.as_mut(), task.waker()).is_ready());
}

#[test]
fn stop_wakes_pending_progress_poll() {
    let task = Counting::new();
    let mut cx = Context::from_waker(task.waker());
    let (stopper, stream) = stream::pending::<i32>().preload(3).stoppable();
    let mut stream = pin!(stream);
    assert!(stream.as_mut().poll_progress(&mut cx).is_pending());
    stopper.stop();
    assert_eq!(task.wakes(), 1);
    assert!(stream.as_mut().poll_progress(&mut cx).is_ready());
}

#[test]
fn body_sharing_permit_with_stream_completes() {
    // The source takes the permit in one poll and returns it in a later poll. The body needs it.
    let permit = Cell::new(true);
    let calls = Cell::new(0);
    let source = stream::poll_fn(|cx| {
        calls.set(calls.get() + 1);
        if calls.get() == 1 {
            return Poll::Ready(Some("first"));
        }
        if calls.get() == 2 {
            assert!(permit.take());
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        permit.set(true);
        Poll::Ready(None)
    });
    let body = async |_| {
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if calls.get() >= 2 && permit.get() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    };
    let mut loop_ = pin!(source.preload(2).for_each_progress(body));
    let done = (0..9).any(|_| poll(loop_.as_mut(), Waker::noop()).is_ready());
    assert!(done, "loop must not deadlock");
}

#[test]
fn ready_bodies_yield_to_executor() {
    let handled = Cell::new(0);
    let stream = stream::iter(0..1000).preload(1);
    let body = async |_| handled.set(handled.get() + 1);
    let task = Counting::new();
    let mut loop_ = pin!(stream.for_each_progress(body));
    let mut polls = 1;
    while poll(loop_.as_mut(), task.waker()).is_pending() {
        assert_eq!(task.wakes(), polls);
        polls += 1;
    }
    assert_eq!(handled.get(), 1000);
    assert_eq!(polls, 1000 / 128 + 1);
}

#[test]
fn dropped_loop_leaves_borrowed_stream_usable() {
    let (handle, source) = scripted(0..9);
    let mut stream = source.preload(3);
    {
        let mut loop_ =
            pin!((&mut stream).for_each_progress(async |_| poll_fn(|_| Poll::Pending).await));
        assert!(poll(loop_.as_mut(), Waker::noop()).is_pending());
    }
    assert_eq!(stream.len(), 3);
    assert_eq!(crate::waker::next(&mut stream), Poll::Ready(Some(1)));
    assert!(!handle.is_dropped());
}

#[test]
fn body_panic_loses_only_its_item() {
    let handled = RefCell::new(Vec::new());
    let body = async |n: i32| {
        assert_ne!(n, 1, "scripted panic");
        handled.borrow_mut().push(n);
    };
    let mut loop_ = pin!(stream::iter(0..3).preload(2).for_each_progress(body));
    let first = catch_unwind(AssertUnwindSafe(|| poll(loop_.as_mut(), Waker::noop())));
    assert!(first.is_err());
    assert!(poll(loop_.as_mut(), Waker::noop()).is_ready());
    assert_eq!(*handled.borrow(), [0, 2]);
}

#[test]
fn stream_is_dropped_at_its_end() {
    let (handle, source) = scripted([1]);
    let mut loop_ = pin!(source.preload(2).for_each_progress(async |_| ()));
    assert!(poll(loop_.as_mut(), Waker::noop()).is_ready());
    assert!(handle.is_dropped());
}

#[test]
fn frees_every_item_once_when_dropped_at_any_step() {
    for steps in 0_usize..=4 {
        let ledger = Ledger::new();
        let door = Door::default();
        let source = stream::iter(ledger.items(3).collect::<Vec<_>>()).fuse();
        let body = async |item| {
            door.pass().await;
            drop(item);
        };
        let mut loop_ = Box::pin(source.preload(2).for_each_progress(body));
        for _ in 0..steps {
            let polled = poll(loop_.as_mut(), Waker::noop());
            assert_eq!(polled.is_ready(), ledger.alive() == 0);
            door.open();
        }
        assert_eq!(ledger.alive(), 3 - steps.saturating_sub(1).min(3));
        drop(loop_);
        ledger.assert_all_dropped();
    }
}

#[test]
fn debug_shows_the_state_and_no_items() {
    let stream = stream::iter(["secret"]).preload(2);
    let mut loop_ = pin!(stream.for_each_progress(async |_| poll_fn(|_| Poll::Pending).await));
    assert_eq!(format!("{loop_:?}"), "ForEachProgress { stream_ended: false, running: false, .. }");
    assert!(poll(loop_.as_mut(), Waker::noop()).is_pending());
    assert_eq!(format!("{loop_:?}"), "ForEachProgress { stream_ended: false, running: true, .. }");
}
