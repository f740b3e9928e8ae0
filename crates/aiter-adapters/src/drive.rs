use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedFuture, Stream};

use crate::{
    budget::Budget,
    inlet::{Inlet, Room},
    link::{Outlet, link},
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
    pub struct Drive<S: Stream> {
        // Dropped at its end, and in any case before the inlet: the stream ends last.
        #[pin]
        source: Option<S>,
        room: Room,
        // `None` at the end.
        inlet: Option<Inlet<S::Item>>,
    }
}

impl<S: Stream> fmt::Debug for Drive<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drive").field("ended", &self.is_terminated()).finish_non_exhaustive()
    }
}

impl<S: Stream> Drive<S> {
    /// The task that pulls `source`, and what it pulls; at most `bound` items at a time.
    pub(crate) fn new(source: S, bound: Option<usize>) -> (Outlet<S::Item>, Self) {
        let (mut outlet, inlets) = link();
        let (room, inlet) = (inlets.room(bound), Some(inlets.add_to(&mut outlet)));
        (outlet, Self { source: Some(source), room, inlet })
    }
}

/// Ends the drive if the source panics.
struct End<'a, S: Stream> {
    source: Pin<&'a mut Option<S>>,
    inlet: &'a mut Option<Inlet<S::Item>>,
}

impl<S: Stream> Drop for End<'_, S> {
    fn drop(&mut self) {
        // Dropped after the source.
        let _inlet = self.inlet.take();
        self.source.set(None);
    }
}

/// Pulls what there is. Ready if there is no more, or nobody wants it.
fn pull<S: Stream>(
    mut source: Pin<&mut S>,
    room: &mut Room,
    inlet: &mut Inlet<S::Item>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    let mut budget = Budget::new();
    while !inlet.is_closed() {
        if !budget.take() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = match room.poll_ready(cx) {
            Poll::Ready(()) => source.as_mut().poll_next(cx),
            Poll::Pending => Poll::Pending,
        };
        match polled {
            Poll::Ready(Some(item)) => {
                room.take();
                if inlet.push(item).is_err() {
                    break;
                }
            }
            Poll::Ready(None) => {
                inlet.report_end();
                break;
            }
            Poll::Pending if inlet.sleep(cx) => break,
            Poll::Pending => return Poll::Pending,
        }
    }
    Poll::Ready(())
}

impl<S: Stream> Future for Drive<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mut end = End { source: this.source, inlet: this.inlet };
        if let (Some(source), Some(inlet)) = (end.source.as_mut().as_pin_mut(), &mut *end.inlet) {
            inlet.brace();
            let polled = pull(source, this.room, inlet, cx);
            if polled.is_ready() {
                end.source.set(None);
            }
            inlet.relax();
            if polled.is_pending() {
                core::mem::forget(end);
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}

impl<S: Stream> FusedFuture for Drive<S> {
    fn is_terminated(&self) -> bool {
        self.inlet.is_none()
    }
}
