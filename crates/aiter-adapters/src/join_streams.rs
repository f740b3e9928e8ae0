use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use alloc::vec::Vec;
use futures_core::{FusedStream, Stream};

use crate::{
    join_keyed::JoinKeyed,
    joiner::{Got, Joiner, Opened},
    window::window,
};

pin_project_lite::pin_project! {
    /// The items of all streams of a stream, as they come; made by
    /// [`join_streams`](crate::AiterExt::join_streams).
    ///
    /// Each stream's items keep their order. Among streams that have items, turns are exactly fair:
    /// whoever was polled with success goes to the end of the line. Nothing is read ahead: an item is
    /// taken from its stream in the very poll that hands it out. Only streams that were woken are
    /// polled, whatever their number; one that has ended is dropped at once. The streams need not be
    /// `Unpin`.
    ///
    /// While no stream has an item, new streams are opened, up to 128 a poll. While one has, at most
    /// one new stream is opened for each item. [`max_inner`](Self::max_inner) bounds the number of open
    /// streams. The join ends when the stream of streams and all of its streams have ended.
    ///
    /// Nothing is allocated for an item, and in the long run nothing for a stream: a new one moves
    /// into the place of one that has ended. The wakers neither allocate nor free nor lock.
    ///
    /// # Panics
    /// Where the stream of streams or one of its streams does. The one that panicked is dropped, the
    /// others go on.
    ///
    /// # Cancel safety
    /// Dropping a future over this stream (such as `next()`) loses no item.
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "join_aiters")]
    #[doc(alias = "merge")]
    pub struct JoinStreams<S: Stream> {
        #[pin]
        joiner: Joiner<S, S::Item>,
    }
}

impl<S: Stream> fmt::Debug for JoinStreams<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JoinStreams").field(&self.joiner).finish()
    }
}

impl<S: Stream> JoinStreams<S> {
    pub(crate) fn new(source: S) -> Self {
        Self { joiner: Joiner::new(source) }
    }

    /// Lets at most `n` streams be open at a time. The next one is asked for when one has ended.
    ///
    /// # Panics
    /// Panics if `n` is 0.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let one_by_one = stream::iter([1..=3, 7..=9]).map(stream::iter).join_streams();
    /// let items: Vec<i32> = one_by_one.max_inner(1).collect().await;
    /// assert_eq!(items, [1, 2, 3, 7, 8, 9]);
    /// # }).expect("iterators never wait");
    /// ```
    #[track_caller]
    pub fn max_inner(mut self, n: usize) -> Self {
        self.joiner.set_max(window(n, "n"));
        self
    }

    /// Tells items apart by their stream, and when a stream has ended.
    ///
    /// For a stream of pairs of a key and a stream.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, Event};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let clients = stream::iter([("ann", vec![1]), ("bob", vec![2, 3])]);
    /// let clients = clients.map(|(name, items)| (name, stream::iter(items)));
    /// let events: Vec<_> = clients.join_streams().keyed().collect().await;
    /// assert_eq!(events, [
    ///     ("ann", Event::Item(1)),
    ///     ("bob", Event::Item(2)),
    ///     ("ann", Event::End),
    ///     ("bob", Event::Item(3)),
    ///     ("bob", Event::End),
    /// ]);
    /// # }).expect("iterators never wait");
    /// ```
    pub fn keyed<K, I>(self) -> JoinKeyed<S, K, I>
    where
        S: Stream<Item = (K, I)>,
    {
        JoinKeyed::new(self.joiner)
    }

    /// The stream of streams, unless it has ended.
    pub fn get_ref(&self) -> Option<&S> {
        self.joiner.source()
    }

    /// The number of streams that are open.
    pub fn open(&self) -> usize {
        self.joiner.len()
    }

    /// Gives back the stream of streams, unless it has ended, and the streams that are open, in no
    /// order, with all items not yet handed out.
    pub fn into_parts(self) -> (Option<S>, Vec<S::Item>)
    where
        S::Item: Unpin,
    {
        self.joiner.into_parts()
    }
}

impl<S: Stream<Item: Stream>> FusedStream for JoinStreams<S> {
    fn is_terminated(&self) -> bool {
        self.joiner.has_ended()
    }
}

impl<S: Stream<Item: Stream>> Stream for JoinStreams<S> {
    type Item = <S::Item as Stream>::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().joiner.poll_join(cx, Opened::Member, |member, cx| {
            Poll::Ready(ready!(member.poll_next(cx)).map_or(Got::Over, Got::Item))
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.joiner.size_hint(Stream::size_hint)
    }
}
