//! A heap that panics if an interrupt handler uses it.

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use embedded_alloc::LlffHeap;

use crate::board;

const SIZE: usize = 8 * 1024;

#[global_allocator]
static HEAP: MainOnly = MainOnly(LlffHeap::empty());

static HANDLERS_ALLOWED: AtomicBool = AtomicBool::new(false);
/// Number of allocations and frees.
static CALLS: AtomicUsize = AtomicUsize::new(0);
/// Maximum number of bytes in use at a time.
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct MainOnly(LlffHeap);

// SAFETY: every call is forwarded unchanged to an allocator that keeps the contract.
unsafe impl GlobalAlloc for MainOnly {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        check("allocates", layout);
        // SAFETY: the caller guarantees that `layout` has a size other than zero.
        let ptr = unsafe { self.0.alloc(layout) };
        PEAK.store(PEAK.load(Ordering::SeqCst).max(self.0.used()), Ordering::SeqCst);
        ptr
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        check("frees", layout);
        // Freed memory is overwritten, so that a use after free shows.
        // SAFETY: the caller guarantees that `ptr` was allocated here with `layout` and is not used
        // any more.
        unsafe {
            ptr.write_bytes(0xA5, layout.size());
            self.0.dealloc(ptr, layout);
        }
    }
}

/// Counts a call and panics if a handler uses the heap without permission.
fn check(what: &str, layout: Layout) {
    CALLS.store(CALLS.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    let allowed = HANDLERS_ALLOWED.load(Ordering::SeqCst);
    assert!(allowed || !board::in_handler(), "a handler {what} {} bytes", layout.size());
}

/// Sets whether handlers may use the heap, for cases that need it.
pub fn allow_handlers(allowed: bool) {
    HANDLERS_ALLOWED.store(allowed, Ordering::SeqCst);
}

/// Gives the heap its memory. Must be called once, before the first allocation.
pub fn init() {
    static mut ARENA: [MaybeUninit<u8>; SIZE] = [MaybeUninit::uninit(); SIZE];
    // SAFETY: the arena is used only here, and a second call panics.
    unsafe { HEAP.0.init((&raw mut ARENA).addr(), SIZE) }
}

/// Returns the number of bytes in use.
pub fn used() -> usize {
    HEAP.0.used()
}

/// Returns the number of allocations and frees so far.
pub fn calls() -> usize {
    CALLS.load(Ordering::SeqCst)
}

/// Returns the maximum number of bytes in use at a time so far.
pub fn peak() -> usize {
    PEAK.load(Ordering::SeqCst)
}
