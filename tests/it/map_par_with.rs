//! `map_par_with` on a hand-driven executor: bounds, order, worker starts, panics and lost workers.

use crate::{
    ledger::Ledger,
    script::{script, scripted},
    waker::{Counting, next},
};
use aiter::{
    AiterExt,
    adapters::{MapParWith, TaskOutcome},
};
use alloc::{rc::Rc, sync::Arc};
use core::{
    cell::RefCell,
    convert::identity,
    future::{Future, pending, poll_fn, ready},
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::{Context, Poll, Waker},
};
use futures_core::{FusedStream, Stream};
use futures_util::stream;
use std::{panic::catch_unwind, sync::Mutex};

/// A single-threaded executor that polls only woken workers, in order.
struct Executor(Vec<(Option<Task>, Counting, usize)>);

type Task = Pin<Box<dyn Future<Output = ()>>>;

impl Executor {
    fn new<F: Future<Output = ()> + 'static>(workers: Vec<F>) -> Self {
        let task = |worker| (Some(Box::pin(worker) as Task), Counting::new(), usize::MAX);
        Self(workers.into_iter().map(task).collect())
    }

    fn is_woken(&self, worker: usize) -> bool {
        let (task, waker, seen) = &self.0[worker];
        task.is_some() && waker.wakes() != *seen
    }

    /// Polls one worker, woken or not. Returns `true` if it panicked.
    fn poll(&mut self, worker: usize) -> bool {
        let (task, waker, seen) = &mut self.0[worker];
        let Some(future) = task else { return false };
        *seen = waker.wakes();
        let mut cx = Context::from_waker(waker.waker());
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut cx)));
        if !matches!(polled, Ok(Poll::Pending)) {
            *task = None;
        }
        polled.is_err()
    }

    /// Polls woken workers until none is left. Returns the number of panics.
    fn run(&mut self) -> usize {
        let mut panics = 0;
        while let Some(worker) = (0..self.0.len()).find(|&worker| self.is_woken(worker)) {
            panics += usize::from(self.poll(worker));
        }
        panics
    }

    fn drop_worker(&mut self, worker: usize) {
        self.0[worker].0 = None;
    }

    fn is_done(&self) -> bool {
        self.0.iter().all(|(task, ..)| task.is_none())
    }

    fn wakers_held(&self) -> usize {
        self.0.iter().map(|(_, waker, _)| waker.held()).sum()
    }
}

/// Futures that complete when `finish` is called, and counters of them.
#[derive(Clone, Default)]
struct Jobs(Arc<Mutex<JobsState>>);

#[derive(Default)]
struct JobsState {
    calls: Vec<u32>,
    running: usize,
    max_running: usize,
    done: Vec<u32>,
    wakers: Vec<(u32, Waker)>,
}

struct Job(Jobs, u32);

impl Jobs {
    fn with<R>(&self, f: impl FnOnce(&mut JobsState) -> R) -> R {
        f(&mut self.0.lock().expect("the lock is not poisoned"))
    }

    fn start(&self, item: u32) -> Job {
        self.with(|jobs| {
            jobs.calls.push(item);
            jobs.running += 1;
            jobs.max_running = jobs.max_running.max(jobs.running);
        });
        Job(self.clone(), item)
    }

    fn finish(&self, item: u32) {
        let wakers = self.with(|jobs| {
            jobs.done.push(item);
            core::mem::take(&mut jobs.wakers)
        });
        wakers.into_iter().for_each(|(_, waker)| waker.wake());
    }

    fn calls(&self) -> usize {
        self.with(|jobs| jobs.calls.len())
    }

    fn running(&self) -> usize {
        self.with(|jobs| jobs.running)
    }
}

impl Future for Job {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        let item = self.1;
        self.0.with(|jobs| {
            if jobs.done.contains(&item) {
                return Poll::Ready(item);
            }
            jobs.wakers.push((item, cx.waker().clone()));
            Poll::Pending
        })
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.0.with(|jobs| jobs.running -= 1);
    }
}

fn drain<T>(stream: &mut MapParWith<T, ()>) -> Vec<T> {
    core::iter::from_fn(|| match next(stream) {
        Poll::Ready(item) => item,
        Poll::Pending => None,
    })
    .collect()
}

#[test]
fn at_most_n_futures_run() {
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (mut stream, workers) =
        stream::iter(0..20).map_par_with(4, identity, move |n| start.start(n)).into_parts();
    let mut executor = Executor::new(workers);
    let mut items = Vec::new();
    for n in 0..20 {
        executor.run();
        assert_eq!(jobs.running(), 4.min(20 - n));
        jobs.finish(n as u32);
        executor.run();
        items.extend(drain(&mut stream));
    }
    assert_eq!(jobs.with(|jobs| jobs.max_running), 4);
    assert!(items.into_iter().eq(0..20), "results come in the order of completion");
    assert!(executor.is_done());
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(stream.outcome(), Some(TaskOutcome::Completed));
    assert_eq!(executor.wakers_held(), 0);
}

#[test]
fn stalled_consumer_limits_calls_to_twice_n() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let f = move |n: u32| {
        counted.fetch_add(1, SeqCst);
        ready(n)
    };
    let (mut stream, workers) = stream::iter(0..200).map_par_with(4, identity, f).into_parts();
    let mut executor = Executor::new(workers);
    executor.run();
    assert_eq!(next(&mut stream), Poll::Ready(Some(0)));
    executor.run();
    assert_eq!(calls.load(SeqCst), 8);
    assert_eq!(stream.size_hint(), (7, None));
    // The consumer asks for the next item, which allows one more call.
    assert_eq!(next(&mut stream), Poll::Ready(Some(1)));
    executor.run();
    assert_eq!(calls.load(SeqCst), 9);
    let mut items = vec![];
    while !stream.is_terminated() {
        items.extend(drain(&mut stream));
        executor.run();
    }
    assert!(items.into_iter().eq(2..200));
}

#[test]
fn results_come_in_end_or_start_order() {
    for (ordered, expected) in [(false, [2, 1, 0]), (true, [0, 1, 2])] {
        let jobs = Jobs::default();
        let start = jobs.clone();
        let (mut stream, workers) =
            stream::iter(0..3).map_par_with(3, identity, move |n| start.start(n)).into_parts();
        if ordered {
            stream = stream.ordered();
        }
        let mut executor = Executor::new(workers);
        let mut items = vec![];
        for n in [2, 1, 0] {
            executor.run();
            jobs.finish(n);
            executor.run();
            items.extend(drain(&mut stream));
        }
        assert_eq!(items, expected);
        assert_eq!(next(&mut stream), Poll::Ready(None));
    }
}

#[test]
fn ordered_slow_future_blocks_after_all_permits() {
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (stream, workers) =
        stream::iter(0..100).map_par_with(2, identity, move |n| start.start(n)).into_parts();
    let mut stream = stream.ordered();
    let mut executor = Executor::new(workers);
    for n in 1..10 {
        executor.run();
        jobs.finish(n);
        executor.run();
        assert_eq!(drain(&mut stream), []);
    }
    assert_eq!(jobs.with(|jobs| jobs.calls.clone()), [0, 1, 2, 3]);
    assert_eq!(stream.size_hint(), (3, None));
    let reader = Counting::new();
    assert_eq!(reader.poll(&mut stream), Poll::Pending);
    jobs.finish(0);
    executor.run();
    assert!(reader.wakes() > 0);
    let mut items = vec![];
    for n in 10..100 {
        jobs.finish(n);
    }
    while !stream.is_terminated() {
        items.extend(drain(&mut stream));
        executor.run();
    }
    assert!(items.into_iter().eq(0..100));
}

#[test]
fn ordered_after_first_poll_has_no_effect() {
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (mut stream, workers) =
        stream::iter(0..3).map_par_with(3, identity, move |n| start.start(n)).into_parts();
    let mut executor = Executor::new(workers);
    executor.run();
    let mut items = vec![];
    for n in [2, 1, 0] {
        jobs.finish(n);
        executor.run();
        items.extend(drain(&mut stream));
        stream = stream.ordered();
    }
    assert_eq!(items, [2, 1, 0]);
    assert!(stream.is_terminated());
}

#[test]
fn dropped_stream_drops_running_futures() {
    let jobs = Jobs::default();
    let (handle, source) = script();
    (0..3).for_each(|n| handle.send(n));
    let start = jobs.clone();
    let (stream, workers) = source.map_par_with(5, identity, move |n| start.start(n)).into_parts();
    let mut executor = Executor::new(workers);
    executor.run();
    assert_eq!(jobs.running(), 3);
    assert!(handle.is_waiting());
    drop(stream);
    for worker in 0..5 {
        assert!(executor.is_woken(worker), "worker {worker} is woken");
    }
    assert_eq!(executor.run(), 0);
    assert!(executor.is_done());
    assert_eq!(jobs.running(), 0);
    assert!(handle.is_dropped());
    jobs.finish(0);
    handle.send(3);
    assert_eq!(jobs.calls(), 3);
}

/// A result that a stream yielded, or the text of a panic in its poll.
type ItemOrPanic<T> = Result<T, String>;

/// Reads all ready items over panics.
fn drain_over<S: Stream + Unpin>(stream: &mut S) -> Vec<ItemOrPanic<S::Item>> {
    let mut seen = vec![];
    loop {
        match catch_unwind(AssertUnwindSafe(|| next(stream))) {
            Ok(Poll::Ready(Some(item))) => seen.push(Ok(item)),
            Ok(_) => return seen,
            Err(payload) => {
                let text = payload.downcast_ref::<String>().cloned();
                seen.push(Err(text.unwrap_or_else(|| {
                    (*payload.downcast_ref::<&str>().expect("all panics are text")).to_string()
                })));
            }
        }
    }
}

/// Runs the workers and reads to the end over panics.
fn read_over<T>(stream: &mut MapParWith<T, ()>, executor: &mut Executor) -> Vec<ItemOrPanic<T>> {
    let mut seen = vec![];
    while !stream.is_terminated() {
        assert_eq!(executor.run(), 0, "no worker panics");
        seen.extend(drain_over(stream));
        assert!(seen.len() < 1000, "the same panic repeats");
    }
    assert!(executor.is_done());
    assert!(matches!(next(stream), Poll::Ready(None)));
    seen
}

fn refuse(n: u32, refused: &[u32]) -> u32 {
    if refused.contains(&n) {
        panic!("{n} is refused");
    }
    n
}

/// Expected events of the items 0 to 99 if the `refused` items panic.
fn expected_of_100(refused: &[u32]) -> Vec<ItemOrPanic<u32>> {
    let of = |n| if refused.contains(&n) { Err(format!("{n} is refused")) } else { Ok(n) };
    (0..100).map(of).collect()
}

/// Sorts the events of an unordered stream by item.
fn sorted(mut seen: Vec<ItemOrPanic<u32>>) -> Vec<ItemOrPanic<u32>> {
    let number = |seen: &ItemOrPanic<u32>| match seen {
        Ok(n) => *n,
        Err(text) => text
            .split(' ')
            .next()
            .and_then(|n| n.parse().ok())
            .expect("the text begins with a number"),
    };
    seen.sort_by_key(number);
    seen
}

#[test]
fn future_panics_consumer_panics_rest_arrives() {
    for n in [1, 2, 7] {
        for ordered in [false, true] {
            let f = |n: u32| async move { refuse(n, &[3, 40, 99]) };
            let (mut stream, workers) =
                stream::iter(0..100).map_par_with(n, identity, f).into_parts();
            if ordered {
                stream = stream.ordered();
            }
            let seen = read_over(&mut stream, &mut Executor::new(workers));
            let seen = if ordered { seen } else { sorted(seen) };
            assert_eq!(seen, expected_of_100(&[3, 40, 99]));
            assert_eq!(stream.outcome(), Some(TaskOutcome::Panicked));
        }
    }
}

#[test]
fn call_panic_reaches_consumer_and_rest_arrives() {
    for n in [1, 2, 7] {
        for ordered in [false, true] {
            let f = |n: u32| ready(refuse(n, &[0, 1, 98, 99]));
            let (mut stream, workers) =
                stream::iter(0..100).map_par_with(n, identity, f).into_parts();
            if ordered {
                stream = stream.ordered();
            }
            let seen = read_over(&mut stream, &mut Executor::new(workers));
            let seen = if ordered { seen } else { sorted(seen) };
            assert_eq!(seen, expected_of_100(&[0, 1, 98, 99]));
        }
    }
}

#[test]
fn panics_of_all_calls_reach_consumer() {
    let f = |n: u32| async move { refuse(n, &[n]) };
    let (stream, workers) = stream::iter(0..100).map_par_with(3, identity, f).into_parts();
    let mut stream = stream.ordered();
    let all: Vec<_> = (0..100).collect();
    assert_eq!(read_over(&mut stream, &mut Executor::new(workers)), expected_of_100(&all));
}

#[test]
fn panic_comes_when_done_or_in_order() {
    for ordered in [false, true] {
        let jobs = Jobs::default();
        let start = jobs.clone();
        let f = move |n| {
            let job = start.start(n);
            async move { refuse(job.await, &[1]) }
        };
        let (mut stream, workers) = stream::iter(0..3).map_par_with(3, identity, f).into_parts();
        if ordered {
            stream = stream.ordered();
        }
        let mut executor = Executor::new(workers);
        let reader = Counting::new();
        executor.run();
        assert_eq!(reader.poll(&mut stream), Poll::Pending);
        jobs.finish(1);
        assert_eq!(executor.run(), 0);
        assert!(reader.wakes() > 0);
        let first = drain_over(&mut stream);
        assert_eq!(stream.finished(), 0);
        jobs.finish(0);
        jobs.finish(2);
        executor.run();
        let refused = Err("1 is refused".to_string());
        let rest = drain_over(&mut stream);
        if ordered {
            assert_eq!((first, rest), (vec![], vec![Ok(0), refused, Ok(2)]));
        } else {
            assert_eq!((first, rest), (vec![refused], vec![Ok(0), Ok(2)]));
        }
        assert!(stream.is_terminated());
    }
}

#[test]
fn panic_payload_is_original() {
    let f = |_: ()| async { std::panic::panic_any(7_u8) };
    let (mut stream, workers) = stream::iter([()]).map_par_with(1, identity, f).into_parts();
    Executor::new(workers).run();
    let caught = catch_unwind(AssertUnwindSafe(|| next::<MapParWith<(), ()>>(&mut stream)));
    assert_eq!(caught.expect_err("the poll panics").downcast_ref(), Some(&7_u8));
    assert_eq!(next(&mut stream), Poll::Ready(None));
}

#[test]
fn panicked_call_returns_its_permit() {
    let jobs = Jobs::default();
    let start = jobs.clone();
    let f = move |n| refuse(start.start(n).1, &[0, 1, 2, 3]);
    let (stream, workers) =
        stream::iter(0..20).map_par_with(2, identity, move |n| ready(f(n))).into_parts();
    let mut stream = stream.ordered();
    let mut executor = Executor::new(workers);
    assert_eq!(executor.run(), 0);
    assert_eq!(jobs.calls(), 4, "all four permits are in use");
    assert_eq!(stream.size_hint(), (0, None));
    assert_eq!(drain_over(&mut stream).len(), 4);
    executor.run();
    assert_eq!(jobs.calls(), 8);
}

#[test]
fn source_panics_ordered_calls_come_first() {
    for ordered in [false, true] {
        let jobs = Jobs::default();
        let (handle, source) = script();
        handle.send(0);
        let start = jobs.clone();
        let (mut stream, workers) =
            source.map_par_with(3, identity, move |n| start.start(n)).into_parts();
        if ordered {
            stream = stream.ordered();
        }
        let mut executor = Executor::new(workers);
        executor.run();
        handle.panic();
        assert_eq!(executor.run(), 0);
        assert!(handle.is_dropped());
        let first = drain_over(&mut stream);
        assert_eq!(stream.outcome(), None, "0 is running");
        jobs.finish(0);
        assert_eq!(executor.run(), 0);
        let rest = drain_over(&mut stream);
        let panic = Err("scripted panic".to_string());
        if ordered {
            assert_eq!((first, rest), (vec![], vec![Ok(0), panic]));
        } else {
            assert_eq!((first, rest), (vec![panic], vec![Ok(0)]));
        }
        assert!(stream.is_terminated() && executor.is_done());
        assert_eq!(stream.outcome(), Some(TaskOutcome::Panicked));
    }
}

/// A future whose drop panics after it was polled, unless the thread is already panicking.
struct DropPanics(Option<u32>);

impl Future for DropPanics {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        Poll::Ready(self.0.take().expect("polled once"))
    }
}

impl Drop for DropPanics {
    fn drop(&mut self) {
        assert!(self.0.is_some() || std::thread::panicking(), "future drop panics");
    }
}

#[test]
fn drop_panic_of_future_follows_its_result() {
    for ordered in [false, true] {
        let (mut stream, workers) =
            stream::iter(0..9).map_par_with(2, identity, |n| DropPanics(Some(n))).into_parts();
        if ordered {
            stream = stream.ordered();
        }
        let seen = read_over(&mut stream, &mut Executor::new(workers));
        let panic = Err("future drop panics".to_string());
        let expected = (0..9).flat_map(|n| [Ok(n), panic.clone()]);
        assert!(seen.into_iter().eq(expected));
    }
}

#[test]
fn drop_panic_of_source_comes_at_end() {
    for ordered in [false, true] {
        let (_handle, source) = scripted(0..9);
        let (mut stream, workers) =
            crate::script::PanicOnDrop(source).map_par_with(2, identity, ready::<u32>).into_parts();
        if ordered {
            stream = stream.ordered();
        }
        let mut seen = read_over(&mut stream, &mut Executor::new(workers));
        let panic = seen.iter().position(Result::is_err).expect("a poll panics");
        assert_eq!(seen.remove(panic), Err("scripted panic in drop".to_string()));
        assert!(!ordered || panic == 9);
        assert!(seen.into_iter().eq((0..9).map(Ok)));
    }
}

#[test]
fn source_panics_twice_first_is_reported() {
    let (handle, source) = script::<u32>();
    handle.panic();
    /// A stream that panics when it is dropped.
    struct Always<S>(S);
    impl<S: Stream + Unpin> Stream for Always<S> {
        type Item = S::Item;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
            Pin::new(&mut self.0).poll_next(cx)
        }
    }
    impl<S> Drop for Always<S> {
        fn drop(&mut self) {
            panic!("drop panics");
        }
    }
    let (mut stream, workers) = Always(source).map_par_with(2, identity, ready).into_parts();
    let seen = read_over(&mut stream, &mut Executor::new(workers));
    assert_eq!(seen, [Err("scripted panic".to_string())]);
}

/// A waker that panics when it is cloned.
fn unclonable() -> Waker {
    use core::task::{RawWaker, RawWakerVTable};
    static VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("waker clone panics"), |_| (), |_| (), |_| ());
    // SAFETY: no function of the table uses the pointer, and `clone` never returns.
    unsafe { Waker::from_raw(RawWaker::new(core::ptr::null(), &VTABLE)) }
}

#[test]
fn panics_of_lost_workers_come_at_end() {
    let f = |n: u32| async move {
        if n == 0 {
            core::future::pending::<()>().await;
        }
        n
    };
    let (mut stream, mut workers) = stream::iter(0..3).map_par_with(2, identity, f).into_parts();
    let mut lost = Box::pin(workers.remove(0));
    let mut executor = Executor::new(workers);
    // A worker clones its waker before it returns `Pending`; that panic is outside of `f`.
    let waker = unclonable();
    let mut cx = Context::from_waker(&waker);
    let mut poll = || catch_unwind(AssertUnwindSafe(|| lost.as_mut().poll(&mut cx)));
    assert!((0..2).any(|_| poll().is_err()), "a worker that yields needs a second poll");
    executor.run();
    let seen = drain_over(&mut stream);
    let end = "tasks of map_par_with panicked, items without a result: 1".to_string();
    assert_eq!(seen, [Ok(1), Ok(2), Err(end)]);
    assert!(stream.is_terminated(), "the stream ends after the panic");
    assert_eq!(stream.outcome(), Some(TaskOutcome::Panicked));
}

#[test]
fn catch_panics_turns_panics_into_errors() {
    let f = |n: u32| async move { refuse(n, &[1]) };
    let (stream, workers) = stream::iter(0..3).map_par_with(2, identity, f).into_parts();
    let mut stream = stream.ordered().catch_panics();
    let mut executor = Executor::new(workers);
    assert_eq!(executor.run(), 0);
    assert_eq!(stream.size_hint(), (2, None));
    assert!(matches!(next(&mut stream), Poll::Ready(Some(Ok(0)))));
    match next(&mut stream) {
        Poll::Ready(Some(Err(panic))) => assert_eq!(panic.message(), Some("1 is refused")),
        _ => panic!("the second item is an error"),
    }
    assert!(matches!(next(&mut stream), Poll::Ready(Some(Ok(2)))));
    assert!(!stream.is_terminated());
    assert!(matches!(next(&mut stream), Poll::Ready(None)));
    assert!(stream.is_terminated());
    assert_eq!(stream.into_inner().outcome(), Some(TaskOutcome::Panicked));
}

#[test]
fn dropped_worker_loses_only_running_call() {
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (stream, workers) =
        stream::iter(0..20).map_par_with(2, identity, move |n| start.start(n)).into_parts();
    let mut stream = stream.ordered();
    let mut executor = Executor::new(workers);
    executor.run();
    executor.drop_worker(0);
    (1..20).for_each(|n| jobs.finish(n));
    let mut items = vec![];
    while !stream.is_terminated() {
        executor.run();
        items.extend(drain(&mut stream));
    }
    assert!(items.into_iter().eq(1..20));
    assert_eq!(stream.outcome(), Some(TaskOutcome::Cancelled));
}

#[test]
fn dropped_idle_worker_loses_no_item() {
    let (handle, source) = script();
    let (mut stream, workers) = source.map_par_with(3, identity, ready::<u32>).into_parts();
    let mut executor = Executor::new(workers);
    executor.run();
    // Each of the two workers is dropped while it is idle.
    for worker in 0..2 {
        executor.drop_worker(worker);
        handle.send(worker as u32);
        executor.run();
        assert_eq!(drain(&mut stream), [worker as u32]);
    }
    handle.end();
    executor.run();
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(stream.outcome(), Some(TaskOutcome::Completed));
}

#[test]
fn dropped_woken_worker_passes_wake_up_on() {
    let (handle, source) = script();
    let (mut stream, workers) = source.map_par_with(2, identity, ready::<u32>).into_parts();
    let mut executor = Executor::new(workers);
    executor.run();
    handle.send(7);
    let woken = (0..2).find(|&worker| executor.is_woken(worker)).expect("a worker is woken");
    executor.drop_worker(woken);
    assert!(executor.is_woken(1 - woken));
    executor.run();
    assert_eq!(drain(&mut stream), [7]);
}

#[test]
fn all_workers_dropped_stream_is_cancelled() {
    let (handle, source) = script();
    handle.send(1);
    let (mut stream, workers) = source.map_par_with(2, identity, ready::<u32>).into_parts();
    let mut executor = Executor::new(workers);
    executor.run();
    let reader = Counting::new();
    assert_eq!(reader.poll(&mut stream), Poll::Ready(Some(1)));
    assert_eq!(reader.poll(&mut stream), Poll::Pending);
    assert_eq!(stream.outcome(), None);
    executor.drop_worker(0);
    assert_eq!(stream.outcome(), None);
    executor.drop_worker(1);
    assert!(reader.wakes() > 0 && handle.is_dropped());
    assert_eq!(stream.outcome(), Some(TaskOutcome::Cancelled));
    assert_eq!(next(&mut stream), Poll::Ready(None));
}

#[test]
fn endless_worker_yields_after_budget() {
    let f = |n: u64| ready(n);
    let (mut stream, mut workers) = stream::iter(0..).map_par_with(1000, identity, f).into_parts();
    workers.truncate(1);
    let mut worker = Box::pin(workers.remove(0));
    drop(workers);
    let task = Counting::new();
    for polls in 1..=3 {
        assert!(worker.as_mut().poll(&mut Context::from_waker(task.waker())).is_pending());
        assert_eq!(task.wakes(), polls, "the worker wakes its own task");
    }
    assert_eq!(drain(&mut stream).len(), 3 * 128);
}

#[test]
fn dropped_at_any_step_frees_each_item_once() {
    for steps in 0..14 {
        for ordered in [false, true] {
            let ledger = Arc::new(Ledger::new());
            let results = Arc::clone(&ledger);
            let source = stream::iter(ledger.items(7).collect::<Vec<_>>());
            let f = move |item: crate::ledger::Tracked| {
                let (mut polls, mut result) = (0, Some(results.item(item.value + 100)));
                poll_fn(move |cx| {
                    polls += 1;
                    if polls <= item.value {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    Poll::Ready(result.take())
                })
            };
            let (mut stream, workers) = source.map_par_with(2, identity, f).into_parts();
            if ordered {
                stream = stream.ordered();
            }
            let mut executor = Executor::new(workers);
            let mut taken = vec![];
            for step in 0..steps {
                match step % 3 {
                    0 => _ = executor.poll(0),
                    1 => _ = executor.poll(1),
                    _ => taken.extend(drain(&mut stream)),
                }
            }
            drop(stream);
            executor.run();
            assert!(executor.is_done());
            assert_eq!(ledger.alive(), taken.len());
            drop(taken);
            ledger.assert_all_dropped();
        }
    }
}

/// Polls a task once and returns it.
fn start<F: Future<Output = ()>>(future: F, waker: &Waker) -> Pin<Box<F>> {
    let mut task = Box::pin(future);
    assert!(task.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    task
}

#[test]
fn task_polled_in_spawner_sees_close() {
    let (_handle, source) = script::<u32>();
    let task = Counting::new();
    let waker = task.waker().clone();
    let stream = source.map_par_with(2, |worker| start(worker, &waker), ready);
    let (stream, mut workers) = stream.into_parts();
    let before = task.wakes();
    drop(stream);
    assert!(task.wakes() >= before + 2, "both workers are woken");
    for worker in &mut workers {
        let mut cx = Context::from_waker(task.waker());
        assert!(worker.as_mut().poll(&mut cx).is_ready());
    }
}

#[test]
fn replaced_wakers_are_not_called() {
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (mut stream, mut workers) =
        stream::iter(0..1).map_par_with(1, identity, move |n| start.start(n)).into_parts();
    let mut worker = Box::pin(workers.remove(0));
    let (old, new) = (Counting::new(), Counting::new());
    let (old_reader, new_reader) = (Counting::new(), Counting::new());
    for waker in [old.waker(), new.waker()] {
        assert!(worker.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    assert_eq!(old_reader.poll(&mut stream), Poll::Pending);
    assert_eq!(new_reader.poll(&mut stream), Poll::Pending);
    drop(stream);
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    assert_eq!((old_reader.wakes(), new_reader.wakes()), (0, 0));
}

#[test]
fn handles_are_kept_and_returned() {
    let mut spawned = core::cell::Cell::new(0);
    let spawn = |worker| {
        spawned.set(spawned.get() + 1);
        (worker, spawned.get())
    };
    let stream = stream::iter(0..3).map_par_with(3, spawn, ready::<u32>);
    assert!(stream.handles().iter().map(|(_, number)| *number).eq(1..=3));
    let (mut stream, handles) = stream.into_parts();
    assert_eq!(next(&mut stream), Poll::Pending);
    drop(handles);
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(*spawned.get_mut(), 3);
}

#[test]
fn panicked_spawner_leaves_no_task_behind() {
    let (handle, source) = scripted(0..9_u32);
    let tasks = core::cell::RefCell::new(vec![]);
    let spawn = |worker| {
        assert!(tasks.borrow().len() < 2, "no third task");
        tasks.borrow_mut().push(Box::pin(worker));
    };
    let made = catch_unwind(AssertUnwindSafe(|| source.map_par_with(3, spawn, ready)));
    assert!(made.is_err());
    for mut task in tasks.into_inner() {
        assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }
    assert!(handle.is_dropped());
}

type Started = Arc<Mutex<Vec<Task>>>;

/// A list of tasks that `run` polls, and a spawner that adds to it.
fn starter<F: Future<Output = ()> + 'static>() -> (Started, impl Fn(F)) {
    let started = Started::default();
    let tasks = Arc::clone(&started);
    (started, move |task| tasks.lock().expect("the lock is not poisoned").push(Box::pin(task)))
}

/// Polls all tasks until a round wakes none of them.
fn run(started: &Started) {
    let task = Counting::new();
    let mut before = usize::MAX;
    while task.wakes() != before {
        before = task.wakes();
        for started in &mut *started.lock().expect("the lock is not poisoned") {
            let _ = started.as_mut().poll(&mut Context::from_waker(task.waker()));
        }
    }
}

fn count(started: &Started) -> usize {
    started.lock().expect("the lock is not poisoned").len()
}

/// A future that is ready at its first poll and panics at a second one.
fn once(n: u32) -> impl Future<Output = u32> + Unpin {
    let mut n = Some(n);
    poll_fn(move |_| Poll::Ready(n.take().expect("polled once")))
}

#[test]
fn no_more_workers_start_than_known_items() {
    for items in [0, 1, 3, 128, 1000] {
        let (started, spawn) = starter();
        let mut stream = stream::iter(0..items).map_par_with(usize::MAX, spawn, once);
        assert_eq!(count(&started), items.clamp(1, 128) as usize);
        let mut got = vec![];
        while !stream.is_terminated() {
            run(&started);
            while let Poll::Ready(Some(item)) = next(&mut stream) {
                got.push(item);
            }
        }
        got.sort_unstable();
        assert!(got.into_iter().eq(0..items));
        assert!(count(&started) <= 1.max(items as usize));
        assert_eq!(stream.outcome(), Some(TaskOutcome::Completed));
    }
}

#[test]
fn worker_starts_if_none_is_idle() {
    let (handle, source) = script();
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (started, spawn) = starter();
    let mut stream = source.map_par_with(usize::MAX, spawn, move |n| start.start(n));
    // A source whose size hint is unknown.
    let reader = Counting::new();
    let step = |stream: &mut MapParWith<u32, (), _>| {
        let wakes = reader.wakes();
        run(&started);
        let polled = reader.poll(stream);
        run(&started);
        (reader.wakes() > wakes, polled, count(&started))
    };
    assert_eq!(step(&mut stream), (false, Poll::Pending, 1), "the first worker starts at the call");
    for n in 0..4 {
        handle.send(n);
        let workers = n as usize + 2;
        assert_eq!(step(&mut stream), (true, Poll::Pending, workers), "a worker is idle");
        assert_eq!(step(&mut stream), (false, Poll::Pending, workers));
        assert_eq!(jobs.running(), n as usize + 1);
    }
    jobs.finish(2);
    assert_eq!(step(&mut stream), (true, Poll::Ready(Some(2)), 5));
    handle.send(4);
    assert_eq!(step(&mut stream), (false, Poll::Pending, 5), "two workers were idle");
    handle.send(5);
    assert_eq!(step(&mut stream), (true, Poll::Pending, 6), "no worker is idle");
    handle.end();
    [0, 1, 3, 4, 5].into_iter().for_each(|n| jobs.finish(n));
    let mut got = vec![];
    while !stream.is_terminated() {
        if let (_, Poll::Ready(Some(n)), workers) = step(&mut stream) {
            got.push(n);
            assert_eq!(workers, 6);
        }
    }
    got.sort_unstable();
    assert_eq!(got, [0, 1, 3, 4, 5]);
    assert!(handle.is_dropped());
}

#[test]
fn at_most_n_workers_start() {
    let (handle, source) = script();
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (started, spawn) = starter();
    let mut stream = source.map_par_with(3, spawn, move |n| start.start(n));
    for n in 0..9 {
        handle.send(n);
        run(&started);
        assert_eq!(next(&mut stream), Poll::Pending);
        assert!(count(&started) <= 3 && jobs.running() <= 3);
    }
    run(&started);
    assert_eq!((count(&started), jobs.running()), (3, 3));
    assert_eq!(stream.handles().len(), 3);
}

#[test]
fn into_parts_starts_remaining_workers() {
    let (handle, source) = script();
    let (started, spawn) = starter();
    let stream = source.map_par_with(3, spawn, once);
    assert_eq!((count(&started), stream.handles().len()), (1, 1));
    let (mut stream, handles) = stream.into_parts();
    assert_eq!((count(&started), handles.len()), (3, 3));
    handle.send(7);
    handle.end();
    run(&started);
    assert_eq!(next(&mut stream), Poll::Ready(Some(7)));
    assert_eq!(next(&mut stream), Poll::Ready(None));
}

#[test]
fn into_parts_panics_if_n_handles_do_not_fit() {
    let parts = || stream::iter(0..3).map_par_with(usize::MAX, identity, once).into_parts();
    let panic = catch_unwind(|| drop(parts())).expect_err("`n` handles do not fit into memory");
    assert_eq!(panic.downcast_ref(), Some(&"capacity overflow"));
}

#[test]
fn spawner_panics_in_poll_no_item_is_lost() {
    let (handle, source) = script();
    let tasks = Started::default();
    let spawn = |task| {
        let mut tasks = tasks.lock().expect("the lock is not poisoned");
        if !tasks.is_empty() {
            drop(tasks);
            panic!("no second task");
        }
        tasks.push(Box::pin(task));
    };
    let mut stream = source.map_par_with(3, spawn, once);
    (0..9).for_each(|n| handle.send(n));
    handle.end();
    let mut seen = vec![];
    while !stream.is_terminated() {
        run(&tasks);
        seen.extend(drain_over(&mut stream));
    }
    let (items, panics): (Vec<_>, Vec<_>) = seen.into_iter().partition(Result::is_ok);
    assert!(items.into_iter().eq((0..9).map(Ok)));
    assert!(panics.len() <= 2 && panics.iter().all(|p| *p == Err("no second task".to_string())));
}

#[test]
fn dropped_stream_leaves_no_source_behind() {
    let (handle, source) = script::<u32>();
    let (started, spawn) = starter();
    let stream = source.map_par_with(usize::MAX, spawn, once);
    run(&started);
    drop(stream);
    run(&started);
    assert!(handle.is_dropped());
}

#[test]
fn all_workers_dropped_stream_ends() {
    let (handle, source) = script::<u32>();
    let (started, spawn) = starter();
    let mut stream = source.map_par_with(usize::MAX, spawn, once);
    handle.send(1);
    run(&started);
    let reader = Counting::new();
    assert_eq!(reader.poll(&mut stream), Poll::Ready(Some(1)));
    assert_eq!(reader.poll(&mut stream), Poll::Pending);
    started.lock().expect("the lock is not poisoned").clear();
    assert!(reader.wakes() > 0);
    assert_eq!(stream.outcome(), Some(TaskOutcome::Cancelled));
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert!(handle.is_dropped());
}

#[test]
fn worker_that_woke_sibling_yields_first() {
    let computed = Arc::new(AtomicUsize::new(0));
    let calls = Arc::clone(&computed);
    let f = move |n: u32| {
        let calls = Arc::clone(&calls);
        poll_fn(move |_| {
            calls.fetch_add(1, SeqCst);
            Poll::Ready(n)
        })
    };
    // The source polls the sibling inside its own poll, so the sibling finds the lock taken.
    let sibling = Rc::new(RefCell::new(None::<Task>));
    let (polled, task) = (Rc::clone(&sibling), Counting::new());
    let waker = task.waker().clone();
    let mut items = 0..2;
    let source = stream::poll_fn(move |_| {
        let taken = polled.borrow_mut().take();
        if let Some(mut worker) = taken {
            assert!(worker.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            *polled.borrow_mut() = Some(worker);
        }
        Poll::Ready(items.next())
    });
    let (mut stream, mut workers) = source.map_par_with(2, identity, f).into_parts();
    *sibling.borrow_mut() = Some(Box::pin(workers.remove(0)));
    let mut executor = Executor::new(workers);
    executor.poll(0);
    assert_eq!(computed.load(SeqCst), 0, "its call waits for the next poll");
    assert!(executor.is_woken(0), "it wakes its own task for that poll");
    assert_eq!(task.wakes(), 1, "the sibling is woken");
    let mut woken = sibling.borrow_mut().take().expect("the source put the sibling back");
    assert!(woken.as_mut().poll(&mut Context::from_waker(task.waker())).is_ready());
    assert_eq!(drain(&mut stream), [1], "the call of the first worker waits");
    executor.run();
    assert_eq!(drain(&mut stream), [0]);
    assert!(stream.is_terminated());
}

#[test]
fn only_polled_worker_does_not_yield() {
    let (mut stream, workers) = stream::iter(0..100).map_par_with(100, identity, once).into_parts();
    let mut executor = Executor::new(workers);
    executor.poll(0);
    assert_eq!(drain(&mut stream).len(), 100, "one poll drains the source");
}

#[test]
fn abandoned_worker_stops_no_other() {
    for abandoned in 0..3 {
        let (handle, source) = script();
        let (mut stream, workers) = source.map_par_with(3, identity, once).into_parts();
        let mut executor = Executor::new(workers);
        executor.run();
        handle.send(0);
        assert!(executor.is_woken(abandoned));
        // From here on the abandoned worker is neither polled nor dropped.
        let (kept, ..) = executor.0.remove(abandoned);
        for n in 1..50 {
            executor.run();
            assert_eq!(drain(&mut stream), [n - 1]);
            handle.send(n);
        }
        handle.end();
        executor.run();
        assert!(executor.is_done() && handle.is_dropped());
        assert_eq!(drain(&mut stream), [49]);
        assert!(stream.is_terminated(), "the end does not need the abandoned worker");
        assert_eq!(stream.outcome(), Some(TaskOutcome::Completed));
        drop(kept);
        assert_eq!(next(&mut stream), Poll::Ready(None));
    }
}

#[test]
fn abandoned_worker_keeps_no_permit_of_others() {
    let (mut stream, workers) = stream::iter(0..40).map_par_with(2, identity, once).into_parts();
    let mut executor = Executor::new(workers);
    executor.run();
    let mut got = drain(&mut stream);
    assert_eq!(got.len(), 4, "all permits were in use");
    assert!(executor.is_woken(0) && executor.is_woken(1), "permits are free again");
    let (_kept, ..) = executor.0.remove(0);
    while got.len() < 40 {
        assert_eq!(executor.run(), 0);
        let more = drain(&mut stream);
        assert!(!more.is_empty(), "after {}", got.len());
        got.extend(more);
    }
    assert!(got.into_iter().eq(0..40));
}

#[test]
fn debug_shows_state_and_no_items() {
    let (stream, mut workers) =
        stream::iter(["secret"]).map_par_with(1, identity, ready).into_parts();
    let mut worker = Box::pin(workers.remove(0));
    assert_eq!(format!("{worker:?}"), "MapWorker { running: false, ended: false, .. }");
    assert!(worker.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    assert_eq!(format!("{worker:?}"), "MapWorker { running: false, ended: true, .. }");
    let expected = "MapParWith { finished: 1, ordered: false, outcome: Some(Completed), .. }";
    assert_eq!(format!("{stream:?}"), expected);
}

#[test]
fn aborted_idle_worker_is_replaced() {
    let (handle, source) = script();
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (started, spawn) = starter();
    let mut stream = source.map_par_with(8, spawn, move |n| start.start(n));
    let mut run_all = || {
        for _ in 0..3 {
            run(&started);
            assert_eq!(next(&mut stream), Poll::Pending);
        }
    };
    handle.send(0);
    run_all();
    assert_eq!((count(&started), jobs.running()), (2, 1));
    drop(started.lock().expect("the lock is not poisoned").pop());
    handle.send(1);
    run_all();
    assert_eq!(jobs.running(), 2);
}

/// A spawner that polls each task before it returns, as a runtime with an idle thread may.
fn fast_starter<F: Future<Output = ()> + 'static>() -> (Started, impl Fn(F)) {
    let started = Started::default();
    let tasks = Arc::clone(&started);
    let spawn = move |task| {
        let mut task: Task = Box::pin(task);
        assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        tasks.lock().expect("the lock is not poisoned").push(task);
    };
    (started, spawn)
}

#[test]
fn fast_runtime_starts_no_excess_worker() {
    for items in [1, 4, 300] {
        let (started, spawn) = fast_starter();
        let source = stream::iter(0..items);
        let mut stream = source.map_par_with(1000, spawn, |_| pending::<()>());
        for _ in 0..10 {
            run(&started);
            assert_eq!(next(&mut stream), Poll::Pending);
        }
        assert_eq!(count(&started), items);
    }
}

#[test]
fn workers_start_while_body_waits() {
    let (handle, source) = script();
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (started, spawn) = starter();
    let stream = source.map_par_with(4, spawn, move |n| start.start(n));
    let mut each = pin!(stream.for_each_progress(|_| pending::<()>()));
    let (task, mut seen) = (Counting::new(), None);
    // Polls the consumer only if it was woken.
    let mut step = || loop {
        run(&started);
        if seen == Some(task.wakes()) {
            return;
        }
        seen = Some(task.wakes());
        assert!(each.as_mut().poll(&mut Context::from_waker(task.waker())).is_pending());
    };
    step();
    handle.send(0);
    step();
    jobs.finish(0);
    step();
    for n in 1..4 {
        handle.send(n);
        step();
        assert_eq!(jobs.running(), n as usize, "calls start while the body waits");
    }
}
