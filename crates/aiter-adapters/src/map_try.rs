use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};
#[cfg(feature = "std")]
use {
    crate::failure::{Failure, Panic},
    core::panic::AssertUnwindSafe,
    std::panic::catch_unwind,
};

use futures_core::{FusedStream, Stream};

use crate::{budget::Budget, error_rule::ErrorRule, on_error::OnError, source::Source};

pin_project_lite::pin_project! {
    /// The results of a function that may fail; made by [`map_try`](crate::AiterExt::map_try).
    ///
    /// Its errors are items like all others, unless [`on_error`](Self::on_error) or
    /// [`on_error_with`](Self::on_error_with) says to skip them or to stop at one. The source is
    /// dropped at its end and when the stream stops. After 128 skips in a row the executor may run
    /// something else.
    ///
    /// # Panics
    /// Where the source, the function or the rule for errors does; `catch_panics` (with the feature
    /// `std`) makes the function's panics errors. A source that panicked is dropped. After a panic of
    /// the function or the rule their item is lost, and the next poll goes on. If the source's drop
    /// panics when the stream stops at an error, the next poll hands the error out.
    ///
    /// # Cancel safety
    /// Dropping a future over this stream (such as `next()`) loses no item.
    ///
    /// # Examples
    /// Where an async function fails, its results come from elsewhere, and the function here has nothing
    /// to do:
    /// ```
    /// use aiter_adapters::{AiterExt, OnError};
    /// use futures_util::{StreamExt, stream};
    ///
    /// async fn size(page: &str) -> Result<usize, String> {
    ///     if page == "lost" { Err(format!("no page {page}")) } else { Ok(page.len()) }
    /// }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let pages = stream::iter(["one", "three", "lost", "two"]);
    /// let sizes = pages.map_par(4, size).ordered().map_try(|size| size).on_error(OnError::Stop);
    /// assert_eq!(sizes.collect::<Vec<_>>().await, [Ok(3), Ok(5), Err("no page lost".to_string())]);
    /// # }).expect("nothing waits");
    /// ```
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "map_aiter")]
    pub struct MapTry<S, F, E, R = OnError> {
        #[pin]
        source: Source<S>,
        f: F,
        rule: R,
        // The error that the stream stops at, while the source is dropped.
        last: Option<E>,
    }
}

impl<S, F, E, R> fmt::Debug for MapTry<S, F, E, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapTry")
            .field("source_ended", &self.source.is_over())
            .finish_non_exhaustive()
    }
}

impl<S, F, E> MapTry<S, F, E> {
    pub(crate) fn new(source: S, f: F) -> Self {
        Self { source: Source::new(source), f, rule: OnError::Emit, last: None }
    }

    /// Makes a panic of the function an error, [`Failure::Panicked`]; its own errors are
    /// [`Failure::Failed`] then.
    ///
    /// The function is called again after a panic, be it as the panic left it. The panic hook runs
    /// all the same, which by default writes to standard error. To be called before
    /// [`on_error_with`](Self::on_error_with), which so sees both.
    ///
    /// This needs the feature `std`, and a program whose panics unwind.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, Failure};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let halve = |n: u32| match n {
    ///     0 => panic!("nothing to halve"),
    ///     n if n % 2 == 1 => Err("odd"),
    ///     n => Ok(n / 2),
    /// };
    /// let mut halves = stream::iter([8, 7, 0, 6]).map_try(halve).catch_panics();
    /// assert!(matches!(halves.next().await, Some(Ok(4))));
    /// assert!(matches!(halves.next().await, Some(Err(Failure::Failed("odd")))));
    /// let failure = halves.next().await.unwrap().unwrap_err();
    /// assert_eq!(failure.to_string(), "panicked: nothing to halve");
    /// assert!(matches!(halves.next().await, Some(Ok(3))));
    /// # }).expect("iterators never wait");
    /// ```
    #[cfg(feature = "std")]
    #[allow(clippy::type_complexity, reason = "it is a MapTry of another function")]
    pub fn catch_panics<U>(
        self,
    ) -> MapTry<S, impl FnMut(S::Item) -> Result<U, Failure<E>>, Failure<E>>
    where
        S: Stream,
        F: FnMut(S::Item) -> Result<U, E>,
    {
        let Self { source, mut f, rule, last } = self;
        let f = move |item| match catch_unwind(AssertUnwindSafe(|| f(item))) {
            Ok(result) => result.map_err(Failure::Failed),
            Err(payload) => Err(Failure::Panicked(Panic::new(payload))),
        };
        MapTry { source, f, rule, last: last.map(Failure::Failed) }
    }
}

impl<S, F, E, R> MapTry<S, F, E, R> {
    /// Says what to do about all errors.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, OnError};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let tens = |on_error| {
    ///     let check = |n| if n == 2 { Err("two") } else { Ok(10 * n) };
    ///     stream::iter(1..=3).map_try(check).on_error(on_error).collect::<Vec<_>>()
    /// };
    /// assert_eq!(tens(OnError::Skip).await, [Ok(10), Ok(30)]);
    /// assert_eq!(tens(OnError::Stop).await, [Ok(10), Err("two")]);
    /// assert_eq!(tens(OnError::Emit).await, [Ok(10), Err("two"), Ok(30)]);
    /// # }).expect("iterators never wait");
    /// ```
    pub fn on_error(self, on_error: OnError) -> MapTry<S, F, E> {
        self.with_rule(on_error)
    }

    /// Asks a function what to do about each error.
    ///
    /// # Examples
    /// Log and skip:
    /// ```
    /// use aiter_adapters::{AiterExt, OnError};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let mut log = Vec::new();
    /// let numbers = stream::iter(["1", "two", "3"])
    ///     .map_try(|word| word.parse::<u8>())
    ///     .on_error_with(|error| {
    ///         log.push(format!("skipped: {error}"));
    ///         OnError::Skip
    ///     });
    /// assert_eq!(numbers.collect::<Vec<_>>().await, [Ok(1), Ok(3)]);
    /// assert_eq!(log, ["skipped: invalid digit found in string"]);
    /// # }).expect("iterators never wait");
    /// ```
    pub fn on_error_with<U, G>(self, rule: G) -> MapTry<S, F, E, G>
    where
        S: Stream,
        F: FnMut(S::Item) -> Result<U, E>,
        G: FnMut(&E) -> OnError,
    {
        self.with_rule(rule)
    }

    fn with_rule<G>(self, rule: G) -> MapTry<S, F, E, G> {
        let Self { source, f, rule: old, last } = self;
        // Before the return: if this panics, the source is dropped, not leaked.
        drop(old);
        MapTry { source, f, rule, last }
    }

    /// The source, unless the stream has ended.
    pub fn get_ref(&self) -> Option<&S> {
        self.source.get_ref()
    }

    /// The source, unless the stream has ended, to change it in place.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Option<Pin<&mut S>> {
        self.project().source.get_pin_mut()
    }

    /// Gives the source back, unless the stream has ended.
    pub fn into_inner(self) -> Option<S> {
        let Self { source, f, rule, last } = self;
        // Before the return: if a drop panics, the source is dropped, not leaked.
        drop((f, rule, last));
        source.into_inner()
    }
}

impl<S, F, R, U, E> FusedStream for MapTry<S, F, E, R>
where
    S: Stream,
    F: FnMut(S::Item) -> Result<U, E>,
    R: ErrorRule<E>,
{
    fn is_terminated(&self) -> bool {
        self.source.is_terminated()
    }
}

impl<S, F, R, U, E> Stream for MapTry<S, F, E, R>
where
    S: Stream,
    F: FnMut(S::Item) -> Result<U, E>,
    R: ErrorRule<E>,
{
    type Item = Result<U, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<U, E>>> {
        let mut this = self.project();
        if let Some(error) = this.last.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let mut budget = Budget::new();
        while budget.take() {
            let Some(item) = ready!(this.source.as_mut().poll_next(cx)) else {
                return Poll::Ready(None);
            };
            let error = match (this.f)(item) {
                Ok(result) => return Poll::Ready(Some(Ok(result))),
                Err(error) => error,
            };
            match this.rule.on_error(&error) {
                OnError::Emit => return Poll::Ready(Some(Err(error))),
                OnError::Skip => {}
                OnError::Stop => {
                    *this.last = Some(error);
                    this.source.shut();
                    return Poll::Ready(this.last.take().map(Err));
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.last.is_some() {
            return (1, Some(1));
        }
        let (lower, upper) = self.source.size_hint();
        match self.rule.on_all() {
            Some(OnError::Emit) => (lower, upper),
            // Any of them may be an error.
            Some(OnError::Stop) => (lower.min(1), upper),
            Some(OnError::Skip) | None => (0, upper),
        }
    }
}
