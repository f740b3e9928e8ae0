//! Test runner: reports cases one by one and exits with a code.

use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};

use semihosting::{print, println, process};

use crate::heap;

static PASSED: AtomicU32 = AtomicU32::new(0);

/// A running case, from before its start until after its last value is dropped.
#[must_use]
pub struct Case {
    name: &'static str,
    used: usize,
}

impl Case {
    /// Prints the name of a case and starts it.
    pub fn start(name: &'static str) -> Self {
        print!("test {name} ... ");
        Self { name, used: heap::used() }
    }

    /// Ends the case. Panics if it leaks memory.
    pub fn end(self) {
        assert_eq!(heap::used(), self.used, "{} leaks", self.name);
        PASSED.store(PASSED.load(SeqCst) + 1, SeqCst);
        println!("ok");
    }
}

/// Ends the program with success.
pub fn finish() -> ! {
    println!("{} passed, 0 failed", PASSED.load(SeqCst));
    process::exit(0)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    println!("FAILED\n{info}\n{} passed, 1 failed", PASSED.load(SeqCst));
    process::exit(1)
}
