//! Critical sections: interrupts are masked, which is enough on a single core.

use critical_section::{Impl, RawRestoreState, set_impl};

struct Masked;

set_impl!(Masked);

// SAFETY: from `acquire` to `release` nothing else runs on the only core; what the caller had
// masked before stays masked after.
#[cfg(target_arch = "arm")]
unsafe impl Impl for Masked {
    unsafe fn acquire() -> RawRestoreState {
        let was_active = cortex_m::register::primask::read().is_active();
        cortex_m::interrupt::disable();
        was_active
    }

    unsafe fn release(was_active: RawRestoreState) {
        if was_active {
            // SAFETY: they were on before, and this is the end of the outermost section.
            unsafe { cortex_m::interrupt::enable() }
        }
    }
}

// SAFETY: as above.
#[cfg(target_arch = "riscv32")]
unsafe impl Impl for Masked {
    unsafe fn acquire() -> RawRestoreState {
        let was_active = riscv::register::mstatus::read().mie();
        riscv::interrupt::disable();
        was_active
    }

    unsafe fn release(was_active: RawRestoreState) {
        if was_active {
            // SAFETY: they were on before, and this is the end of the outermost section.
            unsafe { riscv::interrupt::enable() }
        }
    }
}
