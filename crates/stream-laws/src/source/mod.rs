pub(crate) mod factory;
mod future;
mod handle;
pub(crate) mod nested;
mod run_counters;
mod script_runner;
mod script_state;

use alloc::sync::Arc;
use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

pub(crate) use self::script_runner::PollLimitReached;
pub use self::{future::ScriptedFuture, handle::SourceHandle};
use self::{script_runner::ScriptRunner, script_state::ScriptKind};
use crate::{
    case::{Script, SizeHint},
    token::Token,
};

/// A stream that follows a [`Script`] and records how it is polled.
///
/// The [`SourceHandle`] can wake the latest waker even after the source was dropped, as a timer
/// can.
///
/// # Examples
/// See the example of [`SourceHandle`].
#[must_use = "streams do nothing unless polled"]
pub struct Source {
    runner: ScriptRunner,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("handle", &self.runner.handle).finish()
    }
}

impl Source {
    /// Creates a source that follows this script, with an exact `size_hint`.
    ///
    /// # Examples
    /// See the example of [`SourceHandle`].
    pub fn new(script: Script) -> (Self, SourceHandle) {
        let handle =
            SourceHandle::new(script, ScriptKind::Tokens, SizeHint::Exact, 0, Arc::default());
        (Self::from_handle(handle.clone()), handle)
    }

    /// Converts this source into a stream of results, where [`Step::Error`](crate::Step::Error)
    /// yields an `Err`.
    ///
    /// # Examples
    /// ```
    /// use core::task::Poll;
    ///
    /// use stream_laws::{Source, Task};
    ///
    /// let (source, _handle) = Source::new("ox|".parse()?);
    /// let mut task = Task::new(source.results());
    /// assert!(matches!(task.poll(), Poll::Ready(Some(Ok(_)))));
    /// assert!(matches!(task.poll(), Poll::Ready(Some(Err(_)))));
    /// assert_eq!(task.poll(), Poll::Ready(None));
    /// # Ok::<(), stream_laws::ScriptError>(())
    /// ```
    pub fn results(self) -> ResultSource {
        ResultSource { source: self }
    }

    fn from_handle(handle: SourceHandle) -> Self {
        Self { runner: ScriptRunner { handle } }
    }
}

impl Stream for Source {
    type Item = Token;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Token>> {
        let poll = self.runner.poll(cx);
        poll.map(|item| item.map(|item| self.runner.handle.token(item.number)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.runner.handle.size_hint()
    }
}

/// A stream of results; returned by [`Source::results`].
///
/// # Examples
/// See the example of [`Source::results`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct ResultSource {
    source: Source,
}

impl Stream for ResultSource {
    type Item = Result<Token, Token>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let runner = &self.source.runner;
        runner.poll(cx).map(|item| {
            item.map(|item| {
                let token = runner.handle.token(item.number);
                if item.is_error { Err(token) } else { Ok(token) }
            })
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.source.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::panic::AssertUnwindSafe;
    use std::panic::catch_unwind;

    use super::*;
    use crate::task::Task;

    fn source(script: &str) -> (Source, SourceHandle) {
        Source::new(script.parse().expect("a script"))
    }

    fn numbers(poll: Poll<Option<Token>>) -> Poll<Option<usize>> {
        poll.map(|item| item.map(|token| token.number()))
    }

    #[test]
    fn source_follows_each_step() {
        let (source, handle) = source("o-~!x|");
        let mut task = Task::new(source);
        assert_eq!(numbers(task.poll()), Poll::Ready(Some(0)));
        for _ in 0..2 {
            assert_eq!(numbers(task.poll()), Poll::Pending);
            assert!(handle.is_waiting());
            assert!(!task.is_woken());
        }
        assert!(handle.wake());
        assert!(!handle.wake(), "second wake must find no waiting source");
        assert!(task.is_woken());
        assert_eq!(numbers(task.poll()), Poll::Pending);
        assert!(task.is_woken(), "`~` must wake its own waker");
        assert!(!handle.is_waiting());
        assert!(catch_unwind(AssertUnwindSafe(|| task.poll())).is_err());
        assert_eq!(numbers(task.poll()), Poll::Ready(Some(1)));
        assert!(!handle.is_ended());
        assert_eq!(numbers(task.poll()), Poll::Ready(None));
        assert!(handle.is_ended());
        assert_eq!(handle.polls_after_end(), 0);
        assert_eq!(numbers(task.poll()), Poll::Ready(None));
        assert_eq!(handle.polls_after_end(), 1);
        assert_eq!((handle.polls(), handle.waiting_polls(), handle.items()), (8, 2, 2));
    }

    #[test]
    fn wake_reaches_latest_waker_only() {
        let (source, handle) = source("-");
        let mut task = Task::new(source);
        assert!(task.poll().is_pending());
        task.switch_waker();
        assert!(task.poll().is_pending());
        assert!(task.wakers()[0].is_released());
        assert!(handle.wake());
        let wakes: Vec<_> = task.wakers().iter().map(|waker| waker.wakes()).collect();
        assert_eq!(wakes, [0, 1]);
    }

    #[test]
    fn result_source_separates_errors() {
        let (source, handle) = source("ox|");
        let mut task = Task::new(source.results());
        assert!(matches!(task.poll(), Poll::Ready(Some(Ok(token))) if token.number() == 0));
        assert!(matches!(task.poll(), Poll::Ready(Some(Err(token))) if token.number() == 1));
        assert!(matches!(task.poll(), Poll::Ready(None)));
        task.drop_stream();
        assert!(handle.is_dropped());
        assert_eq!(handle.ledger().alive(), 0);
    }
}
