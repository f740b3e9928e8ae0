//! The heap, which interrupt handlers may not touch.

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use embedded_alloc::LlffHeap;

use crate::board;

const SIZE: usize = 8 * 1024;

#[global_allocator]
static HEAP: MainOnly = MainOnly(LlffHeap::empty());

static HANDLERS_ALLOWED: AtomicBool = AtomicBool::new(false);
/// How often memory was asked for or given back.
static CALLS: AtomicUsize = AtomicUsize::new(0);
/// The most bytes that were in use, by and by.
static MOST: AtomicUsize = AtomicUsize::new(0);

struct MainOnly(LlffHeap);

// SAFETY: every call is handed on, as it came, to an allocator that keeps the contract.
unsafe impl GlobalAlloc for MainOnly {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        check("allocates", layout);
        // SAFETY: the caller answers for `layout`.
        let ptr = unsafe { self.0.alloc(layout) };
        MOST.store(MOST.load(Ordering::SeqCst).max(self.0.used()), Ordering::SeqCst);
        ptr
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        check("frees", layout);
        // SAFETY: the caller answers for `ptr` and `layout`. What was freed is made unreadable, so
        // that a use of it shows.
        unsafe {
            ptr.write_bytes(0xA5, layout.size());
            self.0.dealloc(ptr, layout);
        }
    }
}

/// Fails the test of a handler that needs the heap.
fn check(what: &str, layout: Layout) {
    CALLS.store(CALLS.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    let allowed = HANDLERS_ALLOWED.load(Ordering::SeqCst);
    assert!(allowed || !board::in_handler(), "a handler {what} {} bytes", layout.size());
}

/// Lets handlers use the heap, for a test whose handler has to.
pub fn allow_handlers(allowed: bool) {
    HANDLERS_ALLOWED.store(allowed, Ordering::SeqCst);
}

/// Hands the heap its memory; called once, before the first allocation.
pub fn init() {
    static mut ARENA: [MaybeUninit<u8>; SIZE] = [MaybeUninit::uninit(); SIZE];
    // SAFETY: nothing else names the arena, and a second call panics.
    unsafe { HEAP.0.init((&raw mut ARENA).addr(), SIZE) }
}

/// The bytes in use.
pub fn used() -> usize {
    HEAP.0.used()
}

/// How often memory was asked for or given back so far.
pub fn calls() -> usize {
    CALLS.load(Ordering::SeqCst)
}

/// The most bytes that were in use at a time so far.
pub fn most() -> usize {
    MOST.load(Ordering::SeqCst)
}
