use core::cell::Cell;
use core::error::Error;
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::thread_local;
use std::time::Instant;

use futures_core::Stream;

use crate::aiter_to_iter::AiterToIter;
use crate::block::Block;
use crate::next::Next;
use crate::parked::{Blocker, Unfinished, Until};

thread_local! {
    /// The thread's parker, while no wait of this thread is using it.
    static IDLE: Cell<Option<Blocker>> = const { Cell::new(None) };
}

/// Blocks the thread until the stream's next item: the simplest second argument of
/// [`aiter_to_iter`](crate::aiter_to_iter).
///
/// It is [`BlockOn::new`] in the form of a function; what is said there holds here. So a loop over a
/// push list's cursor ends only when somebody has `stop`ped the list or every `Pusher` is dropped: with
/// one alive on this very thread, it waits for ever.
///
/// # Panics
///
/// Where the stream does, and where [the wait could not end](BlockOn#panics): known for certain, or by
/// judgement after 2^25 polls and 2 s in which the stream did nothing but wake itself. In
/// [`allow_blocking`](crate::allow_blocking) there is no judgement.
///
/// # Examples
///
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
pub fn park_thread<S: Stream + ?Sized>(next: Next<'_, S>) -> Option<S::Item> {
    BlockOn::new().on(next)
}

/// Blocks a thread on a future by parking it: the built-in `block_on`, with what the thread needs
/// kept from one wait to the next.
///
/// The thread runs nothing else while it waits, so what it waits for must be made by other threads,
/// or be there already. A loop over a push list's cursor ends only when somebody has `stop`ped the
/// list or every `Pusher` is dropped: with one alive on the very thread that loops, it waits for
/// ever, unless there is a [`patience`](Self::patience).
///
/// The parker and its waker are made at a thread's first wait and kept for its next ones; waits may be
/// nested. Nothing is allocated for an item.
///
/// The future is polled at least twice before the thread is parked, and a few times more if nothing
/// has woken it for a tenth of a second.
///
/// A future that needs its runtime around it, such as tokio's timers and sockets, needs that
/// runtime's own `block_on` instead.
///
/// # Panics
///
/// Where the future does, and where the wait could not end, as is known when
///
/// - nobody holds the waker of the pending future, so that nobody can wake the thread;
/// - the task around this wait has used up its executor's cooperative budget, and the future waits
///   for the task to give the thread back. It is told from any other wait by what becomes of two
///   wakers in turn, once nothing has woken the thread for a tenth of a second;
/// - the wait is inside a future under [`forbid_blocking`](crate::forbid_blocking);
/// - the [`patience`](Self::patience) is at its end, if there is one.
///
/// One more case is a judgement: at least 2^25 polls in a row (some 34 million), for at least 2 s, each
/// of which has woken this thread from this thread, while nobody else has and the wait went on. So a
/// used-up budget looks where the executor wakes the task at once, as tokio does in the main future
/// of a runtime of several threads. So does a future that works and yields for as long, and for that
/// one the program can say that it means to wait: there is no judgement inside
/// [`allow_blocking`](crate::allow_blocking), nor where the wait has an end of its own, by `patience` or
/// [`AiterToIter::next_timeout`].
///
/// The message says which case it is, and what works. A feeder that lives on the very thread that is
/// blocked looks like one that is slow: only `forbid_blocking` and `patience` find it. And one wake by
/// another thread starts the count of polls anew.
///
/// # Examples
///
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
/// // As with any other executor:
/// let block_on = BlockOn::new();
/// sum += aiter_to_iter(stream::iter([4, 5]), |next| block_on.block_on(next)).sum::<i32>();
/// assert_eq!(sum, 15);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[doc(alias = "Parker")]
pub struct BlockOn {
    patience: Option<Duration>,
}

impl BlockOn {
    /// Waits as long as it takes.
    pub const fn new() -> Self {
        Self { patience: None }
    }

    /// Waits no longer than `limit` for each item, and panics then: for programs in which a long wait
    /// can only mean that the thread waits for itself, and for streams that work for long before an
    /// item comes. However often one wakes itself meanwhile, it is [judged](Self#panics) by the limit only.
    ///
    /// [`AiterToIter::next_timeout`] is for waits that may well be in vain.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// use core::time::Duration;
    ///
    /// use aiter_executor_compat::BlockOn;
    /// use futures_channel::mpsc;
    ///
    /// let (feeder, receiver) = mpsc::unbounded::<u8>();
    /// let impatient = BlockOn::new().patience(Duration::from_millis(10));
    /// for item in impatient.iter(receiver) {
    ///     println!("{item}");
    /// }
    /// drop(feeder); // which this thread never comes to
    /// ```
    #[must_use]
    pub const fn patience(self, limit: Duration) -> Self {
        Self { patience: Some(limit) }
    }

    /// Blocks the thread until the future is ready.
    ///
    /// # Panics
    ///
    /// Where the future does, and where [the wait could not end](Self#panics).
    pub fn block_on<F: IntoFuture>(self, future: F) -> F::Output {
        let mut future = pin!(future.into_future());
        // What is ready needs no parker. A future keeps only the latest waker, so what this poll may
        // have left with it is replaced by the first one of the wait.
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => self.wait(future),
        }
    }

    /// A blocking iterator over the stream's items, which can also wait with a deadline:
    /// [`aiter_to_iter`](crate::aiter_to_iter) with this `BlockOn`.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    ///
    /// use aiter_executor_compat::{BlockOn, TimedOut};
    /// use futures_channel::mpsc;
    ///
    /// let (sender, receiver) = mpsc::unbounded();
    /// let mut items = BlockOn::new().iter(receiver);
    /// assert_eq!(items.next_timeout(Duration::from_millis(5)), Err(TimedOut));
    /// sender.unbounded_send('a').expect("the receiver is alive");
    /// drop(sender);
    /// assert_eq!(items.next_timeout(Duration::from_millis(5)), Ok(Some('a')));
    /// assert_eq!(items.next_timeout(Duration::from_millis(5)), Ok(None));
    /// ```
    pub fn iter<S: Stream>(self, stream: S) -> AiterToIter<S, Self> {
        AiterToIter::new(stream, self)
    }

    fn on<S: Stream + ?Sized>(self, next: Next<'_, S>) -> Option<S::Item> {
        let mut stream = next.into_stream();
        match stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(item) => item,
            Poll::Pending => self.wait(pin!(poll_fn(|cx| stream.as_mut().poll_next(cx)))),
        }
    }

    #[cold]
    fn wait<F: Future>(self, future: Pin<&mut F>) -> F::Output {
        let until = self.patience.map_or(Until::Forever, Until::Patience);
        match wait(future, until) {
            Ok(output) => output,
            Err(Unfinished::Stuck(stuck)) => stuck.fail(),
            Err(Unfinished::Deadline) => unreachable!("none was given"),
        }
    }
}

impl<S: Stream> Block<S> for BlockOn {
    fn block(&mut self, next: Next<'_, S>) -> Option<S::Item> {
        self.on(next)
    }
}

fn wait<F: Future>(future: Pin<&mut F>, until: Until) -> Result<F::Output, Unfinished> {
    with_blocker(|blocker| blocker.wait(future, until))
}

/// Blocks the thread until the future is ready, and asks nothing.
pub(crate) fn run<F: Future>(future: Pin<&mut F>) -> F::Output {
    with_blocker(|blocker| blocker.run(future))
}

fn with_blocker<T>(block: impl FnOnce(&Blocker) -> T) -> T {
    // Taken out while in use: a wait inside this one finds none and makes its own. On a thread that
    // is ending and has no locals any more, none is found and none is kept.
    let blocker = IDLE.try_with(Cell::take).ok().flatten().unwrap_or_else(Blocker::new);
    let output = block(&blocker);
    let _ = IDLE.try_with(|idle| idle.set(Some(blocker)));
    output
}

impl<S: Stream> AiterToIter<S, BlockOn> {
    /// The next item if it comes in time, `None` if the stream ends in time.
    ///
    /// The stream is polled at least once, whatever the `timeout`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] if neither comes in time. Nothing is lost: what comes later is for the next call.
    ///
    /// # Panics
    ///
    /// As with [`BlockOn`], but not for a waker that nobody holds, nor for a stream that wakes itself,
    /// and with the timeout in the place of the patience. One that ends beyond what the clock can show
    /// is none: this is `next` then.
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<S::Item>, TimedOut> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.next_deadline(deadline),
            None => Ok(self.next()),
        }
    }

    /// The same, with the time at which the wait ends.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] if neither an item nor the end comes in time. Nothing is lost.
    ///
    /// # Panics
    ///
    /// As [`next_timeout`](Self::next_timeout).
    pub fn next_deadline(&mut self, deadline: Instant) -> Result<Option<S::Item>, TimedOut> {
        let Some((_, next, ended)) = self.step() else { return Ok(None) };
        let mut stream = next.into_stream();
        match wait(pin!(poll_fn(|cx| stream.as_mut().poll_next(cx))), Until::Deadline(deadline)) {
            Ok(item) => {
                *ended = item.is_none();
                Ok(item)
            }
            Err(Unfinished::Deadline) => Err(TimedOut),
            Err(Unfinished::Stuck(stuck)) => stuck.fail(),
        }
    }
}

/// No item has come in time, and the stream has not ended: the error of
/// [`AiterToIter::next_timeout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimedOut;

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no item has come in time")
    }
}

impl Error for TimedOut {}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::panic::AssertUnwindSafe;
    use core::task::Poll::{Pending, Ready};
    use std::panic::catch_unwind;
    use std::sync::mpsc;
    use std::thread;

    use futures_util::stream::poll_fn;

    use super::*;
    use crate::aiter_to_iter;

    /// A stream that is pending once before each of `n` items, and shows each wait's waker.
    fn yields(n: usize, mut see: impl FnMut(&Waker)) -> impl Stream<Item = usize> {
        let (mut items, mut waited) = (0, false);
        poll_fn(move |cx| {
            if items == n {
                return Ready(None);
            }
            if cx.waker().will_wake(Waker::noop()) {
                return Pending;
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
    fn an_item_that_is_ready_makes_no_parker() {
        let fresh = thread::spawn(|| {
            let items = aiter_to_iter(futures_util::stream::iter([1, 2]), park_thread);
            assert_eq!(items.collect::<Vec<_>>(), [1, 2]);
            assert!(IDLE.take().is_none());
            assert_eq!(aiter_to_iter(yields(1, |_| ()), park_thread).count(), 1);
            assert!(IDLE.take().is_some());
        });
        fresh.join().expect("the thread does not panic");
    }

    #[test]
    fn one_waker_serves_all_waits_of_a_thread() {
        let mut seen = Vec::<Waker>::new();
        let mut count = 0;
        for _ in 0..2 {
            count += aiter_to_iter(yields(3, |w| seen.push(w.clone())), park_thread).count();
        }
        assert_eq!((count, seen.len()), (6, 6));
        assert!(seen.iter().all(|waker| waker.will_wake(&seen[0])));
    }

    #[test]
    fn a_nested_wait_uses_another_waker() {
        let mut pairs = Vec::new();
        let mut outer = None;
        let outer_stream = yields(2, |waker| {
            let waker = outer.insert(waker.clone());
            let inner_stream = yields(2, |inner| pairs.push((waker.clone(), inner.clone())));
            assert_eq!(aiter_to_iter(inner_stream, park_thread).sum::<usize>(), 3);
        });
        assert_eq!(aiter_to_iter(outer_stream, park_thread).sum::<usize>(), 3);
        assert_eq!(pairs.len(), 4);
        assert!(pairs.iter().all(|(outer, inner)| !outer.will_wake(inner)));
    }

    #[test]
    fn a_nested_wait_does_not_swallow_the_outer_wake() {
        let mut polls = 0;
        let outer = poll_fn(|cx| {
            polls += 1;
            if polls < 3 {
                // Woken first, then a whole nested wait: the wake must still be there after it.
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
    fn a_wake_from_another_thread_ends_the_wait() {
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
                if !cx.waker().will_wake(Waker::noop()) {
                    ask.send(cx.waker().clone()).expect("the other thread is alive");
                }
                Pending
            }
        });
        assert!(aiter_to_iter(stream, park_thread).eq(0..100));
        other.join().expect("the other thread does not panic");
    }

    #[test]
    fn a_waker_of_an_earlier_wait_does_no_harm() {
        let mut old = None;
        assert_eq!(aiter_to_iter(yields(1, |w| old = Some(w.clone())), park_thread).count(), 1);
        let old = old.expect("the stream has waited");

        // Called before the next wait, and by another thread while that wait lasts.
        old.wake_by_ref();
        let (done, ready) = mpsc::channel();
        let (mut polls, mut other) = (0, None);
        let stream = poll_fn(|cx| {
            if cx.waker().will_wake(Waker::noop()) {
                return Pending;
            }
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
        assert!(polls <= 4, "one poll, and one for each wake: {polls}");
        other.expect("it was started").join().expect("it does not panic");
    }

    #[test]
    fn a_panic_in_the_stream_leaves_the_thread_usable() {
        let stream = yields(3, {
            let mut waits = 0;
            move |_| {
                waits += 1;
                assert_ne!(waits, 2, "the second wait");
            }
        });
        let mut items = aiter_to_iter(stream, park_thread);
        assert_eq!(items.next(), Some(1));
        assert!(catch_unwind(AssertUnwindSafe(|| items.next())).is_err());
        assert_eq!(aiter_to_iter(yields(2, |_| ()), park_thread).count(), 2);
    }

    #[test]
    fn works_while_the_threads_locals_are_dropped() {
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
