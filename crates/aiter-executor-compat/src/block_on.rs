use core::{
    error::Error,
    fmt,
    pin::{Pin, pin},
    time::Duration,
};
use std::{thread, time::Instant};

use futures_core::Stream;

use crate::{
    aiter_to_iter::AiterToIter,
    forbid::ADVICE,
    next::{BlockOnNext, NextItem},
    parker::{self, FirstPoll, WaitError},
};

/// Parks the thread until the next item is ready.
///
/// It is the simplest second argument of [`aiter_to_iter`](crate::aiter_to_iter), and equals
/// [`BlockOn::new`]. For a wait with a timeout, use [`BlockOn::iter`] instead, as in
/// `BlockOn::new().iter(stream).next_timeout(time)`. A loop over the cursor of a push list ends
/// after the list is `stop`ped or every `Pusher` is dropped. If this thread holds a `Pusher`, the
/// loop waits forever. Drop the `Pusher`, or call `stop`, before the loop.
///
/// # Panics
/// Panics if the stream panics, or if [nothing can end the wait](BlockOn#panics).
///
/// # Examples
/// ```
/// use std::thread;
///
/// use aiter_executor_compat::{aiter_to_iter, park_thread};
/// use futures_channel::mpsc;
///
/// let (sender, receiver) = mpsc::unbounded();
/// let producer = thread::spawn(move || {
///     for n in 1..=3 {
///         sender.unbounded_send(n).expect("the receiver is alive");
///     }
/// });
/// let items: Vec<i32> = aiter_to_iter(receiver, park_thread).collect();
/// assert_eq!(items, [1, 2, 3]);
/// # producer.join().expect("the producer does not panic");
/// ```
#[inline]
pub fn park_thread<S: Stream + ?Sized>(next: NextItem<'_, S>) -> Option<S::Item> {
    BlockOn::new().block_on(next)
}

/// The built-in `block_on`, which parks the thread until a future is ready.
///
/// The future is polled once, and again after each wake-up. The thread runs nothing else during the
/// wait, so another thread must wake it.
///
/// A loop over the cursor of a push list ends after the list is `stop`ped or every `Pusher` is
/// dropped. If this thread holds a `Pusher`, the loop waits forever, unless a
/// [`max_wait`](Self::max_wait) is set.
///
/// A thread creates its parker and its waker at its first wait, and keeps both. Waits may be
/// nested. No allocation is made per item. A wake-up left over from an earlier wait costs one poll.
///
/// If a future needs its runtime, such as timers and sockets of tokio, use the `block_on` of that
/// runtime.
///
/// # Panics
/// Panics if the future panics, and in the following cases. The message names alternatives.
///
/// - The future is pending and no clone of the waker exists, so nothing can wake the thread. The
///   panic
///   occurs at once, or within 10 s after the last clone is dropped without a wake-up.
/// - The wait is inside a future under [`forbid_blocking`](crate::forbid_blocking).
/// - A [`max_wait`](Self::max_wait) is set and has passed.
///
/// # Examples
/// ```
/// use aiter_executor_compat::{BlockOn, aiter_to_iter};
/// use futures_util::stream;
///
/// assert_eq!(BlockOn::new().block_on(async { 6 * 7 }), 42);
///
/// let mut sum = 0;
/// for n in BlockOn::new().iter(stream::iter([1, 2, 3])) {
///     sum += n;
/// }
/// // Like the `block_on` of any executor:
/// let block_on = BlockOn::new();
/// sum += aiter_to_iter(stream::iter([4, 5]), |next| block_on.block_on(next)).sum::<i32>();
/// assert_eq!(sum, 15);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[doc(alias = "Parker")]
pub struct BlockOn {
    max_wait: Option<Duration>,
}

impl BlockOn {
    /// Creates a `BlockOn` without a maximum wait.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub const fn new() -> Self {
        Self { max_wait: None }
    }

    /// Panics if a wait for one item takes longer than `limit`.
    ///
    /// Use it if a long wait can only mean that the thread waits for itself. If items may be late,
    /// use [`AiterToIter::next_timeout`] instead.
    ///
    /// # Examples
    /// ```should_panic
    /// use core::time::Duration;
    ///
    /// use aiter_executor_compat::BlockOn;
    /// use futures_channel::mpsc;
    ///
    /// let (sender, receiver) = mpsc::unbounded::<u8>();
    /// let block_on = BlockOn::new().max_wait(Duration::from_millis(10));
    /// for item in block_on.iter(receiver) {
    ///     println!("{item}");
    /// }
    /// drop(sender); // never reached, because the loop waits for this drop
    /// ```
    #[must_use]
    pub const fn max_wait(self, limit: Duration) -> Self {
        Self { max_wait: Some(limit) }
    }

    /// Parks the thread until the future is ready.
    ///
    /// # Panics
    /// Panics if the future panics, or if [nothing can end the wait](Self#panics).
    #[inline]
    pub fn block_on<F: IntoFuture>(self, future: F) -> F::Output {
        let mut slot = pin!(Some(future.into_future()));
        let output = slot.as_mut().as_pin_mut().map(|mut future| {
            match parker::poll_first(future.as_mut()) {
                Ok(output) => output,
                Err(first) => self.wait(future, first),
            }
        });
        // This drop may panic. It comes before the return, so the output is dropped and not leaked.
        slot.set(None);
        output.expect("the slot contains the future")
    }

    /// Converts a stream into a blocking iterator that supports timeouts.
    ///
    /// It equals [`aiter_to_iter`](crate::aiter_to_iter) with this `BlockOn`.
    ///
    /// # Examples
    /// ```
    /// use core::time::Duration;
    ///
    /// use aiter_executor_compat::{BlockOn, Elapsed};
    /// use futures_channel::mpsc;
    ///
    /// let (sender, receiver) = mpsc::unbounded();
    /// let mut items = BlockOn::new().iter(receiver);
    /// assert_eq!(items.next_timeout(Duration::from_millis(5)), Err(Elapsed));
    /// sender.unbounded_send('a').expect("the receiver is alive");
    /// drop(sender);
    /// assert_eq!(items.next_timeout(Duration::from_millis(5)), Ok(Some('a')));
    /// assert_eq!(items.next_timeout(Duration::from_millis(5)), Ok(None));
    /// ```
    pub fn iter<S: Stream>(self, stream: S) -> AiterToIter<S, Self> {
        AiterToIter::new(stream, self)
    }

    #[cold]
    fn wait<F: Future>(self, future: Pin<&mut F>, first: FirstPoll) -> F::Output {
        let end = self.max_wait.and_then(|limit| Instant::now().checked_add(limit));
        match parker::wait(future, first, end) {
            Ok(output) => output,
            Err(error) => self.fail(error),
        }
    }

    #[cold]
    fn fail(self, error: WaitError) -> ! {
        match error {
            WaitError::NoWaker => panic!(
                "aiter: blocked forever: the stream is pending and no clone of this thread's waker \
                 exists, so nothing can wake it. Likely cause: the producer was dropped without \
                 ending the stream. Fix: drop every `Pusher`, or call `stop`, before the loop. \
                 Other cause: the stream returned `Poll::Pending` without storing the waker.\
                 {ADVICE}"
            ),
            WaitError::Elapsed => panic!(
                "aiter: no item within the {:?} of `BlockOn::max_wait`. Likely cause: a `Pusher` \
                 of the list, or another sender, is alive on this thread, so the stream cannot \
                 end. Fix: drop it, or call `stop`, before the loop. Other causes on a thread of \
                 an executor: a task of this thread feeds the stream, or the cooperative budget \
                 of the task around the loop is used up (tokio: 128 items).{ADVICE}",
                self.max_wait.unwrap_or_default(),
            ),
        }
    }
}

impl<S: Stream> BlockOnNext<S> for BlockOn {
    #[inline]
    fn block_on_next(&mut self, next: NextItem<'_, S>) -> Option<S::Item> {
        self.block_on(next)
    }
}

impl<S: Stream> AiterToIter<S, BlockOn> {
    /// Returns the next item, or `None` at the end of the stream, unless `timeout` passes first.
    ///
    /// The stream is polled at least once. A `max_wait` is ignored. For another `block_on`, use
    /// [`next_with`](Self::next_with).
    ///
    /// # Errors
    /// Returns [`Elapsed`] if neither an item nor the end comes in time. No item is lost: the next
    /// call returns an item that comes later.
    ///
    /// # Panics
    /// Panics if the stream panics, or if it would wait inside a future under
    /// [`forbid_blocking`](crate::forbid_blocking). If the timeout exceeds the range of
    /// [`Instant`], the call equals `next` and panics like it.
    ///
    /// # Examples
    /// See the example of [`BlockOn::iter`].
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<S::Item>, Elapsed> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.next_deadline(deadline),
            None => Ok(self.next()),
        }
    }

    /// Returns the next item, or `None` at the end of the stream, unless `deadline` passes first.
    ///
    /// # Errors
    /// Returns [`Elapsed`] if neither an item nor the end comes in time. No item is lost.
    ///
    /// # Panics
    /// Panics if [`next_timeout`](Self::next_timeout) panics.
    ///
    /// # Examples
    /// All items that come within a time:
    ///
    /// ```
    /// use core::time::Duration;
    /// use std::time::Instant;
    ///
    /// use aiter_executor_compat::{BlockOn, Elapsed};
    /// use futures_channel::mpsc;
    ///
    /// let (sender, receiver) = mpsc::unbounded();
    /// sender.unbounded_send(1).expect("the receiver is alive");
    /// sender.unbounded_send(2).expect("the receiver is alive");
    /// let mut numbers = BlockOn::new().iter(receiver);
    /// let deadline = Instant::now() + Duration::from_millis(5);
    /// let mut sum = 0;
    /// let end = loop {
    ///     match numbers.next_deadline(deadline) {
    ///         Ok(Some(n)) => sum += n,
    ///         Ok(None) => break Ok(()),
    ///         Err(error) => break Err(error),
    ///     }
    /// };
    /// assert_eq!((sum, end), (3, Err(Elapsed)));
    /// ```
    pub fn next_deadline(&mut self, deadline: Instant) -> Result<Option<S::Item>, Elapsed> {
        let item = self.next_with(|next| {
            let mut next = pin!(next);
            parker::poll_first(next.as_mut())
                .or_else(|first| parker::wait(next, first, Some(deadline)))
        });
        item.map_err(|error| {
            if let WaitError::NoWaker = error {
                thread::sleep(deadline.saturating_duration_since(Instant::now()));
            }
            Elapsed
        })
    }
}

/// An error of [`AiterToIter::next_timeout`]: neither an item nor the end of the stream came in
/// time.
///
/// # Examples
/// See the example of [`BlockOn::iter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no item came in time")
    }
}

impl Error for Elapsed {}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::{
        cell::Cell,
        panic::AssertUnwindSafe,
        task::{
            Poll::{Pending, Ready},
            Waker,
        },
    };
    use std::{panic::catch_unwind, sync::mpsc, thread_local};

    use futures_util::stream::poll_fn;

    use super::*;
    use crate::aiter_to_iter;

    /// Returns a stream that is pending before each of `n` items, and passes the waker to `see`.
    fn yields(n: usize, mut see: impl FnMut(&Waker)) -> impl Stream<Item = usize> {
        let (mut items, mut waited) = (0, false);
        poll_fn(move |cx| {
            if items == n {
                return Ready(None);
            }
            waited = !waited;
            if waited {
                see(cx.waker());
                cx.waker().wake_by_ref();
                return Pending;
            }
            items += 1;
            Ready(Some(items))
        })
    }

    #[test]
    fn waits_of_one_thread_share_waker() {
        let mut seen = Vec::<Waker>::new();
        let mut count = 0;
        for _ in 0..2 {
            count += aiter_to_iter(yields(3, |w| seen.push(w.clone())), park_thread).count();
        }
        assert_eq!((count, seen.len()), (6, 6));
        assert!(seen.iter().all(|waker| waker.will_wake(&seen[0])));
    }

    #[test]
    fn nested_wait_after_sleep_has_another_waker() {
        let mut polls = 0;
        let outer = poll_fn(|cx| {
            polls += 1;
            if polls == 1 {
                cx.waker().wake_by_ref();
                return Pending;
            }
            let inner = yields(2, |inner| assert!(!inner.will_wake(cx.waker())));
            assert_eq!(aiter_to_iter(inner, park_thread).sum::<usize>(), 3);
            Ready(Some(()))
        });
        assert_eq!(aiter_to_iter(outer, park_thread).next(), Some(()));
        assert_eq!(polls, 2);
    }

    #[test]
    fn nested_wait_keeps_outer_wake() {
        let mut polls = 0;
        let outer = poll_fn(|cx| {
            polls += 1;
            if polls < 3 {
                // The nested wait comes after the wake, and must not consume it.
                cx.waker().wake_by_ref();
                assert_eq!(aiter_to_iter(yields(1, |_| ()), park_thread).count(), 1);
                return Pending;
            }
            Ready((polls == 3).then_some(()))
        });
        assert_eq!(aiter_to_iter(outer, park_thread).count(), 1);
    }

    #[test]
    fn loops_nest_on_one_thread() {
        let mut sums: Vec<usize> = Vec::new();
        for outer in aiter_to_iter(yields(3, |_| ()), park_thread) {
            let inner = aiter_to_iter(yields(outer, |_| ()), park_thread);
            sums.push(inner.map(|n| aiter_to_iter(yields(n, |_| ()), park_thread).count()).sum());
        }
        assert_eq!(sums, [1, 3, 6]);
    }

    #[test]
    fn wake_from_another_thread_ends_wait() {
        let (ask, asked) = mpsc::channel::<Waker>();
        let (answer, mut answers) = (futures_channel::mpsc::unbounded::<u32>(), 0);
        let (sender, mut receiver) = answer;
        let other = thread::spawn(move || {
            for (n, waker) in (0..).zip(asked) {
                sender.unbounded_send(n).expect("the receiver is alive");
                waker.wake();
            }
        });
        let stream = poll_fn(move |cx| match receiver.try_recv() {
            Ok(n) => {
                answers += 1;
                Ready((answers <= 100).then_some(n))
            }
            Err(_) => {
                ask.send(cx.waker().clone()).expect("the other thread is alive");
                Pending
            }
        });
        assert!(aiter_to_iter(stream, park_thread).eq(0..100));
        other.join().expect("the other thread does not panic");
    }

    #[test]
    fn waker_of_earlier_wait_costs_polls_only() {
        let mut old = None;
        assert_eq!(aiter_to_iter(yields(1, |w| old = Some(w.clone())), park_thread).count(), 1);
        let old = old.expect("the stream has waited");

        // The old waker is called before the next wait, and by another thread during that wait.
        old.wake_by_ref();
        let (done, ready) = mpsc::channel();
        let (mut polls, mut other) = (0, None);
        let stream = poll_fn(|cx| {
            polls += 1;
            if other.is_none() {
                let (old, waker, done) = (old.clone(), cx.waker().clone(), done.clone());
                other = Some(thread::spawn(move || {
                    old.wake();
                    done.send(()).expect("the test waits");
                    waker.wake();
                }));
            }
            if ready.try_recv().is_ok() { Ready(Some(())) } else { Pending }
        });
        assert_eq!(aiter_to_iter(stream, park_thread).next(), Some(()));
        assert!(polls <= 4, "one poll, and one per wake-up: {polls}");
        other.expect("thread was started").join().expect("thread must not panic");
    }

    #[test]
    fn panic_in_stream_leaves_thread_usable() {
        let stream = yields(3, {
            let mut waits = 0;
            move |_| {
                waits += 1;
                assert_ne!(waits, 2, "second wait");
            }
        });
        let mut items = aiter_to_iter(stream, park_thread);
        assert_eq!(items.next(), Some(1));
        assert!(catch_unwind(AssertUnwindSafe(|| items.next())).is_err());
        assert_eq!(aiter_to_iter(yields(2, |_| ()), park_thread).count(), 2);
    }

    #[test]
    fn wait_works_during_drop_of_thread_locals() {
        struct AtExit(mpsc::Sender<usize>);
        impl Drop for AtExit {
            fn drop(&mut self) {
                let count = aiter_to_iter(yields(2, |_| ()), park_thread).count();
                self.0.send(count).expect("the test waits");
            }
        }
        thread_local! {
            static EARLY: Cell<Option<AtExit>> = const { Cell::new(None) };
            static LATE: Cell<Option<AtExit>> = const { Cell::new(None) };
        }
        let (sender, counts) = mpsc::channel();
        thread::spawn(move || {
            EARLY.set(Some(AtExit(sender.clone())));
            assert_eq!(aiter_to_iter(yields(1, |_| ()), park_thread).count(), 1);
            LATE.set(Some(AtExit(sender)));
        })
        .join()
        .expect("the thread does not panic");
        assert_eq!(counts.iter().collect::<Vec<_>>(), [2, 2]);
    }
}
