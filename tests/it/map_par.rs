//! `map_par`: bounds, order, progress, wake-ups, panics and drops.

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

/// Returns the first item of a source.
async fn first<T>(source: Script<T>) -> T {
    let mut source = source;
    source.next().await.expect("the source has an item")
}

/// A source of `N` futures that has ended, and the controls of the futures and of the source.
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

/// Reads until the stream ends, or is pending and the task is not woken.
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

/// Reads to the end. Fails if the stream is pending without a wake-up.
#[track_caller]
fn read_all<S: Stream + Unpin>(stream: &mut S) -> Vec<S::Item> {
    let (items, end) = read(stream, &Counting::new());
    assert_eq!(end, Poll::Ready(()), "the stream is pending without a wake-up");
    items
}

fn progress<S: Progress + Unpin>(stream: &mut S, task: &Counting) -> Poll<()> {
    Pin::new(stream).poll_progress(&mut Context::from_waker(task.waker()))
}

/// Returns `Pending` `count` times and wakes its own task each time.
async fn yield_times(count: usize) {
    let mut left = count;
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
fn n_is_one_calls_run_in_order() {
    let calls = RefCell::new(Vec::new());
    let mut map = stream::iter([5, 4, 3]).map_par(1, |item| {
        calls.borrow_mut().push(item);
        async move {
            yield_times(item).await;
            item + 1
        }
    });
    let mut map = pin!(map.by_ref());
    assert_eq!(read_all(&mut map), [6, 5, 4]);
    assert_eq!(*calls.borrow(), [5, 4, 3]);
}

#[test]
fn at_most_n_futures_run() {
    let (running, most) = (Cell::new(0), Cell::new(0));
    let mut map = stream::iter(0..20).map_par(4, |item| {
        let (running, most) = (&running, &most);
        Box::pin(async move {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            yield_times(item % 3 + 1).await;
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
fn stalled_consumer_limits_calls_to_twice_n() {
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
            assert_eq!(progress(&mut map, &task), Poll::Ready(()), "no work is left");
        }
        assert_eq!(calls.get(), 8, "the item that the consumer holds counts");
        assert_eq!((map.running(), map.finished()), (0, 7));
        for item in 1..20 {
            assert_eq!(task.poll(&mut map), Poll::Ready(Some(item)));
            assert!(calls.get() <= 8 + item, "one more call for each item taken");
        }
        assert_eq!(task.wakes(), 0);
    }
}

#[test]
fn results_come_in_end_or_start_order() {
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
fn dropped_stream_drops_futures_and_results() {
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
        let waker = a.take_waker().expect("the stream is pending");
        let wakes = task.wakes();
        drop(map);
        assert!(a.is_dropped() && c.is_dropped() && outer.is_dropped());
        waker.wake();
        assert_eq!((task.wakes(), task.held()), (wakes, 0));
        ledger.assert_all_dropped();
    }
}

#[test]
fn future_completes_while_source_is_pending() {
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
    assert_eq!(outer.polls(), 3, "a source that was not woken is not polled");
    outer.end();
    assert_eq!(task.wakes(), 3);
    assert_eq!(task.poll(&mut map), Poll::Ready(None));
    assert!(outer.is_dropped());
}

#[test]
fn source_is_not_polled_without_room() {
    let ([a, b, c], outer, source) = jobs();
    let mut map = source.map_par(1, |job| Box::pin(first(job)));
    let task = Counting::new();
    assert_eq!(task.poll(&mut map), Poll::Pending);
    assert_eq!((outer.polls(), map.running()), (1, 1));
    a.send(1);
    // One item in the consumer's hands and one running future make `2 * n`.
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
fn progress_is_ready_if_nothing_is_left_to_do() {
    let (outer, source) = script();
    let mut map = source.map_par(2, |job: Script<u8>| Box::pin(first(job)));
    let (old, task) = (Counting::new(), Counting::new());
    // Pending: waits for the source.
    assert_eq!(progress(&mut map, &old), Poll::Pending);
    assert_eq!(progress(&mut map, &task), Poll::Pending);
    let (a, job) = script();
    outer.send(job);
    assert_eq!((old.wakes(), task.wakes()), (0, 1));
    // Pending: waits for the source and a future.
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
    // No room is left, so only the futures can wake the task.
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
fn progress_yields_after_budget() {
    let mut map = stream::iter(0..1000).map_par(1000, ready);
    let task = Counting::new();
    let mut polls = 0;
    while progress(&mut map, &task).is_pending() {
        polls += 1;
        assert_eq!(task.wakes(), polls, "it wakes its own task");
        assert!(map.running() + map.finished() <= 128 * polls);
    }
    assert!(polls > 1);
    assert_eq!(map.finished(), 1000);
    assert!((0..1000).eq(read_all(&mut map)));
}

#[test]
fn only_woken_futures_are_polled() {
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
fn latest_waker_is_woken() {
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
fn panicking_waker_loses_no_item() {
    let ([a, b], _outer, source) = jobs();
    let mut map = source.map_par(2, |job| Box::pin(first(job)));
    assert_eq!(poll(&mut map, &on_wake(|| panic!("wake panics"))), Poll::Pending);
    assert!(panics(|| a.send(1)));
    let task = Counting::new();
    assert_eq!(read(&mut map, &task), (vec![1], Poll::Pending));
    b.send(2);
    assert_eq!(task.wakes(), 1);
    assert_eq!(read(&mut map, &task), (vec![2], Poll::Ready(())));
}

/// Reads to the end over panics. Returns the items and the number of panics.
fn read_over<S: FusedStream + Unpin>(stream: &mut S) -> (Vec<S::Item>, usize) {
    let (task, mut items, mut caught) = (Counting::new(), Vec::new(), 0);
    while !stream.is_terminated() {
        let wakes = task.wakes();
        caught += usize::from(panics(|| match task.poll(stream) {
            Poll::Ready(item) => items.extend(item),
            Poll::Pending => {
                assert!(task.wakes() > wakes, "the stream is pending without a wake-up")
            }
        }));
        assert!(caught < 10, "the same panic repeats");
    }
    assert!(matches!(task.poll(stream), Poll::Ready(None)));
    (items, caught)
}

#[test]
fn panicked_future_is_dropped_others_continue() {
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
fn panicked_first_future_does_not_block_order() {
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
fn panicked_call_loses_only_its_item() {
    for ordered in [false, true] {
        let ledger = Ledger::new();
        let (handle, source) = scripted(ledger.items(5));
        let map = source.map_par(2, |item: Tracked| {
            assert_ne!(item.value, 2, "call panics");
            ready(item)
        });
        let mut map = if ordered { map.ordered() } else { map };
        let (items, caught) = read_over(&mut map);
        assert_eq!((values(&items), caught), (vec![0, 1, 3, 4], 1));
        drop((items, map, handle));
        ledger.assert_all_dropped();
    }
}

#[test]
fn panicked_source_is_dropped_futures_continue() {
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

/// A future whose drop panics if its number is 2 and the thread is not already panicking.
struct DropPanicsAt2(u8);

impl Future for DropPanicsAt2 {
    type Output = u8;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u8> {
        Poll::Ready(self.0)
    }
}

impl Drop for DropPanicsAt2 {
    fn drop(&mut self) {
        assert!(self.0 != 2 || std::thread::panicking(), "drop panics");
    }
}

#[test]
fn source_and_future_drop_panics_lose_no_item() {
    for ordered in [false, true] {
        let (_handle, source) = scripted([1, 2, 3]);
        let map = PanicOnDrop(source).map_par(2, DropPanicsAt2);
        let mut map = if ordered { map.ordered() } else { map };
        assert_eq!(read_over(&mut map), (vec![1, 2, 3], 2));
    }
}

#[test]
fn dropped_at_any_step_frees_each_item_once() {
    for ordered in [false, true] {
        for steps in 0..14 {
            let ledger = Ledger::new();
            let (handle, source) = script();
            ledger.items(6).for_each(|item| handle.send(item));
            handle.end();
            let map = source.map_par(2, |item: Tracked| {
                Box::pin(async move {
                    yield_times(item.value as usize % 3).await;
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
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn futures_may_borrow_and_need_not_be_unpin() {
    let factor = Rc::new(Cell::new(10));
    let numbers = stream::unfold(0, |i| async move {
        yield_times(1).await;
        (i < 6).then_some((i, i + 1))
    });
    let map = numbers.map_par(3, |i| {
        let factor = &factor;
        async move {
            yield_times(i % 3).await;
            factor.get() * i
        }
    });
    let mut map = pin!(map.ordered());
    assert_eq!(read_all(&mut map), [0, 10, 20, 30, 40, 50]);
}

#[test]
fn size_hint_is_exact_at_each_step() {
    for ordered in [false, true] {
        let (_handle, source) = scripted(0..7);
        let map = source.map_par(2, |item| {
            Box::pin(async move {
                yield_times(item % 2).await;
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
fn ordered_after_first_poll_has_no_effect() {
    let mut map = stream::iter([1, 2, 3]).map_par(1, ready);
    assert_eq!(next(&mut map), Poll::Ready(Some(1)));
    assert!(format!("{map:?}").contains("ordered: false"));
    let mut map = map.ordered();
    assert!(format!("{map:?}").contains("ordered: false"));
    assert_eq!(read_all(&mut map), [2, 3]);
}

#[test]
fn n_of_usize_max_does_not_overflow() {
    let mut map = stream::iter(0..300).map_par(usize::MAX, ready);
    assert!((0..300).eq(read_all(&mut map)));
}

#[test]
fn debug_shows_state_and_no_items() {
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

/// Another thread wakes the futures while the consumer polls.
#[test]
fn futures_woken_from_threads_lose_no_item() {
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
        waker.join().expect("the thread only sends");
        if !ordered {
            items.sort_unstable();
        }
        assert!((0..ITEMS).eq(items));
    }
}

#[test]
fn panic_in_progress_is_next_error() {
    let (handle, source) = script::<u8>();
    let mut map = source.map_par(2, ready).catch_panics();
    let task = Counting::new();
    handle.send(1);
    handle.panic();
    assert_eq!(progress(&mut map, &task), Poll::Ready(()));
    assert!(handle.is_dropped());
    let text =
        |item: Result<u8, aiter::adapters::CaughtPanic>| item.map_err(|panic| panic.to_string());
    let panicked = Err("panicked: scripted panic".to_string());
    assert_eq!(task.poll(&mut map).map(|item| item.map(text)), Poll::Ready(Some(panicked)));
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
