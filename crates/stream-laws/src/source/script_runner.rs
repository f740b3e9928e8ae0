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

/// The payload of the panic that ends a poll with too many polls of sources.
#[derive(Debug)]
pub(crate) struct PollLimitReached;

/// Maximum number of polls of all sources together within one poll of a task.
const MAX_SOURCE_POLLS: usize = 1_000;

/// The part of a source that is polled. Its owner turns the items into tokens, streams or futures.
pub(super) struct ScriptRunner {
    pub(super) handle: SourceHandle,
}

impl ScriptRunner {
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<ScriptItem>> {
        if self.handle.counters().polls.fetch_add(1, Ordering::Relaxed) >= MAX_SOURCE_POLLS {
            resume_unwind(Box::new(PollLimitReached));
        }
        // Wakers run user code, so the clone and the drop of the previous waker happen outside of
        // the lock.
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
            Action::Panic => resume_unwind(Box::new("scripted panic")),
        }
    }
}

impl Drop for ScriptRunner {
    fn drop(&mut self) {
        self.handle.set_dropped();
    }
}
