//! Building blocks of the adapters under test.

use alloc::{sync::Arc, task::Wake};
use core::{
    ops::Deref,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll, Waker},
};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_core::Stream;
use stream_laws::Source;

/// An adapter of a state, a source and a function that polls it.
pub(crate) struct PollAdapter<T, F> {
    state: T,
    source: Source,
    poll: F,
}

/// Returns a function that creates a [`PollAdapter`].
pub(crate) fn poll_adapter<T, I, F>(poll: F) -> impl Fn(Source) -> PollAdapter<T, F>
where
    T: Default,
    F: Fn(&mut T, &mut Source, &mut Context<'_>) -> Poll<Option<I>> + Clone,
{
    move |source| PollAdapter { state: T::default(), source, poll: poll.clone() }
}

impl<T, F> Unpin for PollAdapter<T, F> {}

impl<T, I, F> Stream for PollAdapter<T, F>
where
    F: Fn(&mut T, &mut Source, &mut Context<'_>) -> Poll<Option<I>>,
{
    type Item = I;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I>> {
        let Self { state, source, poll } = &mut *self;
        poll(state, source, cx)
    }
}

/// Returns the `size_hint` of its source, even if it drops items.
pub(crate) struct InnerHint<T, F>(pub(crate) PollAdapter<T, F>);

impl<T, F> Stream for InnerHint<T, F>
where
    PollAdapter<T, F>: Stream,
{
    type Item = <PollAdapter<T, F> as Stream>::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.source.size_hint()
    }
}

/// Adds one to the upper bound of its source, and panics on overflow.
pub(crate) struct PlusOneHint<T, F>(pub(crate) PollAdapter<T, F>);

impl<T, F> Stream for PlusOneHint<T, F>
where
    PollAdapter<T, F>: Stream,
{
    type Item = <PollAdapter<T, F> as Stream>::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let upper = self.0.source.size_hint().1;
        (0, upper.map(|upper| upper.checked_add(1).expect("no overflow")))
    }
}

/// Returns constant bounds.
pub(crate) struct FixedHint<T, F>(pub(crate) PollAdapter<T, F>, pub(crate) (usize, Option<usize>));

impl<T, F> Stream for FixedHint<T, F>
where
    PollAdapter<T, F>: Stream,
{
    type Item = <PollAdapter<T, F> as Stream>::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.1
    }
}

/// A waker that forwards each wake to the waker that was registered last.
#[derive(Clone, Default)]
pub(crate) struct ForwardWaker(Arc<ForwardState>);

#[derive(Default)]
struct ForwardState {
    task: Mutex<Option<Waker>>,
    woken: AtomicBool,
}

impl Wake for ForwardState {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Relaxed);
        let task = lock(&self.task).clone();
        task.into_iter().for_each(Waker::wake);
    }
}

impl ForwardWaker {
    pub(crate) fn register(&self, cx: &Context<'_>) {
        *lock(&self.0.task) = Some(cx.waker().clone());
    }

    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }

    pub(crate) fn take_wake(&self) -> bool {
        self.0.woken.swap(false, Ordering::Relaxed)
    }
}

/// A [`ForwardWaker`] that deregisters the task on drop.
#[derive(Default)]
pub(crate) struct ScopedForwardWaker(ForwardWaker);

impl Deref for ScopedForwardWaker {
    type Target = ForwardWaker;

    fn deref(&self) -> &ForwardWaker {
        &self.0
    }
}

impl Drop for ScopedForwardWaker {
    fn drop(&mut self) {
        *lock(&self.0.0.task) = None;
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
