//! The `PollSender` of tokio-util, a sink with room for one item at a time.

use aiter_adapters::bounded;
use core::{
    future::poll_fn,
    task::{Context, Poll},
};
use futures_util::{SinkExt, StreamExt, future::join, stream};

use crate::{
    bounded::{Task, ready, run},
    script::panics,
    waker::{Counting, next},
};

#[test]
fn sink_is_ready_for_each_free_place() {
    let (pusher, mut cursor) = bounded(3);
    let mut sink = pusher.into_sink();
    for n in 1..=3 {
        assert!(ready(poll_fn(|cx| sink.poll_ready_unpin(cx))).is_ok());
        assert!(ready(poll_fn(|cx| sink.poll_ready_unpin(cx))).is_ok(), "readiness must last");
        sink.start_send_unpin(n).unwrap();
    }
    let mut room = Task::waiting(poll_fn(|cx| sink.poll_ready_unpin(cx)));
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    assert!(room.woken().is_ok());
    drop(room);
    drop(cursor);
    assert_eq!(sink.start_send_unpin(42).unwrap_err().into_inner(), Some(42));
}

#[test]
fn flushed_sink_stays_unready_while_full() {
    let (pusher, mut cursor) = bounded(1);
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    let mut sink = pusher.into_sink();
    assert!(ready(poll_fn(|cx| sink.poll_ready_unpin(cx))).is_ok());
    sink.start_send_unpin("data").unwrap();
    assert_eq!(waker.wakes(), 1);
    drop(Task::waiting(poll_fn(|cx| sink.poll_ready_unpin(cx))));
    assert!(ready(sink.flush()).is_ok(), "a flush must not wait for a reader");
    let mut room = Task::waiting(poll_fn(|cx| sink.poll_ready_unpin(cx)));
    assert_eq!(waker.poll(&mut cursor), Poll::Ready(Some("data")));
    assert!(room.woken().is_ok());
}

#[test]
fn closed_sink_ends_list_after_its_items() {
    let (pusher, mut cursor) = bounded(1);
    let mut sink = pusher.into_sink();
    ready(sink.feed(1)).unwrap();
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    ready(sink.feed(2)).unwrap();
    assert!(ready(sink.close()).is_ok());
    assert_eq!(next(&mut cursor), Poll::Ready(Some(2)));
    assert_eq!(next(&mut cursor), Poll::Ready(None), "the sink was the last pusher");
    assert!(ready(sink.send(3)).is_err());
}

#[test]
fn closed_sink_leaves_other_pushers_open() {
    let (pusher, mut cursor) = bounded::<u8>(3);
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    let mut sink = pusher.clone().into_sink();
    assert!(ready(sink.close()).is_ok());
    assert_eq!(waker.wakes(), 0);
    assert!(ready(poll_fn(|cx| sink.poll_ready_unpin(cx))).is_err());
    drop(pusher);
    assert_eq!(waker.wakes(), 1);
    assert_eq!(next(&mut cursor), Poll::Ready(None));
}

#[test]
fn closed_sink_leaves_line() {
    let (pusher, mut cursor) = bounded(1);
    let mut sink = pusher.clone().into_sink();
    ready(sink.feed(1)).unwrap();
    let waker = Counting::new();
    let mut cx = Context::from_waker(waker.waker());
    assert!(sink.poll_ready_unpin(&mut cx).is_pending());
    let mut behind = Task::waiting(pusher.push(2));
    assert!(ready(sink.close()).is_ok());
    assert_eq!(waker.held(), 0, "a closed sink must let its waker go");
    assert_eq!(next(&mut cursor), Poll::Ready(Some(1)));
    behind.woken().unwrap();
}

#[test]
fn dropped_sink_returns_reserved_room() {
    let (pusher, mut cursor) = bounded(1);
    let mut sink = pusher.clone().into_sink();
    assert!(ready(poll_fn(|cx| sink.poll_ready_unpin(cx))).is_ok());
    assert_eq!(pusher.capacity(), 0);
    let mut behind = Task::waiting(pusher.push(5));
    drop(sink);
    behind.woken().unwrap();
    assert_eq!(next(&mut cursor), Poll::Ready(Some(5)));
}

#[cfg(panic = "unwind")]
#[test]
fn start_send_without_readiness_panics() {
    let (pusher, _cursor) = bounded(1);
    let mut sink = pusher.into_sink();
    assert!(panics(|| sink.start_send_unpin(1)));
    assert!(ready(sink.feed(1)).is_ok());
    drop(Task::waiting(poll_fn(|cx| sink.poll_ready_unpin(cx))));
    assert!(panics(|| sink.start_send_unpin(2)));
}

/// Flume's `stream_forward_issue_55`.
#[test]
fn stream_forwards_into_sink() {
    let (pusher, cursor) = bounded(100);
    let forward = stream::iter(0..1000).map(Ok).forward(pusher.into_sink());
    let (forwarded, items) = run(join(forward, cursor.collect::<Vec<_>>()));
    assert!(forwarded.is_ok() && items.into_iter().eq(0..1000));
}

#[test]
fn closed_sink_wakes_waiting_cursor() {
    let (pusher, mut cursor) = bounded::<u8>(3);
    let waker = Counting::new();
    assert!(waker.poll(&mut cursor).is_pending());
    let mut sink = pusher.into_sink();
    assert!(ready(poll_fn(|cx| sink.poll_ready_unpin(cx))).is_ok());
    assert!(ready(sink.close()).is_ok());
    assert_eq!(waker.wakes(), 1, "the room that the sink had must not delay the end");
    assert_eq!(waker.poll(&mut cursor), Poll::Ready(None));
}

#[test]
fn sink_takes_borrowed_items() {
    let text = String::from("one two");
    let (pusher, mut cursor) = bounded(2);
    let mut sink = pusher.into_sink();
    text.split(' ').for_each(|word| ready(sink.feed(word)).unwrap());
    assert_eq!((cursor.try_next(), cursor.try_next()), (Ok("one"), Ok("two")));
}
