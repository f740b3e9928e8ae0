use core::{
    fmt,
    future::Future,
    pin::{Pin, pin},
    sync::atomic::{AtomicBool, Ordering, fence},
    task::{Context, Poll, Waker},
};

use futures_core::Stream;
use portable_atomic_util::{Arc, task::Wake};

use crate::{
    aiter_to_iter::AiterToIter,
    next::{BlockOnNext, NextItem},
};

/// A `block_on` without an operating system, which calls `idle` between the polls.
///
/// `idle` may return at any time, such as at every interrupt. It is called again until the future
/// is woken. It must return if a waker is called during the call or just before it. On Arm, `wfe`
/// satisfies this, because an earlier interrupt makes it return at once. `wfi` may miss an earlier
/// interrupt. Call it with interrupts masked, and only if the future is not woken. A masked
/// interrupt still ends `wfi`:
///
/// ```
/// # mod riscv { pub fn wfi() {} }
/// # mod critical_section { pub fn with<R>(f: impl FnOnce(()) -> R) -> R { f(()) } }
/// # use aiter_executor_compat::BlockOnIdle;
/// let board = BlockOnIdle::new(|idle| {
///     critical_section::with(|_| {
///         if !idle.is_woken() {
///             riscv::wfi();
///         }
///     })
/// });
/// ```
///
/// A `spin_loop` hint or a yield to the scheduler is always correct. A future that wakes itself is
/// polled again without a call of `idle`.
///
/// [`new`](Self::new) allocates the waker. No allocation is made per item.
///
/// # Panics
/// Panics if the future or `idle` panics.
///
/// # Examples
/// ```
/// use aiter_executor_compat::{BlockOnIdle, aiter_to_iter};
/// use futures_channel::mpsc;
///
/// let (sender, receiver) = mpsc::unbounded();
/// let mut interrupts = 1..=3;
/// // Firmware would call `cortex_m::asm::wfe()` here.
/// let mut board = BlockOnIdle::new(|_| match interrupts.next() {
///     Some(n) => sender.unbounded_send(n).expect("the receiver is alive"),
///     None => sender.close_channel(),
/// });
/// let items = aiter_to_iter(receiver, |next| board.block_on(next));
/// assert_eq!(items.sum::<i32>(), 6);
/// ```
#[doc(alias = "wfe")]
#[doc(alias = "wfi")]
pub struct BlockOnIdle<I> {
    idle: I,
    woken: Arc<Woken>,
    /// A waker that sets `woken`.
    waker: Waker,
}

struct Woken(AtomicBool);

/// The argument of `idle`, which tells whether the future was woken; see [`BlockOnIdle`].
///
/// # Examples
/// An `idle` that masks interrupts while it decides to sleep, so that no wake-up comes in between:
///
/// ```
/// use aiter_executor_compat::{BlockOnIdle, IdleHint};
/// use futures_channel::oneshot;
///
/// let (sender, receiver) = oneshot::channel();
/// let mut sender = Some(sender);
/// let mut sleeps = 0;
/// let mut board = BlockOnIdle::new(|idle: &IdleHint<'_>| {
///     // Interrupts are masked here.
///     if !idle.is_woken() {
///         sleeps += 1; // a `wfi` instruction
///     }
///     // Interrupts are enabled again. An interrupt handler runs.
///     sender.take().expect("the future is woken").send('a').expect("the receiver is alive");
/// });
/// assert_eq!(board.block_on(receiver), Ok('a'));
/// drop(board);
/// assert_eq!(sleeps, 1);
/// ```
#[derive(Debug)]
pub struct IdleHint<'a>(&'a AtomicBool);

impl IdleHint<'_> {
    /// Returns `true` if the future was woken.
    ///
    /// Wait-free. It may be called with interrupts masked.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn is_woken(&self) -> bool {
        // Acquire: synchronizes with the store in `Woken::wake`.
        self.0.load(Ordering::Acquire)
    }
}

impl Wake for Woken {
    fn wake(this: Arc<Self>) {
        // SeqCst: partner of the fence in `BlockOnIdle::wait`. Either the poll sees every store
        // before this call, or the store below comes after the one that `wait` makes before the
        // poll.
        fence(Ordering::SeqCst);
        // Release: synchronizes with `IdleHint::is_woken`, so the next poll sees every store before
        // this call.
        this.0.store(true, Ordering::Release);
    }
}

impl<I> fmt::Debug for BlockOnIdle<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockOnIdle").finish_non_exhaustive()
    }
}

impl<I: FnMut(&IdleHint<'_>)> BlockOnIdle<I> {
    /// Creates a `BlockOnIdle` that calls `idle` while the future is not woken.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn new(idle: I) -> Self {
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&woken));
        Self { idle, woken, waker }
    }

    /// Blocks until the future is ready.
    ///
    /// # Panics
    /// Panics if the future or `idle` panics.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn block_on<F: IntoFuture>(&mut self, future: F) -> F::Output {
        let mut slot = pin!(Some(future.into_future()));
        let output = slot.as_mut().as_pin_mut().map(|future| self.wait(future));
        // This drop may panic. It comes before the return, so the output is dropped and not leaked.
        slot.set(None);
        output.expect("the slot contains the future")
    }

    fn wait<F: Future>(&mut self, mut future: Pin<&mut F>) -> F::Output {
        let mut cx = Context::from_waker(&self.waker);
        loop {
            self.woken.0.store(false, Ordering::Relaxed);
            // SeqCst: partner of the fence in `Woken::wake`.
            fence(Ordering::SeqCst);
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            // Some cores have no atomic swap, so there are only loads and stores. The poll above
            // sees a wake-up before the store of `false`. `is_woken` sees a wake-up after it.
            let idle = IdleHint(&self.woken.0);
            while !idle.is_woken() {
                (self.idle)(&idle);
            }
        }
    }

    /// Converts a stream into a blocking iterator.
    ///
    /// It equals [`aiter_to_iter`](crate::aiter_to_iter) with this `BlockOnIdle`.
    ///
    /// # Examples
    /// ```
    /// use aiter_executor_compat::BlockOnIdle;
    /// use futures_util::stream;
    ///
    /// let items = BlockOnIdle::new(|_| core::hint::spin_loop()).iter(stream::iter([1, 2, 3]));
    /// assert_eq!(items.sum::<i32>(), 6);
    /// ```
    pub fn iter<S: Stream>(self, stream: S) -> AiterToIter<S, Self> {
        AiterToIter::new(stream, self)
    }
}

impl<S: Stream, I: FnMut(&IdleHint<'_>)> BlockOnNext<S> for BlockOnIdle<I> {
    fn block_on_next(&mut self, next: NextItem<'_, S>) -> Option<S::Item> {
        self.block_on(next)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec::Vec};
    use core::{
        cell::{Cell, RefCell},
        future::poll_fn,
    };

    use futures_util::stream;

    use super::*;
    use crate::aiter_to_iter;

    #[test]
    fn ready_or_self_woken_future_never_idles() {
        let mut left = 5;
        let ready = poll_fn(|cx| {
            left -= 1;
            if left == 0 {
                return Poll::Ready(7);
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        let mut block_on = BlockOnIdle::new(|_| panic!("`idle` must not be called"));
        assert_eq!(block_on.block_on(ready), 7);
        assert_eq!(format!("{block_on:?}"), "BlockOnIdle { .. }");
    }

    #[test]
    fn idle_runs_until_wake() {
        let waker = RefCell::new(None::<Waker>);
        let (idles, mut polls) = (Cell::new(0), 0);
        let idle = |idle: &IdleHint<'_>| {
            assert!(!idle.is_woken());
            idles.set(idles.get() + 1);
            // Every third interrupt wakes the stream.
            if idles.get() % 3 == 0 {
                waker.borrow().as_ref().expect("the stream was polled").wake_by_ref();
                assert!(idle.is_woken());
            }
        };
        let items = stream::poll_fn(|cx| {
            polls += 1;
            *waker.borrow_mut() = Some(cx.waker().clone());
            let item = if polls < 8 { Some(polls) } else { None };
            if polls % 2 == 0 { Poll::Ready(item) } else { Poll::Pending }
        });
        let items: Vec<i32> = BlockOnIdle::new(idle).iter(items).collect();
        assert_eq!(items, [2, 4, 6]);
        assert_eq!((polls, idles.get()), (8, 12));
    }

    #[test]
    fn wake_of_earlier_wait_costs_one_poll() {
        let old = RefCell::new(None::<Waker>);
        let mut block_on = BlockOnIdle::new(|_| old.borrow().as_ref().unwrap().wake_by_ref());
        for _ in 0..3 {
            let mut polls = 0;
            block_on.block_on(poll_fn(|cx| {
                polls += 1;
                *old.borrow_mut() = Some(cx.waker().clone());
                if polls < 3 { Poll::Pending } else { Poll::Ready(()) }
            }));
            assert_eq!(polls, 3);
            old.borrow().as_ref().unwrap().wake_by_ref();
        }
    }

    #[test]
    fn block_on_idle_works_in_closure() {
        let mut block_on = BlockOnIdle::new(|_| core::hint::spin_loop());
        assert!(aiter_to_iter(stream::iter(0..3), |next| block_on.block_on(next)).eq(0..3));
    }
}
