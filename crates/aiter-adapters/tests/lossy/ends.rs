//! The stop, cursors that leave, and the tasks that wait for either.

use core::task::Poll;

use aiter_adapters::{
    LossyPolicy::{Disconnect, DropOldest},
    bounded_lossy,
};
use aiter_core::{TryNextError, TryPushError};
use futures_core::FusedStream;

use crate::{
    Live, POLICIES, drain,
    waker::{Counting, next, on_wake},
};

#[test]
fn cut_cursors_read_kept_items_after_stop() {
    let caps: &[usize] = if cfg!(miri) { &[1, 57] } else { &[1, 3, 4, 57, 256] };
    for &cap in caps {
        let (pusher, one) = bounded_lossy(cap, DropOldest);
        let cursors = [one.fork(), one];
        let pushed = 3 * cap + 2;
        pusher.push_all(0..pushed).unwrap();
        pusher.stop();
        assert_eq!(pusher.push(0), Err(TryPushError::Stopped(0)));
        for mut cursor in cursors {
            assert!(cursor.is_lagged() && cursor.is_stopped() && !cursor.is_drained());
            for n in pushed - cap..pushed {
                assert_eq!(next(&mut cursor), Poll::Ready(Some(n)));
            }
            assert!(cursor.is_drained() && !cursor.is_terminated());
            assert_eq!(next(&mut cursor), Poll::Ready(None));
            assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
            assert!(cursor.is_terminated() && !cursor.is_lagged());
            assert_eq!(cursor.missed(), pushed - cap);
        }
    }
}

#[test]
fn stop_ends_cursors_that_were_not_cut_off() {
    let (pusher, mut slow) = bounded_lossy(2, Disconnect);
    let mut fast = slow.fork();
    for n in 0..3 {
        pusher.push(n).unwrap();
        assert_eq!(fast.try_next(), Ok(n));
    }
    pusher.push(3).unwrap();
    drop(pusher);
    assert_eq!((slow.try_next(), slow.is_lagged()), (Err(TryNextError::Ended), true));
    assert_eq!(drain(&mut fast), [3]);
    assert_eq!((fast.try_next(), fast.is_lagged()), (Err(TryNextError::Ended), false));
    assert!(slow.is_stopped() && fast.is_stopped());
}

#[test]
fn last_laggard_takes_keeper_with_it() {
    const MANY: usize = if cfg!(miri) { 130 } else { 1000 };
    let live = Live::default();
    let (pusher, mut fast) = bounded_lossy(64, DropOldest);
    let stuck = [fast.fork(), fast.fork()];
    let mut push = |n| {
        for n in 0..n {
            pusher.push(live.item(n)).unwrap();
            assert_eq!(fast.try_next().unwrap(), n);
        }
        assert!(fast.try_next().is_err());
    };
    push(MANY);
    assert!(live.count() >= 64);
    let [one, two] = stuck;
    drop(one);
    assert!(live.count() >= 64);
    drop(two);
    assert_eq!(live.count(), 0);
    push(MANY);
    assert_eq!(live.count(), 0);
    assert_eq!(pusher.cursor_count(), 1);
}

#[test]
fn last_cursor_closes_list_and_subscriber_revives_it() {
    for policy in POLICIES {
        for is_cut in [false, true] {
            let live = Live::default();
            let (pusher, cursor) = bounded_lossy(2, policy);
            let other = is_cut.then(|| cursor.fork());
            pusher.push_all((0..2).map(|n| live.item(n))).unwrap();
            if is_cut {
                pusher.push(live.item(2)).unwrap();
                assert!(cursor.is_lagged());
            }
            drop((cursor, other));
            assert_eq!((live.count(), pusher.cursor_count(), pusher.len()), (0, 0, 0));
            let refused = pusher.push(live.item(3)).unwrap_err();
            assert!(matches!(refused, TryPushError::NoCursor(_)));
            drop(refused);
            let mut late = pusher.subscribe();
            pusher.push_all((4..9).map(|n| live.item(n))).unwrap_or(5);
            assert!(late.is_lagged());
            if policy == DropOldest {
                assert_eq!(drain(&mut late), [7, 8]);
                assert_eq!(late.missed(), 3);
            }
            assert_eq!(live.count(), 0);
        }
    }
}

#[test]
fn closed_waits_for_last_cursor() {
    let (pusher, one) = bounded_lossy(1, DropOldest);
    let two = one.fork();
    let mut closed = pusher.closed();
    let waker = Counting::new();
    let mut poll = || {
        let mut cx = core::task::Context::from_waker(waker.waker());
        core::pin::Pin::new(&mut closed).poll(&mut cx)
    };
    assert!(poll().is_pending());
    pusher.push_all(0..5).unwrap();
    drop(one);
    assert!(poll().is_pending() && two.is_lagged());
    drop(two);
    assert_eq!(waker.wakes(), 1);
    assert!(poll().is_ready());
    drop(pusher.subscribe());
    pusher.stop();
}

#[test]
fn closed_is_ready_once_last_cursor_is_cut_off() {
    let (pusher, one) = bounded_lossy(1, Disconnect);
    let two = one.fork();
    let mut closed = pusher.closed();
    let waker = Counting::new();
    let mut cx = core::task::Context::from_waker(waker.waker());
    assert!(core::pin::Pin::new(&mut closed).poll(&mut cx).is_pending());
    pusher.push_all(0..2).unwrap();
    assert_eq!(waker.wakes(), 1);
    assert!(core::pin::Pin::new(&mut closed).poll(&mut cx).is_ready());
    assert_eq!(pusher.push(2), Err(TryPushError::NoCursor(2)));
    let mut late = pusher.subscribe();
    let mut closed = pusher.closed();
    assert!(core::pin::Pin::new(&mut closed).poll(&mut cx).is_pending());
    pusher.push(3).unwrap();
    late.close();
    assert!(core::pin::Pin::new(&mut closed).poll(&mut cx).is_ready());
    assert_eq!(pusher.push(4), Err(TryPushError::Stopped(4)));
    assert_eq!(drain(&mut late), [3]);
    drop((one, two));
}

#[test]
fn push_wakes_waiting_cursor() {
    let (pusher, mut cursor) = bounded_lossy(1, DropOldest);
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    pusher.push_all(0..3).unwrap();
    assert_eq!(waker.wakes(), 1);
    assert_eq!(waker.poll(&mut cursor), Poll::Ready(Some(2)));
    assert!(waker.poll(&mut cursor).is_pending());
    pusher.stop();
    assert_eq!(waker.wakes(), 2);
    assert_eq!(waker.poll(&mut cursor), Poll::Ready(None));
}

/// The waker of the first cursor pushes. If the cursors wait at the last slot of a block, these
/// pushes do not wake the second cursor. So it is cut before the first push has woken it.
#[test]
fn cursor_cut_before_its_wake_is_woken() {
    // The steps reach 60: after 60 items, the cursors wait at the last slot of a block.
    let reads = || (0..64).step_by(if cfg!(miri) { 20 } else { 1 });
    for (policy, read) in POLICIES.into_iter().flat_map(|policy| reads().map(move |n| (policy, n)))
    {
        let (pusher, mut one) = bounded_lossy(2, policy);
        for n in 0..read {
            pusher.push(n).unwrap();
            assert_eq!(one.try_next(), Ok(n));
        }
        let mut two = one.fork();
        let inner = pusher.downgrade();
        let pushes = on_wake(move || {
            let pusher = inner.upgrade().unwrap();
            let _ = pusher.push_all(101..106);
        });
        assert!(crate::waker::poll(&mut one, &pushes).is_pending());
        let waker = Counting::new();
        assert!(waker.poll(&mut two).is_pending());
        pusher.push(100).unwrap();
        assert!(two.is_lagged());
        assert!(waker.wakes() >= 1, "the cut must wake the task, after {read} items");
        let item = if policy == DropOldest { Some(104) } else { None };
        assert_eq!(waker.poll(&mut two), Poll::Ready(item));
    }
}
