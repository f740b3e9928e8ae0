//! `Inspected`, a stream that a registry knows by name.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_adapters::StreamNext;
use aiter_core::TryNextError;
use futures_core::{FusedStream, Stream};
use pin_project_lite::pin_project;

use crate::inspect::{
    position::{Functions, ListCursor},
    stream::Handle,
};

pin_project! {
    /// A stream that a [`Registry`](crate::inspect::Registry) knows by name.
    ///
    /// It passes each poll on, and counts polls, items and waits. After the end, it no longer polls
    /// the stream. A clone belongs to the same row.
    ///
    /// # Panics
    /// A poll panics if a poll of the stream does.
    ///
    /// # Cancel safety
    /// Cancel safe if the stream is.
    ///
    /// # Examples
    /// ```
    /// use aiter::{inspect::Registry, iter_to_aiter};
    ///
    /// let registry = Registry::new();
    /// let mut numbers = registry.stream("numbers", iter_to_aiter(0..3));
    /// # aiter::BlockOn::new().block_on(async {
    /// while let Some(_) = numbers.next().await {}
    /// # });
    /// let row = &registry.snapshot().streams[0];
    /// assert_eq!((&*row.name, row.taken, row.ended), ("numbers", 3, 1));
    /// ```
    #[must_use = "streams do nothing unless polled"]
    pub struct Inspected<S> {
        // Dropped first, so that the list of a cursor outlives its row in the registry.
        handle: Handle,
        functions: Functions<S>,
        #[pin]
        stream: S,
    }
}

impl<S> Inspected<S> {
    pub(super) fn new(handle: Handle, functions: Functions<S>, stream: S) -> Self {
        Self { handle, functions, stream }
    }

    /// Returns the stream, for example to fork a cursor.
    ///
    /// # Examples
    /// ```
    /// use aiter::{inspect::Registry, push_list};
    ///
    /// let (registry, (pusher, cursor)) = (Registry::new(), push_list());
    /// let first = registry.cursor("first", cursor);
    /// let mut second = registry.cursor("second", first.get_ref().fork());
    /// pusher.push(1)?;
    /// assert_eq!(second.try_next(), Ok(1));
    /// # Ok::<(), aiter::PushError<i32>>(())
    /// ```
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Returns the stream. Items that are read through it are not counted, and the lag of a cursor
    /// does not see them until the next read of this handle.
    ///
    /// # Examples
    /// ```
    /// use aiter::{inspect::Registry, push_list};
    ///
    /// let (registry, (pusher, cursor)) = (Registry::new(), push_list());
    /// let mut reader = registry.cursor("reader", cursor);
    /// pusher.push_all([1, 2, 3]).unwrap();
    /// assert_eq!(reader.get_mut().skip_items(2), 2);
    /// assert_eq!(reader.try_next(), Ok(3));
    /// assert_eq!(registry.snapshot().stream("reader").unwrap().taken, 1);
    /// ```
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Returns the stream, which is no longer inspected.
    ///
    /// # Examples
    /// ```
    /// use aiter::{inspect::Registry, push_list};
    ///
    /// let (registry, (_pusher, cursor)) = (Registry::new(), push_list::<u8>());
    /// let reader = registry.cursor("reader", cursor);
    /// assert_eq!(registry.snapshot().stream("reader").unwrap().live, 1);
    /// let cursor = reader.into_inner();
    /// assert_eq!(registry.snapshot().stream("reader").unwrap().live, 0);
    /// # drop(cursor);
    /// ```
    pub fn into_inner(self) -> S {
        self.stream
    }

    /// Waits for the next item. Returns `None` at the end.
    ///
    /// # Panics
    /// A poll panics if a poll of the [stream](Self) does.
    ///
    /// # Cancel safety
    /// Cancel safe if the stream is. If the future over a cursor is dropped, the cursor leaves no
    /// waker in its list.
    ///
    /// # Examples
    /// ```
    /// use aiter::{BlockOn, inspect::Registry, push_list};
    ///
    /// let (registry, (pusher, cursor)) = (Registry::new(), push_list());
    /// let mut cursor = registry.cursor("reader", cursor);
    /// pusher.push(1)?;
    /// assert_eq!(BlockOn::new().block_on(cursor.next()), Some(1));
    /// # Ok::<(), aiter::PushError<i32>>(())
    /// ```
    #[expect(clippy::should_implement_trait, reason = "replaces `StreamExt::next`")]
    pub fn next(&mut self) -> StreamNext<'_, Self>
    where
        S: Stream + Unpin,
    {
        StreamNext::new(self, |this| {
            this.handle.set_waiting(false);
            (this.functions.cancel_wait)(&mut this.stream);
        })
    }
}

/// Returns the number of items that the stream holds. An endless source holds none.
fn depth(stream: &impl Stream) -> usize {
    match stream.size_hint() {
        (usize::MAX, _) => 0,
        (least, _) => least,
    }
}

impl<C: ListCursor> Inspected<C> {
    /// Takes the next item if one is ready, and counts it. Never waits.
    ///
    /// # Errors
    /// Returns the [`TryNextError`] of the cursor.
    ///
    /// # Panics
    /// Panics as `try_next` of the cursor does.
    ///
    /// # Examples
    /// ```
    /// use aiter::{TryNextError, inspect::Registry, push_list};
    ///
    /// let (registry, (pusher, cursor)) = (Registry::new(), push_list());
    /// let mut cursor = registry.cursor("reader", cursor);
    /// pusher.push(1)?;
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
    /// # Ok::<(), aiter::PushError<i32>>(())
    /// ```
    #[doc(alias = "try_recv")]
    pub fn try_next(&mut self) -> Result<C::Item, TryNextError> {
        let taken = self.stream.take();
        let read = match &taken {
            Ok(_) => Poll::Ready(Some(())),
            Err(TryNextError::Ended) => Poll::Ready(None),
            // A task that waits since an earlier poll still waits.
            Err(_) => return taken,
        };
        let stream = &self.stream;
        self.handle.end_read(&read, stream.next_index(), stream.missed(), depth(stream));
        taken
    }
}

impl<S: Stream> Stream for Inspected<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        if this.handle.has_ended() {
            return Poll::Ready(None);
        }
        let mut stream = this.stream;
        let polled = {
            let _nested = this.handle.begin_poll();
            stream.as_mut().poll_next(cx)
        };
        let stream = stream.into_ref().get_ref();
        let (index, missed) =
            ((this.functions.next_index)(stream), (this.functions.missed)(stream));
        let depth = if let Poll::Ready(None) = polled { 0 } else { depth(stream) };
        this.handle.end_read(&polled, index, missed, depth);
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.handle.has_ended() { (0, Some(0)) } else { self.stream.size_hint() }
    }
}

impl<S: Stream> FusedStream for Inspected<S> {
    /// Returns `true` if the stream has returned its end to this handle.
    fn is_terminated(&self) -> bool {
        self.handle.has_ended()
    }
}

impl<S: Clone> Clone for Inspected<S> {
    /// Clones the stream. The clone belongs to the same row, and has not returned the end yet.
    fn clone(&self) -> Self {
        Self::new(self.handle.clone(), self.functions, self.stream.clone())
    }
}

impl<S> fmt::Debug for Inspected<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspected")
            .field("name", &self.handle.entry.name)
            .field("ended", &self.handle.has_ended())
            .finish_non_exhaustive()
    }
}
