//! The bounded channels of flume, whose older tests come from crossbeam.

use aiter::TryPushError;
use aiter_adapters::bounded;
use core::{error::Error, task::Poll};
use futures_util::{
    StreamExt,
    future::{Either, join, select},
    stream,
};

use crate::{
    bounded::{Task, poll, ready, run},
    waker::{Counting, next},
};

#[test]
fn changed_waker_of_push_is_called() {
    let (pusher, mut cursor) = bounded(1);
    pusher.try_push(1).unwrap();
    let mut push = Box::pin(pusher.push(2));
    let (old, new) = (Counting::new(), Counting::new());
    assert!(poll(&mut push, old.waker()).is_pending());
    assert!(poll(&mut push, new.waker()).is_pending());
    assert_eq!(old.held(), 0, "a replaced waker must be let go");
    assert_eq!(cursor.try_next(), Ok(1));
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    assert_eq!(poll(&mut push, old.waker()), Poll::Ready(Ok(())));
}

#[test]
fn changed_waker_of_cursor_is_called() {
    let (pusher, mut cursor) = bounded(1);
    let (old, new) = (Counting::new(), Counting::new());
    assert!(old.poll(&mut cursor).is_pending());
    assert!(new.poll(&mut cursor).is_pending());
    pusher.try_push(1).unwrap();
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
}

#[test]
fn producer_and_consumer_share_task() {
    let (pusher, cursor) = bounded(4);
    let produce = async move {
        for n in 0..100 {
            pusher.push(n).await.unwrap();
        }
    };
    let ((), items) = run(join(produce, cursor.collect::<Vec<_>>()));
    assert!(items.into_iter().eq(0..100));
}

#[test]
fn cursor_is_woken_once_for_several_pushes() {
    let (pusher, mut cursor) = bounded(3);
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    (0..3).for_each(|n| pusher.try_push(n).unwrap());
    assert_eq!(waker.wakes(), 1);
}

#[test]
fn push_after_abandoned_read_is_read() {
    let (pusher, mut cursor) = bounded(10);
    drop(Task::waiting(cursor.next()));
    pusher.try_push(42).unwrap();
    assert_eq!(next(&mut cursor), Poll::Ready(Some(42)));
}

#[test]
fn errors_need_no_debug_items() {
    struct Plain;
    fn message(error: &dyn Error) -> String {
        error.to_string()
    }
    let (pusher, cursor) = bounded(1);
    pusher.try_push(Plain).ok().unwrap();
    assert!(!message(&pusher.try_push(Plain).unwrap_err()).is_empty());
    drop(cursor);
    assert!(!message(&pusher.try_push(Plain).unwrap_err()).is_empty());
    assert!(!message(&ready(pusher.push(Plain)).unwrap_err()).is_empty());
    assert!(!message(&ready(pusher.reserve_many(1)).err().unwrap()).is_empty());
    assert!(!message(&pusher.try_reserve().err().unwrap()).is_empty());
}

#[test]
fn selected_lists_yield_all_items() {
    let (bounded_pusher, one) = bounded(1);
    let (pusher, two) = aiter::push_list();
    let mut both = stream::select(one, two);
    let waker = Counting::new();
    assert!(waker.poll(&mut both).is_pending());
    pusher.push(1).unwrap();
    bounded_pusher.try_push(0).unwrap();
    drop((pusher, bounded_pusher));
    let mut items = run(both.collect::<Vec<_>>());
    items.sort_unstable();
    assert_eq!(items, [0, 1]);
}

/// A reservation is the form of a push that a selection may drop, because the item stays outside.
#[test]
fn reserve_that_loses_selection_costs_nothing() {
    let (full, mut of_full) = bounded(1);
    let (free, mut of_free) = bounded(1);
    full.try_push(42).unwrap();
    for item in 0..3 {
        match ready(select(full.reserve(), free.reserve())) {
            Either::Left(_) => panic!("the first list is full"),
            Either::Right((permit, _)) => permit.unwrap().push(item).unwrap(),
        }
        assert_eq!(of_free.try_next(), Ok(item));
    }
    assert_eq!(of_full.try_next(), Ok(42));
    full.try_push(43).expect("the reservations must have left the line");
}

#[test]
fn ring_of_lists_passes_items_on() {
    let (first, mut cursor) = bounded(1);
    let mut tasks: Vec<core::pin::Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
    for cap in (1..=32).rev() {
        let (pusher, next) = bounded(cap);
        tasks.push(Box::pin(async move {
            while let Some(item) = cursor.next().await {
                pusher.push(item).await.unwrap();
            }
        }));
        cursor = next;
    }
    tasks.push(Box::pin(async move {
        for n in 0..100 {
            first.push(n).await.unwrap();
        }
    }));
    let mut items = Vec::new();
    let read = async {
        while let Some(item) = cursor.next().await {
            items.push(item);
        }
    };
    run(join(futures_util::future::join_all(tasks), read));
    assert!(items.into_iter().eq(0..100));
}

#[test]
fn requests_and_responses_alternate() {
    let (request, requests) = bounded(1);
    let (response, mut responses) = bounded(1);
    let serve = async move {
        let mut requests = requests;
        while let Some(n) = requests.next().await {
            response.push(n + 1).await.unwrap();
        }
    };
    let ask = async move {
        let mut count = 0;
        while count < 100 {
            request.push(count).await.unwrap();
            count = responses.next().await.unwrap();
        }
        drop(request);
        responses.next().await
    };
    assert_eq!(run(join(serve, ask)).1, None);
}

#[test]
fn list_is_sent_through_list() {
    struct Link(aiter_adapters::BoundedCursor<Link>);
    let (mut pusher, mut cursor) = bounded(1);
    for _ in 0..100 {
        let (next_pusher, next_cursor) = bounded(1);
        pusher.try_push(Link(next_cursor)).ok().unwrap();
        assert!(matches!(pusher.try_push(Link(bounded(1).1)), Err(TryPushError::Full(_))));
        pusher = next_pusher;
        cursor = cursor.try_next().ok().unwrap().0;
    }
    drop(pusher);
    assert!(matches!(next(&mut cursor), Poll::Ready(None)));
}

/// Flume's `same_sender`, and tokio's `same_channel`.
#[test]
fn same_list_tells_lists_apart() {
    let (one, _first) = bounded::<u8>(1);
    let (two, _second) = bounded::<u8>(1);
    assert!(one.same_list(&one.clone()));
    assert!(one.downgrade().upgrade().is_some_and(|pusher| pusher.same_list(&one)));
    assert!(!one.same_list(&two) && !two.clone().same_list(&one));
}
