//! What the toy adapters are made of.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::task::Wake;
use core::ops::Deref;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_core::Stream;
use stream_laws::{Source, Token};

/// An adapter of a state, a source and a function that polls it.
pub(crate) struct OnPoll<T, F> {
    state: T,
    source: Source,
    poll: F,
}

/// Makes the function that makes the adapter.
pub(crate) fn on_poll<T, I, F>(poll: F) -> impl Fn(Source) -> OnPoll<T, F>
where
    T: Default,
    F: Fn(&mut T, &mut Source, &mut Context<'_>) -> Poll<Option<I>> + Clone,
{
    move |source| OnPoll { state: T::default(), source, poll: poll.clone() }
}

impl<T, F> Unpin for OnPoll<T, F> {}

impl<T, I, F> Stream for OnPoll<T, F>
where
    F: Fn(&mut T, &mut Source, &mut Context<'_>) -> Poll<Option<I>>,
{
    type Item = I;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I>> {
        let Self { state, source, poll } = &mut *self;
        poll(state, source, cx)
    }
}

/// Says how many items its source has, whatever it does with them.
pub(crate) struct SourceHint<T, F>(pub(crate) OnPoll<T, F>);

impl<T, F> Stream for SourceHint<T, F>
where
    OnPoll<T, F>: Stream,
{
    type Item = <OnPoll<T, F> as Stream>::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.source.size_hint()
    }
}

/// Adds one to its source's upper bound, come what may.
pub(crate) struct OneMore<T, F>(pub(crate) OnPoll<T, F>);

impl<T, F> Stream for OneMore<T, F>
where
    OnPoll<T, F>: Stream,
{
    type Item = <OnPoll<T, F> as Stream>::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let upper = self.0.source.size_hint().1;
        (0, upper.map(|upper| upper.checked_add(1).expect("no overflow")))
    }
}

/// Always gives the same bounds.
pub(crate) struct Bounds<T, F>(pub(crate) OnPoll<T, F>, pub(crate) (usize, Option<usize>));

impl<T, F> Stream for Bounds<T, F>
where
    OnPoll<T, F>: Stream,
{
    type Item = <OnPoll<T, F> as Stream>::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.1
    }
}

/// A waker of the adapter's own, which passes wakes on to the task that listened last.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<Ends>);

#[derive(Default)]
struct Ends {
    task: Mutex<Option<Waker>>,
    woken: AtomicBool,
}

impl Wake for Ends {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Relaxed);
        let task = lock(&self.task).clone();
        task.into_iter().for_each(Waker::wake);
    }
}

impl Wire {
    pub(crate) fn listen(&self, cx: &Context<'_>) {
        *lock(&self.0.task) = Some(cx.waker().clone());
    }

    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }

    pub(crate) fn take_wake(&self) -> bool {
        self.0.woken.swap(false, Ordering::Relaxed)
    }
}

/// A wire that is cut when it is dropped.
#[derive(Default)]
pub(crate) struct Relay(Wire);

impl Deref for Relay {
    type Target = Wire;

    fn deref(&self) -> &Wire {
        &self.0
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        *lock(&self.0.0.task) = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When a reader passes a wake on to the next one that waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandOver {
    Always,
    UnlessDropped,
}

/// What happens to a reader when another one has panicked with the source in hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    Forgiving,
    Strict,
}

/// A reader of a source that others read as well, each item going to one of them.
pub(crate) struct Shared {
    id: usize,
    common: Arc<Common>,
}

struct Common {
    source: Mutex<Option<Source>>,
    queue: Arc<Queue>,
    hand_over: HandOver,
    lock: Lock,
}

/// Who waits. As a waker it wakes the first of them.
#[derive(Default)]
struct Queue(Mutex<VecDeque<(usize, Waker)>>);

impl Wake for Queue {
    fn wake(self: Arc<Self>) {
        let first = lock(&self.0).pop_front();
        first.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

impl Queue {
    fn enter(&self, id: usize, waker: Waker) {
        let mut queue = lock(&self.0);
        match queue.iter_mut().find(|(other, _)| *other == id) {
            Some(known) => known.1 = waker,
            None => queue.push_back((id, waker)),
        }
    }

    fn leave(&self, id: usize) {
        lock(&self.0).retain(|(other, _)| *other != id);
    }
}

impl Shared {
    pub(crate) fn pair(source: Source, hand_over: HandOver, lock: Lock) -> [Self; 2] {
        let source = Mutex::new(Some(source));
        let common = Arc::new(Common { source, queue: Arc::default(), hand_over, lock });
        [0, 1].map(|id| Self { id, common: Arc::clone(&common) })
    }
}

impl Stream for Shared {
    type Item = Token;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Token>> {
        let Common { source, queue, lock: strictness, .. } = &*self.common;
        let mut source = match strictness {
            Lock::Forgiving => lock(source),
            Lock::Strict => source.lock().expect("nobody has panicked"),
        };
        queue.enter(self.id, cx.waker().clone());
        let waker = Waker::from(Arc::clone(queue));
        let poll = source.as_mut().map_or(Poll::Ready(None), |source| {
            Pin::new(source).poll_next(&mut Context::from_waker(&waker))
        });
        if let Poll::Ready(item) = &poll {
            if item.is_none() {
                *source = None;
            }
            queue.leave(self.id);
            waker.wake();
        }
        poll
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.common.queue.leave(self.id);
        if self.common.hand_over == HandOver::Always {
            Arc::clone(&self.common.queue).wake();
        }
    }
}
