//! A parked thread, and how it finds out that nothing can wake it.

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

/// Time after which a sleeping thread first counts the clones of its waker again.
///
/// The interval doubles with each count, up to [`LONGEST_NAP`]. No count polls the future.
const FIRST_NAP: Duration = Duration::from_millis(100);
const LONGEST_NAP: Duration = Duration::from_secs(10);

/// References to the alarm that a parker itself holds.
const OWN_REFERENCES: usize = 2;

thread_local! {
    /// The thread's parker.
    static OWN: Own = Own::new();
    /// Another one for nested waits, unless one is using it.
    static SPARE: Cell<Option<Box<Parker>>> = const { Cell::new(None) };
}

struct Own {
    parker: Parker,
    /// Whether a wait is sleeping, or polls its future again after it has slept.
    in_use: Cell<bool>,
    /// Number of waits that have slept here; wraps around.
    waits: Cell<usize>,
}

/// Why a wait has no output.
#[derive(Debug)]
pub(crate) enum Unfinished {
    /// The end of the wait has come.
    Elapsed,
    /// The future is pending, was not woken, and no clone of the waker exists.
    NoWaker,
}

pub(crate) struct Parker {
    parker: parking::Parker,
    alarm: Arc<Alarm>,
    /// Wakes `alarm`.
    waker: Waker,
}

struct Alarm(Unparker);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// How the first poll of a wait went, which was pending or did not take place.
///
/// Holds the number of waits from before the poll. There was no poll if the thread's parker is in
/// use, or destroyed because the thread ends.
pub(crate) struct First(Option<usize>);

/// Polls `future` for the first time. [`wait`] goes on if it is not ready.
#[inline]
pub(crate) fn poll_first<F: Future>(future: Pin<&mut F>) -> Result<F::Output, First> {
    let mut first = First(None);
    let polled = OWN.try_with(|own| {
        if own.in_use.get() {
            return Poll::Pending;
        }
        first = First(Some(own.waits.get()));
        future.poll(&mut Context::from_waker(&own.parker.waker))
    });
    match polled {
        Ok(Poll::Ready(output)) => Ok(output),
        _ => Err(first),
    }
}

/// Blocks the thread until `future` is ready, or until `end`.
///
/// The future is polled once for each wake-up, and once if it was not polled before.
///
/// # Panics
///
/// Panics if the future does, or if it is pending inside a future under `forbid_blocking`.
#[cold]
pub(crate) fn wait<F: Future>(
    future: Pin<&mut F>,
    First(waits): First,
    end: Option<Instant>,
) -> Result<F::Output, Unfinished> {
    match waits {
        Some(waits) => OWN.with(|own| own.wait(future, waits, end)),
        None => wait_nested(future, end),
    }
}

impl Own {
    #[cold]
    fn new() -> Self {
        Self { parker: Parker::new(), in_use: Cell::new(false), waits: Cell::new(0) }
    }

    /// Waits for a future whose first poll has returned `Pending`.
    ///
    /// `waits` is the number from before that poll. If it has changed, a wait inside that poll has
    /// slept here and may have taken the wake-up of this future, so the future is polled again.
    fn wait<F: Future>(
        &self,
        future: Pin<&mut F>,
        waits: usize,
        end: Option<Instant>,
    ) -> Result<F::Output, Unfinished> {
        struct InUse<'a>(&'a Cell<bool>);
        impl Drop for InUse<'_> {
            fn drop(&mut self) {
                self.0.set(false);
            }
        }
        self.in_use.set(true);
        let _until_dropped = InUse(&self.in_use);
        if self.waits.replace(waits.wrapping_add(1)) == waits {
            self.parker.sleep(end)?;
        }
        self.parker.wait(future, end)
    }
}

/// Waits where the thread's parker is in use, or is destroyed because the thread ends.
fn wait_nested<F: Future>(
    future: Pin<&mut F>,
    end: Option<Instant>,
) -> Result<F::Output, Unfinished> {
    let spare = SPARE.try_with(Cell::take).ok().flatten();
    let parker = spare.unwrap_or_else(|| Box::new(Parker::new()));
    let output = parker.wait(future, end);
    let _ = SPARE.try_with(|spare| spare.set(Some(parker)));
    output
}

impl Parker {
    #[cold]
    fn new() -> Self {
        let parker = parking::Parker::new();
        let alarm = Arc::new(Alarm(parker.unparker()));
        let waker = Waker::from(Arc::clone(&alarm));
        Self { parker, alarm, waker }
    }

    /// A wake-up that is left over from an earlier wait costs one poll.
    fn wait<F: Future>(
        &self,
        mut future: Pin<&mut F>,
        end: Option<Instant>,
    ) -> Result<F::Output, Unfinished> {
        let mut cx = Context::from_waker(&self.waker);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return Ok(output);
            }
            self.sleep(end)?;
        }
    }

    /// Returns once the waker was called.
    ///
    /// # Panics
    ///
    /// Panics inside a future under `forbid_blocking`.
    fn sleep(&self, end: Option<Instant>) -> Result<(), Unfinished> {
        forbid::check_allowed();
        let mut nap = FIRST_NAP;
        loop {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            // Checked first, because a future that wakes itself never sleeps.
            if left.is_some_and(|left| left.is_zero()) {
                return Err(Unfinished::Elapsed);
            }
            // Only this thread can clone a waker of which no clone exists, and it sleeps.
            if Arc::strong_count(&self.alarm) == OWN_REFERENCES {
                // Synchronizes with the drop of the last clone, so that its call is seen below.
                fence(Ordering::Acquire);
                let woken = self.parker.park_timeout(Duration::ZERO);
                return if woken { Ok(()) } else { Err(Unfinished::NoWaker) };
            }
            if self.parker.park_timeout(left.map_or(nap, |left| nap.min(left))) {
                return Ok(());
            }
            nap = LONGEST_NAP.min(nap * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::{future::poll_fn, mem, pin::pin};
    use std::{panic::catch_unwind, thread};

    use super::*;

    fn is_in_use() -> bool {
        OWN.with(|own| own.in_use.get())
    }

    fn has_spare() -> bool {
        SPARE.take().map(|spare| SPARE.set(Some(spare))).is_some()
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
