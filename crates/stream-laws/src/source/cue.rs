use alloc::boxed::Box;
use core::{
    sync::atomic::Ordering,
    task::{Context, Poll},
};
use std::panic::resume_unwind;

use super::{
    control::Control,
    state::{Act, Given},
};

/// The payload of a scripted panic.
#[derive(Debug)]
pub(crate) struct ScriptedPanic;

/// The payload that ends a poll which polls its sources without end.
#[derive(Debug)]
pub(crate) struct Runaway;

/// Polls of all sources together within one poll of a task, after which that poll is ended.
const RUNAWAY: usize = 1_000;

/// The side of a script that is polled, whatever it then makes of the items.
pub(super) struct Cue {
    pub(super) control: Control,
}

impl Cue {
    pub(super) fn new(control: Control) -> Self {
        Self { control }
    }

    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Given>> {
        if self.control.meter().polls.fetch_add(1, Ordering::Relaxed) >= RUNAWAY {
            resume_unwind(Box::new(Runaway));
        }
        // Cloned before the lock, and an older one dropped after it: wakers are foreign code.
        let mut waker = Some(cx.waker().clone());
        let act = self.control.step(&mut waker);
        drop(waker);
        match act {
            Act::Give(given) => Poll::Ready(Some(given)),
            Act::Wait => Poll::Pending,
            Act::WakeSelf => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Act::End => Poll::Ready(None),
            Act::Panic => resume_unwind(Box::new(ScriptedPanic)),
        }
    }

    pub(super) fn size_hint(&self) -> (usize, Option<usize>) {
        self.control.size_hint()
    }

    /// From now on each poll is one after the end.
    pub(super) fn end(&self) {
        self.control.set_ended();
    }
}

impl Drop for Cue {
    fn drop(&mut self) {
        self.control.set_dropped();
    }
}
