//! Critical sections that mask interrupts, which suffices on a single core.

use critical_section::{Impl, RawRestoreState, set_impl};

struct Masked;

set_impl!(Masked);

// SAFETY: from `acquire` to `release` interrupts are masked, so no other code runs on the only
// core. `release` restores the previous mask.
#[cfg(target_arch = "arm")]
unsafe impl Impl for Masked {
    unsafe fn acquire() -> RawRestoreState {
        let was_active = cortex_m::register::primask::read().is_active();
        cortex_m::interrupt::disable();
        was_active
    }

    unsafe fn release(was_active: RawRestoreState) {
        if was_active {
            // SAFETY: interrupts were enabled before, and this ends the outermost section.
            unsafe { cortex_m::interrupt::enable() }
        }
    }
}

// SAFETY: from `acquire` to `release` interrupts are masked, so no other code runs on the only
// core. `release` restores the previous mask.
#[cfg(target_arch = "riscv32")]
unsafe impl Impl for Masked {
    unsafe fn acquire() -> RawRestoreState {
        let was_active = riscv::register::mstatus::read().mie();
        riscv::interrupt::disable();
        was_active
    }

    unsafe fn release(was_active: RawRestoreState) {
        if was_active {
            // SAFETY: interrupts were enabled before, and this ends the outermost section.
            unsafe { riscv::interrupt::enable() }
        }
    }
}
