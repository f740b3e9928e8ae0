use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};

use crate::{
    gated::{
        gate::Gate,
        word::{PermitReceiver, PermitWord},
    },
    progress::Progress,
    sync::Arc,
    util::inherent_next,
};

pin_project_lite::pin_project! {
    /// A stream that returns items as a [`Gate`] permits; made by
    /// [`gated`](crate::AiterExt::gated).
    ///
    /// The source is polled, also to work ahead ([`Progress`]), only while there is a permit, so no
    /// item is pulled without one. An item uses a permit when it is returned. After a stop, the
    /// items that were permitted before still come, and then the stream ends. It also ends with its
    /// source.
    ///
    /// The source is dropped with this stream, not at its end, because
    /// [`into_inner`](Self::into_inner) returns it.
    ///
    /// # Panics
    /// Panics if the source does. No permit is used, and the next poll polls the source again.
    ///
    /// # Cancel safety
    /// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item and no
    /// permit is lost.
    ///
    /// # Examples
    /// ```
    /// use core::pin::Pin;
    ///
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, Stream, StreamExt, stream};
    ///
    /// let (gate, mut numbers) = stream::iter(1..=5).gated();
    /// gate.push(2).expect("the stream is alive");
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(1)));
    /// assert_eq!((numbers.permits(), numbers.get_ref().size_hint().0), (1, 4));
    /// // Past the gate:
    /// assert_eq!(numbers.get_mut().next().now_or_never(), Some(Some(2)));
    /// assert_eq!(Pin::new(&mut numbers).get_pin_mut().next().now_or_never(), Some(Some(3)));
    /// assert_eq!(numbers.permits(), 1);
    /// // All that is left:
    /// let rest = numbers.into_inner();
    /// assert!(gate.is_stopped());
    /// assert_eq!(rest.collect::<Vec<_>>().now_or_never(), Some(vec![4, 5]));
    /// ```
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "gated_aiter")]
    pub struct Gated<S> {
        #[pin]
        source: S,
        permits: PermitReceiver,
        // `None` was returned.
        ended: bool,
    }
}

impl<S> fmt::Debug for Gated<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (permits, stopped) = self.permits.peek();
        f.debug_struct("Gated")
            .field("permits", &permits)
            .field("stopped", &stopped)
            .finish_non_exhaustive()
    }
}

impl<S> Gated<S> {
    pub(crate) fn new(source: S) -> (Gate, Self) {
        let state = Arc::new(PermitWord::new());
        let gate = Gate::new(state.clone());
        (gate, Self { source, permits: PermitReceiver::new(state), ended: false })
    }

    /// Returns the number of items that are permitted.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn permits(&self) -> u64 {
        self.permits.peek().0
    }

    /// Returns the source.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_ref(&self) -> &S {
        &self.source
    }

    /// Returns the source mutably.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.source
    }

    /// Returns the source mutably and pinned.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut S> {
        self.project().source
    }

    /// Stops the gates and returns the source, with all items that were not returned.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn into_inner(self) -> S {
        let Self { source, permits, .. } = self;
        // Before the return: if the drop of the waker panics, the source is dropped, not leaked.
        drop(permits);
        source
    }
}

inherent_next!([S] Gated<S>);

impl<S: Stream> FusedStream for Gated<S> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Progress> Progress for Gated<S> {
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if ready!(this.permits.poll_free(cx)) {
            this.source.poll_progress(cx)
        } else {
            Poll::Ready(())
        }
    }
}

impl<S: Stream> Stream for Gated<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        if !ready!(this.permits.poll_free(cx)) {
            *this.ended = true;
            return Poll::Ready(None);
        }
        let item = ready!(this.source.poll_next(cx));
        if item.is_some() {
            this.permits.free -= 1;
        } else {
            *this.ended = true;
            this.permits.close();
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (permits, stopped) = self.permits.peek();
        if permits == 0 && stopped {
            return (0, Some(0));
        }
        let permits = usize::try_from(permits).unwrap_or(usize::MAX);
        let (lower, upper) = self.source.size_hint();
        let upper = if stopped { upper.unwrap_or(permits).min(permits).into() } else { upper };
        (lower.min(permits), upper)
    }
}
