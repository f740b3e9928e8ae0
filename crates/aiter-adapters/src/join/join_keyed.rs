use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};

use crate::{
    join::joiner::{Joiner, MemberPoll, Opened},
    util::{add_to_hint, inherent_next},
};

/// An event of one of the streams of a [`JoinKeyed`].
///
/// # Examples
/// See the example of [`JoinStreams::keyed`](crate::JoinStreams::keyed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyedEvent<T> {
    /// The stream has yielded an item.
    Item(T),
    /// The stream has ended.
    End,
}

pin_project_lite::pin_project! {
    /// A stream and its key.
    struct Member<K, I> {
        key: K,
        #[pin]
        stream: I,
    }
}

pin_project_lite::pin_project! {
    /// A stream of the items and ends of many streams, each with the key of its stream; made by
    /// [`JoinStreams::keyed`](crate::JoinStreams::keyed).
    ///
    /// Otherwise works as [`JoinStreams`](crate::JoinStreams). Two streams may have the same key.
    ///
    /// # Panics
    /// Panics as [`JoinStreams`](crate::JoinStreams) does. Panics if `K::clone` does; the stream
    /// with that key is then dropped. A stream that panicked, in a poll or in its drop, has no end
    /// event.
    ///
    /// # Cancel safety
    /// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, KeyedEvent};
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let clients = stream::iter([("ann", 1..=2), ("bob", 7..=9)]);
    /// let clients = clients.map(|(name, lines)| (name, stream::iter(lines)));
    /// let mut events = clients.join_streams().keyed();
    /// let mut last = None;
    /// while events.open() < 2 {
    ///     last = events.next().now_or_never().flatten();
    /// }
    /// assert!(matches!(last, Some((_, KeyedEvent::Item(_)))));
    /// let mut keys: Vec<_> = events.keys().copied().collect();
    /// keys.sort();
    /// assert_eq!(keys, ["ann", "bob"]);
    /// assert!(events.by_ref().count().now_or_never().is_some());
    /// assert!(events.get_ref().is_none() && events.open() == 0);
    /// ```
    #[must_use = "streams do nothing unless polled"]
    pub struct JoinKeyed<S, K, I> {
        #[pin]
        joiner: Joiner<S, Member<K, I>>,
    }
}

impl<S, K, I> fmt::Debug for JoinKeyed<S, K, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JoinKeyed").field(&self.joiner).finish()
    }
}

impl<S, K, I> JoinKeyed<S, K, I> {
    pub(crate) fn new<T>(joiner: Joiner<S, T>) -> Self {
        Self { joiner: joiner.with_members() }
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

    /// Returns the keys of the open streams, in no order.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.joiner.members().map(|member| &member.key)
    }
}

inherent_next!([S, K, I] JoinKeyed<S, K, I>);

impl<S: Stream<Item = (K, I)>, K: Clone, I: Stream> FusedStream for JoinKeyed<S, K, I> {
    fn is_terminated(&self) -> bool {
        self.joiner.has_ended()
    }
}

impl<S: Stream<Item = (K, I)>, K: Clone, I: Stream> Stream for JoinKeyed<S, K, I> {
    type Item = (K, KeyedEvent<I::Item>);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let open = |(key, stream)| Opened::Member(Member { key, stream });
        self.project().joiner.poll_join(cx, open, |member, cx| {
            let member = member.project();
            let item = ready!(member.stream.poll_next(cx));
            let key = member.key.clone();
            Poll::Ready(match item {
                Some(item) => MemberPoll::Item((key, KeyedEvent::Item(item))),
                None => MemberPoll::Last((key, KeyedEvent::End)),
            })
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.joiner.size_hint(|member| add_to_hint(member.stream.size_hint(), 1))
    }
}
