//! What the programs ask of a board: a timer, two levels of interrupts, and sleep.
//!
//! Each family of processors has a file with all that is particular to it.

#[cfg_attr(target_arch = "arm", path = "arm.rs")]
#[cfg_attr(target_arch = "riscv32", path = "riscv.rs")]
mod family;

use alloc::boxed::Box;
use core::arch::asm;
use core::cell::UnsafeCell;

pub use family::{entry, in_handler, init, is_pure, late, pend, sleep_unless, ticks, ticks_since};

/// So many ticks of the timer before the next interrupt its handler has surely returned.
const MARGIN: u32 = 100;

/// Runs a thousand instructions and a few, to learn what the timer's ticks are worth.
#[inline(never)]
pub fn thousand_instructions() {
    // SAFETY: they do nothing.
    unsafe { asm!(".rept 1000", "nop", ".endr", options(nomem, nostack, preserves_flags)) }
}

/// What an interrupt runs. Its state is its own: no lock, no masking.
type Handler = Box<dyn FnMut() + Send>;

/// The timer's handler; it preempts main and [`PENDED`].
static TIMER: Slot = Slot(UnsafeCell::new(None));
/// The handler that [`pend`] asks for; it preempts main only.
static PENDED: Slot = Slot(UnsafeCell::new(None));

struct Slot(UnsafeCell<Option<Handler>>);

// SAFETY: `put` runs with every interrupt masked, `run` in the one interrupt that the slot belongs
// to, which cannot preempt itself: the two never overlap. The handler itself is `Send`.
unsafe impl Sync for Slot {}

impl Slot {
    fn put(&self, handler: Option<Handler>) {
        let old = critical_section::with(|_| {
            // SAFETY: see `Sync`.
            unsafe { self.0.get().replace(handler) }
        });
        drop(old);
    }

    fn run(&self) {
        // SAFETY: see `Sync`.
        if let Some(handler) = unsafe { &mut *self.0.get() } {
            handler();
        }
    }
}

/// The timer while it runs; it is stopped when this is dropped.
#[must_use]
pub struct Timer(());

impl Timer {
    /// Starts it: `period` tells after how many cycles each tick comes, from 0 on. (On some boards
    /// the first time is taken twice, and the second is left out.)
    pub fn start(
        period: impl Fn(u32) -> u32 + Copy + Send + 'static,
        mut handler: impl FnMut() + Send + 'static,
    ) -> Self {
        let mut tick = 0;
        TIMER.put(Some(Box::new(move || {
            tick += 1;
            handler();
            family::set_period(period(tick + family::AHEAD));
        })));
        family::start_timer(period(0));
        Self(())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        family::stop_timer();
        TIMER.put(None);
    }
}

/// The lower interrupt while somebody answers it.
#[must_use]
pub struct Pended(());

impl Pended {
    /// From now on every [`pend`] is answered by `handler`.
    pub fn answer(handler: impl FnMut() + Send + 'static) -> Self {
        PENDED.put(Some(Box::new(handler)));
        Self(())
    }
}

impl Drop for Pended {
    fn drop(&mut self) {
        family::unpend();
        PENDED.put(None);
    }
}

/// Runs `main`, which `handler` interrupts; see [`Timer::start`].
pub fn with_timer<R>(
    period: impl Fn(u32) -> u32 + Copy + Send + 'static,
    handler: impl FnMut() + Send + 'static,
    main: impl FnOnce() -> R,
) -> R {
    let _timer = Timer::start(period, handler);
    main()
}

/// Runs `main`, in which every [`pend`] is answered by `handler`.
pub fn with_pended<R>(handler: impl FnMut() + Send + 'static, main: impl FnOnce() -> R) -> R {
    let _pended = Pended::answer(handler);
    main()
}
