use core::future::Future;

use alloc::vec::Vec;
use futures_core::Stream;

use crate::{
    active::Active,
    drive::Drive,
    flatten_iter::FlattenIter,
    for_each_progress::ForEachProgress,
    forker::Fork,
    forker_bounded::BoundedFork,
    gated::{Gate, Gated},
    join_streams::JoinStreams,
    map_filter::MapFilter,
    map_filter_async::MapFilterAsync,
    map_par::MapPar,
    map_par_with::MapParWith,
    map_try::MapTry,
    on_error::OnError,
    preload::Preload,
    preload_with::PreloadWith,
    progress::Progress,
    ring::Lag,
    sharable::Sharable,
    spawn::Spawn,
    starter::Starter,
    stoppable::{Stoppable, Stopper},
    try_join_streams::TryJoinStreams,
    window::window,
    worker::Worker,
};

/// The adapters, as methods of every stream.
///
/// No name here is one of futures-util's, futures-lite's or tokio-stream's `StreamExt`, so the traits
/// can be imported side by side.
pub trait AiterExt: Stream {
    /// Pulls everything from the stream at once, in a task of its own, whoever reads or not.
    ///
    /// The task starts at this call. See [`Active`] for what it promises and [`Spawn`] for what
    /// `spawn` is with each runtime. There is no bound to what piles up if the consumer is slow:
    /// [`active_bounded`](Self::active_bounded) has one.
    ///
    /// ```text
    /// stream     1 2 3 4 5 6 |
    /// consumer   1     2     3     4     5     6     |
    /// ```
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, Outcome};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # smol::block_on(async {
    /// let mut squares = stream::iter(1..=3).map(|n| n * n).active(smol::spawn);
    /// assert_eq!(squares.next().await, Some(1));
    /// assert_eq!(squares.by_ref().collect::<Vec<_>>().await, [4, 9]);
    /// assert_eq!(squares.outcome(), Some(Outcome::Completed));
    /// # });
    /// ```
    #[doc(alias = "active_aiter")]
    fn active<P>(self, spawn: P) -> Active<Self::Item, P::Handle>
    where
        Self: Sized,
        P: Spawn<Drive<Self>>,
    {
        Active::new(self, None, spawn)
    }

    /// Pulls from the stream in a task of its own, as long as fewer than `cap` items wait.
    ///
    /// Each item that is taken makes room for the next. Otherwise as [`active`](Self::active).
    ///
    /// # Panics
    /// Panics if `cap` is 0.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # smol::block_on(async {
    /// let numbers = stream::iter(0..).active_bounded(64, smol::spawn);
    /// assert_eq!(numbers.take(3).collect::<Vec<_>>().await, [0, 1, 2]);
    /// # });
    /// ```
    #[doc(alias = "active_aiter")]
    #[track_caller]
    fn active_bounded<P>(self, cap: usize, spawn: P) -> Active<Self::Item, P::Handle>
    where
        Self: Sized,
        P: Spawn<Drive<Self>>,
    {
        Active::new(self, Some(window(cap, "cap")), spawn)
    }

    /// [`active_bounded`](Self::active_bounded) without a spawner: the task is the caller's to poll.
    ///
    /// # Panics
    /// Panics if `cap` is 0.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, future::join, stream};
    ///
    /// # futures_executor::block_on(async {
    /// let (numbers, mut drive) = stream::iter(1..=3).active_bounded_parts(1);
    /// assert!(futures_util::poll!(&mut drive).is_pending());
    /// assert_eq!(numbers.len(), 1);
    /// let (items, ()) = join(numbers.collect::<Vec<_>>(), drive).await;
    /// assert_eq!(items, [1, 2, 3]);
    /// # });
    /// ```
    #[doc(alias = "active_aiter")]
    #[track_caller]
    fn active_bounded_parts(self, cap: usize) -> (Active<Self::Item, ()>, Drive<Self>)
    where
        Self: Sized,
    {
        Active::parts(self, Some(window(cap, "cap")))
    }

    /// [`active`](Self::active) without a spawner: the task is the caller's to poll.
    ///
    /// For `join!`, for embassy's declared tasks and for tests.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, future::join, stream};
    ///
    /// # futures_executor::block_on(async {
    /// let (numbers, drive) = stream::iter(1..=3).active_parts();
    /// let (items, ()) = join(numbers.collect::<Vec<_>>(), drive).await;
    /// assert_eq!(items, [1, 2, 3]);
    /// # });
    /// ```
    #[doc(alias = "active_aiter")]
    fn active_parts(self) -> (Active<Self::Item, ()>, Drive<Self>)
    where
        Self: Sized,
    {
        Active::parts(self, None)
    }

    /// Hands out the items of a stream's iterators, one iterator after the other.
    ///
    /// See [`FlattenIter`]. Anything `IntoIterator` will do: a `Vec`, an array, an `Option`, a range.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let batches = stream::iter([vec![0, 1, 2, 3], vec![], vec![4, 5]]);
    /// assert_eq!(batches.flatten_iter().collect::<Vec<_>>().await, [0, 1, 2, 3, 4, 5]);
    /// # }).expect("iterators never wait");
    /// ```
    #[doc(alias = "flatten_aiter")]
    fn flatten_iter(self) -> FlattenIter<Self>
    where
        Self: Stream<Item: IntoIterator> + Sized,
    {
        FlattenIter::new(self)
    }

    /// Handles the items one by one, and lets the stream work ahead while an item is being handled.
    ///
    /// A `while let` loop polls the stream only between items, so work inside the stream stalls
    /// while the body waits. The work is late, or deadlocks if the body needs a resource that it
    /// holds. Here one task polls both: no spawner, no `'static`, and the body may borrow.
    ///
    /// A stream that does not implement [`Progress`] needs [`preload`](Self::preload) first.
    ///
    /// # Examples
    /// ```
    /// use core::cell::Cell;
    ///
    /// use aiter_adapters::AiterExt;
    /// use futures_util::stream;
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let sum = &Cell::new(0);
    /// let numbers = stream::iter(1..=4).preload(2);
    /// numbers.for_each_progress(|n| async move { sum.set(sum.get() + n) }).await;
    /// assert_eq!(sum.get(), 10);
    /// # }).expect("nothing waits");
    /// ```
    fn for_each_progress<F, Fut>(self, body: F) -> ForEachProgress<Self, F, Fut>
    where
        Self: Progress + Sized,
        F: FnMut(Self::Item) -> Fut,
        Fut: Future<Output = ()>,
    {
        ForEachProgress::new(self, body)
    }

    /// Makes a stream that can be forked: every fork sees every item.
    ///
    /// See [`Fork`]. No spawner is needed: whichever fork is polled drives the source. Items must be
    /// `Clone` to fork.
    #[doc(alias = "aiter_forker")]
    fn forker(self) -> Fork<Self>
    where
        Self: Sized,
    {
        Fork::new(self)
    }

    /// Makes a stream that can be forked, with a bound to how far the forks are apart.
    ///
    /// At most `cap` items are held; `lag` says what happens to a fork that is so far behind. See
    /// [`BoundedFork`].
    ///
    /// # Panics
    /// Panics if `cap` is 0.
    #[doc(alias = "aiter_forker")]
    #[track_caller]
    fn forker_bounded(self, cap: usize, lag: Lag) -> BoundedFork<Self>
    where
        Self: Sized,
    {
        BoundedFork::new(self, window(cap, "cap"), lag)
    }

    /// Lets items out as a [`Gate`] permits.
    ///
    /// See [`Gated`]: without a free permit the source is not even polled.
    ///
    /// ```text
    /// source    a  b  c  d  e ..
    /// gate         2        1   stop
    /// gated        a  b     c   |
    /// ```
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let (gate, mut letters) = stream::iter('a'..).gated();
    /// assert_eq!(letters.next().now_or_never(), None);
    /// assert_eq!(gate.push(2), Ok(()));
    /// assert_eq!(letters.next().now_or_never(), Some(Some('a')));
    /// gate.stop();
    /// assert_eq!(letters.next().now_or_never(), Some(Some('b')), "that was permitted");
    /// assert_eq!(letters.next().now_or_never(), Some(None));
    /// ```
    #[doc(alias = "gated_aiter")]
    fn gated(self) -> (Gate, Gated<Self>)
    where
        Self: Sized,
    {
        Gated::new(self)
    }

    /// Joins the streams of a stream: the items of all of them, as they come.
    ///
    /// See [`JoinStreams`] for what it promises; [`max_inner`](JoinStreams::max_inner) bounds how many
    /// streams are open, [`keyed`](JoinStreams::keyed) tells them apart.
    ///
    /// As long as some stream has an item, the join does not wait: a loop over streams that always
    /// have one gives nothing else in its task a turn. Let it yield now and then, as
    /// [`iter_to_aiter`](crate::iter_to_aiter) does with `yield_every`.
    ///
    /// ```text
    /// stream of streams   A   B              |
    /// A                     1     2 |
    /// B                        7     8 9 |
    /// joined                1  7  2  8 9     |
    /// ```
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let streams = stream::iter([0..=4, 6..=7, 10..=12]).map(stream::iter);
    /// let items: Vec<i32> = streams.join_streams().collect().await;
    /// assert_eq!(items, [0, 6, 10, 1, 7, 11, 2, 12, 3, 4]);
    /// # }).expect("iterators never wait");
    /// ```
    #[doc(alias = "join_aiters")]
    fn join_streams(self) -> JoinStreams<Self>
    where
        Self: Sized,
    {
        JoinStreams::new(self)
    }

    /// Calls a function that makes any number of items of each item.
    ///
    /// See [`MapFilter`]: `None` or an empty `Vec` drops an item, `Some` or an array maps it, a range
    /// or an iterator makes many of it.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let lines = stream::iter(["to be", "", "or not"]);
    /// let words = lines.map_filter(str::split_whitespace);
    /// assert_eq!(words.collect::<Vec<_>>().await, ["to", "be", "or", "not"]);
    /// # }).expect("iterators never wait");
    /// ```
    #[doc(alias = "map_filter_aiter")]
    fn map_filter<F, I>(self, f: F) -> MapFilter<Self, F, I>
    where
        Self: Sized,
        F: FnMut(Self::Item) -> I,
        I: IntoIterator,
    {
        MapFilter::new(self, f)
    }

    /// Calls an async function that makes any number of items of each item, one call after the other.
    ///
    /// See [`MapFilterAsync`].
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # smol::block_on(async {
    /// let links = |page: u32| async move {
    ///     smol::future::yield_now().await;
    ///     (1..page).map(move |n| format!("{page}.{n}"))
    /// };
    /// let found = stream::iter(1..=3).map_filter_async(links);
    /// assert_eq!(found.collect::<Vec<_>>().await, ["2.1", "3.1", "3.2"]);
    /// # });
    /// ```
    #[doc(alias = "map_filter_aiter")]
    fn map_filter_async<F, Fut>(self, f: F) -> MapFilterAsync<Self, F, Fut>
    where
        Self: Sized,
        F: FnMut(Self::Item) -> Fut,
        Fut: Future<Output: IntoIterator>,
    {
        MapFilterAsync::new(self, f)
    }

    /// Calls an async function with each item, and has up to `n` of the futures run at a time.
    ///
    /// See [`MapPar`]: all in this task; [`ordered`](MapPar::ordered) for the source's order.
    ///
    /// Calls start ahead of the consumer, also with `map_par(1, f)`: the next call runs while the
    /// consumer has the result before. futures-util's `then` starts each call when it is asked for.
    ///
    /// # Panics
    /// Panics if `n` is 0.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # smol::block_on(async {
    /// let words = ["one", "three", "two"];
    /// let lengths = stream::iter(words).map_par(4, |word| async move { word.len() });
    /// assert_eq!(lengths.collect::<Vec<_>>().await, [3, 5, 3]);
    /// # });
    /// ```
    #[doc(alias = "map_aiter")]
    #[doc(alias = "parallel_map_aiter")]
    #[track_caller]
    fn map_par<F, Fut>(self, n: usize, f: F) -> MapPar<Self, F, Fut>
    where
        Self: Sized,
        F: FnMut(Self::Item) -> Fut,
        Fut: Future,
    {
        MapPar::new(self, window(n, "n"), f)
    }

    /// Runs an async function over the items in `n` tasks, while the consumer is busy.
    ///
    /// Results come as they are done; [`MapParWith::ordered`] keeps the source's order. See
    /// [`MapParWith`] for what it promises and [`Spawn`] for what `spawn`, which is called at most `n`
    /// times, is with each runtime.
    ///
    /// # Panics
    /// Panics if `n` is 0.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # smol::block_on(async {
    /// async fn fetch(id: u32) -> String {
    ///     format!("page {id}")
    /// }
    ///
    /// let mut pages = stream::iter(1..=20).map_par_with(4, smol::spawn, fetch);
    /// let mut count = 0;
    /// while let Some(page) = pages.next().await {
    ///     // However long this takes, the next pages are being fetched.
    ///     assert!(page.starts_with("page"));
    ///     count += 1;
    /// }
    /// assert_eq!(count, 20);
    /// # });
    /// ```
    #[doc(alias = "map_aiter")]
    #[doc(alias = "parallel_map_aiter")]
    #[track_caller]
    fn map_par_with<P, F, Fut>(
        self,
        n: usize,
        spawn: P,
        f: F,
    ) -> MapParWith<Fut::Output, P::Handle, Starter<Self, P, F, Fut>>
    where
        Self: Sized,
        F: FnMut(Self::Item) -> Fut,
        Fut: Future,
        P: Spawn<Worker<Self, F, Fut>>,
    {
        MapParWith::new(self, window(n, "n"), spawn, f)
    }

    /// [`map_par_with`](Self::map_par_with) without a spawner: the tasks are the caller's to poll,
    /// each of them.
    ///
    /// # Panics
    /// Panics if `n` is 0.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, future::{join, join_all}, stream};
    ///
    /// # futures_executor::block_on(async {
    /// let square = |n| async move { n * n };
    /// let (squares, workers) = stream::iter(1..=3).map_par_with_parts(2, square);
    /// let (squares, _) = join(squares.ordered().collect::<Vec<_>>(), join_all(workers)).await;
    /// assert_eq!(squares, [1, 4, 9]);
    /// # });
    /// ```
    #[doc(alias = "map_aiter")]
    #[doc(alias = "parallel_map_aiter")]
    #[allow(clippy::type_complexity, reason = "a pair, each with its parameters")]
    #[track_caller]
    fn map_par_with_parts<F, Fut>(
        self,
        n: usize,
        f: F,
    ) -> (MapParWith<Fut::Output, ()>, Vec<Worker<Self, F, Fut>>)
    where
        Self: Sized,
        F: FnMut(Self::Item) -> Fut,
        Fut: Future,
    {
        MapParWith::parts(self, window(n, "n"), f)
    }

    /// Calls a function that may fail with each item.
    ///
    /// See [`MapTry`]: errors are handed out with the rest, unless [`on_error`](MapTry::on_error) or
    /// [`on_error_with`](MapTry::on_error_with) says to skip them or to stop.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, OnError};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let numbers = stream::iter(["1", "two", "3"]).map_try(|word| word.parse().map_err(|_| word));
    /// assert_eq!(numbers.collect::<Vec<_>>().await, [Ok(1), Err("two"), Ok(3)]);
    /// # }).expect("iterators never wait");
    /// ```
    #[doc(alias = "map_aiter")]
    fn map_try<F, U, E>(self, f: F) -> MapTry<Self, F, E>
    where
        Self: Sized,
        F: FnMut(Self::Item) -> Result<U, E>,
    {
        MapTry::new(self, f)
    }

    /// Pulls up to `n` items ahead of the one in the consumer's hands, in the consumer's own task.
    ///
    /// See [`Preload`]. The source waits before the consumer asks.
    ///
    /// ```text
    /// stream     1 2 3   4       5     6 |     n = 2
    /// consumer       1       2     3     4     5     6     |
    /// ```
    ///
    /// # Panics
    /// Panics if `n` is 0.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let mut numbers = stream::iter(1..=10).preload(3);
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(1)));
    /// assert_eq!(numbers.len(), 3);
    /// let (source, ahead) = numbers.into_parts();
    /// assert_eq!(ahead, [2, 3, 4]);
    /// let mut source = source.expect("it has not ended");
    /// assert_eq!(source.next().now_or_never(), Some(Some(5)));
    /// ```
    #[doc(alias = "preload_aiter")]
    #[track_caller]
    fn preload(self, n: usize) -> Preload<Self>
    where
        Self: Sized,
    {
        Preload::new(self, window(n, "n"))
    }

    /// Keeps `n` items loaded by a task of its own, ahead of the one in the consumer's hands.
    ///
    /// See [`PreloadWith`] for its guarantees and [`Spawn`] for the spawner of each runtime.
    ///
    /// ```text
    /// stream     1 2 3   4     5     6 |       n = 3
    /// consumer         1     2     3     4     5     6     |
    /// ```
    ///
    /// # Panics
    /// Panics if `n` is 0.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # smol::block_on(async {
    /// let pages = stream::iter(1..=100).then(|n| async move { format!("page {n}") });
    /// let mut pages = pages.preload_with(8, smol::spawn);
    /// assert_eq!(pages.next().await.as_deref(), Some("page 1"));
    /// // Pages 2 to 9 load while this one is read.
    /// # });
    /// ```
    #[doc(alias = "preload_aiter")]
    #[track_caller]
    fn preload_with<P>(self, n: usize, spawn: P) -> PreloadWith<Self::Item, P::Handle>
    where
        Self: Sized,
        P: Spawn<Drive<Self>>,
    {
        PreloadWith::new(self, window(n, "n"), spawn)
    }

    /// [`preload_with`](Self::preload_with) without a spawner: the task is the caller's to poll.
    ///
    /// # Panics
    /// Panics if `n` is 0.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, future::join, stream};
    ///
    /// # futures_executor::block_on(async {
    /// let (numbers, drive) = stream::iter(1..=3).preload_with_parts(1);
    /// let (items, ()) = join(numbers.collect::<Vec<_>>(), drive).await;
    /// assert_eq!(items, [1, 2, 3]);
    /// # });
    /// ```
    #[doc(alias = "preload_aiter")]
    #[track_caller]
    fn preload_with_parts(self, n: usize) -> (PreloadWith<Self::Item, ()>, Drive<Self>)
    where
        Self: Sized,
    {
        PreloadWith::parts(self, window(n, "n"))
    }

    /// Makes a stream that can be cloned: each item goes to one of the clones.
    ///
    /// See [`Sharable`]. A source that has ended is dropped with the last clone, as
    /// [`try_into_inner`](Sharable::try_into_inner) gives it back.
    #[doc(alias = "sharable_aiter")]
    fn sharable(self) -> Sharable<Self>
    where
        Self: Sized,
    {
        Sharable::new(self)
    }

    /// Makes a stream that a [`Stopper`] ends at once.
    ///
    /// See [`Stoppable`]; what was not read can be read from [`into_inner`](Stoppable::into_inner).
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let (stopper, mut numbers) = stream::iter(1..).stoppable();
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(1)));
    /// stopper.stop();
    /// assert_eq!(numbers.next().now_or_never(), Some(None));
    /// ```
    #[doc(alias = "stoppable_aiter")]
    fn stoppable(self) -> (Stopper, Stoppable<Self>)
    where
        Self: Sized,
    {
        Stoppable::new(self)
    }

    /// Joins the streams of a stream where both may fail.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, OnError};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let inner = |items: [Result<i32, &'static str>; 2]| Ok(stream::iter(items));
    /// let streams = || stream::iter([inner([Ok(1), Ok(2)]), Err("one failed"), inner([Err("three"), Ok(4)])]);
    ///
    /// let all: Vec<_> = streams().try_join_streams(OnError::Emit).collect().await;
    /// assert_eq!(all, [Err("one failed"), Ok(1), Err("three"), Ok(2), Ok(4)]);
    /// let good: Vec<_> = streams().try_join_streams(OnError::Skip).collect().await;
    /// assert_eq!(good, [Ok(1), Ok(2), Ok(4)]);
    /// let until: Vec<_> = streams().try_join_streams(OnError::Stop).collect().await;
    /// assert_eq!(until, [Err("one failed")]);
    /// # }).expect("iterators never wait");
    /// ```
    fn try_join_streams<I, T, E>(self, on_error: OnError) -> TryJoinStreams<Self, I>
    where
        Self: Stream<Item = Result<I, E>> + Sized,
        I: Stream<Item = Result<T, E>>,
    {
        TryJoinStreams::new(self, on_error)
    }
}

impl<S: Stream + ?Sized> AiterExt for S {}
