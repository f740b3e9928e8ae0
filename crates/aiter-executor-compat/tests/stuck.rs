//! Waits that could never end fail and say why; waits that may end are left alone.

extern crate alloc;

use alloc::rc::Rc;
use alloc::sync::Arc;
use core::any::Any;
use core::cell::Cell;
use core::future::{pending, poll_fn};
use core::panic::AssertUnwindSafe;
use core::pin::pin;
use core::task::{Poll, Waker};
use core::time::Duration;
use std::panic::{self, catch_unwind};
use std::sync::{Mutex, Once, mpsc};
use std::thread;
use std::time::Instant;

use aiter_adapters::{AiterExt, Lag, Outcome, iter_to_aiter};
use aiter_executor_compat::{
    AiterToIter, Block, BlockOn, TimedOut, aiter_to_iter, allow_blocking, forbid_blocking,
    park_thread, unblock_iter,
};
use futures_util::{Stream, StreamExt, stream};

/// What a failure may take.
const SOON: Duration = Duration::from_secs(1);
/// More than an item that is there takes.
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

/// Has panics of ours take their time down; what a hook does to show them, with a trace of the
/// stack, may take longer than the limit.
fn time_failures() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let show = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            FAILED.set(Some(Instant::now()));
            let ours = info.payload().downcast_ref::<String>();
            if !ours.is_some_and(|text| text.starts_with("aiter: ")) {
                show(info);
            }
        }));
    });
}

/// Reads until it fails, which it has to do soon; gives the number of items before and the message.
fn fails<S: Stream, B: Block<S>>(mut items: AiterToIter<S, B>) -> (usize, String) {
    time_failures();
    let (mut count, begin) = (0, Instant::now());
    let panic = catch_unwind(AssertUnwindSafe(|| {
        for _ in items.by_ref() {
            count += 1;
        }
    }))
    .expect_err("it cannot end");
    let took = FAILED.take().expect("it has just failed") - begin;
    let text = text(panic);
    // A spin is given the time in which a stream that gets somewhere would show it.
    let limit = if text.contains("in a spin") { 120 * SOON } else { SOON };
    assert!(took < limit, "{took:?}: {text}");
    (count, text)
}

/// Fails at the budget's end and names it and what works.
#[track_caller]
fn assert_starved((count, text): (usize, String)) {
    assert!((1..=128).contains(&count), "{count} items: {text}");
    assert!(text.contains("cooperative budget is used up"), "{text}");
    assert!(text.contains("tokio::task::spawn_blocking"), "{text}");
}

/// In a task of both kinds of tokio runtime, and in one of a `LocalSet`.
fn in_a_task_of_tokio(read: impl Fn() -> (usize, String) + Clone + Send + 'static) {
    for runtime in [multi_thread(), current_thread()] {
        let read = read.clone();
        let task = runtime.spawn(async move { read() });
        assert_starved(runtime.block_on(task).expect("the panic was caught"));
    }
    let local = tokio::task::LocalSet::new();
    let task = local.spawn_local(async move { read() });
    assert_starved(local.block_on(&current_thread(), task).expect("the panic was caught"));
}

#[test]
fn a_tokio_task_with_300_items_queued() {
    in_a_task_of_tokio(|| fails(aiter_to_iter(queued(), park_thread)));
}

#[test]
fn a_tokio_task_with_300_items_queued_and_somebody_elses_block_on() {
    in_a_task_of_tokio(|| fails(aiter_to_iter(queued(), |next| futures_executor::block_on(next))));
    in_a_task_of_tokio(|| fails(aiter_to_iter(queued(), |next| pollster::block_on(next))));
    in_a_task_of_tokio(|| fails(aiter_to_iter(queued(), |next| smol::block_on(next))));
}

#[test]
fn the_main_future_of_tokio_with_300_items_queued() {
    let read = || async { fails(aiter_to_iter(queued(), park_thread)) };
    assert_starved(current_thread().block_on(read()));
    assert_starved(tokio::task::LocalSet::new().block_on(&current_thread(), read()));
}

/// Outside of a scheduler tokio wakes what has used up its budget at once, so that it looks like work.
/// This is with the limits that programs meet; `spin.rs` has the other cases, with lower ones.
#[test]
fn the_main_future_of_a_runtime_of_several_threads_spins() {
    let read = async { fails(aiter_to_iter(queued(), park_thread)) };
    let begin = Instant::now();
    let (count, message) = multi_thread().block_on(read);
    assert!(begin.elapsed() > 2 * SOON, "{message}");
    assert_eq!(count, 128);
    assert!(message.contains("in a spin"), "{message}");
    assert!(message.contains("budget of what it runs is used up"), "{message}");
    assert!(message.contains("tokio::task::spawn_blocking"), "{message}");
    assert!(message.contains("`allow_blocking(|| ..)`"), "{message}");
    let polls = message.split(' ').find_map(|word| word.parse::<u32>().ok());
    assert!(polls.is_some_and(|polls| polls >= 1 << 25), "{message}");
}

/// It need not come to that.
#[test]
fn a_budget_outside_of_tokios_scheduler_is_found_at_once_by_a_word_of_the_program() {
    let read = || async {
        let mut items = BlockOn::new().iter(queued());
        assert!(items.by_ref().take(128).eq(0..128));
        assert_eq!(items.next_timeout(SHORT), Err(TimedOut));
        let (count, message) = fails(BlockOn::new().patience(SHORT).iter(items.into_inner()));
        assert_eq!(count, 0);
        assert!(message.contains("of `BlockOn::patience`"), "{message}");
        assert!(message.contains("budget may be used up"), "{message}");
    };
    let guarded = || {
        forbid_blocking(async {
            let stream = queued();
            let (count, message) = fails(aiter_to_iter(stream, park_thread));
            assert_eq!(count, 128);
            assert!(message.contains("`forbid_blocking` guards"), "{message}");
            let (count, message) = fails(aiter_to_iter(queued(), |next| pollster::block_on(next)));
            assert_eq!(count, 0);
            assert!(message.contains("`forbid_blocking` guards"), "{message}");
        })
    };
    // The main future of a runtime of several threads.
    let runtime = multi_thread();
    runtime.block_on(read());
    runtime.block_on(guarded());
    // A `LocalSet` under another executor.
    let local = tokio::task::LocalSet::new();
    let both = local.run_until(async {
        tokio::task::spawn_local(read()).await?;
        tokio::task::spawn_local(guarded()).await
    });
    futures_executor::block_on(both).expect("it does not panic");
    // tokio itself refuses at the first item.
    let handle = runtime.handle();
    let (count, message) =
        runtime.block_on(async { fails(aiter_to_iter(queued(), |next| handle.block_on(next))) });
    assert_eq!(count, 0);
    assert!(message.contains("within a runtime"), "{message}");
}

#[test]
fn a_task_that_used_up_its_budget_before() {
    let task = current_thread();
    let first = task.block_on(async {
        let mut stream = queued();
        for _ in 0..128 {
            stream.next().await;
        }
        fails(aiter_to_iter(stream, park_thread))
    });
    assert_eq!(first.0, 0);
    assert!(first.1.contains("cooperative budget is used up"), "{}", first.1);
}

#[test]
fn nobody_holds_the_waker() {
    let (count, message) =
        fails(aiter_to_iter(stream::iter([1, 2]).chain(stream::pending()), park_thread));
    assert_eq!(count, 2);
    assert!(message.contains("nobody holds its waker"), "{message}");
    assert!(catch_unwind(|| BlockOn::new().block_on(pending::<()>())).is_err());
}

#[test]
fn whoever_held_the_waker_drops_it_without_a_call() {
    let (give, given) = mpsc::channel::<Waker>();
    let keeper = thread::spawn(move || {
        let waker = given.recv().expect("it waits");
        thread::sleep(Duration::from_millis(250));
        drop(waker);
    });
    let mut given = false;
    let stream = stream::poll_fn(move |cx| {
        if !given && !cx.waker().will_wake(Waker::noop()) {
            given = true;
            give.send(cx.waker().clone()).expect("the keeper listens");
        }
        Poll::<Option<()>>::Pending
    });
    let (_, message) = fails(aiter_to_iter(stream, park_thread));
    assert!(message.contains("nobody holds its waker"), "{message}");
    keeper.join().expect("it only sleeps");
}

#[test]
fn a_call_just_before_the_waker_is_dropped_is_not_missed() {
    let slot = Arc::new(Mutex::new(Some(None::<Waker>)));
    let theirs = Arc::clone(&slot);
    // Takes each waker as soon as it is there, and calls and drops it in one.
    let caller = thread::spawn(move || {
        loop {
            match theirs.lock().expect("nobody panics").as_mut() {
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
            if cx.waker().will_wake(Waker::noop()) {
                return Poll::Pending;
            }
            if asked {
                return Poll::Ready(());
            }
            asked = true;
            *slot.lock().expect("nobody panics") = Some(Some(cx.waker().clone()));
            Poll::Pending
        }));
    }
    *slot.lock().expect("nobody panics") = None;
    caller.join().expect("it does not panic");
}

#[test]
fn a_feeder_on_the_blocked_thread_is_found_where_blocking_is_forbidden() {
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
            // What is there already is handed out.
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
        assert!(message.contains("`forbid_blocking` guards"), "{message}");
        assert!(message.contains("tokio::task::spawn_blocking"), "{message}");
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
fn blocking_is_forbidden_inside_the_future_only() {
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
fn patience_ends_and_names_the_nesting() {
    let limit = Duration::from_millis(20);
    let (feeder, receiver) = futures_channel::mpsc::unbounded::<()>();
    let (_, alone) = fails(BlockOn::new().patience(limit).iter(receiver));
    assert!(alone.contains("no item within the 20ms"), "{alone}");
    assert!(!alone.contains("nested"), "{alone}");

    let (nested_feeder, receiver) = futures_channel::mpsc::unbounded::<()>();
    let (_, nested) = BlockOn::new().block_on(async {
        let mut waited = false;
        poll_fn(|cx| {
            if waited {
                return Poll::Ready(());
            }
            waited = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        fails(BlockOn::new().patience(limit).iter(receiver))
    });
    assert!(nested.contains("nested in another `block_on`"), "{nested}");
    drop((feeder, nested_feeder));

    let patient = BlockOn::new().patience(Duration::from_secs(60));
    assert!(patient.iter(given_later()).eq(0..3));
    assert!(BlockOn::new().patience(Duration::MAX).iter(given_later()).eq(0..3));
}

/// Another thread could still get it and push.
#[test]
fn a_pusher_on_the_thread_that_loops_is_a_case_for_patience() {
    let read = |cursor| fails(BlockOn::new().patience(SHORT).iter(cursor));
    let (pusher, cursor) = aiter_core::push_list();
    pusher.push_all(0..3).expect("the cursor is alive");
    let (count, message) = read(cursor);
    assert_eq!(count, 3);
    assert!(message.contains("of `BlockOn::patience`"), "{message}");

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

/// The wakers of a pool hide what the executor does with them.
#[test]
fn a_budget_behind_wakers_of_its_own_is_a_case_for_patience() {
    let join = || stream::iter([queued()]).join_streams();
    let impatient = BlockOn::new().patience(Duration::from_millis(150));
    let (count, message) = current_thread().block_on(async { fails(impatient.iter(join())) });
    assert_eq!(count, 128);
    assert!(message.contains("of `BlockOn::patience`"), "{message}");
    let (count, message) = current_thread()
        .block_on(forbid_blocking(async { fails(aiter_to_iter(join(), park_thread)) }));
    assert_eq!(count, 128);
    assert!(message.contains("`forbid_blocking` guards"), "{message}");
}

/// The thread was no thread that may block. That is a panic, and not a closure that never ran.
#[test]
fn unblock_iter_inside_a_future_that_must_not_block() {
    time_failures();
    let (mut items, thread) = unblock_iter(0..3, 1, |run| {
        thread::spawn(|| BlockOn::new().block_on(forbid_blocking(async { run() })))
    })
    .into_parts();
    let message = text(thread.join().expect_err("it must not block"));
    assert!(message.contains("`forbid_blocking` guards"), "{message}");
    assert_eq!(items.outcome(), Some(Outcome::Panicked));
    assert_eq!(aiter_to_iter(&mut items, park_thread).count(), 0);
}

/// Nothing that could feed it is inside the wait of `unblock_iter` for room.
#[test]
fn patience_on_the_thread_of_unblock_iter_names_no_nesting() {
    time_failures();
    let (feeder, receiver) = futures_channel::mpsc::unbounded();
    let blocking = stream::iter(0..200).chain(receiver);
    let blocking = BlockOn::new().patience(SHORT).iter(blocking);
    let (items, thread) = unblock_iter(blocking, 1, thread::spawn).into_parts();
    assert!(aiter_to_iter(items, park_thread).eq(0..200));
    let message = text(thread.join().expect_err("its patience ends"));
    assert!(message.contains("of `BlockOn::patience`"), "{message}");
    assert!(!message.contains("nested"), "{message}");
    drop(feeder);
}

/// Waits that are slow, strange, or busy, and do end.
mod are_left_alone {
    use super::*;

    const LONG: Duration = Duration::from_millis(450);

    /// Reads it in each of the ways that look after their waits.
    fn read<S: Stream<Item = u32>>(make: impl Fn() -> S, expected: u32) {
        let expected = || 0..expected;
        assert!(aiter_to_iter(make(), park_thread).eq(expected()));
        assert!(aiter_to_iter(make(), |next| futures_executor::block_on(next)).eq(expected()));
        let runtime = current_thread();
        assert!(aiter_to_iter(make(), |next| runtime.block_on(next)).eq(expected()));
        let runtime = multi_thread();
        assert!(aiter_to_iter(make(), |next| runtime.block_on(next)).eq(expected()));
        let mut items = BlockOn::new().iter(make());
        for n in expected() {
            let item = items.next_timeout(Duration::from_secs(60));
            assert_eq!(item, Ok(Some(n)));
        }
        assert_eq!(items.next_timeout(Duration::from_secs(60)), Ok(None));
    }

    #[test]
    fn slow_producers() {
        read(
            || {
                let (sender, receiver) = futures_channel::mpsc::unbounded();
                thread::spawn(move || {
                    for n in 0..2 {
                        thread::sleep(LONG);
                        sender.unbounded_send(n).expect("the receiver is alive");
                    }
                });
                receiver
            },
            2,
        );
        read(
            || {
                let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
                thread::spawn(move || {
                    thread::sleep(LONG);
                    sender.send(0).expect("the receiver is alive");
                });
                stream::poll_fn(move |cx| receiver.poll_recv(cx))
            },
            1,
        );
    }

    /// Reads what another thread gives after a while, side by side with others of its kind.
    fn wait_for<S: Stream<Item = u32>>(
        name: &'static str,
        source: impl FnOnce() -> S + Clone + Send + 'static,
        give: impl FnOnce() + Send + 'static,
    ) -> thread::JoinHandle<()> {
        let again = source.clone();
        let readers = [
            thread::spawn(move || aiter_to_iter(source(), park_thread).next()),
            thread::spawn(move || aiter_to_iter(again(), |next| pollster::block_on(next)).next()),
        ];
        thread::spawn(move || {
            thread::sleep(LONG);
            give();
            for reader in readers {
                assert_eq!(reader.join().expect(name), Some(7), "{name}");
            }
        })
    }

    fn two_cursors()
    -> (aiter_core::Pusher<u32>, impl Fn() -> aiter_core::Cursor<u32> + Clone + Send + 'static)
    {
        let (pusher, cursor) = aiter_core::push_list();
        let two = Arc::new(Mutex::new(vec![cursor.fork(), cursor]));
        (pusher, move || two.lock().expect("nobody panics").pop().expect("there are two"))
    }

    #[test]
    fn slow_producers_whatever_keeps_their_waiters() {
        use tokio::sync::{Notify, Semaphore, broadcast, watch};

        let mut all = Vec::new();

        let (pusher, cursors) = two_cursors();
        all.push(wait_for("cursors", cursors, move || pusher.push(7).expect("read")));
        let (pusher, cursor) = aiter_core::push_list();
        let give = move || (0..2).for_each(|_| pusher.push(7).expect("read"));
        let shared = cursor.share();
        all.push(wait_for("shared cursors", move || shared, give));
        let (pusher, cursor) = aiter_core::push_list();
        let fork = cursor.forker();
        all.push(wait_for("forks", move || fork, move || pusher.push(7).expect("read")));
        let (pusher, cursor) = aiter_core::push_list();
        let fork = cursor.forker_bounded(1, Lag::Wait);
        all.push(wait_for("bounded forks", move || fork, move || pusher.push(7).expect("read")));
        let (pusher, cursor) = aiter_core::push_list();
        let give = move || (0..2).for_each(|_| pusher.push(7).expect("read"));
        let sharable = cursor.sharable();
        all.push(wait_for("sharable", move || sharable, give));
        let (pusher, cursors) = two_cursors();
        let join = move || stream::iter([cursors()]).join_streams();
        all.push(wait_for("joins", join, move || pusher.push(7).expect("read")));

        let (sender, receiver) = smol::channel::unbounded();
        let give = move || (0..2).for_each(|_| sender.try_send(7).expect("read"));
        all.push(wait_for("async-channel", move || Box::pin(receiver), give));
        let lock = Arc::new(smol::lock::Semaphore::new(0));
        let permits = Arc::clone(&lock);
        let take = move || stream::once(async move { lock.acquire_arc().await }).map(|_| 7);
        all.push(wait_for("async-lock", take, move || permits.add_permits(1)));
        let timer = || stream::once(smol::Timer::after(LONG)).map(|_| 7);
        all.push(wait_for("async-io's timers", timer, || ()));

        let (sender, receiver) = broadcast::channel(4);
        let receive = move || {
            let mut receiver = receiver.resubscribe();
            stream::once(async move { receiver.recv().await.expect("one was sent") })
        };
        let receive = Arc::new(receive);
        let receive = move || receive();
        all.push(wait_for("tokio's broadcast", receive, move || {
            sender.send(7).expect("read");
        }));
        let (sender, mut receiver) = watch::channel(0);
        let receive = move || stream::once(async move { receiver.changed().await }).map(|_| 7);
        all.push(wait_for("tokio's watch", receive, move || sender.send(7).expect("read")));
        let notify = Arc::new(Notify::new());
        let notified = Arc::clone(&notify);
        let wait = move || stream::once(async move { notified.notified().await }).map(|()| 7);
        all.push(wait_for("tokio's notify", wait, move || {
            (0..4).for_each(|_| {
                notify.notify_one();
                thread::sleep(Duration::from_millis(5));
            });
        }));
        let lock = Arc::new(Semaphore::new(0));
        let permits = Arc::clone(&lock);
        let take = move || stream::once(async move { lock.acquire_owned().await }).map(|_| 7);
        all.push(wait_for("tokio's semaphore", take, move || permits.add_permits(2)));

        let lock = Arc::new(futures_util::lock::Mutex::new(()));
        let held = Arc::clone(&lock).try_lock_owned().expect("nobody has it");
        let take = move || stream::once(async move { drop(lock.lock().await) }).map(|()| 7);
        all.push(wait_for("futures' lock", take, move || drop(held)));
        let (sender, receiver) = futures_channel::oneshot::channel::<()>();
        let receiver = futures_util::FutureExt::shared(receiver);
        let receive = move || stream::once(receiver).map(|_| 7);
        all.push(wait_for("futures' oneshot, shared", receive, move || {
            sender.send(()).expect("read");
        }));

        for thread in all {
            thread.join().expect("it does not panic");
        }
    }

    #[test]
    fn slow_producers_with_lists_of_waiters_that_only_grow() {
        type Keep = fn(&mut Vec<Waker>, &Waker);
        let each: Keep = |list, waker| list.push(waker.clone());
        let once: Keep = |list, waker| {
            if !list.iter().any(|known| known.will_wake(waker)) {
                list.push(waker.clone());
            }
        };
        for keep in [each, once] {
            read(
                || {
                    let shared = Arc::new(Mutex::new((0, Vec::new())));
                    let theirs = Arc::clone(&shared);
                    thread::spawn(move || {
                        thread::sleep(LONG);
                        let (_, wakers) = &mut *theirs.lock().expect("nobody panics");
                        wakers.drain(..).for_each(Waker::wake);
                    });
                    let begin = Instant::now();
                    stream::poll_fn(move |cx| {
                        let (given, wakers) = &mut *shared.lock().expect("nobody panics");
                        if begin.elapsed() < LONG {
                            keep(wakers, cx.waker());
                            return Poll::Pending;
                        }
                        let item = (*given == 0).then_some(0);
                        *given += 1;
                        Poll::Ready(item)
                    })
                },
                1,
            );
        }
    }

    #[test]
    fn streams_that_yield_often() {
        let often = 1;
        read(|| iter_to_aiter(0..20_000).yield_every(often), 20_000);
        read(
            || {
                let numbers = iter_to_aiter(0..300_000_u32).yield_every(often);
                numbers
                    .filter_map(|n| core::future::ready((n % 100_000 == 0).then_some(n / 100_000)))
            },
            3,
        );
        read(
            || {
                stream::iter(0..2).then(|n| async move {
                    for _ in 0..200_000 {
                        smol::future::yield_now().await;
                    }
                    n
                })
            },
            2,
        );
    }

    /// A million polls and a second are not much for a search.
    #[test]
    fn one_that_wakes_itself_while_it_searches() {
        let search = || {
            let begin = Instant::now();
            iter_to_aiter(0_u32..)
                .yield_every(1)
                .map_filter(move |n| (n > 1 << 20 && begin.elapsed() > SOON).then_some(n))
        };
        let readers = [
            thread::spawn(move || aiter_to_iter(search(), park_thread).next()),
            thread::spawn(move || aiter_to_iter(search(), |next| pollster::block_on(next)).next()),
            thread::spawn(move || {
                let inside = || aiter_to_iter(search(), park_thread).next();
                multi_thread().block_on(async { BlockOn::new().block_on(async { inside() }) })
            }),
        ];
        for reader in readers {
            assert!(reader.join().expect("it finds one").is_some());
        }
    }

    /// Each poll of a stream that skips many items uses up a budget, which its own executor renews.
    #[test]
    fn a_budget_that_is_used_up_in_its_own_executor() {
        let skips = || queued().filter_map(|n| core::future::ready((n == 299).then_some(0)));
        for runtime in [multi_thread(), current_thread()] {
            assert_eq!(aiter_to_iter(skips(), |next| runtime.block_on(next)).count(), 1);
        }
        let local = tokio::task::LocalSet::new();
        let runtime = current_thread();
        let items = aiter_to_iter(skips(), |next| local.block_on(&runtime, next));
        assert_eq!(items.count(), 1);
    }

    /// tokio's own `yield_now` uses the list of the budget, without end.
    #[test]
    fn a_long_wait_that_yields_in_tokio() {
        for runtime in [multi_thread(), current_thread()] {
            let done = Rc::new(Cell::new(0_u32));
            let local = tokio::task::LocalSet::new();
            let counter = Rc::clone(&done);
            local.spawn_local(async move {
                let begin = Instant::now();
                while begin.elapsed() < SOON {
                    tokio::task::yield_now().await;
                }
                counter.set(1);
            });
            let waits = stream::once(async {
                while done.get() == 0 {
                    tokio::task::yield_now().await;
                }
            });
            let items = aiter_to_iter(waits, |next| local.block_on(&runtime, next));
            assert_eq!(items.count(), 1);
        }
    }

    /// Filtered out, so that a poll ends without an item although it was woken.
    #[test]
    fn wakes_by_another_thread_without_an_item() {
        let (sender, receiver) = futures_channel::mpsc::unbounded();
        thread::spawn(move || {
            let begin = Instant::now();
            while begin.elapsed() < SOON {
                sender.unbounded_send(0).expect("the receiver is alive");
            }
            sender.unbounded_send(1).expect("the receiver is alive");
        });
        let ones = receiver.filter(|n| core::future::ready(*n == 1));
        assert_eq!(aiter_to_iter(ones, park_thread).count(), 1);
    }

    #[test]
    fn loops_inside_the_poll_of_another() {
        let outer = stream::iter(0..3).map(|n| {
            let inner: u32 = aiter_to_iter(given_later(), park_thread).sum();
            n + inner
        });
        assert!(aiter_to_iter(outer, park_thread).eq(3..6));
    }

    /// The iterator of `unblock_iter` blocks on a thread that may.
    #[test]
    fn a_loop_on_the_thread_of_unblock_iter() {
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
    fn an_item_that_comes_later_is_not_lost() {
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
            assert_eq!(items.next_timeout(SHORT), Err(TimedOut));
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
    fn what_is_ready_comes_at_any_timeout() {
        let mut items = BlockOn::new().iter(stream::iter(0..2));
        assert_eq!(items.next_timeout(Duration::ZERO), Ok(Some(0)));
        assert_eq!(items.next_timeout(Duration::MAX), Ok(Some(1)));
        assert_eq!(items.next_timeout(Duration::ZERO), Ok(None));
    }

    #[test]
    fn it_ends_for_streams_that_nobody_wakes_or_that_wake_themselves() {
        assert_eq!(BlockOn::new().iter(stream::pending::<()>()).next_timeout(SHORT), Err(TimedOut));
        let spins = stream::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<Option<()>>::Pending
        });
        assert_eq!(BlockOn::new().iter(spins).next_timeout(SHORT), Err(TimedOut));
    }

    #[test]
    fn a_starved_stream_is_told_from_a_late_one() {
        let task = async {
            let mut items = BlockOn::new().iter(queued());
            catch_unwind(AssertUnwindSafe(|| {
                loop {
                    items.next_timeout(10 * SOON).expect("it fails before");
                }
            }))
        };
        let panic = current_thread().block_on(task).map(|()| unreachable!());
        let text = text(panic.map_or_else(|panic| panic, |()| unreachable!()));
        assert!(text.contains("cooperative budget is used up"), "{text}");
    }

    #[test]
    fn streams_may_be_pinned_and_are_given_back() {
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
    fn the_error_says_what_it_is() {
        assert_eq!(TimedOut.to_string(), "no item has come in time");
    }
}
