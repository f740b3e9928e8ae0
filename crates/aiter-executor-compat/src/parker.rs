//! Parking of threads, with detection of waits that nothing can end.

use alloc::{boxed::Box, sync::Arc, task::Wake};
use core::{
    cell::Cell,
    future::Future,
    pin::Pin,
    sync::atomic::{Ordering, fence},
    task::{Context, Poll, Waker},
    time::Duration,
};
use std::{thread_local, time::Instant};

use parking::Unparker;

use crate::forbid;

/// Time after which a parked thread first counts the clones of its waker again.
///
/// The interval doubles with each count, up to [`MAX_INTERVAL`]. A count does not poll the future.
const MIN_INTERVAL: Duration = Duration::from_millis(100);
const MAX_INTERVAL: Duration = Duration::from_secs(10);

/// Number of references to its [`ParkWake`] that a parker holds.
const OWN_REFERENCES: usize = 2;

thread_local! {
    /// The parker of the thread.
    static THREAD_PARKER: ThreadParker = ThreadParker::new();
    /// A second parker for nested waits, unless a wait uses it.
    static SPARE_PARKER: Cell<Option<Box<Parker>>> = const { Cell::new(None) };
}

struct ThreadParker {
    parker: Parker,
    /// Whether a wait is parked here, or polls its future after it was parked here.
    in_use: Cell<bool>,
    /// Number of waits that were parked here. Wraps around.
    waits: Cell<usize>,
}

/// The reason of a wait without output.
#[derive(Debug)]
pub(crate) enum WaitError {
    /// The deadline has passed.
    Elapsed,
    /// The future is pending, was not woken, and no clone of the waker exists.
    NoWaker,
}

pub(crate) struct Parker {
    parker: parking::Parker,
    wake: Arc<ParkWake>,
    /// A waker of `wake`.
    waker: Waker,
}

struct ParkWake(Unparker);

impl Wake for ParkWake {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// The result of a first poll that was pending or did not take place.
///
/// Holds the number of waits from before the poll. There was no poll if the thread's parker is in
/// use, or destroyed because the thread ends.
pub(crate) struct FirstPoll(Option<usize>);

/// Polls `future` for the first time. If it is not ready, [`wait`] continues.
#[inline]
pub(crate) fn poll_first<F: Future>(future: Pin<&mut F>) -> Result<F::Output, FirstPoll> {
    let mut first = FirstPoll(None);
    let polled = THREAD_PARKER.try_with(|own| {
        if own.in_use.get() {
            return Poll::Pending;
        }
        first = FirstPoll(Some(own.waits.get()));
        future.poll(&mut Context::from_waker(&own.parker.waker))
    });
    match polled {
        Ok(Poll::Ready(output)) => Ok(output),
        _ => Err(first),
    }
}

/// Parks the thread until `future` is ready, or until `end`.
///
/// The future is polled after each wake-up, and at the start if the first poll did not take place.
///
/// # Panics
/// Panics if the future panics, or if it is pending inside a future under `forbid_blocking`.
#[cold]
pub(crate) fn wait<F: Future>(
    future: Pin<&mut F>,
    FirstPoll(waits): FirstPoll,
    end: Option<Instant>,
) -> Result<F::Output, WaitError> {
    match waits {
        Some(waits) => THREAD_PARKER.with(|own| own.wait(future, waits, end)),
        None => wait_nested(future, end),
    }
}

impl ThreadParker {
    #[cold]
    fn new() -> Self {
        Self { parker: Parker::new(), in_use: Cell::new(false), waits: Cell::new(0) }
    }

    /// Waits for a future whose first poll returned `Pending`.
    ///
    /// `waits` is the number of waits before that poll. If it has changed, a nested wait was parked
    /// here and may have consumed the wake-up of this future. The future is then polled again.
    fn wait<F: Future>(
        &self,
        future: Pin<&mut F>,
        waits: usize,
        end: Option<Instant>,
    ) -> Result<F::Output, WaitError> {
        struct ClearOnDrop<'a>(&'a Cell<bool>);
        impl Drop for ClearOnDrop<'_> {
            fn drop(&mut self) {
                self.0.set(false);
            }
        }
        self.in_use.set(true);
        let _in_use = ClearOnDrop(&self.in_use);
        if self.waits.replace(waits.wrapping_add(1)) == waits {
            self.parker.sleep(end)?;
        }
        self.parker.wait(future, end)
    }
}

/// Waits with another parker, because the parker of the thread is in use or was destroyed.
fn wait_nested<F: Future>(
    future: Pin<&mut F>,
    end: Option<Instant>,
) -> Result<F::Output, WaitError> {
    let spare = SPARE_PARKER.try_with(Cell::take).ok().flatten();
    let parker = spare.unwrap_or_else(|| Box::new(Parker::new()));
    let output = parker.wait(future, end);
    let _ = SPARE_PARKER.try_with(|spare| spare.set(Some(parker)));
    output
}

impl Parker {
    #[cold]
    fn new() -> Self {
        let parker = parking::Parker::new();
        let wake = Arc::new(ParkWake(parker.unparker()));
        let waker = Waker::from(Arc::clone(&wake));
        Self { parker, wake, waker }
    }

    /// Polls the future until it is ready. A wake-up left over from an earlier wait costs one poll.
    fn wait<F: Future>(
        &self,
        mut future: Pin<&mut F>,
        end: Option<Instant>,
    ) -> Result<F::Output, WaitError> {
        let mut cx = Context::from_waker(&self.waker);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return Ok(output);
            }
            self.sleep(end)?;
        }
    }

    /// Parks the thread until the waker is called.
    ///
    /// # Panics
    /// Panics inside a future under `forbid_blocking`.
    fn sleep(&self, end: Option<Instant>) -> Result<(), WaitError> {
        forbid::check_allowed();
        let mut interval = MIN_INTERVAL;
        loop {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            // The deadline is checked first, because a future that wakes itself is never parked.
            if left.is_some_and(|left| left.is_zero()) {
                return Err(WaitError::Elapsed);
            }
            // No clone exists, and only this thread could create one.
            if Arc::strong_count(&self.wake) == OWN_REFERENCES {
                // Acquire: synchronizes with the drop of the last clone, so that a wake-up before
                // that drop is seen below.
                fence(Ordering::Acquire);
                let woken = self.parker.park_timeout(Duration::ZERO);
                return if woken { Ok(()) } else { Err(WaitError::NoWaker) };
            }
            if self.parker.park_timeout(left.map_or(interval, |left| interval.min(left))) {
                return Ok(());
            }
            interval = MAX_INTERVAL.min(interval * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::{future::poll_fn, mem, pin::pin};
    use std::{panic::catch_unwind, thread};

    use super::*;

    fn is_in_use() -> bool {
        THREAD_PARKER.with(|own| own.in_use.get())
    }

    fn has_spare() -> bool {
        SPARE_PARKER.take().map(|spare| SPARE_PARKER.set(Some(spare))).is_some()
    }

    fn wait_for(future: impl Future<Output = ()>) {
        let mut future = pin!(future);
        if let Err(first) = poll_first(future.as_mut()) {
            assert!(wait(future, first, None).is_ok());
        }
    }

    async fn yield_now() {
        let mut yielded = false;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[test]
    fn nested_wait_takes_spare_after_sleep() {
        let fresh = thread::spawn(|| {
            wait_for(async {
                wait_for(yield_now());
                assert!(!is_in_use() && !has_spare());
                yield_now().await;
                assert!(is_in_use() && !has_spare());
                wait_for(async { assert!(!has_spare()) });
                assert!(is_in_use() && has_spare());
                wait_for(async {
                    assert!(!has_spare());
                    wait_for(yield_now());
                });
                assert!(has_spare());
            });
            assert!(!is_in_use() && has_spare());
        });
        fresh.join().expect("the thread does not panic");
    }

    #[test]
    fn parker_is_free_after_panic() {
        let panics = || {
            wait_for(async {
                yield_now().await;
                panic!("in the future");
            });
        };
        assert!(catch_unwind(panics).is_err());
        assert!(!is_in_use());
        wait_for(yield_now());
    }
}
