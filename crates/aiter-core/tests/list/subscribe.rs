//! `Pusher::subscribe`, and a list without cursors.

use crate::{
    blocks::{edges, slots},
    drain,
    ledger::{Ledger, Tracked, values},
    offsets, scaled, take, take_ready,
    waker::{Counting, next},
};
use aiter_core::{PushError, TryNextError, push_list};
use core::task::Poll;

#[test]
fn subscriber_sees_only_later_items() {
    for n in offsets::<usize>(200) {
        let (pusher, mut first) = push_list();
        assert_eq!(pusher.push_all(0..n).unwrap(), n);
        let mut late = pusher.subscribe();
        assert!(matches!(late.try_next(), Err(TryNextError::Empty)));
        assert_eq!(late.len(), 0);
        pusher.push(n).unwrap();
        assert_eq!(late.len(), 1);
        assert_eq!(late.try_next().unwrap(), n);
        assert_eq!(take_ready(&mut first), (0..=n).collect::<Vec<_>>());
    }
}

#[test]
fn push_without_cursor_returns_same_item() {
    let (pusher, cursor) = push_list();
    pusher.push(Box::new(1)).unwrap();
    drop(cursor);
    let item = Box::new(2);
    let address = core::ptr::from_ref::<i32>(&item);
    match pusher.push(item) {
        Err(PushError::NoCursor(back)) => assert_eq!(core::ptr::from_ref::<i32>(&back), address),
        other => panic!("{other:?}"),
    }
    let error = pusher.push_all([Box::new(3), Box::new(4)]).unwrap_err();
    assert_eq!(error.pushed(), 0);
    assert_eq!(error.into_unpushed().map(|item| *item).collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn list_without_cursor_is_revived_by_subscribe() {
    for n in offsets::<usize>(100) {
        let (pusher, mut cursor) = push_list();
        for round in 0..3 {
            assert_eq!(pusher.push_all(0..n).unwrap(), n);
            assert_eq!(take(&mut cursor, n / 2), (0..n / 2).collect::<Vec<_>>());
            drop(cursor);
            assert_eq!(pusher.cursor_count(), 0);
            assert!(matches!(pusher.push(n), Err(PushError::NoCursor(back)) if back == n));
            cursor = pusher.subscribe();
            assert_eq!(cursor.len(), 0);
            let counting = Counting::new();
            assert_eq!(counting.poll(&mut cursor), Poll::Pending);
            pusher.push(round).unwrap();
            assert_eq!(counting.wakes(), 1);
            assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(round)));
        }
        pusher.stop();
        assert!(drain(&mut cursor).is_empty());
    }
}

#[test]
fn list_without_cursor_holds_no_item() {
    for n in edges::<Tracked>().into_iter().chain([5, 100]) {
        let ledger = Ledger::new();
        let (pusher, mut cursor) = push_list();
        for _ in 0..3 {
            for item in ledger.items(n) {
                pusher.push(item).unwrap();
            }
            drop(take(&mut cursor, n / 2));
            drop(cursor);
            assert_eq!(ledger.alive(), 0, "of {n}");
            cursor = pusher.subscribe();
        }
    }
}

#[test]
fn exclusive_subscriber_moves_items() {
    // Also if the subscriber enters a block that other cursors have left.
    for n in edges::<Tracked>().into_iter().chain([5, 100]) {
        let ledger = Ledger::new();
        let (pusher, cursor) = push_list();
        for item in ledger.items(n) {
            pusher.push(item).unwrap();
        }
        drop(cursor);
        let mut cursor = pusher.subscribe();
        for item in ledger.items(5) {
            pusher.push(item).unwrap();
        }
        assert_eq!(values(&take_ready(&mut cursor)), [0, 1, 2, 3, 4]);
        assert_eq!(ledger.clones(), 0, "after {n}");
        assert_eq!(ledger.alive(), 0, "after {n}");
    }
}

#[test]
fn subscriber_after_stop_is_ended() {
    for n in edges::<usize>().into_iter().chain([2 * slots::<usize>()]) {
        let (pusher, mut cursor) = push_list();
        assert_eq!(pusher.push_all(0..n).unwrap(), n);
        pusher.stop();
        let mut late = pusher.subscribe();
        assert!(late.is_drained());
        assert_eq!(late.len(), 0);
        assert_eq!(next(&mut late), Poll::Ready(None));
        assert_eq!(drain(&mut cursor), (0..n).collect::<Vec<_>>());
        drop(cursor);
        drop(late);
        assert_eq!(next(&mut pusher.subscribe()), Poll::Ready(None));
    }
}

#[test]
fn subscribe_and_drop_without_push_is_pending() {
    for before in edges::<usize>() {
        let (pusher, cursor) = push_list();
        assert_eq!(pusher.push_all(0..before).unwrap(), before);
        drop(cursor);
        for _ in 0..scaled(500, 10) {
            let mut cursor = pusher.subscribe();
            assert_eq!(next(&mut cursor), Poll::Pending);
        }
        assert_eq!(pusher.cursor_count(), 0);
        assert!(matches!(pusher.push(1), Err(PushError::NoCursor(1))));
    }
}

#[test]
fn many_subscribers_each_read_own_suffix() {
    const N: usize = scaled(150, 40);
    let (pusher, cursor) = push_list();
    let mut cursors = vec![cursor];
    for item in 1..N {
        pusher.push(item).unwrap();
        cursors.push(pusher.subscribe());
    }
    pusher.push(N).unwrap();
    pusher.stop();
    for (start, cursor) in cursors.iter_mut().enumerate().rev() {
        assert_eq!(drain(cursor), (start + 1..=N).collect::<Vec<_>>());
    }
}

#[test]
fn subscriber_forks_and_shares_like_cursor() {
    let (pusher, first) = push_list();
    pusher.push(1).unwrap();
    let late = pusher.subscribe();
    let mut fork = late.fork();
    let mut shared = late.share();
    drop(first);
    pusher.push(2).unwrap();
    pusher.stop();
    assert_eq!(drain(&mut fork), [2]);
    assert_eq!(drain(&mut shared), [2]);
}

#[test]
fn subscriber_dropped_keeps_items_of_others() {
    for n in offsets::<Tracked>(100) {
        let ledger = Ledger::new();
        let (pusher, mut cursor) = push_list();
        for item in ledger.items(n) {
            drop(pusher.subscribe());
            pusher.push(item).unwrap();
        }
        let kept = pusher.subscribe();
        pusher.stop();
        assert_eq!(values(&drain(&mut cursor)), (0..n as u64).collect::<Vec<_>>());
        drop((cursor, kept, pusher));
        ledger.assert_all_dropped();
    }
}
