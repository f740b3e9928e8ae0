//! Values whose drop panics. One poll or drop panics, and no other value is lost.

use aiter::{AiterExt, KeyedEvent, LagPolicy, OnError, Progress, adapters::TaskOutcome};
use alloc::rc::Rc;
use core::{
    any::Any,
    cell::{Cell, RefCell},
    convert::identity,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};
use futures_core::{FusedStream, Stream};
use futures_util::{StreamExt, stream};

use crate::{
    script::{PanicOnDrop, Script, SourceHandle, panics, script, scripted},
    waker::{Counting, next},
};

/// Numbers of the dropped items, and the numbers whose next drop panics.
#[derive(Default)]
struct Log {
    dropped: RefCell<Vec<u32>>,
    faulty: RefCell<Vec<u32>>,
}

impl Log {
    fn with_faulty(numbers: &[u32]) -> Rc<Self> {
        let log = Self::default();
        log.faulty.borrow_mut().extend(numbers);
        Rc::new(log)
    }

    fn item(self: &Rc<Self>, number: u32) -> Item {
        Item { number, log: self.clone() }
    }

    fn dropped(&self) -> Vec<u32> {
        let mut dropped = self.dropped.take();
        dropped.sort_unstable();
        dropped
    }
}

#[derive(Clone)]
struct Item {
    number: u32,
    log: Rc<Log>,
}

impl Item {
    /// Returns the number without recording a drop.
    fn number(mut self) -> u32 {
        let log = core::mem::take(&mut self.log);
        let number = self.number;
        drop(self);
        drop(log);
        number
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.log.dropped.borrow_mut().push(self.number);
        let mut faulty = self.log.faulty.borrow_mut();
        let Some(at) = faulty.iter().position(|number| *number == self.number) else { return };
        if !std::thread::panicking() {
            faulty.swap_remove(at);
            drop(faulty);
            panic!("scripted panic in the drop of {}", self.number);
        }
    }
}

/// A future that is ready at its `polls`th poll. If `faulty`, a drop after that panics.
struct Job {
    number: u32,
    polls: u32,
    faulty: bool,
}

impl Future for Job {
    type Output = Option<u32>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        self.polls -= 1;
        if self.polls == 0 {
            return Poll::Ready(Some(self.number));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let due = self.faulty && self.polls == 0 && !std::thread::panicking();
        assert!(!due, "scripted panic in the drop of job {}", self.number);
    }
}

/// A job of two polls. Its drop panics if the number is odd.
fn job(number: u32) -> Job {
    Job { number, polls: 2, faulty: number % 2 == 1 }
}

/// A job of one poll. Its drop panics if the number is odd.
fn ready_job(number: u32) -> Job {
    Job { number, polls: 1, faulty: number % 2 == 1 }
}

/// A job without a result, for loop bodies.
struct Body(Job);

impl Future for Body {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(drop)
    }
}

/// Reads the stream to its end. Returns the items and the number of polls that panicked.
#[track_caller]
fn read<S: FusedStream>(stream: S) -> (Vec<S::Item>, usize) {
    let (mut stream, mut items, mut panicked) = (pin!(stream), Vec::new(), 0);
    for _ in 0..1000 {
        let mut polled = Poll::Pending;
        panicked += usize::from(panics(|| polled = next(&mut stream)));
        match polled {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => {
                assert!(stream.is_terminated());
                return (items, panicked);
            }
            Poll::Pending => {}
        }
    }
    panic!("stream must end within 1000 polls");
}

/// A source of 1, 2, 3 whose drop panics.
fn numbers() -> (SourceHandle<u32>, PanicOnDrop<Script<u32>>) {
    let (handle, source) = scripted(1..=3);
    (handle, PanicOnDrop(source))
}

/// Checks that the adapter of [`numbers`] yields all items, panics once, and ends.
#[track_caller]
fn ends_after_panic<S: FusedStream<Item = u32>>(adapt: impl FnOnce(PanicOnDrop<Script<u32>>) -> S) {
    let (handle, source) = numbers();
    assert_eq!(read(adapt(source)), (vec![1, 2, 3], 1));
    assert!(handle.is_dropped());
}

#[test]
fn source_drop_panics_at_end() {
    ends_after_panic(|source| source.map(|n| [n]).flatten_iter());
    ends_after_panic(|source| source.map_filter(Some));
    ends_after_panic(|source| source.map_filter_async(|n| async move { Some(n) }));
    ends_after_panic(|source| source.map_try(Ok::<_, ()>).map(Result::unwrap));
    ends_after_panic(|source| source.map_par(2, core::future::ready));
    ends_after_panic(|source| source.preload(2));
    ends_after_panic(AiterExt::forker);
    ends_after_panic(|source| source.forker_bounded(2, LagPolicy::Wait));
    ends_after_panic(|source| source.map(|n| stream::iter([n])).join_streams());
    ends_after_panic(|source| {
        let streams = source.map(|n| Ok(stream::iter([Ok::<_, ()>(n)])));
        streams.try_join_streams(OnError::Stop).map(Result::unwrap)
    });
}

#[test]
fn two_forks_end_if_source_drop_panics() {
    for lag in [LagPolicy::Wait, LagPolicy::DropOldest, LagPolicy::Error] {
        let (handle, source) = numbers();
        let mut one = source.forker_bounded(4, lag);
        let two = one.fork();
        assert_eq!(read(&mut one), (vec![1, 2, 3], 1));
        assert_eq!(read(two), (vec![1, 2, 3], 0));
        assert!(handle.is_dropped());
        assert_eq!(one.outcome(), Some(TaskOutcome::Completed));
    }
    let (_handle, source) = numbers();
    let mut one = source.forker();
    let two = one.fork();
    assert_eq!(read(&mut one), (vec![1, 2, 3], 1));
    assert_eq!(read(two), (vec![1, 2, 3], 0));
}

#[test]
fn task_source_drop_panics_at_end() {
    let mut cx = Context::from_waker(Waker::noop());
    let (handle, source) = numbers();
    let (stream, drive) = source.active(identity).into_parts();
    let mut drive = pin!(drive);
    assert!(panics(|| drive.as_mut().poll(&mut cx)));
    assert!(handle.is_dropped());
    assert_eq!(read(stream), (vec![1, 2, 3], 0));
    assert_eq!(drive.as_mut().poll(&mut cx), Poll::Ready(()));

    let (handle, source) = numbers();
    let (stream, drive) = source.preload_with(5, identity).into_parts();
    let mut drive = pin!(drive);
    assert!(panics(|| drive.as_mut().poll(&mut cx)));
    assert!(handle.is_dropped());
    assert_eq!(read(stream), (vec![1, 2, 3], 0));
}

#[test]
fn inner_stream_drop_panics_at_end() {
    let inners = || stream::iter([1, 4]).map(|n| PanicOnDrop(scripted(n..n + 3).1));
    let (mut items, panicked) = read(inners().join_streams());
    items.sort_unstable();
    assert_eq!((items, panicked), (vec![1, 2, 3, 4, 5, 6], 2));

    let (events, panicked) = read(inners().enumerate().join_streams().keyed());
    let items = events.iter().filter(|(_, event)| matches!(event, KeyedEvent::Item(_)));
    assert_eq!((items.count(), panicked), (6, 2));
}

#[test]
fn iterator_drop_panics_at_end() {
    let log = Log::with_faulty(&[2]);
    let numbers = (1..=3).map(|n| (log.item(n), [10 * n, 10 * n + 1].into_iter()));
    /// An iterator of two numbers with an item that is dropped with it.
    struct WithItem((Item, core::array::IntoIter<u32, 2>));
    impl Iterator for WithItem {
        type Item = u32;
        fn next(&mut self) -> Option<u32> {
            self.0.1.next()
        }
    }
    let (items, panicked) = read(stream::iter(numbers.map(WithItem)).flatten_iter());
    assert_eq!((items, panicked), (vec![10, 11, 20, 21, 30, 31], 1));
    assert_eq!(log.dropped(), [1, 2, 3]);
}

#[test]
fn future_drop_panics_result_is_kept() {
    let jobs = || stream::iter(0..6);
    assert_eq!(read(jobs().map_filter_async(job)), ((0..6).collect(), 3));
    assert_eq!(read(jobs().map_filter_async(ready_job)), ((0..6).collect(), 3));
    for n in [1, 2, 4] {
        for ordered in [false, true] {
            for call in [job as fn(u32) -> Job, ready_job] {
                let map = jobs().map_par(n, call);
                let (items, panicked) = if ordered { read(map.ordered()) } else { read(map) };
                let mut items: Vec<_> = items.into_iter().flatten().collect();
                if !ordered {
                    items.sort_unstable();
                }
                assert_eq!((items, panicked), ((0..6).collect(), 3));
            }
        }
    }
}

#[test]
fn body_drop_panics_loop_continues() {
    let handled = Cell::new(0);
    let numbers = stream::iter(0..6).preload(2);
    let mut all = pin!(numbers.for_each_progress(|n| {
        handled.set(handled.get() + 1);
        Body(job(n))
    }));
    let mut cx = Context::from_waker(Waker::noop());
    let mut polled = Poll::Pending;
    let mut panicked = 0;
    for _ in 0..100 {
        panicked += usize::from(panics(|| polled = all.as_mut().poll(&mut cx)));
        if polled.is_ready() {
            break;
        }
    }
    assert_eq!((polled, handled.get(), panicked), (Poll::Ready(()), 6, 3));
}

#[test]
fn function_drop_panics_source_is_dropped() {
    fn number(item: &Item) -> u32 {
        item.number
    }
    #[track_caller]
    fn check<S>(adapt: impl FnOnce(Script<u32>, Item) -> S) {
        let (log, (handle, source)) = (Log::with_faulty(&[7]), scripted(1..=3));
        let stream = adapt(source, log.item(7));
        assert!(panics(|| drop(stream)));
        assert!(handle.is_dropped());
        assert_eq!(log.dropped(), [7]);
    }
    check(|source, item| source.map_filter(move |n| Some(n + number(&item))));
    check(|source, item| {
        source.map_filter_async(move |n| core::future::ready(Some(n + number(&item))))
    });
    check(|source, item| source.map_try(move |n| n.checked_sub(number(&item)).ok_or(())));
    check(|source, item| source.map_par(2, move |n| core::future::ready(n + number(&item))));
    check(|source, item| {
        source.preload(2).for_each_progress(move |n| {
            let is_small = n < number(&item);
            async move { assert!(is_small) }
        })
    });
}

#[test]
fn skipped_error_drop_panics_rest_arrives() {
    let log = Log::with_faulty(&[2]);
    let fail = |n: u32| if n == 2 { Err(log.item(n)) } else { Ok(n) };
    let results = stream::iter(1..=3).map_try(fail).on_error(OnError::Skip);
    let (items, panicked) = read(results.map(Result::ok).fuse());
    assert_eq!((items, panicked), (vec![Some(1), Some(3)], 1));

    let log = Log::with_faulty(&[2]);
    let (_handle, inner) = scripted([Ok(1), Err(log.item(2)), Ok(3)]);
    let (_outer, source) = scripted([Ok(inner)]);
    let results = source.try_join_streams(OnError::Skip);
    let (items, panicked) = read(results.map(Result::ok).fuse());
    assert_eq!((items, panicked), (vec![Some(1), Some(3)], 1), "inner stream must continue");
}

#[test]
fn stop_returns_error_after_drop_panics() {
    let (handle, source) = numbers();
    let fail = |n| if n == 2 { Err("two") } else { Ok(n) };
    let results = read(source.map_try(fail).on_error(OnError::Stop));
    assert_eq!(results, (vec![Ok(1), Err("two")], 1));
    assert!(handle.is_dropped());

    // The drop of the source panics, or of an inner stream, or both.
    for (source_panics, inner_panics) in [(true, false), (false, true), (true, true)] {
        let (a, one) = scripted([Err("a")]);
        let (b, two) = scripted([Ok(1), Ok(2)]);
        let inner = |stream: Script<Result<u32, &'static str>>| match inner_panics {
            true => PanicOnDrop(stream).left_stream(),
            false => stream.right_stream(),
        };
        let (outer, source) = script();
        outer.send(Ok(inner(one)));
        outer.send(Ok(inner(two)));
        let source =
            if source_panics { PanicOnDrop(source).left_stream() } else { source.right_stream() };
        let mut join = source.try_join_streams(OnError::Stop);
        let mut first = Poll::Pending;
        assert!(panics(|| first = next(&mut join)), "poll must panic in a drop");
        assert!(first.is_pending());
        assert!(outer.is_dropped() && a.is_dropped() && b.is_dropped());
        assert_eq!(join.size_hint(), (1, Some(1)));
        assert_eq!(read(&mut join), (vec![Err("a")], 0), "{source_panics} {inner_panics}");
    }
}

#[test]
fn bounded_fork_leaves_item_drop_panics() {
    for faulty in [&[0_u32][..], &[1], &[2], &[3]] {
        let log = Log::with_faulty(faulty);
        let (_handle, source) = scripted((0..6).map(|n| log.item(n)));
        let mut fast = source.forker_bounded(4, LagPolicy::Wait);
        let slow = fast.fork();
        let waker = Counting::new();
        for n in 0..4 {
            let Poll::Ready(Some(item)) = waker.poll(&mut fast) else { panic!("no item {n}") };
            assert_eq!(item.number, n);
            item.number();
        }
        assert!(waker.poll(&mut fast).is_pending(), "buffer must be full");
        assert!(panics(|| drop(slow)));
        assert_eq!(log.dropped(), [0, 1, 2, 3], "items must be dropped once each");
        assert_eq!(waker.wakes(), 1, "dropped fork must wake the waiting fork");
        let (items, panicked) = read(fast);
        assert_eq!((items.len(), panicked), (2, 0));
        assert!(items.into_iter().map(Item::number).eq(4..6));
    }
}

#[test]
fn bounded_fork_left_in_turn_drop_panics() {
    // The source drops a fork while another fork polls it. The next read drops its items.
    let log = Log::with_faulty(&[1]);
    let leaving: Rc<RefCell<Option<Box<dyn Any>>>> = Rc::default();
    let at_source = leaving.clone();
    let items: Vec<_> = (0..6).map(|n| log.item(n)).collect();
    let source = stream::iter(items).inspect(move |item| {
        if item.number == 3 {
            drop(at_source.take());
        }
    });
    let mut fast = source.forker_bounded(4, LagPolicy::Wait);
    *leaving.borrow_mut() = Some(Box::new(fast.fork()));
    let (items, panicked) = read(&mut fast);
    assert_eq!(panicked, 1);
    assert!(items.into_iter().map(Item::number).eq(0..6));
}

#[test]
fn bounded_fork_oldest_drop_panics() {
    let log = Log::with_faulty(&[0]);
    let (_handle, source) = scripted((0..4).map(|n| log.item(n)));
    let mut fast = source.forker_bounded(2, LagPolicy::DropOldest);
    let mut slow = fast.fork();
    let (items, panicked) = read(&mut fast);
    assert!(items.into_iter().map(Item::number).eq(0..4), "new item must not be lost");
    assert_eq!(panicked, 1);
    let (items, panicked) = read(&mut slow);
    assert!(items.into_iter().map(Item::number).eq(2..4));
    assert_eq!((slow.missed(), panicked), (2, 0));
}

#[test]
fn bounded_fork_laggard_item_drop_panics() {
    for faulty in [0, 1, 2] {
        let log = Log::with_faulty(&[faulty]);
        let (_handle, source) = scripted((0..5).map(|n| log.item(n)));
        let mut fast = source.forker_bounded(3, LagPolicy::Error);
        let mut slow = fast.fork();
        let (items, panicked) = read(&mut fast);
        assert!(items.into_iter().map(Item::number).eq(0..5), "new item must not be lost");
        assert_eq!(panicked, 1);
        let (items, _) = read(&mut slow);
        assert!(items.is_empty());
        assert_eq!(slow.outcome(), Some(TaskOutcome::Lagged));
        assert_eq!(fast.outcome(), Some(TaskOutcome::Completed));
    }
}

#[test]
fn preload_dropped_item_drop_panics() {
    let log = Log::with_faulty(&[1]);
    let (handle, source) = scripted((0..6).map(|n| log.item(n)));
    let mut ahead = source.preload(4);
    assert!(Pin::new(&mut ahead).poll_progress(&mut Context::from_waker(Waker::noop())).is_ready());
    assert!(panics(|| drop(ahead)));
    assert!(handle.is_dropped());
    assert_eq!(log.dropped(), [0, 1, 2, 3]);
}
