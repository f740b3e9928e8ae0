//! RISC-V: the machine timer is the timer, the machine's software interrupt the lower one, which
//! lets the timer in by itself.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use riscv::asm::wfi;
use riscv::interrupt::Interrupt;
use riscv::register::mie;
use riscv_rt::core_interrupt;
pub use riscv_rt::entry;

use super::{MARGIN, PENDED, TIMER};

/// The core-local interruptor of QEMU's `virt`; its clock has 10 MHz.
const MSIP: *mut u32 = 0x0200_0000 as *mut u32;
const MTIMECMP: *mut u32 = 0x0200_4000 as *mut u32;
const MTIME: *const u32 = 0x0200_BFF8 as *const u32;

/// How many interrupts are running.
static DEPTH: AtomicU32 = AtomicU32::new(0);
/// The low half of the time at which the timer's interrupt was due, or is.
static DUE: AtomicU32 = AtomicU32::new(0);
/// See [`is_pure`].
static PURE: AtomicBool = AtomicBool::new(true);
/// The lower interrupt's handler is on its way in, or was on its way out since the last tick: with
/// everything masked, as the way of every interrupt is. Or the core has slept since, for as long as
/// the emulator's host saw fit.
static DISTURBED: AtomicBool = AtomicBool::new(false);

/// Counts an interrupt in and out. It leaves the number as it found it, so that another one may
/// come between its load and its store.
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
        // SAFETY: only this interrupt is shut out, until it is done; the code that it came in
        // between masks interrupts by the global flag.
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

/// Lets interrupts in.
pub fn init() {
    never();
    unpend();
    // SAFETY: both have their handlers, and no critical section is open.
    unsafe {
        mie::set_msoft();
        riscv::interrupt::enable();
    }
}

/// Whether the caller runs in an interrupt.
pub fn in_handler() -> bool {
    DEPTH.load(SeqCst) != 0
}

fn now() -> (u32, u32) {
    // SAFETY: the board's clock, and nothing but reads.
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
    // SAFETY: the timer's registers; the order makes sure that no time in between is past.
    unsafe {
        MTIMECMP.write_volatile(u32::MAX);
        MTIMECMP.add(1).write_volatile(high);
        MTIMECMP.write_volatile(low);
    }
}

fn never() {
    set_due(u32::MAX, u32::MAX);
}

/// As many cycles in ticks of the timer. A cycle is an instruction, 128 ns by the emulator's
/// `-icount shift=7`.
pub fn ticks(cycles: u32) -> u32 {
    cycles * 32 / 25
}

pub(super) fn start_timer(cycles: u32) {
    DUE.store(now().1, SeqCst);
    set_period(cycles);
    // SAFETY: the timer has its handler, and no critical section is open.
    unsafe { mie::set_mtimer() };
}

/// How many ticks ahead a period is set.
pub(super) const AHEAD: u32 = 0;

/// From the last tick on; a tick that comes too late for that is left out.
pub(super) fn set_period(cycles: u32) {
    let (high, low) = now();
    let (period, late) = (ticks(cycles), late());
    let due = (u64::from(high) << 32 | u64::from(low)) + u64::from(period);
    let due = if late < period { due - u64::from(late) } else { due };
    PURE.store(late >= period || period - late > MARGIN, SeqCst);
    set_due((due >> 32) as u32, due as u32);
}

/// In the timer's handler: whether the tick can only be [`late`] because interrupts were masked,
/// not because of a handler on its way in or out, or of a sleep.
pub fn is_pure() -> bool {
    PURE.load(SeqCst) && !DISTURBED.load(SeqCst)
}

pub(super) fn stop_timer() {
    // SAFETY: nothing relies on the timer's interrupts any more.
    unsafe { mie::clear_mtimer() };
    never();
}

/// In the timer's handler: how many of its ticks ago the interrupt was due.
pub fn late() -> u32 {
    // SAFETY: the low half of the board's clock.
    unsafe { MTIME.read_volatile() }.wrapping_sub(DUE.load(SeqCst))
}

/// In the timer's handler: how many of its ticks ago it was so `late`.
pub fn ticks_since(late: u32) -> u32 {
    self::late().wrapping_sub(late)
}

/// Asks for the lower interrupt: at once from main, after the timer's handler from there.
pub fn pend() {
    // SAFETY: the register that asks for the software interrupt of the only core.
    unsafe { MSIP.write_volatile(1) };
}

pub(super) fn unpend() {
    // SAFETY: as in `pend`.
    unsafe { MSIP.write_volatile(0) };
}

/// Sleeps until an interrupt, unless `awake` says that what it waits for came before.
pub fn sleep_unless(awake: impl FnOnce() -> bool) {
    critical_section::with(|_| {
        if !awake() {
            DISTURBED.store(true, SeqCst);
            // An interrupt ends this also while it is masked, and runs after the section.
            wfi();
        }
    });
}
