use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedFuture, Stream};

use crate::{
    spawned::{
        channel::SOURCE_ENDED,
        permits::Permits,
        receiver::{TaskReceiver, channel},
        sender::TaskSender,
    },
    util::{Budget, Finally},
};

pin_project_lite::pin_project! {
    /// The task of [`Active`](crate::Active) and [`PreloadWith`](crate::PreloadWith), which pulls
    /// the source.
    ///
    /// Completes when the source has ended or the stream is dropped. The source is dropped before
    /// that. After 128 items in one poll, the task wakes itself and returns `Pending`.
    ///
    /// # Panics
    /// Panics if the source does. The source is then dropped. The stream returns the items that
    /// were pulled, and ends.
    ///
    /// # Cancel safety
    /// If the task is dropped, the source is dropped. The stream returns the items that were
    /// pulled, and ends.
    ///
    /// # Examples
    /// In a function that names it, as an executor with static tasks requires:
    ///
    /// ```
    /// use core::{convert::identity, ops::Range};
    ///
    /// use aiter_adapters::{AiterExt, DriveTask};
    /// use futures_util::{StreamExt, future::join, stream};
    ///
    /// async fn drive(task: DriveTask<stream::Iter<Range<u32>>>) {
    ///     task.await
    /// }
    ///
    /// # futures_executor::block_on(async {
    /// let (numbers, task) = stream::iter(0..3).active(identity).into_parts();
    /// let (items, ()) = join(numbers.collect::<Vec<_>>(), drive(task)).await;
    /// assert_eq!(items, [0, 1, 2]);
    /// # });
    /// ```
    #[must_use = "the stream gets no items unless this future is polled"]
    pub struct DriveTask<S: Stream> {
        // Dropped when it ends. Always dropped before the sender, so the stream ends last.
        #[pin]
        source: Option<S>,
        permits: Permits,
        // `None` at the end.
        sender: Option<TaskSender<S::Item>>,
    }
}

impl<S: Stream> fmt::Debug for DriveTask<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriveTask").field("ended", &self.is_terminated()).finish_non_exhaustive()
    }
}

impl<S: Stream> DriveTask<S> {
    /// Makes a task that pulls `source`, at most `bound` items ahead, and its receiver.
    pub(crate) fn new(source: S, bound: Option<usize>) -> (TaskReceiver<S::Item>, Self) {
        let (mut receiver, senders) = channel();
        let (permits, sender) = (senders.permits(bound), Some(senders.add_to(&mut receiver)));
        (receiver, Self { source: Some(source), permits, sender })
    }
}

/// Pulls items until the task must wait. Returns `Ready` if the source has ended or the stream is
/// dropped.
fn pull<S: Stream>(
    mut source: Pin<&mut S>,
    permits: &mut Permits,
    sender: &mut TaskSender<S::Item>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    let mut budget = Budget::new();
    while !sender.is_closed() {
        if !budget.take() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = match permits.poll_ready(cx) {
            Poll::Ready(()) => source.as_mut().poll_next(cx),
            Poll::Pending => Poll::Pending,
        };
        match polled {
            Poll::Ready(Some(item)) => {
                permits.take();
                if sender.push(item).is_err() {
                    break;
                }
            }
            Poll::Ready(None) => {
                sender.channel.set(SOURCE_ENDED);
                break;
            }
            Poll::Pending if sender.poll_closed(cx).is_ready() => break,
            Poll::Pending => return Poll::Pending,
        }
    }
    Poll::Ready(())
}

impl<S: Stream> Future for DriveTask<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        // Drops the source, then ends the stream.
        let mut end = Finally((this.source, this.sender), |(source, sender)| {
            let _sender = sender.take();
            source.set(None);
        });
        let (source, sender) = &mut end.0;
        if let (Some(stream), Some(sender)) = (source.as_mut().as_pin_mut(), &mut **sender) {
            sender.enter_user_code();
            let polled = pull(stream, this.permits, sender, cx);
            if polled.is_ready() {
                source.set(None);
            }
            sender.leave_user_code();
            if polled.is_pending() {
                mem::forget(end);
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}

impl<S: Stream> FusedFuture for DriveTask<S> {
    fn is_terminated(&self) -> bool {
        self.sender.is_none()
    }
}
