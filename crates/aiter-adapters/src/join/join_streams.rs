use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use alloc::vec::Vec;
use futures_core::{FusedStream, Stream};

use crate::{
    join::{
        join_keyed::JoinKeyed,
        joiner::{Joiner, MemberPoll, Opened},
    },
    util::{inherent_next, nonzero},
};

pin_project_lite::pin_project! {
    /// A stream of the items of many streams, as they come; made by
    /// [`join_streams`](crate::AiterExt::join_streams).
    ///
    /// The items of each stream keep their order. Turns among streams that have items are exactly
    /// fair: a stream that has returned an item moves to the end of the queue. No item is read
    /// ahead; it is taken from its stream in the poll that returns it. Only streams that were woken
    /// are polled, and a stream is dropped when it ends. The streams need not be `Unpin`.
    ///
    /// While no stream has an item, new streams are opened, up to 128 a poll. Otherwise at most one
    /// new stream is opened for each item. [`max_inner`](Self::max_inner) bounds the number of open
    /// streams. The join ends when the stream of streams and all of its streams have ended.
    ///
    /// Nothing is allocated for an item. In the long run nothing is allocated for a stream either,
    /// because a new stream reuses the memory of one that has ended. The wakers neither allocate,
    /// free nor lock.
    ///
    /// # Panics
    /// Panics if the stream of streams or one of its streams does. The stream that panicked is
    /// dropped, and the others continue.
    ///
    /// # Cancel safety
    /// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let streams = stream::iter([1..=3, 5..=5, 7..=9]).map(stream::iter);
    /// let mut numbers = streams.join_streams().max_inner(2);
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(1)));
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(5)));
    /// println!("{} streams are open", numbers.open());
    /// assert!(numbers.get_ref().is_some());
    /// let (later, open) = numbers.into_parts();
    /// let open = stream::iter(open).flatten().collect::<Vec<_>>();
    /// assert_eq!(open.now_or_never(), Some(vec![2, 3]));
    /// let later = later.expect("a stream was not opened").flatten().collect::<Vec<_>>();
    /// assert_eq!(later.now_or_never(), Some(vec![7, 8, 9]));
    /// ```
    ///
    /// Streams of different types are boxed:
    /// ```
    /// use aiter_adapters::{AiterExt, iter_to_aiter};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let odd = iter_to_aiter([1, 3]);
    /// let even = stream::iter(1..=2).map(|n| 2 * n);
    /// let numbers = iter_to_aiter([odd.boxed(), even.boxed()]).join_streams();
    /// assert_eq!(numbers.collect::<Vec<_>>().await, [1, 2, 3, 4]);
    /// # }).expect("iterators never wait");
    /// ```
    ///
    /// A push list adds streams while the join runs:
    /// ```
    /// use aiter_adapters::{AiterExt, iter_to_aiter};
    /// use aiter_core::push_list;
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let (add, streams) = push_list();
    /// let mut items = streams.join_streams();
    /// add.push(iter_to_aiter(['a', 'b'])).expect("the join is alive");
    /// assert_eq!(items.next().await, Some('a'));
    /// add.push(iter_to_aiter(['x', 'y'])).expect("the join is alive");
    /// drop(add); // no more streams come
    /// assert_eq!(items.next().await, Some('b'));
    /// assert_eq!((items.next().await, items.next().await), (Some('x'), Some('y')));
    /// assert_eq!(items.next().await, None);
    /// # }).expect("iterators never wait");
    /// ```
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

    /// Limits the number of open streams to `n`. The next stream is opened when another one has
    /// ended.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/max_inner.svg"))]
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
        self.joiner.set_max(nonzero(n, "n"));
        self
    }

    /// Returns items with the key of their stream, and reports the end of each stream.
    ///
    /// The stream of streams must yield pairs of a key and a stream.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/keyed.svg"))]
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, KeyedEvent};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let clients = stream::iter([("ann", vec![1]), ("bob", vec![2, 3])]);
    /// let clients = clients.map(|(name, items)| (name, stream::iter(items)));
    /// let events: Vec<_> = clients.join_streams().keyed().collect().await;
    /// assert_eq!(events, [
    ///     ("ann", KeyedEvent::Item(1)),
    ///     ("bob", KeyedEvent::Item(2)),
    ///     ("ann", KeyedEvent::End),
    ///     ("bob", KeyedEvent::Item(3)),
    ///     ("bob", KeyedEvent::End),
    /// ]);
    /// # }).expect("iterators never wait");
    /// ```
    pub fn keyed<K, I>(self) -> JoinKeyed<S, K, I>
    where
        S: Stream<Item = (K, I)>,
    {
        JoinKeyed::new(self.joiner)
    }

    /// Returns the stream of streams, unless it has ended.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_ref(&self) -> Option<&S> {
        self.joiner.source()
    }

    /// Returns the number of open streams.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn open(&self) -> usize {
        self.joiner.len()
    }

    /// Returns the stream of streams, unless it has ended, and the open streams in no order, with
    /// all items that were not returned.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn into_parts(self) -> (Option<S>, Vec<S::Item>)
    where
        S::Item: Unpin,
    {
        self.joiner.into_parts()
    }
}

inherent_next!([S: Stream] JoinStreams<S>);

impl<S: Stream<Item: Stream>> FusedStream for JoinStreams<S> {
    fn is_terminated(&self) -> bool {
        self.joiner.has_ended()
    }
}

impl<S: Stream<Item: Stream>> Stream for JoinStreams<S> {
    type Item = <S::Item as Stream>::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().joiner.poll_join(cx, Opened::Member, |member, cx| {
            Poll::Ready(ready!(member.poll_next(cx)).map_or(MemberPoll::End, MemberPoll::Item))
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.joiner.size_hint(Stream::size_hint)
    }
}
