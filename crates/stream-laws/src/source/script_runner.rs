use alloc::boxed::Box;
use core::{
    sync::atomic::Ordering,
    task::{Context, Poll},
};
use std::panic::resume_unwind;

use super::{
    handle::SourceHandle,
    script_state::{Action, ScriptItem},
};

/// The payload of a scripted panic.
#[derive(Debug)]
pub(crate) struct ScriptedPanic;

/// The payload that ends a poll which polls its sources without end.
#[derive(Debug)]
pub(crate) struct PollLimitReached;

/// Polls of all sources together within one poll of a task, after which that poll is ended.
const MAX_SOURCE_POLLS: usize = 1_000;

/// The side of a script that is polled, whatever it then makes of the items.
pub(super) struct ScriptRunner {
    pub(super) handle: SourceHandle,
}

impl ScriptRunner {
    pub(super) fn new(handle: SourceHandle) -> Self {
        Self { handle }
    }

    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<ScriptItem>> {
        if self.handle.counters().polls.fetch_add(1, Ordering::Relaxed) >= MAX_SOURCE_POLLS {
            resume_unwind(Box::new(PollLimitReached));
        }
        // Cloned before the lock, and an older one dropped after it: wakers are foreign code.
        let mut waker = Some(cx.waker().clone());
        let action = self.handle.advance(&mut waker);
        drop(waker);
        match action {
            Action::Yield(item) => Poll::Ready(Some(item)),
            Action::Wait => Poll::Pending,
            Action::WakeSelf => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Action::End => Poll::Ready(None),
            Action::Panic => resume_unwind(Box::new(ScriptedPanic)),
        }
    }

    pub(super) fn size_hint(&self) -> (usize, Option<usize>) {
        self.handle.size_hint()
    }

    /// From now on each poll is one after the end.
    pub(super) fn set_ended(&self) {
        self.handle.set_ended();
    }
}

impl Drop for ScriptRunner {
    fn drop(&mut self) {
        self.handle.set_dropped();
    }
}
