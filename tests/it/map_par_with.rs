use crate::{
    ledger::Ledger,
    script::{script, scripted},
    waker::{Counting, next},
};
use aiter::{AiterExt, MapParWith, Outcome};
use alloc::sync::Arc;
use core::{
    future::{Future, poll_fn, ready},
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::{Context, Poll, Waker},
};
use futures_core::{FusedStream, Stream};
use futures_util::stream;
use std::{panic::catch_unwind, sync::Mutex};

/// The workers, polled in turn as an executor of one thread does: those that were woken.
struct Crew(Vec<(Option<Task>, Counting, usize)>);

type Task = Pin<Box<dyn Future<Output = ()>>>;

impl Crew {
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
struct Desk(Arc<Mutex<DeskState>>);

#[derive(Default)]
struct DeskState {
    calls: Vec<u32>,
    running: usize,
    max_running: usize,
    done: Vec<u32>,
    wakers: Vec<(u32, Waker)>,
}

struct Job(Desk, u32);

impl Desk {
    fn with<R>(&self, f: impl FnOnce(&mut DeskState) -> R) -> R {
        f(&mut self.0.lock().expect("not poisoned"))
    }

    fn start(&self, item: u32) -> Job {
        self.with(|desk| {
            desk.calls.push(item);
            desk.running += 1;
            desk.max_running = desk.max_running.max(desk.running);
        });
        Job(self.clone(), item)
    }

    fn finish(&self, item: u32) {
        let wakers = self.with(|desk| {
            desk.done.push(item);
            core::mem::take(&mut desk.wakers)
        });
        wakers.into_iter().for_each(|(_, waker)| waker.wake());
    }

    fn calls(&self) -> usize {
        self.with(|desk| desk.calls.len())
    }

    fn running(&self) -> usize {
        self.with(|desk| desk.running)
    }
}

impl Future for Job {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        let item = self.1;
        self.0.with(|desk| {
            if desk.done.contains(&item) {
                return Poll::Ready(item);
            }
            desk.wakers.push((item, cx.waker().clone()));
            Poll::Pending
        })
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.0.with(|desk| desk.running -= 1);
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
    let desk = Desk::default();
    let start = desk.clone();
    let (mut stream, workers) = stream::iter(0..20).map_par_with_parts(4, move |n| start.start(n));
    let mut crew = Crew::new(workers);
    let mut items = Vec::new();
    for n in 0..20 {
        crew.run();
        assert_eq!(desk.running(), 4.min(20 - n));
        desk.finish(n as u32);
        crew.run();
        items.extend(drain(&mut stream));
    }
    assert_eq!(desk.with(|desk| desk.max_running), 4);
    assert!(items.into_iter().eq(0..20), "each as it is done");
    assert!(crew.is_done());
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(stream.outcome(), Some(Outcome::Completed));
    assert_eq!(crew.wakers_held(), 0);
}

#[test]
fn case_67_a_consumer_that_stalls_after_one() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let f = move |n: u32| {
        counted.fetch_add(1, SeqCst);
        ready(n)
    };
    let (mut stream, workers) = stream::iter(0..200).map_par_with_parts(4, f);
    let mut crew = Crew::new(workers);
    crew.run();
    assert_eq!(next(&mut stream), Poll::Ready(Some(0)));
    crew.run();
    assert_eq!(calls.load(SeqCst), 8);
    assert_eq!(stream.size_hint(), (7, None));
    // It asks: one call more.
    assert_eq!(next(&mut stream), Poll::Ready(Some(1)));
    crew.run();
    assert_eq!(calls.load(SeqCst), 9);
    let mut items = vec![];
    while !stream.is_terminated() {
        items.extend(drain(&mut stream));
        crew.run();
    }
    assert!(items.into_iter().eq(2..200));
}

#[test]
fn case_68_ordered_and_not() {
    for (ordered, expected) in [(false, [2, 1, 0]), (true, [0, 1, 2])] {
        let desk = Desk::default();
        let start = desk.clone();
        let (mut stream, workers) =
            stream::iter(0..3).map_par_with_parts(3, move |n| start.start(n));
        if ordered {
            stream = stream.ordered();
        }
        let mut crew = Crew::new(workers);
        let mut items = vec![];
        for n in [2, 1, 0] {
            crew.run();
            desk.finish(n);
            crew.run();
            items.extend(drain(&mut stream));
        }
        assert_eq!(items, expected);
        assert_eq!(next(&mut stream), Poll::Ready(None));
    }
}

#[test]
fn in_order_a_slow_future_holds_back_as_many_as_there_are_permits() {
    let desk = Desk::default();
    let start = desk.clone();
    let (stream, workers) = stream::iter(0..100).map_par_with_parts(2, move |n| start.start(n));
    let mut stream = stream.ordered();
    let mut crew = Crew::new(workers);
    for n in 1..10 {
        crew.run();
        desk.finish(n);
        crew.run();
        assert_eq!(drain(&mut stream), []);
    }
    assert_eq!(desk.with(|desk| desk.calls.clone()), [0, 1, 2, 3]);
    assert_eq!(stream.size_hint(), (3, None));
    let reader = Counting::new();
    assert_eq!(reader.poll(&mut stream), Poll::Pending);
    desk.finish(0);
    crew.run();
    assert!(reader.wakes() > 0);
    let mut items = vec![];
    for n in 10..100 {
        desk.finish(n);
    }
    while !stream.is_terminated() {
        items.extend(drain(&mut stream));
        crew.run();
    }
    assert!(items.into_iter().eq(0..100));
}

#[test]
fn an_order_that_begins_late_is_none() {
    let desk = Desk::default();
    let start = desk.clone();
    let (mut stream, workers) = stream::iter(0..3).map_par_with_parts(3, move |n| start.start(n));
    let mut crew = Crew::new(workers);
    crew.run();
    let mut items = vec![];
    for n in [2, 1, 0] {
        desk.finish(n);
        crew.run();
        items.extend(drain(&mut stream));
        stream = stream.ordered();
    }
    assert_eq!(items, [2, 1, 0]);
    assert!(stream.is_terminated());
}

#[test]
fn case_69_dropping_the_stream_drops_the_running_futures() {
    let desk = Desk::default();
    let (teller, source) = script();
    (0..3).for_each(|n| teller.send(n));
    let start = desk.clone();
    let (stream, workers) = source.map_par_with_parts(5, move |n| start.start(n));
    let mut crew = Crew::new(workers);
    crew.run();
    assert_eq!(desk.running(), 3);
    assert!(teller.is_waiting());
    drop(stream);
    for worker in 0..5 {
        assert!(crew.is_woken(worker), "running or waiting, {worker} is woken");
    }
    assert_eq!(crew.run(), 0);
    assert!(crew.is_done());
    assert_eq!(desk.running(), 0);
    assert!(teller.is_dropped());
    desk.finish(0);
    teller.send(3);
    assert_eq!(desk.calls(), 3);
}

#[test]
fn a_future_that_panics_costs_its_result_and_its_worker() {
    for ordered in [false, true] {
        let f = |n: u32| async move {
            assert_ne!(n, 3, "three is refused");
            n
        };
        let (mut stream, workers) = stream::iter(0..30).map_par_with_parts(2, f);
        if ordered {
            stream = stream.ordered();
        }
        let mut crew = Crew::new(workers);
        let (mut items, mut panics) = (vec![], 0);
        while !stream.is_terminated() {
            panics += crew.run();
            items.extend(drain(&mut stream));
        }
        assert_eq!(panics, 1);
        assert!(items.into_iter().eq((0..30).filter(|n| *n != 3)));
        assert_eq!(stream.outcome(), Some(Outcome::Panicked));
        assert_eq!(next(&mut stream), Poll::Ready(None));
        assert!(crew.is_done());
    }
}

#[test]
fn a_call_that_panics_loses_no_permit_and_no_number() {
    let f = |n: u32| {
        assert_ne!(n, 1, "one is refused");
        ready(n)
    };
    let (stream, workers) = stream::iter(0..100).map_par_with_parts(2, f);
    let mut stream = stream.ordered();
    let mut crew = Crew::new(workers);
    assert_eq!(crew.run(), 1);
    // All four permits are in use.
    assert_eq!(drain(&mut stream)[..4], [0, 2, 3, 4]);
    let mut count = 4;
    while !stream.is_terminated() {
        crew.run();
        count += drain(&mut stream).len();
    }
    assert_eq!(count, 99);
    assert_eq!(stream.outcome(), Some(Outcome::Panicked));
}

#[test]
fn the_last_worker_that_panics_ends_the_stream() {
    let (teller, source) = scripted(0..10);
    let f = |n: u32| async move {
        assert_ne!(n, 1, "one is refused");
        n
    };
    let (mut stream, workers) = source.map_par_with_parts(1, f);
    let reader = Counting::new();
    assert_eq!(reader.poll(&mut stream), Poll::Pending);
    let mut crew = Crew::new(workers);
    assert_eq!(crew.run(), 1);
    assert!(reader.wakes() > 0 && teller.is_dropped());
    assert_eq!(drain(&mut stream), [0]);
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(stream.outcome(), Some(Outcome::Panicked));
}

#[test]
fn a_source_that_panics_ends_the_stream_when_the_running_are_done() {
    let desk = Desk::default();
    let (teller, source) = script();
    teller.send(0);
    let start = desk.clone();
    let (mut stream, workers) = source.map_par_with_parts(3, move |n| start.start(n));
    let mut crew = Crew::new(workers);
    crew.run();
    teller.panic();
    assert_eq!(crew.run(), 1);
    assert!(teller.is_dropped());
    assert_eq!(next(&mut stream), Poll::Pending, "0 is running");
    desk.finish(0);
    assert_eq!(crew.run(), 0);
    assert_eq!(drain(&mut stream), [0]);
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(stream.outcome(), Some(Outcome::Panicked));
}

#[test]
fn a_worker_that_is_dropped_loses_what_it_runs_and_no_more() {
    let desk = Desk::default();
    let start = desk.clone();
    let (stream, workers) = stream::iter(0..20).map_par_with_parts(2, move |n| start.start(n));
    let mut stream = stream.ordered();
    let mut crew = Crew::new(workers);
    crew.run();
    crew.drop_worker(0);
    (1..20).for_each(|n| desk.finish(n));
    let mut items = vec![];
    while !stream.is_terminated() {
        crew.run();
        items.extend(drain(&mut stream));
    }
    assert!(items.into_iter().eq(1..20));
    assert_eq!(stream.outcome(), Some(Outcome::Cancelled));
}

#[test]
fn an_idle_worker_that_is_dropped_loses_nothing() {
    let (teller, source) = script();
    let (mut stream, workers) = source.map_par_with_parts(3, ready::<u32>);
    let mut crew = Crew::new(workers);
    crew.run();
    // Whoever would be woken for it.
    for worker in 0..2 {
        crew.drop_worker(worker);
        teller.send(worker as u32);
        crew.run();
        assert_eq!(drain(&mut stream), [worker as u32]);
    }
    teller.end();
    crew.run();
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(stream.outcome(), Some(Outcome::Completed));
}

#[test]
fn a_woken_worker_that_is_dropped_hands_the_wake_up_on() {
    let (teller, source) = script();
    let (mut stream, workers) = source.map_par_with_parts(2, ready::<u32>);
    let mut crew = Crew::new(workers);
    crew.run();
    teller.send(7);
    let woken = (0..2).find(|&worker| crew.is_woken(worker)).expect("one is woken");
    crew.drop_worker(woken);
    assert!(crew.is_woken(1 - woken));
    crew.run();
    assert_eq!(drain(&mut stream), [7]);
}

#[test]
fn all_workers_dropped_ends_the_stream_as_cancelled() {
    let (teller, source) = script();
    teller.send(1);
    let (mut stream, workers) = source.map_par_with_parts(2, ready::<u32>);
    let mut crew = Crew::new(workers);
    crew.run();
    let reader = Counting::new();
    assert_eq!(reader.poll(&mut stream), Poll::Ready(Some(1)));
    assert_eq!(reader.poll(&mut stream), Poll::Pending);
    assert_eq!(stream.outcome(), None);
    crew.drop_worker(0);
    assert_eq!(stream.outcome(), None);
    crew.drop_worker(1);
    assert!(reader.wakes() > 0 && teller.is_dropped());
    assert_eq!(stream.outcome(), Some(Outcome::Cancelled));
    assert_eq!(next(&mut stream), Poll::Ready(None));
}

#[test]
fn a_worker_without_end_lets_others_run() {
    let f = |n: u64| ready(n);
    let (mut stream, mut workers) = stream::iter(0..).map_par_with_parts(1000, f);
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
            let (mut stream, workers) = source.map_par_with_parts(2, f);
            if ordered {
                stream = stream.ordered();
            }
            let mut crew = Crew::new(workers);
            let mut taken = vec![];
            for step in 0..steps {
                match step % 3 {
                    0 => _ = crew.poll(0),
                    1 => _ = crew.poll(1),
                    _ => taken.extend(drain(&mut stream)),
                }
            }
            drop(stream);
            crew.run();
            assert!(crew.is_done());
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
    let (_teller, source) = script::<u32>();
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
    let desk = Desk::default();
    let start = desk.clone();
    let (mut stream, mut workers) =
        stream::iter(0..1).map_par_with_parts(1, move |n| start.start(n));
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
    let (teller, source) = script::<u32>();
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
    assert!(teller.is_dropped());
}

#[test]
fn debug_shows_the_state_and_no_items() {
    let (stream, mut workers) = stream::iter(["secret"]).map_par_with_parts(1, ready);
    let mut worker = Box::pin(workers.remove(0));
    assert_eq!(format!("{worker:?}"), "Worker { running: false, ended: false, .. }");
    assert!(worker.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    assert_eq!(format!("{worker:?}"), "Worker { running: false, ended: true, .. }");
    let expected = "MapParWith { finished: 1, ordered: false, outcome: Some(Completed), .. }";
    assert_eq!(format!("{stream:?}"), expected);
}
