//! The queues of asyncband whose receivers compete. A push here wakes every waiting taker.

use aiter::TryNextError;
use aiter_adapters::{SharedBoundedCursor, bounded};
use core::task::Poll;

use crate::waker::Counting;

type Taker = (SharedBoundedCursor<u32>, Counting);

/// Clones of a taker, each waiting with a waker of its own.
fn waiting(taker: &SharedBoundedCursor<u32>, n: usize) -> Vec<Taker> {
    let mut takers: Vec<_> = (0..n).map(|_| (taker.clone(), Counting::new())).collect();
    for (taker, waker) in &mut takers {
        assert!(waker.poll(taker).is_pending());
    }
    takers
}

fn wakes(takers: &[Taker]) -> Vec<usize> {
    takers.iter().map(|(_, waker)| waker.wakes()).collect()
}

#[test]
fn push_wakes_each_taker_for_one_item() {
    let (pusher, cursor) = bounded(2);
    let mut takers = waiting(&cursor.share(), 2);
    for item in [1, 2] {
        pusher.try_push(item).unwrap();
        assert_eq!(wakes(&takers), [item as usize; 2]);
        let (first, waker) = &mut takers[0];
        assert_eq!(waker.poll(first), Poll::Ready(Some(item)));
        for (taker, waker) in &mut takers {
            assert!(waker.poll(taker).is_pending());
        }
    }
    assert_eq!(pusher.capacity(), 2);
}

#[test]
fn dropped_takers_leave_item_to_last() {
    let (pusher, cursor) = bounded(2);
    let mut rest = cursor.share();
    let mut takers = waiting(&rest, 8);
    // A taker that leaves before the push is not woken.
    let (early, early_waker) = takers.remove(3);
    drop(early);
    pusher.try_push(7).unwrap();
    assert_eq!(wakes(&takers), [1; 7]);
    let (mut last, waker) = takers.remove(4);
    drop(takers);
    assert_eq!(waker.poll(&mut last), Poll::Ready(Some(7)));
    assert_eq!((early_waker.wakes(), rest.try_next()), (0, Err(TryNextError::Empty)));
}

#[test]
fn woken_takers_without_item_are_woken_again() {
    for drops_first in [false, true] {
        let (pusher, cursor) = bounded(2);
        let mut rest = cursor.share();
        let mut takers = waiting(&rest, 3);
        pusher.try_push(1).unwrap();
        assert_eq!(rest.try_next(), Ok(1), "a taker that does not wait may read first");
        if drops_first {
            drop(takers.remove(0));
        }
        for (taker, waker) in &mut takers {
            assert!(waker.poll(taker).is_pending());
        }
        pusher.try_push(2).unwrap();
        assert!(wakes(&takers).iter().all(|wakes| *wakes == 2));
        let (last, waker) = takers.last_mut().unwrap();
        assert_eq!(waker.poll(last), Poll::Ready(Some(2)));
    }
}

#[test]
fn end_wakes_each_waiting_taker_once() {
    for push in [false, true] {
        let (pusher, cursor) = bounded(2);
        let mut takers = waiting(&cursor.share(), 8);
        if push {
            pusher.try_push(7).unwrap();
        }
        drop(pusher);
        for (at, (taker, waker)) in takers.iter_mut().enumerate() {
            let item = (push && at == 0).then_some(7);
            assert_eq!((waker.wakes(), waker.poll(taker)), (1, Poll::Ready(item)), "taker {at}");
        }
    }
}
