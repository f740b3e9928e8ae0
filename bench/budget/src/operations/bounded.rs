//! The bounded list and the lossy list.

use core::hint::black_box;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use aiter_adapters::{LossyPolicy, bounded, bounded_lossy};

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

/// An item that needs a drop.
#[derive(Clone)]
pub(super) struct Owned(u64);

impl Drop for Owned {
    fn drop(&mut self) {
        black_box(self.0);
    }
}

impl From<u64> for Owned {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

/// An item pushed into a lossy list with room for one, and read by a cursor. `STUCK` other cursors
/// read nothing.
pub(super) fn lossy<T, const STUCK: usize>(times: u64, marks: Marks<'_>)
where
    T: Clone + Sync + From<u64>,
{
    let (pusher, mut cursor) = bounded_lossy(1, LossyPolicy::DropOldest);
    let stuck: Vec<_> = (0..STUCK).map(|_| cursor.fork()).collect();
    let mut each = |number: u64| {
        assert!(pusher.push(T::from(black_box(number))).is_ok(), "{LISTENING}");
        drop(black_box(cursor.try_next()));
    };
    (0..6400).for_each(&mut each);
    marks(&mut || (0..times).for_each(&mut each));
    drop(stuck);
}

/// An item pushed into a lossy list with room for one, whose two cursors read nothing.
pub(super) fn lossy_unread<T: Clone + Sync + From<u64>>(times: u64, marks: Marks<'_>) {
    let (pusher, cursor) = bounded_lossy(1, LossyPolicy::DropOldest);
    let stuck = cursor.fork();
    let each = |number: u64| {
        assert!(pusher.push(T::from(black_box(number))).is_ok(), "{LISTENING}");
    };
    (0..6400).for_each(each);
    marks(&mut || (0..times).for_each(each));
    drop((cursor, stuck));
}
