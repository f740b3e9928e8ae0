//! What the tests ask of a board: a timer, two levels of interrupts, and sleep.
//!
//! All that is particular to a family of processors is here; this is Cortex-M.

use alloc::boxed::Box;
use core::cell::UnsafeCell;

use cortex_m::peripheral::scb::{SystemHandler, VectActive};
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{SCB, SYST};
use cortex_m::{Peripherals, asm};
use cortex_m_rt::exception;

/// What an interrupt runs. Its state is its own: no lock, no masking.
pub type Handler = Box<dyn FnMut() + Send>;

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

#[exception]
fn SysTick() {
    TIMER.run();
}

#[exception]
fn PendSV() {
    PENDED.run();
}

/// Sets the two interrupts' levels.
pub fn init() {
    let mut core = Peripherals::take().expect("the board is set up once");
    // SAFETY: no critical section is built on these priorities.
    unsafe {
        core.SCB.set_priority(SystemHandler::SysTick, 0x00);
        core.SCB.set_priority(SystemHandler::PendSV, 0xC0);
    }
    core.SYST.set_clock_source(SystClkSource::Core);
}

/// Whether the caller runs in an interrupt.
pub fn in_handler() -> bool {
    SCB::vect_active() != VectActive::ThreadMode
}

/// Runs `main`, which `handler` interrupts: `period` tells after how many cycles, tick by tick.
pub fn with_timer<R>(
    period: impl Fn(u32) -> u32 + Copy + Send + 'static,
    mut handler: impl FnMut() + Send + 'static,
    main: impl FnOnce() -> R,
) -> R {
    let mut tick = 0;
    TIMER.put(Some(Box::new(move || {
        tick += 1;
        // SAFETY: one aligned write of a register that has no side effect before the next tick.
        unsafe { (*SYST::PTR).rvr.write(period(tick)) };
        handler();
    })));
    // SAFETY: nobody else has the timer; the handler writes the one register above.
    let mut timer = unsafe { Peripherals::steal() }.SYST;
    timer.set_reload(period(0));
    timer.clear_current();
    timer.enable_interrupt();
    timer.enable_counter();
    let result = main();
    timer.disable_counter();
    timer.disable_interrupt();
    SCB::clear_pendst();
    TIMER.put(None);
    result
}

/// Runs `main`, in which every [`pend`] is answered by `handler`.
pub fn with_pended<R>(handler: impl FnMut() + Send + 'static, main: impl FnOnce() -> R) -> R {
    PENDED.put(Some(Box::new(handler)));
    let result = main();
    SCB::clear_pendsv();
    PENDED.put(None);
    result
}

/// Asks for the lower interrupt: at once from main, after the timer's handler from there.
pub fn pend() {
    SCB::set_pendsv();
    asm::dsb();
    asm::isb();
}

/// Sleeps until an interrupt or a [`wake`], also one that came before.
pub fn sleep() {
    asm::wfe();
}

/// Ends a [`sleep`], or the next one.
pub fn wake() {
    asm::sev();
}
