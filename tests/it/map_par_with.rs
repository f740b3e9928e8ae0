use crate::{
    ledger::Ledger,
    script::{script, scripted},
    waker::{Counting, next},
};
use aiter::{AiterExt, TaskOutcome, adapters::MapParWith};
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

/// The workers, polled in turn as an executor of one thread does: those that were woken.
struct Pool(Vec<(Option<Task>, Counting, usize)>);

type Task = Pin<Box<dyn Future<Output = ()>>>;

impl Pool {
    fn new<F: Future<Output = ()> + 'static>(workers: Vec<F>) -> Self {
        let task = |worker| (Some(Box::pin(worker) as Task), Counting::new(), usize::MAX);
        Self(workers.into_iter().map(task).collect())
    }

    fn is_woken(&self, worker: usize) -> bool {
        let (task, waker, seen) = &self.0[worker];
        task.is_some() && waker.wakes() != *seen
    }

    /// Polls one worker, woken or not. True if it panicked.
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

    /// Polls those that are woken until none is. Returns how many panicked.
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

/// Futures that are ready when they are told to be, and what is going on among them.
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
        f(&mut self.0.lock().expect("not poisoned"))
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
fn case_66_four_workers_of_20_items_run_at_most_four() {
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (mut stream, workers) =
        stream::iter(0..20).map_par_with(4, identity, move |n| start.start(n)).into_parts();
    let mut pool = Pool::new(workers);
    let mut items = Vec::new();
    for n in 0..20 {
        pool.run();
        assert_eq!(jobs.running(), 4.min(20 - n));
        jobs.finish(n as u32);
        pool.run();
        items.extend(drain(&mut stream));
    }
    assert_eq!(jobs.with(|jobs| jobs.max_running), 4);
    assert!(items.into_iter().eq(0..20), "each as it is done");
    assert!(pool.is_done());
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(stream.outcome(), Some(TaskOutcome::Completed));
    assert_eq!(pool.wakers_held(), 0);
}

#[test]
fn case_67_a_consumer_that_stalls_after_one() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let f = move |n: u32| {
        counted.fetch_add(1, SeqCst);
        ready(n)
    };
    let (mut stream, workers) = stream::iter(0..200).map_par_with(4, identity, f).into_parts();
    let mut pool = Pool::new(workers);
    pool.run();
    assert_eq!(next(&mut stream), Poll::Ready(Some(0)));
    pool.run();
    assert_eq!(calls.load(SeqCst), 8);
    assert_eq!(stream.size_hint(), (7, None));
    // It asks: one call more.
    assert_eq!(next(&mut stream), Poll::Ready(Some(1)));
    pool.run();
    assert_eq!(calls.load(SeqCst), 9);
    let mut items = vec![];
    while !stream.is_terminated() {
        items.extend(drain(&mut stream));
        pool.run();
    }
    assert!(items.into_iter().eq(2..200));
}

#[test]
fn case_68_ordered_and_not() {
    for (ordered, expected) in [(false, [2, 1, 0]), (true, [0, 1, 2])] {
        let jobs = Jobs::default();
        let start = jobs.clone();
        let (mut stream, workers) =
            stream::iter(0..3).map_par_with(3, identity, move |n| start.start(n)).into_parts();
        if ordered {
            stream = stream.ordered();
        }
        let mut pool = Pool::new(workers);
        let mut items = vec![];
        for n in [2, 1, 0] {
            pool.run();
            jobs.finish(n);
            pool.run();
            items.extend(drain(&mut stream));
        }
        assert_eq!(items, expected);
        assert_eq!(next(&mut stream), Poll::Ready(None));
    }
}

#[test]
fn in_order_a_slow_future_holds_back_as_many_as_there_are_permits() {
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (stream, workers) =
        stream::iter(0..100).map_par_with(2, identity, move |n| start.start(n)).into_parts();
    let mut stream = stream.ordered();
    let mut pool = Pool::new(workers);
    for n in 1..10 {
        pool.run();
        jobs.finish(n);
        pool.run();
        assert_eq!(drain(&mut stream), []);
    }
    assert_eq!(jobs.with(|jobs| jobs.calls.clone()), [0, 1, 2, 3]);
    assert_eq!(stream.size_hint(), (3, None));
    let reader = Counting::new();
    assert_eq!(reader.poll(&mut stream), Poll::Pending);
    jobs.finish(0);
    pool.run();
    assert!(reader.wakes() > 0);
    let mut items = vec![];
    for n in 10..100 {
        jobs.finish(n);
    }
    while !stream.is_terminated() {
        items.extend(drain(&mut stream));
        pool.run();
    }
    assert!(items.into_iter().eq(0..100));
}

#[test]
fn an_order_that_begins_late_is_none() {
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (mut stream, workers) =
        stream::iter(0..3).map_par_with(3, identity, move |n| start.start(n)).into_parts();
    let mut pool = Pool::new(workers);
    pool.run();
    let mut items = vec![];
    for n in [2, 1, 0] {
        jobs.finish(n);
        pool.run();
        items.extend(drain(&mut stream));
        stream = stream.ordered();
    }
    assert_eq!(items, [2, 1, 0]);
    assert!(stream.is_terminated());
}

#[test]
fn case_69_dropping_the_stream_drops_the_running_futures() {
    let jobs = Jobs::default();
    let (handle, source) = script();
    (0..3).for_each(|n| handle.send(n));
    let start = jobs.clone();
    let (stream, workers) = source.map_par_with(5, identity, move |n| start.start(n)).into_parts();
    let mut pool = Pool::new(workers);
    pool.run();
    assert_eq!(jobs.running(), 3);
    assert!(handle.is_waiting());
    drop(stream);
    for worker in 0..5 {
        assert!(pool.is_woken(worker), "running or waiting, {worker} is woken");
    }
    assert_eq!(pool.run(), 0);
    assert!(pool.is_done());
    assert_eq!(jobs.running(), 0);
    assert!(handle.is_dropped());
    jobs.finish(0);
    handle.send(3);
    assert_eq!(jobs.calls(), 3);
}

/// What a stream of results handed out: a result, or the text of a panic.
type Told<T> = Result<T, String>;

/// Reads, over panics, what is there.
fn drain_over<S: Stream + Unpin>(stream: &mut S) -> Vec<Told<S::Item>> {
    let mut told = vec![];
    loop {
        match catch_unwind(AssertUnwindSafe(|| next(stream))) {
            Ok(Poll::Ready(Some(item))) => told.push(Ok(item)),
            Ok(_) => return told,
            Err(payload) => {
                let text = payload.downcast_ref::<String>().cloned();
                told.push(Err(text.unwrap_or_else(|| {
                    (*payload.downcast_ref::<&str>().expect("all panics are text")).to_string()
                })));
            }
        }
    }
}

/// Lets the workers run and reads, over panics, up to the end.
fn read_over<T>(stream: &mut MapParWith<T, ()>, pool: &mut Pool) -> Vec<Told<T>> {
    let mut told = vec![];
    while !stream.is_terminated() {
        assert_eq!(pool.run(), 0, "no worker panics");
        told.extend(drain_over(stream));
        assert!(told.len() < 1000, "the same again");
    }
    assert!(pool.is_done());
    assert!(matches!(next(stream), Poll::Ready(None)));
    told
}

fn refuse(n: u32, refused: &[u32]) -> u32 {
    if refused.contains(&n) {
        panic!("{n} is refused");
    }
    n
}

/// What comes of 0 to 99, if these are refused.
fn told_of_100(refused: &[u32]) -> Vec<Told<u32>> {
    let of = |n| if refused.contains(&n) { Err(format!("{n} is refused")) } else { Ok(n) };
    (0..100).map(of).collect()
}

/// In the order of the items, with those of unordered streams.
fn sorted(mut told: Vec<Told<u32>>) -> Vec<Told<u32>> {
    let number = |told: &Told<u32>| match told {
        Ok(n) => *n,
        Err(text) => text.split(' ').next().and_then(|n| n.parse().ok()).expect("it has a number"),
    };
    told.sort_by_key(number);
    told
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
            let told = read_over(&mut stream, &mut Pool::new(workers));
            let told = if ordered { told } else { sorted(told) };
            assert_eq!(told, told_of_100(&[3, 40, 99]));
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
            let told = read_over(&mut stream, &mut Pool::new(workers));
            let told = if ordered { told } else { sorted(told) };
            assert_eq!(told, told_of_100(&[0, 1, 98, 99]));
        }
    }
}

#[test]
fn panics_of_all_calls_reach_consumer() {
    let f = |n: u32| async move { refuse(n, &[n]) };
    let (stream, workers) = stream::iter(0..100).map_par_with(3, identity, f).into_parts();
    let mut stream = stream.ordered();
    let all: Vec<_> = (0..100).collect();
    assert_eq!(read_over(&mut stream, &mut Pool::new(workers)), told_of_100(&all));
}

#[test]
fn panic_comes_when_done_or_in_its_turn() {
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
        let mut pool = Pool::new(workers);
        let reader = Counting::new();
        pool.run();
        assert_eq!(reader.poll(&mut stream), Poll::Pending);
        jobs.finish(1);
        assert_eq!(pool.run(), 0);
        assert!(reader.wakes() > 0);
        let first = drain_over(&mut stream);
        assert_eq!(stream.finished(), 0);
        jobs.finish(0);
        jobs.finish(2);
        pool.run();
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
fn panic_payload_is_the_original() {
    let f = |_: ()| async { std::panic::panic_any(7_u8) };
    let (mut stream, workers) = stream::iter([()]).map_par_with(1, identity, f).into_parts();
    Pool::new(workers).run();
    let caught = catch_unwind(AssertUnwindSafe(|| next::<MapParWith<(), ()>>(&mut stream)));
    assert_eq!(caught.expect_err("it panics").downcast_ref(), Some(&7_u8));
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
    let mut pool = Pool::new(workers);
    assert_eq!(pool.run(), 0);
    assert_eq!(jobs.calls(), 4, "all four permits are in use");
    assert_eq!(stream.size_hint(), (0, None));
    assert_eq!(drain_over(&mut stream).len(), 4);
    pool.run();
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
        let mut pool = Pool::new(workers);
        pool.run();
        handle.panic();
        assert_eq!(pool.run(), 0);
        assert!(handle.is_dropped());
        let first = drain_over(&mut stream);
        assert_eq!(stream.outcome(), None, "0 is running");
        jobs.finish(0);
        assert_eq!(pool.run(), 0);
        let rest = drain_over(&mut stream);
        let panic = Err("scripted panic".to_string());
        if ordered {
            assert_eq!((first, rest), (vec![], vec![Ok(0), panic]));
        } else {
            assert_eq!((first, rest), (vec![panic], vec![Ok(0)]));
        }
        assert!(stream.is_terminated() && pool.is_done());
        assert_eq!(stream.outcome(), Some(TaskOutcome::Panicked));
    }
}

/// A future whose drop panics once it was polled, unless a panic is why.
struct PanicOnDropFuture(Option<u32>);

impl Future for PanicOnDropFuture {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        Poll::Ready(self.0.take().expect("polled once"))
    }
}

impl Drop for PanicOnDropFuture {
    fn drop(&mut self) {
        assert!(self.0.is_some() || std::thread::panicking(), "scripted panic in drop");
    }
}

#[test]
fn drop_panic_of_future_follows_its_result() {
    for ordered in [false, true] {
        let (mut stream, workers) = stream::iter(0..9)
            .map_par_with(2, identity, |n| PanicOnDropFuture(Some(n)))
            .into_parts();
        if ordered {
            stream = stream.ordered();
        }
        let told = read_over(&mut stream, &mut Pool::new(workers));
        let panic = Err("scripted panic in drop".to_string());
        let expected = (0..9).flat_map(|n| [Ok(n), panic.clone()]);
        assert!(told.into_iter().eq(expected));
    }
}

#[test]
fn drop_panic_of_source_comes_at_the_end() {
    for ordered in [false, true] {
        let (_handle, source) = scripted(0..9);
        let (mut stream, workers) =
            crate::script::PanicOnDrop(source).map_par_with(2, identity, ready::<u32>).into_parts();
        if ordered {
            stream = stream.ordered();
        }
        let mut told = read_over(&mut stream, &mut Pool::new(workers));
        let panic = told.iter().position(Result::is_err).expect("it panics");
        assert_eq!(told.remove(panic), Err("scripted panic in drop".to_string()));
        assert!(!ordered || panic == 9);
        assert!(told.into_iter().eq((0..9).map(Ok)));
    }
}

#[test]
fn source_panics_twice_and_the_first_is_told() {
    let (handle, source) = script::<u32>();
    handle.panic();
    /// A stream that panics when it is dropped.
    struct AlwaysPanicOnDrop<S>(S);
    impl<S: Stream + Unpin> Stream for AlwaysPanicOnDrop<S> {
        type Item = S::Item;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
            Pin::new(&mut self.0).poll_next(cx)
        }
    }
    impl<S> Drop for AlwaysPanicOnDrop<S> {
        fn drop(&mut self) {
            panic!("in drop, too");
        }
    }
    let (mut stream, workers) =
        AlwaysPanicOnDrop(source).map_par_with(2, identity, ready).into_parts();
    let told = read_over(&mut stream, &mut Pool::new(workers));
    assert_eq!(told, [Err("scripted panic".to_string())]);
}

/// A waker that panics when it is cloned.
fn panic_on_clone_waker() -> Waker {
    use core::task::{RawWaker, RawWakerVTable};
    static VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("in the clone of a waker"), |_| (), |_| (), |_| ());
    // SAFETY: no function of the table uses the pointer, and `clone` never returns.
    unsafe { Waker::from_raw(RawWaker::new(core::ptr::null(), &VTABLE)) }
}

#[test]
fn panics_of_lost_workers_are_told_at_the_end() {
    let f = |n: u32| async move {
        if n == 0 {
            core::future::pending::<()>().await;
        }
        n
    };
    let (mut stream, mut workers) = stream::iter(0..3).map_par_with(2, identity, f).into_parts();
    let mut lost = Box::pin(workers.remove(0));
    let mut pool = Pool::new(workers);
    // The worker clones the waker when it goes to sleep, which is not a call of `f`.
    let waker = panic_on_clone_waker();
    let mut cx = Context::from_waker(&waker);
    let mut poll = || catch_unwind(AssertUnwindSafe(|| lost.as_mut().poll(&mut cx)));
    assert!((0..2).any(|_| poll().is_err()), "the second poll is for a worker that yields");
    pool.run();
    let told = drain_over(&mut stream);
    let end = "tasks of map_par_with panicked, items without a result: 1".to_string();
    assert_eq!(told, [Ok(1), Ok(2), Err(end)]);
    assert!(stream.is_terminated(), "and then it ends");
    assert_eq!(stream.outcome(), Some(TaskOutcome::Panicked));
}

#[test]
fn catch_panics_makes_errors_of_them() {
    let f = |n: u32| async move { refuse(n, &[1]) };
    let (stream, workers) = stream::iter(0..3).map_par_with(2, identity, f).into_parts();
    let mut stream = stream.ordered().catch_panics();
    let mut pool = Pool::new(workers);
    assert_eq!(pool.run(), 0);
    assert_eq!(stream.size_hint(), (2, None));
    assert!(matches!(next(&mut stream), Poll::Ready(Some(Ok(0)))));
    match next(&mut stream) {
        Poll::Ready(Some(Err(panic))) => assert_eq!(panic.message(), Some("1 is refused")),
        _ => panic!("it is an error"),
    }
    assert!(matches!(next(&mut stream), Poll::Ready(Some(Ok(2)))));
    assert!(!stream.is_terminated());
    assert!(matches!(next(&mut stream), Poll::Ready(None)));
    assert!(stream.is_terminated());
    assert_eq!(stream.into_inner().outcome(), Some(TaskOutcome::Panicked));
}

#[test]
fn a_worker_that_is_dropped_loses_what_it_runs_and_no_more() {
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (stream, workers) =
        stream::iter(0..20).map_par_with(2, identity, move |n| start.start(n)).into_parts();
    let mut stream = stream.ordered();
    let mut pool = Pool::new(workers);
    pool.run();
    pool.drop_worker(0);
    (1..20).for_each(|n| jobs.finish(n));
    let mut items = vec![];
    while !stream.is_terminated() {
        pool.run();
        items.extend(drain(&mut stream));
    }
    assert!(items.into_iter().eq(1..20));
    assert_eq!(stream.outcome(), Some(TaskOutcome::Cancelled));
}

#[test]
fn an_idle_worker_that_is_dropped_loses_nothing() {
    let (handle, source) = script();
    let (mut stream, workers) = source.map_par_with(3, identity, ready::<u32>).into_parts();
    let mut pool = Pool::new(workers);
    pool.run();
    // Whoever would be woken for it.
    for worker in 0..2 {
        pool.drop_worker(worker);
        handle.send(worker as u32);
        pool.run();
        assert_eq!(drain(&mut stream), [worker as u32]);
    }
    handle.end();
    pool.run();
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(stream.outcome(), Some(TaskOutcome::Completed));
}

#[test]
fn a_woken_worker_that_is_dropped_hands_the_wake_up_on() {
    let (handle, source) = script();
    let (mut stream, workers) = source.map_par_with(2, identity, ready::<u32>).into_parts();
    let mut pool = Pool::new(workers);
    pool.run();
    handle.send(7);
    let woken = (0..2).find(|&worker| pool.is_woken(worker)).expect("one is woken");
    pool.drop_worker(woken);
    assert!(pool.is_woken(1 - woken));
    pool.run();
    assert_eq!(drain(&mut stream), [7]);
}

#[test]
fn all_workers_dropped_ends_the_stream_as_cancelled() {
    let (handle, source) = script();
    handle.send(1);
    let (mut stream, workers) = source.map_par_with(2, identity, ready::<u32>).into_parts();
    let mut pool = Pool::new(workers);
    pool.run();
    let reader = Counting::new();
    assert_eq!(reader.poll(&mut stream), Poll::Ready(Some(1)));
    assert_eq!(reader.poll(&mut stream), Poll::Pending);
    assert_eq!(stream.outcome(), None);
    pool.drop_worker(0);
    assert_eq!(stream.outcome(), None);
    pool.drop_worker(1);
    assert!(reader.wakes() > 0 && handle.is_dropped());
    assert_eq!(stream.outcome(), Some(TaskOutcome::Cancelled));
    assert_eq!(next(&mut stream), Poll::Ready(None));
}

#[test]
fn a_worker_without_end_lets_others_run() {
    let f = |n: u64| ready(n);
    let (mut stream, mut workers) = stream::iter(0..).map_par_with(1000, identity, f).into_parts();
    workers.truncate(1);
    let mut worker = Box::pin(workers.remove(0));
    drop(workers);
    let task = Counting::new();
    for polls in 1..=3 {
        assert!(worker.as_mut().poll(&mut Context::from_waker(task.waker())).is_pending());
        assert_eq!(task.wakes(), polls, "by itself");
    }
    assert_eq!(drain(&mut stream).len(), 3 * 128);
}

#[test]
fn every_item_and_result_is_freed_once_at_any_step() {
    for steps in 0..14 {
        for ordered in [false, true] {
            let ledger = Arc::new(Ledger::new());
            let book = Arc::clone(&ledger);
            let source = stream::iter(ledger.items(7).collect::<Vec<_>>());
            let f = move |item: crate::ledger::Tracked| {
                let (mut polls, mut result) = (0, Some(book.item(item.value + 100)));
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
            let mut pool = Pool::new(workers);
            let mut taken = vec![];
            for step in 0..steps {
                match step % 3 {
                    0 => _ = pool.poll(0),
                    1 => _ = pool.poll(1),
                    _ => taken.extend(drain(&mut stream)),
                }
            }
            drop(stream);
            pool.run();
            assert!(pool.is_done());
            assert_eq!(ledger.alive(), taken.len());
            drop(taken);
            ledger.assert_settled();
        }
    }
}

/// A task that was polled once.
fn start<F: Future<Output = ()>>(future: F, waker: &Waker) -> Pin<Box<F>> {
    let mut task = Box::pin(future);
    assert!(task.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    task
}

#[test]
fn a_task_that_starts_inside_its_spawner_is_told_of_the_close() {
    let (_handle, source) = script::<u32>();
    let task = Counting::new();
    let waker = task.waker().clone();
    let stream = source.map_par_with(2, |worker| start(worker, &waker), ready);
    let (stream, mut workers) = stream.into_parts();
    let before = task.wakes();
    drop(stream);
    assert!(task.wakes() >= before + 2, "both");
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
fn the_handles_are_kept_and_can_be_had() {
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
fn a_spawner_that_panics_half_way_leaves_no_task_behind() {
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

/// A spawner whose tasks are polled by `run`.
fn starter<F: Future<Output = ()> + 'static>() -> (Started, impl Fn(F)) {
    let started = Started::default();
    let tasks = Arc::clone(&started);
    (started, move |task| tasks.lock().expect("not poisoned").push(Box::pin(task)))
}

/// Polls each task as often as one of them says that it goes on.
fn run(started: &Started) {
    let task = Counting::new();
    let mut before = usize::MAX;
    while task.wakes() != before {
        before = task.wakes();
        for started in &mut *started.lock().expect("not poisoned") {
            let _ = started.as_mut().poll(&mut Context::from_waker(task.waker()));
        }
    }
}

fn count(started: &Started) -> usize {
    started.lock().expect("not poisoned").len()
}

/// Ready at the first poll, if nobody polls it a second time.
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
fn worker_starts_when_no_idle_one_is_left() {
    let (handle, source) = script();
    let jobs = Jobs::default();
    let start = jobs.clone();
    let (started, spawn) = starter();
    let mut stream = source.map_par_with(usize::MAX, spawn, move |n| start.start(n));
    // A source that tells nothing of what comes.
    let reader = Counting::new();
    let turn = |stream: &mut MapParWith<u32, (), _>| {
        let wakes = reader.wakes();
        run(&started);
        let polled = reader.poll(stream);
        run(&started);
        (reader.wakes() > wakes, polled, count(&started))
    };
    assert_eq!(turn(&mut stream), (false, Poll::Pending, 1), "the first at the call");
    for n in 0..4 {
        handle.send(n);
        let workers = n as usize + 2;
        assert_eq!(turn(&mut stream), (true, Poll::Pending, workers), "one is idle");
        assert_eq!(turn(&mut stream), (false, Poll::Pending, workers));
        assert_eq!(jobs.running(), n as usize + 1);
    }
    jobs.finish(2);
    assert_eq!(turn(&mut stream), (true, Poll::Ready(Some(2)), 5));
    handle.send(4);
    assert_eq!(turn(&mut stream), (false, Poll::Pending, 5), "two were idle");
    handle.send(5);
    assert_eq!(turn(&mut stream), (true, Poll::Pending, 6), "none is left");
    handle.end();
    [0, 1, 3, 4, 5].into_iter().for_each(|n| jobs.finish(n));
    let mut got = vec![];
    while !stream.is_terminated() {
        if let (_, Poll::Ready(Some(n)), workers) = turn(&mut stream) {
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
fn into_parts_starts_the_rest_of_the_workers() {
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
    let panic = catch_unwind(|| drop(parts())).expect_err("there is no memory for them");
    assert_eq!(panic.downcast_ref(), Some(&"capacity overflow"));
}

#[test]
fn spawner_panics_in_poll_no_item_is_lost() {
    let (handle, source) = script();
    let tasks = Started::default();
    let spawn = |task| {
        let mut tasks = tasks.lock().expect("not poisoned");
        if !tasks.is_empty() {
            drop(tasks);
            panic!("no second task");
        }
        tasks.push(Box::pin(task));
    };
    let mut stream = source.map_par_with(3, spawn, once);
    (0..9).for_each(|n| handle.send(n));
    handle.end();
    let mut told = vec![];
    while !stream.is_terminated() {
        run(&tasks);
        told.extend(drain_over(&mut stream));
    }
    let (items, panics): (Vec<_>, Vec<_>) = told.into_iter().partition(Result::is_ok);
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
    started.lock().expect("not poisoned").clear();
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
    // The source polls the sibling while it is polled itself, so that one is turned away.
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
    let mut pool = Pool::new(workers);
    pool.poll(0);
    assert_eq!(computed.load(SeqCst), 0, "its call waits for the next poll");
    assert!(pool.is_woken(0), "for which it wakes its own task");
    assert_eq!(task.wakes(), 1, "the sibling gets its turn");
    let mut woken = sibling.borrow_mut().take().expect("it was put back");
    assert!(woken.as_mut().poll(&mut Context::from_waker(task.waker())).is_ready());
    assert_eq!(drain(&mut stream), [1], "beside the first");
    pool.run();
    assert_eq!(drain(&mut stream), [0]);
    assert!(stream.is_terminated());
}

#[test]
fn worker_alone_with_the_items_does_not_yield() {
    let (mut stream, workers) = stream::iter(0..100).map_par_with(100, identity, once).into_parts();
    let mut pool = Pool::new(workers);
    pool.poll(0);
    assert_eq!(drain(&mut stream).len(), 100, "in one poll");
}

#[test]
fn abandoned_worker_stops_no_other() {
    for abandoned in 0..3 {
        let (handle, source) = script();
        let (mut stream, workers) = source.map_par_with(3, identity, once).into_parts();
        let mut pool = Pool::new(workers);
        pool.run();
        handle.send(0);
        assert!(pool.is_woken(abandoned));
        // From here on that one is neither polled nor dropped.
        let (kept, ..) = pool.0.remove(abandoned);
        for n in 1..50 {
            pool.run();
            assert_eq!(drain(&mut stream), [n - 1]);
            handle.send(n);
        }
        handle.end();
        pool.run();
        assert!(pool.is_done() && handle.is_dropped());
        assert_eq!(drain(&mut stream), [49]);
        assert!(stream.is_terminated(), "the end waits for no idle worker");
        assert_eq!(stream.outcome(), Some(TaskOutcome::Completed));
        drop(kept);
        assert_eq!(next(&mut stream), Poll::Ready(None));
    }
}

#[test]
fn abandoned_worker_keeps_no_permit_of_others() {
    let (mut stream, workers) = stream::iter(0..40).map_par_with(2, identity, once).into_parts();
    let mut pool = Pool::new(workers);
    pool.run();
    let mut got = drain(&mut stream);
    assert_eq!(got.len(), 4, "all permits were in use");
    assert!(pool.is_woken(0) && pool.is_woken(1), "there are permits again");
    let (_kept, ..) = pool.0.remove(0);
    while got.len() < 40 {
        assert_eq!(pool.run(), 0);
        let more = drain(&mut stream);
        assert!(!more.is_empty(), "after {}", got.len());
        got.extend(more);
    }
    assert!(got.into_iter().eq(0..40));
}

#[test]
fn debug_shows_the_state_and_no_items() {
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
    let mut turns = || {
        for _ in 0..3 {
            run(&started);
            assert_eq!(next(&mut stream), Poll::Pending);
        }
    };
    handle.send(0);
    turns();
    assert_eq!((count(&started), jobs.running()), (2, 1));
    drop(started.lock().expect("not poisoned").pop());
    handle.send(1);
    turns();
    assert_eq!(jobs.running(), 2);
}

/// A spawner that polls each task before it returns, as a runtime with a free thread may.
fn fast_starter<F: Future<Output = ()> + 'static>() -> (Started, impl Fn(F)) {
    let started = Started::default();
    let tasks = Arc::clone(&started);
    let spawn = move |task| {
        let mut task: Task = Box::pin(task);
        assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        tasks.lock().expect("not poisoned").push(task);
    };
    (started, spawn)
}

#[test]
fn fast_runtime_starts_no_worker_too_many() {
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
    let mut turn = || loop {
        run(&started);
        if seen == Some(task.wakes()) {
            return;
        }
        seen = Some(task.wakes());
        assert!(each.as_mut().poll(&mut Context::from_waker(task.waker())).is_pending());
    };
    turn();
    handle.send(0);
    turn();
    jobs.finish(0);
    turn();
    for n in 1..4 {
        handle.send(n);
        turn();
        assert_eq!(jobs.running(), n as usize, "the body waits, and calls begin");
    }
}
