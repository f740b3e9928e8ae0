//! The future that pushes all items of an iterator.

use core::{
    fmt,
    future::Future,
    iter,
    pin::Pin,
    task::{Context, Poll, ready},
};

use aiter_core::{PushAllError, PushErrorKind};
use alloc::{collections::VecDeque, vec::Vec};

use crate::{
    bounded::{error::TryReserveError, gate::request::Request, pusher::BoundedPusher},
    util::Finally,
};

/// The largest number of items of one admission.
const RUN: usize = 32;

/// The future of [`BoundedPusher::push_all`].
#[must_use = "futures do nothing unless polled"]
pub struct PushAll<'a, T, I> {
    pusher: &'a BoundedPusher<T>,
    /// `None` once the future has completed.
    items: Option<I>,
    /// Items that were taken from the iterator and not yet pushed. At most one while the future
    /// waits, and up to a run after a panic.
    run: VecDeque<T>,
    pushed: usize,
    request: Request,
}

impl<T> BoundedPusher<T> {
    /// Waits for room and appends all items of an iterator. Yields how many it appended.
    ///
    /// Takes the room for a run of up to 32 items at once, if the iterator's `size_hint` promises
    /// as many. Waits in the line for one item at a time, as [`push`](Self::push) does. The items
    /// of one call stay in order. Items of other producers may lie between two runs.
    ///
    /// # Errors
    /// Returns [`PushAllError`] if the list is stopped or has no cursor, also while it waits. The
    /// error holds the number of items that were pushed, and all other items.
    ///
    /// # Panics
    /// A poll panics if the waker of a waiting task panics, or if the iterator panics. The next
    /// poll continues with the items that are left. If a waker panics, and the list was stopped or
    /// has lost its last cursor, up to a run of items is dropped and not counted.
    ///
    /// A poll panics if it is called after the future has completed.
    ///
    /// # Cancel safety
    /// If the future is dropped, the items that are not pushed are dropped with the iterator. At
    /// most one of them was taken from the iterator, unless a poll has panicked.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use futures_util::{StreamExt, future};
    ///
    /// # futures_executor::block_on(async {
    /// let (pusher, cursor) = bounded(8);
    /// let producer = async move { pusher.push_all(0..100).await };
    /// let (pushed, read) = future::join(producer, cursor.collect::<Vec<_>>()).await;
    /// assert_eq!(pushed.unwrap(), 100);
    /// assert!(read.into_iter().eq(0..100));
    /// # });
    /// ```
    pub fn push_all<I>(&self, items: I) -> PushAll<'_, T, I::IntoIter>
    where
        I: IntoIterator<Item = T>,
    {
        let (items, request) = (Some(items.into_iter()), Request::new(1));
        PushAll { pusher: self, items, run: VecDeque::new(), pushed: 0, request }
    }
}

impl<T, I: Iterator<Item = T>> PushAll<'_, T, I> {
    /// Waits for room for between one and `most` items.
    fn poll_admit(
        &mut self,
        cx: &mut Context<'_>,
        most: usize,
    ) -> Poll<Result<usize, PushErrorKind>> {
        let gate = &self.pusher.list.gate;
        if !self.request.is_queued() {
            match gate.try_admit(1, most) {
                Ok(n) => return Poll::Ready(Ok(n)),
                Err(TryReserveError::Full) => {}
                Err(TryReserveError::Stopped) => return Poll::Ready(Err(PushErrorKind::Stopped)),
                Err(TryReserveError::NoCursor) => return Poll::Ready(Err(PushErrorKind::NoCursor)),
            }
        }
        self.request.poll(gate, cx).map_ok(|()| 1)
    }

    /// Pushes up to `n` items into places that are admitted. Returns the places that it does not
    /// use, also if the iterator or a waker panics.
    fn push_run(&mut self, n: usize) -> Result<(), (PushErrorKind, Vec<T>)> {
        let Self { pusher, items, run, pushed, .. } = self;
        let before = *pushed;
        let pushed = Finally(pushed, |pushed: &mut &mut usize| {
            let left = n - (**pushed - before);
            if left > 0 {
                pusher.list.gate.release(left);
            }
        });
        // After a panic, the run may have more than `n` items.
        let more = n.saturating_sub(run.len());
        // User code.
        run.extend(items.iter_mut().flatten().take(more));
        // User code: wakers. If one panics, the items that are left stay in the run.
        let next_items = iter::from_fn(|| run.pop_front()).take(n);
        match pusher.core.push_all_counted(next_items, &mut *pushed.0) {
            Ok(_) => Ok(()),
            Err(error) => {
                let kind = error.kind();
                let mut unpushed: Vec<T> = error.into_unpushed().collect();
                unpushed.extend(run.drain(..));
                Err((kind, unpushed))
            }
        }
    }

    fn refuse(&mut self, kind: PushErrorKind, taken: Vec<T>) -> PushAllError<I> {
        let rest = self.items.take().expect("`poll` has used it");
        PushAllError::from_parts(kind, self.pushed, taken, rest)
    }
}

impl<T, I: Iterator<Item = T>> Future for PushAll<'_, T, I> {
    type Output = Result<usize, PushAllError<I>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            let items = this.items.as_mut().expect("must not be polled after it has completed");
            if this.run.is_empty() {
                // Before the wait, which would be in vain at the end of the iterator.
                let Some(item) = items.next() else {
                    this.items = None;
                    return Poll::Ready(Ok(this.pushed));
                };
                this.run.push_back(item);
            }
            let most = items.size_hint().0.min(RUN - 1) + 1;
            match ready!(this.poll_admit(cx, most)) {
                Ok(n) => {
                    if let Err((kind, unpushed)) = this.push_run(n) {
                        return Poll::Ready(Err(this.refuse(kind, unpushed)));
                    }
                }
                Err(kind) => {
                    let taken = core::mem::take(&mut this.run);
                    return Poll::Ready(Err(this.refuse(kind, taken.into())));
                }
            }
        }
    }
}

// Neither the items nor the iterator are pinned.
impl<T, I> Unpin for PushAll<'_, T, I> {}

impl<T, I> Drop for PushAll<'_, T, I> {
    fn drop(&mut self) {
        self.request.cancel(&self.pusher.list.gate);
    }
}

impl<T, I> fmt::Debug for PushAll<'_, T, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushAll")
            .field("pushed", &self.pushed)
            .field("is_waiting", &self.request.is_queued())
            .finish_non_exhaustive()
    }
}
