//! A scripted source, and a handle that controls it and reports its state.

use alloc::{collections::VecDeque, sync::Arc};
use core::{
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use futures_core::Stream;
use std::{
    panic::catch_unwind,
    sync::{Mutex, MutexGuard, PoisonError},
};

enum Step<T> {
    Item(T),
    Panic,
    End,
}

struct State<T> {
    steps: VecDeque<Step<T>>,
    waker: Option<Waker>,
    polls: usize,
    is_over: bool,
    is_dropped: bool,
}

/// Adds steps to the script and reports the state of the source.
pub(crate) struct SourceHandle<T>(Arc<Mutex<State<T>>>);

/// A source that runs its script; pending if no step is left. A poll after its end panics.
pub(crate) struct Script<T>(Arc<Mutex<State<T>>>);

pub(crate) fn script<T>() -> (SourceHandle<T>, Script<T>) {
    let state = Arc::new(Mutex::new(State {
        steps: VecDeque::new(),
        waker: None,
        polls: 0,
        is_over: false,
        is_dropped: false,
    }));
    (SourceHandle(Arc::clone(&state)), Script(state))
}

/// A source that yields `items` and ends.
pub(crate) fn scripted<T>(items: impl IntoIterator<Item = T>) -> (SourceHandle<T>, Script<T>) {
    let (handle, script) = script();
    items.into_iter().for_each(|item| handle.send(item));
    handle.end();
    (handle, script)
}

/// Returns `true` if `f` panics.
pub(crate) fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// A stream whose drop panics, unless the thread is already unwinding.
pub(crate) struct PanicOnDrop<S>(pub(crate) S);

impl<S: Stream + Unpin> Stream for PanicOnDrop<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}

impl<S> Drop for PanicOnDrop<S> {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "scripted panic in drop");
    }
}

fn lock<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> SourceHandle<T> {
    fn add_step(&self, step: Step<T>) {
        let mut state = lock(&self.0);
        state.steps.push_back(step);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn send(&self, item: T) {
        self.add_step(Step::Item(item));
    }

    pub(crate) fn end(&self) {
        self.add_step(Step::End);
    }

    pub(crate) fn panic(&self) {
        self.add_step(Step::Panic);
    }

    /// Number of polls of the source.
    pub(crate) fn polls(&self) -> usize {
        lock(&self.0).polls
    }

    /// Number of steps that the source has not run.
    pub(crate) fn left(&self) -> usize {
        lock(&self.0).steps.len()
    }

    /// Calls the waker of the source without a new step, as a spurious wake-up.
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.take_waker() {
            waker.wake();
        }
    }

    /// Takes the waker out of the source; later steps do not call it.
    pub(crate) fn take_waker(&self) -> Option<Waker> {
        lock(&self.0).waker.take()
    }

    /// Returns `true` if the source holds a waker.
    pub(crate) fn is_waiting(&self) -> bool {
        lock(&self.0).waker.is_some()
    }

    pub(crate) fn is_dropped(&self) -> bool {
        lock(&self.0).is_dropped
    }
}

impl<T> Stream for Script<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = lock(&self.0);
        state.polls += 1;
        assert!(!state.is_over, "source must not be polled after its end");
        match state.steps.pop_front() {
            Some(Step::Item(item)) => Poll::Ready(Some(item)),
            Some(Step::Panic) => {
                state.is_over = true;
                drop(state);
                panic!("scripted panic")
            }
            Some(Step::End) => {
                state.is_over = true;
                Poll::Ready(None)
            }
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Counts the scripted items. If an end or a panic follows them, the count is exact.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let state = lock(&self.0);
        let items = state.steps.iter().take_while(|step| matches!(step, Step::Item(_))).count();
        (items, (state.is_over || items < state.steps.len()).then_some(items))
    }
}

impl<T> Drop for Script<T> {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        state.is_dropped = true;
        let waker = state.waker.take();
        drop(state);
        drop(waker);
    }
}
