//! Futures of reads that are dropped while they wait: they leave no waker, and lose no wake-up.

use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_adapters::{LossyCursor, bounded_lossy};

use crate::{POLICIES, waker::Counting};

fn poll<F: Future + Unpin>(future: &mut F, waker: &Counting) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker.waker()))
}

/// Polls the future of a read, drops it, and returns whether it was pending.
type Read = fn(&mut LossyCursor<u32>, &Counting) -> bool;

const READS: [Read; 2] = [
    |cursor, waker| poll(&mut cursor.next(), waker).is_pending(),
    |cursor, waker| poll(&mut cursor.next_many(&mut Vec::new(), 2), waker).is_pending(),
];

#[test]
fn dropped_read_leaves_no_waker() {
    for policy in POLICIES {
        for read in READS {
            let (pusher, mut cursor) = bounded_lossy(2, policy);
            let waker = Counting::new();
            for n in 0..if cfg!(miri) { 20 } else { 200 } {
                assert!(read(&mut cursor, &waker));
                assert_eq!(waker.held(), 0, "the waker must be released");
                pusher.push(n).unwrap();
                assert_eq!(waker.wakes(), 0, "the task no longer waits");
                assert_eq!(cursor.try_next(), Ok(n));
            }
            assert!(read(&mut cursor, &waker));
            pusher.stop();
            assert_eq!((waker.wakes(), waker.held()), (0, 0));
            assert!(!read(&mut cursor, &waker), "the list has ended");
        }
    }
}

#[test]
fn dropped_read_before_cut_leaves_no_waker() {
    for policy in POLICIES {
        for read in READS {
            let (pusher, mut cursor) = bounded_lossy(1, policy);
            let waker = Counting::new();
            assert!(read(&mut cursor, &waker));
            pusher.push(1).unwrap();
            pusher.push(2).unwrap();
            assert!(cursor.is_lagged());
            assert_eq!((waker.wakes(), waker.held()), (0, 0));
        }
    }
}

/// The cursor is cut between the poll and the drop.
#[test]
fn wake_before_drop_of_next_is_not_lost() {
    for policy in POLICIES {
        let (pusher, mut cursor) = bounded_lossy(1, policy);
        let mut other = cursor.fork();
        let waker = Counting::new();
        let mut next = cursor.next();
        assert!(poll(&mut next, &waker).is_pending());
        pusher.push(1).unwrap();
        assert_eq!(other.try_next(), Ok(1));
        pusher.push(2).unwrap();
        drop(next);
        assert_eq!((waker.wakes(), waker.held()), (1, 0));
        assert!(cursor.is_lagged());
        let next = poll(&mut cursor.next(), &waker);
        let kept = (policy == crate::DropOldest).then_some(2);
        assert_eq!(next, Poll::Ready(kept));
    }
}

#[test]
fn unpolled_next_keeps_registration() {
    let (pusher, mut cursor) = bounded_lossy(1, crate::DropOldest);
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    drop(cursor.next());
    drop(cursor.next_many(&mut Vec::new(), 1));
    assert_eq!(waker.held(), 1);
    pusher.push(1).unwrap();
    assert_eq!(waker.wakes(), 1);
}
