use core::{
    fmt,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::util::{inherent_next, nonzero};

/// Makes a stream of an iterator.
///
/// The stream is lazy: each poll calls `next` of the iterator once. It is always ready, so a
/// consumer that awaits nothing else blocks the executor's thread until the iterator ends.
/// [`IterToAiter::yield_every`] bounds such runs.
///
/// The iterator runs inside the poll. An iterator that blocks, for example to read a file, blocks
/// the executor's thread.
///
#[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/iter_to_aiter.svg"))]
///
/// # Examples
/// ```
/// use aiter_adapters::iter_to_aiter;
/// use futures_util::StreamExt;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut numbers = iter_to_aiter(1..=3);
/// assert_eq!(numbers.next().await, Some(1));
/// assert_eq!(numbers.collect::<Vec<_>>().await, [2, 3]);
/// # }).expect("a range never waits");
/// ```
pub fn iter_to_aiter<I: IntoIterator>(iter: I) -> IterToAiter<I::IntoIter> {
    IterToAiter { iter: iter.into_iter(), ended: false, run: None }
}

/// A stream of an iterator's items; made by [`iter_to_aiter`].
///
/// `size_hint` is that of the iterator. After the first `None`, the stream stays at its end and
/// does not call the iterator again, even if the iterator is not fused.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
#[doc(alias = "iter_to_aiter")]
#[must_use = "streams do nothing unless polled"]
#[derive(Clone)]
pub struct IterToAiter<I> {
    iter: I,
    /// The iterator has returned `None`.
    ended: bool,
    /// `None` if the stream never yields.
    run: Option<Run>,
}

/// A run of items between two yields.
#[derive(Clone, Copy)]
struct Run {
    every: NonZeroUsize,
    /// Number of items to return before the next yield.
    left: usize,
}

impl<I> fmt::Debug for IterToAiter<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IterToAiter")
            .field("ended", &self.ended)
            .field("yield_every", &self.run.map(|run| run.every))
            .finish_non_exhaustive()
    }
}

impl<I> IterToAiter<I> {
    /// Yields to the executor after every `n` items.
    ///
    /// The poll after the `n`th item wakes its own task and returns `Pending`, and a new run of `n`
    /// begins. Calling this method again begins a run with the new `n`. Without it, the stream
    /// never returns `Pending`.
    ///
    /// # Panics
    /// Panics if `n` is 0.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::iter_to_aiter;
    /// use futures_util::{FutureExt, StreamExt};
    ///
    /// let mut numbers = iter_to_aiter(0..).yield_every(1);
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(0)));
    /// assert_eq!(numbers.next().now_or_never(), None); // other tasks may run now
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(1)));
    /// ```
    #[track_caller]
    pub fn yield_every(mut self, n: usize) -> Self {
        self.run = Some(Run { every: nonzero(n, "n"), left: n });
        self
    }

    /// Returns the iterator.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::iter_to_aiter;
    /// use futures_util::FutureExt;
    ///
    /// let mut letters = iter_to_aiter("abc".chars());
    /// assert_eq!(letters.next().now_or_never(), Some(Some('a')));
    /// assert_eq!(letters.get_ref().as_str(), "bc");
    /// ```
    pub fn get_ref(&self) -> &I {
        &self.iter
    }

    /// Returns the iterator mutably.
    ///
    /// A stream that has ended stays at its end, even if the iterator is changed.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::iter_to_aiter;
    /// use futures_util::FutureExt;
    ///
    /// let mut numbers = iter_to_aiter(0..10);
    /// assert_eq!(numbers.get_mut().nth(6), Some(6)); // skips items
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(7)));
    /// ```
    pub fn get_mut(&mut self) -> &mut I {
        &mut self.iter
    }

    /// Returns the iterator, with all items that were not returned.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::iter_to_aiter;
    /// use futures_util::{FutureExt, StreamExt};
    ///
    /// let mut letters = iter_to_aiter("abc".chars());
    /// assert_eq!(letters.next().now_or_never(), Some(Some('a')));
    /// assert_eq!(letters.into_inner().as_str(), "bc");
    /// ```
    pub fn into_inner(self) -> I {
        self.iter
    }
}

inherent_next!([I] IterToAiter<I>);

// The iterator is not pinned.
impl<I> Unpin for IterToAiter<I> {}

impl<I: Iterator> FusedStream for IterToAiter<I> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<I: Iterator> Stream for IterToAiter<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(run) = &mut self.run {
            if run.left == 0 {
                run.left = run.every.get();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            run.left -= 1;
        }
        let item = self.iter.next();
        self.ended = item.is_none();
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.ended { (0, Some(0)) } else { self.iter.size_hint() }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, rc::Rc, sync::Arc, task::Wake, vec::Vec};
    use core::{
        cell::Cell,
        iter,
        panic::AssertUnwindSafe,
        sync::atomic::{AtomicUsize, Ordering},
        task::Waker,
    };
    use std::panic::catch_unwind;

    use super::*;

    #[derive(Default)]
    struct CountingWaker(AtomicUsize);

    impl Wake for CountingWaker {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A task that polls one stream by hand and counts its wake-ups.
    struct Task<S> {
        stream: S,
        wakes: Arc<CountingWaker>,
    }

    impl<S: Stream + Unpin> Task<S> {
        fn new(stream: S) -> Self {
            Self { stream, wakes: Arc::default() }
        }

        fn poll(&mut self) -> Poll<Option<S::Item>> {
            let waker = Waker::from(Arc::clone(&self.wakes));
            Pin::new(&mut self.stream).poll_next(&mut Context::from_waker(&waker))
        }

        fn wakes(&self) -> usize {
            self.wakes.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn items_come_in_order_without_wake() {
        let mut task = Task::new(iter_to_aiter([1, 2, 3]));
        for n in 1..=3 {
            assert_eq!(task.poll(), Poll::Ready(Some(n)));
        }
        assert_eq!(task.poll(), Poll::Ready(None));
        assert_eq!(task.wakes(), 0);
    }

    #[test]
    fn ended_iterator_is_not_called() {
        let calls = Cell::new(0);
        // Not fused: returns `None` at the second call, then items again.
        let odd = iter::from_fn(|| {
            calls.set(calls.get() + 1);
            (calls.get() != 2).then_some(calls.get())
        });
        let mut task = Task::new(iter_to_aiter(odd));
        assert_eq!(task.poll(), Poll::Ready(Some(1)));
        assert!(!task.stream.is_terminated());
        for _ in 0..3 {
            assert_eq!(task.poll(), Poll::Ready(None));
            assert!(task.stream.is_terminated());
            assert_eq!(task.stream.size_hint(), (0, Some(0)));
        }
        assert_eq!(calls.get(), 2);
    }

    #[test]
    fn yield_every_yields_after_n_items() {
        for n in 1..=5 {
            let mut task = Task::new(iter_to_aiter(0..10).yield_every(n));
            let (mut items, mut polls) = (0, 0);
            loop {
                polls += 1;
                match task.poll() {
                    Poll::Ready(Some(item)) => {
                        assert_eq!(item, items);
                        items += 1;
                    }
                    Poll::Pending => {
                        assert_eq!(items % n, 0);
                        assert_eq!(
                            task.wakes(),
                            items / n,
                            "each yield must wake its own task once"
                        );
                    }
                    Poll::Ready(None) => break,
                }
            }
            assert_eq!(items, 10);
            assert_eq!(polls, items + task.wakes() + 1);
            assert_eq!(task.wakes(), 10 / n);
        }
    }

    #[test]
    fn yield_wakes_latest_waker() {
        let mut stream = iter_to_aiter(0..).yield_every(1);
        let (first, second) = (Arc::<CountingWaker>::default(), Arc::<CountingWaker>::default());
        for (wakes, expected) in [(&first, Poll::Ready(Some(0))), (&second, Poll::Pending)] {
            let waker = Waker::from(Arc::clone(wakes));
            let mut cx = Context::from_waker(&waker);
            assert_eq!(Pin::new(&mut stream).poll_next(&mut cx), expected);
        }
        assert_eq!(first.0.load(Ordering::Relaxed), 0);
        assert_eq!(second.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn second_yield_every_begins_new_run() {
        let mut task = Task::new(iter_to_aiter(0..).yield_every(1));
        assert_eq!(task.poll(), Poll::Ready(Some(0)));
        task.stream = task.stream.yield_every(2);
        assert_eq!(task.poll(), Poll::Ready(Some(1)));
        assert_eq!(task.poll(), Poll::Ready(Some(2)));
        assert_eq!(task.poll(), Poll::Pending);
    }

    #[test]
    fn size_hint_is_exact_at_each_step() {
        let mut task = Task::new(iter_to_aiter(0..5).yield_every(2));
        let mut left = 5;
        loop {
            assert_eq!(task.stream.size_hint(), (left, Some(left)));
            match task.poll() {
                Poll::Ready(Some(_)) => left -= 1,
                Poll::Ready(None) => break,
                Poll::Pending => {}
            }
        }
        assert_eq!(left, 0);
        assert_eq!(iter_to_aiter(iter::repeat(())).size_hint(), (usize::MAX, None));
        assert_eq!(iter_to_aiter((0..9).filter(|_| true)).size_hint(), (0, Some(9)));
    }

    #[test]
    fn empty_iterator_ends_at_once() {
        let mut task = Task::new(iter_to_aiter(iter::empty::<u8>()).yield_every(1));
        assert_eq!(task.poll(), Poll::Ready(None));
        assert_eq!(task.wakes(), 0);
    }

    #[test]
    fn iterator_is_accessible() {
        let mut task = Task::new(iter_to_aiter(0..10));
        assert_eq!(task.poll(), Poll::Ready(Some(0)));
        assert_eq!(task.stream.get_ref(), &(1..10));
        task.stream.get_mut().start = 8;
        assert_eq!(task.poll(), Poll::Ready(Some(8)));
        assert_eq!(task.stream.into_inner(), 9..10);
    }

    #[test]
    fn drop_at_any_step_frees_each_item_once() {
        for steps in 0..=5 {
            let item = Rc::new(());
            let mut task = Task::new(iter_to_aiter(iter::repeat_n(Rc::clone(&item), 4)));
            let taken: Vec<_> = (0..steps).map(|_| task.poll()).collect();
            drop(task);
            assert_eq!(Rc::strong_count(&item), 1 + steps.min(4));
            drop(taken);
            assert_eq!(Rc::strong_count(&item), 1);
        }
    }

    #[test]
    fn stream_continues_after_iterator_panics() {
        let mut task = Task::new(iter_to_aiter((0..3).inspect(|n| assert_ne!(*n, 1))));
        assert_eq!(task.poll(), Poll::Ready(Some(0)));
        assert!(catch_unwind(AssertUnwindSafe(|| task.poll())).is_err());
        assert_eq!(task.poll(), Poll::Ready(Some(2)));
        assert_eq!(task.poll(), Poll::Ready(None));
    }

    #[test]
    fn debug_shows_state_without_items() {
        let mut task = Task::new(iter_to_aiter(["secret"]));
        let text = format!("{:?}", task.stream);
        assert_eq!(text, "IterToAiter { ended: false, yield_every: None, .. }");
        assert_eq!(task.poll(), Poll::Ready(Some("secret")));
        assert_eq!(task.poll(), Poll::Ready(None));
        let text = format!("{:?}", task.stream.yield_every(7));
        assert_eq!(text, "IterToAiter { ended: true, yield_every: Some(7), .. }");
    }

    #[test]
    fn auto_traits_follow_iterator() {
        fn check<T: Send + Sync + Unpin + Clone>() {}
        fn check_unpin<T: Unpin>() {}
        check::<IterToAiter<core::ops::Range<u8>>>();
        check_unpin::<IterToAiter<core::marker::PhantomPinned>>();
        check_unpin::<IterToAiter<Rc<u8>>>();
    }
}
