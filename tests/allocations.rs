//! Allocations of the adapters, counted by the allocator on the thread of the test.

use aiter::{AiterExt, BlockOn, BlockOnIdle, OnError, aiter_to_iter, bounded, park_thread};
use allocation_counter::measure;
use core::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use futures_core::Stream;

/// Rounds before a measurement, so that every queue has grown to its final size.
const WARM_UP: usize = 1000;
const ROUNDS: usize = 10_000;

fn next<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

/// Checks that `round` does not allocate after the warm-up.
#[track_caller]
fn assert_none(what: &str, mut round: impl FnMut()) {
    (0..WARM_UP).for_each(|_| round());
    let used = measure(|| (0..ROUNDS).for_each(|_| round()));
    assert_eq!((used.count_total, used.count_current), (0, 0), "{what}: {used:?}");
}

/// A stream of `left` items and of at least `SIZE` bytes.
struct Items<const SIZE: usize = 1> {
    left: usize,
    _bulk: [u8; SIZE],
}

fn items<const SIZE: usize>(left: usize) -> Items<SIZE> {
    Items { left, _bulk: [0; SIZE] }
}

impl<const SIZE: usize> Stream for Items<SIZE> {
    type Item = usize;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<usize>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        Poll::Ready(Some(self.left))
    }
}

/// An endless stream, and a future, that is pending at every other poll and wakes itself.
#[derive(Default)]
struct Yielding(bool);

impl Yielding {
    fn poll_alternating(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0 = !self.0;
        if self.0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl Stream for Yielding {
    type Item = Result<u8, u8>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_alternating(cx).map(|()| Some(Ok(1)))
    }
}

impl Future for Yielding {
    type Output = u8;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u8> {
        self.poll_alternating(cx).map(|()| 1)
    }
}

/// A stream over an iterator that is never pending.
struct Ready<I>(I);

impl<I> Unpin for Ready<I> {}

impl<I: Iterator> Stream for Ready<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.0.next())
    }
}

#[test]
fn join_allocates_nothing_per_item() {
    let mut ready = Ready((0..50).map(|_| items::<1>(usize::MAX))).join_streams();
    assert_none("ready", || assert!(next(&mut ready).is_ready()));

    let mut woken = Ready((0..50).map(|_| Yielding::default())).join_streams();
    assert_none("woken", || {
        let _ = next(&mut woken);
    });

    let mut keyed = Ready((0..50).map(|key| (key, Yielding::default()))).join_streams().keyed();
    assert_none("keyed", || {
        let _ = next(&mut keyed);
    });

    let inners = (0..50).map(|_| Ok::<_, u8>(Yielding::default()));
    let mut fallible = Ready(inners).try_join_streams(OnError::Stop);
    assert_none("fallible", || {
        let _ = next(&mut fallible);
    });
}

#[test]
fn join_reuses_memory_of_ended_streams() {
    let streams = Ready((0..).map(|i| items::<64>(i % 4))).join_streams();
    let mut join = streams.max_inner(30);
    assert_none("30 at a time", || assert!(next(&mut join).is_ready()));
}

#[test]
fn join_wakeups_allocate_and_free_nothing() {
    thread_local! {
        static WAKERS: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
    }
    struct Waiting;
    impl Stream for Waiting {
        type Item = u8;
        fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u8>> {
            WAKERS.with_borrow_mut(|wakers| {
                if wakers.len() < 20 {
                    wakers.push(cx.waker().clone());
                }
            });
            Poll::Pending
        }
    }
    let mut join = Ready((0..20).map(|_| Waiting)).join_streams();
    assert!(next(&mut join).is_pending());
    let wakers = WAKERS.take();
    assert_eq!(wakers.len(), 20);
    assert_none("wake-ups and their polls", || {
        wakers.iter().for_each(Waker::wake_by_ref);
        assert!(next(&mut join).is_pending());
        WAKERS.with_borrow_mut(Vec::clear);
    });
}

#[test]
fn join_frees_ended_streams() {
    const STREAMS: usize = 1000;
    const SIZE: usize = 4096;
    /// Upper bound on the bytes per inner stream for its number, waker and queue entries.
    const SLOT: usize = 256;
    let mut kept = None;
    let used = measure(|| {
        // The join opens a stream per item read, so 20 items keep the first stream open.
        let inners = (0..STREAMS).map(|_| items::<SIZE>(20));
        // The last stream never ends, so that the join does not end.
        let last = core::iter::once(items::<SIZE>(usize::MAX));
        let mut join = Ready(inners.chain(last)).join_streams();
        while join.get_ref().is_some() || join.open() > 1 {
            let _ = next(&mut join);
        }
        kept = Some(join);
    });
    assert!(used.bytes_max as usize > STREAMS * SIZE, "{used:?}: all streams must be open at once");
    let max = 20 * SIZE + STREAMS * SLOT;
    assert!((used.bytes_current as usize) < max, "{used:?}: memory of ended streams must be freed");
    drop(kept);
}

#[test]
fn map_par_allocates_nothing_per_item() {
    let mut ready = Ready(0..).map_par(8, core::future::ready::<u32>);
    assert_none("ready", || assert!(next(&mut ready).is_ready()));
    let mut woken = Ready(0..).map_par(8, |_: u32| Yielding::default());
    assert_none("woken", || {
        let _ = next(&mut woken);
    });
    let mut ordered = Ready(0..).map_par(8, |_: u32| Yielding::default()).ordered();
    assert_none("in order", || {
        let _ = next(&mut ordered);
    });
}

#[test]
fn single_fork_allocates_nothing_per_item() {
    let mut one = Ready(0_u32..).forker();
    assert_none("ready", || assert!(next(&mut one).is_ready()));
    let mut one = Yielding::default().forker();
    assert_none("woken", || {
        let _ = next(&mut one);
    });
}

#[test]
fn forks_free_read_blocks() {
    let mut one = Ready(0_u32..).forker();
    let mut two = one.fork();
    let mut round = || {
        assert!(next(&mut one).is_ready());
        assert!(next(&mut two).is_ready());
    };
    (0..WARM_UP).for_each(|_| round());
    let used = measure(|| (0..ROUNDS).for_each(|_| round()));
    assert!((used.count_total as usize) < ROUNDS / 8, "{used:?}: a block must hold many items");
    assert!(used.bytes_current.abs() < 4096, "{used:?}: read blocks must be freed");
}

#[test]
fn sharable_allocates_nothing_per_item() {
    let mut one = Yielding::default().sharable();
    let mut two = one.clone();
    assert_none("two clones", || {
        let _ = next(&mut one);
        let _ = next(&mut two);
    });
}

#[test]
fn preallocated_bounded_list_allocates_nothing() {
    for cap in (1..130).chain([300]) {
        let (pusher, mut cursor) = bounded(cap);
        pusher.preallocate();
        let used = measure(|| {
            for round in 0..300 {
                while pusher.try_push(1_u8).is_ok() {}
                (0..=round % cap).for_each(|_| assert_eq!(cursor.try_next(), Ok(1)));
            }
        });
        assert_eq!(used.count_total, 0, "cap {cap}");
    }
}

#[test]
fn blocking_iterator_allocates_nothing_per_item() {
    let mut ready = aiter_to_iter(Ready(0..), park_thread);
    assert_none("ready", || assert!(ready.next().is_some()));
    let mut woken = aiter_to_iter(Yielding::default(), park_thread);
    assert_none("self-waking", || assert!(woken.next().is_some()));
    let mut timed = BlockOn::new().iter(Yielding::default());
    assert_none("with a timeout", || {
        assert!(timed.next_timeout(Duration::from_secs(60)).is_ok());
    });
    let mut idle = BlockOnIdle::new(|_| unreachable!()).iter(Yielding::default());
    assert_none("without an operating system", || assert!(idle.next().is_some()));
    let mut closure = aiter_to_iter(Yielding::default(), |next| futures_executor::block_on(next));
    assert_none("block_on of futures", || assert!(closure.next().is_some()));
}

#[test]
fn sleeping_iterator_allocates_nothing_per_item() {
    let (request, requests) = std::sync::mpsc::sync_channel::<()>(1);
    let (pusher, cursor) = aiter::push_list();
    let echo = std::thread::spawn(move || {
        for () in requests {
            std::thread::sleep(Duration::from_micros(50));
            pusher.push(1_u8).expect("list must accept the item");
        }
    });
    let mut items = aiter_to_iter(cursor, park_thread);
    let mut round = || {
        request.send(()).expect("echo thread must run");
        assert_eq!(items.next(), Some(1));
    };
    (0..300).for_each(|_| round());
    let used = measure(|| (0..1000).for_each(|_| round()));
    // If the echo thread is preempted inside `wake`, the cursor registers another node.
    assert!(used.count_total <= 2, "{used:?}");
    drop(request);
    echo.join().expect("echo thread must not fail");
}
