//! `closed`, which waits until a list refuses items.

use crate::waker::{Count, Counting, on_wake};
use aiter_core::{Closed, Cursor, Pusher, push_list};
use alloc::{sync::Arc, task::Wake};
use core::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};
use std::{panic::catch_unwind, sync::Mutex};

fn poll(closed: &mut Closed<'_, u32>, waker: &Waker) -> Poll<()> {
    pin!(closed).poll(&mut Context::from_waker(waker))
}

/// Ends a list, or takes its last cursor.
type Close = fn(&mut Option<Cursor<u32>>, &Pusher<u32>);

const CLOSES: [Close; 5] = [
    |cursor, _| drop(cursor.take()),
    |cursor, _| drop(cursor.take().map(Cursor::share)),
    |cursor, _| cursor.as_ref().unwrap().close(),
    |cursor, _| cursor.take().unwrap().share().close(),
    |_, pusher| pusher.stop(),
];

#[test]
fn closed_resolves_at_each_transition() {
    for close in CLOSES {
        for unique in [false, true] {
            let (mut pusher, cursor) = push_list();
            assert!(!unique || pusher.unique().is_some());
            let mut cursor = Some(cursor);
            let wakers = [Counting::new(), Counting::new()];
            let mut futures = [pusher.closed(), pusher.closed()];
            for (future, waker) in futures.iter_mut().zip(&wakers) {
                assert!(poll(future, waker.waker()).is_pending());
            }
            close(&mut cursor, &pusher);
            for (future, waker) in futures.iter_mut().zip(&wakers) {
                assert!(waker.wakes() >= 1);
                assert!(poll(future, waker.waker()).is_ready());
                assert_eq!(waker.held(), 0);
            }
            assert!(poll(&mut pusher.closed(), Waker::noop()).is_ready());
        }
    }
}

#[test]
fn drop_of_last_cursor_wakes_once() {
    let (pusher, cursor) = push_list();
    let (fork, waker) = (cursor.fork(), Counting::new());
    let mut closed = pusher.closed();
    assert!(poll(&mut closed, waker.waker()).is_pending());
    drop(cursor);
    assert_eq!(waker.wakes(), 0);
    assert!(poll(&mut closed, waker.waker()).is_pending());
    drop(fork);
    assert_eq!(waker.wakes(), 1);
    assert!(poll(&mut closed, waker.waker()).is_ready());
}

#[test]
fn pushes_do_not_wake_closed() {
    let (pusher, mut cursor) = push_list();
    let waker = Counting::new();
    let mut closed = pusher.closed();
    assert!(poll(&mut closed, waker.waker()).is_pending());
    pusher.push_all(0..200).unwrap();
    while cursor.try_next().is_ok() {}
    assert_eq!(waker.wakes(), 0);
}

#[test]
fn subscribe_before_poll_makes_closed_wait_again() {
    let (pusher, cursor) = push_list();
    let waker = Counting::new();
    let mut closed = pusher.closed();
    assert!(poll(&mut closed, waker.waker()).is_pending());
    drop(cursor);
    assert_eq!(waker.wakes(), 1);
    let late = pusher.subscribe();
    assert!(poll(&mut closed, waker.waker()).is_pending());
    assert!(poll(&mut pusher.closed(), waker.waker()).is_pending());
    drop(late);
    assert_eq!(waker.wakes(), 2);
    assert!(poll(&mut closed, waker.waker()).is_ready());
}

#[test]
fn dropped_closed_leaves_no_waker() {
    let (pusher, cursor) = push_list();
    let waker = Counting::new();
    drop(pusher.closed());
    let mut closed = pusher.closed();
    assert!(poll(&mut closed, waker.waker()).is_pending());
    assert_eq!(waker.held(), 1);
    drop(closed);
    assert_eq!(waker.held(), 0);
    drop(cursor);
    assert_eq!(waker.wakes(), 0);
}

#[test]
fn closed_polled_by_other_task_wakes_it() {
    let (pusher, cursor) = push_list();
    let wakers = [Counting::new(), Counting::new()];
    let mut closed = pusher.closed();
    for waker in &wakers {
        for _ in 0..2 {
            assert!(poll(&mut closed, waker.waker()).is_pending());
        }
    }
    drop(cursor);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [0, 1]);
}

/// The list outlives its handles for as long as a waker of a `closed` is called.
#[test]
fn waker_of_closed_may_reenter_list() {
    let (pusher, cursor) = push_list::<u32>();
    let pusher = Arc::new(pusher);
    let (reenter, calls) = (Arc::clone(&pusher), Arc::new(Count::default()));
    let count = Arc::clone(&calls);
    let waker = on_wake(move || {
        count.wake_by_ref();
        let late = reenter.subscribe();
        let mut closed = reenter.closed();
        assert!(poll(&mut closed, Waker::noop()).is_pending());
        assert!(reenter.push(1).is_ok());
        drop(late);
        reenter.stop();
    });
    let mut closed = pusher.closed();
    assert!(poll(&mut closed, &waker).is_pending());
    drop(waker);
    drop(cursor);
    assert!(calls.wakes() >= 1 && pusher.is_stopped());
    assert!(poll(&mut closed, Waker::noop()).is_ready());
}

/// A task that holds a `closed` future and other handles of the list. Its executor drops it when it
/// is woken.
struct DyingTask(Mutex<Option<Owned>>);

/// What the task owns. The future is first, so it is dropped before the pusher that it borrows.
struct Owned {
    _closed: Closed<'static, u32>,
    _pusher: Arc<Pusher<u32>>,
    _cursor: Option<Cursor<u32>>,
}

impl Wake for DyingTask {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let owned = self.0.lock().unwrap().take();
        drop(owned);
    }
}

/// Returns the task, which has polled its future.
fn dying_task(pusher: Pusher<u32>, cursor: Option<Cursor<u32>>) -> Arc<DyingTask> {
    let pusher = Arc::new(pusher);
    // SAFETY: the `Arc` keeps the pusher alive, and `Owned` drops the future first.
    let borrowed: &'static Pusher<u32> = unsafe { &*Arc::as_ptr(&pusher) };
    let task = Arc::new(DyingTask(Mutex::new(None)));
    let mut closed = borrowed.closed();
    assert!(poll(&mut closed, &Waker::from(Arc::clone(&task))).is_pending());
    *task.0.lock().unwrap() = Some(Owned { _closed: closed, _pusher: pusher, _cursor: cursor });
    task
}

#[test]
fn task_dying_in_waker_drops_last_pusher() {
    for with_cursor in [false, true] {
        let (pusher, cursor) = push_list();
        let (other, mut fork) = (pusher.subscribe(), cursor.fork());
        let task = dying_task(pusher, with_cursor.then_some(other));
        fork.close();
        assert!(task.0.lock().unwrap().is_none(), "the task must be woken");
        assert!(fork.try_next().is_err());
        assert_eq!(fork.pusher_count(), 0);
        drop((cursor, fork));
        assert_eq!(Arc::strong_count(&task), 1, "the list must not keep the waker");
    }
}

#[test]
fn task_dying_in_waker_frees_list() {
    let (pusher, cursor) = push_list();
    let task = dying_task(pusher, None);
    drop(cursor);
    assert!(task.0.lock().unwrap().is_none());
    assert_eq!(Arc::strong_count(&task), 1);
}

/// A second task is woken by the drop of the handles of the first one.
#[test]
fn dying_tasks_wake_each_other() {
    let (pusher, cursor) = push_list();
    let tasks = [
        dying_task(pusher.clone(), Some(cursor.fork())),
        dying_task(pusher.clone(), Some(cursor.fork())),
    ];
    drop(cursor);
    assert!(tasks.iter().all(|task| task.0.lock().unwrap().is_some()));
    pusher.stop();
    assert!(tasks.iter().all(|task| task.0.lock().unwrap().is_none()));
    assert_eq!(pusher.pusher_count(), 1);
}

#[test]
fn panicking_waker_leaves_other_tasks_woken() {
    for close in CLOSES {
        let (pusher, cursor) = push_list();
        let mut cursor = Some(cursor);
        let waker = Counting::new();
        let mut futures = [pusher.closed(), pusher.closed(), pusher.closed()];
        assert!(poll(&mut futures[0], waker.waker()).is_pending());
        assert!(poll(&mut futures[1], &on_wake(|| panic!("on purpose"))).is_pending());
        assert!(poll(&mut futures[2], waker.waker()).is_pending());
        let closed = catch_unwind(AssertUnwindSafe(|| close(&mut cursor, &pusher)));
        assert!(closed.is_err());
        assert_eq!(waker.wakes(), 2);
        assert!(pusher.is_closed());
    }
}

#[test]
fn cursor_waker_panics_closed_is_notified() {
    let (pusher, mut cursor) = push_list();
    let waker = Counting::new();
    let mut closed = pusher.closed();
    assert!(poll(&mut closed, waker.waker()).is_pending());
    assert!(crate::waker::poll(&mut cursor, &on_wake(|| panic!("on purpose"))).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| pusher.stop())).is_err());
    assert_eq!(waker.wakes(), 1);
}

#[test]
fn closed_in_async_block_ends_producer() {
    async fn produce(pusher: Pusher<u32>) {
        pusher.closed().await;
    }
    let (pusher, cursor) = push_list();
    let waker = Counting::new();
    let mut producer: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(produce(pusher));
    let mut cx = Context::from_waker(waker.waker());
    assert!(producer.as_mut().poll(&mut cx).is_pending());
    cursor.close();
    assert_eq!(waker.wakes(), 1);
    assert!(producer.as_mut().poll(&mut cx).is_ready());
    assert_eq!(cursor.pusher_count(), 0);
}
