use core::{
    convert::Infallible,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

/// The future of the next item, which [`aiter_to_iter`](crate::aiter_to_iter) passes to its
/// `block_on`.
///
/// The output is the item, or `None` at the end of the stream. Each poll polls the stream once,
/// with the same waker, until the stream has ended.
///
/// # Panics
/// Panics if the stream panics. With feature `std`, it also panics if the stream is pending inside
/// a future under `forbid_blocking`.
///
/// # Cancel safety
/// Cancel safe. If it is dropped before it is ready, no item is lost.
#[must_use = "futures do nothing unless polled"]
pub struct NextItem<'a, S: ?Sized> {
    stream: Pin<&'a mut S>,
    /// Whether the stream has returned `None`.
    ended: &'a mut bool,
}

impl<S: ?Sized> fmt::Debug for NextItem<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextItem").finish_non_exhaustive()
    }
}

impl<'a, S: ?Sized> NextItem<'a, S> {
    #[inline]
    pub(crate) fn new(stream: Pin<&'a mut S>, ended: &'a mut bool) -> Self {
        Self { stream, ended }
    }
}

impl<S: Stream + ?Sized> Future for NextItem<'_, S> {
    type Output = Option<S::Item>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.get_mut();
        if *this.ended {
            return Poll::Ready(None);
        }
        let polled = this.stream.as_mut().poll_next(cx);
        match polled {
            #[cfg(feature = "std")]
            Poll::Pending => crate::forbid::check_allowed(),
            Poll::Ready(None) => *this.ended = true,
            _ => {}
        }
        polled
    }
}

/// A way to block on the next item of a stream, used by [`AiterToIter`](crate::AiterToIter).
///
/// The trait is implemented for the closures that [`aiter_to_iter`](crate::aiter_to_iter) takes,
/// for `BlockOn` and for [`BlockOnIdle`](crate::BlockOnIdle).
///
/// A generic function such as `smol::block_on` does not implement the trait, because a function
/// that is passed by name is fixed to one lifetime. Wrap it in a closure. Without a closure, the
/// compiler reports "needs a closure around this `block_on`".
/// [`AiterToIter::next_with`](crate::AiterToIter::next_with) takes such a function by name.
///
/// ```
/// use aiter_executor_compat::aiter_to_iter;
/// use futures_util::stream;
///
/// let items = aiter_to_iter(stream::iter([1, 2]), |next| smol::block_on(next));
/// assert_eq!(items.sum::<i32>(), 3);
/// ```
///
/// ```compile_fail,E0277
/// use aiter_executor_compat::aiter_to_iter;
/// use futures_util::stream;
///
/// let items = aiter_to_iter(stream::iter([1, 2]), smol::block_on);
/// assert_eq!(items.sum::<i32>(), 3);
/// ```
#[diagnostic::on_unimplemented(
    message = "`aiter_to_iter` needs a closure around this `block_on`",
    label = "write `|next| block_on(next)` around it",
    note = "the function is called with `NextItem<'a, S>` for any lifetime `'a`",
    note = "a generic function that is passed by name is fixed to a single lifetime"
)]
pub trait BlockOnNext<S: Stream> {
    /// Blocks until `next` is ready, and returns the item, or `None` at the end of the stream.
    ///
    /// # Examples
    /// Waits for one item in another way than the other items:
    ///
    /// ```
    /// use core::time::Duration;
    ///
    /// use aiter_executor_compat::{BlockOn, BlockOnNext, aiter_to_iter};
    /// use futures_util::stream;
    ///
    /// let mut letters = aiter_to_iter(stream::iter("ab".chars()), |next| smol::block_on(next));
    /// let mut strict = BlockOn::new().max_wait(Duration::from_secs(5));
    /// assert_eq!(letters.next_with(|next| strict.block_on_next(next)), Some('a'));
    /// assert_eq!(letters.next(), Some('b'));
    /// ```
    fn block_on_next(&mut self, next: NextItem<'_, S>) -> Option<S::Item>;
}

impl<S, F> BlockOnNext<S> for F
where
    S: Stream,
    F: for<'a> FnMut(NextItem<'a, S>) -> Option<S::Item>,
{
    #[inline]
    fn block_on_next(&mut self, next: NextItem<'_, S>) -> Option<S::Item> {
        self(next)
    }
}

/// Applies to no type, but improves an error message.
///
/// With two impls, the compiler reports that a function fixed to one lifetime does not implement
/// the trait, with the message above. With one impl, the compiler selects that impl and reports
/// "implementation of `FnMut` is not general enough".
#[doc(hidden)]
impl<S, F> BlockOnNext<S> for F
where
    S: Stream,
    Constrained<F>: Unimplemented,
{
    fn block_on_next(&mut self, _: NextItem<'_, S>) -> Option<S::Item> {
        match <Constrained<F> as Unimplemented>::NEVER {}
    }
}

struct Constrained<F: ?Sized>(PhantomData<F>);

/// A trait that no type implements.
trait Unimplemented {
    const NEVER: Infallible;
}
