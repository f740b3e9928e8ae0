use futures_core::Stream;

use crate::{
    forker::Fork, join_streams::JoinStreams, on_error::OnError, sharable::Sharable,
    try_join_streams::TryJoinStreams,
};

/// The adapters, as methods of every stream.
///
/// No name here is one of futures-util's, futures-lite's or tokio-stream's `StreamExt`, so the traits
/// can be imported side by side.
pub trait AiterExt: Stream {
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

    /// Joins the streams of a stream: the items of all of them, as they come.
    ///
    /// See [`JoinStreams`] for what it promises; [`max_inner`](JoinStreams::max_inner) bounds how many
    /// streams are open, [`keyed`](JoinStreams::keyed) tells them apart.
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

    /// Makes a stream that can be cloned: each item goes to one of the clones.
    ///
    /// See [`Sharable`].
    #[doc(alias = "sharable_aiter")]
    fn sharable(self) -> Sharable<Self>
    where
        Self: Sized,
    {
        Sharable::new(self)
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
