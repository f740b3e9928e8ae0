//! Stories of adapters that share a task or a source: join, `map_par`, forks and `sharable`.

use alloc::task::Wake;
use core::{
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use aiter_adapters::{
    AiterExt, BoundedFork, ForkStream, JoinStreams, LagPolicy, PassiveFork, Sharable, TaskOutcome,
};
use futures_core::Stream;
use loom::{
    future::{AtomicWaker, block_on},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::*},
    },
    thread,
};

use super::{model, next, poll_once, read_all, wide_model, widest_model};

/// The number of sent items, and the waker of the task that waits for them.
pub(super) struct SourceState {
    waker: AtomicWaker,
    /// Twice the number of items, plus 1 after the end.
    sent: AtomicUsize,
}

#[derive(Clone)]
pub(super) struct SourceHandle(pub(super) Arc<SourceState>);

/// Yields `first` and the following numbers, one for each item that the handle sends.
pub(super) struct Source {
    state: Arc<SourceState>,
    first: usize,
    taken: usize,
}

pub(super) fn source(first: usize) -> (SourceHandle, Source) {
    let state = Arc::new(SourceState { waker: AtomicWaker::new(), sent: AtomicUsize::new(0) });
    (SourceHandle(state.clone()), Source { state, first, taken: 0 })
}

impl SourceHandle {
    pub(super) fn send(&self) {
        self.0.sent.fetch_add(2, Release);
        self.0.waker.wake();
    }

    /// Two items with one wake-up.
    fn send_two(&self) {
        self.0.sent.fetch_add(4, Release);
        self.0.waker.wake();
    }

    fn end(&self) {
        self.0.sent.fetch_add(1, Release);
        self.0.waker.wake();
    }

    /// The last item, which is also the end.
    pub(super) fn send_last(&self) {
        self.0.sent.fetch_add(3, Release);
        self.0.waker.wake();
    }
}

impl Stream for Source {
    type Item = usize;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        for attempt in 0..2 {
            let sent = self.state.sent.load(Acquire);
            if self.taken < sent / 2 {
                self.taken += 1;
                return Poll::Ready(Some(self.first + self.taken - 1));
            }
            if sent % 2 == 1 {
                return Poll::Ready(None);
            }
            if attempt == 0 {
                self.state.waker.register_by_ref(cx.waker());
            }
        }
        Poll::Pending
    }
}

impl Future for Source {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        self.poll_next(cx).map(|item| item.expect("the source has an item"))
    }
}

/// Yields its items in order, and is always ready.
pub(super) struct Ready<T>(Vec<T>);

pub(super) fn ready<T, const N: usize>(mut items: [T; N]) -> Ready<T> {
    items.reverse();
    Ready(items.into())
}

impl<T> Unpin for Ready<T> {}

impl<T> Stream for Ready<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<T>> {
        Poll::Ready(self.0.pop())
    }
}

/// Reads one item. Waits if none is ready.
pub(super) fn take<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    block_on(next(stream))
}

/// Reads one item from each of two streams in one task. Waits if neither stream is ready.
fn take_both<S: Stream + Unpin>(one: &mut S, two: &mut S) -> [Option<S::Item>; 2] {
    let mut got = [None, None];
    block_on(poll_fn(|cx| {
        for (stream, got) in [&mut *one, &mut *two].into_iter().zip(&mut got) {
            if got.is_none() {
                if let Poll::Ready(item) = Pin::new(stream).poll_next(cx) {
                    *got = Some(item);
                }
            }
        }
        if got.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    }));
    got.map(Option::flatten)
}

mod join {
    use super::*;

    fn two() -> (SourceHandle, SourceHandle, JoinStreams<Ready<Source>>) {
        let ((a, one), (b, two)) = (source(0), source(10));
        (a, b, ready([one, two]).join_streams())
    }

    /// Two streams are woken from two threads while the join polls and waits.
    #[test]
    fn two_woken_members_both_yield() {
        model(|| {
            let (a, b, mut join) = two();
            let one = thread::spawn(move || a.send_last());
            let two = thread::spawn(move || b.send_last());
            let mut items = read_all(&mut join);
            items.sort_unstable();
            assert_eq!(items, [0, 10]);
            one.join().unwrap();
            two.join().unwrap();
        });
    }

    /// A stream is woken three times while it is polled.
    #[test]
    fn member_woken_during_poll_loses_no_item() {
        model(|| {
            let (a, inner) = source(0);
            let mut join = ready([inner]).join_streams();
            let feeder = thread::spawn(move || {
                a.send();
                a.send();
                a.end();
            });
            assert_eq!(read_all(&mut join), [0, 1]);
            feeder.join().unwrap();
        });
    }

    /// The waker of a removed member is called while its slot gets a new member.
    #[test]
    fn stale_wake_of_reused_slot_is_harmless() {
        model(|| {
            let ((a, old), (b, new)) = (source(0), source(10));
            let mut join = ready([old, new]).join_streams().max_inner(1);
            assert!(poll_once(&mut join).is_pending());
            a.0.sent.store(1, Release);
            // Calls the old member's waker while the join is polled.
            let stale = thread::spawn(move || a.0.waker.wake());
            let feeder = thread::spawn(move || b.send_last());
            assert_eq!(read_all(&mut join), [10]);
            stale.join().unwrap();
            feeder.join().unwrap();
        });
    }

    /// The outer stream and a member are woken from two threads.
    #[test]
    fn source_and_member_wakes_are_not_lost() {
        struct Outer(Source, Option<Source>);
        impl Stream for Outer {
            type Item = Source;
            fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Source>> {
                match Pin::new(&mut self.0).poll_next(cx) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(item) => Poll::Ready(item.map(|_| self.1.take().unwrap())),
                }
            }
        }
        model(|| {
            let ((outer, trigger), (a, inner)) = (source(0), source(10));
            let mut join = Outer(trigger, Some(inner)).join_streams();
            let opener = thread::spawn(move || outer.send_last());
            let feeder = thread::spawn(move || a.send_last());
            assert_eq!(read_all(&mut join), [10]);
            opener.join().unwrap();
            feeder.join().unwrap();
        });
    }

    /// The task polls twice, without a wake-up between, while a stream is woken.
    #[test]
    fn spurious_poll_during_wake_loses_no_item() {
        model(|| {
            let (a, inner) = source(0);
            let mut join = ready([inner]).join_streams();
            let feeder = thread::spawn(move || {
                a.send();
                a.end();
            });
            let mut items = Vec::new();
            block_on(poll_fn(|cx| {
                // A clone, because loom's own waker does not `will_wake` its clones.
                let waker = cx.waker().clone();
                for _ in 0..2 {
                    let cx = &mut Context::from_waker(&waker);
                    while let Poll::Ready(item) = Pin::new(&mut join).poll_next(cx) {
                        let Some(item) = item else { return Poll::Ready(()) };
                        items.push(item);
                    }
                }
                Poll::Pending
            }));
            assert_eq!(items, [0]);
            feeder.join().unwrap();
        });
    }

    /// The join is dropped during a member's wake-up. No waker is left.
    #[test]
    fn drop_during_wake_drops_waker() {
        struct NoopTask;
        impl Wake for NoopTask {
            fn wake(self: alloc::sync::Arc<Self>) {}
        }
        model(|| {
            let (a, b, mut join) = two();
            let task = alloc::sync::Arc::new(NoopTask);
            let waker = Waker::from(task.clone());
            assert!(Pin::new(&mut join).poll_next(&mut Context::from_waker(&waker)).is_pending());
            drop(waker);
            let state = b.0.clone();
            let one = thread::spawn(move || a.send());
            let two = thread::spawn(move || b.send());
            drop(join);
            one.join().unwrap();
            two.join().unwrap();
            state.waker.take_waker();
            drop(state);
            assert_eq!(alloc::sync::Arc::strong_count(&task), 1, "the join must drop the waker");
        });
    }

    /// Another task polls the join during a wake-up of the first task.
    #[test]
    fn latest_waker_is_called() {
        model(|| {
            let (a, inner) = source(0);
            let mut join = ready([inner]).join_streams();
            assert!(poll_once(&mut join).is_pending());
            let feeder = thread::spawn(move || a.send_last());
            assert_eq!(read_all(&mut join), [0]);
            feeder.join().unwrap();
        });
    }
}

mod map {
    use super::*;

    #[test]
    fn two_woken_futures_both_yield() {
        model(|| {
            let ((a, one), (b, two)) = (source(0), source(10));
            let mut map = ready([one, two]).map_par(2, |job| job);
            let one = thread::spawn(move || a.send());
            let two = thread::spawn(move || b.send());
            let mut items = read_all(&mut map);
            items.sort_unstable();
            assert_eq!(items, [0, 10]);
            one.join().unwrap();
            two.join().unwrap();
        });
    }

    #[test]
    fn ordered_results_ignore_wake_order() {
        wide_model(|| {
            let ((a, one), (b, two)) = (source(0), source(10));
            let mut map = ready([one, two]).map_par(2, |job| job).ordered();
            let one = thread::spawn(move || a.send());
            let two = thread::spawn(move || b.send());
            assert_eq!(read_all(&mut map), [0, 10]);
            one.join().unwrap();
            two.join().unwrap();
        });
    }

    /// The source and the future of an earlier item are woken from two threads.
    #[test]
    fn source_and_future_wakes_are_not_lost() {
        model(|| {
            let ((outer, items), (a, job)) = (source(0), source(10));
            let mut job = Some(job);
            let mut map = items.map_par(1, move |_| job.take().unwrap());
            let opener = thread::spawn(move || outer.send_last());
            let worker = thread::spawn(move || a.send());
            assert_eq!(read_all(&mut map), [10]);
            opener.join().unwrap();
            worker.join().unwrap();
        });
    }
}

mod fork {
    use super::*;

    fn forked() -> (SourceHandle, ForkStream<Source>, ForkStream<Source>) {
        let (handle, source) = source(0);
        let one = source.forker();
        let two = one.fork();
        (handle, one, two)
    }

    /// An item is sent while two forks poll. Both forks receive it.
    #[test]
    fn two_forks_receive_one_item() {
        model(|| {
            let (handle, mut one, mut two) = forked();
            let other = thread::spawn(move || {
                assert_eq!(take(&mut two), Some(0));
                two
            });
            handle.send();
            assert_eq!(take(&mut one), Some(0));
            drop(other.join().unwrap());
        });
    }

    /// Two forks in one task wait for an item of another thread. Both forks receive it.
    #[test]
    fn two_in_one_task_both_receive() {
        model(|| {
            let (handle, mut one, mut two) = forked();
            let feeder = thread::spawn(move || handle.send());
            assert_eq!(take_both(&mut one, &mut two), [Some(0); 2]);
            feeder.join().unwrap();
        });
    }

    /// Two forks take turns at a source that is always ready. Both read to the end.
    #[test]
    fn two_forks_of_ready_source_read_all() {
        model(|| {
            let mut one = ready([0, 1]).forker();
            let mut two = one.fork();
            let other = thread::spawn(move || assert_eq!(read_all(&mut two), [0, 1]));
            assert_eq!(read_all(&mut one), [0, 1]);
            other.join().unwrap();
        });
    }

    /// The end of the source wakes both handles.
    #[test]
    fn end_wakes_both() {
        model(|| {
            let (handle, mut one, mut two) = forked();
            let other = thread::spawn(move || {
                assert_eq!(take(&mut two), None);
                assert_eq!(two.outcome(), Some(TaskOutcome::Completed));
            });
            handle.end();
            assert_eq!(take(&mut one), None);
            other.join().unwrap();
        });
    }

    /// A fork that may have been woken is dropped. Its wake-up must reach the other fork.
    #[test]
    fn waiting_handle_drop_wakes_other() {
        model(|| {
            let (handle, mut one, mut two) = forked();
            assert!(poll_once(&mut two).is_pending());
            let feeder = thread::spawn(move || handle.send());
            let dropper = thread::spawn(move || drop(two));
            assert_eq!(take(&mut one), Some(0));
            feeder.join().unwrap();
            dropper.join().unwrap();
        });
    }

    /// A fork that may have been woken reads an item of the list, and does not poll the source.
    #[test]
    fn waiting_fork_that_reads_list_wakes_other() {
        model(|| {
            let (handle, mut one, mut two) = forked();
            assert!(poll_once(&mut two).is_pending());
            handle.send();
            assert_eq!(poll_once(&mut one), Poll::Ready(Some(0)));
            let feeder = thread::spawn(move || handle.send());
            // `two` was woken for the item that `one` has pushed to the list.
            let other = thread::spawn(move || {
                assert_eq!(poll_once(&mut two), Poll::Ready(Some(0)));
                two
            });
            assert_eq!(take(&mut one), Some(1));
            feeder.join().unwrap();
            drop(other.join().unwrap());
        });
    }

    /// A passive fork reads an item that the active fork polled. Then the active fork is dropped.
    #[test]
    fn passive_fork_ends_with_last_active_fork() {
        model(|| {
            let mut active = ready([0, 1]).forker();
            let mut passive: PassiveFork<_> = active.fork_passive();
            let other = thread::spawn(move || {
                assert_eq!(read_all(&mut passive), [0]);
                assert_eq!(passive.outcome(), Some(TaskOutcome::Cancelled));
            });
            assert_eq!(take(&mut active), Some(0));
            drop(active);
            other.join().unwrap();
        });
    }

    /// A passive fork is made and waits while another fork polls the source. The new fork is woken.
    #[test]
    fn passive_fork_made_during_drive_reads_item() {
        model(|| {
            let mut one = ready([0]).forker();
            let two = one.fork();
            let other = thread::spawn(move || {
                let mut passive = two.fork_passive();
                assert_eq!(take(&mut passive), Some(0));
                two
            });
            assert_eq!(take(&mut one), Some(0));
            drop(other.join().unwrap());
        });
    }

    /// Two passive forks are made on two threads, in any order.
    #[test]
    fn two_passive_forks_made_during_drive_read_item() {
        model(|| {
            let mut one = ready([0]).forker();
            let (two, three) = (one.fork(), one.fork());
            let other = thread::spawn(move || (two.fork_passive(), two));
            let log = thread::spawn(move || {
                let mut passive = three.fork_passive();
                assert_eq!(take(&mut passive), Some(0));
                (passive, three)
            });
            assert_eq!(take(&mut one), Some(0));
            drop((other.join().unwrap(), log.join().unwrap()));
        });
    }

    /// Two forks take turns at a source, and a passive fork reads all items.
    #[test]
    fn passive_fork_reads_items_of_two_drivers() {
        wide_model(|| {
            let mut one = ready([0, 1]).forker();
            let mut two = one.fork();
            let mut passive = two.fork_passive();
            let other = thread::spawn(move || assert_eq!(take(&mut two), Some(0)));
            let log = thread::spawn(move || {
                assert_eq!([take(&mut passive), take(&mut passive)], [Some(0), Some(1)]);
            });
            assert_eq!([take(&mut one), take(&mut one)], [Some(0), Some(1)]);
            other.join().unwrap();
            log.join().unwrap();
        });
    }

    /// The last two active forks are dropped on two threads. The passive fork ends.
    #[test]
    fn last_two_active_drops_end_passive_fork() {
        model(|| {
            let (handle, one, two) = forked();
            let mut passive = one.fork_passive();
            let other = thread::spawn(move || drop(two));
            let log = thread::spawn(move || assert_eq!(take(&mut passive), None));
            drop(one);
            other.join().unwrap();
            log.join().unwrap();
            assert_eq!(Arc::strong_count(&handle.0), 1, "the handles must drop the source");
        });
    }

    /// A fork is made while another fork polls the source. The new fork starts where its parent is.
    #[test]
    fn fork_made_during_drive_reads_item() {
        model(|| {
            let mut one = ready([0]).forker();
            let two = one.fork();
            let other = thread::spawn(move || {
                let mut three = two.fork();
                assert_eq!(take(&mut three), Some(0));
                (two, three)
            });
            assert_eq!(take(&mut one), Some(0));
            let (mut two, _three) = other.join().unwrap();
            assert_eq!(poll_once(&mut two), Poll::Ready(Some(0)));
        });
    }

    /// `size_hint` closes the gate while another fork polls. The other fork must be woken.
    #[test]
    fn size_hint_hides_no_wake_up() {
        model(|| {
            let (handle, mut one, two) = forked();
            let feeder = thread::spawn(move || handle.send());
            let other = thread::spawn(move || {
                let (lower, _) = two.size_hint();
                assert!(lower <= 1);
                two
            });
            assert_eq!(take(&mut one), Some(0));
            feeder.join().unwrap();
            drop(other.join().unwrap());
        });
    }
}

mod bounded {
    use super::*;

    /// Two forks of a source with three ready items, at most one item apart.
    fn three_items(lag: LagPolicy) -> (BoundedFork<Ready<usize>>, BoundedFork<Ready<usize>>) {
        let one = ready([0, 1, 2]).forker_bounded(1, lag);
        let two = one.fork();
        (one, two)
    }

    /// Each fork waits for the other, and both read all items.
    #[test]
    fn two_forks_with_bound_one_read_all() {
        wide_model(|| {
            let mut one = ready([0, 1]).forker_bounded(1, LagPolicy::Wait);
            let mut two = one.fork();
            let other = thread::spawn(move || {
                assert_eq!([take(&mut two), take(&mut two)], [Some(0), Some(1)])
            });
            assert_eq!([take(&mut one), take(&mut one)], [Some(0), Some(1)]);
            other.join().unwrap();
        });
    }

    /// A fork waits for room. The laggard reads one item, and stays alive.
    #[test]
    fn laggard_read_wakes_waiting_fork() {
        wide_model(|| {
            let (mut one, mut two) = three_items(LagPolicy::Wait);
            assert_eq!(take(&mut one), Some(0));
            let laggard = thread::spawn(move || {
                assert_eq!(take(&mut two), Some(0));
                two
            });
            assert_eq!(take(&mut one), Some(1));
            let mut two = laggard.join().unwrap();
            assert!(poll_once(&mut one).is_pending());
            assert_eq!(poll_once(&mut two), Poll::Ready(Some(1)));
        });
    }

    /// A fork waits for room. The laggard is dropped.
    #[test]
    fn laggard_drop_wakes_waiting_fork() {
        model(|| {
            let (mut one, two) = three_items(LagPolicy::Wait);
            assert_eq!(take(&mut one), Some(0));
            let laggard = thread::spawn(move || drop(two));
            assert_eq!(take(&mut one), Some(1));
            laggard.join().unwrap();
            assert_eq!(poll_once(&mut one), Poll::Ready(Some(2)));
        });
    }

    /// Counts its wake-ups.
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: alloc::sync::Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    /// A fork waits for two laggards. One laggard reads and the other is dropped, in any order. The
    /// later of the two wakes the fork, once.
    #[test]
    fn last_of_two_laggards_wakes_waiting_fork() {
        model(|| {
            let (mut one, mut two) = three_items(LagPolicy::Wait);
            let three = two.fork();
            assert_eq!(take(&mut one), Some(0));
            let task = alloc::sync::Arc::new(Task(AtomicUsize::new(0)));
            let waker = Waker::from(task.clone());
            let cx = &mut Context::from_waker(&waker);
            assert!(Pin::new(&mut one).poll_next(cx).is_pending());
            let reader = thread::spawn(move || {
                assert_eq!(take(&mut two), Some(0));
                two
            });
            drop(three);
            let _two = reader.join().unwrap();
            assert_eq!(task.0.load(Relaxed), 1, "wake-ups of the fork that waits for room");
            assert_eq!(poll_once(&mut one), Poll::Ready(Some(1)));
        });
    }

    /// A fork polls and waits while one laggard reads and the other is dropped.
    #[test]
    fn laggard_read_and_drop_wake_waiting_fork() {
        widest_model(|| {
            let (mut one, mut two) = three_items(LagPolicy::Wait);
            let three = two.fork();
            assert_eq!(take(&mut one), Some(0));
            let reader = thread::spawn(move || {
                assert_eq!(take(&mut two), Some(0));
                two
            });
            let dropper = thread::spawn(move || drop(three));
            assert_eq!(take(&mut one), Some(1));
            drop(reader.join().unwrap());
            dropper.join().unwrap();
        });
    }

    /// No fork waits for a laggard. The laggard counts the items that it missed.
    #[test]
    fn drop_oldest_during_read_counts_missed_items() {
        fn all_or_missed(mut fork: BoundedFork<Ready<usize>>) -> usize {
            let items = read_all(&mut fork);
            assert!(items.is_sorted_by(|a, b| a < b), "{items:?}");
            assert_eq!(items.last(), Some(&2), "the newest is kept");
            assert_eq!(items.len() + fork.missed(), 3);
            assert_eq!(fork.outcome(), Some(TaskOutcome::Completed));
            fork.missed()
        }
        model(|| {
            let (one, two) = three_items(LagPolicy::DropOldest);
            let laggard = thread::spawn(move || all_or_missed(two));
            all_or_missed(one);
            laggard.join().unwrap();
        });
    }

    /// A laggard reads while it is cut off.
    #[test]
    fn laggard_read_at_cut_off_reports_lagged() {
        fn all_or_lagged(mut fork: BoundedFork<Ready<usize>>) {
            let items = read_all(&mut fork);
            assert!(items.iter().copied().eq(0..items.len()), "{items:?}");
            let end = if items.len() == 3 { TaskOutcome::Completed } else { TaskOutcome::Lagged };
            assert_eq!((fork.outcome(), fork.missed()), (Some(end), 0));
        }
        model(|| {
            let (one, two) = three_items(LagPolicy::Error);
            let laggard = thread::spawn(move || all_or_lagged(two));
            all_or_lagged(one);
            laggard.join().unwrap();
        });
    }
}

mod share {
    use super::*;

    fn shared() -> (SourceHandle, Sharable<Source>, Sharable<Source>) {
        let (handle, source) = source(0);
        let one = source.sharable();
        let two = one.clone();
        (handle, one, two)
    }

    /// Two handles on two threads take one item each.
    #[test]
    fn two_tasks_take_one_item_each() {
        model(|| {
            let (handle, mut one, mut two) = shared();
            let other = thread::spawn(move || {
                let item = take(&mut two);
                (two, item)
            });
            handle.send();
            handle.send();
            let first = take(&mut one).unwrap();
            let (_two, item) = other.join().unwrap();
            assert_eq!(first + item.unwrap(), 1);
        });
    }

    /// Two handles in one task wait for two items that are sent with one wake-up.
    #[test]
    fn two_in_one_task_both_receive() {
        model(|| {
            let (handle, mut one, mut two) = shared();
            let feeder = thread::spawn(move || handle.send_two());
            let mut items = take_both(&mut one, &mut two);
            items.sort_unstable();
            assert_eq!(items, [Some(0), Some(1)]);
            feeder.join().unwrap();
        });
    }

    /// The end of the source wakes both handles.
    #[test]
    fn end_wakes_both() {
        model(|| {
            let (handle, mut one, mut two) = shared();
            let other = thread::spawn(move || assert_eq!(take(&mut two), None));
            handle.end();
            assert_eq!(take(&mut one), None);
            other.join().unwrap();
        });
    }

    #[test]
    fn waiting_handle_drop_wakes_other() {
        model(|| {
            let (handle, mut one, mut two) = shared();
            assert!(poll_once(&mut two).is_pending());
            let feeder = thread::spawn(move || handle.send());
            let dropper = thread::spawn(move || drop(two));
            assert_eq!(take(&mut one), Some(0));
            feeder.join().unwrap();
            dropper.join().unwrap();
        });
    }

    /// Two handles ask for the source. At most one gets it, and the source is dropped.
    #[test]
    fn try_into_inner_of_two_succeeds_at_most_once() {
        model(|| {
            let (handle, one, two) = shared();
            let other = thread::spawn(move || two.try_into_inner().is_ok());
            let by_one = one.try_into_inner().is_ok();
            let by_two = other.join().unwrap();
            assert!(!(by_one && by_two));
            assert_eq!(Arc::strong_count(&handle.0), 1, "the handles must drop the source");
        });
    }
}
