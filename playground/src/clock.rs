//! The clock of steps, and the tasks that it and the crates wake.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

/// What a waker points to: whether the task was woken, and how often.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    woken: AtomicBool,
    count: AtomicU32,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Relaxed);
        self.count.fetch_add(1, Relaxed);
    }
}

impl Wakes {
    /// Returns the number of wake-ups since the page was started.
    pub(crate) fn count(&self) -> u32 {
        self.count.load(Relaxed)
    }

    /// Takes the wake-up, and returns `true` if there was one.
    pub(crate) fn take(&self) -> bool {
        self.woken.swap(false, Relaxed)
    }
}

/// Time in steps. [`tick`](Self::tick) is its only source.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    now: Cell<u32>,
    timers: RefCell<Vec<(u32, Waker)>>,
}

impl Clock {
    pub(crate) fn now(&self) -> u32 {
        self.now.get()
    }

    /// Moves on by one step and wakes the tasks that wait for it.
    pub(crate) fn tick(&self) {
        self.now.set(self.now() + 1);
        let due: Vec<_> = self.timers.borrow_mut().extract_if(.., |t| t.0 <= self.now()).collect();
        for (_, waker) in due {
            waker.wake();
        }
    }

    /// Waits for a number of steps.
    pub(crate) fn sleep(self: &Rc<Self>, steps: u32) -> Sleep {
        Sleep { clock: self.clone(), until: self.now() + steps }
    }
}

/// The future of [`Clock::sleep`].
#[derive(Debug)]
pub(crate) struct Sleep {
    clock: Rc<Clock>,
    until: u32,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.until {
            return Poll::Ready(());
        }
        self.clock.timers.borrow_mut().push((self.until, cx.waker().clone()));
        Poll::Pending
    }
}

/// A future that is polled at first, and then only after its waker was called.
pub(crate) struct Task {
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    wakes: Arc<Wakes>,
}

impl Task {
    pub(crate) fn new(future: impl Future<Output = ()> + 'static) -> Self {
        let wakes = Arc::new(Wakes::default());
        wakes.woken.store(true, Relaxed);
        Self { future: Some(Box::pin(future)), wakes }
    }

    /// Polls the future if it was woken. Returns `true` if it did.
    pub(crate) fn run(&mut self) -> bool {
        let Some(future) = &mut self.future else { return false };
        if !self.wakes.take() {
            return false;
        }
        let waker = Waker::from(self.wakes.clone());
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            self.future = None;
        }
        true
    }

    pub(crate) fn is_done(&self) -> bool {
        self.future.is_none()
    }

    pub(crate) fn wakes(&self) -> u32 {
        self.wakes.count()
    }
}
