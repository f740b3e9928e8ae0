//! Which tasks a push, an end or a new cursor wakes.

use alloc::sync::Arc;
use core::{
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll},
};

use aiter_adapters::{LossyPolicy::DropOldest, bounded_lossy};

use crate::{
    POLICIES, drain,
    waker::{Counting, Hooks, next, poll},
};

#[test]
fn push_wakes_only_cursors_that_wait() {
    for policy in POLICIES {
        let (pusher, one) = bounded_lossy(16, policy);
        let mut cursors = [one.fork(), one];
        let wakers = [Counting::new(), Counting::new()];
        for (cursor, waker) in cursors.iter_mut().zip(&wakers) {
            assert!(waker.poll(cursor).is_pending());
        }
        pusher.push("hello").unwrap();
        for (cursor, waker) in cursors.iter_mut().zip(&wakers) {
            assert_eq!((waker.wakes(), waker.poll(cursor)), (1, Poll::Ready(Some("hello"))));
        }
        assert!(wakers[0].poll(&mut cursors[0]).is_pending());
        pusher.push("world").unwrap();
        assert_eq!(wakers.each_ref().map(Counting::wakes), [2, 1]);
        assert!(cursors.iter_mut().all(|cursor| next(cursor) == Poll::Ready(Some("world"))));
    }
}

#[test]
fn woken_cursor_that_rests_reads_all() {
    for policy in POLICIES {
        let (pusher, mut fast) = bounded_lossy(16, policy);
        let mut slow = pusher.subscribe();
        let wakers = [Counting::new(), Counting::new()];
        assert!(wakers[0].poll(&mut fast).is_pending());
        assert!(wakers[1].poll(&mut slow).is_pending());
        for n in 1..=3 {
            pusher.push(n).unwrap();
            assert_eq!(wakers[0].poll(&mut fast), Poll::Ready(Some(n)));
            assert!(wakers[0].poll(&mut fast).is_pending());
        }
        assert_eq!(wakers.each_ref().map(Counting::wakes), [3, 1]);
        assert_eq!(wakers[1].poll(&mut slow), Poll::Ready(Some(1)));
        assert_eq!(drain(&mut slow), [2, 3]);
    }
}

#[test]
fn changed_waker_of_cursor_is_called() {
    for policy in POLICIES {
        let (pusher, mut cursor) = bounded_lossy(1, policy);
        let (old, new) = (Counting::new(), Counting::new());
        let mut next = cursor.next();
        for waker in [&old, &new] {
            let mut cx = Context::from_waker(waker.waker());
            assert!(Pin::new(&mut next).poll(&mut cx).is_pending());
        }
        assert_eq!(old.held(), 0, "a replaced waker must be dropped");
        pusher.push("hello").unwrap();
        assert_eq!((old.wakes(), new.wakes()), (0, 1));
        drop(next);
        assert_eq!(cursor.try_next(), Ok("hello"));
    }
}

#[test]
fn only_last_pusher_drop_wakes_cursors() {
    for policy in POLICIES {
        let (pusher, one) = bounded_lossy::<u32>(16, policy);
        let other = pusher.clone();
        let mut cursors = [one.fork(), one];
        let wakers = [Counting::new(), Counting::new()];
        for (cursor, waker) in cursors.iter_mut().zip(&wakers) {
            assert!(waker.poll(cursor).is_pending());
        }
        drop(pusher);
        assert_eq!(wakers.each_ref().map(Counting::wakes), [0, 0]);
        drop(other);
        for (cursor, waker) in cursors.iter_mut().zip(&wakers) {
            assert_eq!((waker.wakes(), waker.poll(cursor)), (1, Poll::Ready(None)));
        }
    }
}

#[test]
fn drop_of_replaced_or_called_waker_may_push() {
    for replace in [false, true] {
        let (pusher, mut cursor) = bounded_lossy(16, DropOldest);
        let drops = Arc::new(AtomicUsize::new(0));
        let (inner, count) = (pusher.downgrade(), drops.clone());
        let push = Box::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
            inner.upgrade().unwrap().push(7).unwrap();
        });
        let waker = Hooks { drop: push, ..Hooks::default() }.waker();
        assert!(poll(&mut cursor, &waker).is_pending());
        let expected = if replace {
            let counting = Counting::new();
            let polled = counting.poll(&mut cursor);
            assert!(polled == Poll::Ready(Some(7)) || counting.wakes() > 0);
            if polled.is_ready() { Vec::new() } else { vec![7] }
        } else {
            pusher.push(1).unwrap();
            vec![1, 7]
        };
        assert_eq!(drops.load(Ordering::SeqCst), 1, "the list must let its waker go");
        assert_eq!(drain(&mut cursor), expected);
        drop(waker);
        assert_eq!(drain(&mut cursor), [7]);
    }
}

#[test]
fn subscribe_before_poll_makes_closed_wait() {
    let (pusher, one) = bounded_lossy::<u32>(1, DropOldest);
    let two = one.fork();
    let mut closed = pusher.closed();
    let waker = Counting::new();
    let mut cx = Context::from_waker(waker.waker());
    assert!(Pin::new(&mut closed).poll(&mut cx).is_pending());
    drop((one, two));
    assert_eq!(waker.wakes(), 1);
    let late = pusher.subscribe();
    assert!(Pin::new(&mut closed).poll(&mut cx).is_pending(), "the list accepts items again");
    drop(late);
    assert_eq!(waker.wakes(), 2);
    assert!(Pin::new(&mut closed).poll(&mut cx).is_ready());
}
