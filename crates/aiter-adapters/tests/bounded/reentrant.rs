//! Wakers that use the list inside `wake`, `clone` and `drop`.

use alloc::sync::Arc;
use std::sync::Mutex;

use aiter_adapters::{BoundedCursor, BoundedPusher, bounded};

use crate::{
    poll, ready, wait,
    waker::{Counting, Hooks, on_wake},
};

type Handles = Arc<Mutex<(Option<BoundedPusher<u32>>, Vec<BoundedCursor<u32>>)>>;

/// Uses every handle. A lock that is held by the caller would never be taken.
fn use_all(handles: &Handles) {
    let Ok(mut handles) = handles.try_lock() else { return };
    let (pusher, cursors) = &mut *handles;
    if let Some(pusher) = pusher {
        let _ = pusher.try_push(1);
        let _ = (pusher.len(), pusher.capacity(), pusher.try_reserve().is_ok());
        let mut push = pusher.push(2);
        wait_or_not(&mut push);
        wait_or_not(&mut pusher.closed());
        drop(push);
        drop(pusher.subscribe());
    }
    if let Some(cursor) = cursors.last_mut() {
        let _ = cursor.try_next();
        drop(cursor.fork());
    }
    cursors.truncate(1);
}

fn wait_or_not<F: Future + Unpin>(future: &mut F) {
    let _ = poll(future, Counting::new().waker());
}

#[test]
fn wake_may_use_all_handles() {
    let (pusher, cursor) = bounded(1);
    let handles: Handles = Arc::new(Mutex::new((Some(pusher.clone()), vec![cursor.fork()])));
    let mut cursor = cursor;
    let used = Arc::clone(&handles);
    let hook = on_wake(move || use_all(&used));
    pusher.try_push(0).unwrap();
    let (mut one, mut two) = (pusher.push(1), pusher.push(2));
    assert!(poll(&mut one, &hook).is_pending());
    assert!(poll(&mut two, &hook).is_pending());
    assert_eq!(cursor.try_next(), Ok(0));
    let fork = handles.lock().unwrap().1.pop().unwrap();
    drop(fork);
    assert!(ready(one).is_ok());
    drop((two, cursor));
    pusher.stop();
}

#[test]
fn clone_and_drop_of_waker_may_use_all_handles() {
    let (pusher, mut cursor) = bounded(1);
    let handles: Handles = Arc::new(Mutex::new((Some(pusher.clone()), vec![cursor.fork()])));
    let hook = || {
        let used = Arc::clone(&handles);
        Box::new(move || use_all(&used))
    };
    for _ in 0..3 {
        let _ = pusher.try_push(0);
        let mut push = pusher.push(1);
        let mut closed = pusher.closed();
        for _ in 0..2 {
            let waker = Hooks { clone: hook(), drop: hook(), wake: hook() }.waker();
            let _ = poll(&mut push, &waker);
            let _ = poll(&mut closed, &waker);
        }
        let _ = cursor.try_next();
    }
}

/// The waker owns a task that owns the last pusher and waits in its `closed`.
#[test]
fn task_that_dies_in_its_wake_may_own_pusher_and_closed() {
    type Task = Box<dyn Future<Output = ()> + Send + Unpin>;
    let (pusher, cursor) = bounded::<u32>(1);
    let weak = pusher.downgrade();
    let task: Arc<Mutex<Option<Task>>> = Arc::new(Mutex::new(None));
    let owner = Arc::clone(&task);
    // Drops the task inside of `wake`.
    let waker = on_wake(move || drop(owner.lock().unwrap().take()));
    let future: Task = Box::new(Box::pin(async move { pusher.closed().await }));
    let mut slot = task.lock().unwrap();
    let future = slot.insert(future);
    assert!(poll(future, &waker).is_pending());
    drop(slot);
    drop(cursor);
    assert!(task.lock().unwrap().is_none(), "the waker must have dropped the task");
    assert!(weak.upgrade().is_none());
}

#[cfg_attr(miri, ignore = "leaks on purpose")]
#[test]
fn wake_of_granted_request_may_drop_next_request() {
    let (pusher, mut cursor) = bounded(2);
    let pusher: &'static BoundedPusher<u32> = Box::leak(Box::new(pusher));
    pusher.try_push(0).unwrap();
    pusher.try_push(0).unwrap();
    let mut one = pusher.push(1);
    let second = Arc::new(Mutex::new(Some(pusher.push(2))));
    let mut third = pusher.push(3);
    let dropped = Arc::clone(&second);
    let hook = on_wake(move || drop(dropped.lock().unwrap().take()));
    assert!(poll(&mut one, &hook).is_pending());
    let waker = wait(second.lock().unwrap().as_mut().unwrap());
    let last = wait(&mut third);
    assert_eq!(cursor.try_next(), Ok(0));
    assert_eq!((waker.wakes(), last.wakes()), (0, 0));
    assert!(ready(one).is_ok());
    assert_eq!(cursor.try_next(), Ok(0));
    assert_eq!(last.wakes(), 1);
    assert!(ready(third).is_ok());
}
