use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedFuture, Stream};

use crate::{
    spawned::{
        permits::Permits,
        receiver::{TaskReceiver, channel},
        sender::TaskSender,
    },
    util::Budget,
};

pin_project_lite::pin_project! {
    /// The task of [`Active`](crate::Active) and [`PreloadWith`](crate::PreloadWith): pulls the source
    /// for them.
    ///
    /// It is ready when the source has ended or the stream that it works for is dropped; the source
    /// is dropped before that. After 128 items in one poll it wakes its own task and lets others have
    /// their turn.
    ///
    /// # Panics
    /// Where the source does, to whoever polls this future. The source is dropped; the stream hands
    /// out what was pulled and ends.
    ///
    /// # Cancel safety
    /// Dropping it drops the source; the stream hands out what was pulled and ends.
    #[must_use = "the stream gets no items unless this future is polled"]
    pub struct DriveTask<S: Stream> {
        // Dropped at its end, and in any case before the inlet: the stream ends last.
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
    /// The task that pulls `source`, and what it pulls; at most `bound` items at a time.
    pub(crate) fn new(source: S, bound: Option<usize>) -> (TaskReceiver<S::Item>, Self) {
        let (mut receiver, senders) = channel();
        let (permits, sender) = (senders.permits(bound), Some(senders.add_to(&mut receiver)));
        (receiver, Self { source: Some(source), permits, sender })
    }
}

/// Ends the drive if the source panics.
struct End<'a, S: Stream> {
    source: Pin<&'a mut Option<S>>,
    sender: &'a mut Option<TaskSender<S::Item>>,
}

impl<S: Stream> Drop for End<'_, S> {
    fn drop(&mut self) {
        // Dropped after the source.
        let _inlet = self.sender.take();
        self.source.set(None);
    }
}

/// Pulls what there is. Ready if there is no more, or nobody wants it.
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
                sender.report_end();
                break;
            }
            Poll::Pending if sender.sleep(cx) => break,
            Poll::Pending => return Poll::Pending,
        }
    }
    Poll::Ready(())
}

impl<S: Stream> Future for DriveTask<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mut end = End { source: this.source, sender: this.sender };
        if let (Some(source), Some(sender)) = (end.source.as_mut().as_pin_mut(), &mut *end.sender) {
            sender.enter_user_code();
            let polled = pull(source, this.permits, sender, cx);
            if polled.is_ready() {
                end.source.set(None);
            }
            sender.leave_user_code();
            if polled.is_pending() {
                core::mem::forget(end);
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
