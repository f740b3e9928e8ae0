//! Pusher handles (clones, weak and unique pushers), and handles that move in memory.

use crate::{
    drain,
    waker::{Counting, next},
};
use aiter_core::{PushError, push_list};
use core::{mem, task::Poll};

#[test]
fn weak_pusher_upgrades_while_pusher_lives() {
    let (pusher, mut cursor) = push_list();
    let weak = pusher.downgrade();
    let upgraded = weak.upgrade().expect("a pusher is alive");
    drop(pusher);
    upgraded.push(1).unwrap();
    let again = weak.upgrade().expect("the upgraded pusher is alive");
    drop(upgraded);
    again.push(2).unwrap();
    drop(again);
    assert!(weak.upgrade().is_none());
    assert_eq!(drain(&mut cursor), [1, 2]);
}

#[test]
fn weak_pusher_does_not_keep_list_open() {
    let (pusher, mut cursor) = push_list::<u8>();
    let weak = pusher.downgrade();
    assert_eq!(next(&mut cursor), Poll::Pending);
    drop(pusher);
    assert!(cursor.is_stopped());
    assert_eq!(next(&mut cursor), Poll::Ready(None));
    assert!(weak.upgrade().is_none());
    drop(cursor);
    assert!(weak.upgrade().is_none());
    drop(weak);
}

#[test]
fn weak_pusher_dropped_changes_nothing() {
    let (pusher, mut cursor) = push_list();
    drop(pusher.downgrade());
    pusher.push(1).unwrap();
    let weak = pusher.downgrade();
    drop(weak);
    assert!(!cursor.is_stopped());
    drop(pusher);
    assert_eq!(drain(&mut cursor), [1]);
}

#[test]
fn pusher_upgraded_after_stop_is_stopped() {
    let (pusher, _cursor) = push_list();
    let weak = pusher.downgrade();
    pusher.stop();
    let upgraded = weak.upgrade().expect("a pusher is alive");
    assert!(upgraded.is_stopped());
    assert!(matches!(upgraded.push(1), Err(PushError::Stopped(1))));
}

#[test]
fn unique_with_other_or_weak_pusher_is_none() {
    let (mut pusher, _cursor) = push_list::<u8>();
    assert!(pusher.unique().is_some());
    let other = pusher.clone();
    assert!(pusher.unique().is_none());
    drop(other);
    assert!(pusher.unique().is_some());
    let weak = pusher.downgrade();
    assert!(pusher.unique().is_none());
    let other = weak.upgrade().unwrap();
    drop(weak);
    assert!(pusher.unique().is_none());
    drop(other);
    assert!(pusher.unique().is_some());
}

#[test]
fn unique_and_plain_pushes_keep_order() {
    let (mut pusher, mut cursor) = push_list();
    let mut expected = Vec::new();
    let mut item = 0;
    for round in 0..40 {
        let mut unique = pusher.unique().expect("the only pusher");
        for _ in 0..round % 7 {
            unique.push(item).unwrap();
            expected.push(item);
            item += 1;
        }
        assert_eq!(unique.push_all(item..item + 5).unwrap(), 5);
        expected.extend(item..item + 5);
        item += 5;
        let other = pusher.clone();
        for handle in [&other, &pusher] {
            handle.push(item).unwrap();
            expected.push(item);
            item += 1;
        }
    }
    assert_eq!(cursor.len(), expected.len());
    pusher.stop();
    let error = pusher.unique().expect("still the only pusher").push(item).unwrap_err();
    assert!(matches!(error, PushError::Stopped(back) if back == item));
    assert_eq!(drain(&mut cursor), expected);
}

#[test]
fn unique_push_without_cursor_returns_item() {
    let (mut pusher, cursor) = push_list();
    drop(cursor);
    let mut unique = pusher.unique().unwrap();
    assert!(matches!(unique.push(1), Err(PushError::NoCursor(1))));
    let error = unique.push_all([2, 3, 4]).unwrap_err();
    assert_eq!(error.pushed(), 0);
    assert_eq!(error.into_unpushed().collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn unique_push_wakes_cursor() {
    let (mut pusher, mut cursor) = push_list();
    for item in 0..100 {
        let counting = Counting::new();
        assert_eq!(counting.poll(&mut cursor), Poll::Pending);
        pusher.unique().unwrap().push(item).unwrap();
        assert_eq!(counting.wakes(), 1);
        assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(item)));
    }
    let counting = Counting::new();
    assert_eq!(counting.poll(&mut cursor), Poll::Pending);
    pusher.unique().unwrap().push_all(0..100).unwrap();
    assert_eq!(counting.wakes(), 1);
}

#[test]
fn waiting_cursor_moved_in_memory_is_woken() {
    let (left, mut a) = push_list();
    let (right, mut b) = push_list();
    let (on_left, on_right) = (Counting::new(), Counting::new());
    assert_eq!(on_left.poll(&mut a), Poll::Pending);
    assert_eq!(on_right.poll(&mut b), Poll::Pending);
    mem::swap(&mut a, &mut b);
    let mut boxed = Box::new(a);
    left.push('l').unwrap();
    assert_eq!((on_left.wakes(), on_right.wakes()), (1, 0));
    right.push('r').unwrap();
    assert_eq!((on_left.wakes(), on_right.wakes()), (1, 1));
    assert_eq!(next(&mut b), Poll::Ready(Some('l')));
    assert_eq!(next(&mut *boxed), Poll::Ready(Some('r')));
}

#[test]
fn debug_of_handles_needs_no_debug_of_items() {
    struct Opaque;
    let (mut pusher, cursor) = push_list::<Opaque>();
    pusher.push(Opaque).unwrap();
    let weak = pusher.downgrade();
    assert!(!format!("{pusher:?} {weak:?} {cursor:?}").is_empty());
    drop(weak);
    assert!(!format!("{:?}", pusher.unique().unwrap()).is_empty());
    assert!(!format!("{:?}", cursor.available_iter()).is_empty());
    assert!(!format!("{:?}", cursor.share()).is_empty());
}
