//! `PollLock`: tasks that poll one value in turns.

use aiter_core::task::PollLock;
use alloc::{collections::VecDeque, rc::Rc, sync::Arc, task::Wake};
use core::{
    cell::{Cell, RefCell},
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use std::{panic::catch_unwind, sync::Mutex};

use crate::{
    drops::on_small_stack,
    scaled,
    waker::{Counting, on_wake},
};

/// A source of numbers that the test sends.
#[derive(Default)]
struct SourceState {
    items: RefCell<VecDeque<u32>>,
    waker: RefCell<Option<Waker>>,
    /// Called during the next poll.
    in_poll: RefCell<Option<Box<dyn FnOnce()>>>,
    polls: Cell<usize>,
}

impl SourceState {
    fn send(&self, item: u32) {
        self.items.borrow_mut().push_back(item);
        self.wake();
    }

    fn wake(&self) {
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

type Source = Rc<SourceState>;

fn source() -> (PollLock<Source>, Rc<SourceState>) {
    let state = Rc::new(SourceState::default());
    (PollLock::new(state.clone()), state)
}

fn poll(lock: &mut PollLock<Source>, waker: &Waker) -> Poll<u32> {
    lock.poll_locked(&mut Context::from_waker(waker), |state: Pin<&mut Source>, cx| {
        state.polls.set(state.polls.get() + 1);
        let item = state.items.borrow_mut().pop_front();
        if item.is_none() {
            *state.waker.borrow_mut() = Some(cx.waker().clone());
        }
        let in_poll = state.in_poll.borrow_mut().take();
        if let Some(f) = in_poll {
            f();
        }
        item.map_or(Poll::Pending, Poll::Ready)
    })
}

#[test]
fn source_wake_up_wakes_waiters_in_order() {
    let (one, state) = source();
    let mut handles = [one.clone(), one.clone(), one];
    let order = Arc::new(Mutex::new(Vec::new()));
    for (n, handle) in handles.iter_mut().enumerate() {
        let order = order.clone();
        assert!(poll(handle, &on_wake(move || order.lock().unwrap().push(n))).is_pending());
    }
    state.send(7);
    assert_eq!(*order.lock().unwrap(), [0, 1, 2]);
    assert_eq!(poll(&mut handles[2], Waker::noop()), Poll::Ready(7));
}

#[test]
fn pending_value_is_polled_once_per_wake_up() {
    let (one, state) = source();
    let mut handles = [one.clone(), one.clone(), one];
    let wakers = [Counting::new(), Counting::new(), Counting::new()];
    for round in 0..3 {
        for (handle, waker) in handles.iter_mut().zip(&wakers) {
            assert!(poll(handle, waker.waker()).is_pending());
        }
        assert_eq!(state.polls.get(), 1 + 2 * round, "one source poll per wake-up");
        state.send(round as u32);
        assert_eq!(wakers.each_ref().map(Counting::wakes), [round + 1; 3]);
        assert!(poll(&mut handles[round], wakers[round].waker()).is_ready());
    }
}

#[test]
fn resting_woken_handle_blocks_no_other() {
    #[derive(Debug)]
    enum Resting {
        Kept,
        Dropped,
        Cancelled,
    }
    for resting in [Resting::Kept, Resting::Dropped, Resting::Cancelled] {
        let (mut one, state) = source();
        let mut two = one.clone();
        let wakers = [Counting::new(), Counting::new()];
        assert!(poll(&mut one, wakers[0].waker()).is_pending());
        assert!(poll(&mut two, wakers[1].waker()).is_pending());
        state.send(1);
        let kept = match resting {
            Resting::Kept => Some(one),
            Resting::Dropped => None,
            Resting::Cancelled => {
                one.cancel();
                Some(one)
            }
        };
        for item in 1..4 {
            assert_eq!(wakers[1].wakes(), item as usize, "{resting:?}");
            assert_eq!(poll(&mut two, wakers[1].waker()), Poll::Ready(item), "{resting:?}");
            assert!(poll(&mut two, wakers[1].waker()).is_pending(), "{resting:?}");
            state.send(item + 1);
        }
        drop(kept);
    }
}

#[test]
fn handle_takes_item_wakes_waiters_for_rest() {
    let (mut one, state) = source();
    let mut two = one.clone();
    let wakers = [Counting::new(), Counting::new()];
    assert!(poll(&mut one, wakers[0].waker()).is_pending());
    state.items.borrow_mut().extend([1, 2]);
    state.wake();
    assert!(!one.has_woken());
    // The other handle polls while the gate is closed.
    let (two_later, waker) = (Rc::new(RefCell::new(None)), wakers[1].waker().clone());
    *state.in_poll.borrow_mut() = Some(Box::new({
        let two_later = two_later.clone();
        move || {
            assert!(poll(&mut two, &waker).is_pending());
            *two_later.borrow_mut() = Some(two);
        }
    }));
    assert_eq!(poll(&mut one, wakers[0].waker()), Poll::Ready(1));
    assert_eq!(wakers[1].wakes(), 1);
    assert!(one.has_woken() && !one.has_woken(), "`has_woken` must return `true` once");
    let mut two = two_later.take().unwrap();
    assert_eq!(poll(&mut two, wakers[1].waker()), Poll::Ready(2));
}

#[test]
fn cancelled_handle_keeps_no_waker() {
    for at_front in [true, false] {
        let (mut one, state) = source();
        let mut two = one.clone();
        let wakers = [Counting::new(), Counting::new()];
        let mut handles = if at_front { [&mut one, &mut two] } else { [&mut two, &mut one] };
        for handle in &mut handles {
            assert!(poll(handle, Waker::noop()).is_pending());
        }
        assert!(poll(&mut one, wakers[0].waker()).is_pending());
        assert!(poll(&mut two, wakers[1].waker()).is_pending());
        one.cancel();
        assert_eq!(wakers[0].held(), 0);
        state.send(1);
        assert_eq!(wakers.each_ref().map(Counting::wakes), [0, 1]);
        assert!(poll(&mut two, wakers[1].waker()).is_ready());
        assert!(poll(&mut one, wakers[0].waker()).is_pending());
        state.send(2);
        assert_eq!(wakers[0].wakes(), 1, "a cancelled handle must be able to wait again");
    }
}

#[test]
fn first_waker_drop_panics_cancel_drops_second() {
    struct PanicOnDrop;
    impl Wake for PanicOnDrop {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for PanicOnDrop {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "on purpose");
        }
    }
    let mut one = PollLock::new(());
    let mut two = one.clone();
    let waker = Waker::from(Arc::new(PanicOnDrop));
    let pending: Poll<()> = two.poll_locked(&mut Context::from_waker(&waker), |_, _| Poll::Pending);
    assert!(pending.is_pending());
    drop(waker);
    two.notify();
    let counting = Counting::new();
    let turn = one.poll_locked(&mut Context::from_waker(Waker::noop()), |_, _| {
        let mut turned_away = Context::from_waker(counting.waker());
        assert!(two.poll_read(&mut turned_away, |_| ()).is_pending() && counting.held() == 1);
        assert!(catch_unwind(AssertUnwindSafe(|| two.cancel())).is_err());
        assert_eq!(counting.held(), 0);
        Poll::Ready(())
    });
    assert!(turn.is_ready());
}

#[test]
fn unwoken_handle_dropped_wakes_no_other() {
    let (mut one, _feed) = source();
    let mut two = one.clone();
    let waker = Counting::new();
    assert!(poll(&mut one, Waker::noop()).is_pending());
    assert!(poll(&mut two, waker.waker()).is_pending());
    one.cancel();
    drop(one);
    assert_eq!(waker.wakes(), 0);
}

/// The source notifies during a turn that had already read it. The woken handle finds the gate
/// closed.
#[test]
fn woken_handle_at_closed_gate_is_woken_again() {
    let (mut one, state) = source();
    let mut two = one.clone();
    let wakers = [Rc::new(Counting::new()), Rc::new(Counting::new())];
    assert!(poll(&mut one, wakers[0].waker()).is_pending());
    state.wake();
    let one = Rc::new(RefCell::new(one));
    *state.in_poll.borrow_mut() = Some(Box::new({
        let (state, one, waker) = (state.clone(), one.clone(), wakers[0].clone());
        move || {
            assert!(poll(&mut one.borrow_mut(), waker.waker()).is_pending());
            state.send(7);
        }
    }));
    assert!(poll(&mut two, wakers[1].waker()).is_pending());
    assert_eq!(wakers.each_ref().map(|waker| waker.wakes()), [2, 1], "both handles must be woken");
    assert_eq!(poll(&mut one.borrow_mut(), wakers[0].waker()), Poll::Ready(7));
}

/// A pending turn may depend on a poll by another handle.
#[test]
fn pending_turn_wakes_task_at_closed_gate() {
    let (one, state) = source();
    let (one, mut two) = (Rc::new(RefCell::new(one.clone())), one);
    let waker = Rc::new(Counting::new());
    *state.in_poll.borrow_mut() = Some(Box::new({
        let (one, waker) = (one.clone(), waker.clone());
        move || assert!(poll(&mut one.borrow_mut(), waker.waker()).is_pending())
    }));
    assert!(poll(&mut two, Waker::noop()).is_pending());
    assert_eq!(waker.wakes(), 1);
}

#[test]
fn many_waiters_woken_on_small_stack() {
    const N: usize = scaled(20_000, 50);
    on_small_stack(|| {
        let (first, state) = source();
        let mut handles: Vec<_> = (0..N).map(|_| first.clone()).collect();
        let waker = Counting::new();
        for handle in &mut handles {
            assert!(poll(handle, waker.waker()).is_pending());
        }
        // Half of the handles stop waiting.
        handles.iter_mut().step_by(2).for_each(PollLock::cancel);
        state.send(1);
        assert_eq!(waker.wakes(), N / 2);
    });
}

#[test]
fn latest_waker_is_called() {
    let (mut one, state) = source();
    let wakers = [Counting::new(), Counting::new()];
    for waker in &wakers {
        assert!(poll(&mut one, waker.waker()).is_pending());
    }
    state.send(1);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [0, 1]);
}

#[test]
fn panic_in_turn_wakes_task_at_closed_gate() {
    let (one, state) = source();
    let (two, mut three) = (Rc::new(RefCell::new(one.clone())), one.clone());
    let waker = Rc::new(Counting::new());
    *state.in_poll.borrow_mut() = Some(Box::new({
        let (two, waker) = (two.clone(), waker.clone());
        move || {
            assert!(poll(&mut two.borrow_mut(), waker.waker()).is_pending());
            panic!("in the turn");
        }
    }));
    let panicked = catch_unwind(AssertUnwindSafe(|| poll(&mut three, Waker::noop())));
    assert!(panicked.is_err());
    assert_eq!(waker.wakes(), 1);
    assert!(poll(&mut two.borrow_mut(), waker.waker()).is_pending(), "the gate must be open");
    state.send(5);
    assert_eq!(waker.wakes(), 2);
    assert_eq!(poll(&mut two.borrow_mut(), waker.waker()), Poll::Ready(5));
    drop(one);
}

#[test]
fn try_read_polls_nothing_keeps_notification() {
    let (mut one, state) = source();
    assert!(poll(&mut one, Waker::noop()).is_pending());
    let polls = state.polls.get();
    state.send(1);
    assert_eq!(one.try_read(|state| state.items.borrow().len()), Some(1));
    assert_eq!(state.polls.get(), polls);
    let two = one.clone();
    let closed = Rc::new(Cell::new(false));
    *state.in_poll.borrow_mut() = Some(Box::new({
        let closed = closed.clone();
        move || closed.set(two.try_read(|_| ()).is_none())
    }));
    assert_eq!(poll(&mut one, Waker::noop()), Poll::Ready(1));
    assert!(closed.get(), "`try_read` must fail during a turn");
}

#[test]
fn try_into_inner_of_last_handle_returns_value() {
    let (one, state) = source();
    let two = one.clone();
    let Err(one) = one.try_into_inner() else { panic!("another handle is alive") };
    drop(two);
    assert!(one.try_into_inner().is_ok(), "the last handle must return the value");
    assert_eq!(Rc::strong_count(&state), 1);
}

#[test]
fn source_waker_keeps_no_task_waker() {
    let (mut one, state) = source();
    let waker = Counting::new();
    assert!(poll(&mut one, waker.waker()).is_pending());
    assert_eq!(waker.held(), 1);
    drop(one);
    assert_eq!(waker.held(), 0, "the handle must drop the task's waker");
    state.send(1);
    assert_eq!(waker.wakes(), 0);
    assert_eq!(Rc::strong_count(&state), 1, "the last handle must drop the source");
}

/// Polls the value. While the gate is closed, returns `fallback` instead.
#[derive(Default)]
struct Taker {
    fallback: Option<u32>,
    fallback_calls: usize,
}

impl Taker {
    fn poll(&mut self, lock: &mut PollLock<Source>, cx: &mut Context<'_>) -> Poll<u32> {
        lock.poll_locked_or_else(
            cx,
            self,
            |_, state, cx| {
                let in_poll = state.in_poll.borrow_mut().take();
                if let Some(f) = in_poll {
                    f();
                }
                let item = state.items.borrow_mut().pop_front();
                if item.is_none() {
                    *state.waker.borrow_mut() = Some(cx.waker().clone());
                }
                item.map_or(Poll::Pending, Poll::Ready)
            },
            |taker| {
                taker.fallback_calls += 1;
                taker.fallback
            },
        )
    }
}

#[test]
fn or_else_runs_only_while_gate_is_closed() {
    let (mut one, state) = source();
    let mut two = one.clone();
    state.send(1);
    state.send(2);
    let mut cx = Context::from_waker(Waker::noop());
    let results = Rc::new(RefCell::new(Vec::new()));
    *state.in_poll.borrow_mut() = Some(Box::new({
        let results = results.clone();
        move || {
            let mut cx = Context::from_waker(Waker::noop());
            for fallback in [None, Some(7)] {
                let mut taker = Taker { fallback, ..Taker::default() };
                let polled = taker.poll(&mut two, &mut cx);
                results.borrow_mut().push((polled, taker.fallback_calls));
            }
        }
    }));
    let mut taker = Taker::default();
    assert_eq!(taker.poll(&mut one, &mut cx), Poll::Ready(1));
    assert_eq!(taker.fallback_calls, 0);
    // Targets without a spin phase never call the fallback.
    let fallback_calls = results.borrow()[0].1;
    let expected = if fallback_calls == 0 { Poll::Pending } else { Poll::Ready(7) };
    assert_eq!(*results.borrow(), [(Poll::Pending, fallback_calls), (expected, fallback_calls)]);
    assert_eq!(fallback_calls == 0, cfg!(miri) || usize::BITS < 64);
}

/// A watcher does not poll. After a ready turn it is woken once the gate is open.
#[test]
fn watcher_is_woken_after_ready_turn() {
    let (mut one, state) = source();
    let mut two = one.clone();
    let waker = Rc::new(Counting::new());
    two.watch(&Context::from_waker(waker.waker()));
    state.send(1);
    *state.in_poll.borrow_mut() = Some(Box::new({
        let waker = waker.clone();
        move || assert_eq!(waker.wakes(), 0, "no wake-up while the gate is closed")
    }));
    assert_eq!(poll(&mut one, Waker::noop()), Poll::Ready(1));
    assert_eq!(waker.wakes(), 1);
    state.send(2);
    assert_eq!(poll(&mut one, Waker::noop()), Poll::Ready(2));
    assert_eq!(waker.wakes(), 1, "a woken watcher must be unregistered");
}

/// A watcher that registers during a turn is woken at the end of that turn.
#[test]
fn watcher_added_in_turn_is_woken_at_end() {
    let (mut one, state) = source();
    let mut two = one.clone();
    let waker = Counting::new();
    let kept = Rc::new(RefCell::new(None));
    state.send(1);
    *state.in_poll.borrow_mut() = Some(Box::new({
        let (waker, kept) = (waker.waker().clone(), kept.clone());
        move || {
            two.watch(&Context::from_waker(&waker));
            *kept.borrow_mut() = Some(two);
        }
    }));
    assert_eq!(poll(&mut one, Waker::noop()), Poll::Ready(1));
    assert_eq!(waker.wakes(), 1);
}

#[test]
fn cancelled_watcher_is_not_woken() {
    let (mut one, state) = source();
    let mut two = one.clone();
    let waker = Counting::new();
    two.watch(&Context::from_waker(waker.waker()));
    two.cancel();
    assert_eq!(waker.held(), 0);
    state.send(1);
    assert_eq!(poll(&mut one, Waker::noop()), Poll::Ready(1));
    assert_eq!(waker.wakes(), 0);
}

/// A watcher does not close the gate for other tasks.
#[test]
fn watcher_leaves_gate_open() {
    let (mut one, state) = source();
    let mut two = one.clone();
    two.watch(&Context::from_waker(Waker::noop()));
    assert!(one.try_read(|_| ()).is_some());
    state.send(1);
    assert_eq!(poll(&mut one, Waker::noop()), Poll::Ready(1));
}

/// A notification by the source changes nothing that a watcher could read.
#[test]
fn watcher_is_not_woken_by_source() {
    let (mut one, state) = source();
    let mut two = one.clone();
    let (task, watcher) = (Counting::new(), Counting::new());
    assert!(poll(&mut one, task.waker()).is_pending());
    two.watch(&Context::from_waker(watcher.waker()));
    state.send(1);
    assert_eq!((task.wakes(), watcher.wakes()), (1, 0));
    // A pending turn leaves no item for a watcher either.
    state.items.borrow_mut().clear();
    assert!(poll(&mut one, task.waker()).is_pending());
    assert_eq!(watcher.wakes(), 0);
    two.notify();
    assert_eq!((task.wakes(), watcher.wakes()), (2, 1));
}

/// A handle may alternate between polling and watching. Only the last registration counts.
#[test]
fn watcher_that_polls_waits_for_source() {
    let (mut one, state) = source();
    let mut two = one.clone();
    let (first, second) = (Counting::new(), Counting::new());
    one.watch(&Context::from_waker(first.waker()));
    assert!(poll(&mut one, second.waker()).is_pending());
    assert_eq!(first.held(), 0);
    state.send(1);
    assert_eq!((first.wakes(), second.wakes()), (0, 1));
    assert_eq!(poll(&mut two, Waker::noop()), Poll::Ready(1));
    one.watch(&Context::from_waker(first.waker()));
    assert_eq!(poll(&mut two, Waker::noop()), Poll::Pending);
    state.send(2);
    assert_eq!(poll(&mut two, Waker::noop()), Poll::Ready(2));
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
}

/// A turn that panics may have changed the value.
#[test]
fn watcher_is_woken_when_turn_panics() {
    let (mut one, state) = source();
    let mut two = one.clone();
    let waker = Counting::new();
    two.watch(&Context::from_waker(waker.waker()));
    *state.in_poll.borrow_mut() = Some(Box::new(|| panic!("on purpose")));
    assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut one, Waker::noop()))).is_err());
    assert_eq!(waker.wakes(), 1);
}
