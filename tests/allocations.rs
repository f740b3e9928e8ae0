//! What the adapters allocate and keep, counted by the allocator on the test's own thread.

use aiter::{AiterExt, BlockOn, BlockOnIdle, OnError, aiter_to_iter, park_thread};
use allocation_counter::measure;
use core::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use futures_core::Stream;

/// Rounds before a measure is taken, so that every queue has the room it will ever need.
const WARM_UP: usize = 1000;
const ROUNDS: usize = 10_000;

fn next<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

/// Runs `round` often; it must not allocate any more.
#[track_caller]
fn assert_none(what: &str, mut round: impl FnMut()) {
    (0..WARM_UP).for_each(|_| round());
    let seen = measure(|| (0..ROUNDS).for_each(|_| round()));
    assert_eq!((seen.count_total, seen.count_current), (0, 0), "{what}: {seen:?}");
}

/// Has so many items, and `SIZE` bytes.
struct Few<const SIZE: usize = 1> {
    left: usize,
    _bulk: [u8; SIZE],
}

fn few<const SIZE: usize>(left: usize) -> Few<SIZE> {
    Few { left, _bulk: [0; SIZE] }
}

impl<const SIZE: usize> Stream for Few<SIZE> {
    type Item = usize;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<usize>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        Poll::Ready(Some(self.left))
    }
}

/// Wakes itself, then is ready; for ever.
#[derive(Default)]
struct Restless(bool);

impl Restless {
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0 = !self.0;
        if self.0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl Stream for Restless {
    type Item = Result<u8, u8>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.turn(cx).map(|()| Some(Ok(1)))
    }
}

impl Future for Restless {
    type Output = u8;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u8> {
        self.turn(cx).map(|()| 1)
    }
}

/// What an iterator has, always ready.
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
    let mut ready = Ready((0..50).map(|_| few::<1>(usize::MAX))).join_streams();
    assert_none("ready", || assert!(next(&mut ready).is_ready()));

    let mut woken = Ready((0..50).map(|_| Restless::default())).join_streams();
    assert_none("woken", || {
        let _ = next(&mut woken);
    });

    let mut keyed = Ready((0..50).map(|key| (key, Restless::default()))).join_streams().keyed();
    assert_none("keyed", || {
        let _ = next(&mut keyed);
    });

    let inners = (0..50).map(|_| Ok::<_, u8>(Restless::default()));
    let mut fallible = Ready(inners).try_join_streams(OnError::Stop);
    assert_none("fallible", || {
        let _ = next(&mut fallible);
    });
}

#[test]
fn join_reuses_memory_of_ended_streams() {
    let streams = Ready((0..).map(|i| few::<64>(i % 4))).join_streams();
    let mut join = streams.max_inner(30);
    assert_none("30 at a time", || assert!(next(&mut join).is_ready()));
}

#[test]
fn join_wakeups_allocate_and_free_nothing() {
    thread_local! {
        static WAKERS: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
    }
    struct Waits;
    impl Stream for Waits {
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
    let mut join = Ready((0..20).map(|_| Waits)).join_streams();
    assert!(next(&mut join).is_pending());
    let wakers = WAKERS.take();
    assert_eq!(wakers.len(), 20);
    assert_none("wakes and the polls they cause", || {
        wakers.iter().for_each(Waker::wake_by_ref);
        assert!(next(&mut join).is_pending());
        WAKERS.with_borrow_mut(Vec::clear);
    });
}

#[test]
fn join_frees_ended_streams() {
    const STREAMS: usize = 1000;
    const SIZE: usize = 4096;
    /// The number of a stream, its waker and its places in the queues.
    const SLOT: usize = 256;
    let mut kept = None;
    let seen = measure(|| {
        // A join that hands out an item opens one stream. With 20 items, the first stream outlasts that.
        let inners = (0..STREAMS).map(|_| few::<SIZE>(20));
        // One more that never ends, so that the join goes on.
        let last = core::iter::once(few::<SIZE>(usize::MAX));
        let mut join = Ready(inners.chain(last)).join_streams();
        while join.get_ref().is_some() || join.open() > 1 {
            let _ = next(&mut join);
        }
        kept = Some(join);
    });
    assert!(seen.bytes_max as usize > STREAMS * SIZE, "{seen:?}: all were open");
    let most = 20 * SIZE + STREAMS * SLOT;
    assert!((seen.bytes_current as usize) < most, "{seen:?}: kept for one stream");
    drop(kept);
}

#[test]
fn map_par_allocates_nothing_per_item() {
    let mut ready = Ready(0..).map_par(8, core::future::ready::<u32>);
    assert_none("ready", || assert!(next(&mut ready).is_ready()));
    let mut woken = Ready(0..).map_par(8, |_: u32| Restless::default());
    assert_none("woken", || {
        let _ = next(&mut woken);
    });
    let mut ordered = Ready(0..).map_par(8, |_: u32| Restless::default()).ordered();
    assert_none("in order", || {
        let _ = next(&mut ordered);
    });
}

#[test]
fn single_fork_allocates_nothing_per_item() {
    let mut one = Ready(0_u32..).forker();
    assert_none("ready", || assert!(next(&mut one).is_ready()));
    let mut one = Restless::default().forker();
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
    let seen = measure(|| (0..ROUNDS).for_each(|_| round()));
    assert!((seen.count_total as usize) < ROUNDS / 8, "{seen:?}: a block is for many items");
    assert!(seen.bytes_current.abs() < 4096, "{seen:?}: those that were read are freed");
}

#[test]
fn sharable_allocates_nothing_per_item() {
    let mut one = Restless::default().sharable();
    let mut two = one.clone();
    assert_none("two clones", || {
        let _ = next(&mut one);
        let _ = next(&mut two);
    });
}

#[test]
fn blocking_iterator_allocates_nothing_per_item() {
    let mut ready = aiter_to_iter(Ready(0..), park_thread);
    assert_none("ready", || assert!(ready.next().is_some()));
    let mut woken = aiter_to_iter(Restless::default(), park_thread);
    assert_none("woken by itself", || assert!(woken.next().is_some()));
    let mut timed = BlockOn::new().iter(Restless::default());
    assert_none("with a timeout", || {
        assert!(timed.next_timeout(Duration::from_secs(60)).is_ok());
    });
    let mut idle = BlockOnIdle::new(|_| unreachable!()).iter(Restless::default());
    assert_none("without an operating system", || assert!(idle.next().is_some()));
    let mut closure = aiter_to_iter(Restless::default(), |next| futures_executor::block_on(next));
    assert_none("somebody else's block_on", || assert!(closure.next().is_some()));
}

#[test]
fn sleeping_iterator_allocates_nothing_per_item() {
    let (ask, asked) = std::sync::mpsc::sync_channel::<()>(1);
    let (pusher, cursor) = aiter::push_list();
    let echo = std::thread::spawn(move || {
        for () in asked {
            std::thread::sleep(Duration::from_micros(50));
            pusher.push(1_u8).expect("the cursor is alive");
        }
    });
    let mut items = aiter_to_iter(cursor, park_thread);
    let mut round = || {
        ask.send(()).expect("the echo listens");
        assert_eq!(items.next(), Some(1));
    };
    (0..300).for_each(|_| round());
    let seen = measure(|| (0..1000).for_each(|_| round()));
    // If the echo is preempted inside the waker, the cursor sleeps with one more node.
    assert!(seen.count_total <= 2, "{seen:?}");
    drop(ask);
    echo.join().expect("it only pushes");
}
