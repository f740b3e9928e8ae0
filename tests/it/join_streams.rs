use crate::{
    ledger::{Ledger, Tracked},
    script::{PanicOnDrop, Script, SourceHandle, panics, script, scripted},
    waker::{Counting, next, on_wake},
};
use aiter::{AiterExt, JoinStreams, KeyedEvent, OnError};
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

/// A join of `N` streams whose source has ended, and their handles.
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

/// Reads to the end. A stream that waits for ever is a failure.
#[track_caller]
fn read_all<S: Stream + Unpin>(stream: &mut S) -> Vec<S::Item> {
    let (items, end) = read(stream, &Counting::new());
    assert_eq!(end, Poll::Ready(()), "it waits for nothing");
    items
}

#[test]
fn case_53_each_stream_keeps_its_order() {
    let (_a, numbers) = scripted("1234".chars());
    let (_b, letters) = scripted("abcdefg".chars());
    let (_s, source) = scripted([numbers, letters]);
    let all: String = read_all(&mut source.join_streams()).into_iter().collect();
    assert_eq!(all, "1a2b3c4defg");
}

#[test]
fn case_54_late_streams_and_late_items_after_the_source_has_ended() {
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
    assert!(outer.is_dropped(), "at its end");
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
fn case_55_three_at_a_time_in_exact_turns() {
    let streams = stream::iter([0..=4, 6..=10, 10..=12]).map(stream::iter);
    let items: Vec<i32> = read_all(&mut streams.join_streams().max_inner(3));
    assert_eq!(items, [0, 6, 10, 1, 7, 11, 2, 8, 12, 3, 9, 4, 10]);
}

#[test]
fn at_most_so_many_are_open_and_the_source_is_not_asked_for_more() {
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
    // Two end at once, one of them before it was ever polled.
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
fn case_56_forty_ready_streams_get_a_hundred_turns_each() {
    let (handles, inners): (Vec<_>, Vec<_>) =
        (0..40).map(|key| scripted((0..100).map(move |i| (key, i)))).unzip();
    let (_outer, source) = scripted(inners);
    let mut join = source.join_streams();
    let mut counts = [0; 40];
    for turn in 0..4000 {
        let Poll::Ready(Some((key, i))) = next(&mut join) else { panic!("item {turn}") };
        assert_eq!(counts[key], i, "in order");
        counts[key] += 1;
        assert_eq!(i, turn / 40, "nobody is a turn ahead");
    }
    assert_eq!(counts, [100; 40]);
    assert_eq!(next(&mut join), Poll::Ready(None));
    assert!(handles.iter().all(|handle| handle.polls() == 101));
}

#[test]
fn streams_that_are_woken_take_turns_with_those_that_are_ready() {
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
fn case_57_fifty_empty_streams_are_one_poll_and_no_wake() {
    let mut join = stream::iter((0..50).map(|_| stream::empty::<u8>())).join_streams();
    let task = Counting::new();
    assert_eq!(task.poll(&mut join), Poll::Ready(None));
    assert_eq!(task.wakes(), 0);

    // The same one at a time.
    let join = stream::iter((0..50).map(|_| stream::empty::<u8>())).join_streams();
    assert_eq!(task.poll(&mut join.max_inner(1)), Poll::Ready(None));
    assert_eq!(task.wakes(), 0);
}

#[test]
fn fifty_pending_streams_are_one_poll_and_no_wake() {
    let (handles, mut join) = joined::<u8, 50>();
    let task = Counting::new();
    assert_eq!(task.poll(&mut join), Poll::Pending);
    assert_eq!(task.wakes(), 0);
    for handle in &handles {
        handle.end();
    }
    assert_eq!(task.wakes(), 1, "until it is polled");
    assert_eq!(task.poll(&mut join), Poll::Ready(None));
    assert_eq!(task.wakes(), 1);
}

#[test]
fn case_58_of_a_thousand_streams_only_the_woken_one_is_polled() {
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
        assert!(polls() - polls_before <= 2, "the item, and that there is no other");
        assert_eq!(task.wakes(), wakes + 1);
    }
    // A thousand streams woken without reason are a poll each, not two.
    let before = polls();
    handles.iter().for_each(SourceHandle::wake);
    assert_eq!(read(&mut join, &task), (vec![], Poll::Pending));
    assert_eq!(polls() - before, 1000);
}

#[test]
fn case_59_nothing_is_read_ahead() {
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
fn case_60_a_waker_that_panics_loses_nothing() {
    let ([a, b], mut join) = joined();
    let faulty = on_wake(|| panic!("in wake"));
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
fn case_61_a_stream_that_panics_is_dropped_and_the_rest_go_on() {
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
                Poll::Pending => assert!(task.wakes() > 0, "it waits for nothing"),
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
fn a_stream_that_panics_when_it_is_woken_leaves_the_others_armed() {
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
fn a_source_that_panics_is_dropped_and_its_streams_go_on() {
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
fn streams_and_sources_that_panic_when_they_are_dropped() {
    let ((_a, a), (_b, b)) = (scripted([1]), scripted([2, 3]));
    let (_outer, source) = scripted([Ok(PanicOnDrop(a)), Err(b)]);
    // Either kind of stream as one type.
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
            Poll::Pending => panic!("it waits for nothing"),
        }));
        assert!(caught <= 2, "the source and a stream");
    }
    assert_eq!((items, caught), (vec![1, 2, 3], 2));
    assert_eq!(next(&mut join), Poll::Ready(None));
}

#[test]
fn case_62_dropping_the_join_drops_all() {
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
    let (wakes, waker) = (task.wakes(), handles[1].take_waker().expect("it is pending"));
    drop(join);
    assert!(outer.is_dropped());
    assert!(handles.iter().all(SourceHandle::is_dropped));
    assert_eq!(task.held(), 0, "no waker stays behind");
    waker.wake();
    assert_eq!(task.wakes(), wakes);
    drop(handles);
    ledger.assert_settled();
}

#[test]
fn dropped_at_any_step_every_item_is_freed_once() {
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
            ledger.assert_settled();
        }
    }
}

/// Pending once, and wakes its own task.
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
fn case_63_nested_joins_of_delayed_streams_that_must_not_move() {
    // `unfold` over an async block is not `Unpin`, nor is any of the joins then.
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
        let of_one: Vec<_> = items.iter().filter(|&&item| item / 10 == first).collect();
        assert!(of_one.is_sorted(), "in order");
    }
    items.sort_unstable();
    let all: Vec<u32> = (0..12).flat_map(|first| (0..5).map(move |i| first * 10 + i)).collect();
    assert_eq!(items, all);
}

#[test]
fn polls_are_no_more_than_wakes_and_items() {
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
            Poll::Pending => assert!(polls <= task.wakes() + items.len(), "a wake is due"),
        }
    }
    assert_eq!(items, [0, 5, 9]);
    assert!(polls <= task.wakes() + 1 + items.len());
}

#[test]
fn the_latest_waker_wins() {
    let ([a, b], mut join) = joined();
    let (old, new) = (Counting::new(), Counting::new());
    assert_eq!(old.poll(&mut join), Poll::Pending);
    assert_eq!(new.poll(&mut join), Poll::Pending);
    a.send(1);
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    assert_eq!(new.poll(&mut join), Poll::Ready(Some(1)));
    // Back again.
    assert_eq!(old.poll(&mut join), Poll::Pending);
    b.send(2);
    assert_eq!((old.wakes(), new.wakes()), (1, 1));
}

#[test]
fn a_waker_of_a_stream_that_is_gone_does_no_harm() {
    let (outer, source) = script();
    let mut join = source.join_streams();
    let task = Counting::new();
    let (a, inner) = script();
    outer.send(inner);
    assert_eq!(task.poll(&mut join), Poll::Pending);
    let stale = a.take_waker().expect("it is pending");
    a.end();
    stale.wake_by_ref();
    assert_eq!(task.poll(&mut join), Poll::Pending);
    // The next one moves into the place.
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
    // And so does the source's after its end.
    let stale = outer.take_waker().expect("it is pending");
    outer.end();
    stale.wake_by_ref();
    assert_eq!(read(&mut join, &task), (vec![], Poll::Pending));
    stale.wake();
    assert_eq!(read(&mut join, &task), (vec![], Poll::Pending));
    b.end();
    assert_eq!(read(&mut join, &task), (vec![], Poll::Ready(())));
}

#[test]
fn endless_empty_streams_cannot_hang_a_poll() {
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

    // Streams that wake themselves and have nothing.
    let restless = stream::iter(0..300).map(|_| {
        stream::poll_fn(|cx| -> Poll<Option<u8>> {
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    });
    let task = Counting::new();
    let mut join = restless.join_streams();
    for polls in 1..10 {
        assert_eq!(task.poll(&mut join), Poll::Pending);
        assert_eq!(task.wakes(), polls);
    }
}

#[test]
fn endless_source_opens_one_stream_an_item() {
    let task = Counting::new();
    let mut join = stream::iter(0..).map(stream::repeat).join_streams();
    assert_eq!(task.poll(&mut join), Poll::Ready(Some(0)));
    assert!(join.open() <= 128, "none was known to be ready");
    let before = join.open();
    for items in 1..1000 {
        assert!(task.poll(&mut join).is_ready());
        assert!(join.open() <= before + items);
    }
    assert_eq!(task.wakes(), 0);
}

#[test]
fn endless_source_of_others_opens_one_an_item() {
    // One stream is ready; all others wait for ever, or are empty.
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
        assert!(opened.get() > before + 900, "new streams are opened meanwhile");
    }
}

#[test]
fn a_busy_stream_does_not_keep_new_ones_out() {
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
fn the_size_is_known_at_each_step() {
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
fn parts_are_given_back_with_what_they_have() {
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
fn debug_shows_the_state_and_no_items() {
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
    fn items_and_ends_have_their_streams_key() {
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
        // The same name again.
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
    fn the_size_counts_the_ends() {
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
    fn at_most_so_many_are_open() {
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
            assert_ne!(self.0, 13, "scripted panic");
            Self(self.0)
        }
    }

    #[test]
    fn a_key_whose_clone_panics_takes_its_stream_along_and_no_other() {
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
        ledger.assert_settled();
    }

    #[test]
    fn a_stream_that_panics_has_no_end_event() {
        let ((a, good), (b, bad)) = (script::<u8>(), script());
        let (_outer, source) = scripted([(1, bad), (2, good)]);
        let mut join = source.join_streams().keyed();
        b.panic();
        a.end();
        assert!(panics(|| next(&mut join)));
        assert_eq!(read_all(&mut join), [(2, KeyedEvent::End)]);
    }

    #[test]
    fn streams_that_must_not_move() {
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

    /// Two streams and an error between them, and their handles.
    #[allow(clippy::type_complexity, reason = "said once, in the line above")]
    fn parts() -> ([SourceHandle<Result<u8, &'static str>>; 2], Script<Result<Inner, &'static str>>)
    {
        let (a, one) = scripted([Ok(1), Err("a"), Ok(2)]);
        let (b, two) = scripted([Err("b"), Ok(3)]);
        let (_, source) = scripted([Ok(one), Err("source"), Ok(two)]);
        ([a, b], source)
    }

    #[test]
    fn skip_drops_errors_and_goes_on() {
        let (_handles, source) = parts();
        let mut join = source.try_join_streams(OnError::Skip);
        // An error is a turn.
        assert_eq!(read_all(&mut join), [Ok(1), Ok(3), Ok(2)]);
        assert!(join.is_terminated());
    }

    #[test]
    fn emit_hands_errors_out_and_goes_on() {
        let (_handles, source) = parts();
        let mut join = source.try_join_streams(OnError::Emit);
        let all = [Err("source"), Ok(1), Err("b"), Err("a"), Ok(3), Ok(2)];
        assert_eq!(read_all(&mut join), all);
    }

    #[test]
    fn stop_ends_with_the_first_error_and_drops_all() {
        let ([a, b], source) = parts();
        let mut join = source.try_join_streams(OnError::Stop);
        assert_eq!(next(&mut join), Poll::Ready(Some(Err("source"))));
        assert!(a.is_dropped() && b.left() == 3);
        assert!(!join.is_terminated() && join.open() == 0 && join.get_ref().is_none());
        assert_eq!(join.size_hint(), (0, Some(0)));
        assert_eq!(next(&mut join), Poll::Ready(None));
        assert!(join.is_terminated());

        // And with an error of a stream, while others and the source wait.
        let (outer, source) = script();
        let ((a, one), (b, two)) = (script::<Result<u8, _>>(), script());
        let mut join = source.try_join_streams(OnError::Stop);
        let task = Counting::new();
        outer.send(Ok(one));
        outer.send(Ok(two));
        assert_eq!(task.poll(&mut join), Poll::Pending);
        let stale = a.take_waker().expect("it is pending");
        b.send(Ok(1));
        b.send(Err("b"));
        b.send(Ok(2));
        let wakes = task.wakes();
        assert_eq!(read(&mut join, &task), (vec![Ok(1), Err("b")], Poll::Ready(())));
        assert!(outer.is_dropped() && a.is_dropped() && b.is_dropped());
        assert_eq!(b.left(), 1, "not read on");
        stale.wake();
        assert_eq!((task.wakes(), task.held()), (wakes, 0));
        assert_eq!(next(&mut join), Poll::Ready(None));
    }

    #[test]
    fn stop_ends_even_if_a_stream_panics_when_it_is_dropped() {
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
    fn endless_errors_cannot_hang_a_poll() {
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
    fn the_size_allows_for_errors() {
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
    fn at_most_so_many_are_open() {
        let ([a, b], source) = parts();
        let mut join = source.try_join_streams(OnError::Emit).max_inner(1);
        assert_eq!(next(&mut join), Poll::Ready(Some(Ok(1))));
        assert_eq!((join.open(), b.polls()), (1, 0));
        let rest = [Err("a"), Ok(2), Err("source"), Err("b"), Ok(3)];
        assert_eq!(read_all(&mut join), rest);
        assert!(a.is_dropped() && b.is_dropped());
    }

    #[test]
    fn debug_shows_what_is_done_about_errors() {
        let (_handles, source) = parts();
        let text = format!("{:?}", source.try_join_streams(OnError::Skip));
        assert!(text.contains("on_error: Skip"), "{text}");
    }
}

/// Each thread wakes streams of its own while the join polls and sleeps on this one.
#[test]
fn streams_that_are_woken_from_many_threads() {
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
    threads.into_iter().for_each(|thread| thread.join().expect("it only sends"));
    assert_eq!(items.len() as u64, THREADS * 3 * ITEMS);
    let mut next = [[0; 3]; THREADS as usize];
    for (thread, k, item) in items {
        let next = &mut next[thread as usize][k];
        assert_eq!(item, *next, "in order");
        *next += 1;
    }
}

#[test]
fn a_poll_that_panics_leaves_no_poll_without_a_wake() {
    // The source, then a stream, then the drop of one, each in turn while all others wait.
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
