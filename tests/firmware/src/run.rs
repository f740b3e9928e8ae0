//! Runs cases one by one, and ends the program with an exit code that counts.

use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};

use semihosting::{print, println, process};

use crate::heap;

static PASSED: AtomicU32 = AtomicU32::new(0);

/// A case that runs, from before it starts to after its last value is dropped.
#[must_use]
pub struct Case {
    name: &'static str,
    used: usize,
}

impl Case {
    /// Names the case that starts.
    pub fn start(name: &'static str) -> Self {
        print!("test {name} ... ");
        Self { name, used: heap::used() }
    }

    /// Everything that the case allocated is freed.
    pub fn end(self) {
        assert_eq!(heap::used(), self.used, "{} leaks", self.name);
        PASSED.store(PASSED.load(SeqCst) + 1, SeqCst);
        println!("ok");
    }
}

/// Ends the program: everything passed.
pub fn finish() -> ! {
    println!("{} passed, 0 failed", PASSED.load(SeqCst));
    process::exit(0)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    println!("FAILED\n{info}\n{} passed, 1 failed", PASSED.load(SeqCst));
    process::exit(1)
}
