use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};

use crate::joiner::{Got, Joiner, Opened};

/// What one of the streams of a [`JoinKeyed`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event<T> {
    /// It yielded an item.
    Item(T),
    /// It ended.
    End,
}

pin_project_lite::pin_project! {
    /// A stream and what it is called.
    struct Member<K, I> {
        key: K,
        #[pin]
        stream: I,
    }
}

pin_project_lite::pin_project! {
    /// The items of all streams of a stream, each with its stream's key, and their ends; made by
    /// [`JoinStreams::keyed`](crate::JoinStreams::keyed).
    ///
    /// All else is as in [`JoinStreams`](crate::JoinStreams). Two streams may have the same key.
    ///
    /// # Panics
    /// As [`JoinStreams`](crate::JoinStreams), and where `K::clone` does, which drops the stream with
    /// that key. A stream that panicked, in a poll or in its drop, has no end event.
    ///
    /// # Cancel safety
    /// Dropping a future over this stream (such as `next()`) loses no item.
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

    /// The stream of streams, unless it has ended.
    pub fn get_ref(&self) -> Option<&S> {
        self.joiner.source()
    }

    /// The number of streams that are open.
    pub fn open(&self) -> usize {
        self.joiner.len()
    }

    /// The keys of the streams that are open, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.joiner.members().map(|member| &member.key)
    }
}

impl<S, K, I> FusedStream for JoinKeyed<S, K, I>
where
    S: Stream<Item = (K, I)>,
    K: Clone,
    I: Stream,
{
    fn is_terminated(&self) -> bool {
        self.joiner.has_ended()
    }
}

impl<S, K, I> Stream for JoinKeyed<S, K, I>
where
    S: Stream<Item = (K, I)>,
    K: Clone,
    I: Stream,
{
    type Item = (K, Event<I::Item>);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let open = |(key, stream)| Opened::Member(Member { key, stream });
        self.project().joiner.poll_join(cx, open, |member, cx| {
            let member = member.project();
            let item = ready!(member.stream.poll_next(cx));
            let key = member.key.clone();
            Poll::Ready(match item {
                Some(item) => Got::Item((key, Event::Item(item))),
                None => Got::Last((key, Event::End)),
            })
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.joiner.size_hint(|member| {
            let (lower, upper) = member.stream.size_hint();
            (lower.saturating_add(1), upper.and_then(|upper| upper.checked_add(1)))
        })
    }
}
