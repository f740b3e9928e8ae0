//! Late readers: `latest`, `Subscriber` and `Replay`.

use crate::{
    drain,
    ledger::{Ledger, values},
    offsets, scaled, take,
    waker::Counting,
};
use aiter_core::{PushError, TryNextError, push_list};
use core::{panic::AssertUnwindSafe, task::Poll};
use std::panic::catch_unwind;

#[test]
fn latest_takes_newest_at_each_block_offset() {
    for n in offsets::<usize>(200).filter(|&n| n > 0) {
        for read in [0, n / 2, n - 1] {
            let (pusher, mut cursor) = push_list();
            let mut fork = cursor.fork();
            pusher.push_all(0..n).unwrap();
            take(&mut cursor, read);
            for reader in [&mut cursor, &mut fork] {
                assert_eq!(reader.latest(), Ok(n - 1));
                assert_eq!(reader.latest(), Err(TryNextError::Empty));
            }
            let mut late = pusher.subscribe();
            assert_eq!(late.latest(), Err(TryNextError::Empty));
            pusher.push_all(n..n + 3).unwrap();
            pusher.stop();
            assert_eq!(late.latest(), Ok(n + 2));
            assert_eq!(cursor.latest(), Ok(n + 2));
            assert_eq!(cursor.latest(), Err(TryNextError::Ended));
            assert!(drain(&mut fork).into_iter().eq(n..n + 3));
        }
    }
}

#[test]
fn latest_drops_each_skipped_item_once() {
    let ledger = Ledger::new();
    let (pusher, mut cursor) = push_list();
    ledger.items(150).for_each(|item| pusher.push(item).unwrap());
    let latest = [cursor.latest().unwrap()];
    assert_eq!((values(&latest), ledger.alive()), (vec![149], 1));
    drop(latest);
    drop((pusher, cursor));
    ledger.assert_all_dropped();
}

#[test]
fn latest_drops_called_waker() {
    let (pusher, mut cursor) = push_list();
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    (1..=3).for_each(|n| pusher.try_push(n).unwrap());
    assert_eq!(cursor.latest(), Ok(3));
    assert_eq!(waker.held(), 0);
}

#[test]
fn latest_whose_clone_panics_keeps_newest() {
    #[derive(Debug)]
    struct Fragile(bool);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(!self.0, "on purpose");
            Self(false)
        }
    }
    let (pusher, mut cursor) = push_list();
    let _fork = cursor.fork();
    (0..3).for_each(|_| pusher.push(Fragile(true)).unwrap());
    assert!(catch_unwind(AssertUnwindSafe(|| cursor.latest().is_ok())).is_err());
    assert_eq!(cursor.len(), 1);
}

#[test]
fn seek_to_end_frees_backlog() {
    const N: usize = scaled(10_000, 500);
    let (pusher, mut cursor) = push_list();
    pusher.push_all(0..N).unwrap();
    assert!(pusher.retained() >= N);
    assert_eq!(cursor.seek_to_end(), N);
    assert!(pusher.retained() <= 64, "{} retained", pusher.retained());
}

#[test]
fn subscriber_keeps_neither_items_nor_list() {
    let ledger = Ledger::new();
    let (pusher, cursor) = push_list();
    let subscriber = pusher.subscriber();
    pusher.push(ledger.item(1)).unwrap();
    assert_eq!((pusher.cursor_count(), pusher.pusher_count()), (1, 1));
    drop(cursor);
    assert_eq!(ledger.alive(), 0);
    assert!(matches!(pusher.push(ledger.item(2)), Err(PushError::NoCursor(_))));
    assert!(!subscriber.is_stopped());
    drop(pusher);
    assert!(subscriber.is_stopped() && subscriber.subscribe().is_drained());
    drop(subscriber);
    ledger.assert_all_dropped();
}

#[test]
fn subscriber_makes_cursors_at_tail() {
    for n in offsets::<usize>(130) {
        let (pusher, cursor) = push_list();
        let subscriber = pusher.subscriber();
        pusher.push_all(0..n).unwrap();
        let waker = Counting::new();
        let mut late = subscriber.clone().subscribe();
        drop(cursor);
        assert!(waker.poll(&mut late).is_pending());
        pusher.push(n).unwrap();
        assert_eq!(waker.wakes(), 1);
        assert_eq!(waker.poll(&mut late), Poll::Ready(Some(n)));
        drop(late);
        assert!(pusher.push(n).is_err());
        let mut again = subscriber.subscribe();
        pusher.push(n + 1).unwrap();
        pusher.stop();
        assert_eq!(drain(&mut again), [n + 1]);
    }
}

/// A cursor that enters reads the tail by a read-modify-write, which a unique pusher overwrites.
#[test]
fn subscriber_excludes_unique_pusher() {
    let (mut pusher, _cursor) = push_list::<u32>();
    assert!(pusher.unique().is_some());
    let subscriber = pusher.subscriber();
    assert!(pusher.unique().is_none());
    let other = subscriber.clone();
    drop(subscriber);
    assert!(pusher.unique().is_none());
    drop(other);
    assert!(pusher.unique().is_some());
}

#[test]
fn replay_subscriber_begins_with_last_items() {
    for max in [0, 1, 3, 60, 150] {
        for n in offsets::<usize>(200) {
            let (pusher, cursor) = push_list();
            let mut replay = pusher.replay(max);
            drop((pusher, cursor));
            (0..n).for_each(|item| replay.push(item).unwrap());
            let mut late = replay.subscribe();
            replay.push_all(n..n + 2).unwrap();
            let mut later = replay.subscribe();
            drop(replay);
            assert!(drain(&mut late).into_iter().eq(n.saturating_sub(max)..n + 2));
            assert!(drain(&mut later).into_iter().eq((n + 2).saturating_sub(max)..n + 2));
        }
    }
}

#[test]
fn replay_keeps_bounded_memory() {
    const MAX: usize = 10;
    let ledger = Ledger::new();
    let (pusher, cursor) = push_list();
    let mut replay = pusher.replay(MAX);
    drop(cursor);
    for item in ledger.items(scaled(2000, 200)) {
        replay.push(item).unwrap();
        assert!(pusher.retained() <= MAX + 64, "{} retained", pusher.retained());
        assert_eq!(ledger.alive(), MAX.min(replay.subscribe().len()));
    }
    assert_eq!(pusher.cursor_count(), 1);
    drop((replay, pusher));
    ledger.assert_all_dropped();
}

#[test]
fn replay_trims_items_of_other_pushers() {
    let (pusher, cursor) = push_list();
    let mut replay = pusher.replay(2);
    drop(cursor);
    pusher.push_all(0..500).unwrap();
    assert_eq!(pusher.retained(), 500);
    assert_eq!((replay.trim(), replay.trim()), (498, 0));
    assert!(pusher.retained() <= 64);
    pusher.push(500).unwrap();
    assert!(replay.subscribe().available_iter().eq(&[499, 500]));
}

#[test]
fn stopped_replay_still_serves_subscribers() {
    let (pusher, _cursor) = push_list();
    let mut replay = pusher.replay(1);
    replay.push_all([1, 2]).unwrap();
    pusher.stop();
    assert_eq!(replay.push(3), Err(PushError::Stopped(3)));
    assert_eq!(replay.push_all([3]).unwrap_err().pushed(), 0);
    assert_eq!(drain(&mut replay.subscribe()), [2]);
    assert_eq!(replay.max(), 1);
}
