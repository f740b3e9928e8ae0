use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::scope;

/// Has every blocking iterator that would wait inside this future panic at once.
///
/// For what an executor runs on its own threads: the body of `main`, a task, all of a server. There a
/// wait of this crate stands in the way of the executor, and if what feeds the stream lives on the
/// same thread, nothing can tell that from a slow feeder: the thread waits forever. With this
/// around, the first wait fails instead and says what works. An item that is there already is handed
/// out as ever. The closure of [`unblock_iter`](crate::unblock_iter), called here, panics before its first
/// item.
///
/// It holds for what the future does on the thread that polls it, whichever way the iterator blocks:
/// not for the threads of `spawn_blocking` and the like. [`allow_blocking`] lifts it for a part.
///
/// # Panics
///
/// The future itself never does more than what it wraps.
///
/// # Examples
///
/// ```should_panic
/// use aiter_executor_compat::{aiter_to_iter, forbid_blocking, park_thread};
/// use tokio::sync::mpsc;
///
/// let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
/// runtime.block_on(forbid_blocking(async {
///     let (sender, mut receiver) = mpsc::unbounded_channel();
///     tokio::spawn(async move { sender.send(1) });
///     let stream = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
///     // The task cannot run before this thread is given back: this would hang.
///     let items: Vec<u32> = aiter_to_iter(stream, park_thread).collect();
///     assert_eq!(items, [1]);
/// }));
/// ```
pub fn forbid_blocking<F: IntoFuture>(future: F) -> ForbidBlocking<F::IntoFuture> {
    ForbidBlocking { future: future.into_future() }
}

/// Runs `f` as if no [`forbid_blocking`] were around it, for code that has made sure that its thread
/// may block: inside `tokio::task::block_in_place`, say.
///
/// On such a thread a stream that wakes itself in every poll is at work, however long it takes. So the
/// waits in `f` are not [judged](crate::BlockOn#panics) by how often it has done so; what is known for
/// certain to be in vain still panics. Where the thread must not block after all, a stream whose
/// budget is used up may keep it busy for ever.
///
/// # Panics
///
/// Where `f` does.
///
/// # Examples
///
/// ```
/// use std::thread;
///
/// use aiter_executor_compat::{BlockOn, aiter_to_iter, allow_blocking, forbid_blocking, park_thread};
/// use futures_channel::mpsc;
///
/// let sum = BlockOn::new().block_on(forbid_blocking(async {
///     let (sender, receiver) = mpsc::unbounded();
///     thread::spawn(move || sender.unbounded_send(5));
///     allow_blocking(|| aiter_to_iter(receiver, park_thread).sum::<i32>())
/// }));
/// assert_eq!(sum, 5);
/// ```
pub fn allow_blocking<T>(f: impl FnOnce() -> T) -> T {
    scope::allowing(f)
}

pin_project! {
    /// A future in which blocking iterators do not wait; made by [`forbid_blocking`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ForbidBlocking<F> {
        #[pin]
        future: F,
    }
}

impl<F> fmt::Debug for ForbidBlocking<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForbidBlocking").finish_non_exhaustive()
    }
}

impl<F: Future> Future for ForbidBlocking<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let future = self.project().future;
        scope::forbidding(|| future.poll(cx))
    }
}
