//! What the table says of some peers, seen again without the driver: each step by hand.

use core::{panic::AssertUnwindSafe, task::Poll};
use std::panic::catch_unwind;

use futures_buffered::MergeBounded;
use futures_concurrency::prelude::*;
use futures_core::Stream;
use futures_util::StreamExt;
use stream_broadcast::StreamBroadcastExt;
use stream_laws::{Control, Source, Task, Token};

fn source(script: &str) -> (Source, Control) {
    Source::new(script.parse().expect("a script"))
}

/// Two tasks, each with one of two forks.
fn two<S: Stream + Clone>(fork: S) -> [Task<S>; 2] {
    [Task::new(fork.clone()), Task::new(fork)]
}

fn number(poll: Poll<Option<Token>>) -> Poll<Option<usize>> {
    poll.map(|item| item.map(|token| token.number()))
}

#[test]
fn fork_stream_wakes_one_fork_twice_and_the_other_never() {
    let (source, control) = source("~-|");
    let [mut a, mut b] = two(fork_stream::StreamExt::fork(source));
    assert!(a.poll().is_pending());
    assert!(a.is_woken());
    assert!(b.poll().is_pending());
    assert!(a.poll().is_pending());
    control.wake();
    assert!(a.is_woken() && !b.is_woken());
    assert!(matches!(a.poll(), Poll::Ready(None)));
    assert!(!b.is_woken(), "L2 is kept now");
}

#[test]
fn fork_stream_drops_the_wake_of_a_dropped_fork() {
    let (source, control) = source("-o|");
    let [mut a, mut b] = two(fork_stream::StreamExt::fork(source));
    assert!(a.poll().is_pending());
    assert!(b.poll().is_pending());
    b.drop_stream();
    control.wake();
    assert!(!a.is_woken(), "L8 is kept now");
}

#[test]
fn shared_stream_wakes_the_last_reader_only() {
    let (source, control) = source("-o|");
    let [mut a, mut b] = two(shared_stream::Share::shared(source));
    assert!(a.poll().is_pending());
    assert!(b.poll().is_pending());
    control.wake();
    assert!(b.poll().is_ready());
    assert!(!a.is_woken(), "L2 is kept now");
}

#[test]
fn stream_broadcast_drops_the_wake_of_a_dropped_lossy_reader() {
    let (source, control) = source("-o|");
    let [mut a, mut b] = two(source.fuse().broadcast_lossy(3));
    assert!(a.poll().is_pending());
    assert!(b.poll().is_pending());
    b.drop_stream();
    control.wake();
    assert!(!a.is_woken(), "L8 is kept now");
}

/// Polls both of two readers that wait, and wakes the source. Returns whether the reader that was
/// not woken finds something all the same.
fn wakes_one_reader<S: Stream>(control: &Control, [a, b]: &mut [Task<S>; 2]) -> bool {
    assert!(a.poll().is_pending());
    assert!(b.poll().is_pending());
    control.wake();
    let asleep = match (a.is_woken(), b.is_woken()) {
        (true, false) => b,
        (false, true) => a,
        woken => panic!("{woken:?}: L11 is kept now"),
    };
    asleep.poll().is_ready()
}

#[test]
fn fork_stream_wakes_one_fork() {
    let (source, control) = source("-|");
    assert!(wakes_one_reader(&control, &mut two(fork_stream::StreamExt::fork(source))));
}

#[test]
fn shared_stream_wakes_one_reader() {
    let (source, control) = source("-|");
    assert!(wakes_one_reader(&control, &mut two(shared_stream::Share::shared(source))));
}

#[test]
fn stream_broadcast_wakes_one_reader() {
    let (lossless, control) = source("-|");
    assert!(wakes_one_reader(&control, &mut two(lossless.fuse().broadcast_lossless(3))));
    let (lossy, control) = source("-|");
    assert!(wakes_one_reader(&control, &mut two(lossy.fuse().broadcast_lossy(3))));
}

#[test]
fn clone_stream_reorders() {
    let (source, control) = source("ooo-o-|");
    let [mut a, mut b] = two(clone_stream::ForkStream::fork(source));
    let mut seen = [Vec::new(), Vec::new()];
    for turn in 0..40 {
        let (n, task) = if turn % 2 == 0 { (0, &mut a) } else { (1, &mut b) };
        match number(task.poll()) {
            Poll::Ready(Some(item)) => seen[n].push(item),
            Poll::Pending if turn > 12 => {
                control.wake();
            }
            Poll::Pending | Poll::Ready(None) => {}
        }
    }
    assert!(seen.iter().any(|items| !items.is_sorted()), "{seen:?}");
}

#[test]
fn futures_util_take_until_promises_what_it_may_not_keep() {
    let (source, _control) = source("o|");
    let mut task = Task::new(source.take_until(core::future::ready(())));
    assert_eq!(task.size_hint(), (1, Some(1)));
    assert_eq!(task.poll(), Poll::Ready(None));
}

#[test]
fn futures_util_buffered_waits_for_a_future_that_panicked() {
    let (outer, _control) = source("ooo|");
    let work = |token: Token| async move {
        assert!(token.number() > 0, "the first one fails");
        token
    };
    let mut task = Task::new(outer.map(work).buffered(2));
    assert!(catch_unwind(AssertUnwindSafe(|| task.poll())).is_err());
    assert_eq!(task.poll(), Poll::Pending);
    assert!(!task.is_woken(), "and nothing else will wake it");
}

/// Polls a merge of two sources, the first of which panics, to where it waits.
fn meets_a_panic<S: Stream<Item = Token>>(merge: impl FnOnce([Source; 2]) -> S) {
    let (first, panics) = source("!o|");
    let (second, ends) = source("o|");
    let mut task = Task::new(merge([first, second]));
    while catch_unwind(AssertUnwindSafe(|| task.poll())).is_ok() {}
    while task.poll().is_ready() {}
    assert!(ends.is_ended(), "the other one is read to its end");
    assert_eq!((panics.polls(), panics.is_dropped()), (1, false));
    assert!(!task.is_woken(), "and nothing else will wake it");
}

#[test]
fn futures_concurrency_never_polls_a_child_again_that_panicked() {
    meets_a_panic(|[a, b]| (a, b).merge());
    meets_a_panic(|sources| sources.merge());
    meets_a_panic(|sources| Vec::from(sources).merge());
}

#[test]
fn futures_buffered_never_polls_a_child_again_that_panicked() {
    meets_a_panic(MergeBounded::from_iter);
}

#[test]
fn futures_concurrency_wakes_a_task_that_dropped_its_merge() {
    let (source, control) = source("-o|");
    let mut task = Task::new([source].merge());
    assert!(task.poll().is_pending());
    task.drop_stream();
    assert!(!task.wakers()[0].is_released());
    control.wake();
    assert!(task.is_woken());
}

#[test]
fn futures_util_flatten_unordered_wakes_a_task_that_dropped_it() {
    let (outer, control) = source("-|");
    let mut task =
        Task::new(outer.map(|_| futures_util::stream::empty::<()>()).flatten_unordered(2));
    assert!(task.poll().is_pending());
    let before = task.wakes();
    task.drop_stream();
    assert!(!task.wakers()[0].is_released());
    control.wake();
    assert!(task.wakes() > before);
}
