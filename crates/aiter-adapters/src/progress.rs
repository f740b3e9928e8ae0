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
///
/// # Examples
/// An adapter that lets its source work ahead:
///
/// ```
/// use core::{future::ready, pin::Pin, task::{Context, Poll}};
///
/// use aiter_adapters::{AiterExt, Progress};
/// use futures_util::{FutureExt, Stream, StreamExt, stream};
///
/// struct Doubled<S>(S);
///
/// impl<S: Stream<Item = u32> + Unpin> Stream for Doubled<S> {
///     type Item = u32;
///
///     fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
///         self.0.poll_next_unpin(cx).map(|n| n.map(|n| 2 * n))
///     }
/// }
///
/// impl<S: Progress<Item = u32> + Unpin> Progress for Doubled<S> {
///     fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
///         Pin::new(&mut self.0).poll_progress(cx)
///     }
/// }
///
/// let mut sum = 0;
/// let doubled = Doubled(stream::iter(1..=4).preload(2));
/// let handling = doubled.for_each_progress(|n| {
///     sum += n;
///     ready(())
/// });
/// assert_eq!(handling.now_or_never(), Some(()));
/// assert_eq!(sum, 20);
/// ```
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
    ///
    /// # Examples
    /// See the [example of the trait](Self#examples).
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
