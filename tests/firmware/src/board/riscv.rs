//! RISC-V board: the machine timer is the timer, and the machine software interrupt is the lower
//! interrupt, which enables the timer's interrupt itself.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use riscv::asm::wfi;
use riscv::interrupt::Interrupt;
use riscv::register::mie;
use riscv_rt::core_interrupt;
pub use riscv_rt::entry;

use super::{MARGIN, PENDED, TIMER};

/// Registers of the core-local interruptor of QEMU's `virt`, whose clock has 10 MHz.
const MSIP: *mut u32 = 0x0200_0000 as *mut u32;
const MTIMECMP: *mut u32 = 0x0200_4000 as *mut u32;
const MTIME: *const u32 = 0x0200_BFF8 as *const u32;

/// Number of nested interrupt handlers.
static DEPTH: AtomicU32 = AtomicU32::new(0);
/// Low half of the time at which the timer's interrupt was or will be due.
static DUE: AtomicU32 = AtomicU32::new(0);
/// First half of [`is_pure`]: the previous handler had returned when the tick was due.
static PURE: AtomicBool = AtomicBool::new(true);
/// `true` if the entry or exit of the lower interrupt, or a sleep, may delay the tick. Interrupts
/// are masked during entry and exit, and the host of the emulator decides how long a sleep lasts.
static DISTURBED: AtomicBool = AtomicBool::new(false);

/// Runs a handler and counts it in `DEPTH`. A nested handler restores the number, so it may preempt
/// between the load and the store.
fn interrupted(handler: impl FnOnce()) {
    let depth = DEPTH.load(SeqCst);
    DEPTH.store(depth + 1, SeqCst);
    handler();
    DEPTH.store(depth, SeqCst);
}

#[core_interrupt(Interrupt::MachineTimer)]
fn timer() {
    interrupted(|| TIMER.run());
    DISTURBED.store(false, SeqCst);
}

#[core_interrupt(Interrupt::MachineSoft)]
fn soft() {
    DISTURBED.store(true, SeqCst);
    unpend();
    interrupted(|| {
        // SAFETY: only this interrupt is disabled until its handler returns. Critical sections of
        // the interrupted code use the global flag, which this does not change.
        unsafe {
            mie::clear_msoft();
            riscv::interrupt::nested(|| {
                DISTURBED.store(false, SeqCst);
                PENDED.run();
            });
            mie::set_msoft();
        }
    });
    DISTURBED.store(true, SeqCst);
}

/// Enables interrupts.
pub fn init() {
    never();
    unpend();
    // SAFETY: both interrupts have handlers, and no critical section is open.
    unsafe {
        mie::set_msoft();
        riscv::interrupt::enable();
    }
}

/// Returns `true` in an interrupt handler.
pub fn in_handler() -> bool {
    DEPTH.load(SeqCst) != 0
}

fn now() -> (u32, u32) {
    // SAFETY: the addresses are the clock registers of the board, which are only read.
    let read = || unsafe { (MTIME.add(1).read_volatile(), MTIME.read_volatile()) };
    loop {
        let (high, low) = read();
        if read().0 == high {
            return (high, low);
        }
    }
}

fn set_due(high: u32, low: u32) {
    DUE.store(low, SeqCst);
    // SAFETY: the addresses are the registers of the timer. With this order, no intermediate time
    // is in the past.
    unsafe {
        MTIMECMP.write_volatile(u32::MAX);
        MTIMECMP.add(1).write_volatile(high);
        MTIMECMP.write_volatile(low);
    }
}

fn never() {
    set_due(u32::MAX, u32::MAX);
}

/// Converts cycles to ticks of the timer. A cycle is an instruction, which takes 128 ns because of
/// `-icount shift=7`.
pub fn ticks(cycles: u32) -> u32 {
    cycles * 32 / 25
}

pub(super) fn start_timer(cycles: u32) {
    DUE.store(now().1, SeqCst);
    set_period(cycles);
    // SAFETY: the timer has a handler, and no critical section is open.
    unsafe { mie::set_mtimer() };
}

/// Number of ticks between setting a period and its use.
pub(super) const AHEAD: u32 = 0;

/// Sets the period since the last tick. If that time has passed, the period starts now.
pub(super) fn set_period(cycles: u32) {
    let (high, low) = now();
    let (period, late) = (ticks(cycles), late());
    let due = (u64::from(high) << 32 | u64::from(low)) + u64::from(period);
    let due = if late < period { due - u64::from(late) } else { due };
    PURE.store(late >= period || period - late > MARGIN, SeqCst);
    set_due((due >> 32) as u32, due as u32);
}

/// Returns `true` if the tick can be [`late`] only because interrupts were masked, and not because
/// of a handler's entry or exit, or of a sleep. For the timer's handler.
pub fn is_pure() -> bool {
    PURE.load(SeqCst) && !DISTURBED.load(SeqCst)
}

pub(super) fn stop_timer() {
    // SAFETY: no code relies on the timer's interrupt any more.
    unsafe { mie::clear_mtimer() };
    never();
}

/// Returns for how many timer ticks the interrupt has been due. For the timer's handler.
pub fn late() -> u32 {
    // SAFETY: the address is the low half of the board's clock, which is only read.
    unsafe { MTIME.read_volatile() }.wrapping_sub(DUE.load(SeqCst))
}

/// Returns the timer ticks since [`late`] returned `late`. For the timer's handler.
pub fn ticks_since(late: u32) -> u32 {
    self::late().wrapping_sub(late)
}

/// Requests the lower interrupt. It runs at once, or after the timer's handler if called there.
pub fn pend() {
    // SAFETY: the address is the register that requests the software interrupt of the only core.
    unsafe { MSIP.write_volatile(1) };
}

pub(super) fn unpend() {
    // SAFETY: the address is the register that requests the software interrupt of the only core.
    unsafe { MSIP.write_volatile(0) };
}

/// Sleeps until an interrupt, unless `awake` returns `true`.
pub fn sleep_unless(awake: impl FnOnce() -> bool) {
    critical_section::with(|_| {
        if !awake() {
            DISTURBED.store(true, SeqCst);
            // A masked interrupt ends `wfi`, too, and its handler runs after the section.
            wfi();
        }
    });
}
