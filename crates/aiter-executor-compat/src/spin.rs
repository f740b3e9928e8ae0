//! When a stream that asks for the next poll in each poll is taken for one that will never be ready.
//!
//! Outside of its scheduler an executor has a task whose budget is used up polled again at once, and
//! expects it to give the thread back before; a stream that yields asks for the same. No poll tells the
//! two apart, so this is a judgement, and the only one: by time *and* number, both of which a stream
//! that gets somewhere has to exceed without an item. One that does is told so, and has two ways out:
//! `allow_blocking`, and a `patience` in the place of these limits.

use core::time::Duration;
use std::time::Instant;

use crate::scope;
use crate::stuck::Stuck;

/// Polls in a row that nobody but the stream itself has asked for; fewer in the tests below.
pub(crate) const POLLS: u32 = if cfg!(test) { 1 << 12 } else { 1 << 25 };
/// The time that they take at least.
pub(crate) const TIME: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 2000 });
/// How often the clock is looked at.
const POLLS_A_LOOK: u32 = 1 << 10;

/// Polls in a row that the stream has asked for itself.
#[derive(Default)]
pub(crate) struct Spin {
    polls: u32,
    since: Option<Instant>,
}

impl Spin {
    /// Counts one more, and says if they are too many for too long.
    pub(crate) fn goes_on(&mut self) -> Option<Stuck> {
        self.polls = self.polls.saturating_add(1);
        if self.polls % POLLS_A_LOOK == 0 { self.look() } else { None }
    }

    #[cold]
    fn look(&mut self) -> Option<Stuck> {
        let now = Instant::now();
        let time = now.duration_since(*self.since.get_or_insert(now));
        let too_long = self.polls >= POLLS && time >= TIME && !scope::is_allowed_by_word();
        too_long.then_some(Stuck::Spinning { polls: self.polls, time })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::future::{Future, poll_fn};
    use core::panic::AssertUnwindSafe;
    use core::task::{Poll, Waker};
    use std::panic::catch_unwind;
    use std::sync::mpsc;
    use std::thread;

    use aiter_adapters::{AiterExt, iter_to_aiter};
    use futures_core::Stream;
    use futures_util::stream;
    use tokio::runtime::{Builder, Runtime};

    use super::*;
    use crate::{
        AiterToIter, Block, BlockOn, aiter_to_iter, allow_blocking, park_thread, unblock_iter,
    };

    /// 300 items of a tokio channel, which counts against the budget of tokio's tasks.
    fn queued() -> impl Stream<Item = u32> {
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        for n in 0..300 {
            sender.send(n).expect("the receiver is alive");
        }
        stream::poll_fn(move |cx| receiver.poll_recv(cx))
    }

    fn multi_thread() -> Runtime {
        Builder::new_multi_thread().worker_threads(1).build().expect("a runtime")
    }

    /// Yields far more often than a spin may, for far longer, and then has an item.
    fn search() -> impl Stream<Item = u32> + Unpin {
        let begin = Instant::now();
        iter_to_aiter(0..)
            .yield_every(1)
            .map_filter(move |n| (n > 16 * POLLS && begin.elapsed() > 4 * TIME).then_some(n))
    }

    /// Yields and never has one.
    fn in_vain() -> impl Stream<Item = u32> + Unpin {
        iter_to_aiter(0..).yield_every(1).map_filter(|_: u32| None)
    }

    /// The items before it is taken for a spin.
    #[track_caller]
    fn spins<S: Stream, B: Block<S>>(mut items: AiterToIter<S, B>) -> usize {
        let mut count = 0;
        let ends = AssertUnwindSafe(|| items.by_ref().for_each(|_| count += 1));
        let panic = catch_unwind(ends).expect_err("it cannot end");
        let text = panic.downcast::<String>().expect("a message");
        for part in ["in a spin", "spawn_blocking", "handle.block_on", "allow_blocking", "patience"]
        {
            assert!(text.contains(part), "{text}");
        }
        count
    }

    async fn a_used_up_budget_spins() {
        assert_eq!(spins(aiter_to_iter(queued(), park_thread)), 128);
        // The budget is used up already.
        assert_eq!(spins(aiter_to_iter(queued(), |next| BlockOn::new().block_on(next))), 0);
        assert_eq!(spins(aiter_to_iter(queued(), |next| pollster::block_on(next))), 0);
        assert_eq!(spins(aiter_to_iter(queued(), |next| smol::block_on(next))), 0);
    }

    #[test]
    fn the_main_future_of_a_runtime_of_several_threads() {
        multi_thread().block_on(a_used_up_budget_spins());
        let ahead = || aiter_to_iter(queued(), |next| futures_executor::block_on(next));
        assert_eq!(multi_thread().block_on(async { spins(ahead()) }), 128);
    }

    #[test]
    fn a_local_set_under_another_executor() {
        let local = tokio::task::LocalSet::new();
        let task = local.run_until(async {
            tokio::task::spawn_local(a_used_up_budget_spins()).await.expect("it does not panic");
        });
        futures_executor::block_on(task);
    }

    #[test]
    fn a_search_beyond_the_limits_without_a_word() {
        assert_eq!(spins(aiter_to_iter(in_vain(), park_thread)), 0);
        assert_eq!(spins(aiter_to_iter(in_vain(), |next| pollster::block_on(next))), 0);
        // Another wait around it that has an end cannot come to it meanwhile.
        let nested = async {
            smol::future::yield_now().await;
            spins(aiter_to_iter(in_vain(), park_thread))
        };
        assert_eq!(BlockOn::new().patience(Duration::MAX).block_on(nested), 0);
    }

    #[test]
    fn a_search_beyond_the_limits_is_left_alone_where_the_program_has_said_so() {
        let found = |item: Option<u32>| assert!(item.expect("it finds one") > 16 * POLLS);
        allow_blocking(|| {
            found(aiter_to_iter(search(), park_thread).next());
            found(aiter_to_iter(search(), |next| pollster::block_on(next)).next());
        });
        let long = Duration::from_secs(600);
        let patient = BlockOn::new().patience(long);
        found(patient.iter(search()).next());
        found(aiter_to_iter(search(), |next| patient.block_on(next)).next());
        // No end that a clock could show.
        found(BlockOn::new().patience(Duration::MAX).iter(search()).next());
        found(BlockOn::new().iter(search()).next_timeout(long).expect("it is in time"));
        // The word is taken back at the end of its scope, also by a panic.
        assert!(catch_unwind(|| allow_blocking(|| panic!("in the allowed part"))).is_err());
        assert_eq!(spins(aiter_to_iter(in_vain(), park_thread)), 0);
    }

    /// Asks for itself until it has gone far beyond the limits; before that `other` is called each time.
    fn beyond(mut other: impl FnMut(u32, &Waker)) -> impl Future<Output = ()> {
        let (begin, mut polls) = (Instant::now(), 0);
        poll_fn(move |cx| {
            polls += 1;
            if polls > 16 * POLLS && begin.elapsed() > 4 * TIME {
                return Poll::Ready(());
            }
            other(polls, cx.waker());
            Poll::Pending
        })
    }

    #[test]
    fn one_wake_by_another_thread_starts_the_count_anew() {
        let (ask, asked) = mpsc::sync_channel::<Waker>(0);
        let (answer, answered) = mpsc::sync_channel::<()>(0);
        let caller = thread::spawn(move || {
            for waker in asked {
                waker.wake();
                answer.send(()).expect("it listens");
            }
        });
        BlockOn::new().block_on(beyond(|polls, waker| {
            if polls % (POLLS / 2) == 0 {
                ask.send(waker.clone()).expect("the caller listens");
                answered.recv().expect("the caller answers");
            } else {
                waker.wake_by_ref();
            }
        }));
        drop(ask);
        caller.join().expect("it does not panic");
    }

    /// Somebody else's `block_on` may be woken by them.
    #[test]
    fn one_whose_waker_is_kept() {
        let mut kept = Vec::new();
        let keeps = stream::once(beyond(move |_, waker| {
            kept.clear();
            kept.push(waker.clone());
            waker.wake_by_ref();
        }));
        assert_eq!(aiter_to_iter(keeps, |next| pollster::block_on(next)).count(), 1);
    }

    /// Nobody asks for any of these polls.
    #[test]
    fn one_that_is_polled_without_end() {
        let asks_nothing = stream::once(beyond(|_, _| ()));
        let items = aiter_to_iter(asks_nothing, |next| embassy_futures::block_on(next));
        assert_eq!(items.count(), 1);
    }

    /// It yields after 128 items each.
    #[test]
    fn the_thread_of_unblock_iter() {
        let count = 4 * 128 * POLLS;
        let cap = usize::MAX;
        let (items, thread) = unblock_iter(0..count, cap, thread::spawn).into_parts();
        thread.join().expect("it is not judged");
        assert!(aiter_to_iter(items, park_thread).eq(0..count));
    }

    #[test]
    fn neither_number_nor_time_alone() {
        let begin = Instant::now();
        let mut often = Spin { polls: 4 * POLLS - 1, since: Some(begin) };
        let verdict = often.goes_on();
        assert!(verdict.is_none() || begin.elapsed() >= TIME);

        let long_ago = begin.checked_sub(TIME).expect("the clock has run for longer");
        let mut long = Spin { polls: 0, since: Some(long_ago) };
        let verdicts: Vec<_> = (1..POLLS).filter_map(|_| long.goes_on()).collect();
        assert_eq!(verdicts, []);
        assert!(matches!(long.goes_on(), Some(Stuck::Spinning { polls: POLLS, .. })));
    }
}
