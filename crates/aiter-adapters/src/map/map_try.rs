use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};
#[cfg(feature = "std")]
use {
    crate::{caught_panic::CaughtPanic, map::map_error::MapError},
    core::panic::AssertUnwindSafe,
    std::panic::catch_unwind,
};

use futures_core::{FusedStream, Stream};

use crate::{
    on_error::{ErrorRule, OnError},
    util::{Budget, FusedSource, inherent_next},
};

pin_project_lite::pin_project! {
    /// A stream that maps items by a function that may fail; made by
    /// [`map_try`](crate::AiterExt::map_try).
    ///
    /// Errors are returned as items, unless [`on_error`](Self::on_error) or
    /// [`on_error_with`](Self::on_error_with) chooses to skip them or to stop at one. The source is
    /// dropped when it ends and when the stream stops. After 128 successive skips, the stream wakes
    /// its task and returns `Pending`.
    ///
    /// # Panics
    /// Panics if the source, the function or the rule for errors does. A source that panicked is
    /// dropped. The item of a function or rule that panicked is lost, and the next poll continues.
    /// If the drop of the source panics when the stream stops at an error, the next poll returns
    /// the error. `catch_panics` (with the feature `std`) turns panics of the function into errors.
    ///
    /// # Cancel safety
    /// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
    ///
    /// # Examples
    /// For an async function that may fail, pass the results through unchanged:
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
    /// let lost = "no page lost".to_string();
    /// assert_eq!(sizes.collect::<Vec<_>>().await, [Ok(3), Ok(5), Err(lost)]);
    /// # }).expect("nothing waits");
    /// ```
    ///
    /// The source is the raw stream:
    ///
    /// ```
    /// use core::pin::Pin;
    ///
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, Stream, StreamExt, stream};
    ///
    /// let words = stream::iter(["1", "# a comment", "three", "4"]);
    /// let mut numbers = words.map_try(|word| word.parse::<u8>().map_err(|_| word));
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(Ok(1))));
    /// assert_eq!(numbers.get_ref().map(|words| words.size_hint().0), Some(3));
    /// // Takes a word past the function.
    /// let mut words = Pin::new(&mut numbers).get_pin_mut().expect("the source has not ended");
    /// assert_eq!(words.next().now_or_never(), Some(Some("# a comment")));
    /// let rest = numbers.into_inner().expect("the source has not ended");
    /// assert_eq!(rest.collect::<Vec<_>>().now_or_never(), Some(vec!["three", "4"]));
    /// ```
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "map_aiter")]
    pub struct MapTry<S, F, E, R = OnError> {
        #[pin]
        source: FusedSource<S>,
        f: F,
        rule: R,
        // The error at which the stream stops, while the source is dropped.
        last: Option<E>,
    }
}

impl<S, F, E, R> fmt::Debug for MapTry<S, F, E, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapTry")
            .field("source_ended", &self.source.is_dropped())
            .finish_non_exhaustive()
    }
}

impl<S, F, E> MapTry<S, F, E> {
    pub(crate) fn new(source: S, f: F) -> Self {
        Self { source: FusedSource::new(source), f, rule: OnError::Emit, last: None }
    }

    /// Turns a panic of the function into an error, [`MapError::Panicked`]. Its own errors become
    /// [`MapError::Failed`].
    ///
    /// The function is called again after a panic, in the state in which the panic left it. The
    /// panic hook still runs, which by default writes to standard error. Call this before
    /// [`on_error_with`](Self::on_error_with), so that the rule sees both kinds of errors.
    ///
    /// Requires the feature `std`, and a program whose panics unwind.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, MapError};
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
    /// assert!(matches!(halves.next().await, Some(Err(MapError::Failed("odd")))));
    /// let failure = halves.next().await.unwrap().unwrap_err();
    /// assert_eq!(failure.to_string(), "panicked: nothing to halve");
    /// assert!(matches!(halves.next().await, Some(Ok(3))));
    /// # }).expect("iterators never wait");
    /// ```
    #[cfg(feature = "std")]
    #[allow(clippy::type_complexity, reason = "a MapTry of another function")]
    pub fn catch_panics<U>(
        self,
    ) -> MapTry<S, impl FnMut(S::Item) -> Result<U, MapError<E>>, MapError<E>>
    where
        S: Stream,
        F: FnMut(S::Item) -> Result<U, E>,
    {
        let Self { source, mut f, rule, last } = self;
        let f = move |item| match catch_unwind(AssertUnwindSafe(|| f(item))) {
            Ok(result) => result.map_err(MapError::Failed),
            Err(payload) => Err(MapError::Panicked(CaughtPanic::new(payload))),
        };
        MapTry { source, f, rule, last: last.map(MapError::Failed) }
    }
}

impl<S, F, E, R> MapTry<S, F, E, R> {
    /// Handles all errors in the same way.
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

    /// Handles each error as a function decides.
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

    /// Returns the source, unless the stream has ended.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_ref(&self) -> Option<&S> {
        self.source.get_ref()
    }

    /// Returns the source mutably and pinned, unless the stream has ended.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Option<Pin<&mut S>> {
        self.project().source.get_pin_mut()
    }

    /// Returns the source, unless the stream has ended.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn into_inner(self) -> Option<S> {
        let Self { source, f, rule, last } = self;
        // Before the return: if a drop panics, the source is dropped, not leaked.
        drop((f, rule, last));
        source.into_inner()
    }
}

inherent_next!([S, F, E, R] MapTry<S, F, E, R>);

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
                    this.source.close();
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
            // Each of them may be an error.
            Some(OnError::Stop) => (lower.min(1), upper),
            Some(OnError::Skip) | None => (0, upper),
        }
    }
}
