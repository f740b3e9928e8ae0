//! A pusher as a sink, with the feature `sink`.

use crate::{drain, waker::Counting};
use aiter_core::{PushError, Pusher, push_list};
use core::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};
use futures_util::{Sink, SinkExt, StreamExt, stream};

fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn forward_of_last_pusher_ends_list() {
    let (pusher, mut cursor) = push_list();
    assert_eq!(poll(stream::iter(0..100).map(Ok).forward(pusher)), Poll::Ready(Ok(())));
    assert!(drain(&mut cursor).into_iter().eq(0..100));
}

#[test]
fn forward_to_borrowed_pusher_keeps_list() {
    let (pusher, cursor) = push_list();
    assert_eq!(poll(stream::iter(0..100).map(Ok).forward(&pusher)), Poll::Ready(Ok(())));
    pusher.push(100).unwrap();
    assert_eq!((cursor.len(), cursor.is_stopped()), (101, false));
}

#[test]
fn sink_wakes_cursor_without_flush() {
    let (mut pusher, mut cursor) = push_list();
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    Pin::new(&mut pusher).start_send(1).unwrap();
    assert_eq!(waker.wakes(), 1);
    assert_eq!(waker.poll(&mut cursor), Poll::Ready(Some(1)));
}

#[test]
fn closed_sink_still_pushes() {
    let (mut pusher, cursor) = push_list();
    assert_eq!(poll(pusher.send(1)), Poll::Ready(Ok(())));
    assert_eq!(poll(SinkExt::<u32>::close(&mut pusher)), Poll::Ready(Ok(())));
    assert_eq!(poll((&pusher).send(2)), Poll::Ready(Ok(())));
    assert!(!cursor.is_stopped() && cursor.len() == 2);
}

#[test]
fn sink_of_ended_list_returns_item() {
    let (mut pusher, cursor) = push_list();
    drop(cursor);
    assert_eq!(poll(pusher.send(1)), Poll::Ready(Err(PushError::NoCursor(1))));
    pusher.stop();
    assert_eq!(poll((&pusher).send(2)), Poll::Ready(Err(PushError::Stopped(2))));
    let items = stream::iter([3, 4]).map(Ok);
    assert_eq!(poll(items.forward(pusher)), Poll::Ready(Err(PushError::Stopped(3))));
}

#[test]
fn sink_needs_no_bound_on_items() {
    fn is_sink<T, S: Sink<T, Error = PushError<T>>>() {}
    fn check<T>() {
        is_sink::<T, Pusher<T>>();
        is_sink::<T, &Pusher<T>>();
    }
    check::<&mut str>();
}
