//! Wakers that were called, replaced, or belong to a cursor that has ended, are let go.

use crate::waker::{Counting, next};
use aiter_core::{Cursor, Pusher, ReadyStack, Relay, WakeCell, push_list};
use alloc::{sync::Arc, task::Wake};
use core::{
    marker::PhantomData,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, RawWaker, RawWakerVTable, Waker},
};
use std::sync::Mutex;

fn push(pusher: &Pusher<u32>) {
    pusher.push(1).unwrap();
}

/// As an interrupt handler does.
fn try_push(pusher: &Pusher<u32>) {
    pusher.try_push(1).unwrap();
}

fn run_of_items(pusher: &Pusher<u32>) {
    pusher.push_all([1, 2, 3]).unwrap();
}

const WAYS: [fn(&Pusher<u32>); 3] = [push, try_push, run_of_items];

#[test]
fn cursor_that_finds_item_keeps_no_waker() {
    for way in WAYS {
        let (pusher, mut cursor) = push_list();
        let waker = Counting::new();
        // The waker does not come back with the next poll, as with tasks that are moved.
        for _ in 0..3 {
            assert_eq!(waker.poll(&mut cursor), Poll::Pending);
            way(&pusher);
            assert_eq!(waker.poll(&mut cursor), Poll::Ready(Some(1)));
            assert_eq!(waker.held(), 0);
            while next(&mut cursor).is_ready() {}
        }
        assert_eq!(waker.wakes(), 3);
    }
}

#[test]
fn fork_that_finds_item_keeps_no_waker() {
    for way in WAYS {
        let (pusher, mut cursor) = push_list();
        let mut fork = cursor.fork();
        let wakers = [Counting::new(), Counting::new()];
        assert!(wakers[0].poll(&mut cursor).is_pending());
        assert!(wakers[1].poll(&mut fork).is_pending());
        way(&pusher);
        assert_eq!(wakers[0].poll(&mut cursor), Poll::Ready(Some(1)));
        assert_eq!(wakers[0].held(), 0);
        assert_eq!(wakers[1].poll(&mut fork), Poll::Ready(Some(1)));
        assert_eq!(wakers[1].held(), 0);
    }
}

/// A way to read one item.
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
fn every_way_to_read_drops_called_waker() {
    let ways: [Read; 4] = [
        |cursor, _| cursor.try_next().ok(),
        |cursor, _| cursor.next_ready(),
        read_next_many,
        read_try_next_many,
    ];
    for forked in [false, true] {
        for read in ways {
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
    for way in WAYS {
        let (pusher, cursor) = push_list();
        let mut one = cursor.share();
        let mut two = one.clone();
        let wakers = [Counting::new(), Counting::new()];
        assert!(wakers[0].poll(&mut one).is_pending());
        assert!(wakers[1].poll(&mut two).is_pending());
        way(&pusher);
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
fn relay_that_got_something_keeps_no_waker() {
    /// The waker that the value was polled with.
    type Value = Arc<Mutex<Option<Waker>>>;
    fn turn(relay: &mut Relay<Value>, waker: &Waker, ready: bool) -> Poll<()> {
        relay.poll_turn(&mut Context::from_waker(waker), |value: Pin<&mut Value>, cx| {
            *value.lock().unwrap() = Some(cx.waker().clone());
            if ready { Poll::Ready(()) } else { Poll::Pending }
        })
    }
    for shared in [false, true] {
        let value = Value::default();
        let mut relay = Relay::new(Arc::clone(&value));
        let _other = shared.then(|| relay.clone());
        let waker = Counting::new();
        assert!(turn(&mut relay, waker.waker(), false).is_pending());
        value.lock().unwrap().take().unwrap().wake();
        assert_eq!(waker.wakes(), 1);
        assert!(turn(&mut relay, waker.waker(), true).is_ready());
        assert_eq!(waker.held(), 0);
    }
}

#[test]
fn cell_drops_replaced_waker() {
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

/// A waker whose clone registers a waker in the very cell that it is registered in.
#[test]
fn cell_clones_waker_without_its_lock() {
    let cell = Arc::new(WakeCell::new());
    let inner = Arc::new(Counting::new());
    let (registered, with) = (Arc::clone(&cell), Arc::clone(&inner));
    let hook: &'static _ = Box::leak(Box::new(move || registered.register(with.waker())));
    let waker = with_hook(hook);
    cell.register(&waker);
    assert_eq!(inner.wakes(), 0, "it was registered, and then replaced");
    assert_eq!(inner.held(), 0);
    cell.register(Waker::noop());
    assert_eq!(inner.held(), 1, "the drop of the replaced waker registered it");
    cell.clear();
    core::mem::forget(waker);
}

#[test]
fn stack_with_ready_node_keeps_no_waker() {
    let (mut ready, waker) = (ReadyStack::new(), Counting::new());
    let mut node = ready.node::<()>(0);
    assert!(node.fall_asleep());
    assert!(ready.sleep(waker.waker()));
    node.waker().wake();
    assert_eq!(waker.wakes(), 1);
    assert_eq!(ready.take(), 0);
    assert_eq!(waker.held(), 0);
}

/// A task that is woken, has read its item, and waits for something else. Its executor is gone.
#[test]
fn task_of_dead_executor_goes() {
    struct Task {
        cursor: Mutex<Cursor<u32>>,
        _alive: Arc<()>,
    }
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    for way in WAYS {
        let alive = Arc::new(());
        let (pusher, cursor) = push_list();
        let task = Arc::new(Task { cursor: Mutex::new(cursor), _alive: Arc::clone(&alive) });
        let poll = || {
            let waker = Waker::from(Arc::clone(&task));
            crate::waker::poll(&mut *task.cursor.lock().unwrap(), &waker)
        };
        assert!(poll().is_pending());
        way(&pusher);
        assert_eq!(poll(), Poll::Ready(Some(1)));
        drop(task);
        assert_eq!(Arc::strong_count(&alive), 1, "the task is kept by its own cursor");
    }
}

/// `push` calls wakers by value, so the task goes even if it is not polled again.
#[test]
fn woken_task_that_is_not_polled_goes() {
    struct Task(Mutex<Cursor<u32>>, Arc<()>);
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    let alive = Arc::new(());
    let (pusher, cursor) = push_list();
    let task = Arc::new(Task(Mutex::new(cursor), Arc::clone(&alive)));
    let waker = Waker::from(Arc::clone(&task));
    assert!(crate::waker::poll(&mut *task.0.lock().unwrap(), &waker).is_pending());
    drop(waker);
    let Task(_, _alive) = &*task;
    drop(task);
    assert_eq!(Arc::strong_count(&alive), 2, "the list keeps the waker that it is to call");
    pusher.push(1).unwrap();
    assert_eq!(Arc::strong_count(&alive), 1);
}

/// A waker that runs a closure when it is cloned or dropped.
fn with_hook<F: Fn() + Sync>(hook: &'static F) -> Waker {
    struct Table<F>(PhantomData<F>);
    impl<F: Fn() + Sync + 'static> Table<F> {
        const VTABLE: &'static RawWakerVTable = &RawWakerVTable::new(
            |hook| {
                Self::run(hook);
                RawWaker::new(hook, Self::VTABLE)
            },
            |hook| Self::run(hook),
            |_| {},
            |hook| Self::run(hook),
        );

        fn run(hook: *const ()) {
            // SAFETY: the waker was made from a `&'static F`.
            (unsafe { &*hook.cast::<F>() })();
        }
    }
    // SAFETY: the functions only call the closure, which lives for ever and is `Sync`.
    unsafe { Waker::new((&raw const *hook).cast(), Table::<F>::VTABLE) }
}

#[test]
fn relay_clones_wakers_with_its_gate_open() {
    let mut one = Relay::new(());
    let mut two = one.clone();
    let (other, looks) = (one.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&looks);
    let hook: &'static _ = Box::leak(Box::new(move || {
        assert!(other.try_look(|_| ()).is_some(), "the gate is closed");
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    let waker = with_hook(hook);
    let pending = |relay: &mut Relay<()>, waker: &Waker| {
        let polled: Poll<()> =
            relay.poll_turn(&mut Context::from_waker(waker), |_, _| Poll::Pending);
        assert!(polled.is_pending());
    };
    pending(&mut one, &waker);
    two.notify();
    pending(&mut two, Waker::noop());
    two.notify();
    // Now the turn is `one`'s again, with another waker.
    pending(&mut one, Waker::noop());
    assert_eq!(looks.load(Ordering::Relaxed), 2, "one clone, and one drop of it");
    drop(waker);
}
