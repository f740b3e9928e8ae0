use alloc::sync::Arc;
use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

use super::{factory::SourceFactory, script_runner::ScriptRunner, script_state::ScriptKind};

/// A scripted stream of [`Source`](crate::Source)s or [`ScriptedFuture`](crate::ScriptedFuture)s.
///
/// Each item follows its own script.
///
/// # Examples
/// See the example of [`Laws::of_nested`](crate::Laws::of_nested).
#[must_use = "streams do nothing unless polled"]
pub struct NestedSource<T> {
    runner: ScriptRunner,
    factory: Arc<SourceFactory>,
    make: fn(&SourceFactory) -> T,
}

impl<T> NestedSource<T> {
    pub(crate) fn new(factory: &Arc<SourceFactory>, make: fn(&SourceFactory) -> T) -> Self {
        let runner = ScriptRunner { handle: factory.next_handle(ScriptKind::Nested) };
        Self { runner, factory: Arc::clone(factory), make }
    }
}

impl<T> fmt::Debug for NestedSource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NestedSource").field("handle", &self.runner.handle).finish_non_exhaustive()
    }
}

impl<T> Stream for NestedSource<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.runner.poll(cx).map(|item| item.map(|_| (self.make)(&self.factory)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.runner.handle.size_hint()
    }
}
