use core::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

/// A stream that can work ahead of its consumer.
///
/// What [`for_each_alongside`](crate::AiterExt::for_each_alongside) calls while the consumer is busy.
pub trait Progress: Stream {
    /// Lets the stream work ahead, without taking an item.
    ///
    /// Ready if there is nothing to do before an item is taken. Pending if there is; the task is then
    /// woken when to call this, or `poll_next`, again.
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
}
