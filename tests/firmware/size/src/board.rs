//! Timer, sleep and exit for both processor families.

use core::arch::asm;

#[cfg(target_arch = "arm")]
pub use cortex_m_rt::entry;
#[cfg(target_arch = "riscv32")]
pub use riscv_rt::entry;

unsafe extern "Rust" {
    /// Interrupt handler of the program.
    safe fn tick();
}

/// Starts the timer and enables its interrupt.
#[cfg(target_arch = "arm")]
pub fn start_timer() {
    let core = cortex_m::Peripherals::take();
    let Some(cortex_m::Peripherals { SYST: mut timer, .. }) = core else { exit(2) };
    timer.set_clock_source(cortex_m::peripheral::syst::SystClkSource::Core);
    timer.set_reload(2000);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
}

#[cfg(target_arch = "arm")]
#[cortex_m_rt::exception]
fn SysTick() {
    tick();
}

#[cfg(target_arch = "arm")]
pub(crate) fn sleep_unless(awake: impl FnOnce() -> bool) {
    if !awake() {
        // If an interrupt came after `awake`, the event register is set and `wfe` returns at once.
        cortex_m::asm::wfe();
    }
}

/// Starts the timer and enables its interrupt.
#[cfg(target_arch = "riscv32")]
pub fn start_timer() {
    set_due();
    // SAFETY: the interrupt has a handler, and no critical section is open.
    unsafe {
        riscv::register::mie::set_mtimer();
        riscv::interrupt::enable();
    }
}

#[cfg(target_arch = "riscv32")]
fn set_due() {
    const MTIMECMP: *mut u32 = 0x0200_4000 as *mut u32;
    const MTIME: *const u32 = 0x0200_BFF8 as *const u32;
    // The low half of the time is enough for a program that ends within a second.
    // SAFETY: the addresses are the registers of the board's timer.
    unsafe {
        MTIMECMP.add(1).write_volatile(0);
        MTIMECMP.write_volatile(MTIME.read_volatile() + 2000);
    }
}

#[cfg(target_arch = "riscv32")]
#[riscv_rt::core_interrupt(riscv::interrupt::Interrupt::MachineTimer)]
fn timer() {
    set_due();
    tick();
}

#[cfg(target_arch = "riscv32")]
pub(crate) fn sleep_unless(awake: impl FnOnce() -> bool) {
    critical_section::with(|_| {
        if !awake() {
            riscv::asm::wfi();
        }
    });
}

/// Ends the program by `SYS_EXIT_EXTENDED` of semihosting.
pub fn exit(code: u32) -> ! {
    let block: [u32; 2] = [0x20026, code];
    // SAFETY: the emulator ends the program here and only reads the block.
    unsafe {
        #[cfg(target_arch = "arm")]
        asm!("bkpt #0xab", in("r0") 0x20, in("r1") &raw const block, options(noreturn, readonly));
        #[cfg(target_arch = "riscv32")]
        asm!(
            ".balign 16",
            ".option push",
            ".option norvc",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            in("a0") 0x20, in("a1") &raw const block, options(noreturn, readonly)
        )
    }
}
