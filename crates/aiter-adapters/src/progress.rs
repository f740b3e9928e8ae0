use core::{
    ops::DerefMut,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

/// A stream that can work ahead of its consumer.
///
/// What [`for_each_alongside`](crate::AiterExt::for_each_alongside) calls while the consumer is busy.
/// [`Preload`](crate::Preload) and [`MapPar`](crate::MapPar) can, and so can [`Gated`](crate::Gated) and
/// [`Stoppable`](crate::Stoppable) over a stream that can.
pub trait Progress: Stream {
    /// Lets the stream work ahead, without taking an item.
    ///
    /// Ready if there is nothing to do before an item is taken. Pending if there is; the task is then
    /// woken when to call this, or `poll_next`, again.
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
}

impl<S: Progress + Unpin + ?Sized> Progress for &mut S {
    fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut **self).poll_progress(cx)
    }
}

impl<P> Progress for Pin<P>
where
    P: DerefMut<Target: Progress> + Unpin,
{
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().as_mut().poll_progress(cx)
    }
}
