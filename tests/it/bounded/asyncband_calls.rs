//! The bounded channels of asyncband: user code that the list calls.

use aiter::{TryNextError, TryPushError};
use aiter_adapters::{BoundedCursor, BoundedPusher, bounded};
use alloc::sync::Arc;
use core::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::Poll,
};
use futures_core::Stream;
use std::sync::Mutex;

use crate::{
    bounded::{OnDrop, Task, poll},
    waker::{Counting, Hooks, on_wake},
};

#[test]
fn waker_clone_that_reads_makes_room() {
    let (pusher, cursor) = bounded(1);
    pusher.try_push(1).unwrap();
    let cursor = Arc::new(Mutex::new(cursor));
    let reader = cursor.clone();
    let read = Box::new(move || {
        let _ = reader.lock().unwrap().try_next();
    });
    let waker = Hooks { clone: read, ..Hooks::default() }.waker();
    let counting = Counting::new();
    let mut push = Box::pin(pusher.push(2));
    if poll(&mut push, &waker).is_pending() {
        assert_eq!(poll(&mut push, counting.waker()), Poll::Ready(Ok(())));
    }
    assert_eq!(cursor.lock().unwrap().try_next(), Ok(2));
}

#[test]
fn waker_clone_that_pushes_is_seen_by_read() {
    let (pusher, mut cursor) = bounded(1);
    let pushes = AtomicUsize::new(0);
    let push = Box::new(move || {
        if pushes.fetch_add(1, SeqCst) == 0 {
            pusher.try_push(7).unwrap();
        }
    });
    let waker = Hooks { clone: push, ..Hooks::default() }.waker();
    assert_eq!(crate::waker::poll(&mut cursor, &waker), Poll::Ready(Some(7)));
}

#[test]
fn wake_that_pushes_is_not_lost() {
    let (pusher, mut cursor) = bounded(2);
    let again = pusher.clone();
    let waker = on_wake(move || again.try_push(2).unwrap());
    assert!(crate::waker::poll(&mut cursor, &waker).is_pending());
    pusher.try_push(1).unwrap();
    assert_eq!((cursor.try_next(), cursor.try_next()), (Ok(1), Ok(2)));
}

#[test]
fn waker_drop_may_push() {
    for replace in [false, true] {
        let (pusher, mut cursor) = bounded(1);
        pusher.try_push(0).unwrap();
        let drops = Arc::new(AtomicUsize::new(0));
        let (again, count) = (pusher.clone(), drops.clone());
        let drop_hook = Box::new(move || {
            assert_eq!(again.try_push(9), Err(TryPushError::Full(9)));
            count.fetch_add(1, SeqCst);
        });
        let waker = Hooks { drop: drop_hook, ..Hooks::default() }.waker();
        let mut push = Box::pin(pusher.push(1));
        assert!(poll(&mut push, &waker).is_pending());
        if replace {
            assert!(poll(&mut push, Counting::new().waker()).is_pending());
            assert_eq!(drops.load(SeqCst), 1, "the replaced waker must be dropped");
        }
        drop(push);
        assert_eq!(drops.load(SeqCst), 1);
        drop(waker);
        assert_eq!(cursor.try_next(), Ok(0));
        pusher.try_push(2).unwrap();
        assert_eq!(cursor.try_next(), Ok(2));
    }
}

#[test]
fn item_drops_call_back_into_list() {
    let (pusher, mut cursor) = bounded(8);
    let fork = cursor.fork();
    let calls = Arc::new(AtomicUsize::new(0));
    for _ in 0..4 {
        let (again, calls) = (pusher.clone(), calls.clone());
        let call = move || {
            let _ = (again.len(), again.capacity(), again.try_reserve().is_ok());
            calls.fetch_add(1, SeqCst);
        };
        pusher.try_push(Arc::new(OnDrop(Box::new(call)))).ok().unwrap();
    }
    drop(cursor.try_next());
    drop(fork);
    drop(cursor.try_next());
    drop(cursor);
    assert_eq!(calls.load(SeqCst), 4);
    let again = pusher.clone();
    let late = Arc::new(OnDrop(Box::new(move || drop(again.subscribe()))));
    let refused = pusher.try_push(late);
    assert!(matches!(refused, Err(TryPushError::NoCursor(_))));
}

#[test]
fn dropped_push_lets_item_call_back() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(OnDrop::nothing()).ok().unwrap();
    let again = pusher.clone();
    let full = Arc::new(AtomicUsize::new(0));
    let seen = full.clone();
    let item = OnDrop(Box::new(move || {
        let pushed = again.try_push(OnDrop::nothing());
        seen.fetch_add(usize::from(pushed.is_err_and(|error| error.is_full())), SeqCst);
    }));
    drop(Task::waiting(pusher.push(item)));
    assert_eq!(full.load(SeqCst), 1);
    assert!(cursor.try_next().is_ok());
    pusher.try_push(OnDrop::nothing()).ok().unwrap();
}

#[test]
fn dropped_grant_wakes_next_before_item_drops() {
    let (pusher, mut cursor) = bounded(1);
    let permit = pusher.try_reserve().unwrap();
    let waiting = Arc::new(Counting::new());
    let seen = Arc::new(AtomicUsize::new(usize::MAX));
    let (counter, at_drop) = (waiting.clone(), seen.clone());
    let item = OnDrop(Box::new(move || at_drop.store(counter.wakes(), SeqCst)));
    let granted = Task::waiting(pusher.push(item));
    let mut reserve = Box::pin(pusher.reserve());
    assert!(poll(&mut reserve, waiting.waker()).is_pending());
    drop(permit);
    assert_eq!((granted.wakes(), waiting.wakes()), (1, 0));
    drop(granted);
    assert_eq!(seen.load(SeqCst), 1, "an item's drop may need the next producer to go on");
    assert!(poll(&mut reserve, waiting.waker()).is_ready());
    assert!(matches!(cursor.try_next(), Err(TryNextError::Empty)));
}

#[test]
fn item_may_own_its_pusher() {
    struct Item(#[expect(dead_code, reason = "owned to be dropped")] BoundedPusher<Self>);
    let (pusher, mut cursor) = bounded(2);
    pusher.try_push(Item(pusher.clone())).ok().unwrap();
    pusher.try_push(Item(pusher.clone())).ok().unwrap();
    drop(pusher);
    drop(cursor.try_next());
    assert!(!cursor.is_stopped(), "the queued item owns a pusher");
    drop(cursor.try_next());
    assert!(cursor.is_drained());
}

/// Replaces a waker whose drop pushes. The read must find the item, or be woken for it.
fn assert_push_in_waker_drop_is_read<R: Stream<Item = u8> + Unpin>(
    reader_of: fn(BoundedCursor<u8>) -> R,
) {
    let (pusher, cursor) = bounded(1);
    let mut reader = reader_of(cursor);
    let push = Box::new(move || _ = pusher.try_push(7));
    let waker = Hooks { drop: push, ..Hooks::default() }.waker();
    assert!(crate::waker::poll(&mut reader, &waker).is_pending());
    let counting = Counting::new();
    let mut polled = counting.poll(&mut reader);
    if polled.is_pending() {
        assert!(counting.wakes() > 0);
        polled = counting.poll(&mut reader);
    }
    assert_eq!(polled, Poll::Ready(Some(7)));
}

#[test]
fn waker_drop_of_reader_may_push() {
    assert_push_in_waker_drop_is_read(|cursor| cursor);
    assert_push_in_waker_drop_is_read(BoundedCursor::share);
}

#[test]
fn waker_clone_of_taker_that_pushes_is_seen() {
    let (pusher, cursor) = bounded(2);
    let mut taker = cursor.share();
    let push = Box::new(move || _ = pusher.try_push(7));
    let waker = Hooks { clone: push, ..Hooks::default() }.waker();
    assert_eq!(crate::waker::poll(&mut taker, &waker), Poll::Ready(Some(7)));
}

#[test]
fn waker_drop_that_reads_makes_room() {
    for replace in [false, true] {
        let (pusher, cursor) = bounded(1);
        pusher.try_push(1).unwrap();
        let cursor = Arc::new(Mutex::new(cursor));
        let reader = cursor.clone();
        let read = Box::new(move || _ = reader.lock().unwrap().try_next());
        let waker = Hooks { drop: read, ..Hooks::default() }.waker();
        let mut push = Box::pin(pusher.push(2));
        assert!(poll(&mut push, &waker).is_pending());
        if replace {
            let counting = Counting::new();
            if poll(&mut push, counting.waker()).is_pending() {
                assert_eq!(counting.wakes(), 1);
                assert_eq!(poll(&mut push, counting.waker()), Poll::Ready(Ok(())));
            }
        } else {
            drop(push);
            pusher.try_push(2).expect("the dropped push must have left the line");
        }
        assert_eq!(cursor.lock().unwrap().try_next(), Ok(2));
    }
}

#[test]
fn wake_that_reads_keeps_grant() {
    let (pusher, cursor) = bounded(2);
    pusher.try_push(0).unwrap();
    pusher.try_push(1).unwrap();
    let mut first = cursor.share();
    let second = Mutex::new(first.clone());
    let waker = on_wake(move || assert_eq!(second.lock().unwrap().try_next(), Ok(1)));
    let mut push = Box::pin(pusher.push(2));
    assert!(poll(&mut push, &waker).is_pending());
    assert_eq!(first.try_next(), Ok(0));
    assert_eq!(poll(&mut push, &waker), Poll::Ready(Ok(())));
    assert_eq!((first.try_next(), pusher.capacity()), (Ok(2), 2));
}

#[test]
fn granted_push_is_woken_by_first_read_only() {
    let (pusher, mut cursor) = bounded(2);
    pusher.try_push(0).unwrap();
    pusher.try_push(1).unwrap();
    let mut push = Task::waiting(pusher.push(2));
    assert!(push.poll().is_pending());
    assert_eq!((cursor.try_next(), push.wakes()), (Ok(0), 1));
    assert_eq!((cursor.try_next(), push.wakes()), (Ok(1), 1));
    push.ready().unwrap();
    assert_eq!((cursor.try_next(), push.wakes()), (Ok(2), 1));
}
