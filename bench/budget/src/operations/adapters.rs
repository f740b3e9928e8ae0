//! The adapters, and blocking.

use core::hint::black_box;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use aiter_adapters::AiterExt;
use aiter_core::push_list;
use aiter_executor_compat::{aiter_to_iter, park_thread};
use futures_core::Stream;
use futures_util::{FutureExt, StreamExt, stream};

use super::{BURST, LISTENING, Marks};

const STREAMS: u64 = 100;

/// Takes `items` items of a stream that wakes itself whenever it is not ready.
fn take(mut stream: Pin<&mut (impl Stream<Item = u64> + ?Sized)>, items: u64) {
    let mut cx = Context::from_waker(Waker::noop());
    let mut taken = 0;
    while taken < items {
        if let Poll::Ready(item) = stream.as_mut().poll_next(&mut cx) {
            black_box(item.expect("the stream is endless"));
            taken += 1;
        }
    }
}

pub(super) fn forker(times: u64, marks: Marks<'_>) {
    let first = stream::iter(0_u64..).forker();
    let mut forks = [first.clone(), first];
    let mut deliver = |items: u64| {
        for _ in 0..items {
            for fork in &mut forks {
                take(Pin::new(fork), 1);
            }
        }
    };
    deliver(1000);
    marks(&mut || deliver(times / 2));
}

pub(super) fn forker_burst(times: u64, marks: Marks<'_>) {
    let first = stream::iter(0..times / 2).chain(stream::pending()).forker();
    let mut forks = [first.clone(), first];
    marks(&mut || {
        // Each fork is read until it would sleep, so that all memory is freed.
        for fork in &mut forks {
            while let Some(Some(item)) = fork.next().now_or_never() {
                black_box(item);
            }
        }
    });
}

pub(super) fn join_ready(times: u64, marks: Marks<'_>) {
    let streams = stream::iter((0..STREAMS).map(|_| stream::iter(0_u64..)));
    let mut joined = pin!(streams.join_streams());
    take(joined.as_mut(), 10 * STREAMS);
    marks(&mut || take(joined.as_mut(), times));
}

pub(super) fn join_woken(times: u64, marks: Marks<'_>) {
    let (pushers, cursors): (Vec<_>, Vec<_>) = (0..STREAMS).map(|_| push_list()).unzip();
    let mut joined = pin!(stream::iter(cursors).join_streams());
    let mut cx = Context::from_waker(Waker::noop());
    let mut round = |n: u64| {
        // All lists, with a stride.
        let pusher = &pushers[(n * 37 % STREAMS) as usize];
        pusher.push(black_box(n)).expect(LISTENING);
        while let Poll::Ready(item) = joined.as_mut().poll_next(&mut cx) {
            black_box(item);
        }
    };
    (0..100 * STREAMS).for_each(&mut round);
    marks(&mut || (0..times).for_each(&mut round));
}

pub(super) fn map_par(times: u64, marks: Marks<'_>) {
    let results = stream::iter(0_u64..).map_par(16, |n| async move { black_box(n) });
    let mut results = pin!(results);
    take(results.as_mut(), 1000);
    marks(&mut || take(results.as_mut(), times));
}

pub(super) fn map_par_yielding(times: u64, marks: Marks<'_>) {
    let results = stream::iter(0_u64..).map_par(16, |n| async move {
        let mut waited = false;
        core::future::poll_fn(|cx| {
            if core::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        black_box(n)
    });
    let mut results = pin!(results);
    take(results.as_mut(), 1000);
    marks(&mut || take(results.as_mut(), times));
}

pub(super) fn map_par_ordered(times: u64, marks: Marks<'_>) {
    let results = stream::iter(0_u64..).map_par(16, |n| async move { black_box(n) });
    let mut results = pin!(results.ordered());
    take(results.as_mut(), 1000);
    marks(&mut || take(results.as_mut(), times));
}

pub(super) fn to_iter_of_list(times: u64, marks: Marks<'_>) {
    let (pusher, cursor) = push_list();
    let mut items = aiter_to_iter(cursor, park_thread);
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        for _ in 0..BURST {
            black_box(items.next());
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}

pub(super) fn to_iter_of_iter(times: u64, marks: Marks<'_>) {
    let mut items = aiter_to_iter(stream::iter(0_u64..), park_thread);
    black_box(items.next());
    marks(&mut || {
        for _ in 0..times {
            black_box(items.next());
        }
    });
}
