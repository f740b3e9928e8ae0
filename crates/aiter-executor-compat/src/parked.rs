//! A thread that sleeps until a future is woken, and how it knows that it never will be.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::future::Future;
use core::ops::ControlFlow;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering, fence};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::time::Instant;

use parking::{Parker, Unparker};

use crate::budget;
use crate::scope::{self, Around};
use crate::spin::Spin;
use crate::stuck::Stuck;

/// How long a thread sleeps before it asks for the first time whether it ever will be woken, and the
/// longest time between two of these questions; each is twice as long as the one before.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const RARE_LOOK: Duration = Duration::from_secs(10);

/// When a wait ends without the output.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// Not before it is known, or has to be assumed, that there will be none.
    Forever,
    /// When that is known, or the patience is at its end.
    Patience(Duration),
    /// At that time; until then nothing needs to be certain.
    Deadline(Instant),
}

/// Why there is no output.
pub(crate) enum Unfinished {
    Deadline,
    Stuck(Stuck),
}

/// What a wait on a thread needs.
pub(crate) struct Blocker {
    parker: Parker,
    alarm: Arc<Alarm>,
    /// Rings `alarm`.
    waker: Waker,
}

/// References to the alarm that a blocker itself holds.
const HELD_HERE: usize = 2;

struct Alarm {
    unparker: Unparker,
    /// The thread that sleeps.
    thread: usize,
    /// Somebody else than that thread has rung since it last looked.
    elsewhere: AtomicBool,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if scope::this_thread() != self.thread {
            // Relaxed: the unparker below releases it, and the parker acquires it.
            self.elsewhere.store(true, Ordering::Relaxed);
        }
        self.unparker.unpark();
    }
}

impl Blocker {
    pub(crate) fn new() -> Self {
        let parker = Parker::new();
        let alarm = Arc::new(Alarm {
            unparker: parker.unparker(),
            thread: scope::this_thread(),
            elsewhere: AtomicBool::new(false),
        });
        let waker = Waker::from(Arc::clone(&alarm));
        Self { parker, alarm, waker }
    }

    /// A wake left over from an earlier wait costs one poll: only the poll says what is ready.
    pub(crate) fn wait<F: Future>(
        &self,
        mut future: Pin<&mut F>,
        until: Until,
    ) -> Result<F::Output, Unfinished> {
        scope::check_allowed();
        let end = match until {
            Until::Forever => None,
            Until::Patience(patience) => Instant::now().checked_add(patience),
            Until::Deadline(deadline) => Some(deadline),
        };
        let late = || match until {
            Until::Patience(patience) if scope::is_nested() => {
                Unfinished::Stuck(Stuck::NestedOutOfPatience(patience))
            }
            Until::Patience(patience) => Unfinished::Stuck(Stuck::OutOfPatience(patience)),
            _ => Unfinished::Deadline,
        };
        let wait = match until {
            Until::Forever => Around::Wait,
            _ => Around::WaitWithEnd,
        };
        let mut poll = |cx: &mut Context<'_>| scope::blocked_on(wait, || future.as_mut().poll(cx));
        let mut spin = Spin::default();
        // This sleep has been asked about already.
        let mut asked = false;
        loop {
            if let Poll::Ready(output) = poll(&mut Context::from_waker(&self.waker)) {
                return Ok(output);
            }
            if end.is_some_and(|end| end <= Instant::now()) {
                return Err(late());
            }
            if self.parker.park_timeout(Duration::ZERO) {
                asked = false;
                let elsewhere = self.alarm.elsewhere.swap(false, Ordering::Relaxed);
                if elsewhere || wait == Around::WaitWithEnd {
                    spin = Spin::default();
                } else if let Some(stuck) = spin.goes_on() {
                    return Err(Unfinished::Stuck(stuck));
                }
                continue;
            }
            spin = Spin::default();
            match self.sleep(until, end, asked) {
                Slept::Woken => asked = false,
                Slept::ToTheEnd => {}
                Slept::Forgotten => return Err(Unfinished::Stuck(Stuck::NobodyWakes)),
                Slept::Long => match budget::is_used_up(&mut poll) {
                    ControlFlow::Break(output) => return Ok(output),
                    ControlFlow::Continue(true) => return Err(Unfinished::Stuck(Stuck::Starved)),
                    ControlFlow::Continue(false) => asked = true,
                },
            }
        }
    }

    /// Without any doubt about the wait: for a future that is sure to be woken, and whose feeder is not
    /// around it on this thread.
    pub(crate) fn run<F: Future>(&self, mut future: Pin<&mut F>) -> F::Output {
        let mut cx = Context::from_waker(&self.waker);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            self.parker.park();
        }
    }

    /// `asked`: whether the first look has been taken in this sleep.
    fn sleep(&self, until: Until, end: Option<Instant>, asked: bool) -> Slept {
        let must_end = !matches!(until, Until::Deadline(_));
        let mut look = FIRST_LOOK;
        loop {
            // Nobody but this thread: who had the waker has called it before, or dropped it for good.
            if must_end && Arc::strong_count(&self.alarm) == HELD_HERE {
                // Acquire, with the Release of the last holder's drop: its call is seen below.
                fence(Ordering::Acquire);
                let woken = self.parker.park_timeout(Duration::ZERO);
                return if woken { Slept::Woken } else { Slept::Forgotten };
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if self.parker.park_timeout(left.map_or(look, |left| look.min(left))) {
                return Slept::Woken;
            }
            if left.is_some_and(|left| left <= look) {
                return Slept::ToTheEnd;
            }
            if !asked {
                return Slept::Long;
            }
            look = RARE_LOOK.min(look * 2);
        }
    }
}

/// How a sleep ended.
enum Slept {
    Woken,
    /// It was not woken before `FIRST_LOOK`.
    Long,
    /// Nobody can wake it.
    Forgotten,
    ToTheEnd,
}
