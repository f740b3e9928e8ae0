use crate::{
    ledger::{Ledger, Tracked, values},
    script::{PanicOnDrop, Script, SourceHandle, panics, script, scripted},
    waker::{Counting, next, on_wake, poll},
};
use aiter::{AiterExt, Progress};
use alloc::{rc::Rc, vec};
use core::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn, ready},
    pin::{Pin, pin},
    task::{Context, Poll},
};
use futures_core::{FusedStream, Stream};
use futures_util::{StreamExt, stream};

/// A future of the first item of a source.
async fn first<T>(source: Script<T>) -> T {
    let mut source = source;
    source.next().await.expect("there is one")
}

/// `N` futures to be done by hand, as a source that has ended.
#[allow(clippy::type_complexity, reason = "a helper of the tests")]
fn jobs<T, const N: usize>() -> ([SourceHandle<T>; N], SourceHandle<Script<T>>, Script<Script<T>>) {
    let (outer, source) = script();
    let handles = core::array::from_fn(|_| {
        let (handle, job) = script();
        outer.send(job);
        handle
    });
    outer.end();
    (handles, outer, source)
}

/// Reads as long as there is something or the task is woken.
fn read<S: Stream + Unpin>(stream: &mut S, task: &Counting) -> (Vec<S::Item>, Poll<()>) {
    let mut items = Vec::new();
    loop {
        let wakes = task.wakes();
        match task.poll(stream) {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => return (items, Poll::Ready(())),
            Poll::Pending if task.wakes() > wakes => {}
            Poll::Pending => return (items, Poll::Pending),
        }
    }
}

#[track_caller]
fn read_all<S: Stream + Unpin>(stream: &mut S) -> Vec<S::Item> {
    let (items, end) = read(stream, &Counting::new());
    assert_eq!(end, Poll::Ready(()), "it waits for nothing");
    items
}

fn progress<S: Progress + Unpin>(stream: &mut S, task: &Counting) -> Poll<()> {
    Pin::new(stream).poll_progress(&mut Context::from_waker(task.waker()))
}

/// Pending so many times, and wakes its own task.
async fn turns(turns: usize) {
    let mut left = turns;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn case_64_one_at_a_time_calls_in_order() {
    let calls = RefCell::new(Vec::new());
    let mut map = stream::iter([5, 4, 3]).map_par(1, |item| {
        calls.borrow_mut().push(item);
        async move {
            turns(item).await;
            item + 1
        }
    });
    let mut map = pin!(map.by_ref());
    assert_eq!(read_all(&mut map), [6, 5, 4]);
    assert_eq!(*calls.borrow(), [5, 4, 3]);
}

#[test]
fn case_66_four_at_a_time() {
    let (running, most) = (Cell::new(0), Cell::new(0));
    let mut map = stream::iter(0..20).map_par(4, |item| {
        let (running, most) = (&running, &most);
        Box::pin(async move {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            turns(item % 3 + 1).await;
            running.set(running.get() - 1);
            item
        })
    });
    let mut items = read_all(&mut map);
    assert_eq!(most.get(), 4);
    items.sort_unstable();
    assert!((0..20).eq(items));
}

#[test]
fn case_67_a_stalled_consumer_stops_at_twice_n_calls() {
    for ordered in [false, true] {
        let calls = Cell::new(0);
        let map = stream::iter(0..).map_par(4, |item: u32| {
            calls.set(calls.get() + 1);
            ready(item)
        });
        let mut map = if ordered { map.ordered() } else { map };
        let task = Counting::new();
        assert_eq!(task.poll(&mut map), Poll::Ready(Some(0)));
        assert!(calls.get() <= 8, "{} calls", calls.get());
        for _ in 0..5 {
            assert_eq!(progress(&mut map, &task), Poll::Ready(()), "there is nothing to do");
        }
        assert_eq!(calls.get(), 8, "the one in hand counts");
        assert_eq!((map.running(), map.finished()), (0, 7));
        for item in 1..20 {
            assert_eq!(task.poll(&mut map), Poll::Ready(Some(item)));
            assert!(calls.get() <= 8 + item, "one more for each that is taken");
        }
        assert_eq!(task.wakes(), 0);
    }
}

#[test]
fn case_68_in_the_order_of_the_end_or_of_the_beginning() {
    for ordered in [false, true] {
        let ([a, b, c], _outer, source) = jobs();
        let map = source.map_par(3, |job| Box::pin(first(job)));
        let mut map = if ordered { map.ordered() } else { map };
        let task = Counting::new();
        assert_eq!(task.poll(&mut map), Poll::Pending);
        assert_eq!(map.size_hint(), (3, Some(3)));
        let soon = |item| (if ordered { vec![] } else { vec![item] }, Poll::Pending);
        c.send(10);
        assert_eq!(task.wakes(), 1);
        assert_eq!(read(&mut map, &task), soon(10));
        assert_eq!(map.finished(), usize::from(ordered));
        b.send(20);
        assert_eq!(task.wakes(), 2);
        assert_eq!(read(&mut map, &task), soon(20));
        a.send(30);
        assert_eq!(task.wakes(), 3);
        let rest = if ordered { vec![30, 20, 10] } else { vec![30] };
        assert_eq!(read(&mut map, &task), (rest, Poll::Ready(())));
        assert_eq!(task.wakes(), 3);
    }
}

#[test]
fn case_69_dropping_the_stream_drops_what_runs_and_what_has_finished() {
    for ordered in [false, true] {
        let ledger = Ledger::new();
        let ([a, b, c], outer, source) = jobs::<Tracked, 3>();
        let map = source.map_par(2, |job| Box::pin(first(job)));
        let mut map = if ordered { map.ordered() } else { map };
        let task = Counting::new();
        b.send(ledger.item(2));
        assert_eq!(progress(&mut map, &task), Poll::Pending);
        assert!(b.is_dropped() && !a.is_dropped() && !c.is_dropped());
        assert_eq!((map.running(), map.finished()), (2, 1));
        let waker = a.take_waker().expect("it is pending");
        let wakes = task.wakes();
        drop(map);
        assert!(a.is_dropped() && c.is_dropped() && outer.is_dropped());
        waker.wake();
        assert_eq!((task.wakes(), task.held()), (wakes, 0));
        ledger.assert_settled();
    }
}

#[test]
fn case_72_one_is_done_while_the_source_is_pending() {
    let (outer, source) = script();
    let mut map = source.map_par(2, |job: Script<u8>| Box::pin(first(job)));
    let task = Counting::new();
    assert_eq!(task.poll(&mut map), Poll::Pending);
    let (a, job) = script();
    outer.send(job);
    assert_eq!(task.wakes(), 1);
    assert_eq!(task.poll(&mut map), Poll::Pending);
    assert!(outer.is_waiting() && a.is_waiting());
    a.send(1);
    assert_eq!(task.wakes(), 2);
    assert_eq!(task.poll(&mut map), Poll::Ready(Some(1)));
    assert_eq!(task.poll(&mut map), Poll::Pending);
    assert_eq!(outer.polls(), 3, "only who was woken is polled");
    outer.end();
    assert_eq!(task.wakes(), 3);
    assert_eq!(task.poll(&mut map), Poll::Ready(None));
    assert!(outer.is_dropped());
}

#[test]
fn the_source_is_not_asked_without_room() {
    let ([a, b, c], outer, source) = jobs();
    let mut map = source.map_par(1, |job| Box::pin(first(job)));
    let task = Counting::new();
    assert_eq!(task.poll(&mut map), Poll::Pending);
    assert_eq!((outer.polls(), map.running()), (1, 1));
    a.send(1);
    // One in hand and one that runs are twice n.
    assert_eq!(task.poll(&mut map), Poll::Ready(Some(1)));
    assert_eq!(progress(&mut map, &task), Poll::Pending);
    assert_eq!((outer.polls(), map.running()), (2, 1));
    b.send(2);
    assert_eq!(progress(&mut map, &task), Poll::Ready(()));
    assert_eq!((outer.polls(), c.polls()), (2, 0));
    assert_eq!(task.poll(&mut map), Poll::Ready(Some(2)));
    c.send(3);
    assert_eq!(read(&mut map, &task), (vec![3], Poll::Ready(())));
}

#[test]
fn progress_is_pending_with_a_wake_or_ready_with_nothing_to_do() {
    let (outer, source) = script();
    let mut map = source.map_par(2, |job: Script<u8>| Box::pin(first(job)));
    let (old, task) = (Counting::new(), Counting::new());
    // It waits for the source.
    assert_eq!(progress(&mut map, &old), Poll::Pending);
    assert_eq!(progress(&mut map, &task), Poll::Pending);
    let (a, job) = script();
    outer.send(job);
    assert_eq!((old.wakes(), task.wakes()), (0, 1));
    // It waits for the source and a future.
    assert_eq!(progress(&mut map, &task), Poll::Pending);
    a.send(1);
    assert_eq!(task.wakes(), 2);
    assert_eq!(progress(&mut map, &task), Poll::Pending);
    assert_eq!(map.finished(), 1);
    let ((b, job_b), (c, job_c)) = (script(), script());
    outer.send(job_b);
    outer.send(job_c);
    assert_eq!(progress(&mut map, &task), Poll::Pending);
    assert_eq!(map.running(), 2);
    // There is no room: it waits for the futures only.
    let wakes = task.wakes();
    outer.end();
    assert_eq!((outer.is_waiting(), task.wakes()), (false, wakes));
    b.send(2);
    assert_eq!(task.wakes(), wakes + 1);
    assert_eq!(progress(&mut map, &task), Poll::Pending);
    assert!(outer.is_dropped());
    c.send(3);
    assert_eq!(task.wakes(), wakes + 2);
    assert_eq!(progress(&mut map, &task), Poll::Ready(()));
    assert_eq!(map.finished(), 3);
    assert_eq!(read(&mut map, &task), (vec![1, 2, 3], Poll::Ready(())));
    assert_eq!(progress(&mut map, &task), Poll::Ready(()));
    assert!(map.is_terminated());
}

#[test]
fn progress_lets_others_run_now_and_then() {
    let mut map = stream::iter(0..1000).map_par(1000, ready);
    let task = Counting::new();
    let mut polls = 0;
    while progress(&mut map, &task).is_pending() {
        polls += 1;
        assert_eq!(task.wakes(), polls, "it goes on by itself");
        assert!(map.running() + map.finished() <= 128 * polls);
    }
    assert!(polls > 1);
    assert_eq!(map.finished(), 1000);
    assert!((0..1000).eq(read_all(&mut map)));
}

#[test]
fn only_futures_that_were_woken_are_polled() {
    let (handles, _outer, source) = jobs::<usize, 500>();
    let mut map = source.map_par(500, |job| Box::pin(first(job)));
    let task = Counting::new();
    assert_eq!(read(&mut map, &task), (vec![], Poll::Pending));
    let polls = || handles.iter().map(SourceHandle::polls).sum::<usize>();
    assert_eq!(polls(), 500);
    for (item, handle) in handles.iter().enumerate() {
        let wakes = task.wakes();
        handle.send(item);
        assert_eq!(task.wakes(), wakes + 1);
        let end = if item == 499 { Poll::Ready(()) } else { Poll::Pending };
        assert_eq!(read(&mut map, &task), (vec![item], end));
    }
    assert_eq!(polls(), 1000);
    assert_eq!(task.poll(&mut map), Poll::Ready(None));
}

#[test]
fn the_latest_waker_wins() {
    let ([a, b], _outer, source) = jobs();
    let mut map = source.map_par(2, |job| Box::pin(first(job)));
    let (old, new) = (Counting::new(), Counting::new());
    assert_eq!(old.poll(&mut map), Poll::Pending);
    assert_eq!(new.poll(&mut map), Poll::Pending);
    a.send(1);
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    assert_eq!(new.poll(&mut map), Poll::Ready(Some(1)));
    assert_eq!(new.poll(&mut map), Poll::Pending);
    assert_eq!(old.poll(&mut map), Poll::Pending);
    b.send(2);
    assert_eq!((old.wakes(), new.wakes()), (1, 1));
}

#[test]
fn a_waker_that_panics_loses_nothing() {
    let ([a, b], _outer, source) = jobs();
    let mut map = source.map_par(2, |job| Box::pin(first(job)));
    assert_eq!(poll(&mut map, &on_wake(|| panic!("in wake"))), Poll::Pending);
    assert!(panics(|| a.send(1)));
    let task = Counting::new();
    assert_eq!(read(&mut map, &task), (vec![1], Poll::Pending));
    b.send(2);
    assert_eq!(task.wakes(), 1);
    assert_eq!(read(&mut map, &task), (vec![2], Poll::Ready(())));
}

/// Reads over panics: what came, and how many there were.
fn read_over<S: FusedStream + Unpin>(stream: &mut S) -> (Vec<S::Item>, usize) {
    let (task, mut items, mut caught) = (Counting::new(), Vec::new(), 0);
    while !stream.is_terminated() {
        let wakes = task.wakes();
        caught += usize::from(panics(|| match task.poll(stream) {
            Poll::Ready(item) => items.extend(item),
            Poll::Pending => assert!(task.wakes() > wakes, "it waits for nothing"),
        }));
        assert!(caught < 10, "the same again");
    }
    assert!(matches!(task.poll(stream), Poll::Ready(None)));
    (items, caught)
}

#[test]
fn a_future_that_panics_is_dropped_and_the_others_go_on() {
    for ordered in [false, true] {
        for faulty in 0..3 {
            let (handles, outer, source) = jobs::<_, 3>();
            let map = source.map_par(2, |job| Box::pin(first(job)));
            let mut map = if ordered { map.ordered() } else { map };
            for (item, handle) in handles.iter().enumerate() {
                if item == faulty { handle.panic() } else { handle.send(item) }
            }
            let (items, caught) = read_over(&mut map);
            let rest: Vec<_> = (0..3).filter(|&item| item != faulty).collect();
            assert_eq!((items, caught), (rest, 1), "ordered: {ordered}, faulty: {faulty}");
            assert!(outer.is_dropped() && handles.iter().all(SourceHandle::is_dropped));
        }
    }
}

#[test]
fn one_that_panics_in_front_does_not_hold_back_those_behind_it() {
    let ([a, b], _outer, source) = jobs();
    let mut map = source.map_par(2, |job| Box::pin(first(job))).ordered();
    let task = Counting::new();
    b.send(2);
    assert_eq!(task.poll(&mut map), Poll::Pending);
    a.panic();
    assert_eq!(task.wakes(), 1);
    assert!(panics(|| task.poll(&mut map)));
    assert_eq!(map.size_hint(), (1, Some(1)));
    assert_eq!(task.poll(&mut map), Poll::Ready(Some(2)));
    assert_eq!(task.poll(&mut map), Poll::Ready(None));
}

#[test]
fn a_call_that_panics_takes_its_item_along_and_the_rest_go_on() {
    for ordered in [false, true] {
        let ledger = Ledger::new();
        let (handle, source) = scripted(ledger.items(5));
        let map = source.map_par(2, |item: Tracked| {
            assert_ne!(item.value, 2, "scripted panic");
            ready(item)
        });
        let mut map = if ordered { map.ordered() } else { map };
        let (items, caught) = read_over(&mut map);
        assert_eq!((values(&items), caught), (vec![0, 1, 3, 4], 1));
        drop((items, map, handle));
        ledger.assert_settled();
    }
}

#[test]
fn a_source_that_panics_is_dropped_and_what_runs_goes_on() {
    for ordered in [false, true] {
        let (outer, source) = script();
        let map = source.map_par(3, |job: Script<u8>| Box::pin(first(job)));
        let mut map = if ordered { map.ordered() } else { map };
        let (a, job) = script();
        outer.send(job);
        outer.panic();
        let task = Counting::new();
        assert!(panics(|| task.poll(&mut map)));
        assert!(outer.is_dropped());
        assert_eq!(map.size_hint(), (1, Some(1)));
        assert_eq!(task.poll(&mut map), Poll::Pending);
        a.send(1);
        assert_eq!(task.wakes(), 1);
        assert_eq!(read(&mut map, &task), (vec![1], Poll::Ready(())));
    }
}

/// A future that panics when it is dropped, unless a panic is why.
struct PanicOnDropFuture(u8);

impl Future for PanicOnDropFuture {
    type Output = u8;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u8> {
        Poll::Ready(self.0)
    }
}

impl Drop for PanicOnDropFuture {
    fn drop(&mut self) {
        assert!(self.0 != 2 || std::thread::panicking(), "scripted panic in drop");
    }
}

#[test]
fn sources_and_futures_that_panic_when_they_are_dropped() {
    for ordered in [false, true] {
        let (_handle, source) = scripted([1, 2, 3]);
        let map = PanicOnDrop(source).map_par(2, PanicOnDropFuture);
        let mut map = if ordered { map.ordered() } else { map };
        assert_eq!(read_over(&mut map), (vec![1, 2, 3], 2));
    }
}

#[test]
fn dropped_at_any_step_every_item_is_freed_once() {
    for ordered in [false, true] {
        for steps in 0..14 {
            let ledger = Ledger::new();
            let (handle, source) = script();
            ledger.items(6).for_each(|item| handle.send(item));
            handle.end();
            let map = source.map_par(2, |item: Tracked| {
                Box::pin(async move {
                    turns(item.value as usize % 3).await;
                    item
                })
            });
            let mut map = if ordered { map.ordered() } else { map };
            let task = Counting::new();
            for step in 0..steps {
                if step % 3 == 1 {
                    let _ = progress(&mut map, &task);
                } else {
                    drop(task.poll(&mut map));
                }
            }
            drop((map, handle));
            ledger.assert_settled();
        }
    }
}

#[test]
fn nothing_must_be_unpin_and_all_may_borrow() {
    let factor = Rc::new(Cell::new(10));
    let numbers = stream::unfold(0, |i| async move {
        turns(1).await;
        (i < 6).then_some((i, i + 1))
    });
    let map = numbers.map_par(3, |i| {
        let factor = &factor;
        async move {
            turns(i % 3).await;
            factor.get() * i
        }
    });
    let mut map = pin!(map.ordered());
    assert_eq!(read_all(&mut map), [0, 10, 20, 30, 40, 50]);
}

#[test]
fn the_size_is_known_at_each_step() {
    for ordered in [false, true] {
        let (_handle, source) = scripted(0..7);
        let map = source.map_par(2, |item| {
            Box::pin(async move {
                turns(item % 2).await;
                item
            })
        });
        let mut map = if ordered { map.ordered() } else { map };
        let task = Counting::new();
        let mut left = 7;
        while left > 0 {
            assert_eq!(map.size_hint(), (left, Some(left)));
            assert!(!map.is_terminated());
            let _ = progress(&mut map, &task);
            assert_eq!(map.size_hint(), (left, Some(left)));
            left -= usize::from(task.poll(&mut map).is_ready());
        }
        assert_eq!(map.size_hint(), (0, Some(0)));
        assert_eq!(read(&mut map, &task), (vec![], Poll::Ready(())));
        assert!(map.is_terminated() && map.get_ref().is_none());
        assert_eq!(next(&mut map), Poll::Ready(None));
    }
    let endless = stream::repeat(1).map_par(2, ready);
    assert_eq!(endless.size_hint(), (usize::MAX, None));
}

#[test]
fn ordered_after_the_first_poll_does_nothing() {
    let mut map = stream::iter([1, 2, 3]).map_par(1, ready);
    assert_eq!(next(&mut map), Poll::Ready(Some(1)));
    assert!(format!("{map:?}").contains("ordered: false"));
    let mut map = map.ordered();
    assert!(format!("{map:?}").contains("ordered: false"));
    assert_eq!(read_all(&mut map), [2, 3]);
}

#[test]
fn a_bound_that_no_counter_can_double() {
    let mut map = stream::iter(0..300).map_par(usize::MAX, ready);
    assert!((0..300).eq(read_all(&mut map)));
}

#[test]
fn debug_shows_the_state_and_no_items() {
    struct Opaque;
    let (_handle, source) = scripted([Opaque, Opaque, Opaque]);
    let mut map = source.map_par(2, ready);
    assert_eq!(
        format!("{map:?}"),
        "MapPar { n: 2, running: 0, finished: 0, ordered: false, source_ended: false, .. }"
    );
    assert!(next(&mut map).is_ready());
    assert_eq!(
        format!("{:?}", map.ordered()),
        "MapPar { n: 2, running: 0, finished: 2, ordered: false, source_ended: true, .. }"
    );
}

/// Futures that are woken from other threads while the consumer polls and sleeps.
#[test]
fn futures_that_are_woken_from_threads() {
    const ITEMS: usize = 4_000;
    for ordered in [false, true] {
        let (handles, jobs): (Vec<_>, Vec<_>) = (0..ITEMS).map(|_| script()).unzip();
        let waker = std::thread::spawn(move || {
            for (item, handle) in handles.into_iter().enumerate() {
                handle.send(item);
            }
        });
        let map = stream::iter(jobs).map_par(8, first);
        let mut items: Vec<_> = if ordered {
            futures_executor::block_on(map.ordered().collect())
        } else {
            futures_executor::block_on(map.collect())
        };
        waker.join().expect("it only sends");
        if !ordered {
            items.sort_unstable();
        }
        assert!((0..ITEMS).eq(items));
    }
}

#[test]
fn panic_while_in_progress_is_the_next_error() {
    let (handle, source) = script::<u8>();
    let mut map = source.map_par(2, ready).catch_panics();
    let task = Counting::new();
    handle.send(1);
    handle.panic();
    assert_eq!(progress(&mut map, &task), Poll::Ready(()));
    assert!(handle.is_dropped());
    let text = |item: Result<u8, aiter::CaughtPanic>| item.map_err(|panic| panic.to_string());
    let told = Err("panicked: scripted panic".to_string());
    assert_eq!(task.poll(&mut map).map(|item| item.map(text)), Poll::Ready(Some(told)));
    assert_eq!(task.poll(&mut map).map(|item| item.map(text)), Poll::Ready(Some(Ok(1))));
    assert!(!map.is_terminated());
    assert!(matches!(task.poll(&mut map), Poll::Ready(None)));
    assert!(map.is_terminated());
}

#[test]
fn endless_source_lets_calls_finish() {
    let yields = |()| {
        let mut has_yielded = false;
        poll_fn(move |cx| {
            if has_yielded {
                return Poll::Ready(());
            }
            has_yielded = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    };
    let calls = stream::repeat(()).map_par(usize::MAX, yields);
    let mut calls = Box::pin(calls);
    assert!((0..10).any(|_| next(&mut calls).is_ready()));
}
