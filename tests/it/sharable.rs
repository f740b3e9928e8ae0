//! `sharable`: distribution among clones, wake-ups, panics and drops.

use crate::{
    ledger::{Ledger, Tracked, values},
    script::{PanicOnDrop, panics, script, scripted},
    waker::{Counting, next, on_wake, poll},
};
use aiter::AiterExt;
use alloc::sync::Arc;
use core::{
    pin::pin,
    task::{Context, Poll},
};
use futures_core::{FusedStream, Stream};
use futures_util::{StreamExt, stream};
use std::{sync::Mutex, thread};

#[test]
fn two_clones_share_items() {
    let (handle, source) = scripted(0..6);
    let mut one = source.sharable();
    let mut two = one.clone();
    let (mut of_one, mut of_two) = (Vec::new(), Vec::new());
    // The second clone takes every third item.
    for read in 0..6 {
        let (stream, items) =
            if read % 3 == 0 { (&mut two, &mut of_two) } else { (&mut one, &mut of_one) };
        let Poll::Ready(Some(item)) = next(stream) else { panic!("an item is ready") };
        items.push(item);
    }
    assert_eq!((of_one, of_two), (vec![1, 2, 4, 5], vec![0, 3]));
    assert_eq!(next(&mut one), Poll::Ready(None));
    assert_eq!(next(&mut two), Poll::Ready(None));
    assert_eq!(handle.polls(), 7, "one poll per item and one for the end");
}

#[test]
fn waiting_clone_dropped_other_is_woken() {
    for sent_before in [false, true] {
        for drop_first in [false, true] {
            let (handle, source) = script();
            let mut one = source.sharable();
            let mut two = one.clone();
            let (a, b) = (Counting::new(), Counting::new());
            assert_eq!(a.poll(&mut one), Poll::Pending);
            assert_eq!(b.poll(&mut two), Poll::Pending);
            let (dropped, mut kept, task) = if drop_first { (one, two, b) } else { (two, one, a) };
            if sent_before {
                handle.send(1);
                drop(dropped);
            } else {
                drop(dropped);
                handle.send(1);
            }
            assert!(task.wakes() > 0, "drop first: {drop_first}, sent before: {sent_before}");
            assert_eq!(task.poll(&mut kept), Poll::Ready(Some(1)));
        }
    }
}

#[test]
fn waiting_clones_are_woken_in_order() {
    let (handle, source) = script();
    let one = source.sharable();
    let mut clones = [one.clone(), one.clone(), one];
    let order = Arc::new(Mutex::new(Vec::new()));
    for index in [2, 0, 1] {
        let order = order.clone();
        let waker = on_wake(move || order.lock().unwrap().push(index));
        assert_eq!(poll(&mut clones[index], &waker), Poll::Pending);
    }
    handle.send(7);
    assert_eq!(*order.lock().unwrap(), [2, 0, 1]);
    assert_eq!(next(&mut clones[0]), Poll::Ready(Some(7)));
}

#[test]
fn each_item_and_end_wake_all_waiters() {
    let (handle, source) = script();
    let mut one = source.sharable();
    let mut two = one.clone();
    let (a, b) = (Counting::new(), Counting::new());
    assert_eq!(a.poll(&mut one), Poll::Pending);
    assert_eq!(b.poll(&mut two), Poll::Pending);
    handle.send(1);
    assert_eq!((a.wakes(), b.wakes()), (1, 1));
    handle.send(2);
    assert_eq!(a.poll(&mut one), Poll::Ready(Some(1)));
    assert_eq!(b.poll(&mut two), Poll::Ready(Some(2)));
    assert_eq!(a.poll(&mut one), Poll::Pending);
    assert_eq!(b.poll(&mut two), Poll::Pending);
    assert_eq!(handle.polls(), 4, "a pending source is polled once");
    handle.end();
    assert_eq!((a.wakes(), b.wakes()), (2, 2));
    assert_eq!(a.poll(&mut one), Poll::Ready(None));
    assert!(one.is_terminated() && !two.is_terminated());
    assert_eq!(b.poll(&mut two), Poll::Ready(None));
    assert!(two.is_terminated());
    assert_eq!(one.clone().next_now(), Poll::Ready(None));
    assert_eq!(handle.polls(), 5, "the source is not polled after its end");
}

#[test]
fn woken_clone_that_rests_keeps_no_item() {
    for idle_index in 0..3 {
        let (handle, source) = script();
        let one = source.sharable();
        let mut clones = vec![one.clone(), one.clone(), one];
        let task = Counting::new();
        for clone in &mut clones {
            assert_eq!(task.poll(clone), Poll::Pending);
        }
        handle.send(0);
        let idle = clones.remove(idle_index);
        for item in 0..10 {
            let taker = item % 2;
            assert_eq!(task.poll(&mut clones[taker]), Poll::Ready(Some(item)));
            for clone in &mut clones {
                assert_eq!(task.poll(clone), Poll::Pending);
            }
            let before = task.wakes();
            handle.send(item + 1);
            assert_eq!(task.wakes(), before + 2, "both waiting clones are woken");
        }
        drop(idle);
    }
}

#[test]
fn dropped_next_takes_its_waker_back() {
    let (handle, source) = script();
    let mut one = source.sharable();
    let mut two = one.clone();
    let (dropped, waiting) = (Counting::new(), Counting::new());
    let mut next = Box::pin(one.next());
    assert!(next.as_mut().poll(&mut Context::from_waker(dropped.waker())).is_pending());
    assert!(waiting.poll(&mut two).is_pending());
    drop(next);
    handle.send(1);
    assert_eq!((dropped.wakes(), waiting.wakes()), (0, 1));
    assert_eq!(waiting.poll(&mut two), Poll::Ready(Some(1)));
    // The other clone waits behind it in the queue.
    assert!(waiting.poll(&mut two).is_pending());
    let mut next = Box::pin(one.next());
    assert!(next.as_mut().poll(&mut Context::from_waker(dropped.waker())).is_pending());
    drop(next);
    handle.send(2);
    assert_eq!((dropped.wakes(), waiting.wakes()), (0, 2));
    assert_eq!(waiting.poll(&mut two), Poll::Ready(Some(2)));
    let again = pin!(one.next());
    assert!(again.poll(&mut Context::from_waker(dropped.waker())).is_pending());
}

trait NextNow: Stream + Unpin + Sized {
    fn next_now(mut self) -> Poll<Option<Self::Item>> {
        next(&mut self)
    }
}

impl<S: Stream + Unpin> NextNow for S {}

#[test]
fn first_polled_clone_takes_ready_item() {
    let (handle, source) = script();
    let mut one = source.sharable();
    let mut two = one.clone();
    let a = Counting::new();
    assert_eq!(a.poll(&mut one), Poll::Pending);
    handle.send(1);
    assert_eq!(next(&mut two), Poll::Ready(Some(1)));
    // The woken clone finds the item taken and waits again.
    assert_eq!(a.poll(&mut one), Poll::Pending);
    let wakes = a.wakes();
    handle.send(2);
    assert!(a.wakes() > wakes);
    assert_eq!(a.poll(&mut one), Poll::Ready(Some(2)));
}

#[test]
fn latest_waker_is_woken() {
    let (handle, source) = script();
    let mut one = source.sharable();
    let _two = one.clone();
    let (old, new) = (Counting::new(), Counting::new());
    assert_eq!(old.poll(&mut one), Poll::Pending);
    assert_eq!(new.poll(&mut one), Poll::Pending);
    handle.send(1);
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    assert_eq!(new.poll(&mut one), Poll::Ready(Some(1)));
}

#[test]
fn panicked_source_hangs_no_clone() {
    let (handle, source) = script::<u8>();
    let mut one = source.sharable();
    let mut two = one.clone();
    let (a, b) = (Counting::new(), Counting::new());
    assert_eq!(a.poll(&mut one), Poll::Pending);
    assert_eq!(b.poll(&mut two), Poll::Pending);
    handle.panic();
    assert!(panics(|| a.poll(&mut one)));
    assert!(b.wakes() > 0);

    // A source that still works after a panic is polled again.
    let mut left = 4;
    let mut one = stream::poll_fn(move |_| {
        left -= 1;
        assert_ne!(left, 2, "source panics");
        Poll::Ready((left > 0).then_some(left))
    })
    .sharable();
    let mut two = one.clone();
    assert_eq!(next(&mut one), Poll::Ready(Some(3)));
    assert!(panics(|| next(&mut two)));
    assert_eq!(next(&mut one), Poll::Ready(Some(1)));
    assert_eq!(next(&mut two), Poll::Ready(None));
    assert_eq!(next(&mut one), Poll::Ready(None));
}

#[test]
fn panicking_waker_hangs_no_clone() {
    let ledger = Ledger::new();
    let (handle, source) = script();
    let mut one = source.sharable();
    let mut two = one.clone();
    let faulty = on_wake(|| panic!("wake panics"));
    assert!(poll(&mut two, &faulty).is_pending());
    let mut items = ledger.items(3);
    let mut send = || handle.send(items.next().expect("three items are sent"));
    assert!(panics(&mut send));
    let Poll::Ready(Some(first)) = poll(&mut two, &faulty) else { panic!("an item is ready") };
    assert_eq!(values(&[first]), [0]);

    // Both clones wait. The waker of the first panics, and the second is still woken.
    let other = Counting::new();
    assert!(poll(&mut two, &faulty).is_pending());
    assert!(other.poll(&mut one).is_pending());
    assert!(panics(&mut send));
    assert_eq!(other.wakes(), 1);
    let Poll::Ready(Some(second)) = other.poll(&mut one) else { panic!("an item is ready") };
    assert_eq!(values(&[second]), [1]);
    let task = Counting::new();
    assert!(task.poll(&mut two).is_pending());
    send();
    assert_eq!(task.wakes(), 1);
    assert!(task.poll(&mut two).is_ready());
    handle.end();
    assert!(matches!(next(&mut one), Poll::Ready(None)));
    assert!(matches!(next(&mut two), Poll::Ready(None)));
    ledger.assert_all_dropped();
}

#[test]
fn dropped_at_any_step_frees_each_item_once() {
    for steps in 0..5 {
        let ledger = Ledger::new();
        let (handle, source) = script::<Tracked>();
        let mut one = source.sharable();
        let mut two = one.clone();
        ledger.items(3).for_each(|item| handle.send(item));
        let task = Counting::new();
        for step in 0..steps {
            drop(task.poll(if step % 2 == 0 { &mut one } else { &mut two }));
        }
        let waker = handle.take_waker();
        drop(one);
        assert!(!handle.is_dropped());
        drop(two);
        assert!(handle.is_dropped(), "the last clone drops the source");
        if let Some(waker) = waker {
            waker.wake();
        }
        assert_eq!((task.wakes(), task.held()), (0, 0));
        drop(handle);
        ledger.assert_all_dropped();
    }
}

#[test]
fn last_clone_can_return_source() {
    let ledger = Ledger::new();
    let (handle, source) = script();
    let mut one = source.sharable();
    let mut two = one.clone();
    ledger.items(3).for_each(|item| handle.send(item));
    assert!(next(&mut one).is_ready());
    let Err(mut one) = one.try_into_inner() else { panic!("a second clone exists") };
    assert!(next(&mut two).is_ready());
    drop(two);
    assert!(next(&mut one).is_ready());
    let task = Counting::new();
    assert!(task.poll(&mut one).is_pending());
    let Ok(mut source) = one.try_into_inner() else { panic!("this is the last clone") };
    assert!(!handle.is_dropped());
    assert_eq!(task.held(), 0, "no waker is left");
    handle.send(ledger.item(7));
    let Poll::Ready(Some(item)) = next(&mut source) else { panic!("an item is ready") };
    assert_eq!(values(&[item]), [7]);
    drop((source, handle));
    ledger.assert_all_dropped();

    // The same after the end of the source.
    let (handle, source) = scripted([1]);
    let mut one = source.sharable();
    assert_eq!(next(&mut one), Poll::Ready(Some(1)));
    assert_eq!(next(&mut one), Poll::Ready(None));
    assert!(!handle.is_dropped());
    assert!(one.try_into_inner().is_ok());
}

#[test]
fn clones_given_up_last_returns_source() {
    let (handle, source) = scripted([1, 2]);
    let mut one = source.sharable();
    let two = one.clone();
    assert_eq!(next(&mut one), Poll::Ready(Some(1)));
    assert!(one.into_inner().is_none() && !handle.is_dropped());
    let mut source = two.into_inner().expect("this is the last clone");
    assert_eq!(next(&mut source), Poll::Ready(Some(2)));
    drop(source);
    assert!(handle.is_dropped());
}

#[test]
fn size_hint_is_at_most_that_of_source() {
    let (_handle, source) = scripted(0..3);
    let mut one = source.sharable();
    let mut two = one.clone();
    for left in (0..3).rev() {
        assert!(next(&mut one).is_ready());
        assert_eq!(one.size_hint(), (0, Some(left)));
        assert_eq!(two.size_hint(), (0, Some(left)));
    }
    assert_eq!(next(&mut one), Poll::Ready(None));
    assert_eq!(one.size_hint(), (0, Some(0)));
    assert_eq!(two.size_hint(), (0, Some(0)));
    assert_eq!(next(&mut two), Poll::Ready(None));
    let (_handle, source) = script::<u8>();
    assert_eq!(source.sharable().size_hint(), (0, None));
}

#[test]
fn source_may_be_pinned_or_panic_in_drop() {
    let numbers = stream::unfold(0, |i| async move { (i < 3).then_some((i, i + 1)) });
    let mut one = numbers.sharable();
    let mut two = one.clone();
    assert_eq!(next(&mut one), Poll::Ready(Some(0)));
    assert_eq!(next(&mut two), Poll::Ready(Some(1)));
    let (_handle, source) = script::<u8>();
    let one = PanicOnDrop(source).sharable();
    let two = one.clone();
    drop(one);
    assert!(panics(|| drop(two)));
}

#[test]
fn debug_shows_state_and_no_items() {
    struct Opaque;
    let (_handle, source) = scripted([Opaque]);
    let mut one = source.sharable();
    assert_eq!(format!("{one:?}"), "Sharable { ended: false, .. }");
    assert!(next(&mut one).is_ready());
    assert!(next(&mut one).is_ready());
    assert_eq!(format!("{one:?}"), "Sharable { ended: true, .. }");
}

/// Each clone is read by its own thread. Each item arrives once, in order within a thread.
#[test]
fn clones_on_threads_share_items() {
    const ITEMS: u32 = 20_000;
    for ready in [true, false] {
        let (handle, source) = if ready { scripted(0..ITEMS) } else { script() };
        let sender = (!ready).then(|| {
            thread::spawn(move || {
                (0..ITEMS).for_each(|item| handle.send(item));
                handle.end();
            })
        });
        let one = source.sharable();
        let takers = [one.clone(), one.clone(), one].map(|clone| {
            thread::spawn(move || futures_executor::block_on(clone.collect::<Vec<u32>>()))
        });
        let mut all = Vec::new();
        for taker in takers {
            let items = taker.join().expect("the thread only takes");
            assert!(items.is_sorted());
            all.extend(items);
        }
        all.sort_unstable();
        assert!((0..ITEMS).eq(all));
        if let Some(sender) = sender {
            sender.join().expect("the thread only sends");
        }
    }
}
