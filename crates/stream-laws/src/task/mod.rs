mod counting_waker;

use alloc::{boxed::Box, vec::Vec};
use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

pub use self::counting_waker::CountingWaker;

/// A task of one stream, driven by hand.
///
/// # Examples
///
/// ```
/// use core::task::Poll;
///
/// use stream_laws::{Source, Task};
///
/// let (source, handle) = Source::new("-o|".parse()?);
/// let mut task = Task::new(source);
/// assert_eq!(task.poll(), Poll::Pending);
/// assert!(!task.is_woken());
/// task.switch_waker();
/// assert_eq!(task.poll(), Poll::Pending);
/// handle.wake();
/// assert!(task.is_woken(), "by the waker of the last poll");
/// assert!(task.poll().is_ready());
/// # Ok::<(), stream_laws::ScriptError>(())
/// ```
pub struct Task<S: ?Sized> {
    stream: Option<Pin<Box<S>>>,
    /// The latest one is the last.
    wakers: Vec<CountingWaker>,
    /// Wakes of the latest waker when the last poll began.
    wakes_before_poll: usize,
    polls: usize,
}

impl<S: ?Sized> fmt::Debug for Task<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("polls", &self.polls)
            .field("is_woken", &self.is_woken())
            .field("is_dropped", &self.stream.is_none())
            .finish_non_exhaustive()
    }
}

impl<S: Stream> Task<S> {
    /// A task that polls this stream.
    pub fn new(stream: S) -> Self {
        Self::from_pinned(Box::pin(stream))
    }
}

impl<S: Stream + ?Sized> Task<S> {
    pub(crate) fn from_pinned(stream: Pin<Box<S>>) -> Self {
        let wakers = Vec::from([CountingWaker::new()]);
        Self { stream: Some(stream), wakers, wakes_before_poll: 0, polls: 0 }
    }

    /// Polls the stream once, with the latest waker.
    ///
    /// # Panics
    ///
    /// When the stream panics, and after [`drop_stream`](Self::drop_stream).
    pub fn poll(&mut self) -> Poll<Option<S::Item>> {
        let stream = self.stream.as_mut().expect("the stream of this task was dropped");
        let latest = self.wakers.last().expect("a task begins with a waker");
        self.polls += 1;
        self.wakes_before_poll = latest.wakes();
        stream.as_mut().poll_next(&mut Context::from_waker(&latest.waker()))
    }

    /// The stream's `size_hint`.
    ///
    /// # Panics
    ///
    /// When the stream panics, and after [`drop_stream`](Self::drop_stream).
    pub fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.as_ref().expect("the stream of this task was dropped").size_hint()
    }
}

impl<S: ?Sized> Task<S> {
    /// From now on the stream is polled with a new waker, as if it had moved to another task.
    pub fn switch_waker(&mut self) {
        self.wakers.push(CountingWaker::new());
        self.wakes_before_poll = 0;
    }

    /// Whether the latest waker was woken since the last poll began.
    pub fn is_woken(&self) -> bool {
        self.wakes() > self.wakes_before_poll
    }

    /// How often the latest waker was woken.
    pub fn wakes(&self) -> usize {
        self.wakers.last().map_or(0, CountingWaker::wakes)
    }

    /// How often the stream was polled.
    pub fn polls(&self) -> usize {
        self.polls
    }

    /// Every waker that this task had, the latest one last.
    pub fn wakers(&self) -> &[CountingWaker] {
        &self.wakers
    }

    /// Drops the stream; the wakers stay to be looked at.
    pub fn drop_stream(&mut self) {
        self.stream = None;
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.stream.is_none()
    }
}
