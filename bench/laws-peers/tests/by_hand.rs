//! Some results of the table, reproduced step by step without the driver.

use core::{panic::AssertUnwindSafe, task::Poll};
use std::panic::catch_unwind;

use futures_buffered::MergeBounded;
use futures_concurrency::prelude::*;
use futures_core::Stream;
use futures_util::StreamExt;
use stream_broadcast::StreamBroadcastExt;
use stream_laws::{Source, SourceHandle, Task, Token};

fn source(script: &str) -> (Source, SourceHandle) {
    Source::new(script.parse().expect("a script"))
}

/// Returns two tasks, each with a clone of `fork`.
fn two<S: Stream + Clone>(fork: S) -> [Task<S>; 2] {
    [Task::new(fork.clone()), Task::new(fork)]
}

fn number(poll: Poll<Option<Token>>) -> Poll<Option<usize>> {
    poll.map(|item| item.map(|token| token.number()))
}

#[test]
fn fork_stream_wakes_same_fork_twice() {
    let (source, handle) = source("~-|");
    let [mut a, mut b] = two(fork_stream::StreamExt::fork(source));
    assert!(a.poll().is_pending());
    assert!(a.is_woken());
    assert!(b.poll().is_pending());
    assert!(a.poll().is_pending());
    handle.wake();
    assert!(a.is_woken() && !b.is_woken());
    assert!(matches!(a.poll(), Poll::Ready(None)));
    assert!(!b.is_woken(), "L2 must be broken");
}

#[test]
fn fork_stream_dropped_fork_loses_wake() {
    let (source, handle) = source("-o|");
    let [mut a, mut b] = two(fork_stream::StreamExt::fork(source));
    assert!(a.poll().is_pending());
    assert!(b.poll().is_pending());
    b.drop_stream();
    handle.wake();
    assert!(!a.is_woken(), "L8 must be broken");
}

#[test]
fn shared_stream_wakes_last_poller_only() {
    let (source, handle) = source("-o|");
    let [mut a, mut b] = two(shared_stream::Share::shared(source));
    assert!(a.poll().is_pending());
    assert!(b.poll().is_pending());
    handle.wake();
    assert!(b.poll().is_ready());
    assert!(!a.is_woken(), "L2 must be broken");
}

#[test]
fn stream_broadcast_dropped_reader_loses_wake() {
    let (source, handle) = source("-o|");
    let [mut a, mut b] = two(source.fuse().broadcast_lossy(3));
    assert!(a.poll().is_pending());
    assert!(b.poll().is_pending());
    b.drop_stream();
    handle.wake();
    assert!(!a.is_woken(), "L8 must be broken");
}

/// Polls two readers and wakes the source. Returns `true` if the reader that was not woken can make
/// progress.
fn wakes_one_reader<S: Stream>(handle: &SourceHandle, [a, b]: &mut [Task<S>; 2]) -> bool {
    assert!(a.poll().is_pending());
    assert!(b.poll().is_pending());
    handle.wake();
    let asleep = match (a.is_woken(), b.is_woken()) {
        (true, false) => b,
        (false, true) => a,
        woken => panic!("{woken:?}: L11 must be broken"),
    };
    asleep.poll().is_ready()
}

#[test]
fn fork_stream_wakes_one_fork() {
    let (source, handle) = source("-|");
    assert!(wakes_one_reader(&handle, &mut two(fork_stream::StreamExt::fork(source))));
}

#[test]
fn shared_stream_wakes_one_reader() {
    let (source, handle) = source("-|");
    assert!(wakes_one_reader(&handle, &mut two(shared_stream::Share::shared(source))));
}

#[test]
fn stream_broadcast_wakes_one_reader() {
    let (lossless, handle) = source("-|");
    assert!(wakes_one_reader(&handle, &mut two(lossless.fuse().broadcast_lossless(3))));
    let (lossy, handle) = source("-|");
    assert!(wakes_one_reader(&handle, &mut two(lossy.fuse().broadcast_lossy(3))));
}

#[test]
fn clone_stream_reorders_items() {
    let (source, handle) = source("ooo-o-|");
    let [mut a, mut b] = two(clone_stream::ForkStream::fork(source));
    let mut seen = [Vec::new(), Vec::new()];
    for turn in 0..40 {
        let (n, task) = if turn % 2 == 0 { (0, &mut a) } else { (1, &mut b) };
        match number(task.poll()) {
            Poll::Ready(Some(item)) => seen[n].push(item),
            Poll::Pending if turn > 12 => {
                handle.wake();
            }
            Poll::Pending | Poll::Ready(None) => {}
        }
    }
    assert!(seen.iter().any(|items| !items.is_sorted()), "{seen:?}");
}

#[test]
fn take_until_lower_bound_is_too_high() {
    let (source, _handle) = source("o|");
    let mut task = Task::new(source.take_until(core::future::ready(())));
    assert_eq!(task.size_hint(), (1, Some(1)));
    assert_eq!(task.poll(), Poll::Ready(None));
}

#[test]
fn buffered_waits_for_panicked_future() {
    let (outer, _handle) = source("ooo|");
    let work = |token: Token| async move {
        assert!(token.number() > 0, "the first future panics");
        token
    };
    let mut task = Task::new(outer.map(work).buffered(2));
    assert!(catch_unwind(AssertUnwindSafe(|| task.poll())).is_err());
    assert_eq!(task.poll(), Poll::Pending);
    assert!(!task.is_woken(), "no wake is left");
}

/// Polls a merge of a panicking source and another source until it waits forever.
fn hangs_after_panic<S: Stream<Item = Token>>(merge: impl FnOnce([Source; 2]) -> S) {
    let (first, panics) = source("!o|");
    let (second, ends) = source("o|");
    let mut task = Task::new(merge([first, second]));
    while catch_unwind(AssertUnwindSafe(|| task.poll())).is_ok() {}
    while task.poll().is_ready() {}
    assert!(ends.is_ended(), "the other source must end");
    assert_eq!((panics.polls(), panics.is_dropped()), (1, false));
    assert!(!task.is_woken(), "no wake is left");
}

#[test]
fn futures_concurrency_abandons_panicked_child() {
    hangs_after_panic(|[a, b]| (a, b).merge());
    hangs_after_panic(|sources| sources.merge());
    hangs_after_panic(|sources| Vec::from(sources).merge());
}

#[test]
fn futures_buffered_abandons_panicked_child() {
    hangs_after_panic(MergeBounded::from_iter);
}

#[test]
fn futures_concurrency_wakes_after_drop() {
    let (source, handle) = source("-o|");
    let mut task = Task::new([source].merge());
    assert!(task.poll().is_pending());
    task.drop_stream();
    assert!(!task.wakers()[0].is_released());
    handle.wake();
    assert!(task.is_woken());
}

#[test]
fn flatten_unordered_wakes_after_drop() {
    let (outer, handle) = source("-|");
    let mut task =
        Task::new(outer.map(|_| futures_util::stream::empty::<()>()).flatten_unordered(2));
    assert!(task.poll().is_pending());
    let before = task.wakes();
    task.drop_stream();
    assert!(!task.wakers()[0].is_released());
    handle.wake();
    assert!(task.wakes() > before);
}
