//! An executor for the tasks of one thread, which adds little to what they do.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::thread::{self, Thread};

use crate::harness::Tally;

/// A task that returns what it received.
pub(super) type Task = Pin<Box<dyn Future<Output = Tally>>>;

/// What the executor does if no task is woken.
#[derive(Clone, Copy)]
pub(super) enum Idle {
    /// Returns. If the tasks are alone, an item or a wake-up was lost.
    Return,
    /// Sleeps until another thread wakes a task.
    Park,
}

/// The waker of a task.
struct Woken {
    flag: AtomicBool,
    /// The thread to unpark, if it may park.
    thread: Option<Thread>,
}

impl Woken {
    /// Returns `true` if the task was woken since the last call.
    fn take(&self) -> bool {
        // Acquire: partner of `wake_by_ref`. Relaxed: a store that is missed here is followed by an
        // unpark, so another pass sees it.
        self.flag.load(Ordering::Relaxed) && self.flag.swap(false, Ordering::Acquire)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: partner of `take`.
        self.flag.store(true, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }
}

/// Polls the woken tasks in turn until all are done. Returns what they received.
pub(super) fn run(tasks: Vec<Task>, idle: Idle) -> Tally {
    let thread = match idle {
        Idle::Return => None,
        Idle::Park => Some(thread::current()),
    };
    let spawn = |task: Task| {
        let woken = Arc::new(Woken { flag: AtomicBool::new(true), thread: thread.clone() });
        (task, woken.clone(), Waker::from(woken))
    };
    let mut tasks: Vec<_> = tasks.into_iter().map(spawn).collect();
    let mut got = Tally::default();
    while !tasks.is_empty() {
        let mut is_idle = true;
        tasks.retain_mut(|(task, woken, waker)| {
            if !woken.take() {
                return true;
            }
            is_idle = false;
            match task.as_mut().poll(&mut Context::from_waker(waker)) {
                Poll::Ready(tally) => {
                    got = got.and(tally);
                    false
                }
                Poll::Pending => true,
            }
        });
        match idle {
            Idle::Return if is_idle => break,
            Idle::Park if is_idle => thread::park(),
            _ => {}
        }
    }
    got
}

#[cfg(test)]
mod tests {
    use core::future::poll_fn;

    use super::*;

    /// Makes a task that is ready at its second poll, which it asks for if `wakes`.
    fn yields(wakes: bool) -> Task {
        let mut polls = 0;
        Box::pin(poll_fn(move |cx| {
            polls += 1;
            if wakes {
                cx.waker().wake_by_ref();
            }
            if polls == 2 { Poll::Ready(Tally::ones(1)) } else { Poll::Pending }
        }))
    }

    #[test]
    fn woken_tasks_are_polled_until_done() {
        assert_eq!(run(vec![yields(true), yields(true)], Idle::Return), Tally::ones(2));
    }

    #[test]
    fn task_that_is_not_woken_ends_the_run() {
        assert_eq!(run(vec![yields(true), yields(false)], Idle::Return), Tally::ones(1));
    }
}
