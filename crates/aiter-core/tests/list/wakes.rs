//! Registration and notification: no wake-up is lost, no waker is kept, no wake-up is spurious.

use crate::{
    offsets, scaled, take, take_ready,
    waker::{Counting, next, poll},
};
use aiter_core::push_list;
use core::{
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

#[test]
fn waiting_cursor_at_any_offset_is_woken_once() {
    let (pusher, mut cursor) = push_list();
    for item in 0..scaled(200, 70) {
        let counting = Counting::new();
        assert_eq!(counting.poll(&mut cursor), Poll::Pending);
        assert_eq!(counting.wakes(), 0);
        pusher.push(item).unwrap();
        pusher.push(item).unwrap();
        assert_eq!(counting.wakes(), 1, "at offset {item}");
        assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(item)));
        assert_eq!(take(&mut cursor, 1), [item]);
    }
}

#[test]
fn each_push_wakes_waiting_cursor_once() {
    let (pusher, mut cursor) = push_list();
    let counting = Counting::new();
    for item in 0..scaled(200, 70) {
        assert_eq!(counting.poll(&mut cursor), Poll::Pending);
        pusher.push(item).unwrap();
        assert_eq!(counting.wakes(), item + 1);
        assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(item)));
    }
}

#[test]
fn every_push_method_wakes_cursor() {
    let (mut pusher, mut cursor) = push_list();
    pusher.reserve(100);
    for round in 0..scaled(40, 8) {
        for method in 0..6 {
            let counting = Counting::new();
            assert_eq!(counting.poll(&mut cursor), Poll::Pending);
            match method {
                0 => pusher.push(method).unwrap(),
                1 => assert_eq!(pusher.push_all([method; 3]).unwrap(), 3),
                2 => pusher.unique().unwrap().push(method).unwrap(),
                3 => assert_eq!(pusher.unique().unwrap().push_all([method; 40]).unwrap(), 40),
                4 => {
                    pusher.reserve(1);
                    pusher.try_push(method).unwrap();
                }
                _ => pusher.extend([method; 2]),
            }
            assert_eq!(counting.wakes(), 1, "method {method} in round {round}");
            assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(method)));
            take_ready(&mut cursor);
        }
    }
}

#[test]
fn empty_push_wakes_no_cursor() {
    let (mut pusher, mut cursor) = push_list::<u8>();
    let counting = Counting::new();
    assert_eq!(counting.poll(&mut cursor), Poll::Pending);
    assert_eq!(pusher.push_all([]).unwrap(), 0);
    assert_eq!(pusher.unique().unwrap().push_all([]).unwrap(), 0);
    pusher.extend([]);
    pusher.reserve(100);
    assert_eq!(counting.wakes(), 0);
    assert!(cursor.is_empty());
    pusher.push(1).unwrap();
    assert_eq!(counting.wakes(), 1);
}

#[test]
fn waker_of_last_poll_is_woken() {
    let (pusher, mut cursor) = push_list();
    for item in 0..scaled(100, 40) {
        let wakers: Vec<_> = (0..5).map(|_| Counting::new()).collect();
        for counting in &wakers {
            assert_eq!(counting.poll(&mut cursor), Poll::Pending);
        }
        pusher.push(item).unwrap();
        assert_eq!(wakers[4].wakes(), 1);
        assert!(wakers[..4].iter().all(|counting| counting.wakes() == 0));
        assert!(wakers[..4].iter().all(|counting| counting.held() == 0));
        assert_eq!(wakers[0].poll(&mut cursor), Poll::Ready(Some(item)));
    }
}

#[test]
fn alternating_wakers_wake_last_one() {
    let (pusher, mut cursor) = push_list();
    let (one, two) = (Counting::new(), Counting::new());
    for _ in 0..10 {
        assert_eq!(one.poll(&mut cursor), Poll::Pending);
        assert_eq!(two.poll(&mut cursor), Poll::Pending);
    }
    assert_eq!(one.poll(&mut cursor), Poll::Pending);
    pusher.push(1).unwrap();
    assert_eq!((one.wakes(), two.wakes()), (1, 0));
}

#[test]
fn spurious_polls_keep_one_registration() {
    let (pusher, mut cursor) = push_list();
    let counting = Counting::new();
    for _ in 0..scaled(1000, 50) {
        assert_eq!(counting.poll(&mut cursor), Poll::Pending);
        assert!(counting.held() <= 2, "{} wakers held", counting.held());
    }
    pusher.push(1).unwrap();
    assert_eq!(counting.wakes(), 1);
    assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(1)));
    for _ in 0..10 {
        assert_eq!(counting.poll(&mut cursor), Poll::Pending);
    }
    pusher.push(2).unwrap();
    assert_eq!(counting.wakes(), 2);
}

#[test]
fn cursor_dropped_releases_waker() {
    let (pusher, cursor) = push_list();
    for offset in 0..scaled(100, 40) {
        let mut waiting = cursor.fork();
        take(&mut waiting, offset);
        let counting = Counting::new();
        assert_eq!(counting.poll(&mut waiting), Poll::Pending);
        assert!(counting.held() > 0);
        drop(waiting);
        assert_eq!(counting.held(), 0, "at offset {offset}");
        pusher.push(offset).unwrap();
        assert_eq!(counting.wakes(), 0);
    }
}

#[test]
fn waker_is_released_after_wake_and_end() {
    let (pusher, mut cursor) = push_list();
    let counting = Counting::new();
    assert_eq!(counting.poll(&mut cursor), Poll::Pending);
    pusher.push(1).unwrap();
    assert_eq!(take_ready(&mut cursor), [1]);
    assert_eq!(counting.held(), 0);
    assert_eq!(counting.poll(&mut cursor), Poll::Pending);
    pusher.stop();
    assert_eq!(counting.poll(&mut cursor), Poll::Ready(None));
    drop(cursor);
    assert_eq!(counting.held(), 0);
    assert_eq!(counting.wakes(), 2);
}

#[test]
fn waker_is_released_with_all_handles() {
    for pusher_first in [1, 0] {
        let (pusher, mut cursor) = push_list::<u8>();
        let counting = Counting::new();
        assert_eq!(counting.poll(&mut cursor), Poll::Pending);
        if pusher_first == 1 {
            drop(pusher);
            drop(cursor);
        } else {
            drop(cursor);
            drop(pusher);
        }
        assert_eq!(counting.held(), 0);
    }
}

#[test]
fn waiting_cursors_dropped_lose_no_wake_up() {
    // Cursor i is dropped if bit i of `gone` is set, in both orders.
    for dropped in 0_u32..16 {
        for backwards in [0, 1] {
            let (pusher, cursor) = push_list();
            let mut cursors: Vec<_> =
                (0..4).map(|_| (Some(cursor.fork()), Counting::new())).collect();
            drop(cursor);
            for (cursor, counting) in &mut cursors {
                assert_eq!(counting.poll(cursor.as_mut().unwrap()), Poll::Pending);
            }
            for i in 0..4_usize {
                let i = if backwards == 1 { 3 - i } else { i };
                if dropped & (1 << i) != 0 {
                    cursors[i].0 = None;
                }
            }
            let result = pusher.push(7);
            assert_eq!(result.is_ok(), dropped != 15);
            for (cursor, counting) in cursors {
                assert_eq!(counting.wakes(), usize::from(cursor.is_some()));
                if let Some(mut cursor) = cursor {
                    assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(7)));
                }
                assert_eq!(counting.held(), 0);
            }
        }
    }
}

#[test]
fn woken_cursor_dropped_loses_no_wake_up() {
    let (pusher, mut one) = push_list();
    let mut two = one.fork();
    let (first, second) = (Counting::new(), Counting::new());
    assert_eq!(first.poll(&mut one), Poll::Pending);
    assert_eq!(second.poll(&mut two), Poll::Pending);
    pusher.push(1).unwrap();
    drop(one);
    assert_eq!(second.wakes(), 1);
    assert_eq!(second.poll(&mut two), Poll::Ready(Some(1)));
    assert_eq!(second.poll(&mut two), Poll::Pending);
    pusher.push(2).unwrap();
    assert_eq!(second.wakes(), 2);
}

#[test]
fn cursors_at_any_position_are_each_woken() {
    let (pusher, mut ahead) = push_list();
    let mut behind = ahead.fork();
    let mut late = pusher.subscribe();
    for item in 0..scaled(100, 40) {
        let wakers = [Counting::new(), Counting::new(), Counting::new()];
        assert_eq!(wakers[0].poll(&mut ahead), Poll::Pending);
        assert_eq!(wakers[2].poll(&mut late), Poll::Pending);
        if item % 3 == 0 {
            take_ready(&mut behind);
            assert_eq!(wakers[1].poll(&mut behind), Poll::Pending);
        }
        pusher.push(item).unwrap();
        let expected = [1, usize::from(item % 3 == 0), 1];
        assert_eq!(wakers.each_ref().map(Counting::wakes), expected);
        assert_eq!(next(&mut ahead), Poll::Ready(Some(item)));
        assert_eq!(next(&mut late), Poll::Ready(Some(item)));
    }
}

#[test]
fn two_cursors_with_one_waker_wake_twice() {
    let (pusher, mut one) = push_list();
    let mut two = one.fork();
    let counting = Counting::new();
    assert_eq!(counting.poll(&mut one), Poll::Pending);
    assert_eq!(counting.poll(&mut two), Poll::Pending);
    pusher.push(1).unwrap();
    assert_eq!(counting.wakes(), 2);
    assert_eq!(counting.poll(&mut one), Poll::Ready(Some(1)));
    assert_eq!(counting.poll(&mut two), Poll::Ready(Some(1)));
}

#[test]
fn one_waker_on_two_lists_is_woken_by_each() {
    let (left, mut a) = push_list();
    let (right, mut b) = push_list();
    let counting = Counting::new();
    for item in 0..40 {
        assert_eq!(counting.poll(&mut a), Poll::Pending);
        assert_eq!(counting.poll(&mut b), Poll::Pending);
        left.push(item).unwrap();
        assert_eq!(counting.wakes(), 2 * item + 1);
        right.push(item).unwrap();
        assert_eq!(counting.wakes(), 2 * item + 2);
        assert_eq!(next(&mut a), Poll::Ready(Some(item)));
        assert_eq!(next(&mut b), Poll::Ready(Some(item)));
    }
}

#[test]
fn fork_of_waiting_cursor_does_not_wait() {
    let (pusher, mut cursor) = push_list();
    let counting = Counting::new();
    assert_eq!(counting.poll(&mut cursor), Poll::Pending);
    let mut fork = cursor.fork();
    pusher.push(1).unwrap();
    assert_eq!(counting.wakes(), 1);
    assert_eq!(next(&mut fork), Poll::Ready(Some(1)));
    let other = Counting::new();
    assert_eq!(other.poll(&mut fork), Poll::Pending);
    pusher.push(2).unwrap();
    assert_eq!((counting.wakes(), other.wakes()), (1, 1));
}

#[test]
fn empty_try_next_keeps_registration() {
    let (pusher, mut cursor) = push_list();
    let counting = Counting::new();
    let mut buf = Vec::new();
    assert_eq!(counting.poll(&mut cursor), Poll::Pending);
    assert!(cursor.try_next().is_err());
    assert_eq!(cursor.try_next_many(&mut buf, 8), 0);
    assert!(!cursor.is_item_available());
    pusher.push(1).unwrap();
    assert_eq!(counting.wakes(), 1);
}

#[test]
fn woken_cursor_after_try_next_waits_again() {
    let (pusher, mut cursor) = push_list();
    let counting = Counting::new();
    for item in 0..scaled(200, 70) {
        assert_eq!(counting.poll(&mut cursor), Poll::Pending);
        pusher.push(item).unwrap();
        assert_eq!(cursor.try_next().unwrap(), item);
        assert_eq!(counting.wakes(), item + 1);
    }
}

#[test]
fn subscription_before_waiting_cursor_keeps_wake() {
    // A subscription marks the tail. The mark must not hide the wake-up of a waiting cursor.
    for between in offsets::<u8>(100) {
        let (pusher, mut cursor) = push_list();
        let counting = Counting::new();
        assert_eq!(counting.poll(&mut cursor), Poll::Pending);
        let late: Vec<_> = (0..between).map(|_| pusher.subscribe()).collect();
        assert!(!cursor.is_item_available());
        let before = counting.wakes();
        if before > 0 {
            assert_eq!(counting.poll(&mut cursor), Poll::Pending);
        }
        pusher.push(1).unwrap();
        assert!(counting.wakes() > before, "{between} subscriptions hid the wake-up");
        assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(1)));
        for mut cursor in late {
            assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
        }
    }
}

#[test]
fn dropped_subscription_keeps_wake_up() {
    for between in offsets::<u8>(100) {
        let (pusher, mut cursor) = push_list::<u8>();
        let counting = Counting::new();
        assert_eq!(counting.poll(&mut cursor), Poll::Pending);
        for _ in 0..between {
            drop(pusher.subscribe());
        }
        if counting.wakes() > 0 {
            assert_eq!(counting.poll(&mut cursor), Poll::Pending);
        }
        let before = counting.wakes();
        pusher.stop();
        assert!(counting.wakes() > before, "{between} subscriptions hid the wake-up");
        assert_eq!(counting.poll(&mut cursor), Poll::Ready(None));
    }
}

#[test]
fn waiting_next_many_takes_pushed_items() {
    let (pusher, mut cursor) = push_list();
    let counting = Counting::new();
    let mut cx = Context::from_waker(counting.waker());
    let mut buf = vec![9];
    {
        let mut read = pin!(cursor.next_many(&mut buf, 3));
        assert_eq!(read.as_mut().poll(&mut cx), Poll::Pending);
        assert_eq!(pusher.push_all(0..5).unwrap(), 5);
        assert_eq!(counting.wakes(), 1);
        assert_eq!(read.as_mut().poll(&mut cx), Poll::Ready(3));
    }
    assert_eq!(buf, [9, 0, 1, 2]);
    assert_eq!(cursor.poll_next_many(&mut cx, &mut buf, 3), Poll::Ready(2));
    assert_eq!(cursor.poll_next_many(&mut cx, &mut buf, 0), Poll::Ready(0));
    assert_eq!(cursor.poll_next_many(&mut cx, &mut buf, 3), Poll::Pending);
    pusher.stop();
    assert_eq!(counting.wakes(), 2);
    assert_eq!(cursor.poll_next_many(&mut cx, &mut buf, 3), Poll::Ready(0));
    assert_eq!(Pin::new(&mut cursor.next_many(&mut buf, 3)).poll(&mut cx), Poll::Ready(0));
    assert_eq!(buf, [9, 0, 1, 2, 3, 4]);
}

/// The items that a cursor knows of from its last read are not all ready items.
#[test]
fn next_many_takes_all_ready_items() {
    const N: usize = 200;
    for with_another in [false, true] {
        let (pusher, mut cursor) = push_list();
        let another = with_another.then(|| cursor.fork());
        let mut cx = Context::from_waker(Waker::noop());
        let mut buf = Vec::new();
        for (at, known) in (0..N).step_by(20).zip((0..4).cycle()) {
            let before = buf.len();
            assert_eq!(pusher.push_all(at..at + known).unwrap(), known);
            if known > 0 {
                buf.push(cursor.try_next().unwrap());
            }
            pusher.push_all(at + known..at + 20).unwrap();
            let rest = before + 20 - buf.len();
            let taken = if at % 40 == 0 {
                cursor.try_next_many(&mut buf, N)
            } else {
                let Poll::Ready(taken) = cursor.poll_next_many(&mut cx, &mut buf, N) else {
                    panic!("items are ready");
                };
                taken
            };
            assert_eq!(taken, rest, "{known} items were known at {at}");
        }
        assert!(buf.into_iter().eq(0..N));
        drop(another);
    }
}

#[test]
fn next_many_of_zero_is_ready() {
    let (pusher, mut cursor) = push_list::<u8>();
    let counting = Counting::new();
    let mut buf = Vec::new();
    let mut cx = Context::from_waker(counting.waker());
    assert_eq!(Pin::new(&mut cursor.next_many(&mut buf, 0)).poll(&mut cx), Poll::Ready(0));
    assert_eq!(cursor.try_next_many(&mut buf, 0), 0);
    pusher.push(1).unwrap();
    assert_eq!(cursor.try_next_many(&mut buf, 0), 0);
    assert_eq!(cursor.len(), 1);
}

#[test]
fn one_push_wakes_many_waiting_forks() {
    const N: usize = scaled(1000, 40);
    let (pusher, cursor) = push_list();
    let mut forks: Vec<_> = (0..N).map(|_| (cursor.fork(), Counting::new())).collect();
    drop(cursor);
    for round in 0..3 {
        for (fork, counting) in &mut forks {
            assert_eq!(counting.poll(fork), Poll::Pending);
        }
        pusher.push(round).unwrap();
        for (fork, counting) in &mut forks {
            assert_eq!(counting.wakes(), round + 1);
            assert_eq!(poll(fork, Waker::noop()), Poll::Ready(Some(round)));
        }
    }
}
