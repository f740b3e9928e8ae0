use core::{
    fmt,
    future::Future,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

#[cfg(feature = "std")]
use crate::catch_panics::CatchPanics;
use crate::{
    map::jobs::Jobs,
    progress::Progress,
    util::{Budget, add_to_hint, clear_on_panic, inherent_next, source_hint},
};

pin_project_lite::pin_project! {
    /// A stream that maps items by an async function, several calls at a time in one task; made by
    /// [`map_par`](crate::AiterExt::map_par).
    ///
    /// Results come as they finish, or in the source's order with [`ordered`](Self::ordered). At
    /// most `n` futures run at once, and at most `2 * n` results are unfinished or unread,
    /// including the one the consumer holds.
    ///
    /// All futures run in the consumer's task, so they may borrow and need no spawner. They stall
    /// while the consumer awaits something else.
    /// [`for_each_progress`](crate::AiterExt::for_each_progress) keeps them running, and
    /// [`map_par_with`](crate::AiterExt::map_par_with) runs them in tasks of their own.
    ///
    /// Only futures that were woken are polled. In the long run nothing is allocated for an item,
    /// because a future reuses the memory of one that has finished. The source is dropped when it
    /// ends, and a future when it finishes.
    ///
    /// # Panics
    /// Panics if the source, the function or a future does, in the same poll, possibly before
    /// results of earlier items. A source or a future that panicked is dropped. The next poll
    /// continues, and all other results come. `catch_panics` turns the panics into errors.
    ///
    /// # Cancel safety
    /// Cancel safe. If a future over this stream (such as `next()`) is dropped, no result is lost.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, Stream, StreamExt, future, stream};
    ///
    /// // The second download never finishes.
    /// let download = |n: u32| match n {
    ///     2 => future::pending().left_future(),
    ///     n => future::ready(10 * n).right_future(),
    /// };
    /// let mut files = stream::iter(1..=9).map_par(3, download);
    /// assert_eq!(files.next().now_or_never(), Some(Some(10)));
    /// assert_eq!((files.running(), files.finished()), (1, 4));
    /// assert!(files.get_ref().is_some_and(|source| source.size_hint().0 == 3));
    /// ```
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "map_aiter")]
    #[doc(alias = "parallel_map_aiter")]
    #[doc(alias = "buffer_unordered")]
    pub struct MapPar<S, F, Fut: Future> {
        // Dropped when it ends.
        #[pin]
        source: Option<S>,
        f: F,
        n: NonZeroUsize,
        jobs: Jobs<Fut>,
        // Number of results that the consumer holds: 0 or 1.
        in_hand: usize,
        // `None` was returned.
        ended: bool,
    }
}

impl<S, F, Fut: Future> fmt::Debug for MapPar<S, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapPar")
            .field("n", &self.n)
            .field("running", &self.jobs.running.len())
            .field("finished", &self.jobs.finished.len())
            .field("ordered", &self.jobs.finished.is_ordered())
            .field("source_ended", &self.source.is_none())
            .finish_non_exhaustive()
    }
}

impl<S: Stream, F: FnMut(S::Item) -> Fut, Fut: Future> MapPar<S, F, Fut> {
    pub(crate) fn new(source: S, n: NonZeroUsize, f: F) -> Self {
        Self { source: Some(source), f, n, jobs: Jobs::new(), in_hand: 0, ended: false }
    }

    /// Returns results in the source's order.
    ///
    /// A slow future holds back the results of later items, which stay unread.
    ///
    /// Has no effect after the first poll.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/map_par_ordered.svg"))]
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # smol::block_on(async {
    /// let waits = |turns| async move {
    ///     for _ in 0..turns {
    ///         smol::future::yield_now().await;
    ///     }
    ///     turns
    /// };
    /// let turns = || stream::iter([3, 2, 1]);
    /// assert_eq!(turns().map_par(3, waits).collect::<Vec<_>>().await, [1, 2, 3]);
    /// assert_eq!(turns().map_par(3, waits).ordered().collect::<Vec<_>>().await, [3, 2, 1]);
    /// # });
    /// ```
    pub fn ordered(mut self) -> Self {
        self.jobs.set_ordered();
        self
    }

    /// Turns each panic into an item of its own, an error, when it happens.
    ///
    /// Requires the feature `std`, and a program whose panics unwind.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/catch_panics.svg"))]
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let inverse = |n: u32| async move { 100 / n };
    /// let inverses = stream::iter([5, 0, 2]).map_par(2, inverse).catch_panics();
    /// let inverses: Vec<_> = inverses.collect().await;
    /// let panics = inverses.iter().filter_map(|inverse| inverse.as_ref().err());
    /// assert!(panics.map(|panic| panic.message()).eq([Some("attempt to divide by zero")]));
    /// assert!(inverses.iter().flatten().eq(&[20, 50]));
    /// # }).expect("nothing waits");
    /// ```
    #[cfg(feature = "std")]
    pub fn catch_panics(self) -> CatchPanics<Self> {
        CatchPanics::new(self)
    }

    /// Returns the source, unless it has ended.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_ref(&self) -> Option<&S> {
        self.source.as_ref()
    }

    /// Returns the number of running futures.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn running(&self) -> usize {
        self.jobs.running.len()
    }

    /// Returns the number of results that were not taken.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn finished(&self) -> usize {
        self.jobs.finished.len()
    }

    /// Returns `true` if another job may start.
    #[inline]
    fn has_room(&self) -> bool {
        let (n, running) = (self.n.get(), self.jobs.running.len());
        let unread = running + self.jobs.finished.len() + self.in_hand;
        // Half of it, because `2 * n` may overflow.
        running < n && unread / 2 < n
    }

    /// Returns `true` if a job or the source must be polled.
    fn has_work(&self) -> bool {
        self.jobs.running.has_queued() || self.jobs.running.is_source_woken() && self.has_room()
    }

    /// Starts and polls jobs until the stream must wait or the budget is spent.
    fn advance(mut self: Pin<&mut Self>) {
        let mut budget = Budget::new();
        self.as_mut().project().jobs.running.collect();
        while budget.take() {
            // Starting a job and polling a woken one alternate, so an endless source starves
            // neither.
            if (!self.jobs.running.has_queued() || budget.is_even())
                && self.jobs.running.is_source_woken()
                && self.has_room()
            {
                self.as_mut().start_job();
            } else if !self.as_mut().project().jobs.poll_first() {
                break;
            }
        }
    }

    /// Polls the source, and starts a job with its item.
    #[inline]
    fn start_job(self: Pin<&mut Self>) {
        let mut this = self.project();
        let polled = clear_on_panic(this.source.as_mut(), |source| {
            this.jobs.running.poll_source(|cx| source.poll_next(cx))
        });
        match polled.unwrap_or(Poll::Ready(None)) {
            // A call that panics takes no number.
            Poll::Ready(Some(item)) => this.jobs.start((this.f)(item)),
            Poll::Ready(None) => {
                this.jobs.running.end_source();
                this.source.set(None);
            }
            Poll::Pending => {}
        }
    }

    /// Registers the task, or wakes it if there is more work.
    fn wait(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        if !self.has_work() {
            self.as_mut().project().jobs.running.register(cx.waker());
        }
        if self.has_work() {
            cx.waker().wake_by_ref();
        }
    }
}

impl<S: Stream, F: FnMut(S::Item) -> Fut, Fut: Future> Progress for MapPar<S, F, Fut> {
    fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.as_mut().advance();
        let waits_for_source = self.source.is_some() && self.has_room();
        if self.jobs.running.len() == 0 && !waits_for_source {
            return Poll::Ready(());
        }
        self.wait(cx);
        Poll::Pending
    }
}

inherent_next!([S, F, Fut: Future] MapPar<S, F, Fut>);

impl<S: Stream, F: FnMut(S::Item) -> Fut, Fut: Future> FusedStream for MapPar<S, F, Fut> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Stream, F: FnMut(S::Item) -> Fut, Fut: Future> Stream for MapPar<S, F, Fut> {
    type Item = Fut::Output;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Fut::Output>> {
        *self.as_mut().project().in_hand = 0;
        self.as_mut().advance();
        let this = self.as_mut().project();
        let result = this.jobs.finished.take();
        if result.is_some() {
            *this.in_hand = 1;
            return Poll::Ready(result);
        }
        if this.source.is_none() && this.jobs.running.len() == 0 && this.jobs.finished.len() == 0 {
            *this.ended = true;
            return Poll::Ready(None);
        }
        self.wait(cx);
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let begun = self.jobs.running.len() + self.jobs.finished.len();
        add_to_hint(source_hint(&self.source), begun)
    }
}
