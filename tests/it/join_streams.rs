//! `join_streams`, also keyed and fallible: order, wake-ups, bounds, panics and drops.

use crate::{
    ledger::{Ledger, Tracked},
    script::{PanicOnDrop, Script, SourceHandle, panics, script, scripted},
    waker::{Counting, next, on_wake},
};
use aiter::{AiterExt, KeyedEvent, OnError, adapters::JoinStreams};
use alloc::sync::Arc;
use core::{
    cell::Cell,
    future::poll_fn,
    pin::{Pin, pin},
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll},
};
use futures_core::{FusedStream, Stream};
use futures_util::{StreamExt, stream};

type Joined<T> = JoinStreams<Script<Script<T>>>;

/// A join of `N` streams whose source has ended, and the controls of the streams.
fn joined<T, const N: usize>() -> ([SourceHandle<T>; N], Joined<T>) {
    let (outer, source) = script();
    let handles = core::array::from_fn(|_| {
        let (handle, inner) = script();
        outer.send(inner);
        handle
    });
    outer.end();
    (handles, source.join_streams())
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

#[test]
fn each_stream_keeps_its_order() {
    let (_a, numbers) = scripted("1234".chars());
    let (_b, letters) = scripted("abcdefg".chars());
    let (_s, source) = scripted([numbers, letters]);
    let all: String = read_all(&mut source.join_streams()).into_iter().collect();
    assert_eq!(all, "1a2b3c4defg");
}

#[test]
fn streams_outlive_source_and_all_items_arrive() {
    let (outer, source) = script();
    let mut join = source.join_streams();
    let task = Counting::new();
    assert_eq!(task.poll(&mut join), Poll::Pending);
    let (a, inner) = script();
    outer.send(inner);
    assert_eq!(task.wakes(), 1);
    assert_eq!(task.poll(&mut join), Poll::Pending);
    let (b, inner) = script();
    outer.send(inner);
    outer.end();
    assert_eq!(task.wakes(), 2);
    assert_eq!(task.poll(&mut join), Poll::Pending);
    assert!(outer.is_dropped(), "the source is dropped at its end");
    assert_eq!((join.open(), join.get_ref().is_none()), (2, true));
    b.send(1);
    assert_eq!(task.wakes(), 3);
    a.send(2);
    assert_eq!(read(&mut join, &task), (vec![1, 2], Poll::Pending));
    a.send(3);
    a.end();
    assert_eq!(read(&mut join, &task), (vec![3], Poll::Pending));
    assert!(a.is_dropped() && !b.is_dropped());
    b.send(4);
    b.end();
    assert_eq!(read(&mut join, &task), (vec![4], Poll::Ready(())));
    assert!(b.is_dropped());
}

#[test]
fn three_open_streams_take_exact_turns() {
    let streams = stream::iter([0..=4, 6..=10, 10..=12]).map(stream::iter);
    let items: Vec<i32> = read_all(&mut streams.join_streams().max_inner(3));
    assert_eq!(items, [0, 6, 10, 1, 7, 11, 2, 8, 12, 3, 9, 4, 10]);
}

#[test]
fn max_inner_reached_source_is_not_polled() {
    let (handles, inners): (Vec<_>, Vec<_>) = (0..5).map(|_| script()).unzip();
    let (outer, source) = scripted(inners);
    let mut join = source.join_streams().max_inner(2);
    let task = Counting::new();
    assert_eq!(task.poll(&mut join), Poll::Pending);
    assert_eq!((join.open(), outer.polls()), (2, 2));
    handles[1].send(1);
    handles[1].end();
    assert_eq!(read(&mut join, &task), (vec![1], Poll::Pending));
    assert_eq!((join.open(), outer.polls()), (2, 3));
    // Three streams end; one of them was never polled.
    handles[0].end();
    handles[2].end();
    handles[3].end();
    assert_eq!(read(&mut join, &task), (vec![], Poll::Pending));
    assert_eq!((join.open(), outer.polls()), (1, 6));
    handles[4].send(4);
    handles[4].end();
    assert_eq!(read(&mut join, &task), (vec![4], Poll::Ready(())));
}

#[test]
fn ready_streams_get_equal_turns() {
    let (handles, inners): (Vec<_>, Vec<_>) =
        (0..40).map(|key| scripted((0..100).map(move |i| (key, i)))).unzip();
    let (_outer, source) = scripted(inners);
    let mut join = source.join_streams();
    let mut counts = [0; 40];
    for turn in 0..4000 {
        let Poll::Ready(Some((key, i))) = next(&mut join) else { panic!("item {turn}") };
        assert_eq!(counts[key], i, "items of a stream are in order");
        counts[key] += 1;
        assert_eq!(i, turn / 40, "no stream is a turn ahead");
    }
    assert_eq!(counts, [100; 40]);
    assert_eq!(next(&mut join), Poll::Ready(None));
    assert!(handles.iter().all(|handle| handle.polls() == 101));
}

#[test]
fn woken_streams_take_turns_with_ready_streams() {
    let ([a, b, c], mut join) = joined();
    let task = Counting::new();
    assert_eq!(read(&mut join, &task), (vec![], Poll::Pending));
    for item in 0..4 {
        a.send(('a', item));
    }
    assert_eq!(task.poll(&mut join), Poll::Ready(Some(('a', 0))));
    c.send(('c', 0));
    b.send(('b', 0));
    let rest = [('a', 1), ('c', 0), ('b', 0), ('a', 2), ('a', 3)];
    assert_eq!(read(&mut join, &task), (rest.to_vec(), Poll::Pending));
}

#[test]
fn empty_streams_need_one_poll_and_no_wake() {
    let mut join = stream::iter((0..50).map(|_| stream::empty::<u8>())).join_streams();
    let task = Counting::new();
    assert_eq!(task.poll(&mut join), Poll::Ready(None));
    assert_eq!(task.wakes(), 0);

    // The same with one open stream at a time.
    let join = stream::iter((0..50).map(|_| stream::empty::<u8>())).join_streams();
    assert_eq!(task.poll(&mut join.max_inner(1)), Poll::Ready(None));
    assert_eq!(task.wakes(), 0);
}

#[test]
fn pending_streams_need_one_poll_and_no_wake() {
    let (handles, mut join) = joined::<u8, 50>();
    let task = Counting::new();
    assert_eq!(task.poll(&mut join), Poll::Pending);
    assert_eq!(task.wakes(), 0);
    for handle in &handles {
        handle.end();
    }
    assert_eq!(task.wakes(), 1, "one wake-up per poll");
    assert_eq!(task.poll(&mut join), Poll::Ready(None));
    assert_eq!(task.wakes(), 1);
}

#[test]
fn only_woken_stream_is_polled() {
    let (handles, mut join) = joined::<u32, 1000>();
    let task = Counting::new();
    assert_eq!(read(&mut join, &task), (vec![], Poll::Pending));
    let polls = || handles.iter().map(SourceHandle::polls).sum::<usize>();
    assert_eq!(polls(), 1000);
    for item in 0..100 {
        let (polls_before, wakes) = (polls(), task.wakes());
        handles[617].send(item);
        assert_eq!(task.wakes(), wakes + 1);
        assert_eq!(read(&mut join, &task), (vec![item], Poll::Pending));
        assert!(polls() - polls_before <= 2, "one poll for the item, one that is pending");
        assert_eq!(task.wakes(), wakes + 1);
    }
    // Each spurious wake-up costs one poll, not two.
    let before = polls();
    handles.iter().for_each(SourceHandle::wake);
    assert_eq!(read(&mut join, &task), (vec![], Poll::Pending));
    assert_eq!(polls() - before, 1000);
}

#[test]
fn join_reads_nothing_ahead() {
    let (handles, inners): (Vec<_>, Vec<_>) = (0..4).map(|_| scripted(0..10)).unzip();
    let (_outer, source) = scripted(inners);
    let mut join = source.join_streams();
    let left = || handles.iter().map(SourceHandle::left).sum::<usize>();
    for taken in 1..=40 {
        assert!(next(&mut join).is_ready());
        let ended = handles.iter().filter(|handle| handle.is_dropped()).count();
        assert_eq!(left(), 44 - taken - ended);
    }
}

#[test]
fn panicking_waker_loses_no_item() {
    let ([a, b], mut join) = joined();
    let faulty = on_wake(|| panic!("wake panics"));
    assert_eq!(crate::waker::poll(&mut join, &faulty), Poll::Pending);
    assert!(panics(|| a.send(1)));
    let task = Counting::new();
    assert_eq!(read(&mut join, &task), (vec![1], Poll::Pending));
    b.send(2);
    a.send(3);
    assert_eq!(task.wakes(), 1);
    assert_eq!(read(&mut join, &task), (vec![2, 3], Poll::Pending));
    a.end();
    b.end();
    assert_eq!(read(&mut join, &task), (vec![], Poll::Ready(())));
}

#[test]
fn panicked_stream_is_dropped_others_continue() {
    for at in 0..4 {
        let ([a, b, c], mut join) = joined();
        for item in 0..3 {
            if item == at {
                b.panic();
            }
            [&a, &b, &c].iter().for_each(|handle| handle.send(item));
        }
        if at == 3 {
            b.panic();
        }
        [&a, &c].iter().for_each(|handle| handle.end());
        let (task, mut items, mut caught) = (Counting::new(), Vec::new(), 0);
        while !join.is_terminated() {
            caught += usize::from(panics(|| match task.poll(&mut join) {
                Poll::Ready(item) => items.extend(item),
                Poll::Pending => {
                    assert!(task.wakes() > 0, "the stream is pending without a wake-up")
                }
            }));
            if caught == 1 {
                assert!(b.is_dropped());
            }
        }
        assert_eq!((caught, items.len()), (1, 6 + at));
        assert_eq!(next(&mut join), Poll::Ready(None));
    }
}

#[test]
fn woken_stream_panics_others_still_wake() {
    let ([a, b], mut join) = joined();
    let task = Counting::new();
    assert_eq!(task.poll(&mut join), Poll::Pending);
    a.panic();
    assert!(panics(|| task.poll(&mut join)));
    assert_eq!(join.open(), 1);
    assert_eq!(task.poll(&mut join), Poll::Pending);
    let wakes = task.wakes();
    b.send(1);
    assert_eq!(task.wakes(), wakes + 1);
    b.end();
    assert_eq!(read(&mut join, &task), (vec![1], Poll::Ready(())));
}

#[test]
fn panicked_source_is_dropped_streams_continue() {
    let (outer, source) = script();
    let mut join = source.join_streams();
    let (a, inner) = script();
    outer.send(inner);
    outer.panic();
    assert!(panics(|| next(&mut join)));
    assert!(outer.is_dropped());
    let task = Counting::new();
    assert_eq!(task.poll(&mut join), Poll::Pending);
    a.send(1);
    assert_eq!(task.wakes(), 1);
    a.end();
    assert_eq!(read(&mut join, &task), (vec![1], Poll::Ready(())));
}

#[test]
fn stream_and_source_drop_panics_lose_no_item() {
    let ((_a, a), (_b, b)) = (scripted([1]), scripted([2, 3]));
    let (_outer, source) = scripted([Ok(PanicOnDrop(a)), Err(b)]);
    // Both kinds of stream as one type.
    let source = source.map(|inner| match inner {
        Ok(bomb) => bomb.left_stream(),
        Err(inner) => inner.right_stream(),
    });
    let mut join = PanicOnDrop(source).join_streams();
    let mut items = Vec::new();
    let mut caught = 0;
    while !join.is_terminated() {
        caught += usize::from(panics(|| match next(&mut join) {
            Poll::Ready(item) => items.extend(item),
            Poll::Pending => panic!("the stream is pending without a wake-up"),
        }));
        assert!(caught <= 2, "the source and one stream panic");
    }
    assert_eq!((items, caught), (vec![1, 2, 3], 2));
    assert_eq!(next(&mut join), Poll::Ready(None));
}

#[test]
fn dropped_join_drops_source_and_streams() {
    let ledger = Ledger::new();
    let (outer, source) = script();
    let handles: [SourceHandle<Tracked>; 3] = core::array::from_fn(|_| {
        let (handle, inner) = script();
        outer.send(inner);
        handle
    });
    let mut join = source.join_streams();
    let task = Counting::new();
    assert!(task.poll(&mut join).is_pending());
    ledger.items(2).for_each(|item| handles[0].send(item));
    assert!(task.poll(&mut join).is_ready());
    let (wakes, waker) = (task.wakes(), handles[1].take_waker().expect("the stream is pending"));
    drop(join);
    assert!(outer.is_dropped());
    assert!(handles.iter().all(SourceHandle::is_dropped));
    assert_eq!(task.held(), 0, "no waker is left");
    waker.wake();
    assert_eq!(task.wakes(), wakes);
    drop(handles);
    ledger.assert_all_dropped();
}

#[test]
fn dropped_at_any_step_frees_each_item_once() {
    for steps in 0..12 {
        for parts in [false, true] {
            let ledger = Ledger::new();
            let ([a, b, c], mut join) = joined();
            [&a, &b].iter().for_each(|handle| ledger.items(3).for_each(|item| handle.send(item)));
            a.end();
            c.send(ledger.item(9));
            for _ in 0..steps {
                drop(next(&mut join));
            }
            if parts {
                drop(join.into_parts());
            } else {
                drop(join);
            }
            assert!(a.is_dropped() && b.is_dropped() && c.is_dropped());
            drop((a, b, c));
            ledger.assert_all_dropped();
        }
    }
}

/// Returns `Pending` once and wakes its own task.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if core::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn nested_joins_of_pinned_streams_keep_order() {
    // `unfold` over an async block is not `Unpin`, so no join is `Unpin` either.
    let delayed = |first: u32| {
        stream::unfold(0, move |i| async move {
            for _ in 0..(first + i) % 3 {
                yield_now().await;
            }
            (i < 5).then_some((first * 10 + i, i + 1))
        })
    };
    let groups = stream::unfold(0, move |group| async move {
        yield_now().await;
        (group < 3).then(|| {
            let streams = stream::iter((0..4).map(move |k| group * 4 + k)).map(delayed);
            (streams.join_streams(), group + 1)
        })
    });
    let mut join = pin!(groups.join_streams());
    let mut items = read_all(&mut join);
    for first in 0..12 {
        let of_stream: Vec<_> = items.iter().filter(|&&item| item / 10 == first).collect();
        assert!(of_stream.is_sorted(), "items of a stream are in order");
    }
    items.sort_unstable();
    let all: Vec<u32> = (0..12).flat_map(|first| (0..5).map(move |i| first * 10 + i)).collect();
    assert_eq!(items, all);
}

#[test]
fn polls_do_not_exceed_wakes_and_items() {
    let yields = stream::iter([5, 0, 9]).map(|turns| {
        stream::once(Box::pin(async move {
            for _ in 0..turns {
                yield_now().await;
            }
            turns
        }))
    });
    let mut join = yields.join_streams();
    let task = Counting::new();
    let (mut polls, mut items) = (0, Vec::new());
    loop {
        polls += 1;
        match task.poll(&mut join) {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => break,
            Poll::Pending => {
                assert!(polls <= task.wakes() + items.len(), "every further poll needs a wake-up")
            }
        }
    }
    assert_eq!(items, [0, 5, 9]);
    assert!(polls <= task.wakes() + 1 + items.len());
}

#[test]
fn latest_waker_is_woken() {
    let ([a, b], mut join) = joined();
    let (old, new) = (Counting::new(), Counting::new());
    assert_eq!(old.poll(&mut join), Poll::Pending);
    assert_eq!(new.poll(&mut join), Poll::Pending);
    a.send(1);
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    assert_eq!(new.poll(&mut join), Poll::Ready(Some(1)));
    // The first task polls again.
    assert_eq!(old.poll(&mut join), Poll::Pending);
    b.send(2);
    assert_eq!((old.wakes(), new.wakes()), (1, 1));
}

#[test]
fn stale_waker_of_dropped_stream_is_harmless() {
    let (outer, source) = script();
    let mut join = source.join_streams();
    let task = Counting::new();
    let (a, inner) = script();
    outer.send(inner);
    assert_eq!(task.poll(&mut join), Poll::Pending);
    let stale = a.take_waker().expect("the stream is pending");
    a.end();
    stale.wake_by_ref();
    assert_eq!(task.poll(&mut join), Poll::Pending);
    // The next stream reuses the node.
    stale.wake_by_ref();
    let (b, inner) = script();
    outer.send(inner);
    assert_eq!(task.poll(&mut join), Poll::Pending);
    stale.wake_by_ref();
    assert_eq!(task.poll(&mut join), Poll::Pending);
    assert!(b.polls() <= 3);
    let wakes = task.wakes();
    b.send(1);
    assert_eq!(task.wakes(), wakes + 1);
    assert_eq!(task.poll(&mut join), Poll::Ready(Some(1)));
    // The same with the waker of the source after its end.
    let stale = outer.take_waker().expect("the stream is pending");
    outer.end();
    stale.wake_by_ref();
    assert_eq!(read(&mut join, &task), (vec![], Poll::Pending));
    stale.wake();
    assert_eq!(read(&mut join, &task), (vec![], Poll::Pending));
    b.end();
    assert_eq!(read(&mut join, &task), (vec![], Poll::Ready(())));
}

#[test]
fn endless_empty_streams_do_not_hang_poll() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = opened.clone();
    let empties = stream::repeat(()).map(move |()| {
        count.fetch_add(1, Ordering::Relaxed);
        stream::empty::<u8>()
    });
    let task = Counting::new();
    let mut join = empties.join_streams();
    for polls in 1..4 {
        assert_eq!(task.poll(&mut join), Poll::Pending);
        assert_eq!(task.wakes(), polls);
        assert!(opened.load(Ordering::Relaxed) <= 128 * polls);
    }

    // Streams that wake themselves and never have an item.
    let self_waking = stream::iter(0..300).map(|_| {
        stream::poll_fn(|cx| -> Poll<Option<u8>> {
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    });
    let task = Counting::new();
    let mut join = self_waking.join_streams();
    for polls in 1..10 {
        assert_eq!(task.poll(&mut join), Poll::Pending);
        assert_eq!(task.wakes(), polls);
    }
}

#[test]
fn endless_source_opens_one_stream_per_item() {
    let task = Counting::new();
    let mut join = stream::iter(0..).map(stream::repeat).join_streams();
    assert_eq!(task.poll(&mut join), Poll::Ready(Some(0)));
    assert!(join.open() <= 128, "no open stream was known to be ready");
    let before = join.open();
    for items in 1..1000 {
        assert!(task.poll(&mut join).is_ready());
        assert!(join.open() <= before + items);
    }
    assert_eq!(task.wakes(), 0);
}

#[test]
fn endless_pending_streams_open_one_per_item() {
    // One stream is ready. All others are pending forever, or are empty.
    let opened = Cell::new(0);
    for empty in [false, true] {
        opened.set(0);
        let streams = (0..).map(|n| {
            opened.set(opened.get() + 1);
            match n {
                0 => stream::repeat(n).left_stream(),
                _ if empty => stream::empty().right_stream().right_stream(),
                _ => stream::pending().left_stream().right_stream(),
            }
        });
        let mut join = stream::iter(streams).join_streams();
        assert_eq!(next(&mut join), Poll::Ready(Some(0)));
        let before = opened.get();
        for items in 1..1000 {
            assert_eq!(next(&mut join), Poll::Ready(Some(0)));
            assert!(opened.get() <= before + items, "{} at item {items}", opened.get());
        }
        assert!(opened.get() > before + 900, "new streams are opened in between");
    }
}

#[test]
fn busy_stream_lets_new_streams_in() {
    let (outer, source) = script();
    let mut join = source.join_streams();
    outer.send(stream::repeat('a').take(usize::MAX).left_stream());
    assert_eq!(next(&mut join), Poll::Ready(Some('a')));
    outer.send(stream::repeat('b').right_stream());
    let some: String = (0..6)
        .filter_map(|_| if let Poll::Ready(item) = next(&mut join) { item } else { None })
        .collect();
    assert_eq!(some, "ababab");
}

#[test]
fn size_hint_is_exact_at_each_step() {
    let (_a, a) = scripted(0..3);
    let (_b, b) = scripted(3..5);
    let (_outer, source) = scripted([a, b]);
    let mut join = source.join_streams();
    assert_eq!(join.size_hint(), (0, None));
    for left in (0..5).rev() {
        assert!(next(&mut join).is_ready());
        if left == 4 {
            assert_eq!(join.size_hint(), (4, Some(4)));
        }
        assert_eq!(join.size_hint(), (left, Some(left)));
        assert!(!join.is_terminated());
    }
    assert_eq!(next(&mut join), Poll::Ready(None));
    assert_eq!(join.size_hint(), (0, Some(0)));
    assert!(join.is_terminated());
    assert_eq!(next(&mut join), Poll::Ready(None));

    let huge = stream::iter([usize::MAX, usize::MAX]).map(|n| stream::repeat(0).take(n));
    let mut join = huge.join_streams();
    assert!(next(&mut join).is_ready());
    assert_eq!(join.size_hint(), (usize::MAX, None));
    assert_eq!(stream::empty::<stream::Empty<u8>>().join_streams().size_hint(), (0, Some(0)));
}

#[test]
fn into_parts_keeps_unread_items() {
    let ([a, b], mut join) = joined();
    for item in 0..3 {
        a.send(item);
        b.send(item + 10);
    }
    assert_eq!(next(&mut join), Poll::Ready(Some(0)));
    let (source, inners) = join.into_parts();
    assert!(source.is_none() && inners.len() == 2);
    assert!(!a.is_dropped() && !b.is_dropped());
    a.end();
    b.end();
    let mut rest: Vec<_> = inners.into_iter().flat_map(|mut inner| read_all(&mut inner)).collect();
    rest.sort_unstable();
    assert_eq!(rest, [1, 2, 10, 11, 12]);

    let (outer, source) = script::<Script<u8>>();
    let (source, inners) = source.join_streams().into_parts();
    assert!(source.is_some() && inners.is_empty() && !outer.is_dropped());
}

#[test]
fn debug_shows_state_and_no_items() {
    struct Opaque;
    let ([a, _b], mut join) = joined();
    a.send(Opaque);
    let before = format!("{join:?}");
    assert!(before.contains("source_ended: false, open: 0, max: None"), "{before}");
    assert!(next(&mut join).is_ready());
    let after = format!("{join:?}");
    assert!(after.contains("source_ended: true, open: 2"), "{after}");
}

mod keyed {
    use super::*;

    #[test]
    fn items_and_ends_carry_stream_key() {
        let ((a, ann), (b, bob)) = (script(), script());
        let (outer, source) = script();
        let mut join = source.join_streams().keyed();
        let task = Counting::new();
        outer.send(("ann", ann));
        outer.send(("bob", bob));
        assert_eq!(task.poll(&mut join), Poll::Pending);
        let mut keys: Vec<_> = join.keys().copied().collect();
        keys.sort_unstable();
        assert_eq!((keys, join.open()), (vec!["ann", "bob"], 2));
        b.send(1);
        assert_eq!(task.poll(&mut join), Poll::Ready(Some(("bob", KeyedEvent::Item(1)))));
        b.end();
        a.send(2);
        let events = vec![("bob", KeyedEvent::End), ("ann", KeyedEvent::Item(2))];
        assert_eq!(read(&mut join, &task), (events, Poll::Pending));
        assert!(b.is_dropped() && join.keys().eq(["ann"].iter()));
        // The same key again.
        let (c, other) = scripted([3]);
        outer.send(("ann", other));
        outer.end();
        let events = vec![("ann", KeyedEvent::Item(3)), ("ann", KeyedEvent::End)];
        assert_eq!(read(&mut join, &task), (events, Poll::Pending));
        assert!(c.is_dropped() && !a.is_dropped());
        a.end();
        assert_eq!(read(&mut join, &task), (vec![("ann", KeyedEvent::End)], Poll::Ready(())));
        assert!(join.is_terminated() && join.get_ref().is_none());
        assert_eq!(next(&mut join), Poll::Ready(None));
    }

    #[test]
    fn size_hint_counts_ends() {
        let streams = stream::iter([(1, 2), (2, 0)]).map(|(key, n)| (key, stream::iter(0..n)));
        let mut join = streams.join_streams().keyed();
        assert_eq!(join.size_hint(), (0, None));
        for left in (0..4).rev() {
            assert!(matches!(next(&mut join), Poll::Ready(Some(_))));
            assert_eq!(join.size_hint(), (left, Some(left)));
        }
        assert_eq!(next(&mut join), Poll::Ready(None));
    }

    #[test]
    fn max_inner_limits_open_streams() {
        let streams = stream::iter(0..4).map(|key| (key, stream::iter([key * 10])));
        let mut join = streams.join_streams().max_inner(1).keyed();
        for key in 0..4 {
            assert_eq!(next(&mut join), Poll::Ready(Some((key, KeyedEvent::Item(key * 10)))));
            assert_eq!(join.open(), 1);
            assert_eq!(next(&mut join), Poll::Ready(Some((key, KeyedEvent::End))));
            assert_eq!(join.open(), 0);
        }
        assert_eq!(next(&mut join), Poll::Ready(None));
    }

    #[derive(Debug, PartialEq)]
    struct Key(u8);
    impl Clone for Key {
        fn clone(&self) -> Self {
            assert_ne!(self.0, 13, "clone panics");
            Self(self.0)
        }
    }

    #[test]
    fn key_clone_panics_only_its_stream_is_dropped() {
        let ledger = Ledger::new();
        let ((a, good), (b, bad)) = (script(), script());
        let (_outer, source) = scripted([(Key(13), bad), (Key(1), good)]);
        let mut join = source.join_streams().keyed();
        a.send(ledger.item(1));
        a.end();
        b.send(ledger.item(2));
        assert!(panics(|| next(&mut join)));
        assert!(b.is_dropped());
        let Poll::Ready(Some((Key(1), KeyedEvent::Item(item)))) = next(&mut join) else { panic!() };
        assert_eq!(item.value, 1);
        assert!(matches!(next(&mut join), Poll::Ready(Some((Key(1), KeyedEvent::End)))));
        assert!(matches!(next(&mut join), Poll::Ready(None)));
        drop((a, b, item));
        ledger.assert_all_dropped();
    }

    #[test]
    fn panicked_stream_has_no_end_event() {
        let ((a, good), (b, bad)) = (script::<u8>(), script());
        let (_outer, source) = scripted([(1, bad), (2, good)]);
        let mut join = source.join_streams().keyed();
        b.panic();
        a.end();
        assert!(panics(|| next(&mut join)));
        assert_eq!(read_all(&mut join), [(2, KeyedEvent::End)]);
    }

    #[test]
    fn streams_need_not_be_unpin() {
        let streams = stream::iter([1, 2]).map(|key| (key, stream::once(async move { key * 2 })));
        let events = read_all(&mut streams.join_streams().keyed());
        assert_eq!(
            events,
            [
                (1, KeyedEvent::Item(2)),
                (2, KeyedEvent::Item(4)),
                (1, KeyedEvent::End),
                (2, KeyedEvent::End)
            ]
        );
    }
}

mod fallible {
    use super::*;

    type Inner = Script<Result<u8, &'static str>>;

    /// Two streams with an error between them, and the controls of the streams.
    #[allow(clippy::type_complexity, reason = "a helper of the tests")]
    fn parts() -> ([SourceHandle<Result<u8, &'static str>>; 2], Script<Result<Inner, &'static str>>)
    {
        let (a, one) = scripted([Ok(1), Err("a"), Ok(2)]);
        let (b, two) = scripted([Err("b"), Ok(3)]);
        let (_, source) = scripted([Ok(one), Err("source"), Ok(two)]);
        ([a, b], source)
    }

    #[test]
    fn skip_drops_errors_and_continues() {
        let (_handles, source) = parts();
        let mut join = source.try_join_streams(OnError::Skip);
        // A skipped error uses up the turn of its stream.
        assert_eq!(read_all(&mut join), [Ok(1), Ok(3), Ok(2)]);
        assert!(join.is_terminated());
    }

    #[test]
    fn emit_yields_errors_and_continues() {
        let (_handles, source) = parts();
        let mut join = source.try_join_streams(OnError::Emit);
        let all = [Err("source"), Ok(1), Err("b"), Err("a"), Ok(3), Ok(2)];
        assert_eq!(read_all(&mut join), all);
    }

    #[test]
    fn stop_yields_first_error_and_drops_all() {
        let ([a, b], source) = parts();
        let mut join = source.try_join_streams(OnError::Stop);
        assert_eq!(next(&mut join), Poll::Ready(Some(Err("source"))));
        assert!(a.is_dropped() && b.left() == 3);
        assert!(!join.is_terminated() && join.open() == 0 && join.get_ref().is_none());
        assert_eq!(join.size_hint(), (0, Some(0)));
        assert_eq!(next(&mut join), Poll::Ready(None));
        assert!(join.is_terminated());

        // The same with an error of a stream while other streams and the source are pending.
        let (outer, source) = script();
        let ((a, one), (b, two)) = (script::<Result<u8, _>>(), script());
        let mut join = source.try_join_streams(OnError::Stop);
        let task = Counting::new();
        outer.send(Ok(one));
        outer.send(Ok(two));
        assert_eq!(task.poll(&mut join), Poll::Pending);
        let stale = a.take_waker().expect("the stream is pending");
        b.send(Ok(1));
        b.send(Err("b"));
        b.send(Ok(2));
        let wakes = task.wakes();
        assert_eq!(read(&mut join, &task), (vec![Ok(1), Err("b")], Poll::Ready(())));
        assert!(outer.is_dropped() && a.is_dropped() && b.is_dropped());
        assert_eq!(b.left(), 1, "nothing is read after the error");
        stale.wake();
        assert_eq!((task.wakes(), task.held()), (wakes, 0));
        assert_eq!(next(&mut join), Poll::Ready(None));
    }

    #[test]
    fn stop_ends_stream_if_drop_panics() {
        let (a, one) = scripted([Err("a")]);
        let (_b, two) = scripted([Ok(1), Ok(2)]);
        let (_outer, source) = scripted([Ok(PanicOnDrop(one)), Ok(PanicOnDrop(two))]);
        let mut join = source.try_join_streams(OnError::Stop);
        assert!(panics(|| next(&mut join)));
        assert!(a.is_dropped() && !join.is_terminated());
        assert_eq!(next(&mut join), Poll::Ready(Some(Err::<u8, _>("a"))));
        assert_eq!(next(&mut join), Poll::Ready(None));
        assert!(join.is_terminated());
    }

    #[test]
    fn endless_errors_do_not_hang_poll() {
        let errors = || stream::repeat(Err::<u8, _>("again"));
        let task = Counting::new();
        let mut join = stream::iter([Ok(errors())]).try_join_streams(OnError::Skip);
        assert_eq!(task.poll(&mut join), Poll::Pending);
        assert_eq!(task.wakes(), 1);
        let source = stream::repeat(()).map(|()| Err::<Inner, _>("again"));
        let mut join = source.try_join_streams(OnError::Skip);
        assert_eq!(task.poll(&mut join), Poll::Pending);
        assert_eq!(task.wakes(), 2);
    }

    #[test]
    fn size_hint_allows_for_errors() {
        for (on_error, lower) in [(OnError::Emit, 4), (OnError::Skip, 0), (OnError::Stop, 1)] {
            let good =
                [Ok::<_, &str>(stream::iter([Ok(1), Ok(2)])), Ok(stream::iter([Ok(3), Ok(4)]))];
            let mut join = stream::iter(good).try_join_streams(on_error);
            assert_eq!(join.size_hint(), (0, None));
            assert_eq!(next(&mut join), Poll::Ready(Some(Ok(1))));
            assert_eq!(join.size_hint(), (lower.min(3), Some(3)));
        }
    }

    #[test]
    fn max_inner_limits_open_streams() {
        let ([a, b], source) = parts();
        let mut join = source.try_join_streams(OnError::Emit).max_inner(1);
        assert_eq!(next(&mut join), Poll::Ready(Some(Ok(1))));
        assert_eq!((join.open(), b.polls()), (1, 0));
        let rest = [Err("a"), Ok(2), Err("source"), Err("b"), Ok(3)];
        assert_eq!(read_all(&mut join), rest);
        assert!(a.is_dropped() && b.is_dropped());
    }

    #[test]
    fn debug_shows_error_policy() {
        let (_handles, source) = parts();
        let text = format!("{:?}", source.try_join_streams(OnError::Skip));
        assert!(text.contains("on_error: Skip"), "{text}");
    }
}

/// Each thread wakes its own streams while this thread polls the join.
#[test]
fn streams_woken_from_threads_lose_no_item() {
    const THREADS: u64 = 4;
    const ITEMS: u64 = 2000;
    let (outer, source) = script();
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let handles: Vec<_> = (0..3)
                .map(|_| {
                    let (handle, inner) = script();
                    outer.send(inner);
                    handle
                })
                .collect();
            std::thread::spawn(move || {
                for item in 0..ITEMS {
                    for (k, handle) in handles.iter().enumerate() {
                        handle.send((thread, k, item));
                    }
                }
                handles.iter().for_each(SourceHandle::end);
            })
        })
        .collect();
    outer.end();
    let join = source.join_streams();
    let items: Vec<_> = futures_executor::block_on(join.collect());
    threads.into_iter().for_each(|thread| thread.join().expect("the thread only sends"));
    assert_eq!(items.len() as u64, THREADS * 3 * ITEMS);
    let mut next = [[0; 3]; THREADS as usize];
    for (thread, k, item) in items {
        let next = &mut next[thread as usize][k];
        assert_eq!(item, *next, "items of a stream are in order");
        *next += 1;
    }
}

#[test]
fn panicked_poll_loses_no_wake_up() {
    // Two streams panic, one after the other, while the other streams are pending.
    let ([a, b, c], mut join) = joined::<u8, 3>();
    let task = Counting::new();
    assert_eq!(task.poll(&mut join), Poll::Pending);
    for (faulty, other) in [(&a, &b), (&b, &c)] {
        faulty.panic();
        other.send(1);
        assert!(panics(|| task.poll(&mut join)));
        assert_eq!(read(&mut join, &task), (vec![1], Poll::Pending));
        let wakes = task.wakes();
        other.send(2);
        assert_eq!(task.wakes(), wakes + 1);
        assert_eq!(read(&mut join, &task), (vec![2], Poll::Pending));
    }
    c.end();
    assert_eq!(
        Pin::new(&mut join).poll_next(&mut Context::from_waker(task.waker())),
        Poll::Ready(None)
    );
}
