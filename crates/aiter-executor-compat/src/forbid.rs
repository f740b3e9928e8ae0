use core::{
    cell::Cell,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use std::thread_local;

use pin_project_lite::pin_project;

/// Alternatives on a thread of an executor, which end each panic message.
pub(crate) const ADVICE: &str = "\nFix on a thread of an executor: `.await` the items, or iterate \
    on a thread that may block: inside `tokio::task::spawn_blocking(move || ..)`, \
    `smol::unblock(move || ..)` or `std::thread::spawn(move || ..)`. See \"Deadlocks\" in \
    the documentation of `aiter-executor-compat`.";

thread_local! {
    /// Whether this thread runs inside a future under `forbid_blocking`. It has no destructor, so
    /// it can be read while the thread exits.
    static FORBIDDEN: Cell<bool> = const { Cell::new(false) };
}

/// Wraps a future so that a blocking iterator inside it panics instead of waiting.
///
/// Use it for code that runs on the threads of an executor: the body of `main`, a task or a server.
/// A wait there stops the executor. If the same thread feeds the stream, the wait never ends, but
/// looks like a slow stream. Inside this future the first wait panics, and the message names
/// alternatives. Ready items are returned as usual. The same holds for a
/// [blocking push](crate::PushBlocking) that finds no room. The closure of
/// [`unblock_iter`](crate::unblock_iter) panics before its first item if it is called inside this
/// future.
///
/// The guard covers every `block_on` on the thread that polls the future. It does not cover other
/// threads, such as those of `spawn_blocking`. [`allow_blocking`] is the exception.
///
/// # Panics
/// Panics if `future` panics.
///
/// # Examples
/// ```should_panic
/// use aiter_executor_compat::{aiter_to_iter, forbid_blocking, park_thread};
/// use tokio::sync::mpsc;
///
/// let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
/// runtime.block_on(forbid_blocking(async {
///     let (sender, mut receiver) = mpsc::unbounded_channel();
///     tokio::spawn(async move { sender.send(1) });
///     let stream = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
///     // The task cannot run while this thread blocks, so the wait would never end.
///     let items: Vec<u32> = aiter_to_iter(stream, park_thread).collect();
///     assert_eq!(items, [1]);
/// }));
/// ```
pub fn forbid_blocking<F: IntoFuture>(future: F) -> ForbidBlocking<F::IntoFuture> {
    ForbidBlocking { future: future.into_future() }
}

/// Calls `f` outside the guard of [`forbid_blocking`].
///
/// Use it on a thread that may block, such as in the closure of `tokio::task::block_in_place`.
///
/// # Panics
/// Panics if `f` panics.
///
/// # Examples
/// ```
/// use std::thread;
///
/// use aiter_executor_compat::{
///     BlockOn, aiter_to_iter, allow_blocking, forbid_blocking, park_thread,
/// };
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
    let _restore = RestoreOnDrop(FORBIDDEN.replace(false));
    f()
}

/// Panics inside a future under [`forbid_blocking`].
pub(crate) fn check_allowed() {
    if FORBIDDEN.get() {
        fail();
    }
}

#[cold]
fn fail() -> ! {
    panic!(
        "aiter: about to block inside a future that `forbid_blocking` guards. The wait would stop \
         the executor and every task on this thread that could end it.{ADVICE}"
    )
}

/// A guard that restores the value of `FORBIDDEN`, also if the caller unwinds.
struct RestoreOnDrop(bool);

impl Drop for RestoreOnDrop {
    fn drop(&mut self) {
        FORBIDDEN.set(self.0);
    }
}

pin_project! {
    /// A future in which a blocking iterator panics instead of waiting; returned by
    /// [`forbid_blocking`].
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
        let _restore = RestoreOnDrop(FORBIDDEN.replace(true));
        self.project().future.poll(cx)
    }
}
