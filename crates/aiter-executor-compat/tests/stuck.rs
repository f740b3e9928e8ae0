//! Waits that nothing can end panic with advice. Other waits do not panic.

extern crate alloc;

use alloc::sync::Arc;
use core::{
    any::Any,
    cell::Cell,
    future::{pending, poll_fn},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::atomic::{AtomicU32, Ordering},
    task::{Poll, Waker},
    time::Duration,
};
use std::{
    panic::{self, catch_unwind},
    sync::{Mutex, Once, mpsc},
    thread,
    time::Instant,
};

use aiter_adapters::{AiterExt, TaskOutcome, iter_to_aiter};
use aiter_executor_compat::{
    AiterToIter, BlockOn, BlockOnNext, Elapsed, aiter_to_iter, allow_blocking, forbid_blocking,
    park_thread, unblock_iter,
};
use futures_util::{Stream, StreamExt, stream};

/// Maximum time until a panic.
const MAX_DELAY: Duration = Duration::from_secs(1);
/// A time that exceeds the delay of a ready item.
const SHORT: Duration = Duration::from_millis(20);

/// Returns 300 items of a tokio channel, which uses up the cooperative budget of a task.
fn queued() -> impl Stream<Item = u32> + Send + Unpin {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    for n in 0..300 {
        sender.send(n).expect("the receiver is alive");
    }
    stream::poll_fn(move |cx| receiver.poll_recv(cx))
}

fn multi_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime")
}

fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
}

fn text(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().expect("a message")).to_owned(),
    }
}

thread_local! {
    /// Time of the latest panic of this thread.
    static FAILED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Records the time of each panic, because a hook that prints a backtrace may exceed the limit.
fn time_failures() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let show = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            FAILED.set(Some(Instant::now()));
            let text = info.payload().downcast_ref::<String>();
            if !text.is_some_and(|text| text.starts_with("aiter: ")) {
                show(info);
            }
        }));
    });
}

/// Reads until the iterator panics. Returns the number of items before the panic, and its message.
fn panics_soon<S: Stream, B: BlockOnNext<S>>(mut items: AiterToIter<S, B>) -> (usize, String) {
    time_failures();
    let (mut count, begin) = (0, Instant::now());
    let panic = catch_unwind(AssertUnwindSafe(|| {
        for _ in items.by_ref() {
            count += 1;
        }
    }))
    .expect_err("wait must panic");
    let took = FAILED.take().expect("panic hook must run") - begin;
    let text = text(panic);
    assert!(took < MAX_DELAY, "{took:?}: {text}");
    (count, text)
}

/// Asserts that the text contains the parts in this order.
#[track_caller]
fn assert_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest.find(part);
        rest = &rest[at.unwrap_or_else(|| panic!("{part:?} is not next in: {text}"))..];
    }
}

#[track_caller]
fn assert_no_waker(text: &str) {
    let cause =
        ["no clone of this thread's waker exists", "Likely cause: the producer was dropped"];
    let fix = ["drop every `Pusher`, or call `stop`, before the loop", "`.await` the items"];
    assert_order(text, &[cause, fix].concat());
    assert_order(text, &["tokio::task::spawn_blocking", "smol::unblock", "std::thread::spawn"]);
}

#[track_caller]
fn assert_max_wait(text: &str) {
    let cause = ["of `BlockOn::max_wait`", "Likely cause: a `Pusher`", "alive on this thread"];
    let fix = ["drop it, or call `stop`, before the loop", "cooperative budget"];
    assert_order(text, &[cause.as_slice(), &fix, &["`.await` the items"]].concat());
    assert_order(text, &["tokio::task::spawn_blocking", "smol::unblock", "std::thread::spawn"]);
}

#[track_caller]
fn assert_forbidden(text: &str) {
    assert_order(text, &["`forbid_blocking` guards", "tokio::task::spawn_blocking"]);
}

#[test]
fn waker_without_clone_panics() {
    let (count, message) =
        panics_soon(aiter_to_iter(stream::iter([1, 2]).chain(stream::pending()), park_thread));
    assert_eq!(count, 2);
    assert_no_waker(&message);
    assert!(catch_unwind(|| BlockOn::new().block_on(pending::<()>())).is_err());
    // A `max_wait` does not delay the panic.
    let (_, message) =
        panics_soon(BlockOn::new().max_wait(60 * MAX_DELAY).iter(stream::pending::<()>()));
    assert_no_waker(&message);
}

#[test]
fn waker_dropped_without_call_panics() {
    let (give, given) = mpsc::channel::<Waker>();
    let keeper = thread::spawn(move || {
        let waker = given.recv().expect("the stream sends it");
        thread::sleep(Duration::from_millis(250));
        drop(waker);
    });
    let mut polls = 0;
    let stream = stream::poll_fn(|cx| {
        polls += 1;
        give.send(cx.waker().clone()).expect("the keeper listens");
        Poll::<Option<()>>::Pending
    });
    let (_, message) = panics_soon(aiter_to_iter(stream, park_thread));
    assert_no_waker(&message);
    assert_eq!(polls, 1, "future must not be polled without a wake-up");
    keeper.join().expect("keeper must not panic");
}

#[test]
fn call_before_drop_of_waker_is_seen() {
    let slot = Arc::new(Mutex::new(Some(None::<Waker>)));
    let shared = Arc::clone(&slot);
    // Takes each waker, and wakes and drops it in one call.
    let caller = thread::spawn(move || {
        loop {
            match shared.lock().expect("no thread panics").as_mut() {
                Some(waker) => {
                    if let Some(waker) = waker.take() {
                        waker.wake();
                    }
                }
                None => return,
            }
            core::hint::spin_loop();
        }
    });
    for _ in 0..20_000 {
        let mut asked = false;
        BlockOn::new().block_on(poll_fn(|cx| {
            if asked {
                return Poll::Ready(());
            }
            asked = true;
            *slot.lock().expect("no thread panics") = Some(Some(cx.waker().clone()));
            Poll::Pending
        }));
    }
    *slot.lock().expect("no thread panics") = None;
    caller.join().expect("thread must not panic");
}

#[test]
fn feeder_on_guarded_thread_panics() {
    let read = || {
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        tokio::task::spawn_local(async move {
            for n in 0..300 {
                sender.send(n).expect("the receiver is alive");
                tokio::task::yield_now().await;
            }
        });
        stream::poll_fn(move |cx| receiver.poll_recv(cx))
    };
    let local = tokio::task::LocalSet::new();
    let messages = local.block_on(
        &current_thread(),
        forbid_blocking(async {
            // Ready items are returned.
            assert!(aiter_to_iter(stream::iter(0..3), park_thread).eq(0..3));
            [
                panics_soon(aiter_to_iter(read(), park_thread)),
                panics_soon(BlockOn::new().iter(read())),
                panics_soon(aiter_to_iter(read(), |next| pollster::block_on(next))),
                panics_soon(aiter_to_iter(read(), |next| futures_executor::block_on(next))),
            ]
        }),
    );
    for (count, message) in messages {
        assert_eq!(count, 0);
        assert_forbidden(&message);
    }
}

/// Returns items that another thread sends later.
fn delayed_items() -> impl Stream<Item = u32> {
    let (sender, receiver) = futures_channel::mpsc::unbounded();
    thread::spawn(move || {
        for n in 0..3 {
            thread::sleep(Duration::from_millis(5));
            sender.unbounded_send(n).expect("the receiver is alive");
        }
    });
    receiver
}

#[test]
fn forbid_panics_inside_its_future_only() {
    let runtime = multi_thread();
    runtime.block_on(forbid_blocking(async {
        let elsewhere =
            tokio::task::spawn_blocking(|| aiter_to_iter(delayed_items(), park_thread).count());
        assert_eq!(elsewhere.await.expect("thread must not panic"), 3);
        assert_eq!(allow_blocking(|| aiter_to_iter(delayed_items(), park_thread).count()), 3);
        assert!(catch_unwind(|| aiter_to_iter(delayed_items(), park_thread).count()).is_err());
        let allowed = catch_unwind(|| allow_blocking(|| panic!("inside allow_blocking")));
        assert!(allowed.is_err());
        assert!(catch_unwind(|| aiter_to_iter(delayed_items(), park_thread).count()).is_err());
    }));
    let broken = catch_unwind(|| {
        BlockOn::new().block_on(forbid_blocking(async { panic!("inside forbid_blocking") }))
    });
    assert!(broken.is_err());
    assert_eq!(aiter_to_iter(delayed_items(), park_thread).count(), 3);
    assert_eq!(format!("{:?}", forbid_blocking(async {})), "ForbidBlocking { .. }");
}

#[test]
fn max_wait_panics_at_its_end() {
    let (sender, receiver) = futures_channel::mpsc::unbounded::<()>();
    let (_, message) = panics_soon(BlockOn::new().max_wait(SHORT).iter(receiver));
    assert_order(&message, &["no item within the 20ms"]);
    assert_max_wait(&message);
    drop(sender);
    // A stream that wakes itself is never parked.
    let (_, message) = panics_soon(BlockOn::new().max_wait(SHORT).iter(yields_forever()));
    assert_max_wait(&message);

    assert!(BlockOn::new().max_wait(60 * MAX_DELAY).iter(delayed_items()).eq(0..3));
    assert!(BlockOn::new().max_wait(Duration::MAX).iter(delayed_items()).eq(0..3));
}

fn yields_forever() -> impl Stream<Item = ()> + Unpin {
    stream::poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

#[test]
fn live_pusher_on_looping_thread_panics() {
    let read = |cursor| panics_soon(BlockOn::new().max_wait(SHORT).iter(cursor));
    let (pusher, cursor) = aiter_core::push_list();
    pusher.push_all(0..3).expect("the cursor is alive");
    let (count, message) = read(cursor);
    assert_eq!(count, 3);
    assert_max_wait(&message);

    // The fixes that the message names end the wait.
    let (pusher, cursor) = aiter_core::push_list();
    let other = pusher.clone();
    pusher.push_all(0..3).expect("the cursor is alive");
    pusher.stop();
    assert!(aiter_to_iter(cursor.fork(), park_thread).eq(0..3));
    drop((pusher, other));
    assert!(aiter_to_iter(cursor, park_thread).eq(0..3));

    let (pusher, cursor) = aiter_core::push_list();
    pusher.push_all(0..3).expect("the cursor is alive");
    drop(pusher);
    assert!(aiter_to_iter(cursor, park_thread).eq(0..3));
}

/// The cooperative budget of tokio is 128 items per poll of a task.
#[test]
fn used_up_budget_panics_where_limited() {
    let read = || async {
        let mut items = BlockOn::new().iter(queued());
        assert!(items.by_ref().take(128).eq(0..128));
        assert_eq!(items.next_timeout(SHORT), Err(Elapsed));
        let (count, message) = panics_soon(BlockOn::new().max_wait(SHORT).iter(items.into_inner()));
        assert_eq!(count, 0);
        assert_max_wait(&message);
    };
    let guarded = || {
        forbid_blocking(async {
            let (count, message) = panics_soon(aiter_to_iter(queued(), park_thread));
            assert_eq!(count, 128);
            assert_forbidden(&message);
            let (count, message) =
                panics_soon(aiter_to_iter(queued(), |next| pollster::block_on(next)));
            assert_eq!(count, 0);
            assert_forbidden(&message);
        })
    };
    for runtime in [multi_thread(), current_thread()] {
        runtime.block_on(read());
        runtime.block_on(guarded());
        runtime.block_on(runtime.spawn(read())).expect("panics must be caught");
        runtime.block_on(runtime.spawn(guarded())).expect("panics must be caught");
        // tokio panics at the first item.
        let handle = runtime.handle();
        let (count, message) = runtime
            .block_on(async { panics_soon(aiter_to_iter(queued(), |next| handle.block_on(next))) });
        assert_eq!(count, 0);
        assert!(message.contains("within a runtime"), "{message}");
    }
}

/// The panic of the closure is reported by the outcome.
#[test]
fn unblock_iter_in_guarded_future_panics() {
    time_failures();
    let (mut items, thread) = unblock_iter(0..3, 1, |run| {
        thread::spawn(|| BlockOn::new().block_on(forbid_blocking(async { run() })))
    })
    .into_parts();
    assert_forbidden(&text(thread.join().expect_err("wait must panic")));
    assert_eq!(items.outcome(), Some(TaskOutcome::Panicked));
    assert_eq!(aiter_to_iter(&mut items, park_thread).count(), 0);
}

#[test]
fn next_with_panics_where_forbidden() {
    let mut items = aiter_to_iter(stream::iter([1]).chain(stream::pending()), park_thread);
    assert_eq!(items.next_with(pollster::block_on), Some(1));
    let guarded = async { catch_unwind(AssertUnwindSafe(|| items.next_with(pollster::block_on))) };
    let panic = pollster::block_on(forbid_blocking(guarded)).expect_err("wait must panic");
    assert_forbidden(&text(panic));
}

#[test]
fn next_with_stays_at_end() {
    // The stream is not fused: it would return items after its end.
    let mut left = 1;
    let odd = stream::poll_fn(|_| {
        left -= 1;
        Poll::Ready((left != 0).then_some(left))
    });
    let mut items = aiter_to_iter(odd, park_thread);
    assert_eq!(items.next_with(pollster::block_on), None);
    assert_eq!(items.next_with(pollster::block_on), None);
    assert_eq!(items.next(), None);
    assert_eq!(left, 0);
}

/// Slow, unusual or busy waits that end.
mod healthy_waits {
    use super::*;

    /// The wait list of this cell grows if polls use alternating wakers.
    #[test]
    fn slow_once_cell_ends_wait() {
        let cell = Arc::new(once_fn::AsyncOnceCell::new());
        let (started, starts) = mpsc::channel();
        let (finish, finished) = futures_channel::oneshot::channel();
        let first = Arc::clone(&cell);
        let init = thread::spawn(move || {
            pollster::block_on(first.get_or_init(async move || {
                started.send(()).expect("the test listens");
                finished.await.expect("the sleeper sends")
            }));
        });
        starts.recv().expect("initializer starts");
        let sleeper = thread::spawn(move || {
            thread::sleep(Duration::from_secs(1));
            finish.send(7).expect("the initializer waits");
        });
        let get = || {
            let cell = Arc::clone(&cell);
            stream::once(async move { *cell.get_or_init(async || unreachable!()).await })
        };
        let waits: [Box<dyn FnOnce() -> Option<i32> + Send>; 3] = [
            Box::new({
                let items = get();
                move || aiter_to_iter(items, park_thread).next()
            }),
            Box::new({
                let items = get();
                move || aiter_to_iter(items, |next| pollster::block_on(next)).next()
            }),
            Box::new({
                let items = get();
                move || BlockOn::new().max_wait(60 * MAX_DELAY).iter(items).next()
            }),
        ];
        for wait in waits.map(thread::spawn) {
            assert_eq!(wait.join().expect("wait must not panic"), Some(7));
        }
        sleeper.join().expect("thread must not panic");
        init.join().expect("thread must not panic");
    }

    /// More polls than a limit on the number of polls would allow.
    const MANY: u32 = (1 << 25) + (1 << 20);

    /// Each poll calls `try_recv` and yields. It is written by hand for speed.
    #[test]
    fn long_try_recv_loop_ends_wait() {
        let polls = Arc::new(AtomicU32::new(0));
        let (sender, receiver) = mpsc::channel();
        let seen = Arc::clone(&polls);
        let feeder = thread::spawn(move || {
            while seen.load(Ordering::Relaxed) < MANY {
                thread::sleep(Duration::from_millis(1));
            }
            sender.send(7).expect("the loop goes on");
        });
        let item = stream::poll_fn(|cx| {
            if let Ok(item) = receiver.try_recv() {
                return Poll::Ready(Some(item));
            }
            polls.fetch_add(1, Ordering::Relaxed);
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        assert_eq!(aiter_to_iter(item, park_thread).next(), Some(7));
        feeder.join().expect("thread must not panic");
    }

    /// The stream skips many items, and yields after each item.
    #[test]
    fn search_with_many_yields_ends() {
        let search = || {
            iter_to_aiter(0_u32..).yield_every(1).map_filter(move |n| (n > 1 << 20).then_some(n))
        };
        assert!(aiter_to_iter(search(), park_thread).next().is_some());
        assert!(aiter_to_iter(search(), |next| pollster::block_on(next)).next().is_some());
        assert!(aiter_to_iter(search(), |next| current_thread().block_on(next)).next().is_some());
    }

    /// Each poll uses up the cooperative budget, which the executor renews.
    #[test]
    fn used_up_budget_is_renewed_by_block_on() {
        let skips = || queued().filter_map(|n| core::future::ready((n == 299).then_some(0)));
        for runtime in [multi_thread(), current_thread()] {
            assert_eq!(aiter_to_iter(skips(), |next| runtime.block_on(next)).count(), 1);
        }
        let local = tokio::task::LocalSet::new();
        let runtime = current_thread();
        let items = aiter_to_iter(skips(), |next| local.block_on(&runtime, next));
        assert_eq!(items.count(), 1);
    }

    #[test]
    fn wait_inside_poll_of_another_wait_ends() {
        let outer = stream::iter(0..3).map(|n| {
            let inner: u32 = aiter_to_iter(delayed_items(), park_thread).sum();
            n + inner
        });
        assert!(aiter_to_iter(outer, park_thread).eq(3..6));
    }

    /// The iterator of `unblock_iter` blocks on its own thread.
    #[test]
    fn wait_on_thread_of_unblock_iter_ends() {
        let yields = stream::iter(0..3).then(|n| async move {
            smol::future::yield_now().await;
            n
        });
        let blocking = aiter_to_iter(yields, park_thread);
        let again = unblock_iter(blocking, 1, thread::spawn);
        assert!(aiter_to_iter(again, park_thread).eq(0..3));
    }
}

mod deadlines {
    use super::*;

    #[test]
    fn item_after_timeout_is_not_lost() {
        let (go, gone) = mpsc::channel();
        let (sender, receiver) = futures_channel::mpsc::unbounded();
        let producer = thread::spawn(move || {
            for n in gone {
                sender.unbounded_send(n).expect("the receiver is alive");
            }
        });
        let mut items = BlockOn::new().iter(receiver);
        for n in 0..3 {
            let begin = Instant::now();
            assert_eq!(items.next_timeout(SHORT), Err(Elapsed));
            assert!(begin.elapsed() >= SHORT);
            go.send(n).expect("the producer listens");
            assert_eq!(items.next_timeout(10 * MAX_DELAY), Ok(Some(n)));
        }
        drop(go);
        producer.join().expect("thread must not panic");
        assert_eq!(items.next_deadline(Instant::now()), Ok(None));
        assert_eq!(items.next_deadline(Instant::now()), Ok(None));
        assert_eq!(items.next(), None);
    }

    #[test]
    fn ready_item_comes_at_any_timeout() {
        let mut items = BlockOn::new().iter(stream::iter(0..2));
        assert_eq!(items.next_timeout(Duration::ZERO), Ok(Some(0)));
        assert_eq!(items.next_timeout(Duration::MAX), Ok(Some(1)));
        assert_eq!(items.next_timeout(Duration::ZERO), Ok(None));
    }

    #[test]
    fn timeout_ends_waits_without_waker_or_sleep() {
        let begin = Instant::now();
        assert_eq!(BlockOn::new().iter(stream::pending::<()>()).next_timeout(SHORT), Err(Elapsed));
        assert!(begin.elapsed() >= SHORT);
        assert_eq!(BlockOn::new().iter(yields_forever()).next_timeout(SHORT), Err(Elapsed));
        // A `max_wait` is ignored.
        let (_sender, receiver) = futures_channel::mpsc::unbounded::<()>();
        let mut items = BlockOn::new().max_wait(Duration::ZERO).iter(receiver);
        assert_eq!(items.next_timeout(SHORT), Err(Elapsed));
    }

    #[test]
    fn timeout_costs_one_poll() {
        let (_sender, mut receiver) = tokio::sync::mpsc::unbounded_channel::<()>();
        let mut polls = 0;
        let stream = stream::poll_fn(|cx| {
            polls += 1;
            receiver.poll_recv(cx)
        });
        let mut items = BlockOn::new().iter(stream);
        assert_eq!(items.next_timeout(SHORT), Err(Elapsed));
        assert_eq!(items.next_timeout(SHORT), Err(Elapsed));
        drop(items);
        assert_eq!(polls, 2);
    }

    #[test]
    fn stream_is_borrowed_and_returned() {
        let mut pinned = pin!(delayed_items().then(|n| async move { n }));
        let mut items = BlockOn::new().iter(pinned.as_mut());
        assert_eq!(items.next_timeout(10 * MAX_DELAY), Ok(Some(0)));
        assert_eq!(items.by_ref().take(1).next(), Some(1));
        let mut rest = BlockOn::new().iter(items.into_inner());
        // The last item may have arrived.
        assert!(rest.size_hint().0 <= 1);
        assert!(rest.by_ref().eq(2..3));
        assert_eq!(rest.size_hint(), (0, Some(0)));
    }

    #[test]
    fn elapsed_has_message() {
        assert_eq!(Elapsed.to_string(), "no item came in time");
    }
}
