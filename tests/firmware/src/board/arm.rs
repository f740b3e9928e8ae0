//! Cortex-M: SysTick is the timer, PendSV the lower interrupt.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use cortex_m::peripheral::scb::{SystemHandler, VectActive};
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{SCB, SYST};
use cortex_m::{Peripherals, asm};
pub use cortex_m_rt::entry;
use cortex_m_rt::exception;

use super::{MARGIN, PENDED, TIMER};

/// The timer counts down from here to 0, and starts again.
static RELOAD: AtomicU32 = AtomicU32::new(0);
/// See [`is_pure`].
static PURE: AtomicBool = AtomicBool::new(true);

#[exception]
fn SysTick() {
    RELOAD.store(SYST::get_reload(), SeqCst);
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

pub(super) fn start_timer(cycles: u32) {
    // SAFETY: nobody else has the timer; its handler writes one register, see `set_period`.
    let mut timer = unsafe { Peripherals::steal() }.SYST;
    timer.set_reload(cycles);
    timer.clear_current();
    timer.enable_interrupt();
    timer.enable_counter();
}

/// How many ticks ahead a period is set: the counter has started again when its handler runs.
pub(super) const AHEAD: u32 = 1;

/// From the tick after the next.
pub(super) fn set_period(cycles: u32) {
    // SAFETY: one aligned write of a register that has no side effect before the next tick.
    unsafe { (*SYST::PTR).rvr.write(cycles) };
    PURE.store(SYST::get_current() > MARGIN && !SCB::is_pendst_pending(), SeqCst);
}

/// In the timer's handler: whether the tick can only be [`late`] because interrupts were masked,
/// not because of a handler on its way out.
pub fn is_pure() -> bool {
    PURE.load(SeqCst)
}

pub(super) fn stop_timer() {
    // SAFETY: as in `start_timer`.
    let mut timer = unsafe { Peripherals::steal() }.SYST;
    timer.disable_counter();
    timer.disable_interrupt();
    SCB::clear_pendst();
}

/// In the timer's handler: how many of its ticks ago the interrupt was due.
pub fn late() -> u32 {
    RELOAD.load(SeqCst) - SYST::get_current()
}

/// In the timer's handler: how many of its ticks ago it was so `late`, less than a period.
pub fn ticks_since(late: u32) -> u32 {
    let now = self::late();
    if now >= late { now - late } else { now + RELOAD.load(SeqCst) + 1 - late }
}

/// As many cycles in ticks of the timer.
pub fn ticks(cycles: u32) -> u32 {
    cycles
}

/// Asks for the lower interrupt: at once from main, after the timer's handler from there.
pub fn pend() {
    SCB::set_pendsv();
    asm::dsb();
    asm::isb();
}

pub(super) fn unpend() {
    SCB::clear_pendsv();
}

/// Sleeps until an interrupt or a [`wake`], unless `awake` says that it came before.
pub fn sleep_unless(awake: impl FnOnce() -> bool) {
    if !awake() {
        // What came since then is remembered by the core, and ends this at once.
        asm::wfe();
    }
}
