use alloc::rc::Rc;
use core::{
    cell::RefCell,
    future::poll_fn,
    mem,
    task::{Poll, Waker},
};

/// Virtual time: a number of ticks, and the tasks that wait for later ones.
#[derive(Clone, Debug, Default)]
pub struct Clock(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    now: usize,
    timers: Vec<(usize, Waker)>,
}

impl Clock {
    /// Returns the current tick.
    pub fn now(&self) -> usize {
        self.0.borrow().now
    }

    /// Waits for a tick of the scene.
    pub async fn at(&self, tick: usize) {
        poll_fn(|cx| {
            if self.now() >= tick {
                return Poll::Ready(());
            }
            self.wake_at(tick, cx.waker());
            Poll::Pending
        })
        .await;
    }

    /// Waits for `ticks` ticks from the first poll on.
    pub async fn after(&self, ticks: usize) {
        self.at(self.now() + ticks).await;
    }

    /// Calls `waker` at a tick.
    pub(crate) fn wake_at(&self, tick: usize, waker: &Waker) {
        self.0.borrow_mut().timers.push((tick, waker.clone()));
    }

    /// Moves to a tick, and wakes the tasks that wait for it.
    pub(crate) fn move_to(&self, tick: usize) {
        let timers = {
            let mut state = self.0.borrow_mut();
            state.now = tick;
            mem::take(&mut state.timers)
        };
        let (due, later) = timers.into_iter().partition(|(at, _)| *at <= tick);
        self.0.borrow_mut().timers = later;
        let due: Vec<(usize, Waker)> = due;
        due.into_iter().for_each(|(_, waker)| waker.wake());
    }
}
