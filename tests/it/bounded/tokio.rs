//! Tokio's bounded `mpsc`: items, ends and lengths.

use aiter::{PushErrorKind, TryNextError, TryPushError};
use aiter_adapters::{TryReserveError, bounded};
use alloc::sync::Arc;
use core::task::Poll;
use futures_core::Stream;

use crate::{
    bounded::{Task, ready},
    drain,
    ledger::Ledger,
    script::panics,
    waker::{Counting, next},
};

#[test]
fn permit_and_try_push_arrive_in_order() {
    let (pusher, mut cursor) = bounded(16);
    let permit = ready(pusher.reserve()).unwrap();
    permit.push(1).unwrap();
    pusher.try_push(2).unwrap();
    ready(pusher.push(3)).unwrap();
    drop(pusher);
    assert_eq!([(); 3].map(|()| next(&mut cursor)), [1, 2, 3].map(|n| Poll::Ready(Some(n))));
    assert_eq!(next(&mut cursor), Poll::Ready(None));
}

#[test]
fn zero_capacity_panics() {
    assert!(panics(|| bounded::<u8>(0)));
}

/// Also async-channel's `try_send`, flume's `try_send` and asyncband's `try_send_recv_bounded`.
#[test]
fn try_push_returns_item_of_full_list() {
    for cap in 1..=100 {
        let (pusher, mut cursor) = bounded(cap);
        for round in 0..3 {
            (0..cap).for_each(|n| pusher.try_push(n).unwrap());
            assert_eq!(pusher.try_push(cap), Err(TryPushError::Full(cap)), "{cap}, {round}");
            assert_eq!(cursor.try_next(), Ok(0));
            pusher.try_push(cap).unwrap();
            assert_eq!(pusher.try_push(0), Err(TryPushError::Full(0)), "{cap}, {round}");
            assert!((1..=cap).all(|n| cursor.try_next() == Ok(n)));
            assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
        }
        pusher.try_push(7).unwrap();
        drop(pusher);
        assert_eq!(drain(cursor), [7]);
    }
}

#[test]
fn closed_idle_list_ends_and_refuses() {
    let (pusher, mut cursor) = bounded(10);
    cursor.close();
    assert_eq!(next(&mut cursor), Poll::Ready(None));
    assert_eq!(ready(pusher.push(1)).unwrap_err().into_inner(), 1);
    assert_eq!(pusher.try_push(2), Err(TryPushError::Stopped(2)));
    assert_eq!(ready(pusher.reserve()).err(), Some(PushErrorKind::Stopped));
    assert_eq!(pusher.try_reserve().err(), Some(TryReserveError::Stopped));
}

/// Also async-channel's `send_after_close` and flume's `disconnect_rx`.
#[test]
fn list_without_cursor_refuses_and_drops_items() {
    let (pusher, cursor) = bounded(100);
    let item = Arc::new(());
    pusher.try_push(item.clone()).unwrap();
    drop(cursor);
    assert_eq!(Arc::strong_count(&item), 1, "queued item must be dropped");
    let error = ready(pusher.push(item)).unwrap_err();
    assert_eq!(error.kind(), PushErrorKind::NoCursor);
    let error = pusher.try_push(error.into_inner()).unwrap_err();
    assert!(matches!(error, TryPushError::NoCursor(_)));
    assert_eq!(Arc::strong_count(&error.into_inner()), 1);
}

#[test]
fn unread_items_are_dropped_with_handles() {
    let ledger = Ledger::new();
    for cursor_first in [false, true] {
        let (pusher, cursor) = bounded(100);
        ledger.items(3).for_each(|item| pusher.try_push(item).ok().unwrap());
        assert_eq!(ledger.alive(), 3);
        if cursor_first {
            drop(cursor);
            drop(pusher);
        } else {
            drop(pusher);
            drop(cursor);
        }
        assert_eq!(ledger.alive(), 0);
    }
    ledger.assert_all_dropped();
}

#[test]
fn try_next_tells_empty_from_end() {
    for close in [false, true] {
        let (pusher, mut cursor) = bounded::<u8>(5);
        assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
        if close {
            cursor.close();
        } else {
            drop(pusher);
        }
        assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
    }
}

#[test]
fn next_many_reads_up_to_limit() {
    let (pusher, mut cursor) = bounded(2);
    let mut buf = vec![0];
    assert_eq!(ready(cursor.next_many(&mut buf, 0)), 0, "a limit of 0 must not wait");
    let mut pushes = Task::waiting(async {
        for n in 1..=4 {
            pusher.push(n).await.unwrap();
        }
    });
    assert_eq!(ready(cursor.next_many(&mut buf, 3)), 2);
    pushes.woken();
    assert_eq!(ready(cursor.next_many(&mut buf, 1)), 1);
    assert_eq!(ready(cursor.next_many(&mut buf, 3)), 1);
    assert_eq!(buf, [0, 1, 2, 3, 4]);
    cursor.close();
    assert_eq!(ready(cursor.next_many(&mut buf, 3)), 0);
    assert_eq!(buf, [0, 1, 2, 3, 4], "the end must leave the buffer alone");
}

#[test]
fn next_many_grows_buffer_only_past_room() {
    let (pusher, mut cursor) = bounded(100);
    let mut buf: Vec<String> = Vec::with_capacity(9);
    let room = buf.capacity();
    (0..=room).for_each(|n| pusher.try_push(n.to_string()).unwrap());
    assert_eq!(ready(cursor.next_many(&mut buf, room)), room);
    assert_eq!(buf.capacity(), room);
    assert_eq!(ready(cursor.next_many(&mut buf, room)), 1);
    assert!((0..=room).map(|n| n.to_string()).eq(buf));
}

/// Also flume's `len` and kanal's `seq`.
#[test]
fn len_counts_unread_items_until_end() {
    let (pusher, mut cursor) = bounded(100);
    assert!(cursor.is_empty());
    for n in 0..100 {
        ready(pusher.push(n)).unwrap();
        assert_eq!((cursor.len(), pusher.len()), (n + 1, n + 1));
    }
    assert!(!cursor.is_stopped());
    cursor.close();
    assert!(cursor.is_stopped() && pusher.is_stopped());
    assert_eq!(cursor.len(), 100);
    drop(pusher);
    for n in (0..100).rev() {
        assert!(next(&mut cursor).is_ready() && !cursor.is_drained() | (n == 0));
        assert_eq!((cursor.len(), cursor.is_empty()), (n, n == 0));
    }
    assert!(cursor.is_drained());
}

#[test]
fn list_is_empty_after_each_cycle() {
    let (pusher, mut cursor) = bounded(33);
    for n in 1..257 {
        ready(pusher.push(n)).unwrap();
        assert_eq!(cursor.try_next(), Ok(n));
        assert!(cursor.is_empty(), "{n}, len: {}", cursor.len());
        assert_eq!(pusher.capacity(), 33);
    }
}

#[cfg(panic = "unwind")]
#[test]
fn item_drop_panics_rest_is_dropped() {
    use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    struct Item(bool, Arc<AtomicUsize>);
    impl Drop for Item {
        fn drop(&mut self) {
            self.1.fetch_add(1, Relaxed);
            assert!(!self.0, "scripted panic in drop");
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let (pusher, cursor) = bounded(3);
    for first in [true, false, false] {
        pusher.try_push(Item(first, drops.clone())).ok().unwrap();
    }
    assert!(panics(|| drop(cursor)));
    assert_eq!(drops.load(Relaxed), 3);
    drop(pusher);
    assert_eq!(drops.load(Relaxed), 3);
}

/// Also asyncband's `bounded_receiver_drop_releases_registered_waker`.
#[test]
fn dropped_cursor_releases_waker() {
    let (_pusher, mut cursor) = bounded::<u8>(1);
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    assert_eq!(waker.held(), 1);
    drop(cursor);
    assert_eq!(waker.held(), 0);
}

#[test]
fn size_hint_is_exact_after_close() {
    let (pusher, mut cursor) = bounded(4);
    ready(pusher.push(1)).unwrap();
    ready(pusher.push(2)).unwrap();
    let permit = pusher.try_reserve().unwrap();
    assert_eq!(cursor.size_hint(), (2, None));
    cursor.close();
    assert_eq!(cursor.size_hint(), (2, Some(2)), "permits of a closed list must not count");
    assert!(permit.push(3).is_err());
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    assert_eq!(cursor.size_hint(), (1, Some(1)));
    assert_eq!(next(&mut cursor), Poll::Ready(Some(2)));
    assert_eq!(cursor.size_hint(), (0, Some(0)));
}

#[test]
fn end_leaves_len_as_it_is() {
    for len in [0, 1, 100] {
        let (pusher, mut cursor) = bounded(100);
        (0..len).for_each(|n| pusher.try_push(n).unwrap());
        drop(pusher);
        assert_eq!((cursor.len(), cursor.is_empty()), (len, len == 0));
        cursor.close();
        assert_eq!((cursor.len(), cursor.size_hint()), (len, (len, Some(len))));
        assert!((0..len).all(|n| cursor.try_next() == Ok(n)));
        assert_eq!([(); 2].map(|()| cursor.try_next()), [Err(TryNextError::Ended); 2]);
    }
}
