//! The sink of a lossy list.

use core::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use aiter_adapters::{LossyPolicy::DropOldest, bounded_lossy};
use aiter_core::TryPushError;
use futures_util::Sink;

use crate::drain;

#[test]
fn sink_is_always_ready() {
    let (pusher, mut cursor) = bounded_lossy(2, DropOldest);
    let mut sink = pusher.into_sink();
    let mut cx = Context::from_waker(Waker::noop());
    for n in 0..10 {
        assert_eq!(Pin::new(&mut sink).poll_ready(&mut cx), Poll::Ready(Ok(())));
        Pin::new(&mut sink).start_send(n).unwrap();
        assert_eq!(Pin::new(&mut sink).poll_flush(&mut cx), Poll::Ready(Ok(())));
    }
    assert_eq!(drain(&mut cursor), [8, 9]);
    assert_eq!(std::format!("{sink:?}"), "LossySink { is_closed: false }");
    assert_eq!(Pin::new(&mut sink).poll_close(&mut cx), Poll::Ready(Ok(())));
    assert!(cursor.is_drained());
    assert_eq!(Pin::new(&mut sink).start_send(3), Err(TryPushError::Stopped(3)));
}
