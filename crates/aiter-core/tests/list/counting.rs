//! `len` and the other counts, at and around each block edge.

use crate::{drain, offsets, scaled, take};
use aiter_core::{Cursor, push_list};

#[track_caller]
fn assert_len<T>(cursor: &Cursor<T>, n: usize) {
    assert_eq!(cursor.len(), n);
    assert_eq!(cursor.is_empty(), n == 0);
    assert_eq!(cursor.is_item_available(), n != 0);
    assert!(cursor.is_len_at_least(0));
    assert!(cursor.is_len_at_least(n));
    assert!(!cursor.is_len_at_least(n + 1));
    assert!(!cursor.is_len_at_least(usize::MAX));
    assert_eq!(cursor.available_iter().count(), n);
}

#[test]
fn len_at_each_block_offset_is_exact() {
    for n in offsets::<usize>(200) {
        let (pusher, mut cursor) = push_list();
        for pushed in 0..n {
            assert_eq!(cursor.len(), pushed);
            pusher.push(pushed).unwrap();
        }
        assert_len(&cursor, n);
        for read in 0..n {
            assert_eq!(cursor.len(), n - read);
            assert_eq!(cursor.try_next().unwrap(), read);
        }
        assert_len(&cursor, 0);
        pusher.push(n).unwrap();
        assert_len(&cursor, 1);
    }
}

#[test]
fn len_of_two_cursors_at_any_distance_is_exact() {
    for distance in offsets::<usize>(200) {
        let (pusher, mut fast) = push_list();
        let slow = fast.fork();
        assert_eq!(pusher.push_all(0..distance).unwrap(), distance);
        assert_eq!(take(&mut fast, distance), (0..distance).collect::<Vec<_>>());
        assert_len(&fast, 0);
        assert_len(&slow, distance);
        pusher.push(distance).unwrap();
        assert_len(&fast, 1);
        assert_len(&slow, distance + 1);
        assert!(pusher.retained() > distance, "{} retained", pusher.retained());
    }
}

#[test]
fn len_after_stop_counts_items_only() {
    for n in offsets::<usize>(200) {
        let (pusher, mut cursor) = push_list();
        assert_eq!(pusher.push_all(0..n).unwrap(), n);
        pusher.stop();
        assert_len(&cursor, n);
        assert_eq!(drain(&mut cursor).len(), n);
        assert_len(&cursor, 0);
    }
}

#[test]
fn len_after_subscribe_counts_items_only() {
    for n in offsets::<usize>(100) {
        let (pusher, mut cursor) = push_list();
        let mut others = Vec::new();
        for pushed in 0..n {
            others.push(pusher.subscribe());
            assert_eq!(cursor.len(), pushed);
            pusher.push(pushed).unwrap();
            others.push(pusher.subscribe());
            assert_eq!(cursor.len(), pushed + 1);
        }
        assert_len(&cursor, n);
        for (i, other) in others.iter().enumerate() {
            assert_len(other, n - i.div_ceil(2));
        }
        for read in 0..n {
            assert_eq!(cursor.try_next().unwrap(), read);
            assert_eq!(cursor.len(), n - read - 1);
        }
        assert_len(&cursor, 0);
    }
}

#[test]
fn len_ignores_dropped_subscriptions() {
    let (pusher, mut cursor) = push_list();
    for n in 0..scaled(200, 70) {
        drop(pusher.subscribe());
        assert_len(&cursor, 0);
        pusher.push(n).unwrap();
        drop(pusher.subscribe());
        drop(pusher.subscribe());
        assert_len(&cursor, 1);
        assert_eq!(cursor.try_next().unwrap(), n);
    }
    for _ in 0..scaled(200, 70) {
        drop(pusher.subscribe());
        assert_len(&cursor, 0);
    }
    pusher.stop();
    assert!(cursor.is_drained());
}

#[test]
fn push_on_own_thread_is_available_at_once() {
    let (pusher, mut cursor) = push_list();
    for n in 0..scaled(1000, 100) {
        assert!(!cursor.is_item_available());
        pusher.push(n).unwrap();
        assert!(cursor.is_item_available());
        assert_eq!(cursor.try_next().unwrap(), n);
    }
}

#[test]
fn available_iter_yields_all_unread_items() {
    for n in offsets::<usize>(200) {
        let (pusher, mut cursor) = push_list();
        let ahead = cursor.fork();
        assert_eq!(pusher.push_all(0..n).unwrap(), n);
        take(&mut cursor, n / 3);
        assert!(cursor.available_iter().copied().eq(n / 3..n));
        assert!(ahead.available_iter().copied().eq(0..n));
        let _between = pusher.subscribe();
        pusher.push(n).unwrap();
        assert!(cursor.available_iter().copied().eq(n / 3..=n));
        drop(ahead);
        assert!(cursor.available_iter().copied().eq(n / 3..=n));
    }
}

#[test]
fn cursor_count_counts_every_cursor_kind() {
    let (pusher, cursor) = push_list::<u32>();
    assert_eq!(pusher.cursor_count(), 1);
    let fork = cursor.fork();
    assert_eq!(pusher.cursor_count(), 2);
    let second = fork.fork();
    let late = pusher.subscribe();
    assert_eq!(pusher.cursor_count(), 4);
    drop(fork);
    drop(late);
    assert_eq!(pusher.cursor_count(), 2);
    let shared = cursor.share();
    let other = shared.clone();
    assert_eq!(pusher.cursor_count(), 2);
    drop(shared);
    assert_eq!(pusher.cursor_count(), 2);
    drop(other);
    assert_eq!(pusher.cursor_count(), 1);
    drop(second);
    assert_eq!(pusher.cursor_count(), 0);
}

#[test]
fn retained_falls_when_slowest_cursor_advances() {
    const N: usize = scaled(10_000, 500);
    let (pusher, mut fast) = push_list();
    let mut slow = fast.fork();
    let slower = fast.fork();
    assert_eq!(pusher.push_all(0..N).unwrap(), N);
    assert!(pusher.retained() >= N);
    take(&mut fast, N);
    assert!(pusher.retained() >= N);
    take(&mut slow, N / 2);
    assert!(pusher.retained() >= N);
    drop(slower);
    assert!(pusher.retained() >= N / 2);
    assert!(pusher.retained() < N, "{} retained, {} unread", pusher.retained(), N / 2);
    drop(slow);
    assert!(pusher.retained() <= 64, "{} retained, none unread", pusher.retained());
}
