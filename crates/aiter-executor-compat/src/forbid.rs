use core::{
    cell::Cell,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use std::thread_local;

use pin_project_lite::pin_project;

/// What works on an executor's thread; the end of a panic's message.
pub(crate) const ADVICE: &str = "\nWhat works on an executor's thread: `.await` the items, or \
    iterate on a thread that may block: inside `tokio::task::spawn_blocking(move || ..)`, \
    `smol::unblock(move || ..)` or `std::thread::spawn(move || ..)`. See \"Where it hangs, and \
    what to do\" in the documentation of `aiter-executor-compat`.";

thread_local! {
    /// Whether `forbid_blocking` guards what this thread is running. Has no destructor, so it can
    /// be read as long as the thread runs.
    static FORBIDDEN: Cell<bool> = const { Cell::new(false) };
}

/// Makes every blocking iterator that would wait inside `future` panic at once.
///
/// For what an executor runs on its own threads: the body of `main`, a task, a whole server. A wait
/// there stops the executor. If the stream is fed from the same thread, the wait never ends, and
/// nothing distinguishes it from a slow one. Inside this future the first wait panics instead, and
/// the message says what works. An item that is ready is handed out as ever. The closure of
/// [`unblock_iter`](crate::unblock_iter) panics before its first item if it is called here.
///
/// It holds for the thread that polls the future, however the iterator blocks. It does not hold for
/// the threads of `spawn_blocking` and the like. [`allow_blocking`] makes an exception.
///
/// # Panics
///
/// Panics if `future` does.
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

/// Runs `f` as if no [`forbid_blocking`] were around it.
///
/// For code that has made sure that its thread may block, such as the closure of
/// `tokio::task::block_in_place`.
///
/// # Panics
///
/// Panics if `f` does.
///
/// # Examples
///
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
        "aiter: about to block inside a future that `forbid_blocking` guards: the executor's \
         thread would stand still, and with it whatever feeds the stream from there.{ADVICE}"
    )
}

/// Restores the value of `FORBIDDEN`, also on unwind.
struct RestoreOnDrop(bool);

impl Drop for RestoreOnDrop {
    fn drop(&mut self) {
        FORBIDDEN.set(self.0);
    }
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
        let _restore = RestoreOnDrop(FORBIDDEN.replace(true));
        self.project().future.poll(cx)
    }
}
