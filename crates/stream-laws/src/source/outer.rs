use alloc::sync::Arc;
use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

use super::{cue::Cue, stage::Stage, state::Kind};

/// A scripted source of [`Source`]s or of [`Work`]: each of its items follows a script of its own.
#[must_use = "streams do nothing unless polled"]
pub struct Outer<T> {
    cue: Cue,
    stage: Arc<Stage>,
    make: fn(&Stage) -> T,
}

impl<T> Outer<T> {
    pub(crate) fn new(stage: &Arc<Stage>, make: fn(&Stage) -> T) -> Self {
        let cue = Cue::new(stage.next_control(Kind::Inner));
        Self { cue, stage: Arc::clone(stage), make }
    }
}

impl<T> fmt::Debug for Outer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outer").field("control", &self.cue.control).finish_non_exhaustive()
    }
}

impl<T> Stream for Outer<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.cue.poll(cx).map(|given| given.map(|_| (self.make)(&self.stage)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.cue.size_hint()
    }
}
