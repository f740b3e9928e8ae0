use core::{
    fmt,
    future::Future,
    mem::ManuallyDrop,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

#[cfg(feature = "std")]
use crate::catch_panics::CatchPanics;
use crate::{budget::Budget, finished::Finished, pool::Pool, progress::Progress, unwind};

pin_project_lite::pin_project! {
    /// A call of the function.
    struct Call<Fut> {
        number: usize,
        #[pin]
        future: Fut,
    }
}

pin_project_lite::pin_project! {
    /// The results of an async function over a stream, several calls at a time in one task; made by
    /// [`map_par`](crate::AiterExt::map_par).
    ///
    /// At most `n` futures run, and at most `2 * n` calls of the function are not yet done with: the
    /// result in the consumer's hands counts until the consumer asks for the next. Results come as
    /// they are done, or in the source's order if [`ordered`](Self::ordered).
    ///
    /// Everything runs in the consumer's task, so function and futures may borrow, and no spawner is
    /// needed. It also means that they stand still while the consumer does something else:
    /// [`for_each_progress`](crate::AiterExt::for_each_progress) lets them go on, and
    /// [`map_par_with`](crate::AiterExt::map_par_with) runs them as tasks.
    ///
    /// Only futures that were woken are polled. In the long run nothing is allocated for an item: a
    /// future moves into the place of one that has finished. The source is dropped at its end, the
    /// futures when they finish, or with the stream.
    ///
    /// # Panics
    /// Panics where the source, the function or a future does, in the poll in which it happens, and so
    /// perhaps before results of earlier items. A source or a future that panicked is dropped. The
    /// next poll goes on, and all other results come. `catch_panics` makes errors of the panics.
    ///
    /// # Cancel safety
    /// Dropping a future over this stream (such as `next()`) loses nothing.
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "map_aiter")]
    #[doc(alias = "parallel_map_aiter")]
    #[doc(alias = "buffer_unordered")]
    pub struct MapPar<S, F, Fut: Future> {
        // Dropped at its end.
        #[pin]
        source: Option<S>,
        f: F,
        n: NonZeroUsize,
        running: Pool<Call<Fut>>,
        finished: Finished<Fut::Output>,
        // The number of the next call.
        next: usize,
        // Results in the consumer's hands: 0 or 1.
        in_hand: usize,
        // The end was handed out.
        ended: bool,
    }
}

impl<S, F, Fut: Future> fmt::Debug for MapPar<S, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapPar")
            .field("n", &self.n)
            .field("running", &self.running.len())
            .field("finished", &self.finished.len())
            .field("ordered", &self.finished.is_ordered())
            .field("source_ended", &self.source.is_none())
            .finish_non_exhaustive()
    }
}

impl<S, F, Fut> MapPar<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    pub(crate) fn new(source: S, n: NonZeroUsize, f: F) -> Self {
        let (running, finished) = (Pool::new(), Finished::as_they_come());
        let source = Some(source);
        Self { source, f, n, running, finished, next: 0, in_hand: 0, ended: false }
    }

    /// Hands results out in the source's order.
    ///
    /// A slow future holds back those behind it; they wait here and count as not yet done with.
    ///
    /// To be called before the first poll: later it does nothing.
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
        if self.next == 0 {
            self.finished = Finished::as_they_began(0);
        }
        self
    }

    /// Makes each panic an item of its own, an error, when it happens.
    ///
    /// This needs the feature `std`, and a program whose panics unwind.
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

    /// The source, unless it has ended.
    pub fn get_ref(&self) -> Option<&S> {
        self.source.as_ref()
    }

    /// The number of futures that run.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// The number of results that wait to be taken.
    pub fn finished(&self) -> usize {
        self.finished.len()
    }

    /// True if another call may begin.
    #[inline]
    fn has_room(&self) -> bool {
        let (n, running) = (self.n.get(), self.running.len());
        let begun = running + self.finished.len() + self.in_hand;
        // Half of it: it must not overflow.
        running < n && begun / 2 < n
    }

    /// True if there is something to poll.
    fn has_work(&self) -> bool {
        self.running.has_next() || self.running.is_source_woken() && self.has_room()
    }

    /// Begins calls and polls futures until there is nothing to do but wait, or for long enough.
    fn advance(mut self: Pin<&mut Self>) {
        let mut budget = Budget::new();
        self.as_mut().project().running.collect();
        while budget.take() {
            // Beginning a call and polling a woken one take turns, so an endless source stops neither.
            if (!self.running.has_next() || budget.is_even())
                && self.running.is_source_woken()
                && self.has_room()
            {
                let Some(call) = self.as_mut().begin() else { continue };
                // In the same step: as much as a call that was woken gets.
                let this = self.as_mut().project();
                let _ = this.running.poll_aside(call, Self::polling(this.finished));
            } else {
                let Some(member) = self.running.first_in_line() else { break };
                let this = self.as_mut().project();
                match this.running.poll(member, Self::polling(this.finished)) {
                    Poll::Ready(()) => this.running.remove(member),
                    Poll::Pending => this.running.rest(member),
                }
            }
        }
    }

    /// Asks the source for an item, and makes a call of it.
    #[inline]
    fn begin(self: Pin<&mut Self>) -> Option<Call<Fut>> {
        let mut this = self.project();
        let polled = unwind::with(this.source.as_mut(), |source| {
            this.running.poll_source(|cx| source.poll_next(cx))
        });
        match polled.unwrap_or(Poll::Ready(None)) {
            Poll::Ready(Some(item)) => {
                // A call that panics takes no number.
                let future = (this.f)(item);
                let call = Call { number: *this.next, future };
                *this.next = this.next.wrapping_add(1);
                return Some(call);
            }
            Poll::Ready(None) => {
                this.running.end_source();
                this.source.set(None);
            }
            Poll::Pending => {}
        }
        None
    }

    /// Polls a call, and puts its result to those that have finished.
    #[inline]
    fn polling(
        finished: &mut Finished<Fut::Output>,
    ) -> impl FnOnce(Pin<&mut Call<Fut>>, &mut Context<'_>) -> Poll<()> {
        /// Notes that a future panicked.
        struct Lost<'a, T>(&'a mut Finished<T>, usize);
        impl<T> Drop for Lost<'_, T> {
            fn drop(&mut self) {
                self.0.put(self.1, None);
            }
        }
        |call, cx| {
            let call = call.project();
            let lost = Lost(finished, *call.number);
            let polled = call.future.poll(cx);
            let Lost(finished, number) = &mut *ManuallyDrop::new(lost);
            polled.map(|result| finished.put(*number, Some(result)))
        }
    }

    /// Sees to it that the task is woken when there is something to poll, or wakes it at once.
    fn sleep(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        if !self.has_work() {
            self.as_mut().project().running.arm(cx.waker());
        }
        if self.has_work() {
            cx.waker().wake_by_ref();
        }
    }
}

impl<S, F, Fut> Progress for MapPar<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.as_mut().advance();
        let waits_for_source = self.source.is_some() && self.has_room();
        if self.running.len() == 0 && !waits_for_source {
            return Poll::Ready(());
        }
        self.sleep(cx);
        Poll::Pending
    }
}

impl<S, F, Fut> FusedStream for MapPar<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S, F, Fut> Stream for MapPar<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    type Item = Fut::Output;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Fut::Output>> {
        *self.as_mut().project().in_hand = 0;
        self.as_mut().advance();
        let this = self.as_mut().project();
        let result = this.finished.take();
        if result.is_some() {
            *this.in_hand = 1;
            return Poll::Ready(result);
        }
        if this.source.is_none() && this.running.len() == 0 && this.finished.len() == 0 {
            *this.ended = true;
            return Poll::Ready(None);
        }
        self.sleep(cx);
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let begun = self.running.len() + self.finished.len();
        let (lower, upper) = self.source.as_ref().map_or((0, Some(0)), Stream::size_hint);
        (lower.saturating_add(begun), upper.and_then(|upper| upper.checked_add(begun)))
    }
}
