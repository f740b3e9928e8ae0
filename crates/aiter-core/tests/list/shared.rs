//! `SharedCursor`: each item goes to exactly one taker, and no wake-up is lost.

use crate::{
    drain,
    ledger::{Ledger, values},
    scaled, take_ready,
    waker::{Counting, next, on_wake, poll},
};
use aiter_core::{PushError, SharedCursor, TryNextError, push_list};
use alloc::sync::Arc;
use core::{
    array,
    future::Future,
    task::{Context, Poll, Waker},
};
use futures_core::{FusedStream, Stream};
use std::sync::Mutex;

fn waiting<const N: usize>(shared: SharedCursor<usize>) -> [(SharedCursor<usize>, Counting); N] {
    let mut takers = array::from_fn(|_| (shared.clone(), Counting::new()));
    for (taker, counting) in &mut takers {
        assert_eq!(counting.poll(taker), Poll::Pending);
    }
    takers
}

#[test]
fn takers_read_each_item_once_in_order() {
    const N: usize = scaled(200, 70);
    let (pusher, cursor) = push_list();
    let shared = cursor.share();
    let mut takers = [shared.clone(), shared.clone(), shared];
    assert_eq!(pusher.push_all(0..N).unwrap(), N);
    pusher.stop();
    let mut got: [Vec<usize>; 3] = Default::default();
    for round in 0..N {
        let i = round * round % 3;
        match next(&mut takers[i]) {
            Poll::Ready(Some(item)) => got[i].push(item),
            other => panic!("{other:?}"),
        }
    }
    assert!(got.iter().all(|items| items.is_sorted()));
    let mut all = got.concat();
    all.sort_unstable();
    assert_eq!(all, (0..N).collect::<Vec<_>>());
    for taker in &mut takers {
        assert_eq!(next(taker), Poll::Ready(None));
        assert!(taker.is_terminated());
        assert_eq!(next(taker), Poll::Ready(None));
    }
}

#[test]
fn push_wakes_all_waiting_takers_in_order() {
    let (pusher, cursor) = push_list();
    let shared = cursor.share();
    let mut takers = [0; 4].map(|_| shared.clone());
    let order = Arc::new(Mutex::new(Vec::new()));
    for (n, taker) in takers.iter_mut().enumerate() {
        let order = order.clone();
        assert!(poll(taker, &on_wake(move || order.lock().unwrap().push(n))).is_pending());
    }
    pusher.push(7).unwrap();
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3]);
    assert_eq!(next(&mut takers[2]), Poll::Ready(Some(7)));
    for n in [0, 1, 3] {
        assert_eq!(next(&mut takers[n]), Poll::Pending, "each item must go to one taker");
    }
}

#[test]
fn resting_woken_taker_keeps_no_item() {
    for resting in 0..3 {
        for last in [false, true] {
            let (pusher, cursor) = push_list();
            let mut takers: Vec<_> = waiting::<3>(cursor.share()).into();
            let mut resting_takers = vec![takers.remove(resting)];
            if last {
                // Two of the three takers do not poll.
                resting_takers.push(takers.remove(0));
            }
            // More than a block, so the takers reach the next block.
            for item in 0..scaled(200, 70) {
                pusher.push(item).unwrap();
                let got = takers.iter_mut().find_map(|(taker, counting)| {
                    assert!(counting.wakes() > item, "taker must be woken for item {item}");
                    match counting.poll(taker) {
                        Poll::Ready(got) => got,
                        Poll::Pending => None,
                    }
                });
                assert_eq!(got, Some(item));
                for (taker, counting) in &mut takers {
                    assert!(counting.poll(taker).is_pending());
                }
            }
            pusher.stop();
            for (mut taker, counting) in takers {
                assert_eq!(counting.poll(&mut taker), Poll::Ready(None));
            }
            drop(resting_takers);
        }
    }
}

#[test]
fn dropped_next_keeps_no_waker() {
    let (pusher, cursor) = push_list();
    let mut one = cursor.share();
    let mut two = one.clone();
    let (dropped, waiting_task) = (Counting::new(), Counting::new());
    for early in [true, false] {
        // The future registers before or after the other taker.
        if !early {
            assert!(waiting_task.poll(&mut two).is_pending());
        }
        let mut next = Box::pin(one.next());
        assert!(next.as_mut().poll(&mut Context::from_waker(dropped.waker())).is_pending());
        if early {
            assert!(waiting_task.poll(&mut two).is_pending());
        }
        drop(next);
        assert_eq!(dropped.held(), 0);
        let before = waiting_task.wakes();
        pusher.push(1).unwrap();
        assert_eq!((dropped.wakes(), waiting_task.wakes()), (0, before + 1));
        assert_eq!(waiting_task.poll(&mut two), Poll::Ready(Some(1)));
    }
    // The taker may wait again.
    assert!(dropped.poll(&mut one).is_pending());
    pusher.push(2).unwrap();
    assert_eq!(dropped.wakes(), 1);
}

#[test]
fn next_many_takes_ready_items() {
    let (pusher, cursor) = push_list();
    let mut one = cursor.share();
    let two = one.clone();
    let mut buf = Vec::new();
    {
        let counting = Counting::new();
        let mut cx = Context::from_waker(counting.waker());
        let mut many = Box::pin(one.next_many(&mut buf, 100));
        assert!(many.as_mut().poll(&mut cx).is_pending());
        assert_eq!(pusher.push_all(0..150).unwrap(), 150);
        assert_eq!(counting.wakes(), 1);
        assert_eq!(two.len(), 150);
        assert_eq!(many.as_mut().poll(&mut cx), Poll::Ready(100));
    }
    assert_eq!((two.len(), two.is_empty(), two.is_drained()), (50, false, false));
    assert_eq!(one.try_next_many(&mut buf, 0), 0);
    pusher.stop();
    assert_eq!(one.try_next_many(&mut buf, 1000), 50);
    assert!(buf.iter().copied().eq(0..150));
    assert_eq!((two.len(), two.is_empty(), two.is_drained()), (0, true, true));
    assert_eq!(one.try_next(), Err(TryNextError::Ended));
}

#[test]
fn len_of_taker_counts_untaken_items() {
    let (pusher, mut cursor) = push_list();
    assert_eq!(pusher.push_all(0..100).unwrap(), 100);
    let mut fork = cursor.fork();
    assert_eq!(next(&mut cursor), Poll::Ready(Some(0)));
    let mut taker = cursor.share();
    for left in (1..100).rev() {
        assert_eq!((taker.len(), taker.is_empty()), (left, false));
        assert_eq!(taker.try_next(), Ok(100 - left));
    }
    assert_eq!((taker.len(), taker.is_empty(), taker.is_drained()), (0, true, false));
    // A late subscriber skips earlier items.
    let late = pusher.subscribe().share();
    assert_eq!(late.len(), 0);
    pusher.push(100).unwrap();
    assert_eq!((late.len(), taker.len()), (1, 1));
    assert_eq!(take_ready(&mut fork).len(), 101);
}

#[test]
fn many_items_wake_many_takers() {
    let (pusher, cursor) = push_list();
    let mut takers = waiting::<4>(cursor.share());
    assert_eq!(pusher.push_all(0..4).unwrap(), 4);
    for (item, (taker, counting)) in takers.iter_mut().enumerate() {
        assert!(counting.wakes() > 0, "taker {item} must be woken while items are ready");
        assert_eq!(counting.poll(taker), Poll::Ready(Some(item)));
    }
}

#[test]
fn woken_taker_dropped_passes_wake_up_on() {
    for dropped in 0..3 {
        let (pusher, cursor) = push_list();
        let mut takers: Vec<_> = waiting::<4>(cursor.share()).into();
        pusher.push(1).unwrap();
        for _ in 0..=dropped {
            let (taker, counting) = takers.remove(0);
            assert!(counting.wakes() > 0);
            drop(taker);
            assert_eq!(counting.held(), 0);
        }
        let (taker, counting) = &mut takers[0];
        assert!(counting.wakes() > 0, "wake-up lost after {dropped} more dropped takers");
        assert_eq!(counting.poll(taker), Poll::Ready(Some(1)));
    }
}

#[test]
fn waiting_taker_dropped_loses_no_wake_up() {
    // All takers wait. One is dropped, and items are pushed.
    for dropped in 0..3 {
        let (pusher, cursor) = push_list();
        let mut takers: Vec<_> = waiting::<3>(cursor.share()).into();
        drop(takers.remove(dropped));
        for item in 0..2 {
            pusher.push(item).unwrap();
            let (mut taker, counting) = takers.remove(0);
            assert!(counting.wakes() > 0);
            assert_eq!(counting.poll(&mut taker), Poll::Ready(Some(item)));
        }
    }
}

#[test]
fn taker_without_wait_may_read_first() {
    let (pusher, cursor) = push_list();
    let shared = cursor.share();
    let mut other = shared.clone();
    let mut takers = waiting::<2>(shared);
    pusher.push(1).unwrap();
    assert_eq!(next(&mut other), Poll::Ready(Some(1)));
    for (taker, counting) in &mut takers {
        assert_eq!(counting.poll(taker), Poll::Pending);
    }
    pusher.push(2).unwrap();
    pusher.push(3).unwrap();
    let mut got = Vec::new();
    for _ in 0..2 {
        for (taker, counting) in &mut takers {
            if counting.wakes() == 0 {
                continue;
            }
            if let Poll::Ready(Some(item)) = counting.poll(taker) {
                got.push(item);
            }
        }
    }
    assert_eq!(got, [2, 3]);
}

#[test]
fn stop_ends_every_waiting_taker() {
    let (pusher, cursor) = push_list();
    let mut takers = waiting::<4>(cursor.share());
    pusher.stop();
    for (taker, counting) in &mut takers {
        assert!(counting.wakes() > 0);
        assert_eq!(counting.poll(taker), Poll::Ready(None));
    }
}

#[test]
fn item_and_end_reach_every_waiting_taker() {
    let (pusher, cursor) = push_list();
    let mut takers = waiting::<4>(cursor.share());
    pusher.push(7).unwrap();
    drop(pusher);
    let mut ends = 0;
    for (i, (taker, counting)) in takers.iter_mut().enumerate() {
        assert!(counting.wakes() > 0, "taker {i}");
        match counting.poll(taker) {
            Poll::Ready(Some(item)) => assert_eq!((i, item), (0, 7)),
            Poll::Ready(None) => ends += 1,
            Poll::Pending => panic!("taker {i} is pending at the end"),
        }
    }
    assert_eq!(ends, 3);
}

#[test]
fn taker_polled_again_wakes_latest_waker() {
    let (pusher, cursor) = push_list();
    let mut takers = waiting::<2>(cursor.share());
    let newer = Counting::new();
    assert_eq!(newer.poll(&mut takers[0].0), Poll::Pending);
    assert_eq!(takers[0].1.held(), 0);
    pusher.push(1).unwrap();
    assert_eq!(takers[0].1.wakes(), 0);
    // Each woken taker is woken by its latest waker.
    assert!(newer.wakes() + takers[1].1.wakes() > 0);
    if newer.wakes() > 0 {
        assert_eq!(newer.poll(&mut takers[0].0), Poll::Ready(Some(1)));
    } else {
        assert_eq!(poll(&mut takers[1].0, Waker::noop()), Poll::Ready(Some(1)));
    }
}

#[test]
fn spurious_polls_of_takers_lose_no_wake_up() {
    let (pusher, cursor) = push_list();
    let mut takers = waiting::<3>(cursor.share());
    for _ in 0..scaled(100, 10) {
        for (taker, counting) in &mut takers {
            assert_eq!(counting.poll(taker), Poll::Pending);
            assert!(counting.held() <= 2);
        }
    }
    for (item, (taker, counting)) in takers.iter_mut().enumerate() {
        pusher.push(item).unwrap();
        assert!(counting.wakes() > 0);
        assert_eq!(counting.poll(taker), Poll::Ready(Some(item)));
    }
}

#[test]
fn takers_dropped_release_wakers() {
    let (pusher, cursor) = push_list();
    let takers = waiting::<4>(cursor.share());
    let countings = takers.map(|(taker, counting)| {
        drop(taker);
        counting
    });
    for counting in countings {
        assert_eq!(counting.held(), 0);
        assert_eq!(counting.wakes(), 0);
    }
    assert!(matches!(pusher.push(1), Err(PushError::NoCursor(1))));
}

#[test]
fn waiting_cursor_shared_wakes_takers() {
    let (pusher, mut cursor) = push_list();
    let old = Counting::new();
    assert_eq!(old.poll(&mut cursor), Poll::Pending);
    let mut takers = waiting::<2>(cursor.share());
    pusher.push(0).unwrap();
    pusher.push(1).unwrap();
    for (item, (taker, counting)) in takers.iter_mut().enumerate() {
        assert!(counting.wakes() > 0);
        assert_eq!(counting.poll(taker), Poll::Ready(Some(item)));
    }
    drop(takers);
    assert_eq!(old.held(), 0);
}

#[test]
fn takers_beside_fork_read_each_item_once() {
    let (pusher, cursor) = push_list();
    let mut fork = cursor.fork();
    let mut takers = waiting::<2>(cursor.share());
    let counting = Counting::new();
    for item in [0, 1] {
        assert_eq!(counting.poll(&mut fork), Poll::Pending);
        pusher.push(item).unwrap();
        assert_eq!(counting.wakes(), item + 1);
        assert_eq!(next(&mut fork), Poll::Ready(Some(item)));
    }
    pusher.stop();
    let (one, two) = takers.split_at_mut(1);
    assert_eq!(next(&mut one[0].0), Poll::Ready(Some(0)));
    assert_eq!(next(&mut two[0].0), Poll::Ready(Some(1)));
    assert_eq!(next(&mut one[0].0), Poll::Ready(None));
}

#[test]
fn takers_move_items_dropped_once() {
    let ledger = Ledger::new();
    let (pusher, cursor) = push_list();
    let mut one = cursor.share();
    let mut two = one.clone();
    for item in ledger.items(100) {
        pusher.push(item).unwrap();
    }
    let mut read = Vec::new();
    for _ in 0..20 {
        for taker in [&mut one, &mut two] {
            if let Poll::Ready(Some(item)) = next(taker) {
                read.push(item);
            }
        }
    }
    assert_eq!(values(&read), (0..40).collect::<Vec<_>>());
    drop((one, two));
    assert_eq!(ledger.alive(), 40);
    drop(read);
    ledger.assert_all_dropped();
    assert_eq!(ledger.clones(), 0);
}

#[test]
fn size_hint_of_taker_brackets_its_items() {
    let (pusher, cursor) = push_list();
    let mut one = cursor.share();
    let mut two = one.clone();
    assert_eq!(pusher.push_all(0..5).unwrap(), 5);
    assert_eq!(one.size_hint().1, None);
    pusher.stop();
    // The other taker may take all items.
    assert_eq!(one.size_hint().0, 0);
    assert!(one.size_hint().1.is_none_or(|upper| upper >= 5));
    assert_eq!(drain(&mut two).len(), 5);
    assert!(drain(&mut one).is_empty());
}

#[test]
fn dropped_waiters_leave_list_usable() {
    let (pusher, cursor) = push_list();
    let mut shared = cursor.share();
    for _ in 0..scaled(500, 50) {
        let mut taker = shared.clone();
        assert!(next(&mut taker).is_pending());
    }
    pusher.push(1).unwrap();
    assert_eq!(take_ready(&mut shared), [1]);
}

#[test]
fn takers_are_woken_in_order_of_registration() {
    let (pusher, cursor) = push_list();
    let mut takers = vec![cursor.share()];
    takers.push(takers[0].clone());
    let order = Arc::new(Mutex::new(Vec::new()));
    let wakers: Vec<_> = (0..2)
        .map(|number| {
            let order = Arc::clone(&order);
            on_wake(move || order.lock().unwrap().push(number))
        })
        .collect();
    for round in 0..3 {
        for (taker, waker) in takers.iter_mut().zip(&wakers) {
            assert!(poll(taker, waker).is_pending());
        }
        pusher.push(1).unwrap();
        assert_eq!(takers[0].try_next(), Ok(1));
        assert_eq!(core::mem::take(&mut *order.lock().unwrap()), [0, 1], "round {round}");
    }
}

/// `try_next_many` does not report the end, so the task still needs its wake-up.
#[test]
fn try_next_many_at_end_keeps_registration() {
    let (pusher, cursor) = push_list::<u32>();
    let mut first = cursor.share();
    let taker = Arc::new(Mutex::new(first.clone()));
    let inside = Arc::clone(&taker);
    // While the first waker is called, the second taker finds nothing.
    let waker = on_wake(move || {
        assert_eq!(inside.lock().unwrap().try_next_many(&mut Vec::new(), 1), 0);
    });
    assert!(poll(&mut first, &waker).is_pending());
    let counting = Counting::new();
    assert!(counting.poll(&mut *taker.lock().unwrap()).is_pending());
    pusher.stop();
    assert_eq!(counting.wakes(), 1);
}
