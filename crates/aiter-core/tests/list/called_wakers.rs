//! Wakers that were called or replaced, or whose cursor has ended, are dropped.

use crate::waker::{Counting, Hooks, next, on_wake, poll};
use aiter_core::{
    Cursor, Pusher, push_list,
    task::{PollLock, ReadyQueue, WakeCell},
};
use alloc::{sync::Arc, task::Wake};
use core::{
    mem::ManuallyDrop,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
};
use std::{panic::catch_unwind, sync::Mutex};

fn push(pusher: &Pusher<u32>) {
    pusher.push(1).unwrap();
}

/// Pushes like an interrupt handler.
fn try_push(pusher: &Pusher<u32>) {
    pusher.try_push(1).unwrap();
}

fn run_of_items(pusher: &Pusher<u32>) {
    pusher.push_all([1, 2, 3]).unwrap();
}

const PUSHES: [fn(&Pusher<u32>); 3] = [push, try_push, run_of_items];

#[test]
fn cursor_reads_item_keeps_no_waker() {
    for push in PUSHES {
        let (pusher, mut cursor) = push_list();
        let waker = Counting::new();
        // The next poll uses another waker, as if the task had moved.
        for _ in 0..3 {
            assert_eq!(waker.poll(&mut cursor), Poll::Pending);
            push(&pusher);
            assert_eq!(waker.poll(&mut cursor), Poll::Ready(Some(1)));
            assert_eq!(waker.held(), 0);
            while next(&mut cursor).is_ready() {}
        }
        assert_eq!(waker.wakes(), 3);
    }
}

#[test]
fn fork_reads_item_keeps_no_waker() {
    for push in PUSHES {
        let (pusher, mut cursor) = push_list();
        let mut fork = cursor.fork();
        let wakers = [Counting::new(), Counting::new()];
        assert!(wakers[0].poll(&mut cursor).is_pending());
        assert!(wakers[1].poll(&mut fork).is_pending());
        push(&pusher);
        assert_eq!(wakers[0].poll(&mut cursor), Poll::Ready(Some(1)));
        assert_eq!(wakers[0].held(), 0);
        assert_eq!(wakers[1].poll(&mut fork), Poll::Ready(Some(1)));
        assert_eq!(wakers[1].held(), 0);
    }
}

/// Reads one item.
type Read = fn(&mut Cursor<u32>, &Counting) -> Option<u32>;

fn read_next_many(cursor: &mut Cursor<u32>, waker: &Counting) -> Option<u32> {
    let mut buf = Vec::new();
    let read = cursor.poll_next_many(&mut Context::from_waker(waker.waker()), &mut buf, 1);
    read.is_ready().then(|| buf[0])
}

fn read_try_next_many(cursor: &mut Cursor<u32>, _: &Counting) -> Option<u32> {
    let mut buf = Vec::new();
    cursor.try_next_many(&mut buf, 1);
    buf.pop()
}

#[test]
fn every_read_drops_called_waker() {
    let reads: [Read; 4] = [
        |cursor, _| cursor.try_next().ok(),
        |cursor, _| cursor.next_ready(),
        read_next_many,
        read_try_next_many,
    ];
    for forked in [false, true] {
        for read in reads {
            let (pusher, mut cursor) = push_list();
            let _fork = forked.then(|| cursor.fork());
            let waker = Counting::new();
            assert!(waker.poll(&mut cursor).is_pending());
            pusher.try_push(1).unwrap();
            assert_eq!(read(&mut cursor, &waker), Some(1));
            assert_eq!(waker.held(), 0);
        }
    }
}

#[test]
fn called_waker_outlives_fork_of_its_cursor() {
    let (pusher, mut cursor) = push_list();
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    pusher.try_push(1).unwrap();
    let mut fork = cursor.fork();
    assert_eq!(next(&mut fork), Poll::Ready(Some(1)));
    assert_eq!(waker.held(), 1);
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    assert_eq!(waker.held(), 0);
}

#[test]
fn cursor_at_end_keeps_no_waker() {
    let (pusher, mut cursor) = push_list::<u32>();
    let mut fork = cursor.fork();
    let wakers = [Counting::new(), Counting::new()];
    assert!(wakers[0].poll(&mut cursor).is_pending());
    assert!(wakers[1].poll(&mut fork).is_pending());
    pusher.stop();
    assert_eq!(wakers[0].poll(&mut cursor), Poll::Ready(None));
    assert_eq!(wakers[0].held(), 0);
    assert!(fork.try_next().is_err());
    assert_eq!(wakers[1].held(), 0);
}

#[test]
fn taker_keeps_no_waker() {
    for push in PUSHES {
        let (pusher, cursor) = push_list();
        let mut one = cursor.share();
        let mut two = one.clone();
        let wakers = [Counting::new(), Counting::new()];
        assert!(wakers[0].poll(&mut one).is_pending());
        assert!(wakers[1].poll(&mut two).is_pending());
        push(&pusher);
        assert_eq!(wakers[0].poll(&mut one), Poll::Ready(Some(1)));
        assert_eq!(wakers[0].held(), 0);
        let _ = next(&mut two);
        assert_eq!(wakers[1].held(), 0);
        pusher.stop();
        while !matches!(wakers[0].poll(&mut one), Poll::Ready(None)) {}
        while two.try_next().is_ok() {}
        assert_eq!(wakers.each_ref().map(Counting::held), [0, 0]);
    }
}

#[test]
fn poll_lock_ready_poll_keeps_no_waker() {
    /// The waker of the last poll.
    type Value = Arc<Mutex<Option<Waker>>>;
    fn poll_value(lock: &mut PollLock<Value>, waker: &Waker, ready: bool) -> Poll<()> {
        lock.poll_locked(&mut Context::from_waker(waker), |value: Pin<&mut Value>, cx| {
            *value.lock().unwrap() = Some(cx.waker().clone());
            if ready { Poll::Ready(()) } else { Poll::Pending }
        })
    }
    for shared in [false, true] {
        let value = Value::default();
        let mut lock = PollLock::new(Arc::clone(&value));
        let _other = shared.then(|| lock.clone());
        let waker = Counting::new();
        assert!(poll_value(&mut lock, waker.waker(), false).is_pending());
        value.lock().unwrap().take().unwrap().wake();
        assert_eq!(waker.wakes(), 1);
        assert!(poll_value(&mut lock, waker.waker(), true).is_ready());
        assert_eq!(waker.held(), 0);
    }
}

#[test]
fn wake_cell_drops_replaced_waker() {
    let (cell, wakers) = (WakeCell::new(), [Counting::new(), Counting::new()]);
    for called in [false, true] {
        cell.register(wakers[0].waker());
        if called {
            cell.wake();
        }
        cell.register(wakers[1].waker());
        assert_eq!(wakers.each_ref().map(Counting::held), [0, 1]);
    }
}

/// The waker's clone and drop register another waker in the same cell.
#[test]
fn wake_cell_clones_waker_without_lock() {
    let cell = Arc::new(WakeCell::new());
    let inner = Arc::new(Counting::new());
    let (registered, with) = (Arc::clone(&cell), Arc::clone(&inner));
    let register = Arc::new(move || registered.register(with.waker()));
    let (on_clone, on_drop) = (Arc::clone(&register), register);
    let hooks = Hooks {
        clone: Box::new(move || on_clone()),
        drop: Box::new(move || on_drop()),
        ..Hooks::default()
    };
    // The last drop would register again.
    let waker = ManuallyDrop::new(hooks.waker());
    cell.register(&waker);
    assert_eq!(inner.wakes(), 0, "the inner waker must be replaced, not called");
    assert_eq!(inner.held(), 0);
    cell.register(Waker::noop());
    assert_eq!(inner.held(), 1, "the drop of the replaced waker must register it");
    cell.clear();
    drop(cell);
    drop(ManuallyDrop::into_inner(waker));
}

#[test]
fn ready_queue_with_ready_node_keeps_no_waker() {
    let (mut ready, waker) = (ReadyQueue::new(), Counting::new());
    let mut node = ready.node::<()>(0);
    assert!(node.set_idle());
    assert!(ready.sleep(waker.waker()));
    node.waker().wake();
    assert_eq!(waker.wakes(), 1);
    assert_eq!(ready.take(), 0);
    assert_eq!(waker.held(), 0);
}

/// A woken task reads its item and waits for another event, but its executor is gone.
#[test]
fn task_of_dead_executor_is_freed() {
    struct Task {
        cursor: Mutex<Cursor<u32>>,
        _alive: Arc<()>,
    }
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    for push in PUSHES {
        let alive = Arc::new(());
        let (pusher, cursor) = push_list();
        let task = Arc::new(Task { cursor: Mutex::new(cursor), _alive: Arc::clone(&alive) });
        let poll = || {
            let waker = Waker::from(Arc::clone(&task));
            poll(&mut *task.cursor.lock().unwrap(), &waker)
        };
        assert!(poll().is_pending());
        push(&pusher);
        assert_eq!(poll(), Poll::Ready(Some(1)));
        drop(task);
        assert_eq!(Arc::strong_count(&alive), 1, "the cursor must not keep its own task alive");
    }
}

/// `push` calls wakers by value, so the task is freed even without another poll.
#[test]
fn woken_task_without_poll_is_freed() {
    struct Task(Mutex<Cursor<u32>>, Arc<()>);
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    let alive = Arc::new(());
    let (pusher, cursor) = push_list();
    let task = Arc::new(Task(Mutex::new(cursor), Arc::clone(&alive)));
    let waker = Waker::from(Arc::clone(&task));
    assert!(poll(&mut *task.0.lock().unwrap(), &waker).is_pending());
    drop(waker);
    let Task(_, _alive) = &*task;
    drop(task);
    assert_eq!(Arc::strong_count(&alive), 2, "the list must keep the registered waker");
    pusher.push(1).unwrap();
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn poll_lock_clones_wakers_with_gate_open() {
    let mut one = PollLock::new(());
    let mut two = one.clone();
    let (other, reads) = (one.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&reads);
    let read = Arc::new(move || {
        assert!(other.try_read(|_| ()).is_some(), "the gate must be open");
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let (on_clone, on_drop) = (Arc::clone(&read), read);
    let hooks = Hooks {
        clone: Box::new(move || on_clone()),
        drop: Box::new(move || on_drop()),
        ..Hooks::default()
    };
    let waker = hooks.waker();
    let pending = |lock: &mut PollLock<()>, waker: &Waker| {
        let polled: Poll<()> =
            lock.poll_locked(&mut Context::from_waker(waker), |_, _| Poll::Pending);
        assert!(polled.is_pending());
    };
    pending(&mut one, &waker);
    two.notify();
    pending(&mut two, Waker::noop());
    two.notify();
    // `one` polls again with another waker.
    pending(&mut one, Waker::noop());
    assert_eq!(reads.load(Ordering::Relaxed), 2, "one clone and one drop of that clone");
}

#[test]
fn taker_try_next_drops_called_waker() {
    let (pusher, cursor) = push_list();
    let mut taker = cursor.share();
    let waker = Counting::new();
    assert!(waker.poll(&mut taker).is_pending());
    pusher.try_push(1).unwrap();
    assert_eq!(waker.wakes(), 1);
    assert_eq!(taker.try_next(), Ok(1));
    assert_eq!(waker.held(), 0);
}

#[test]
fn taker_try_next_many_drops_called_waker() {
    let (pusher, cursor) = push_list();
    let mut taker = cursor.share();
    let waker = Counting::new();
    assert!(waker.poll(&mut taker).is_pending());
    pusher.try_push(1).unwrap();
    assert_eq!(taker.try_next_many(&mut Vec::new(), 5), 1);
    assert_eq!(waker.held(), 0);
}

/// The item is pushed between the first read and the registration.
#[test]
fn taker_late_item_drops_called_waker() {
    let (pusher, cursor) = push_list();
    let pusher = Arc::new(pusher);
    let mut taker = cursor.share();
    let held = Arc::new(AtomicUsize::new(0));
    let (clones, drops) = (Arc::clone(&held), Arc::clone(&held));
    let pushes = Arc::clone(&pusher);
    pusher.reserve(100);
    let hooks = Hooks {
        clone: Box::new(move || {
            clones.fetch_add(1, Ordering::SeqCst);
            pushes.push(1).unwrap();
        }),
        drop: Box::new(move || {
            drops.fetch_sub(1, Ordering::SeqCst);
        }),
        ..Hooks::default()
    };
    let waker = hooks.waker();
    // Sets `WAITING` in the block.
    assert!(poll(&mut taker.clone(), Waker::noop()).is_pending());
    assert_eq!(poll(&mut taker, &waker), Poll::Ready(Some(1)));
    assert_eq!(held.load(Ordering::SeqCst), 1, "the waker must be registered");
    for _ in 0..20 {
        pusher.try_push(2).unwrap();
        assert_eq!(poll(&mut taker, Waker::noop()), Poll::Ready(Some(2)));
    }
    assert_eq!(held.load(Ordering::SeqCst), 0, "the called waker must be dropped");
    held.store(1, Ordering::SeqCst);
}

#[test]
fn skip_drops_called_waker() {
    let (pusher, mut cursor) = push_list();
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    pusher.try_push(1).unwrap();
    assert_eq!(waker.wakes(), 1);
    assert_eq!(cursor.skip_items(1), 1);
    assert_eq!(waker.held(), 0);
}

/// The other cursor is dropped inside its own waker, and the drop of that waker panics.
#[test]
fn cursor_after_waker_drop_panic_registers() {
    let (pusher, cursor) = push_list();
    let mut other = cursor.fork();
    let slot = Arc::new(Mutex::new(Some(cursor)));
    let inside = Arc::clone(&slot);
    let hooks = Hooks {
        wake: Box::new(move || drop(inside.lock().unwrap().take())),
        drop: Box::new(|| panic!("on purpose")),
        ..Hooks::default()
    };
    let panics = ManuallyDrop::new(hooks.waker());
    assert!(poll(slot.lock().unwrap().as_mut().unwrap(), &panics).is_pending());
    pusher.try_push(1).unwrap();
    assert_eq!(other.try_next(), Ok(1));
    let waker = Counting::new();
    assert!(catch_unwind(AssertUnwindSafe(|| waker.poll(&mut other))).is_err());
    assert!(waker.poll(&mut other).is_pending());
    pusher.try_push(2).unwrap();
    assert_eq!(waker.wakes(), 1);
    assert_eq!(other.try_next(), Ok(2));
    assert_eq!(waker.held(), 0);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(ManuallyDrop::into_inner(panics)))).is_err());
}

/// The owner registers in the second cell, because the waker in the first is being called.
#[test]
fn ready_queue_second_cell_drops_replaced_waker() {
    let ready = Arc::new(Mutex::new(ReadyQueue::new()));
    let nodes = Arc::new(Mutex::new(vec![ready.lock().unwrap().node::<()>(0)]));
    assert!(nodes.lock().unwrap()[0].set_idle());
    let second = Arc::new(Counting::new());
    let (r, n, s) = (Arc::clone(&ready), Arc::clone(&nodes), Arc::clone(&second));
    let first = on_wake(move || {
        let mut ready = r.lock().unwrap();
        assert_eq!(ready.take(), 0);
        let node = &mut n.lock().unwrap()[0];
        node.clear_wakes();
        assert!(node.set_idle());
        assert!(ready.sleep(s.waker()));
    });
    assert!(ready.lock().unwrap().sleep(&first));
    let wakes = nodes.lock().unwrap()[0].waker();
    wakes.wake_by_ref();
    assert_eq!(second.held(), 1);
    let third = Counting::new();
    assert!(ready.lock().unwrap().sleep(third.waker()));
    assert_eq!((second.held(), third.held()), (0, 1));
    // The first waker owns the queue that holds it.
    drop(core::mem::take(&mut *ready.lock().unwrap()));
}

/// The task ends while its waker is called, as on an executor with several threads.
#[test]
fn cursor_dropped_in_waker_leaves_no_waker() {
    let (pusher, cursor) = push_list();
    let slot = Arc::new(Mutex::new(Some(cursor)));
    let alive = Arc::new(());
    let (inside, token) = (Arc::clone(&slot), Arc::clone(&alive));
    let waker = on_wake(move || {
        let _keep = &token;
        drop(inside.lock().unwrap().take());
    });
    assert!(poll(slot.lock().unwrap().as_mut().unwrap(), &waker).is_pending());
    drop(waker);
    let _ = pusher.try_push(1);
    assert!(slot.lock().unwrap().is_none());
    let _ = pusher.push(2);
    assert_eq!(Arc::strong_count(&alive), 1, "the waker of a dropped cursor must be dropped");
}

/// The cursor reads the end while `stop` calls its waker.
#[test]
fn cursor_ended_in_waker_leaves_no_waker() {
    let (pusher, cursor) = push_list::<u32>();
    let slot = Arc::new(Mutex::new(cursor));
    let alive = Arc::new(());
    let (inside, token) = (Arc::clone(&slot), Arc::clone(&alive));
    let waker = on_wake(move || {
        let _keep = &token;
        assert_eq!(next(&mut *inside.lock().unwrap()), Poll::Ready(None));
    });
    assert!(poll(&mut *slot.lock().unwrap(), &waker).is_pending());
    drop(waker);
    pusher.stop();
    let mut fork: Cursor<u32> = slot.lock().unwrap().fork();
    assert_eq!(next(&mut fork), Poll::Ready(None));
    assert_eq!(Arc::strong_count(&alive), 1, "the waker of an ended cursor must be dropped");
}
