use core::future::Future;

use futures_core::Stream;

use crate::{
    flatten_iter::FlattenIter,
    for_each_progress::ForEachProgress,
    fork::ForkStream,
    fork_bounded::{BoundedFork, LagPolicy},
    gated::{Gate, Gated},
    join::{JoinStreams, TryJoinStreams},
    map::{MapFilter, MapFilterAsync, MapPar, MapTry},
    on_error::OnError,
    preload::Preload,
    progress::Progress,
    sharable::Sharable,
    spawn::Spawn,
    spawned::{Active, DriveTask, MapParWith, MapWorker, PreloadWith, WorkerStarter},
    stoppable::{Stoppable, Stopper},
    util::nonzero,
};

/// The adapters, as methods of every stream.
///
/// No method has the name of one of futures-util's, futures-lite's or tokio-stream's `StreamExt`,
/// so the traits can be imported together.
///
/// # Pictures
/// In the pictures, time goes from left to right. A reader takes at most one item in a column. A
/// band is a task that is busy, a hatched band is a push that waits, `×` is an error, and a bar is
/// the end. A dot is where a stream is made. A wide marble holds several items. The row of a source
/// shows when an item is ready, or when it is pulled. The pictures are drawn from tests.
///
/// # Examples
/// ```
/// use aiter_adapters::AiterExt;
/// use futures_util::{StreamExt, stream};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rooms = [vec!["hall 20", "hall off"], vec!["attic 24"]];
/// let (stopper, mut degrees) = stream::iter(rooms)
///     .map(stream::iter)
///     .join_streams()
///     .map_filter(|line| line.rsplit(' ').next()?.parse::<i32>().ok())
///     .stoppable();
/// assert_eq!(degrees.next().await, Some(20));
/// assert_eq!(degrees.next().await, Some(24));
/// stopper.stop();
/// assert_eq!(degrees.next().await, None);
/// # }).expect("iterators never wait");
/// ```
pub trait AiterExt: Stream {
    /// Pulls all items in a task of its own, independent of the consumer.
    ///
    /// The task starts at this call. See [`Active`] for its guarantees and [`Spawn`] for the
    /// spawner of each runtime. If the consumer is slow, items pile up without a bound;
    /// [`active_bounded`](Self::active_bounded) sets one.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/active.svg"))]
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, TaskOutcome};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # smol::block_on(async {
    /// let mut squares = stream::iter(1..=3).map(|n| n * n).active(smol::spawn);
    /// assert_eq!(squares.next().await, Some(1));
    /// assert_eq!(squares.by_ref().collect::<Vec<_>>().await, [4, 9]);
    /// assert_eq!(squares.outcome(), Some(TaskOutcome::Completed));
    /// # });
    /// ```
    #[doc(alias = "active_aiter")]
    fn active<P>(self, spawn: P) -> Active<Self::Item, P::Handle>
    where
        Self: Sized,
        P: Spawn<DriveTask<Self>>,
    {
        Active::new(self, None, spawn)
    }

    /// Pulls items in a task of its own, while fewer than `cap` items wait.
    ///
    /// Each item that is taken lets the task pull another one. Otherwise works as
    /// [`active`](Self::active).
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/active_bounded.svg"))]
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
        P: Spawn<DriveTask<Self>>,
    {
        Active::new(self, Some(nonzero(cap, "cap")), spawn)
    }

    /// Flattens a stream of iterators, one iterator after the other.
    ///
    /// Accepts every `IntoIterator`: a `Vec`, an array, an `Option`, a range. See [`FlattenIter`].
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/flatten_iter.svg"))]
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
    #[doc(alias = "flat_map_iter")]
    fn flatten_iter(self) -> FlattenIter<Self>
    where
        Self: Stream<Item: IntoIterator> + Sized,
    {
        FlattenIter::new(self)
    }

    /// Handles items one by one, while the stream works ahead.
    ///
    /// A `while let` loop polls the stream only between items, so work inside the stream stalls
    /// while the body awaits. The work is late, or deadlocks if the body needs a resource that it
    /// holds. This future polls both in one task, so it needs no spawner, and the body may borrow.
    ///
    /// A stream that does not implement [`Progress`] needs [`preload`](Self::preload) first.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/for_each_progress.svg"))]
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

    /// Makes a stream that can be forked. Every fork sees every item.
    ///
    /// Needs no spawner, because any fork drives the source when it is polled. See [`ForkStream`].
    ///
    /// To fork, the items must be `Clone + Sync`, because forks on two threads may clone one item
    /// at the same time. Forks of `forker_bounded(usize::MAX, LagPolicy::Wait)` clone in turn and
    /// need `Clone` only, so their items may be `Rc`s.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/forker.svg"))]
    #[doc(alias = "aiter_forker")]
    #[doc(alias = "broadcast")]
    #[doc(alias = "tee")]
    fn forker(self) -> ForkStream<Self>
    where
        Self: Sized,
    {
        ForkStream::new(self)
    }

    /// Makes a stream that can be forked. Forks are at most `cap` items apart.
    ///
    /// At most `cap` items are held. `lag` decides what happens to a fork that is `cap` items
    /// behind. See [`BoundedFork`].
    ///
    /// `cap` bounds the distance between forks, not the source. If forks wait or poll seldom, a
    /// source that is pushed into, such as the cursor of a push list, still grows.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/forker_bounded.svg"))]
    ///
    /// # Panics
    /// Panics if `cap` is 0.
    #[doc(alias = "aiter_forker")]
    #[doc(alias = "broadcast")]
    #[track_caller]
    fn forker_bounded(self, cap: usize, lag: LagPolicy) -> BoundedFork<Self>
    where
        Self: Sized,
    {
        BoundedFork::new(self, nonzero(cap, "cap"), lag)
    }

    /// Returns items as a [`Gate`] permits.
    ///
    /// Without a permit the source is not polled. See [`Gated`].
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/gated.svg"))]
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
    /// assert_eq!(letters.next().now_or_never(), Some(Some('b')), "the second permit");
    /// assert_eq!(letters.next().now_or_never(), Some(None));
    /// ```
    #[doc(alias = "gated_aiter")]
    fn gated(self) -> (Gate, Gated<Self>)
    where
        Self: Sized,
    {
        Gated::new(self)
    }

    /// Joins the streams of a stream. Returns their items as they come.
    ///
    /// [`max_inner`](JoinStreams::max_inner) bounds the number of open streams, and
    /// [`keyed`](JoinStreams::keyed) adds the key of its stream to each item. See [`JoinStreams`]
    /// for its guarantees, for streams of different types, and for streams that are added later.
    ///
    /// The join does not wait while a stream has an item. If streams always have items, a loop over
    /// the join starves the rest of its task, unless the streams yield, as
    /// [`iter_to_aiter`](crate::iter_to_aiter) does with `yield_every`.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/join_streams.svg"))]
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
    #[doc(alias = "flatten_unordered")]
    #[doc(alias = "merge")]
    #[doc(alias = "select_all")]
    fn join_streams(self) -> JoinStreams<Self>
    where
        Self: Sized,
    {
        JoinStreams::new(self)
    }

    /// Maps each item to any number of items.
    ///
    /// `None` or an empty `Vec` drops an item, `Some` maps it, and an array, a range or another
    /// iterator makes several items of it. See [`MapFilter`].
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/map_filter.svg"))]
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
    #[doc(alias = "filter_map")]
    fn map_filter<F, I>(self, f: F) -> MapFilter<Self, F, I>
    where
        Self: Sized,
        F: FnMut(Self::Item) -> I,
        I: IntoIterator,
    {
        MapFilter::new(self, f)
    }

    /// Maps each item to any number of items by an async function, one call after the other.
    ///
    /// See [`MapFilterAsync`].
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/map_filter_async.svg"))]
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
    #[doc(alias = "filter_map")]
    fn map_filter_async<F, Fut>(self, f: F) -> MapFilterAsync<Self, F, Fut>
    where
        Self: Sized,
        F: FnMut(Self::Item) -> Fut,
        Fut: Future<Output: IntoIterator>,
    {
        MapFilterAsync::new(self, f)
    }

    /// Maps items by an async function, with up to `n` futures at a time in this task.
    ///
    /// Results come as they finish; [`MapPar::ordered`] restores the source's order. See
    /// [`MapPar`].
    ///
    /// Calls start ahead of the consumer, also with `map_par(1, f)`. The next call runs while the
    /// consumer holds a result. futures-util's `then` starts each call when the consumer polls for
    /// its result.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/map_par.svg"))]
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
    #[doc(alias = "buffer_unordered")]
    #[doc(alias = "buffered")]
    #[track_caller]
    fn map_par<F, Fut>(self, n: usize, f: F) -> MapPar<Self, F, Fut>
    where
        Self: Sized,
        F: FnMut(Self::Item) -> Fut,
        Fut: Future,
    {
        MapPar::new(self, nonzero(n, "n"), f)
    }

    /// Maps items by an async function in up to `n` tasks, while the consumer is busy.
    ///
    /// Results come as they finish; [`MapParWith::ordered`] restores the source's order. See
    /// [`MapParWith`] for its guarantees and [`Spawn`] for the spawner of each runtime. `spawn` is
    /// called at most `n` times.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/map_par_with.svg"))]
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
    ///     // The next pages are fetched meanwhile.
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
    ) -> MapParWith<Fut::Output, P::Handle, WorkerStarter<Self, P, F, Fut>>
    where
        Self: Sized,
        F: FnMut(Self::Item) -> Fut,
        Fut: Future,
        P: Spawn<MapWorker<Self, F, Fut>>,
    {
        MapParWith::new(self, nonzero(n, "n"), spawn, f)
    }

    /// Maps items by a function that may fail.
    ///
    /// Errors are returned as items, unless [`on_error`](MapTry::on_error) or
    /// [`on_error_with`](MapTry::on_error_with) chooses to skip them or to stop. See [`MapTry`].
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/map_try.svg"))]
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, OnError};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let words = stream::iter(["1", "two", "3"]);
    /// let numbers = words.map_try(|word| word.parse().map_err(|_| word));
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

    /// Pulls up to `n` items ahead of the item that the consumer holds, in the consumer's task.
    ///
    /// The source waits for its items before the consumer does. See [`Preload`].
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/preload.svg"))]
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
    /// let mut source = source.expect("the source has not ended");
    /// assert_eq!(source.next().now_or_never(), Some(Some(5)));
    /// ```
    #[doc(alias = "preload_aiter")]
    #[doc(alias = "prefetch")]
    #[track_caller]
    fn preload(self, n: usize) -> Preload<Self>
    where
        Self: Sized,
    {
        Preload::new(self, nonzero(n, "n"))
    }

    /// Keeps `n` items loaded ahead of the item that the consumer holds, by a task of its own.
    ///
    /// See [`PreloadWith`] for its guarantees and [`Spawn`] for the spawner of each runtime.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/preload_with.svg"))]
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
    #[doc(alias = "prefetch")]
    #[track_caller]
    fn preload_with<P>(self, n: usize, spawn: P) -> PreloadWith<Self::Item, P::Handle>
    where
        Self: Sized,
        P: Spawn<DriveTask<Self>>,
    {
        PreloadWith::new(self, nonzero(n, "n"), spawn)
    }

    /// Makes a stream that can be cloned. Each item goes to one of the clones.
    ///
    /// See [`Sharable`].
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/sharable.svg"))]
    #[doc(alias = "sharable_aiter")]
    fn sharable(self) -> Sharable<Self>
    where
        Self: Sized,
    {
        Sharable::new(self)
    }

    /// Makes a stream that a [`Stopper`] ends.
    ///
    /// [`into_inner`](Stoppable::into_inner) returns the source with the remaining items. See
    /// [`Stoppable`].
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/stoppable.svg"))]
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
    #[doc(alias = "abortable")]
    #[doc(alias = "take_until")]
    fn stoppable(self) -> (Stopper, Stoppable<Self>)
    where
        Self: Sized,
    {
        Stoppable::new(self)
    }

    /// Joins the streams of a stream, both of which may fail.
    ///
    /// `on_error` decides how errors are handled. See [`TryJoinStreams`].
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/try_join_streams.svg"))]
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, OnError};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let inner = |items: [Result<i32, &'static str>; 2]| Ok(stream::iter(items));
    /// let all = [inner([Ok(1), Ok(2)]), Err("one failed"), inner([Err("three"), Ok(4)])];
    /// let streams = || stream::iter(all.clone());
    ///
    /// let all: Vec<_> = streams().try_join_streams(OnError::Emit).collect().await;
    /// assert_eq!(all, [Err("one failed"), Ok(1), Err("three"), Ok(2), Ok(4)]);
    /// let good: Vec<_> = streams().try_join_streams(OnError::Skip).collect().await;
    /// assert_eq!(good, [Ok(1), Ok(2), Ok(4)]);
    /// let until: Vec<_> = streams().try_join_streams(OnError::Stop).collect().await;
    /// assert_eq!(until, [Err("one failed")]);
    /// # }).expect("iterators never wait");
    /// ```
    #[doc(alias = "try_flatten_unordered")]
    fn try_join_streams<I, T, E>(self, on_error: OnError) -> TryJoinStreams<Self, I>
    where
        Self: Stream<Item = Result<I, E>> + Sized,
        I: Stream<Item = Result<T, E>>,
    {
        TryJoinStreams::new(self, on_error)
    }
}

impl<S: Stream + ?Sized> AiterExt for S {}
