//! Cortex-M board: SysTick is the timer, and PendSV is the lower interrupt.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use cortex_m::peripheral::scb::{SystemHandler, VectActive};
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{SCB, SYST};
use cortex_m::{Peripherals, asm};
pub use cortex_m_rt::entry;
use cortex_m_rt::exception;

use super::{MARGIN, PENDED, TIMER};

/// The timer counts down from this value to 0 and restarts.
static RELOAD: AtomicU32 = AtomicU32::new(0);
/// Result of [`is_pure`] for the current tick.
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

/// Sets the priorities of the two interrupts.
pub fn init() {
    let mut core = Peripherals::take().expect("`init` is called once");
    // SAFETY: critical sections mask all interrupts and do not depend on priorities.
    unsafe {
        core.SCB.set_priority(SystemHandler::SysTick, 0x00);
        core.SCB.set_priority(SystemHandler::PendSV, 0xC0);
    }
    core.SYST.set_clock_source(SystClkSource::Core);
}

/// Returns `true` in an interrupt handler.
pub fn in_handler() -> bool {
    SCB::vect_active() != VectActive::ThreadMode
}

pub(super) fn start_timer(cycles: u32) {
    // SAFETY: only this module uses the timer. Its handler writes one register, in `set_period`.
    let mut timer = unsafe { Peripherals::steal() }.SYST;
    timer.set_reload(cycles);
    timer.clear_current();
    timer.enable_interrupt();
    timer.enable_counter();
}

/// Number of ticks between setting a period and its use. The counter has already restarted when the
/// handler runs.
pub(super) const AHEAD: u32 = 1;

/// Sets the period from the tick after the next one.
pub(super) fn set_period(cycles: u32) {
    // SAFETY: one aligned write of a register that has no side effect before the next tick.
    unsafe { (*SYST::PTR).rvr.write(cycles) };
    PURE.store(SYST::get_current() > MARGIN && !SCB::is_pendst_pending(), SeqCst);
}

/// Returns `true` if the tick can be [`late`] only because interrupts were masked, and not because
/// a handler was returning. For the timer's handler.
pub fn is_pure() -> bool {
    PURE.load(SeqCst)
}

pub(super) fn stop_timer() {
    // SAFETY: only this module uses the timer, and the timer is stopped here.
    let mut timer = unsafe { Peripherals::steal() }.SYST;
    timer.disable_counter();
    timer.disable_interrupt();
    SCB::clear_pendst();
}

/// Returns for how many timer ticks the interrupt has been due. For the timer's handler.
pub fn late() -> u32 {
    RELOAD.load(SeqCst) - SYST::get_current()
}

/// Returns the timer ticks since [`late`] returned `late`, less than a period. For the timer's
/// handler.
pub fn ticks_since(late: u32) -> u32 {
    let now = self::late();
    if now >= late { now - late } else { now + RELOAD.load(SeqCst) + 1 - late }
}

/// Converts cycles to ticks of the timer.
pub fn ticks(cycles: u32) -> u32 {
    cycles
}

/// Requests the lower interrupt. It runs at once, or after the timer's handler if called there.
pub fn pend() {
    SCB::set_pendsv();
    asm::dsb();
    asm::isb();
}

pub(super) fn unpend() {
    SCB::clear_pendsv();
}

/// Sleeps until an interrupt, unless `awake` returns `true`.
pub fn sleep_unless(awake: impl FnOnce() -> bool) {
    if !awake() {
        // If an interrupt came after `awake`, the event register is set and `wfe` returns at once.
        asm::wfe();
    }
}
