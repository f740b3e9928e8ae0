//! Interface of a board: a timer, two levels of interrupts, and sleep.
//!
//! Each processor family has its own file.

#[cfg_attr(target_arch = "arm", path = "arm.rs")]
#[cfg_attr(target_arch = "riscv32", path = "riscv.rs")]
mod family;

use alloc::boxed::Box;
use core::arch::asm;
use core::cell::UnsafeCell;

pub use family::{entry, in_handler, init, is_pure, late, pend, sleep_unless, ticks, ticks_since};

/// Number of timer ticks that the handler needs at most to return.
const MARGIN: u32 = 100;

/// Runs about a thousand instructions, to calibrate the ticks of the timer.
#[inline(never)]
pub fn thousand_instructions() {
    // SAFETY: `nop` touches no memory, stack or flag, as the options declare.
    unsafe { asm!(".rept 1000", "nop", ".endr", options(nomem, nostack, preserves_flags)) }
}

/// The function of an interrupt. It owns its state, so it needs no lock and no masking.
type Handler = Box<dyn FnMut() + Send>;

/// Handler of the timer, which preempts main and [`PENDED`].
static TIMER: Slot = Slot(UnsafeCell::new(None));
/// Handler of the interrupt that [`pend`] requests. It preempts only main.
static PENDED: Slot = Slot(UnsafeCell::new(None));

struct Slot(UnsafeCell<Option<Handler>>);

// SAFETY: `put` runs with all interrupts masked. `run` is called only by the interrupt of the slot,
// which cannot preempt itself, so the accesses never overlap. The handler is `Send`.
unsafe impl Sync for Slot {}

impl Slot {
    fn put(&self, handler: Option<Handler>) {
        let old = critical_section::with(|_| {
            // SAFETY: interrupts are masked, so no other access to the slot runs.
            unsafe { self.0.get().replace(handler) }
        });
        drop(old);
    }

    fn run(&self) {
        // SAFETY: only the interrupt of the slot calls `run`, and `put` masks that interrupt.
        if let Some(handler) = unsafe { &mut *self.0.get() } {
            handler();
        }
    }
}

/// A running timer. Dropping it stops the timer.
#[must_use]
pub struct Timer(());

impl Timer {
    /// Starts the timer. `period` returns the cycles before each tick; the first tick has number 0.
    /// On some boards the first period is used twice and the second one is skipped.
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

/// An installed handler of the lower interrupt. Dropping it removes the handler.
#[must_use]
pub struct Pended(());

impl Pended {
    /// Installs the handler that every [`pend`] runs.
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

/// Runs `main` while the timer runs `handler`. See [`Timer::start`].
pub fn with_timer<R>(
    period: impl Fn(u32) -> u32 + Copy + Send + 'static,
    handler: impl FnMut() + Send + 'static,
    main: impl FnOnce() -> R,
) -> R {
    let _timer = Timer::start(period, handler);
    main()
}

/// Runs `main` while every [`pend`] runs `handler`.
pub fn with_pended<R>(handler: impl FnMut() + Send + 'static, main: impl FnOnce() -> R) -> R {
    let _pended = Pended::answer(handler);
    main()
}
