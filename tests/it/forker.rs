//! `forker`: active and passive forks, their positions, wake-ups, panics and ends.

use crate::{
    ledger::{Ledger, Tracked, values},
    script::{PanicOnDrop, Script, SourceHandle, panics, script, scripted},
    waker::{Counting, next, on_wake, poll},
};
use aiter::{
    AiterExt,
    adapters::{ForkStream, PassiveFork, TaskOutcome},
};
use alloc::sync::Arc;
use core::{
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll, Waker},
};
use futures_core::{FusedStream, Stream};
use futures_util::{FutureExt, StreamExt, future, stream};
use std::thread;

/// Reads until the stream is pending or ends. Returns the items and the last poll.
fn read<S: Stream + Unpin>(stream: &mut S) -> (Vec<S::Item>, Poll<()>) {
    let mut items = Vec::new();
    loop {
        match next(stream) {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => return (items, Poll::Ready(())),
            Poll::Pending => return (items, Poll::Pending),
        }
    }
}

#[track_caller]
fn read_all<S: Stream + Unpin>(stream: &mut S) -> Vec<S::Item> {
    let (items, end) = read(stream);
    assert_eq!(end, Poll::Ready(()), "stream must end");
    items
}

/// An item whose clone panics while `panics` is set.
struct PanicOnClone {
    item: Tracked,
    panics: Arc<AtomicBool>,
}

impl Clone for PanicOnClone {
    fn clone(&self) -> Self {
        assert!(!self.panics.load(Ordering::Relaxed), "scripted panic in clone");
        Self { item: self.item.clone(), panics: self.panics.clone() }
    }
}

#[test]
fn source_is_polled_once_per_item_read() {
    let (handle, source) = scripted(0..5);
    let mut one = source.forker();
    let (mut two, mut passive) = (one.fork(), one.fork_passive());
    assert_eq!(next(&mut passive), Poll::Pending);
    assert_eq!(handle.polls(), 0);
    assert_eq!(next(&mut one), Poll::Ready(Some(0)));
    assert_eq!((handle.polls(), two.lag(), passive.lag()), (1, 1, 1));
    assert_eq!(next(&mut two), Poll::Ready(Some(0)));
    assert_eq!(handle.polls(), 1, "second fork must not poll the source");
}

#[test]
fn fork_starts_at_position_of_parent() {
    let (handle, source) = script();
    (1..6).for_each(|item| handle.send(item));
    let mut one = source.forker();
    for item in 1..4 {
        assert_eq!(next(&mut one), Poll::Ready(Some(item)));
    }
    let mut two = one.fork();
    (7..14).for_each(|item| handle.send(item));
    handle.end();
    let rest = [4, 5, 7, 8, 9, 10, 11, 12, 13];
    assert_eq!(read_all(&mut one), rest);
    assert_eq!(read_all(&mut two), rest);
    assert_eq!(
        (one.outcome(), two.outcome()),
        (Some(TaskOutcome::Completed), Some(TaskOutcome::Completed))
    );
}

#[test]
fn two_waiting_forks_both_receive_item() {
    let (handle, source) = script();
    let mut one = source.forker();
    let mut two = one.fork();
    let (a, b) = (Counting::new(), Counting::new());
    assert_eq!(a.poll(&mut one), Poll::Pending);
    assert_eq!(b.poll(&mut two), Poll::Pending);
    handle.send(1);
    assert_eq!((a.wakes(), b.wakes()), (1, 1));
    assert_eq!(a.poll(&mut one), Poll::Ready(Some(1)));
    assert_eq!(b.poll(&mut two), Poll::Ready(Some(1)));
}

#[test]
fn unpolled_woken_fork_blocks_no_other() {
    for idle in 0..3 {
        let (handle, source) = script();
        let one = source.forker();
        let mut forks = vec![one.fork(), one.fork(), one];
        let waker = Counting::new();
        for fork in &mut forks {
            assert_eq!(waker.poll(fork), Poll::Pending);
        }
        handle.send(0);
        let idle_fork = forks.remove(idle);
        for item in 0..100 {
            for fork in &mut forks {
                assert!(waker.wakes() > 0);
                assert_eq!(waker.poll(fork), Poll::Ready(Some(item)));
            }
            for fork in &mut forks {
                assert_eq!(waker.poll(fork), Poll::Pending);
            }
            let before = waker.wakes();
            handle.send(item + 1);
            assert_eq!(waker.wakes(), before + 2, "both waiting forks must be woken");
        }
        handle.end();
        for fork in &mut forks {
            assert_eq!(waker.poll(fork), Poll::Ready(Some(100)));
            assert_eq!(waker.poll(fork), Poll::Ready(None));
        }
        drop(idle_fork);
    }
}

#[test]
fn three_forks_read_items_in_any_order() {
    let (_handle, source) = scripted(0..8);
    let zero = source.forker();
    let mut forks = [zero.fork(), zero.fork(), zero];
    let mut read = [const { Vec::new() }; 3];
    for _ in 0..8 {
        for fork in [1, 0, 2] {
            let Poll::Ready(Some(item)) = next(&mut forks[fork]) else { panic!("no item") };
            read[fork].push(item);
        }
    }
    assert_eq!(read, [const { [0, 1, 2, 3, 4, 5, 6, 7] }; 3]);
    for fork in &mut forks {
        assert_eq!(next(fork), Poll::Ready(None));
    }
}

#[test]
fn fork_of_fork_receives_remaining_items() {
    let (_handle, source) = scripted(0..6);
    let mut one = source.forker();
    assert_eq!(next(&mut one), Poll::Ready(Some(0)));
    let mut two = one.clone();
    assert_eq!(next(&mut two), Poll::Ready(Some(1)));
    let mut three = two.fork();
    assert_eq!(read_all(&mut two), [2, 3, 4, 5]);
    assert_eq!(read_all(&mut three), [2, 3, 4, 5]);
    assert_eq!(read_all(&mut one), [1, 2, 3, 4, 5]);
}

/// Either fork is dropped, before or after the wake-up.
#[test]
fn dropped_waiting_fork_passes_wakeup_to_other() {
    for drop_first in [false, true] {
        for sent_before in [false, true] {
            let (handle, source) = script();
            let mut one = source.forker();
            let mut two = one.fork();
            let (a, b) = (Counting::new(), Counting::new());
            assert_eq!(a.poll(&mut one), Poll::Pending);
            assert_eq!(b.poll(&mut two), Poll::Pending);
            let (dropped, mut kept, task) = if drop_first { (one, two, b) } else { (two, one, a) };
            if sent_before {
                handle.send(1);
                drop(dropped);
            } else {
                drop(dropped);
                handle.send(1);
            }
            assert!(task.wakes() > 0, "drop first: {drop_first}, sent before: {sent_before}");
            assert_eq!(task.poll(&mut kept), Poll::Ready(Some(1)));
        }
    }
}

#[test]
fn fork_reading_first_leaves_other_woken() {
    for second_reads in [false, true] {
        let (handle, source) = script();
        let mut one = source.forker();
        let mut two = one.fork();
        let (a, b) = (Counting::new(), Counting::new());
        assert_eq!(a.poll(&mut one), Poll::Pending);
        assert_eq!(b.poll(&mut two), Poll::Pending);
        handle.send(1);
        let (reads, task, mut waits, other) =
            if second_reads { (two, b, one, a) } else { (one, a, two, b) };
        let mut reads = reads;
        assert_eq!(task.poll(&mut reads), Poll::Ready(Some(1)));
        assert!(other.wakes() > 0);
        // The fork that has read may not be polled again, so the other fork must be woken.
        assert_eq!(other.poll(&mut waits), Poll::Ready(Some(1)));
        assert_eq!(other.poll(&mut waits), Poll::Pending);
        handle.send(2);
        assert!(other.wakes() > 1);
        assert_eq!(other.poll(&mut waits), Poll::Ready(Some(2)));
    }
}

#[test]
fn woken_fork_reading_buffer_loses_no_wakeup() {
    let (handle, source) = script();
    let mut one = source.forker();
    let mut two = one.fork();
    let (a, b) = (Counting::new(), Counting::new());
    // Both forks wait for the source.
    assert_eq!(b.poll(&mut two), Poll::Pending);
    assert_eq!(a.poll(&mut one), Poll::Pending);
    handle.send(1);
    handle.send(2);
    // `two` pulls both items and waits. `one` then reads one buffered item and no more.
    assert_eq!(b.poll(&mut two), Poll::Ready(Some(1)));
    assert_eq!(b.poll(&mut two), Poll::Ready(Some(2)));
    assert_eq!(b.poll(&mut two), Poll::Pending);
    assert!(a.wakes() > 0);
    let before = b.wakes();
    assert_eq!(a.poll(&mut one), Poll::Ready(Some(1)));
    handle.send(3);
    assert!(b.wakes() > before, "waiting fork must be woken, not the fork with buffered items");
    assert_eq!(b.poll(&mut two), Poll::Ready(Some(3)));
    assert_eq!(read(&mut one), (vec![2, 3], Poll::Pending));
}

#[test]
fn passive_fork_waits_for_active_fork() {
    let (handle, source) = script();
    let mut active = source.forker();
    let mut passive = active.fork_passive();
    let (log, task) = (Counting::new(), Counting::new());
    handle.send(1);
    assert_eq!(log.poll(&mut passive), Poll::Pending);
    assert_eq!((log.wakes(), handle.polls()), (0, 0));
    assert_eq!(task.poll(&mut active), Poll::Ready(Some(1)));
    assert_eq!(log.wakes(), 1);
    assert_eq!(log.poll(&mut passive), Poll::Ready(Some(1)));
    assert_eq!(log.poll(&mut passive), Poll::Pending);
    assert_eq!((handle.polls(), passive.outcome()), (1, None), "source must not be polled");
    let mut other = passive.clone();
    handle.send(2);
    handle.end();
    assert_eq!(log.wakes(), 1);
    assert_eq!(read_all(&mut active), [2]);
    assert_eq!(log.wakes(), 2);
    assert_eq!(read_all(&mut passive), [2]);
    assert_eq!(read_all(&mut other), [2]);
    assert!(passive.is_terminated());
    assert_eq!(passive.outcome(), Some(TaskOutcome::Completed));
}

#[test]
fn passive_forks_end_with_last_active_fork() {
    let (handle, source) = script();
    let mut one = source.forker();
    let two = one.fork();
    let mut passive = two.fork_passive();
    let log = Counting::new();
    handle.send(1);
    assert_eq!(log.poll(&mut passive), Poll::Pending);
    assert_eq!(next(&mut one), Poll::Ready(Some(1)));
    assert_eq!(next(&mut one), Poll::Pending);
    drop(one);
    assert!(!handle.is_dropped() && passive.outcome().is_none());
    assert_eq!(log.poll(&mut passive), Poll::Ready(Some(1)));
    assert_eq!(log.poll(&mut passive), Poll::Pending);
    let wakes = log.wakes();
    drop(two);
    assert!(handle.is_dropped(), "last active fork must drop the source");
    assert_eq!(log.wakes(), wakes + 1);
    assert_eq!(passive.outcome(), Some(TaskOutcome::Cancelled));
    assert_eq!(log.poll(&mut passive), Poll::Ready(None));
    assert!(passive.is_terminated());
    assert_eq!(log.poll(&mut passive), Poll::Ready(None));
}

#[test]
fn error_items_reach_every_fork() {
    let (_handle, source) = scripted([Ok(1), Err("failed"), Ok(2)]);
    let mut one = source.forker();
    let (mut two, mut passive) = (one.fork(), one.fork_passive());
    let all = [Ok(1), Err("failed"), Ok(2)];
    assert_eq!(read_all(&mut one), all);
    assert_eq!(read_all(&mut two), all);
    assert_eq!(read_all(&mut passive), all);
}

#[test]
fn source_panic_ends_all_forks() {
    for ahead in 0..3 {
        let (handle, source) = script();
        let mut driver = source.forker();
        let (mut waits, mut passive) = (driver.fork(), driver.fork_passive());
        let (a, b) = (Counting::new(), Counting::new());
        assert_eq!(a.poll(&mut waits), Poll::Pending);
        assert_eq!(b.poll(&mut passive), Poll::Pending);
        (0..ahead).for_each(|item| handle.send(item));
        handle.panic();
        for item in 0..ahead {
            assert_eq!(next(&mut driver), Poll::Ready(Some(item)));
        }
        assert!(panics(|| next(&mut driver)));
        assert!(handle.is_dropped());
        assert!(a.wakes() > 0 && b.wakes() > 0);
        let items: Vec<_> = (0..ahead).collect();
        for outcome in [driver.outcome(), waits.outcome(), passive.outcome()] {
            assert_eq!(outcome, Some(TaskOutcome::Panicked));
        }
        assert_eq!(read_all(&mut waits), items);
        assert_eq!(read_all(&mut passive), items);
        assert_eq!(next(&mut driver), Poll::Ready(None));
        assert!(driver.is_terminated() && waits.is_terminated() && passive.is_terminated());
        assert_eq!(handle.polls(), ahead + 2, "source must not be polled after its panic");
    }
}

#[test]
fn a_source_that_panics_when_it_is_dropped() {
    let (_handle, source) = scripted([1]);
    let mut one = PanicOnDrop(source).forker();
    let (mut two, mut passive) = (one.fork(), one.fork_passive());
    assert_eq!(next(&mut one), Poll::Ready(Some(1)));
    assert!(panics(|| next(&mut one)));
    assert_eq!(read_all(&mut two), [1]);
    assert_eq!(read_all(&mut passive), [1]);
    assert_eq!(next(&mut one), Poll::Ready(None));

    // The source is dropped before its end.
    let (_handle, source) = script::<u8>();
    let one = PanicOnDrop(source).forker();
    let mut passive = one.fork_passive();
    assert!(panics(|| drop(one)));
    assert_eq!(next(&mut passive), Poll::Ready(None), "passive fork must end");
}

#[test]
fn clone_panic_leaves_item_readable() {
    let ledger = Ledger::new();
    let (handle, source) = script();
    let mut one = source.forker();
    let (mut two, mut passive) = (one.fork(), one.fork_passive());
    let faulty = Arc::new(AtomicBool::new(true));
    for item in ledger.items(2) {
        handle.send(PanicOnClone { item, panics: faulty.clone() });
    }
    handle.end();
    assert!(panics(|| next(&mut one)));
    assert!(panics(|| next(&mut two)));
    assert!(panics(|| next(&mut passive)));
    assert_eq!(handle.polls(), 1);
    faulty.store(false, Ordering::Relaxed);
    let items = |read: Vec<PanicOnClone>| read.iter().map(|it| it.item.value).collect::<Vec<_>>();
    assert_eq!(items(read_all(&mut one)), [0, 1]);
    assert_eq!(items(read_all(&mut two)), [0, 1]);
    assert_eq!(items(read_all(&mut passive)), [0, 1]);
    drop((one, two, passive, handle));
    ledger.assert_all_dropped();
}

#[test]
fn waker_panic_loses_no_item() {
    for is_passive in [false, true] {
        let (handle, source) = script();
        let mut one = source.forker();
        let mut two = one.fork();
        let mut passive = one.fork_passive();
        // Only one waker panics, because two panics in one notification abort.
        let faulty = on_wake(|| panic!("scripted panic in wake"));
        let polled = if is_passive { poll(&mut passive, &faulty) } else { poll(&mut two, &faulty) };
        assert_eq!(polled, Poll::Pending);
        if is_passive {
            // The source has no waker yet. The first poll that gets an item wakes the fork.
            handle.send(1);
        } else {
            assert!(panics(|| handle.send(1)));
        }
        handle.send(2);
        handle.end();
        let mut caught = 0;
        while !one.is_terminated() {
            caught += usize::from(panics(|| next(&mut one)));
            assert!(caught < 5, "each waker must panic once");
        }
        assert_eq!(caught > 0, is_passive);
        assert_eq!(read_all(&mut two), [1, 2]);
        assert_eq!(read_all(&mut passive), [1, 2]);
        assert_eq!(next(&mut one), Poll::Ready(None));
        assert!(handle.is_dropped(), "source must be dropped at its end");
    }
}

#[test]
fn single_fork_receives_items_without_clone() {
    let ledger = Ledger::new();
    let (handle, source) = script();
    let mut one = source.forker();
    let two = one.fork();
    drop(two);
    ledger.items(100).for_each(|item| handle.send(item));
    handle.end();
    assert_eq!(values(&read_all(&mut one)), (0..100).collect::<Vec<_>>());
    assert_eq!(ledger.clones(), 0);
    drop((one, handle));
    ledger.assert_all_dropped();
}

#[test]
fn items_are_cloned_for_all_but_last_reader() {
    let ledger = Ledger::new();
    let (handle, source) = script();
    let mut one = source.forker();
    let (mut two, mut passive) = (one.fork(), one.fork_passive());
    ledger.items(40).for_each(|item| handle.send(item));
    handle.end();
    drop(read_all(&mut one));
    drop(read_all(&mut two));
    let before_last = ledger.clones();
    assert_eq!(before_last, 80);
    drop((one, two));
    drop(read_all(&mut passive));
    assert_eq!(ledger.clones(), 80, "last reader must move the items");
    drop((passive, handle));
    ledger.assert_all_dropped();
}

#[test]
fn single_fork_needs_no_clone_bound() {
    struct Unique(u8);
    let (_handle, source) = scripted([Unique(1)]);
    let Poll::Ready(Some(Unique(1))) = next(&mut source.forker()) else { panic!("no item") };
}

#[test]
fn fork_1000_items_behind_receives_all() {
    let (_handle, source) = scripted(0..1001);
    let mut fast = source.forker();
    let mut slow = fast.fork();
    let mut log = fast.fork_passive();
    for item in 0..1000 {
        assert_eq!(next(&mut fast), Poll::Ready(Some(item)));
    }
    assert_eq!((fast.lag(), slow.lag(), log.lag()), (0, 1000, 1000));
    let all: Vec<_> = (0..1001).collect();
    assert_eq!(read_all(&mut slow), all);
    assert_eq!(read_all(&mut log), all);
    assert_eq!(read_all(&mut fast), [1000]);
}

#[test]
fn dropped_slow_fork_frees_its_items() {
    let ledger = Ledger::new();
    let (handle, source) = script();
    let mut fast = source.forker();
    let slow = fast.fork();
    for item in ledger.items(1000) {
        handle.send(item);
        assert!(next(&mut fast).is_ready());
    }
    assert_eq!(ledger.alive(), 1000);
    drop(slow);
    // The fast fork keeps only its half-read block.
    assert!(ledger.alive() < 100, "{} are alive", ledger.alive());
    drop(fast);
    assert_eq!(ledger.alive(), 0);
    ledger.assert_all_dropped();
}

#[test]
fn size_hint_adds_buffered_items_to_source() {
    let (_handle, source) = scripted(0..10);
    let mut one = source.forker();
    assert_eq!(one.size_hint(), (10, Some(10)));
    let mut two = one.fork();
    let mut passive = one.fork_passive();
    for left in (0..10).rev() {
        assert!(next(&mut one).is_ready());
        assert_eq!(one.size_hint(), (left, Some(left)));
        assert_eq!(two.size_hint(), (10, Some(10)));
        let (lower, upper) = passive.size_hint();
        assert!(lower == 10 - left && upper.is_none_or(|upper| upper >= 10), "{lower}, {upper:?}");
    }
    assert_eq!(next(&mut two), Poll::Ready(Some(0)));
    assert_eq!(two.size_hint(), (9, Some(9)));
    assert_eq!(next(&mut one), Poll::Ready(None));
    assert_eq!(one.size_hint(), (0, Some(0)));
    assert_eq!(two.size_hint(), (9, Some(9)));
    assert_eq!(passive.size_hint(), (10, Some(10)));
    assert!(next(&mut passive).is_ready());
    assert_eq!(passive.size_hint(), (9, Some(9)));
    let huge = stream::repeat(1).take(usize::MAX).forker();
    assert_eq!(huge.size_hint(), (usize::MAX, Some(usize::MAX)));
}

#[test]
fn last_dropped_fork_drops_source() {
    let ledger = Ledger::new();
    let (handle, source) = script();
    let mut one = source.forker();
    let (two, passive) = (one.fork(), one.fork_passive());
    let task = Counting::new();
    ledger.items(3).for_each(|item| handle.send(item));
    assert!(task.poll(&mut one).is_ready());
    assert!(task.poll(&mut one).is_ready());
    assert!(task.poll(&mut one).is_ready());
    assert!(task.poll(&mut one).is_pending());
    let waker = handle.take_waker().expect("pending source must hold a waker");
    drop(one);
    assert!(!handle.is_dropped());
    drop(two);
    assert!(handle.is_dropped());
    drop(passive);
    waker.wake();
    assert_eq!((task.wakes(), task.held()), (0, 0));
    drop(handle);
    ledger.assert_all_dropped();
}

#[test]
fn self_waking_source_serves_forks_in_one_task() {
    let mut ready = false;
    let mut left = 100;
    let self_waking = stream::poll_fn(move |cx| {
        ready = !ready;
        if ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        left -= 1;
        Poll::Ready((left >= 0).then_some(left))
    });
    let one = self_waking.forker();
    let two = one.fork();
    let both = future::join(one.collect::<Vec<_>>(), two.collect::<Vec<_>>());
    let mut both = pin!(both);
    let task = Counting::new();
    let mut polls = 0;
    let (one, two) = loop {
        polls += 1;
        let cx = &mut core::task::Context::from_waker(task.waker());
        match future::Future::poll(both.as_mut(), cx) {
            Poll::Ready(done) => break done,
            Poll::Pending => assert!(polls <= task.wakes(), "pending task must be woken"),
        }
    };
    let all: Vec<_> = (0..100).rev().collect();
    assert_eq!((&one, &two), (&all, &all));
}

#[test]
fn ended_forks_on_two_threads_stay_ended() {
    let mut one = stream::iter([1]).forker();
    let mut two = one.fork();
    assert_eq!((read_all(&mut one), read_all(&mut two)), (vec![1], vec![1]));
    let stays_ended = |fork: &mut ForkStream<_>| {
        for _ in 0..20_000 {
            assert_eq!(next(fork), Poll::Ready(None));
            assert!(fork.is_terminated());
            assert_eq!(fork.size_hint().0, 0);
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| stays_ended(&mut one));
        stays_ended(&mut two);
    });
}

#[test]
fn fork_terminates_after_end_and_last_item() {
    let (handle, source) = scripted([1, 2]);
    let mut one = source.forker();
    let mut two = one.fork();
    assert_eq!(next(&mut one), Poll::Ready(Some(1)));
    assert_eq!(next(&mut one), Poll::Ready(Some(2)));
    assert!(!one.is_terminated() && one.outcome().is_none(), "fork must return None first");
    assert_eq!(next(&mut one), Poll::Ready(None));
    assert!(handle.is_dropped(), "source must be dropped at its end");
    assert!(one.is_terminated() && !two.is_terminated());
    assert_eq!(read_all(&mut two), [1, 2]);
    assert!(two.is_terminated());
    assert_eq!(next(&mut one), Poll::Ready(None));
    assert_eq!(next(&mut two), Poll::Ready(None));
    let mut late = one.fork();
    assert!(late.is_terminated() && one.fork_passive().is_terminated());
    assert_eq!(next(&mut late), Poll::Ready(None));
}

#[test]
fn latest_waker_is_woken() {
    let (handle, source) = script();
    let mut one = source.forker();
    let _two = one.fork();
    let (old, new) = (Counting::new(), Counting::new());
    assert_eq!(old.poll(&mut one), Poll::Pending);
    assert_eq!(new.poll(&mut one), Poll::Pending);
    handle.send(1);
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    assert_eq!(new.poll(&mut one), Poll::Ready(Some(1)));
    assert_eq!(old.poll(&mut one), Poll::Pending);
    handle.end();
    assert_eq!((old.wakes(), new.wakes()), (1, 1));
}

#[test]
fn items_are_freed_once_if_dropped_at_any_step() {
    for steps in 0..9 {
        for order in 0..3 {
            let ledger = Ledger::new();
            let (handle, source) = script();
            let mut one = source.forker();
            let mut two = one.fork();
            let mut passive = one.fork_passive();
            ledger.items(3).for_each(|item| handle.send(item));
            for step in 0..steps {
                match step % 3 {
                    0 => drop(next(&mut one)),
                    1 => drop(next(&mut two)),
                    _ => drop(next(&mut passive)),
                }
            }
            match order {
                0 => drop((one, two, passive)),
                1 => drop((passive, two, one)),
                _ => drop((two, passive, one)),
            }
            drop(handle);
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn pinned_source_is_accepted() {
    let numbers = stream::unfold(0, |i| async move { (i < 3).then_some((i, i + 1)) });
    let mut one = numbers.forker();
    let mut two = one.fork();
    assert_eq!(read_all(&mut one), [0, 1, 2]);
    assert_eq!(read_all(&mut two), [0, 1, 2]);
}

#[test]
fn source_may_fork_itself_while_polled() {
    // The source is polled under the lock, so its use of another fork must not deadlock.
    type Shared = Arc<std::sync::Mutex<Option<ForkStream<Script<u8>>>>>;
    let inner: Shared = Shared::default();
    let (handle, source) = scripted([1, 2]);
    let fork = source.forker();
    *inner.lock().expect("no panic") = Some(fork.fork());
    let outer = fork.map(|item| item);
    let after = inner.clone();
    let mut outer = outer
        .inspect(move |_| {
            let mut inner = inner.lock().expect("no panic");
            let fork = inner.as_mut().expect("fork must be stored");
            assert!(fork.size_hint().0 > 0);
            let _ = fork.fork();
        })
        .forker();
    assert_eq!(next(&mut outer), Poll::Ready(Some(1)));
    assert_eq!(next(&mut outer), Poll::Ready(Some(2)));
    let fork = after.lock().expect("no panic").take();
    assert_eq!(read_all(&mut fork.expect("fork must be stored")), [1, 2]);
    assert_eq!(handle.left(), 0);
}

#[test]
fn debug_shows_the_state_and_no_items() {
    #[derive(Clone)]
    struct Opaque;
    let (_handle, source) = scripted([Opaque]);
    let mut one = source.forker();
    let passive: PassiveFork<_> = one.fork_passive();
    assert!(next(&mut one).is_ready());
    assert!(next(&mut one).is_ready());
    assert_eq!(format!("{one:?}"), "ForkStream { lag: 0, outcome: Some(Completed), .. }");
    assert_eq!(format!("{passive:?}"), "PassiveFork { lag: 1, outcome: Some(Completed), .. }");
}

fn feed(handle: SourceHandle<u32>, items: u32) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for item in 0..items {
            handle.send(item);
            if item % 64 == 0 {
                thread::yield_now();
            }
        }
        handle.end();
    })
}

/// Forks on threads poll the source in any order, and each receives all items in order.
#[test]
fn forks_on_threads_receive_all_items_in_order() {
    const ITEMS: u32 = 20_000;
    for ready in [true, false] {
        let (handle, source) = if ready { scripted(0..ITEMS) } else { script() };
        let feeder = (!ready).then(|| feed(handle, ITEMS));
        let one = source.forker();
        let (two, passive) = (one.fork(), one.fork_passive());
        let check = |items: Vec<u32>| {
            assert_eq!(items.len() as u32, ITEMS);
            assert!((0..ITEMS).eq(items));
        };
        let log = thread::spawn(move || check(futures_executor::block_on(passive.collect())));
        let other = thread::spawn(move || check(futures_executor::block_on(two.collect())));
        check(futures_executor::block_on(one.collect()));
        other.join().expect("thread must not fail");
        log.join().expect("thread must not fail");
        if let Some(feeder) = feeder {
            feeder.join().expect("thread must not fail");
        }
    }
}

/// A passive fork that is made while other forks poll receives every item from its position on.
#[test]
fn passive_forks_made_on_threads_miss_no_item() {
    const ITEMS: u32 = 2_000;
    for ready in [true, false] {
        let (handle, source) = if ready { scripted(0..ITEMS) } else { script() };
        let feeder = (!ready).then(|| feed(handle, ITEMS));
        let one = source.forker();
        let mut two = one.fork();
        let other = thread::spawn(move || {
            let mut logs = Vec::new();
            let read = futures_executor::block_on(two.by_ref().take(100).collect::<Vec<_>>());
            assert!((0..100).eq(read));
            for from in 100.. {
                let log = two.fork_passive();
                logs.push(thread::spawn(move || {
                    let items: Vec<u32> = futures_executor::block_on(log.collect());
                    assert!((from..ITEMS).eq(items), "from {from}");
                }));
                if from == 110 {
                    break;
                }
                assert_eq!(futures_executor::block_on(two.next()), Some(from));
            }
            (two, logs)
        });
        assert!((0..ITEMS).eq(futures_executor::block_on(one.collect::<Vec<_>>())));
        let (two, logs) = other.join().expect("thread must not fail");
        for log in logs {
            log.join().expect("thread must not fail");
        }
        drop(two);
        if let Some(feeder) = feeder {
            feeder.join().expect("thread must not fail");
        }
    }
}

/// Forks are made and dropped while another fork reads. No wake-up is lost.
#[test]
fn waiting_forks_dropped_on_threads_lose_no_wake() {
    const ITEMS: u32 = 5_000;
    let (handle, source) = script();
    let one = source.forker();
    let parent = one.fork();
    let over = Arc::new(AtomicBool::new(false));
    let stop = over.clone();
    let churn = thread::spawn(move || {
        while !stop.load(Ordering::Acquire) {
            let mut fork = parent.fork();
            let _ = poll(&mut fork, Waker::noop());
            let _ = poll(&mut fork, Waker::noop());
        }
    });
    let feeder = feed(handle, ITEMS);
    let items: Vec<u32> = futures_executor::block_on(one.collect());
    over.store(true, Ordering::Release);
    assert!((0..ITEMS).eq(items));
    churn.join().expect("thread must not fail");
    feeder.join().expect("thread must not fail");
}

#[test]
fn waker_panic_at_end_still_drops_source() {
    let (handle, source) = script::<u8>();
    let mut one = source.forker();
    let mut passive = one.fork_passive();
    assert_eq!(poll(&mut passive, &on_wake(|| panic!("scripted panic in wake"))), Poll::Pending);
    handle.end();
    assert!(panics(|| next(&mut one)));
    assert!(handle.is_dropped(), "source must be dropped at its end");
    assert_eq!(one.outcome(), Some(TaskOutcome::Completed));
    assert_eq!(next(&mut one), Poll::Ready(None));
    assert_eq!(next(&mut passive), Poll::Ready(None));
}

/// Sends several batches. After all forks have read a batch, no item of it may be alive.
#[track_caller]
fn assert_no_read_items_kept(ends: bool, active: usize, passive: usize) {
    for n in [0, 1, 2, 56, 57, 58, 70] {
        let ledger = Ledger::new();
        let (handle, source) = script();
        let mut forks = vec![source.forker()];
        let mut passives: Vec<_> = (0..passive).map(|_| forks[0].fork_passive()).collect();
        while forks.len() < active {
            forks.push(forks[0].fork());
        }
        let mut sent = 0;
        for (count, last) in [(n, false), (1, false), (2, true)] {
            for _ in 0..count {
                handle.send(ledger.item(sent));
                sent += 1;
            }
            if ends && last {
                handle.end();
            }
            let end = if ends && last { Poll::Ready(()) } else { Poll::Pending };
            let new: Vec<_> = (sent - count as u64..sent).collect();
            // Each fork reads all items, and the first fork polls the source.
            for fork in &mut forks {
                let (items, polled) = read(fork);
                assert_eq!((values(&items), polled), (new.clone(), end));
            }
            for fork in &mut passives {
                let (items, polled) = read(fork);
                assert_eq!((values(&items), polled), (new.clone(), end));
            }
            assert_eq!(ledger.alive(), 0, "all of {sent} items are read and must be freed");
        }
        drop((forks, passives));
        ledger.assert_all_dropped();
    }
}

#[test]
fn waiting_forks_keep_no_read_items() {
    for (active, passive) in [(1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (2, 2)] {
        assert_no_read_items_kept(false, active, passive);
    }
}

#[test]
fn ended_forks_keep_no_read_items() {
    for (active, passive) in [(1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (2, 2)] {
        assert_no_read_items_kept(true, active, passive);
    }
}

#[test]
fn dropped_laggard_frees_items_read_by_all() {
    let ledger = Ledger::new();
    let (handle, source) = script();
    let mut one = source.forker();
    let (mut two, behind, watcher) = (one.fork(), one.fork(), one.fork_passive());
    ledger.items(5).for_each(|item| handle.send(item));
    assert_eq!(read(&mut one).0.len(), 5);
    assert_eq!(read(&mut two).0.len(), 5);
    drop(behind);
    assert_eq!(ledger.alive(), 5, "items must be kept for the passive fork");
    drop(watcher);
    assert_eq!(ledger.alive(), 0);
}

#[test]
fn active_fork_of_passive_starts_at_its_position() {
    let (handle, source) = script();
    let mut one = source.forker();
    let mut passive = one.fork_passive();
    (0..3).for_each(|item| handle.send(item));
    assert_eq!(read(&mut one), (vec![0, 1, 2], Poll::Pending));
    assert_eq!(next(&mut passive), Poll::Ready(Some(0)));
    let mut two = passive.fork_active();
    drop(one);
    assert!(!handle.is_dropped() && passive.outcome().is_none());
    let (task, log) = (Counting::new(), Counting::new());
    assert_eq!(task.poll(&mut two), Poll::Ready(Some(1)));
    assert_eq!(task.poll(&mut two), Poll::Ready(Some(2)));
    assert_eq!(task.poll(&mut two), Poll::Pending);
    assert_eq!(read(&mut passive), (vec![1, 2], Poll::Pending));
    assert_eq!(log.poll(&mut passive), Poll::Pending);
    handle.send(3);
    assert_eq!((task.wakes(), log.wakes()), (1, 0));
    assert_eq!(task.poll(&mut two), Poll::Ready(Some(3)));
    assert_eq!(log.wakes(), 1);
    assert_eq!(log.poll(&mut passive), Poll::Ready(Some(3)));
    drop(two);
    assert!(handle.is_dropped(), "last active fork must drop the source");
    assert_eq!(log.poll(&mut passive), Poll::Ready(None));
    assert_eq!(passive.outcome(), Some(TaskOutcome::Cancelled));
}

/// At each slot of a block, with and without a registered waker.
#[test]
fn passive_fork_becomes_active_at_any_position() {
    const ITEMS: usize = 200;
    for position in 0..ITEMS {
        for waiting in [false, true] {
            let (_handle, source) = scripted(0..ITEMS);
            let mut one = source.forker();
            let mut passive = one.fork_passive();
            for item in 0..position {
                assert_eq!(next(&mut one), Poll::Ready(Some(item)));
                assert_eq!(next(&mut passive), Poll::Ready(Some(item)));
            }
            let log = Counting::new();
            if waiting {
                assert_eq!(log.poll(&mut passive), Poll::Pending);
            }
            let mut two = passive.activate();
            drop(one);
            assert_eq!(log.held(), 0, "activation must drop the waker");
            assert_eq!(two.size_hint(), (ITEMS - position, Some(ITEMS - position)));
            assert!((position..ITEMS).eq(read_all(&mut two)));
            assert_eq!(two.outcome(), Some(TaskOutcome::Completed));
        }
    }
}

#[test]
fn activated_fork_after_cancel_reads_buffer() {
    let (handle, source) = script();
    let mut one = source.forker();
    let passive = one.fork_passive();
    (0..3).for_each(|item| handle.send(item));
    assert_eq!(next(&mut one), Poll::Ready(Some(0)));
    assert_eq!(next(&mut one), Poll::Ready(Some(1)));
    drop(one);
    assert!(handle.is_dropped());
    let polls = handle.polls();
    let mut late = passive.fork_active();
    let (mut fork, mut log) = (late.fork(), late.fork_passive());
    assert_eq!(late.size_hint(), (2, Some(2)));
    assert!(!late.is_terminated());
    assert_eq!(read_all(&mut late), [0, 1]);
    assert_eq!(read_all(&mut fork), [0, 1]);
    assert_eq!(read_all(&mut log), [0, 1]);
    assert!(late.is_terminated() && fork.is_terminated());
    assert_eq!((late.outcome(), fork.outcome()), (Some(TaskOutcome::Cancelled), log.outcome()));
    assert_eq!(read_all(&mut passive.activate()), [0, 1]);
    assert_eq!(handle.polls(), polls, "dropped source must not be polled");
}

#[test]
fn activated_fork_after_end_reads_buffer() {
    let (_handle, source) = scripted([1, 2]);
    let mut one = source.forker();
    let mut passive = one.fork_passive();
    assert_eq!(read_all(&mut one), [1, 2]);
    let mut two = passive.fork_active();
    drop(one);
    assert_eq!(read_all(&mut two), [1, 2]);
    assert_eq!(read_all(&mut passive), [1, 2]);
    assert!(passive.fork_active().is_terminated());
    assert_eq!(two.outcome(), Some(TaskOutcome::Completed));
}

/// The drop of the source activates a passive fork of the source.
#[test]
fn source_may_fork_itself_in_drop() {
    type Slot = Arc<std::sync::Mutex<Option<PassiveFork<SelfForking>>>>;
    struct SelfForking(Script<u8>, Slot);
    impl Stream for SelfForking {
        type Item = u8;
        fn poll_next(
            mut self: core::pin::Pin<&mut Self>,
            cx: &mut core::task::Context<'_>,
        ) -> Poll<Option<u8>> {
            self.0.poll_next_unpin(cx)
        }
    }
    impl Drop for SelfForking {
        fn drop(&mut self) {
            let passive = self.1.lock().expect("no panic").take().expect("fork must be stored");
            let mut late = passive.activate();
            assert_eq!(next(&mut late), Poll::Ready(Some(1)));
            assert_eq!(next(&mut late), Poll::Pending, "list must not be stopped yet");
            assert_eq!(late.size_hint(), (0, None));
        }
    }
    let slot = Slot::default();
    let (handle, source) = scripted([1]);
    let mut one = SelfForking(source, slot.clone()).forker();
    let mut log = one.fork_passive();
    *slot.lock().expect("no panic") = Some(one.fork_passive());
    assert_eq!(next(&mut one), Poll::Ready(Some(1)));
    drop(one);
    assert!(handle.is_dropped());
    assert_eq!(read_all(&mut log), [1]);
}

#[test]
fn source_drop_panic_ends_late_active_forks() {
    let (handle, source) = scripted([1]);
    let mut one = PanicOnDrop(source).forker();
    let passive = one.fork_passive();
    let mut waits = passive.clone();
    let log = Counting::new();
    assert_eq!(next(&mut one), Poll::Ready(Some(1)));
    assert_eq!(log.poll(&mut waits), Poll::Ready(Some(1)));
    assert_eq!(log.poll(&mut waits), Poll::Pending);
    assert!(panics(|| drop(one)));
    assert!(handle.is_dropped());
    assert_eq!(log.wakes(), 1);
    assert_eq!(log.poll(&mut waits), Poll::Ready(None));
    assert_eq!(read_all(&mut passive.activate()), [1]);
}

/// Each fork receives all items from its position on, whether it is passive or active.
#[test]
fn passive_forks_become_active_on_threads() {
    const ITEMS: u32 = 2_000;
    for ready in [true, false] {
        let (handle, source) = if ready { scripted(0..ITEMS) } else { script() };
        let feeder = (!ready).then(|| feed(handle, ITEMS));
        let mut one = source.forker();
        let rest = one.fork_passive();
        let first = rest.fork_active();
        let mut readers: Vec<_> = (1..5)
            .map(|reader| {
                let mut log = one.fork_passive();
                thread::spawn(move || {
                    let passed = 100 * reader;
                    let read = log.by_ref().take(passed as usize).collect::<Vec<_>>();
                    assert!((0..passed).eq(futures_executor::block_on(read)));
                    let active = log.activate();
                    assert!((passed..ITEMS).eq(futures_executor::block_on_stream(active)));
                })
            })
            .collect();
        readers.push(thread::spawn(move || {
            assert!((0..ITEMS).eq(futures_executor::block_on_stream(first)));
        }));
        let read = one.by_ref().take(400).collect::<Vec<_>>();
        assert!((0..400).eq(futures_executor::block_on(read)));
        drop(one);
        for reader in readers {
            reader.join().expect("thread must not fail");
        }
        assert_eq!(rest.outcome(), Some(TaskOutcome::Completed));
        assert!((0..ITEMS).eq(futures_executor::block_on_stream(rest)));
        if let Some(feeder) = feeder {
            feeder.join().expect("thread must not fail");
        }
    }
}

#[test]
fn dropped_next_takes_its_waker_back() {
    let (handle, source) = script();
    let mut one = source.forker();
    let (mut two, mut passive) = (one.fork(), one.fork_passive());
    let (dropped, waiting) = (Counting::new(), Counting::new());
    for sent in 0..2 {
        {
            let (one, passive) = (pin!(one.next()), pin!(passive.next()));
            let mut cx = Context::from_waker(dropped.waker());
            assert!(one.poll(&mut cx).is_pending());
            assert!(passive.poll(&mut cx).is_pending());
        }
        assert!(waiting.poll(&mut two).is_pending());
        handle.send(sent);
        assert_eq!(waiting.poll(&mut two), Poll::Ready(Some(sent)));
        assert_eq!((dropped.wakes(), waiting.wakes()), (0, sent + 1));
        assert_eq!(one.next().now_or_never(), Some(Some(sent)));
        assert_eq!(passive.next().now_or_never(), Some(Some(sent)));
    }
    // A future that is not dropped is woken.
    let (one, passive) = (pin!(one.next()), pin!(passive.next()));
    let mut cx = Context::from_waker(dropped.waker());
    assert!(one.poll(&mut cx).is_pending());
    assert!(passive.poll(&mut cx).is_pending());
    handle.send(2);
    assert_eq!(waiting.poll(&mut two), Poll::Ready(Some(2)));
    assert_eq!(dropped.wakes(), 2);
}

#[test]
fn dropped_next_of_driver_stops_no_other_fork() {
    let (handle, source) = script();
    let mut one = source.forker();
    let mut two = one.fork();
    let (dropped, waiting) = (Counting::new(), Counting::new());
    let mut next = Box::pin(one.next());
    assert!(next.as_mut().poll(&mut Context::from_waker(dropped.waker())).is_pending());
    assert!(waiting.poll(&mut two).is_pending());
    // The source holds the waker of the fork that polled it.
    drop(next);
    handle.send(1);
    assert_eq!(waiting.wakes(), 1);
    assert_eq!(waiting.poll(&mut two), Poll::Ready(Some(1)));
}
