//! Stories of a `PollLock`: tasks that take turns at one value.

use core::future::poll_fn;
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc as StdArc,
};

use aiter_core::task::{PollLock, no_wake_list};
use loom::{
    future::AtomicWaker,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::*;

/// A source of permits. A poll takes one permit, or registers the task.
struct Permits {
    waker: AtomicWaker,
    count: AtomicUsize,
}

impl Permits {
    fn new() -> Arc<Self> {
        Arc::new(Self { waker: AtomicWaker::new(), count: AtomicUsize::new(0) })
    }

    fn add(&self, n: usize) {
        self.count.fetch_add(n, Ordering::AcqRel);
        self.waker.wake();
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.waker.register_by_ref(cx.waker());
        let mut count = self.count.load(Ordering::Acquire);
        while count > 0 {
            match self.count.compare_exchange(count, count - 1, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Poll::Ready(()),
                Err(now) => count = now,
            }
        }
        Poll::Pending
    }
}

/// The value in the lock. It counts the permits that it has given out, without atomics.
struct Value {
    permits: Arc<Permits>,
    given: usize,
}

fn new_lock() -> (PollLock<Value>, Arc<Permits>) {
    let permits = Permits::new();
    (PollLock::new(Value { permits: permits.clone(), given: 0 }), permits)
}

fn poll(poll_lock: &mut PollLock<Value>, cx: &mut Context<'_>) -> Poll<usize> {
    poll_lock.poll_locked(cx, |mut value, cx| {
        value.permits.poll(cx).map(|()| {
            value.given += 1;
            value.given
        })
    })
}

fn take(poll_lock: &mut PollLock<Value>) -> usize {
    block_on(poll_fn(|cx| poll(poll_lock, cx)))
}

/// Two tasks take one permit each. Both permits are added at once.
#[test]
fn two_tasks_take_one_item_each() {
    model(|| {
        let (mut one, permits) = new_lock();
        let mut two = one.clone();
        let other = thread::spawn(move || {
            let given = take(&mut two);
            (two, given)
        });
        permits.add(2);
        let mine = take(&mut one);
        let (_two, given) = other.join().unwrap();
        assert_eq!(mine + given, 3);
    });
}

/// A handle that may have been woken is dropped. Its wake-up must reach the other task.
#[test]
fn waiting_handle_drop_wakes_other() {
    model(|| {
        let (mut one, permits) = new_lock();
        let mut two = one.clone();
        let waker = Waker::noop();
        assert!(poll(&mut two, &mut Context::from_waker(waker)).is_pending());
        let feeder = thread::spawn(move || permits.add(1));
        let dropper = thread::spawn(move || drop(two));
        assert_eq!(take(&mut one), 1);
        feeder.join().unwrap();
        dropper.join().unwrap();
    });
}

/// A handle that may have been woken is cancelled, and stays alive.
#[test]
fn waiting_handle_cancel_wakes_other() {
    model(|| {
        let (mut one, permits) = new_lock();
        let mut two = one.clone();
        assert!(poll(&mut two, &mut Context::from_waker(Waker::noop())).is_pending());
        let feeder = thread::spawn(move || permits.add(1));
        let other = thread::spawn(move || {
            two.cancel();
            two
        });
        assert_eq!(take(&mut one), 1);
        feeder.join().unwrap();
        drop(other.join().unwrap());
    });
}

/// A task that may have been woken is not polled again. Its handle stays alive.
#[test]
fn unpolled_handle_keeps_no_item() {
    wide_model(|| {
        let (mut one, permits) = new_lock();
        let mut two = one.clone();
        let other = thread::spawn(move || {
            let polled = poll(&mut two, &mut Context::from_waker(Waker::noop()));
            (two, polled.is_ready())
        });
        let feeder = thread::spawn(move || permits.add(2));
        take(&mut one);
        let (_two, took) = other.join().unwrap();
        if !took {
            assert_eq!(take(&mut one), 2);
        }
        feeder.join().unwrap();
    });
}

/// The task that is not polled again has added the permits itself.
#[test]
fn unpolled_sender_keeps_no_item() {
    model(|| {
        let (mut one, permits) = new_lock();
        let mut two = one.clone();
        let other = thread::spawn(move || {
            let polled = poll(&mut two, &mut Context::from_waker(Waker::noop()));
            permits.add(2);
            (two, polled.is_ready())
        });
        take(&mut one);
        let (_two, took) = other.join().unwrap();
        if !took {
            assert_eq!(take(&mut one), 2);
        }
    });
}

/// `try_read` closes the gate and does not poll. A task that found the gate closed must be woken.
#[test]
fn try_read_wakes_task_that_found_gate_closed() {
    model(|| {
        let (mut one, permits) = new_lock();
        permits.add(1);
        let two = one.clone();
        let other = thread::spawn(move || {
            two.try_read(|value| assert!(value.given <= 1));
            two
        });
        assert_eq!(take(&mut one), 1);
        drop(other.join().unwrap());
    });
}

/// The end of the value wakes all tasks.
#[test]
fn end_wakes_both() {
    model(|| {
        let (mut one, permits) = new_lock();
        let mut two = one.clone();
        permits.add(1);
        fn end(poll_lock: &mut PollLock<Value>) {
            block_on(poll_fn(|cx| {
                poll_lock.poll_locked(cx, |mut value, cx| {
                    if value.given == 0 && value.permits.poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    value.given = 1;
                    Poll::Ready(())
                })
            }));
        }
        let other = thread::spawn(move || {
            end(&mut two);
            two
        });
        end(&mut one);
        drop(other.join().unwrap());
    });
}

/// A watcher takes no turn. Each turn that pushes an item to the list wakes it.
#[test]
fn watcher_reads_item_that_turn_pushed() {
    wide_model(|| {
        let (pusher, mine) = no_wake_list();
        let mut cursor = mine.fork();
        let mut driver = PollLock::new(pusher);
        let mut watcher = driver.clone();
        let other = thread::spawn(move || {
            let item = block_on(poll_fn(|cx| match cursor.next_ready() {
                Some(item) => Poll::Ready(item),
                None => {
                    watcher.watch(cx);
                    cursor.next_ready().map_or(Poll::Pending, Poll::Ready)
                }
            }));
            assert_eq!(item, 1);
            watcher
        });
        let mut cx = Context::from_waker(Waker::noop());
        let pushed = driver.poll_locked(&mut cx, |mut pusher, _| {
            Poll::Ready(pusher.push_with_hint(&mine, 1).is_ok())
        });
        assert_eq!(pushed, Poll::Ready(true));
        drop((driver, mine));
        drop(other.join().unwrap());
    });
}

/// The last handle drops the value, and each handle drops the waker that it registered.
#[test]
fn concurrent_handle_drops_free_value() {
    struct NoopTask;
    impl std::task::Wake for NoopTask {
        fn wake(self: StdArc<Self>) {}
    }
    model(|| {
        let (mut one, permits) = new_lock();
        let two = one.clone();
        let task = StdArc::new(NoopTask);
        let waker = Waker::from(task.clone());
        assert!(poll(&mut one, &mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        let other = thread::spawn(move || drop(two));
        drop(one);
        other.join().unwrap();
        assert_eq!(StdArc::strong_count(&task), 1, "the handle must drop the waker");
        assert_eq!(Arc::strong_count(&permits), 1, "the last handle must drop the value");
    });
}

/// A wake-up of the value arrives while one task reads and another task registers.
#[test]
fn try_read_hides_no_wake_up() {
    model(|| {
        let (mut one, permits) = new_lock();
        let two = one.clone();
        let reader = thread::spawn(move || {
            two.try_read(|_| ());
            two
        });
        let feeder = thread::spawn(move || permits.add(1));
        assert_eq!(take(&mut one), 1);
        feeder.join().unwrap();
        drop(reader.join().unwrap());
    });
}

/// The call of the value's waker synchronizes with the turn that consumes it. The only handle is
/// polled during the call, so the call need not wake the task.
#[test]
fn lone_turn_sees_writes_before_wake() {
    model(|| {
        let mut poll_lock = PollLock::new(());
        let mut waker = None;
        let polled = poll_lock.poll_locked(&mut Context::from_waker(Waker::noop()), |_, cx| {
            waker = Some(cx.waker().clone());
            Poll::<()>::Pending
        });
        assert!(polled.is_pending());
        let writes = Arc::new(AtomicUsize::new(0));
        let notifier = thread::spawn({
            let (writes, waker) = (writes.clone(), waker.unwrap());
            move || {
                writes.store(1, Ordering::Relaxed);
                waker.wake();
            }
        });
        block_on(poll_fn(|cx| {
            poll_lock.poll_locked(cx, |_, _| match writes.load(Ordering::Relaxed) {
                0 => Poll::Pending,
                _ => Poll::Ready(()),
            })
        }));
        notifier.join().unwrap();
    });
}

/// A `poll_read` that finds the gate closed is woken after the turn.
#[test]
fn poll_read_during_turn_is_woken() {
    model(|| {
        let (mut one, permits) = new_lock();
        permits.add(1);
        let mut two = one.clone();
        let reader = thread::spawn(move || {
            let given = block_on(poll_fn(|cx| two.poll_read(cx, |value| value.given)));
            assert!(given <= 1);
            two
        });
        assert_eq!(take(&mut one), 1);
        drop(reader.join().unwrap());
    });
}

/// A turn that panics opens the gate, and wakes a task that found it closed.
#[test]
fn panicking_turn_wakes_waiting_task() {
    model(|| {
        let (mut one, permits) = new_lock();
        permits.add(1);
        let mut two = one.clone();
        let other = thread::spawn(move || {
            let given = take(&mut two);
            (two, given)
        });
        let mut began = false;
        let turn = catch_unwind(AssertUnwindSafe(|| {
            one.poll_locked(&mut Context::from_waker(Waker::noop()), |mut value, _| {
                began = true;
                value.given += 10;
                resume_unwind(Box::new(()))
            })
        }));
        assert!(matches!((began, turn), (true, Err(_)) | (false, Ok(Poll::<()>::Pending))));
        let (_two, given) = other.join().unwrap();
        assert!(matches!(given, 1 | 11));
    });
}

/// Stories that take minutes with two preemptions.
mod full {
    use super::*;

    /// As the story of the same name, with the permits added by a third thread.
    #[test]
    fn two_tasks_take_one_item_each() {
        wide_model(|| {
            let (mut one, permits) = new_lock();
            let mut two = one.clone();
            let other = thread::spawn(move || {
                let given = take(&mut two);
                (two, given)
            });
            let feeder = thread::spawn(move || permits.add(2));
            let mine = take(&mut one);
            let (_two, given) = other.join().unwrap();
            feeder.join().unwrap();
            assert_eq!(mine + given, 3);
        });
    }
}
