use core::cell::Cell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::thread_local;

use futures_core::Stream;
use parking::Parker;

use crate::next::Next;

thread_local! {
    /// The thread's parker, while no `park_thread` of this thread is using it.
    static IDLE: Cell<Option<Blocker>> = const { Cell::new(None) };
}

/// Blocks the thread until the stream's next item: the built-in `block_on` for
/// [`aiter_to_iter`](crate::aiter_to_iter).
///
/// The thread is parked while it waits and runs nothing else, so the items must be made by other
/// threads, or be there already. The parker and its waker are made at a thread's first wait and
/// kept for its next ones. Loops over `park_thread` may be nested within one another.
///
/// The stream is polled at least twice before the thread is parked.
///
/// A stream that needs its runtime around it, such as tokio's timers and sockets, needs that
/// runtime's own `block_on` instead. On a thread that an executor runs its tasks on, this waits
/// forever for what only that thread could bring about;
/// [the crate's page](crate#where-it-hangs-and-what-to-do) has the cases and their remedy.
///
/// # Panics
///
/// Only where the stream does.
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
pub fn park_thread<S: Stream + ?Sized>(mut next: Next<'_, S>) -> Option<S::Item> {
    // An item that is there already needs no parker. A stream keeps only the latest waker, so
    // what this poll may have left with it is replaced by the first one below.
    let mut next = Pin::new(&mut next);
    if let Poll::Ready(item) = next.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return item;
    }
    // Taken out while in use: a `park_thread` inside this one finds none and makes its own.
    // On a thread that is ending and has no locals any more, none is found and none is kept.
    let blocker = IDLE.try_with(Cell::take).ok().flatten().unwrap_or_else(Blocker::new);
    let item = blocker.block_on(next);
    let _ = IDLE.try_with(|idle| idle.set(Some(blocker)));
    item
}

/// What a wait on a thread needs.
pub(crate) struct Blocker {
    parker: Parker,
    /// Unparks `parker`.
    waker: Waker,
}

impl Blocker {
    pub(crate) fn new() -> Self {
        let parker = Parker::new();
        let waker = Waker::from(parker.unparker());
        Self { parker, waker }
    }

    /// A wake left over from an earlier wait costs one poll: only the poll says what is ready.
    pub(crate) fn block_on<F: Future>(&self, mut future: Pin<&mut F>) -> F::Output {
        let mut cx = Context::from_waker(&self.waker);
        loop {
            match future.as_mut().poll(&mut cx) {
                Poll::Ready(output) => return output,
                Poll::Pending => self.parker.park(),
            }
        }
    }
}

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
