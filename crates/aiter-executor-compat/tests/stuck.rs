//! Waits that nothing can end panic and say what works; waits that may end are left alone.

extern crate alloc;

use alloc::sync::Arc;
use core::any::Any;
use core::cell::Cell;
use core::future::{pending, poll_fn};
use core::panic::AssertUnwindSafe;
use core::pin::pin;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{Poll, Waker};
use core::time::Duration;
use std::panic::{self, catch_unwind};
use std::sync::{Mutex, Once, mpsc};
use std::thread;
use std::time::Instant;

use aiter_adapters::{AiterExt, TaskOutcome, iter_to_aiter};
use aiter_executor_compat::{
    AiterToIter, Block, BlockOn, Elapsed, aiter_to_iter, allow_blocking, forbid_blocking,
    park_thread, unblock_iter,
};
use futures_util::{Stream, StreamExt, stream};

/// The most that a panic may take.
const SOON: Duration = Duration::from_secs(1);
/// More than a ready item takes.
const SHORT: Duration = Duration::from_millis(20);

/// 300 items of a tokio channel, which counts against the budget of tokio's tasks.
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
    /// When this thread last began to panic.
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

/// Reads until the iterator panics, which has to be soon. Returns the number of items before the
/// panic, and its message.
fn fails<S: Stream, B: Block<S>>(mut items: AiterToIter<S, B>) -> (usize, String) {
    time_failures();
    let (mut count, begin) = (0, Instant::now());
    let panic = catch_unwind(AssertUnwindSafe(|| {
        for _ in items.by_ref() {
            count += 1;
        }
    }))
    .expect_err("it cannot end");
    let took = FAILED.take().expect("it has just panicked") - begin;
    let text = text(panic);
    assert!(took < SOON, "{took:?}: {text}");
    (count, text)
}

/// The parts stand in the text in this order.
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
    let cause = ["no clone of this thread's waker exists", "Likeliest cause: the producer is gone"];
    let works = ["drop every `Pusher`, or call `stop`, before the loop", "`.await` the items"];
    assert_order(text, &[cause, works].concat());
    assert_order(text, &["tokio::task::spawn_blocking", "smol::unblock", "std::thread::spawn"]);
}

#[track_caller]
fn assert_max_wait(text: &str) {
    let cause = ["of `BlockOn::max_wait`", "Likeliest cause: a `Pusher`", "alive on this thread"];
    let works = ["drop it, or call `stop`, before the loop", "cooperative budget"];
    assert_order(text, &[cause.as_slice(), &works, &["`.await` the items"]].concat());
    assert_order(text, &["tokio::task::spawn_blocking", "smol::unblock", "std::thread::spawn"]);
}

#[track_caller]
fn assert_forbidden(text: &str) {
    assert_order(text, &["`forbid_blocking` guards", "tokio::task::spawn_blocking"]);
}

#[test]
fn waker_without_clone_panics() {
    let (count, message) =
        fails(aiter_to_iter(stream::iter([1, 2]).chain(stream::pending()), park_thread));
    assert_eq!(count, 2);
    assert_no_waker(&message);
    assert!(catch_unwind(|| BlockOn::new().block_on(pending::<()>())).is_err());
    // A limit does not delay it.
    let (_, message) = fails(BlockOn::new().max_wait(60 * SOON).iter(stream::pending::<()>()));
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
    let (_, message) = fails(aiter_to_iter(stream, park_thread));
    assert_no_waker(&message);
    assert_eq!(polls, 1, "it was not woken");
    keeper.join().expect("it only sleeps");
}

#[test]
fn call_before_drop_of_waker_is_seen() {
    let slot = Arc::new(Mutex::new(Some(None::<Waker>)));
    let theirs = Arc::clone(&slot);
    // Takes each waker as soon as it is there, and calls and drops it in one.
    let caller = thread::spawn(move || {
        loop {
            match theirs.lock().expect("no thread panics").as_mut() {
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
    caller.join().expect("it does not panic");
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
            // An item that is ready is handed out.
            assert!(aiter_to_iter(stream::iter(0..3), park_thread).eq(0..3));
            [
                fails(aiter_to_iter(read(), park_thread)),
                fails(BlockOn::new().iter(read())),
                fails(aiter_to_iter(read(), |next| pollster::block_on(next))),
                fails(aiter_to_iter(read(), |next| futures_executor::block_on(next))),
            ]
        }),
    );
    for (count, message) in messages {
        assert_eq!(count, 0);
        assert_forbidden(&message);
    }
}

/// Items that another thread gives a little later.
fn given_later() -> impl Stream<Item = u32> {
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
            tokio::task::spawn_blocking(|| aiter_to_iter(given_later(), park_thread).count());
        assert_eq!(elsewhere.await.expect("it does not panic"), 3);
        assert_eq!(allow_blocking(|| aiter_to_iter(given_later(), park_thread).count()), 3);
        assert!(catch_unwind(|| aiter_to_iter(given_later(), park_thread).count()).is_err());
        let allowed = catch_unwind(|| allow_blocking(|| panic!("in the allowed part")));
        assert!(allowed.is_err());
        assert!(catch_unwind(|| aiter_to_iter(given_later(), park_thread).count()).is_err());
    }));
    let broken = catch_unwind(|| {
        BlockOn::new().block_on(forbid_blocking(async { panic!("in the guarded future") }))
    });
    assert!(broken.is_err());
    assert_eq!(aiter_to_iter(given_later(), park_thread).count(), 3);
    assert_eq!(format!("{:?}", forbid_blocking(async {})), "ForbidBlocking { .. }");
}

#[test]
fn max_wait_panics_at_its_end() {
    let (sender, receiver) = futures_channel::mpsc::unbounded::<()>();
    let (_, message) = fails(BlockOn::new().max_wait(SHORT).iter(receiver));
    assert_order(&message, &["no item within the 20ms"]);
    assert_max_wait(&message);
    drop(sender);
    // A stream that wakes itself never sleeps.
    let (_, message) = fails(BlockOn::new().max_wait(SHORT).iter(yields_forever()));
    assert_max_wait(&message);

    assert!(BlockOn::new().max_wait(60 * SOON).iter(given_later()).eq(0..3));
    assert!(BlockOn::new().max_wait(Duration::MAX).iter(given_later()).eq(0..3));
}

fn yields_forever() -> impl Stream<Item = ()> + Unpin {
    stream::poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

#[test]
fn live_pusher_on_looping_thread_panics() {
    let read = |cursor| fails(BlockOn::new().max_wait(SHORT).iter(cursor));
    let (pusher, cursor) = aiter_core::push_list();
    pusher.push_all(0..3).expect("the cursor is alive");
    let (count, message) = read(cursor);
    assert_eq!(count, 3);
    assert_max_wait(&message);

    // What the message says works.
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

/// tokio's budget is 128 items in a poll of a task.
#[test]
fn used_up_budget_panics_where_limited() {
    let read = || async {
        let mut items = BlockOn::new().iter(queued());
        assert!(items.by_ref().take(128).eq(0..128));
        assert_eq!(items.next_timeout(SHORT), Err(Elapsed));
        let (count, message) = fails(BlockOn::new().max_wait(SHORT).iter(items.into_inner()));
        assert_eq!(count, 0);
        assert_max_wait(&message);
    };
    let guarded = || {
        forbid_blocking(async {
            let (count, message) = fails(aiter_to_iter(queued(), park_thread));
            assert_eq!(count, 128);
            assert_forbidden(&message);
            let (count, message) = fails(aiter_to_iter(queued(), |next| pollster::block_on(next)));
            assert_eq!(count, 0);
            assert_forbidden(&message);
        })
    };
    for runtime in [multi_thread(), current_thread()] {
        runtime.block_on(read());
        runtime.block_on(guarded());
        runtime.block_on(runtime.spawn(read())).expect("the panics were caught");
        runtime.block_on(runtime.spawn(guarded())).expect("the panics were caught");
        // tokio itself refuses at the first item.
        let handle = runtime.handle();
        let (count, message) = runtime
            .block_on(async { fails(aiter_to_iter(queued(), |next| handle.block_on(next))) });
        assert_eq!(count, 0);
        assert!(message.contains("within a runtime"), "{message}");
    }
}

/// The closure has not run in vain: its panic is told.
#[test]
fn unblock_iter_in_guarded_future_panics() {
    time_failures();
    let (mut items, thread) = unblock_iter(0..3, 1, |run| {
        thread::spawn(|| BlockOn::new().block_on(forbid_blocking(async { run() })))
    })
    .into_parts();
    assert_forbidden(&text(thread.join().expect_err("it must not block")));
    assert_eq!(items.outcome(), Some(TaskOutcome::Panicked));
    assert_eq!(aiter_to_iter(&mut items, park_thread).count(), 0);
}

#[test]
fn next_with_panics_where_forbidden() {
    let mut items = aiter_to_iter(stream::iter([1]).chain(stream::pending()), park_thread);
    assert_eq!(items.next_with(pollster::block_on), Some(1));
    let guarded = async { catch_unwind(AssertUnwindSafe(|| items.next_with(pollster::block_on))) };
    let panic = pollster::block_on(forbid_blocking(guarded)).expect_err("it must not block");
    assert_forbidden(&text(panic));
}

#[test]
fn next_with_stays_at_end() {
    // Not fused: polled again, it would have more items.
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

/// Programs that are slow, strange or busy, and do end.
mod are_left_alone {
    use super::*;

    /// The waiters of this cell grow with each waker that is not the last one's.
    #[test]
    fn once_cell_that_takes_a_second() {
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
        starts.recv().expect("it starts");
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
                move || BlockOn::new().max_wait(60 * SOON).iter(items).next()
            }),
        ];
        for wait in waits.map(thread::spawn) {
            assert_eq!(wait.join().expect("a healthy program does not panic"), Some(7));
        }
        sleeper.join().expect("it does not panic");
        init.join().expect("it does not panic");
    }

    /// More polls than a limit on their number is likely to allow.
    const MANY: u32 = (1 << 25) + (1 << 20);

    /// Each poll calls `try_recv` and yields, by hand for the sake of speed.
    #[test]
    fn try_recv_loop_that_polls_for_long() {
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
        feeder.join().expect("it does not panic");
    }

    /// A stream that skips many items, and yields after each.
    #[test]
    fn search_that_yields_often() {
        let search = || {
            iter_to_aiter(0_u32..).yield_every(1).map_filter(move |n| (n > 1 << 20).then_some(n))
        };
        assert!(aiter_to_iter(search(), park_thread).next().is_some());
        assert!(aiter_to_iter(search(), |next| pollster::block_on(next)).next().is_some());
        assert!(aiter_to_iter(search(), |next| current_thread().block_on(next)).next().is_some());
    }

    /// Each poll of a stream that skips many items uses up a budget, which its own executor renews.
    #[test]
    fn used_up_budget_in_its_own_executor() {
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
    fn waits_inside_the_poll_of_another() {
        let outer = stream::iter(0..3).map(|n| {
            let inner: u32 = aiter_to_iter(given_later(), park_thread).sum();
            n + inner
        });
        assert!(aiter_to_iter(outer, park_thread).eq(3..6));
    }

    /// The iterator of `unblock_iter` blocks on a thread that may.
    #[test]
    fn waits_on_the_thread_of_unblock_iter() {
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
            assert_eq!(items.next_timeout(10 * SOON), Ok(Some(n)));
        }
        drop(go);
        producer.join().expect("it does not panic");
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
        // It is not a `max_wait`.
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
    fn streams_are_borrowed_and_given_back() {
        let mut pinned = pin!(given_later().then(|n| async move { n }));
        let mut items = BlockOn::new().iter(pinned.as_mut());
        assert_eq!(items.next_timeout(10 * SOON), Ok(Some(0)));
        assert_eq!(items.by_ref().take(1).next(), Some(1));
        let mut rest = BlockOn::new().iter(items.into_inner());
        // The last one may have come meanwhile.
        assert!(rest.size_hint().0 <= 1);
        assert!(rest.by_ref().eq(2..3));
        assert_eq!(rest.size_hint(), (0, Some(0)));
    }

    #[test]
    fn error_says_what_it_is() {
        assert_eq!(Elapsed.to_string(), "no item has come in time");
    }
}
