//! Wakers that count, and wakers that run a closure.

use alloc::{sync::Arc, task::Wake};
use core::{
    mem::ManuallyDrop,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, RawWaker, RawWakerVTable, Waker},
};
use futures_core::Stream;

/// Polls once with `waker`.
pub(crate) fn poll<S: Stream + Unpin>(stream: &mut S, waker: &Waker) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(waker))
}

/// Polls once with a no-op waker.
pub(crate) fn next<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    poll(stream, Waker::noop())
}

/// A waker that counts its calls.
pub(crate) struct Counting {
    count: Arc<Count>,
    waker: Waker,
}

#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn wakes(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Counting {
    pub(crate) fn new() -> Self {
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        Self { count, waker }
    }

    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    pub(crate) fn wakes(&self) -> usize {
        self.count.wakes()
    }

    pub(crate) fn count(&self) -> &Arc<Count> {
        &self.count
    }

    /// Returns the number of clones of the waker that the tested code holds.
    pub(crate) fn held(&self) -> usize {
        Arc::strong_count(&self.count) - 2
    }

    pub(crate) fn poll<S: Stream + Unpin>(&self, stream: &mut S) -> Poll<Option<S::Item>> {
        poll(stream, &self.waker)
    }
}

struct Hook<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Hook<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        (self.0)();
    }
}

/// A waker that calls `f` inside `wake`.
pub(crate) fn on_wake<F: Fn() + Send + Sync + 'static>(f: F) -> Waker {
    Waker::from(Arc::new(Hook(f)))
}

/// Closures that the functions of a waker run. `wake` also runs for `wake_by_ref`.
pub(crate) struct Hooks {
    pub(crate) clone: Box<dyn Fn() + Send + Sync>,
    pub(crate) wake: Box<dyn Fn() + Send + Sync>,
    pub(crate) drop: Box<dyn Fn() + Send + Sync>,
}

impl Default for Hooks {
    fn default() -> Self {
        Self { clone: Box::new(|| ()), wake: Box::new(|| ()), drop: Box::new(|| ()) }
    }
}

impl Hooks {
    const VTABLE: &RawWakerVTable = &RawWakerVTable::new(
        |data| {
            // SAFETY: the pointer comes from `Arc::into_raw`, here or in `waker`. `ManuallyDrop`
            // leaves the caller's count untouched.
            let hooks = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<Self>()) });
            (hooks.clone)();
            RawWaker::new(Arc::into_raw(Arc::clone(&hooks)).cast(), Self::VTABLE)
        },
        |data| {
            // SAFETY: the pointer comes from `Arc::into_raw`, and `wake` takes over its count.
            let hooks = unsafe { Arc::from_raw(data.cast::<Self>()) };
            (hooks.wake)();
            (hooks.drop)();
        },
        |data| {
            // SAFETY: the pointer comes from `Arc::into_raw`, and the caller holds a count.
            (unsafe { &*data.cast::<Self>() }.wake)();
        },
        |data| {
            // SAFETY: the pointer comes from `Arc::into_raw`, and `drop` takes over its count.
            let hooks = unsafe { Arc::from_raw(data.cast::<Self>()) };
            (hooks.drop)();
        },
    );

    pub(crate) fn waker(self) -> Waker {
        // SAFETY: the functions of the table keep the count of the `Arc`. The hooks are `Send` and
        // `Sync`, so all functions may run on any thread.
        unsafe { Waker::new(Arc::into_raw(Arc::new(self)).cast(), Self::VTABLE) }
    }
}
