use core::{
    ops::DerefMut,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

/// A stream that can work ahead of its consumer.
///
/// [`for_each_progress`](crate::AiterExt::for_each_progress) calls it while the consumer is busy.
///
/// [`Preload`](crate::Preload) and [`MapPar`](crate::MapPar) work ahead in the consumer's task.
/// [`Active`](crate::Active), [`PreloadWith`](crate::PreloadWith) and
/// [`MapParWith`](crate::MapParWith) do so in tasks of their own, and the bridge's `UnblockIter` on
/// a thread. [`Gated`](crate::Gated) and [`Stoppable`](crate::Stoppable) implement the trait if
/// their source does. Every other stream works ahead once `.preload(n)` is called on it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot work ahead of its consumer: call `.preload(n)` first",
    label = "this stream does not implement `Progress`",
    note = "`stream.preload(n)` pulls up to `n` items ahead, for any stream"
)]
pub trait Progress: Stream {
    /// Lets the stream work ahead, without taking an item.
    ///
    /// Returns `Ready` if there is nothing to do before an item is taken, or if another task does
    /// it. Otherwise returns `Pending`, and wakes the task when this method or `poll_next` must be
    /// called again.
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
}

impl<S: Progress + Unpin + ?Sized> Progress for &mut S {
    fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut **self).poll_progress(cx)
    }
}

impl<P: DerefMut<Target: Progress> + Unpin> Progress for Pin<P> {
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().as_mut().poll_progress(cx)
    }
}
