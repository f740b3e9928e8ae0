//! `PushSink`.

use core::{
    pin::Pin,
    task::{Context, Waker},
};

use aiter_adapters::{PushSink, bounded};
use aiter_core::PushErrorKind;
use futures_util::{SinkExt, StreamExt, future, stream};

use crate::{once, ready, wait, waker::Counting};

type Polled = core::task::Poll<Result<(), aiter_adapters::PushSinkError<u32>>>;

fn poll_ready(sink: &mut PushSink<u32>, waker: &Waker) -> Polled {
    futures_util::Sink::poll_ready(Pin::new(sink), &mut Context::from_waker(waker))
}

#[test]
fn sink_waits_for_slowest_cursor() {
    let (pusher, mut cursor) = bounded(1);
    let mut sink = pusher.into_sink();
    let waker = Counting::new();
    for n in 0..10 {
        assert!(poll_ready(&mut sink, waker.waker()).is_ready());
        assert!(poll_ready(&mut sink, waker.waker()).is_ready(), "takes one place only");
        sink.start_send_unpin(n).unwrap();
        assert!(poll_ready(&mut sink, waker.waker()).is_pending());
        assert_eq!(cursor.try_next(), Ok(n));
        assert_eq!(waker.wakes(), n as usize + 1);
    }
}

#[test]
fn forward_pushes_all_and_stops() {
    let (pusher, cursor) = bounded(3);
    let forward = stream::iter(0..100).map(Ok).forward(pusher.into_sink());
    let both = future::join(forward, cursor.collect::<Vec<_>>());
    let (sent, read) = futures_executor::block_on(both);
    assert!(sent.is_ok());
    assert!(read.into_iter().eq(0..100));
}

#[test]
fn dropped_sink_returns_permit_and_place() {
    let (pusher, _cursor) = bounded(1);
    let (mut one, mut two) = (pusher.clone().into_sink(), pusher.clone().into_sink());
    let wakers = [Counting::new(), Counting::new()];
    assert!(poll_ready(&mut one, wakers[0].waker()).is_ready());
    assert!(poll_ready(&mut two, wakers[1].waker()).is_pending());
    let mut push = pusher.push(7);
    let third = wait(&mut push);
    drop(one);
    assert_eq!(wakers[1].wakes(), 1);
    drop(two);
    assert_eq!(third.wakes(), 1);
    assert!(ready(push).is_ok());
}

#[test]
fn sink_of_ended_list_returns_item() {
    let (pusher, cursor) = bounded(2);
    let mut sink = pusher.clone().into_sink();
    assert!(poll_ready(&mut sink, Waker::noop()).is_ready());
    drop(cursor);
    let error = sink.start_send_unpin(5).unwrap_err();
    assert_eq!((error.kind(), error.into_inner()), (PushErrorKind::NoCursor, Some(5)));
    pusher.stop();
    let error = ready(sink.send(6)).unwrap_err();
    assert_eq!((error.kind(), error.into_inner()), (PushErrorKind::Stopped, None));
}

#[test]
fn closed_sink_drops_its_pusher() {
    let (pusher, mut cursor) = bounded(2);
    let mut sink = pusher.into_sink();
    assert!(poll_ready(&mut sink, Waker::noop()).is_ready());
    assert!(ready(sink.close()).is_ok());
    assert!(cursor.is_stopped());
    assert!(once(&mut sink.send(1)).is_ready());
    assert_eq!(ready(cursor.next()), None);
}
