//! The bounded list.

use core::hint::black_box;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use aiter_adapters::bounded;

use super::{BURST, LISTENING, Marks};

const CAP: usize = 1024;

/// An item pushed and read by each of `N` cursors.
pub(super) fn bursts<const N: usize>(times: u64, marks: Marks<'_>) {
    let (pusher, first) = bounded(CAP);
    let mut cursors: Vec<_> = (1..N).map(|_| first.fork()).collect();
    cursors.push(first);
    let mut burst = || {
        for n in 0..BURST {
            pusher.try_push(black_box(n)).expect(LISTENING);
        }
        for cursor in &mut cursors {
            while let Ok(item) = cursor.try_next() {
                black_box(item);
            }
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}

/// An item pushed by the future of `push`, which finds room, and read.
pub(super) fn awaited(times: u64, marks: Marks<'_>) {
    let (pusher, mut cursor) = bounded(CAP);
    let mut cx = Context::from_waker(Waker::noop());
    let mut burst = || {
        for n in 0..BURST {
            let pushed = pin!(pusher.push(black_box(n))).poll(&mut cx);
            assert!(matches!(pushed, Poll::Ready(Ok(()))), "there is room");
        }
        while let Ok(item) = cursor.try_next() {
            black_box(item);
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}
