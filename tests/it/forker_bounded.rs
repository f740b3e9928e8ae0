//! `forker_bounded`: its lag policies, buffer, wake-ups, panics and ends.

use aiter::{
    AiterExt, LagPolicy,
    adapters::{BoundedFork, TaskOutcome},
};
use core::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::pin,
    task::{Context, Poll},
};
use futures_core::Stream;
use futures_util::{FutureExt, StreamExt, stream};
use std::panic::catch_unwind;

use crate::{
    ledger::Ledger,
    script::{Script, SourceHandle, script, scripted},
    waker::{Counting, next},
};

fn forks(
    n: usize,
    lag: LagPolicy,
) -> (SourceHandle<u64>, BoundedFork<Script<u64>>, BoundedFork<Script<u64>>) {
    let (handle, source) = script();
    let one = source.forker_bounded(n, lag);
    let two = one.fork();
    (handle, one, two)
}

#[test]
fn wait_policy_makes_fast_fork_wait() {
    let (handle, mut fast, mut slow) = forks(8, LagPolicy::Wait);
    (0..20).for_each(|n| handle.send(n));
    handle.end();
    let waker = Counting::new();
    for n in 0..8 {
        assert_eq!(waker.poll(&mut fast), Poll::Ready(Some(n)));
    }
    let polls = handle.polls();
    assert!(waker.poll(&mut fast).is_pending());
    assert_eq!(handle.polls(), polls, "source must not be polled while the buffer is full");
    assert_eq!(waker.wakes(), 0);
    assert_eq!(next(&mut slow), Poll::Ready(Some(0)));
    assert_eq!(waker.wakes(), 1, "read of the slow fork must wake the fast fork");
    assert_eq!(waker.poll(&mut fast), Poll::Ready(Some(8)));
    assert!(waker.poll(&mut fast).is_pending());
    drop(slow);
    assert_eq!(waker.wakes(), 2, "drop of the slow fork must wake the fast fork");
    let rest: Vec<u64> = fast.by_ref().collect::<Vec<_>>().now_or_never().expect("must be ready");
    assert!(rest.into_iter().eq(9..20));
    assert_eq!(fast.outcome(), Some(TaskOutcome::Completed));
}

#[test]
fn forks_within_bound_receive_all_items() {
    for lag in [LagPolicy::Wait, LagPolicy::DropOldest, LagPolicy::Error] {
        let one = stream::iter(0..100_u64).forker_bounded(1, lag);
        let mut all = [one.fork(), one.fork(), one];
        for n in 0..100 {
            for fork in &mut all {
                assert_eq!(next(fork), Poll::Ready(Some(n)), "{lag:?}");
            }
        }
        for fork in &mut all {
            assert_eq!(next(fork), Poll::Ready(None));
            assert_eq!((fork.missed(), fork.outcome()), (0, Some(TaskOutcome::Completed)));
        }
    }
}

#[test]
fn drop_oldest_counts_missed_items() {
    let (handle, mut fast, mut slow) = forks(3, LagPolicy::DropOldest);
    (0..10).for_each(|n| handle.send(n));
    assert_eq!(next(&mut slow), Poll::Ready(Some(0)));
    for n in 0..10 {
        assert_eq!(next(&mut fast), Poll::Ready(Some(n)));
    }
    let mut late = slow.fork();
    for fork in [&mut slow, &mut late] {
        for n in 7..10 {
            assert_eq!(next(fork), Poll::Ready(Some(n)));
        }
        assert_eq!(fork.missed(), 6);
        assert!(next(fork).is_pending());
    }
}

#[test]
fn error_policy_ends_only_lagging_fork() {
    let (handle, mut fast, mut slow) = forks(3, LagPolicy::Error);
    let mut prompt = fast.fork();
    (0..10).for_each(|n| handle.send(n));
    for n in 0..10 {
        assert_eq!(next(&mut fast), Poll::Ready(Some(n)));
        if n % 3 == 2 {
            for late in n - 2..=n {
                assert_eq!(next(&mut prompt), Poll::Ready(Some(late)));
            }
        }
    }
    let mut child = slow.fork();
    for fork in [&mut slow, &mut child] {
        assert_eq!(fork.outcome(), None);
        assert_eq!(next(fork), Poll::Ready(None));
        assert_eq!(fork.outcome(), Some(TaskOutcome::Lagged));
        assert_eq!(next(fork), Poll::Ready(None));
    }
    drop((slow, child));
    assert_eq!(next(&mut prompt), Poll::Ready(Some(9)));
    handle.send(10);
    assert_eq!(next(&mut prompt), Poll::Ready(Some(10)));
    assert_eq!(next(&mut fast), Poll::Ready(Some(10)));
}

#[test]
fn buffer_never_exceeds_bound() {
    for lag in [LagPolicy::DropOldest, LagPolicy::Error] {
        let ledger = Ledger::new();
        let items: Vec<_> = ledger.items(1000).collect();
        let mut fast = stream::iter(items).forker_bounded(4, lag);
        let never_read = fast.fork();
        while let Poll::Ready(Some(item)) = next(&mut fast) {
            let (in_source, in_hand) = (999 - item.value as usize, 1);
            assert!(ledger.alive() <= in_source + in_hand + 4);
        }
        assert!(ledger.alive() <= 4, "{} items are held", ledger.alive());
        drop((fast, never_read));
        ledger.assert_all_dropped();
    }
}

#[test]
fn dropped_slow_fork_frees_its_items() {
    let ledger = Ledger::new();
    let items: Vec<_> = ledger.items(8).collect();
    let mut fast = stream::iter(items).forker_bounded(8, LagPolicy::Wait);
    let slow = fast.fork();
    while let Poll::Ready(Some(_)) = next(&mut fast) {}
    assert_eq!(ledger.alive(), 8);
    drop(slow);
    assert_eq!(ledger.alive(), 0);
    drop(fast);
    ledger.assert_all_dropped();
}

#[test]
fn last_reader_moves_items_without_clone() {
    let ledger = Ledger::new();
    let items: Vec<_> = ledger.items(20).collect();
    let mut one = stream::iter(items).forker_bounded(3, LagPolicy::Wait);
    (0..10).for_each(|_| assert!(next(&mut one).is_ready()));
    assert_eq!(ledger.clones(), 0);
    let mut two = one.fork();
    (0..3).for_each(|_| assert!(next(&mut one).is_ready()));
    (0..3).for_each(|_| assert!(next(&mut two).is_ready()));
    assert_eq!(ledger.clones(), 3, "first reader must clone and last reader must move");
    drop((one, two));
    ledger.assert_all_dropped();
}

#[test]
fn woken_fork_that_rests_stops_no_other() {
    for lag in [LagPolicy::Wait, LagPolicy::DropOldest, LagPolicy::Error] {
        for dropped in [true, false] {
            let (handle, mut one, mut two) = forks(8, lag);
            let wakers = [Counting::new(), Counting::new()];
            assert!(wakers[0].poll(&mut one).is_pending());
            assert!(wakers[1].poll(&mut two).is_pending());
            handle.send(1);
            assert_eq!(wakers.each_ref().map(Counting::wakes), [1, 1]);
            let idle_fork = (!dropped).then_some(one);
            for item in 1..4 {
                assert_eq!(wakers[1].wakes(), item as usize);
                assert_eq!(wakers[1].poll(&mut two), Poll::Ready(Some(item)));
                assert!(wakers[1].poll(&mut two).is_pending());
                handle.send(item + 1);
            }
            handle.end();
            assert_eq!(wakers[1].poll(&mut two), Poll::Ready(Some(4)));
            assert_eq!(wakers[1].poll(&mut two), Poll::Ready(None));
            drop(idle_fork);
        }
    }
}

#[test]
fn waiting_forks_are_woken_when_other_pulls() {
    let (handle, mut one, mut two) = forks(4, LagPolicy::Wait);
    let wakers = [Counting::new(), Counting::new()];
    assert!(wakers[0].poll(&mut one).is_pending());
    assert!(wakers[1].poll(&mut two).is_pending());
    handle.send(1);
    assert_eq!(next(&mut one), Poll::Ready(Some(1)));
    assert_eq!(wakers[1].wakes(), 1);
    assert_eq!(next(&mut two), Poll::Ready(Some(1)));
    assert!(wakers[1].poll(&mut two).is_pending());
    handle.end();
    assert_eq!(next(&mut one), Poll::Ready(None));
    assert_eq!(wakers[1].wakes(), 2);
    assert_eq!(next(&mut two), Poll::Ready(None));
}

#[test]
fn source_panic_ends_all_forks() {
    let (handle, mut one, mut two) = forks(4, LagPolicy::Wait);
    let waker = Counting::new();
    handle.send(1);
    assert_eq!(next(&mut one), Poll::Ready(Some(1)));
    assert_eq!(waker.poll(&mut two), Poll::Ready(Some(1)));
    assert!(waker.poll(&mut two).is_pending());
    handle.panic();
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut one))).is_err());
    assert_eq!(waker.wakes(), 1, "waiting fork must be woken once");
    for fork in [&mut one, &mut two] {
        assert_eq!(next(fork), Poll::Ready(None));
        assert_eq!(fork.outcome(), Some(TaskOutcome::Panicked));
    }
    assert!(handle.is_dropped());
}

#[test]
fn source_is_dropped_at_end_or_with_last_fork() {
    let (handle, source) = scripted([1_u64]);
    let mut fork = source.forker_bounded(1, LagPolicy::Wait);
    assert_eq!(next(&mut fork), Poll::Ready(Some(1)));
    assert_eq!(next(&mut fork), Poll::Ready(None));
    assert!(handle.is_dropped());
    let (handle, one, two) = forks(1, LagPolicy::Wait);
    drop(one);
    assert!(!handle.is_dropped());
    drop(two);
    assert!(handle.is_dropped());
}

#[test]
fn size_hint_adds_buffered_items_to_source() {
    let mut one = stream::iter(0..10_u64).forker_bounded(4, LagPolicy::Wait);
    let two = one.fork();
    (0..4).for_each(|_| assert!(next(&mut one).is_ready()));
    assert_eq!((one.size_hint(), two.size_hint()), ((6, Some(6)), (10, Some(10))));
}

#[test]
fn forks_on_threads_receive_all_items_in_order() {
    for lag in [LagPolicy::Wait, LagPolicy::DropOldest] {
        let one = stream::iter(0..10_000_u64).forker_bounded(16, lag);
        let two = one.fork();
        let read = move |mut fork: BoundedFork<_>| {
            let items = futures_executor::block_on(fork.by_ref().collect::<Vec<u64>>());
            assert!(items.is_sorted_by(|a, b| a < b));
            assert_eq!(items.len() + fork.missed(), 10_000);
        };
        std::thread::scope(|scope| {
            scope.spawn(move || read(one));
            scope.spawn(move || read(two));
        });
    }
}

#[test]
fn debug_shows_the_state_and_no_items() {
    let mut fork = stream::iter(["secret"]).forker_bounded(1, LagPolicy::Wait);
    assert_eq!(format!("{fork:?}"), "BoundedFork { missed: 0, outcome: None, .. }");
    assert_eq!(next(&mut fork), Poll::Ready(Some("secret")));
    assert_eq!(next(&mut fork), Poll::Ready(None));
    assert_eq!(format!("{fork:?}"), "BoundedFork { missed: 0, outcome: Some(Completed), .. }");
}

#[test]
fn dropped_next_takes_its_waker_back() {
    let (handle, mut one, mut two) = forks(1, LagPolicy::Wait);
    let (dropped, waiting) = (Counting::new(), Counting::new());
    {
        let next = pin!(one.next());
        assert!(next.poll(&mut Context::from_waker(dropped.waker())).is_pending());
    }
    assert!(waiting.poll(&mut two).is_pending());
    handle.send(0);
    assert_eq!((dropped.wakes(), waiting.wakes()), (0, 1));
    assert_eq!(waiting.poll(&mut two), Poll::Ready(Some(0)));

    // Waits for space. The room that `one` makes wakes the fork that waits on.
    let mut three = two.fork();
    handle.send(1);
    {
        let next = pin!(two.next());
        assert!(next.poll(&mut Context::from_waker(dropped.waker())).is_pending());
    }
    assert!(waiting.poll(&mut three).is_pending());
    assert_eq!(one.next().now_or_never(), Some(Some(0)));
    assert_eq!((dropped.wakes(), waiting.wakes()), (0, 2));
    assert_eq!(waiting.poll(&mut three), Poll::Ready(Some(1)));
}
