//! A used-up budget under somebody else's `block_on`, which polls once and then sleeps.
//!
//! Where that `block_on` is the budget's own executor, the poll that comes next, at once, finds a new
//! budget. Where it is not, none comes. So what looks like it orders a wake-up call from a thread that
//! is there for nothing else; if three calls in a row are all that has woken the wait, nothing will.

use alloc::string::String;
use alloc::sync::{Arc, Weak};
use core::mem;
use core::ops::ControlFlow;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use crate::budget::{self, Probe};
use crate::scope;
use crate::spin::Spin;
use crate::stuck::Stuck;

/// Calls in a row that are one too many.
const CALLS: u32 = 3;
/// How long a wait may be silent before it is called.
const SILENCE: Duration = Duration::from_millis(60);
/// How often the thread looks whether a call is due.
const TICK: Duration = Duration::from_millis(20);

/// What an iterator keeps from one item to the next.
#[derive(Default)]
pub(crate) struct Watch {
    probe: Option<Probe>,
    calls: Option<Arc<Mutex<Calls>>>,
}

/// What a wait for one item has ordered.
#[derive(Default)]
pub(crate) struct Waiting {
    order: u64,
    calls: u32,
    spin: Spin,
}

#[derive(Default)]
struct Calls {
    /// The number of the latest order.
    order: u64,
    due: Option<(Instant, Waker)>,
    /// The call of the latest order was made.
    made: bool,
    /// There is a thread that looks.
    watched: bool,
}

impl Watch {
    /// What has to be done after a poll that was pending, before one says so.
    #[cold]
    pub(crate) fn pending<T>(
        &mut self,
        waiting: &mut Waiting,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        scope::check_allowed();
        let called = waiting.order != 0 && self.cancel(waiting.order);
        waiting.calls = if called { waiting.calls + 1 } else { 0 };

        let probe = self.probe.get_or_insert_with(Probe::new);
        let before = probe.holders();
        let (mut polled, called_itself) = probe.poll(&mut poll);
        if polled.is_pending() {
            // `block_on` does not say who has woken it. So nobody may have kept what could do it.
            if !called_itself || probe.holders() > 0 {
                waiting.spin = Spin::default();
            } else if let Some(stuck) = waiting.spin.goes_on() {
                if !scope::is_in_a_wait_with_end() {
                    stuck.fail();
                }
            }
            polled = poll(cx);
        }
        // Nearly every stream has let go of the probe.
        if polled.is_ready() || probe.holders() <= before {
            return polled;
        }
        match budget::is_used_up(&mut poll) {
            ControlFlow::Break(output) => return Poll::Ready(output),
            ControlFlow::Continue(true) if waiting.calls == CALLS => Stuck::Starved.fail(),
            ControlFlow::Continue(true) => waiting.order = self.order(cx.waker()),
            ControlFlow::Continue(false) => waiting.order = 0,
        }
        poll(cx)
    }

    /// Orders a wake-up call.
    fn order(&mut self, waker: &Waker) -> u64 {
        let due = (Instant::now() + SILENCE, waker.clone());
        let shared = self.calls.get_or_insert_default();
        let mut calls = lock(shared);
        calls.order += 1;
        calls.made = false;
        let old = calls.due.replace(due);
        let order = calls.order;
        if !calls.watched {
            let watched = Arc::downgrade(shared);
            let name = String::from("aiter-budget-watch");
            // Without a thread there is no call.
            calls.watched = thread::Builder::new().name(name).spawn(|| watch(watched)).is_ok();
        }
        drop(calls);
        drop(old);
        order
    }

    /// Takes an order back and says whether its call was made.
    fn cancel(&self, order: u64) -> bool {
        let Some(shared) = &self.calls else { return false };
        let mut calls = lock(shared);
        let made = calls.order == order && mem::take(&mut calls.made);
        let old = calls.due.take();
        drop(calls);
        drop(old);
        made
    }
}

/// Makes the calls that are due, until there was none to make for a while.
fn watch(calls: Weak<Mutex<Calls>>) {
    let mut quiet = Instant::now();
    loop {
        thread::sleep(TICK);
        let Some(calls) = calls.upgrade() else { return };
        let mut calls = lock(&calls);
        let now = Instant::now();
        if calls.due.is_some() {
            quiet = now;
        }
        if let Some((_, waker)) = calls.due.take_if(|(due, _)| *due <= now) {
            calls.made = true;
            drop(calls);
            waker.wake();
        } else if now.duration_since(quiet) >= SILENCE {
            calls.watched = false;
            return;
        }
    }
}

/// Nothing panics while it is locked.
fn lock(calls: &Mutex<Calls>) -> MutexGuard<'_, Calls> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spin;

    #[test]
    fn the_thread_ends_when_there_is_nothing_to_call() {
        let mut watch = Watch::default();
        for called in [true, false] {
            let order = watch.order(Waker::noop());
            let calls = Arc::clone(watch.calls.as_ref().expect("there is an order"));
            assert!(lock(&calls).watched);
            while called && !lock(&calls).made {
                thread::yield_now();
            }
            assert_eq!(watch.cancel(order), called);
            while lock(&calls).watched {
                thread::yield_now();
            }
        }
    }

    /// The stream has woken itself and is ready all the same.
    #[test]
    fn an_item_at_the_limits_of_a_spin_is_handed_out() {
        let (mut watch, mut waiting) = (Watch::default(), Waiting::default());
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 1..spin::POLLS {
            let yields = |cx: &mut Context<'_>| {
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            };
            assert!(watch.pending(&mut waiting, &mut cx, yields).is_pending());
        }
        thread::sleep(spin::TIME);
        let ready = |cx: &mut Context<'_>| {
            cx.waker().wake_by_ref();
            Poll::Ready(7)
        };
        assert_eq!(watch.pending(&mut waiting, &mut cx, ready), Poll::Ready(7));
    }

    #[test]
    fn the_thread_ends_with_the_iterator() {
        let mut watch = Watch::default();
        watch.order(Waker::noop());
        let calls = Arc::downgrade(watch.calls.as_ref().expect("there is an order"));
        drop(watch);
        // The thread keeps it for the time of a look only.
        while calls.strong_count() != 0 {
            thread::yield_now();
        }
        // What the thread does then: it returns.
        super::watch(calls);
    }
}
