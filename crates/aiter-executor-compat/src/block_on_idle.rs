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

/// Blocks on a future without an operating system: polls it after each wake-up, and calls `idle`
/// in between.
///
/// `idle` may return at any time, such as at every interrupt. It is called again until the future
/// is woken. It must return once a waker may have been called, also just before the call of `idle`.
/// On Arm `wfe` does so, because an interrupt that came before it makes it return at once. `wfi`
/// may sleep through to the next interrupt. So call it with interrupts masked, which still lets
/// them end it, and only if the sleep is not over:
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
/// A `spin_loop` hint or the system's `yield` works everywhere. A future that wakes itself is
/// polled again without a call of `idle`.
///
/// [`new`](Self::new) makes one small allocation for the waker. Nothing is allocated for an item.
///
/// # Panics
///
/// Panics if the future or `idle` does.
///
/// # Examples
///
/// ```
/// use aiter_executor_compat::{BlockOnIdle, aiter_to_iter};
/// use futures_channel::mpsc;
///
/// let (sender, receiver) = mpsc::unbounded();
/// let mut interrupts = 1..=3;
/// // Where a firmware would say `cortex_m::asm::wfe()`:
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
    /// Sets `woken`.
    waker: Waker,
}

struct Woken(AtomicBool);

/// The argument of a [`BlockOnIdle`]'s `idle`: whether the future is still not woken.
#[derive(Debug)]
pub struct IdleHint<'a>(&'a AtomicBool);

impl IdleHint<'_> {
    /// Returns `true` once the future is woken. Wait-free, and may be called with interrupts
    /// masked.
    pub fn is_woken(&self) -> bool {
        // Acquire: partner of `Woken::wake`.
        self.0.load(Ordering::Acquire)
    }
}

impl Wake for Woken {
    fn wake(this: Arc<Self>) {
        // SeqCst: partner of the fence in `block_on`. Either the poll sees what was done before this
        // call, or this store comes after the one that `block_on` makes before the poll.
        fence(Ordering::SeqCst);
        // Release: partner of `IdleHint::is_woken`: what was done before the call is seen by the poll.
        this.0.store(true, Ordering::Release);
    }
}

impl<I> fmt::Debug for BlockOnIdle<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockOnIdle").finish_non_exhaustive()
    }
}

impl<I: FnMut(&IdleHint<'_>)> BlockOnIdle<I> {
    /// Calls `idle` while there is nothing to do.
    pub fn new(idle: I) -> Self {
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&woken));
        Self { idle, woken, waker }
    }

    /// Blocks until the future is ready.
    ///
    /// # Panics
    ///
    /// Panics if the future or `idle` does.
    pub fn block_on<F: IntoFuture>(&mut self, future: F) -> F::Output {
        let mut slot = pin!(Some(future.into_future()));
        let output = slot.as_mut().as_pin_mut().map(|future| self.wait(future));
        // Before the return: if this panics, the output is dropped, not leaked.
        slot.set(None);
        output.expect("the future is in its slot")
    }

    fn wait<F: Future>(&mut self, mut future: Pin<&mut F>) -> F::Output {
        let mut cx = Context::from_waker(&self.waker);
        loop {
            self.woken.0.store(false, Ordering::Relaxed);
            // SeqCst: see `Woken::wake`.
            fence(Ordering::SeqCst);
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            // Loads and stores only: there are cores without a swap. A call that comes after the
            // store above is seen here or later; one before it, by the poll.
            let idle = IdleHint(&self.woken.0);
            while !idle.is_woken() {
                (self.idle)(&idle);
            }
        }
    }

    /// Makes a blocking iterator over the stream's items.
    ///
    /// It is [`aiter_to_iter`](crate::aiter_to_iter) with this `BlockOnIdle`.
    ///
    /// # Examples
    ///
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
        let mut block_on = BlockOnIdle::new(|_| panic!("there is something to do"));
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
            // Every third interrupt is about the stream.
            if idles.get() % 3 == 0 {
                waker.borrow().as_ref().expect("it was polled").wake_by_ref();
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
