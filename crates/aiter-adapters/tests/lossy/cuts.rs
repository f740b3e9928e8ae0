//! What a cursor that lags loses, and what it still receives.

use core::{pin::Pin, task::Poll};
use std::format;

use aiter_adapters::{
    LossyCursor, LossyPolicy,
    LossyPolicy::{Disconnect, DropOldest},
    LossyPusher, bounded_lossy,
};
use aiter_core::{TryNextError, TryPushError};
use futures_core::{FusedStream, Stream};

use crate::{Live, Lone, drain, waker::next};

/// Number of items that fill more than one block.
const MANY: usize = if cfg!(miri) { 130 } else { 1000 };
const CAPS: &[usize] = if cfg!(miri) { &[1, 57] } else { &[1, 2, 3, 4, 16, 56, 57, 60, 256] };

#[test]
fn stuck_cursors_return_at_oldest_kept_item() {
    for &cap in CAPS {
        let counts = [0, 1, cap - 1, cap, cap + 1, cap + 3, 2 * cap, 5 * cap + 7, MANY];
        for pushed in counts.into_iter().step_by(if cfg!(miri) { 2 } else { 1 }) {
            let (pusher, one) = bounded_lossy(cap, DropOldest);
            let stuck = [one.fork(), pusher.subscribe(), one];
            for n in 0..pushed {
                pusher.push(n).unwrap();
            }
            let first = pushed.saturating_sub(cap);
            for mut cursor in stuck {
                assert_eq!((cursor.is_lagged(), cursor.missed()), (first > 0, 0));
                assert_eq!(cursor.len(), pushed - first);
                assert!(drain(&mut cursor).into_iter().eq(first..pushed), "cap {cap}");
                assert_eq!((cursor.is_lagged(), cursor.missed()), (false, first));
            }
        }
    }
}

#[test]
fn only_cursor_needs_no_clone() {
    for &cap in CAPS {
        let live = Live::default();
        let (pusher, mut cursor) = bounded_lossy(cap, DropOldest);
        let mut missed = 0;
        for round in 1..if cfg!(miri) { 3 } else { 10 } {
            let pushed = round * (cap + 5);
            for n in 0..pushed {
                pusher.push(Lone(live.item(n))).unwrap();
                assert!(live.count() <= cap + (cap / 4).min(32));
            }
            missed += pushed - cap;
            let items: Vec<_> = drain(&mut cursor).into_iter().map(|lone| lone.0.value).collect();
            assert!(items.into_iter().eq(pushed - cap..pushed), "cap {cap}");
            assert_eq!((cursor.missed(), live.count()), (missed, 0));
        }
    }
}

#[test]
fn cursor_that_keeps_up_misses_nothing() {
    for &cap in CAPS {
        let (pusher, mut fast) = bounded_lossy(cap, DropOldest);
        let mut behind = fast.fork();
        let stuck: Vec<_> = (0..10).map(|_| fast.fork()).collect();
        for n in 0..MANY / 2 {
            pusher.push(n).unwrap();
            assert_eq!(fast.try_next(), Ok(n));
            if let Some(n) = (n + 1).checked_sub(cap) {
                assert_eq!(behind.try_next(), Ok(n));
            }
        }
        assert_eq!((fast.missed(), behind.missed()), (0, 0));
        assert!(stuck.iter().all(LossyCursor::is_lagged));
        assert_eq!((pusher.len(), pusher.cursor_count()), (cap, 12));
    }
}

#[test]
fn laggard_counts_each_gap() {
    let (pusher, mut cursor) = bounded_lossy(3, DropOldest);
    let mut gaps = Vec::new();
    let mut missed = 0;
    for burst in [2, 5, 3, 4, 9] {
        for n in 0..burst {
            pusher.push(n).unwrap();
        }
        assert!(cursor.try_next().is_ok());
        gaps.push(cursor.missed() - missed);
        missed = cursor.missed();
    }
    // One item of each burst is read.
    assert_eq!(gaps, [0, 3, 2, 3, 8]);
    assert_eq!(drain(&mut cursor), [7, 8]);
}

#[test]
fn fork_of_cut_cursor_misses_the_same() {
    let (pusher, mut one) = bounded_lossy(4, DropOldest);
    pusher.push_all(0..6).unwrap();
    assert_eq!((one.try_next(), one.missed()), (Ok(2), 2));
    pusher.push_all(6..20).unwrap();
    let mut two = one.fork();
    assert!(two.is_lagged());
    assert_eq!(two.len(), 4);
    pusher.push_all(20..30).unwrap();
    let mut three = two.fork();
    for (cursor, before) in [(&mut one, 2), (&mut two, 0), (&mut three, 0)] {
        assert!(drain(cursor).into_iter().eq(26..30));
        assert_eq!(cursor.missed(), before + 23);
    }
    assert_eq!(pusher.cursor_count(), 3);
}

#[test]
fn fork_of_only_cut_cursor_can_clone() {
    let live = Live::default();
    let (pusher, mut one) = bounded_lossy(2, DropOldest);
    pusher.push_all((0..9).map(|n| live.item(n))).unwrap();
    let mut two = one.fork();
    pusher.push_all((9..12).map(|n| live.item(n))).unwrap();
    assert_eq!(drain(&mut two), [10, 11]);
    pusher.push(live.item(12)).unwrap();
    assert_eq!(drain(&mut one), [11, 12]);
    assert_eq!(drain(&mut two), [12]);
    assert_eq!((one.missed(), two.missed()), (11, 10));
    drop((one, two));
    assert_eq!(live.count(), 0);
}

#[test]
fn fork_of_lagging_cursor_is_cut_with_it() {
    let (pusher, mut one) = bounded_lossy(4, DropOldest);
    let mut fast = one.fork();
    pusher.push_all(0..4).unwrap();
    assert_eq!(drain(&mut fast).len(), 4);
    let mut two = one.fork();
    drop(one.fork());
    pusher.push_all(4..6).unwrap();
    for cursor in [&mut one, &mut two] {
        assert!(cursor.is_lagged());
        assert!(drain(cursor).into_iter().eq(2..6));
        assert_eq!(cursor.missed(), 2);
    }
    assert_eq!(drain(&mut fast), [4, 5]);
}

#[test]
fn cut_off_cursor_ends() {
    let (pusher, mut slow) = bounded_lossy(2, Disconnect);
    let mut fast = slow.fork();
    pusher.push_all([1, 2]).unwrap();
    assert_eq!(drain(&mut fast), [1, 2]);
    assert_eq!(slow.size_hint(), (0, None));
    pusher.push(3).unwrap();
    assert!(slow.is_lagged() && slow.is_drained() && slow.is_empty());
    assert_eq!(slow.size_hint(), (0, Some(0)));
    assert!(!slow.is_terminated() && !slow.is_stopped());
    assert_eq!(next(&mut slow), Poll::Ready(None));
    assert!(slow.is_terminated());
    assert_eq!(slow.try_next(), Err(TryNextError::Ended));
    let mut fork = slow.fork();
    assert!(fork.is_lagged() && !fork.is_terminated());
    assert_eq!(fork.try_next(), Err(TryNextError::Ended));
    assert!(fork.is_terminated());
    assert_eq!((slow.missed(), pusher.cursor_count()), (0, 1));
    assert_eq!(drain(&mut fast), [3]);
    assert!(!fast.is_lagged());
    drop((slow, fork));
    pusher.push(4).unwrap();
    assert_eq!(drain(&mut fast), [4]);
}

#[test]
fn end_of_full_list_cuts_no_cursor() {
    for policy in [DropOldest, Disconnect] {
        for &cap in CAPS {
            let (pusher, mut cursor) = bounded_lossy(cap, policy);
            pusher.push_all(0..cap).unwrap();
            drop(pusher);
            assert!(drain(&mut cursor).into_iter().eq(0..cap), "cap {cap}");
            assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
            assert_eq!((cursor.missed(), cursor.is_lagged()), (0, false));
        }
    }
}

#[test]
fn size_hint_allows_for_cuts() {
    let (pusher, cursor) = bounded_lossy(3, DropOldest);
    pusher.push_all(0..2).unwrap();
    assert_eq!(cursor.size_hint(), (2, None));
    pusher.push_all(2..9).unwrap();
    assert_eq!(cursor.size_hint(), (3, None));
    pusher.stop();
    assert_eq!(cursor.size_hint(), (3, Some(3)));
}

#[test]
fn late_subscriber_is_not_cut_by_earlier_items() {
    for policy in [DropOldest, Disconnect] {
        let (pusher, mut one) = bounded_lossy(2, policy);
        pusher.push_all(0..2).unwrap();
        let mut late = pusher.subscribe();
        pusher.push_all(2..4).unwrap();
        assert!(one.is_lagged() && !late.is_lagged());
        assert_eq!(drain(&mut late), [2, 3]);
        let kept = if policy == DropOldest { 2..4 } else { 0..0 };
        assert!(drain(&mut one).into_iter().eq(kept));
    }
}

#[test]
fn next_many_reads_kept_items_at_once() {
    let (pusher, mut cursor) = bounded_lossy(4, DropOldest);
    pusher.push_all(0..9).unwrap();
    let mut buf = Vec::new();
    let mut cx = core::task::Context::from_waker(core::task::Waker::noop());
    assert_eq!(cursor.poll_next_many(&mut cx, &mut buf, 3), Poll::Ready(3));
    assert_eq!((&buf[..], cursor.missed()), (&[5, 6, 7][..], 5));
    assert_eq!(cursor.poll_next_many(&mut cx, &mut buf, 0), Poll::Ready(0));
    assert!(!cursor.is_terminated());
    drop(pusher);
    assert_eq!(cursor.poll_next_many(&mut cx, &mut buf, 3), Poll::Ready(1));
    assert_eq!(cursor.poll_next_many(&mut cx, &mut buf, 3), Poll::Ready(0));
    assert!(cursor.is_terminated());
}

#[test]
fn push_all_returns_refused_items() {
    let (pusher, cursor) = bounded_lossy(2, Disconnect);
    let error = pusher.push_all(0..6).unwrap_err();
    assert_eq!((error.pushed(), error.refused()), (3, &TryPushError::NoCursor(3)));
    assert_eq!(format!("{error}"), "the list has no cursor left after 3 items");
    assert!(error.into_unpushed().eq(3..6));
    assert!(cursor.is_lagged());
}

#[test]
fn debug_shows_state() {
    let (pusher, cursor) = bounded_lossy(2, DropOldest);
    pusher.push("secret").unwrap();
    assert_eq!(
        format!("{pusher:?}"),
        "LossyPusher { max_capacity: 2, policy: DropOldest, is_stopped: false, .. }",
    );
    assert_eq!(format!("{cursor:?}"), "LossyCursor { len: 1, missed: 0, is_lagged: false, .. }");
}

#[test]
fn handles_are_send_and_sync() {
    fn check<T: Send + Sync + Unpin>(_: &T) {}
    let (pusher, mut cursor) = bounded_lossy::<core::cell::Cell<u32>>(2, DropOldest);
    check(&pusher);
    check(&pusher.downgrade());
    check(&cursor);
    check(&pusher.closed());
    check(&cursor.next());
    assert!(Pin::new(&mut cursor).poll_next(&mut noop()).is_pending());
    assert!(pusher.same_list(&pusher.clone()));
    assert_eq!((pusher.pusher_count(), pusher.policy()), (1, LossyPolicy::DropOldest));
    let weak = pusher.downgrade();
    let other: LossyPusher<_> = weak.upgrade().unwrap();
    drop((pusher, other));
    assert!(weak.upgrade().is_none() && cursor.is_stopped());
}

fn noop() -> core::task::Context<'static> {
    core::task::Context::from_waker(core::task::Waker::noop())
}

#[test]
#[should_panic(expected = "`cap` must not be 0")]
fn cap_of_zero_panics() {
    let _ = bounded_lossy::<u32>(0, DropOldest);
}

#[test]
fn largest_cap_keeps_everything() {
    let (pusher, mut cursor) = bounded_lossy(usize::MAX, DropOldest);
    let mut other = cursor.fork();
    pusher.push_all(0..MANY).unwrap();
    assert!(drain(&mut cursor).into_iter().eq(0..MANY));
    assert!(drain(&mut other).into_iter().eq(0..MANY));
}
