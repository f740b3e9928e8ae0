use core::fmt;
use core::num::NonZeroUsize;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::{FusedStream, Stream};

use crate::window::window;

/// Makes a stream of an iterator.
///
/// The stream is lazy: one `next` of the iterator for each item that is asked for. It is always
/// ready, so a consumer that never waits for anything else keeps its executor's thread until the
/// iterator ends; [`IterToAiter::yield_every`] bounds such runs.
///
/// The iterator runs inside the poll: one that blocks (that reads a file, say) blocks the
/// executor's thread for as long.
///
/// # Examples
///
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

/// The stream of an iterator's items; made by [`iter_to_aiter`].
///
/// `size_hint` is the iterator's own. After the iterator's first `None` the stream stays at its
/// end and does not ask the iterator again, be it fused or not.
///
/// # Cancel safety
///
/// An item is taken from the iterator in the very poll that hands it out, so dropping a future
/// that waits for the next item loses none.
#[doc(alias = "iter_to_aiter")]
#[must_use = "streams do nothing unless polled"]
#[derive(Clone)]
pub struct IterToAiter<I> {
    iter: I,
    /// The iterator has said `None`.
    ended: bool,
    /// `None`: no run is ever interrupted.
    run: Option<Run>,
}

/// Where the stream stands between two yields.
#[derive(Clone, Copy)]
struct Run {
    every: NonZeroUsize,
    /// Items to hand out before the next yield.
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
    /// Lets the executor run something else after every `n` items.
    ///
    /// The poll that follows the `n`th item wakes its own task and answers `Pending`; the next
    /// run of `n` begins with the poll after that. Calling it again begins a new run with the new
    /// `n`. Without it the stream never answers `Pending`.
    ///
    /// # Panics
    ///
    /// Panics if `n` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use aiter_adapters::iter_to_aiter;
    /// use futures_util::{FutureExt, StreamExt};
    ///
    /// let mut numbers = iter_to_aiter(0..).yield_every(1);
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(0)));
    /// assert_eq!(numbers.next().now_or_never(), None); // others may run now
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(1)));
    /// ```
    #[track_caller]
    pub fn yield_every(mut self, n: usize) -> Self {
        self.run = Some(Run { every: window(n, "n"), left: n });
        self
    }

    /// The iterator, with the items not yet handed out.
    pub fn get_ref(&self) -> &I {
        &self.iter
    }

    /// The iterator, to change it in place.
    ///
    /// A stream that has ended stays at its end, whatever is done to the iterator.
    pub fn get_mut(&mut self) -> &mut I {
        &mut self.iter
    }

    /// Gives the iterator back, with the items not yet handed out.
    ///
    /// # Examples
    ///
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

// The iterator is only ever used through `&mut`, it is never pinned.
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
    use alloc::format;
    use alloc::rc::Rc;
    use alloc::sync::Arc;
    use alloc::task::Wake;
    use alloc::vec::Vec;
    use core::cell::Cell;
    use core::iter;
    use core::panic::AssertUnwindSafe;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use core::task::Waker;
    use std::panic::catch_unwind;

    use super::*;

    #[derive(Default)]
    struct CountingWaker(AtomicUsize);

    impl Wake for CountingWaker {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A task of one stream: polls by hand and counts the wakes.
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
    fn hands_out_all_items_in_order_without_a_wake() {
        let mut task = Task::new(iter_to_aiter([1, 2, 3]));
        for n in 1..=3 {
            assert_eq!(task.poll(), Poll::Ready(Some(n)));
        }
        assert_eq!(task.poll(), Poll::Ready(None));
        assert_eq!(task.wakes(), 0);
    }

    #[test]
    fn never_asks_the_iterator_after_its_end() {
        let calls = Cell::new(0);
        // Not fused: None at the second call, then items again.
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
    fn yields_after_every_n_items() {
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
                        assert_eq!(task.wakes(), items / n, "each yield wakes its own task once");
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
    fn a_yield_wakes_the_latest_waker() {
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
    fn yield_every_can_be_changed_midway() {
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
    fn an_empty_iterator_ends_at_once() {
        let mut task = Task::new(iter_to_aiter(iter::empty::<u8>()).yield_every(1));
        assert_eq!(task.poll(), Poll::Ready(None));
        assert_eq!(task.wakes(), 0);
    }

    #[test]
    fn the_iterator_can_be_seen_changed_and_taken_back() {
        let mut task = Task::new(iter_to_aiter(0..10));
        assert_eq!(task.poll(), Poll::Ready(Some(0)));
        assert_eq!(task.stream.get_ref(), &(1..10));
        task.stream.get_mut().start = 8;
        assert_eq!(task.poll(), Poll::Ready(Some(8)));
        assert_eq!(task.stream.into_inner(), 9..10);
    }

    #[test]
    fn frees_every_item_once_when_dropped_at_any_step() {
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
    fn a_panic_in_the_iterator_leaves_the_rest_usable() {
        let mut task = Task::new(iter_to_aiter((0..3).inspect(|n| assert_ne!(*n, 1))));
        assert_eq!(task.poll(), Poll::Ready(Some(0)));
        assert!(catch_unwind(AssertUnwindSafe(|| task.poll())).is_err());
        assert_eq!(task.poll(), Poll::Ready(Some(2)));
        assert_eq!(task.poll(), Poll::Ready(None));
    }

    #[test]
    fn debug_shows_the_state_and_no_items() {
        let mut task = Task::new(iter_to_aiter(["secret"]));
        let text = format!("{:?}", task.stream);
        assert_eq!(text, "IterToAiter { ended: false, yield_every: None, .. }");
        assert_eq!(task.poll(), Poll::Ready(Some("secret")));
        assert_eq!(task.poll(), Poll::Ready(None));
        let text = format!("{:?}", task.stream.yield_every(7));
        assert_eq!(text, "IterToAiter { ended: true, yield_every: Some(7), .. }");
    }

    #[test]
    fn auto_traits_follow_the_iterator() {
        fn check<T: Send + Sync + Unpin + Clone>() {}
        fn check_unpin<T: Unpin>() {}
        check::<IterToAiter<core::ops::Range<u8>>>();
        check_unpin::<IterToAiter<core::marker::PhantomPinned>>();
        check_unpin::<IterToAiter<Rc<u8>>>();
    }
}
