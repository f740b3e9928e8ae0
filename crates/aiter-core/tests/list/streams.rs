//! The stream traits, and `Preflight` as a stream.

use crate::{
    drain, take_ready,
    waker::{Counting, next},
};
use aiter_core::push_list;
use alloc::rc::Rc;
use core::{
    cell::Cell,
    pin::pin,
    task::{Context, Poll},
};
use futures_core::{FusedStream, Stream};

#[test]
fn preflight_runs_once_per_poll_before_read() {
    let (pusher, cursor) = push_list();
    let polls = Rc::new(Cell::new(0));
    let counter = Rc::clone(&polls);
    let mut cursor = cursor.preflight(move |_: &mut Context<'_>| counter.set(counter.get() + 1));
    assert_eq!(next(&mut cursor), Poll::Pending);
    assert_eq!(polls.get(), 1);
    pusher.push(1).unwrap();
    assert_eq!(polls.get(), 1);
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    assert_eq!(polls.get(), 2);
    pusher.stop();
    assert_eq!(next(&mut cursor), Poll::Ready(None));
    assert!(polls.get() >= 2);
}

#[test]
fn preflight_receives_waker_of_poll() {
    let (_pusher, cursor) = push_list::<u8>();
    let (first, second) = (Counting::new(), Counting::new());
    let mut cursor = cursor.preflight(|cx: &mut Context<'_>| cx.waker().wake_by_ref());
    assert_eq!(first.poll(&mut cursor), Poll::Pending);
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    assert_eq!(second.poll(&mut cursor), Poll::Pending);
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
}

#[test]
fn preflight_fork_clones_function() {
    let (pusher, cursor) = push_list();
    let polls = Rc::new(Cell::new(0));
    let counter = Rc::clone(&polls);
    let cursor = cursor.preflight(move |_: &mut Context<'_>| counter.set(counter.get() + 1));
    let mut fork = cursor.fork();
    let mut plain = (*cursor).fork();
    let mut inner = cursor.into_inner();
    pusher.push(1).unwrap();
    assert_eq!(next(&mut plain), Poll::Ready(Some(1)));
    assert_eq!(next(&mut inner), Poll::Ready(Some(1)));
    assert_eq!(polls.get(), 0);
    assert_eq!(next(&mut fork), Poll::Ready(Some(1)));
    assert_eq!(polls.get(), 1);
}

#[test]
fn preflight_next_many_runs_function() {
    let (pusher, cursor) = push_list();
    let mut n = 0;
    let mut squares = cursor.preflight(move |_: &mut Context<'_>| {
        n += 1;
        if n == 4 {
            pusher.stop();
        } else {
            pusher.push(n * n).unwrap();
        }
    });
    let counting = Counting::new();
    let mut cx = Context::from_waker(counting.waker());
    let mut buf = Vec::new();
    assert_eq!(pin!(squares.next_many(&mut buf, 3)).poll(&mut cx), Poll::Ready(1));
    assert_eq!(squares.poll_next_many(&mut cx, &mut buf, 3), Poll::Ready(1));
    assert_eq!(buf, [1, 4]);
    // The function runs in each poll, also with a maximum of zero.
    assert_eq!(squares.poll_next_many(&mut cx, &mut buf, 0), Poll::Ready(0));
    assert_eq!(squares.len(), 1);
    assert!(!format!("{:?}", squares.next_many(&mut buf, 3)).is_empty());
    assert_eq!(pin!(squares.next_many(&mut buf, 3)).poll(&mut cx), Poll::Ready(1));
    assert_eq!(buf, [1, 4, 9]);
    assert!(squares.is_drained() && !squares.is_terminated());
}

#[test]
fn preflight_next_many_waits_for_push() {
    let (pusher, cursor) = push_list();
    let polls = Rc::new(Cell::new(0));
    let counter = Rc::clone(&polls);
    let mut cursor = cursor.preflight(move |_: &mut Context<'_>| counter.set(counter.get() + 1));
    let counting = Counting::new();
    let mut cx = Context::from_waker(counting.waker());
    let mut buf = Vec::new();
    let mut many = Box::pin(cursor.next_many(&mut buf, 3));
    assert_eq!(many.as_mut().poll(&mut cx), Poll::Pending);
    assert_eq!(pusher.push_all([1, 2]).unwrap(), 2);
    assert_eq!((counting.wakes(), polls.get()), (1, 1));
    assert_eq!(many.as_mut().poll(&mut cx), Poll::Ready(2));
    assert_eq!(polls.get(), 2);
    drop(many);
    assert_eq!(buf, [1, 2]);
}

#[test]
fn preflight_derefs_to_cursor() {
    let (pusher, cursor) = push_list();
    let mut cursor = cursor.preflight(|_: &mut Context<'_>| {});
    assert_eq!(pusher.push_all(0..3).unwrap(), 3);
    assert_eq!(cursor.len(), 3);
    assert_eq!(cursor.try_next().unwrap(), 0);
    assert_eq!(cursor.available_iter().copied().collect::<Vec<_>>(), [1, 2]);
    pusher.stop();
    assert!(!cursor.is_terminated());
    assert_eq!(cursor.size_hint().1.map(|upper| upper >= 2), Some(true));
    assert_eq!(drain(&mut cursor), [1, 2]);
    assert!(cursor.is_terminated());
}

#[test]
fn waiting_cursor_preflight_keeps_registration() {
    let (pusher, mut cursor) = push_list();
    let counting = Counting::new();
    assert_eq!(counting.poll(&mut cursor), Poll::Pending);
    let mut cursor = cursor.preflight(|_: &mut Context<'_>| {});
    pusher.push(1).unwrap();
    assert_eq!(counting.wakes(), 1);
    assert_eq!(counting.poll(&mut cursor), Poll::Ready(Some(1)));
    assert_eq!(take_ready(&mut cursor), []);
}

#[test]
fn streams_of_unpinned_items_are_unpin() {
    fn check<S: Stream + FusedStream + Unpin>(_: &S) {}
    let (_pusher, cursor) = push_list::<core::marker::PhantomPinned>();
    check(&cursor);
    let cursor = cursor.preflight(|_: &mut Context<'_>| {});
    check(&cursor);
    check(&cursor.into_inner().share());
}
