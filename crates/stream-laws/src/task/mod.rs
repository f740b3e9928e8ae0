mod counting_waker;

use alloc::{boxed::Box, vec::Vec};
use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

pub use self::counting_waker::CountingWaker;

/// A task that polls one stream by hand.
///
/// # Examples
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
/// assert!(task.is_woken(), "the waker of the latest poll is woken");
/// assert!(task.poll().is_ready());
/// # Ok::<(), stream_laws::ScriptError>(())
/// ```
pub struct Task<S: ?Sized> {
    stream: Option<Pin<Box<S>>>,
    /// The latest waker is the last.
    wakers: Vec<CountingWaker>,
    /// Number of wake-ups of the latest waker before the latest poll.
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
    /// Creates a task that polls this stream.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn new(stream: S) -> Self {
        Self::from_pinned(Box::pin(stream))
    }
}

impl<S: Stream + ?Sized> Task<S> {
    pub(crate) fn from_pinned(stream: Pin<Box<S>>) -> Self {
        let wakers = Vec::from([CountingWaker::new()]);
        Self { stream: Some(stream), wakers, wakes_before_poll: 0, polls: 0 }
    }

    /// Polls the stream once with the latest waker.
    ///
    /// # Panics
    /// Panics if the stream panics, or if it was dropped by [`drop_stream`](Self::drop_stream).
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn poll(&mut self) -> Poll<Option<S::Item>> {
        let stream = self.stream.as_mut().expect("the stream of this task was dropped");
        let latest = self.wakers.last().expect("a task begins with a waker");
        self.polls += 1;
        self.wakes_before_poll = latest.wakes();
        stream.as_mut().poll_next(&mut Context::from_waker(&latest.waker()))
    }

    /// Returns the `size_hint` of the stream.
    ///
    /// # Panics
    /// Panics if the stream panics, or if it was dropped by [`drop_stream`](Self::drop_stream).
    ///
    /// # Examples
    /// ```
    /// use stream_laws::{Source, Task};
    ///
    /// let (source, _handle) = Source::new("oo|".parse()?);
    /// let mut task = Task::new(source);
    /// assert_eq!(task.size_hint(), (2, Some(2)));
    /// assert!(task.poll().is_ready());
    /// assert_eq!(task.size_hint(), (1, Some(1)));
    /// # Ok::<(), stream_laws::ScriptError>(())
    /// ```
    pub fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.as_ref().expect("the stream of this task was dropped").size_hint()
    }
}

impl<S: ?Sized> Task<S> {
    /// Replaces the waker for later polls, as if the stream had moved to another task.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn switch_waker(&mut self) {
        self.wakers.push(CountingWaker::new());
        self.wakes_before_poll = 0;
    }

    /// Returns `true` if the latest waker was woken since the latest poll began.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn is_woken(&self) -> bool {
        self.wakes() > self.wakes_before_poll
    }

    /// Returns the number of wake-ups of the latest waker.
    ///
    /// # Examples
    /// See the example of [`drop_stream`](Self::drop_stream).
    pub fn wakes(&self) -> usize {
        self.wakers.last().map_or(0, CountingWaker::wakes)
    }

    /// Returns the number of polls.
    ///
    /// # Examples
    /// See the example of [`drop_stream`](Self::drop_stream).
    pub fn polls(&self) -> usize {
        self.polls
    }

    /// Returns every waker of this task, the latest one last.
    ///
    /// # Examples
    /// See the example of [`drop_stream`](Self::drop_stream).
    pub fn wakers(&self) -> &[CountingWaker] {
        &self.wakers
    }

    /// Drops the stream, but keeps the wakers.
    ///
    /// # Examples
    /// A late wake-up of a timer that outlives the stream:
    ///
    /// ```
    /// use stream_laws::{Source, Task};
    ///
    /// let (source, timer) = Source::new("-|".parse()?);
    /// let mut task = Task::new(source);
    /// assert!(task.poll().is_pending());
    /// task.drop_stream();
    /// timer.wake();
    /// assert_eq!((task.polls(), task.wakes()), (1, 1));
    /// assert!(task.wakers().iter().all(|waker| waker.is_released()));
    /// # Ok::<(), stream_laws::ScriptError>(())
    /// ```
    pub fn drop_stream(&mut self) {
        self.stream = None;
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.stream.is_none()
    }
}
