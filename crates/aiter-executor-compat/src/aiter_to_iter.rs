use alloc::boxed::Box;
use core::{fmt, iter::FusedIterator, pin::Pin};

use futures_core::Stream;

use crate::next::{BlockOnNext, NextItem};

/// Converts a stream into an iterator that blocks on each item.
///
/// `block_on` is a closure around the `block_on` of any executor, such as `|next|
/// runtime.block_on(next)`. With feature `std`, it may be the built-in
/// [`park_thread`](crate::park_thread). It is called once per item, with a future that borrows the
/// stream. Each poll of that future polls the stream once, so the bridge adds no polls. If
/// `block_on` returns `None`, the iterator has ended.
///
/// A generic function such as `smol::block_on` needs a closure:
/// `aiter_to_iter(stream, |next| smol::block_on(next))`. See [`BlockOnNext`] for the reason.
///
/// The stream is boxed once, so it need not be `Unpin`. No allocation is made per item.
///
/// A loop over the cursor of a push list ends after the list is `stop`ped or every `Pusher` is
/// dropped. If the looping thread holds a `Pusher`, the loop waits forever. Drop the `Pusher`, or
/// call `stop`, before the loop.
///
/// In this picture, a band is the body of the loop, and a hatched band is the blocked thread. The
/// stream is polled only while the thread blocks.
///
#[cfg_attr(not(rust_analyzer), doc = include_str!("../docs/marbles/aiter_to_iter.svg"))]
///
/// Use it on threads that may block. A thread of an executor must not wait for an item from a task
/// of the same thread. The [crate documentation](crate#deadlocks) lists
/// alternatives.
///
/// # Panics
/// `next` panics if `block_on` or the stream panics. With feature `std`, it panics if it would wait
/// inside a future under `forbid_blocking`. The iterator stays usable after a panic.
///
/// # Examples
/// ```
/// use aiter_executor_compat::{aiter_to_iter, park_thread};
/// use futures_util::stream;
///
/// let mut sum = 0;
/// for n in aiter_to_iter(stream::iter([1, 2, 3]), park_thread) {
///     sum += n;
/// }
/// assert_eq!(sum, 6);
/// ```
///
/// With the `block_on` of an executor, and a stream that is not `Unpin`:
///
/// ```
/// use aiter_executor_compat::aiter_to_iter;
/// use futures_util::{StreamExt, stream};
///
/// let doubled = stream::iter([1, 2, 3]).then(|n| async move {
///     smol::future::yield_now().await;
///     2 * n
/// });
/// let items: Vec<i32> = aiter_to_iter(doubled, |next| smol::block_on(next)).collect();
/// assert_eq!(items, [2, 4, 6]);
/// ```
pub fn aiter_to_iter<S, B>(stream: S, block_on: B) -> AiterToIter<S, B>
where
    S: Stream,
    B: BlockOnNext<S> + for<'a> FnMut(NextItem<'a, S>) -> Option<S::Item>,
{
    AiterToIter::new(stream, block_on)
}

/// A blocking iterator over the items of a stream; returned by [`aiter_to_iter`].
///
/// `size_hint` is that of the stream. After its first `None`, the iterator returns `None` without
/// polling the stream, so the stream need not be fused. Dropping the iterator drops the stream and
/// its remaining items. Use `Iterator::by_ref` to take some items and keep the rest.
///
/// # Examples
/// ```
/// use aiter_executor_compat::{aiter_to_iter, park_thread};
/// use futures_util::stream;
///
/// let mut items = aiter_to_iter(stream::iter(1..=5), park_thread);
/// assert_eq!(items.by_ref().take(2).sum::<i32>(), 3);
/// assert_eq!(items.sum::<i32>(), 12);
/// ```
#[doc(alias = "aiter_to_iter")]
#[must_use = "iterators do nothing unless iterated over"]
pub struct AiterToIter<S, B> {
    stream: Pin<Box<S>>,
    block_on: B,
    /// Whether the stream or `block_on` has returned `None`.
    ended: bool,
}

impl<S, B> fmt::Debug for AiterToIter<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AiterToIter").field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl<S, B> AiterToIter<S, B> {
    pub(crate) fn new(stream: S, block_on: B) -> Self {
        Self { stream: Box::pin(stream), block_on, ended: false }
    }

    /// Blocks on the next item with another `block_on`, such as one with a timeout.
    ///
    /// `block_on` is called once. After the end of the stream, the future returns `None`. If
    /// `block_on` drops the future before it is ready, no item is lost.
    ///
    /// For threads that park, use `AiterToIter<S, BlockOn>::next_timeout`.
    ///
    /// # Panics
    /// Panics if `block_on` or the stream panics. With feature `std`, it panics if the future is
    /// pending inside a future under `forbid_blocking`.
    ///
    /// # Examples
    /// With a timeout of tokio, where `timeout` must be called inside the runtime:
    ///
    /// ```
    /// use core::time::Duration;
    ///
    /// use aiter_executor_compat::aiter_to_iter;
    /// use futures_channel::mpsc;
    /// use tokio::time::timeout;
    ///
    /// let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    /// let (sender, receiver) = mpsc::unbounded();
    /// let mut items = aiter_to_iter(receiver, |next| runtime.block_on(next));
    /// let limit = Duration::from_millis(5);
    ///
    /// let late = items.next_with(|next| runtime.block_on(async { timeout(limit, next).await }));
    /// assert!(late.is_err());
    ///
    /// sender.unbounded_send('a').expect("the receiver is alive");
    /// let item = items.next_with(|next| runtime.block_on(async { timeout(limit, next).await }));
    /// assert_eq!(item, Ok(Some('a')));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// With smol and a deadline:
    ///
    /// ```
    /// use core::time::Duration;
    /// use std::time::Instant;
    ///
    /// use aiter_executor_compat::{Elapsed, NextItem, aiter_to_iter};
    /// use futures_channel::mpsc;
    /// use smol::future::FutureExt;
    ///
    /// fn until<T>(
    ///     deadline: Instant,
    ///     next: impl Future<Output = T>,
    /// ) -> Result<T, Elapsed> {
    ///     let late = async {
    ///         smol::Timer::at(deadline).await;
    ///         Err(Elapsed)
    ///     };
    ///     smol::block_on(async { Ok(next.await) }.or(late))
    /// }
    ///
    /// let (sender, receiver) = mpsc::unbounded();
    /// let mut items = aiter_to_iter(receiver, |next| smol::block_on(next));
    /// let deadline = Instant::now() + Duration::from_millis(5);
    /// assert_eq!(items.next_with(|next| until(deadline, next)), Err(Elapsed));
    ///
    /// sender.unbounded_send('a').expect("the receiver is alive");
    /// drop(sender);
    /// assert_eq!(items.next_with(|next| until(deadline, next)), Ok(Some('a')));
    /// assert_eq!(items.next_with(smol::block_on), None);
    /// ```
    pub fn next_with<'a, T>(&'a mut self, block_on: impl FnOnce(NextItem<'a, S>) -> T) -> T {
        block_on(NextItem::new(self.stream.as_mut(), &mut self.ended))
    }

    /// Returns a reference to the stream, with its remaining items.
    ///
    /// # Examples
    /// ```
    /// use aiter_executor_compat::{aiter_to_iter, park_thread};
    /// use futures_util::{Stream, stream};
    ///
    /// let mut numbers = aiter_to_iter(stream::iter([1, 2, 3]), park_thread);
    /// assert_eq!(numbers.next(), Some(1));
    /// assert_eq!(numbers.get_ref().size_hint(), (2, Some(2)));
    /// ```
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Returns a mutable reference to the stream.
    ///
    /// # Examples
    /// A loop that stops its own stream, and still reads what was sent before:
    ///
    /// ```
    /// use aiter_executor_compat::{aiter_to_iter, park_thread};
    /// use futures_channel::mpsc;
    ///
    /// let (sender, receiver) = mpsc::unbounded();
    /// sender.unbounded_send('a').expect("the receiver is alive");
    /// sender.unbounded_send('b').expect("the receiver is alive");
    /// let mut letters = aiter_to_iter(receiver, park_thread);
    /// letters.get_mut().close();
    /// assert!(sender.unbounded_send('c').is_err());
    /// assert!(letters.eq(['a', 'b']));
    /// ```
    pub fn get_mut(&mut self) -> &mut S
    where
        S: Unpin,
    {
        &mut self.stream
    }

    /// Returns a pinned mutable reference to the stream.
    ///
    /// # Examples
    /// ```
    /// use aiter_executor_compat::{aiter_to_iter, park_thread};
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// // A stream of `async` blocks is not `Unpin`.
    /// let squares = stream::iter(1..=3).then(|n| async move { n * n });
    /// let mut squares = aiter_to_iter(squares, park_thread);
    /// assert_eq!(squares.next(), Some(1));
    /// // Takes an item only if it is ready.
    /// assert_eq!(squares.get_pin_mut().next().now_or_never(), Some(Some(4)));
    /// ```
    pub fn get_pin_mut(&mut self) -> Pin<&mut S> {
        self.stream.as_mut()
    }

    /// Returns the stream, with its remaining items.
    ///
    /// # Examples
    /// ```
    /// use aiter_executor_compat::{aiter_to_iter, park_thread};
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let mut letters = aiter_to_iter(stream::iter("ab".chars()), park_thread);
    /// assert_eq!(letters.next(), Some('a'));
    /// let mut rest = letters.into_inner();
    /// assert_eq!(rest.next().now_or_never(), Some(Some('b')));
    /// ```
    pub fn into_inner(self) -> S
    where
        S: Unpin,
    {
        *Pin::into_inner(self.into_pin())
    }

    /// Returns the stream in its box. The stream need not be `Unpin`.
    ///
    /// # Examples
    /// ```
    /// use aiter_executor_compat::{aiter_to_iter, park_thread};
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// // A stream of `async` blocks is not `Unpin`.
    /// let squares = stream::iter(1..=3).then(|n| async move { n * n });
    /// let mut squares = aiter_to_iter(squares, park_thread);
    /// assert_eq!(squares.next(), Some(1));
    /// let rest = squares.into_pin();
    /// assert_eq!(rest.collect::<Vec<_>>().now_or_never(), Some(vec![4, 9]));
    /// ```
    pub fn into_pin(self) -> Pin<Box<S>> {
        let Self { stream, block_on, .. } = self;
        // This drop may panic. It comes before the return, so the stream is dropped and not leaked.
        drop(block_on);
        stream
    }
}

impl<S: Stream, B: BlockOnNext<S>> Iterator for AiterToIter<S, B> {
    type Item = S::Item;

    #[inline]
    fn next(&mut self) -> Option<S::Item> {
        if self.ended {
            return None;
        }
        let item =
            self.block_on.block_on_next(NextItem::new(self.stream.as_mut(), &mut self.ended));
        if item.is_none() {
            self.ended = true;
        }
        item
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.ended { (0, Some(0)) } else { self.stream.size_hint() }
    }
}

impl<S: Stream, B: BlockOnNext<S>> FusedIterator for AiterToIter<S, B> {}

#[cfg(test)]
mod tests {
    use alloc::{format, rc::Rc, vec::Vec};
    use core::{
        cell::Cell,
        future::Future,
        marker::PhantomPinned,
        task::{Context, Poll, Waker},
    };

    use futures_util::{
        FutureExt,
        stream::{self, StreamExt},
    };

    use super::*;

    /// Returns the next item, which must be ready.
    fn poll_once<S: Stream>(mut next: NextItem<'_, S>) -> Option<S::Item> {
        match Pin::new(&mut next).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(item) => item,
            Poll::Pending => panic!("the stream is not ready"),
        }
    }

    #[test]
    fn iterator_yields_all_items_in_order() {
        assert!(aiter_to_iter(stream::iter(0..3), poll_once).eq(0..3));
    }

    #[test]
    fn each_item_and_end_block_once() {
        let mut calls = 0;
        let items = aiter_to_iter(stream::iter(0..3), |next| {
            calls += 1;
            poll_once(next)
        });
        assert_eq!(items.count(), 3);
        assert_eq!(calls, 4);
    }

    #[test]
    fn ended_iterator_does_not_poll_again() {
        let calls = Cell::new(0);
        // The stream is not fused: the second poll returns `None`, and later polls return items.
        let odd = stream::poll_fn(|_| {
            calls.set(calls.get() + 1);
            Poll::Ready((calls.get() != 2).then_some(()))
        });
        let mut items = aiter_to_iter(odd, poll_once);
        assert_eq!(items.next(), Some(()));
        for _ in 0..3 {
            assert_eq!(items.next(), None);
            assert_eq!(items.size_hint(), (0, Some(0)));
        }
        assert_eq!(calls.get(), 2);
    }

    #[test]
    fn size_hint_equals_that_of_stream() {
        let mut items = aiter_to_iter(stream::iter(0..3), poll_once);
        for left in (0..3).rev() {
            assert!(items.next().is_some());
            assert_eq!(items.size_hint(), (left, Some(left)));
        }
        let unknown = aiter_to_iter(stream::repeat(()), poll_once);
        assert_eq!(unknown.size_hint(), (usize::MAX, None));
    }

    #[test]
    fn iterator_accepts_pinned_or_local_stream() {
        let local = Rc::new(Cell::new(0));
        let pinned = stream::iter([1, 2, 3]).then(|n| {
            let local = &local;
            async move {
                let _pinned = PhantomPinned;
                local.set(local.get() + n);
                n
            }
        });
        let mut items = aiter_to_iter(pinned, poll_once);
        assert_eq!(items.next(), Some(1));
        // Moving the box does not move the pinned stream.
        let mut rest = Vec::from_iter([items]).pop().expect("the vector has one iterator");
        assert_eq!(rest.next(), Some(2));
        assert_eq!(rest.into_pin().next().now_or_never(), Some(Some(3)));
        assert_eq!(local.get(), 6);
    }

    #[test]
    fn by_ref_and_into_inner_keep_rest() {
        let mut items = aiter_to_iter(stream::iter(0..6), poll_once);
        assert!(items.by_ref().take(2).eq(0..2));
        assert_eq!(items.get_ref().size_hint(), (4, Some(4)));
        assert_eq!(items.get_mut().next().now_or_never().flatten(), Some(2));
        assert_eq!(items.get_pin_mut().next().now_or_never().flatten(), Some(3));
        let rest = items.into_inner();
        assert!(aiter_to_iter(rest, poll_once).eq(4..6));
    }

    #[test]
    fn iterator_drop_drops_stream() {
        let source = Rc::new(());
        let held = Rc::clone(&source);
        let mut items = aiter_to_iter(stream::repeat_with(move || Rc::clone(&held)), poll_once);
        drop(items.next());
        assert_eq!(Rc::strong_count(&source), 2);
        drop(items);
        assert_eq!(Rc::strong_count(&source), 1);
    }

    #[test]
    fn dropped_next_takes_no_item() {
        let mut first = true;
        let mut items = aiter_to_iter(stream::iter(0..3), move |next| {
            if core::mem::take(&mut first) { Some(99) } else { poll_once(next) }
        });
        assert_eq!(items.next(), Some(99));
        assert!(items.eq(0..3));
    }

    #[test]
    fn debug_shows_state_without_items() {
        let mut items = aiter_to_iter(stream::iter(["secret"]), |next| {
            assert_eq!(format!("{next:?}"), "NextItem { .. }");
            poll_once(next)
        });
        assert_eq!(format!("{items:?}"), "AiterToIter { ended: false, .. }");
        assert_eq!(items.by_ref().count(), 1);
        assert_eq!(format!("{items:?}"), "AiterToIter { ended: true, .. }");
    }

    #[test]
    fn auto_traits_follow_stream_and_closure() {
        fn check<T: Send + Sync + Unpin>(_: &T) {}
        type Source = stream::Iter<core::ops::Range<u8>>;
        check(&aiter_to_iter(stream::iter(0_u8..3), poll_once::<Source>));
        let pinned = stream::iter(0..3).then(|n| async move { n });
        check(&aiter_to_iter(pinned, poll_once));
    }
}
