//! The bounded `mpsc` of futures-channel, whose sender is a sink.

use aiter::PushErrorKind;
use aiter_adapters::{PushSink, bounded};
use core::task::{Context, Poll};
use futures_util::{SinkExt, StreamExt, future::join};

use crate::{bounded::run, waker::Counting};

/// Polls the readiness of a sink, and returns why the list refuses items.
fn poll_room(sink: &mut PushSink<u32>, waker: &Counting) -> Poll<Result<(), PushErrorKind>> {
    let room = sink.poll_ready_unpin(&mut Context::from_waker(waker.waker()));
    room.map_err(|error| error.kind())
}

#[test]
fn close_wakes_sink_in_line() {
    let (pusher, cursor) = bounded(1);
    let mut sinks = [pusher.clone().into_sink(), pusher.into_sink()];
    let wakers = [Counting::new(), Counting::new()];
    assert!(poll_room(&mut sinks[0], &wakers[0]).is_ready());
    assert!(poll_room(&mut sinks[1], &wakers[1]).is_pending());
    cursor.close();
    assert_eq!(wakers.each_ref().map(Counting::wakes), [0, 1]);
    assert_eq!(poll_room(&mut sinks[1], &wakers[1]), Poll::Ready(Err(PushErrorKind::Stopped)));
    let error = sinks[0].start_send_unpin(1).unwrap_err();
    assert_eq!((error.kind(), error.into_inner()), (PushErrorKind::Stopped, Some(1)));
    assert_eq!(poll_room(&mut sinks[0], &wakers[0]), Poll::Ready(Err(PushErrorKind::Stopped)));
}

#[test]
fn reader_that_leaves_ends_producer() {
    let (pusher, cursor) = bounded(1);
    let produce = async {
        let mut n = 0;
        while pusher.push(n).await.is_ok() {
            n += 1;
        }
        n
    };
    let read = async move { cursor.take(3).collect::<Vec<_>>().await };
    assert_eq!(run(join(produce, read)), (3, vec![0, 1, 2]));
}
