use alloc::{boxed::Box, string::String};
use core::{any::Any, cell::Cell, panic::AssertUnwindSafe};
use std::{
    panic::{catch_unwind, set_hook, take_hook},
    sync::Once,
};

std::thread_local! {
    /// Whether the panic hook prints nothing on this thread.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Calls `f` and catches its panic without calling the panic hook.
///
/// Panics of other threads still reach the hook.
pub(super) fn catch_panic<T>(f: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                before(panic);
            }
        }));
    });
    let before = QUIET.replace(true);
    let result = catch_unwind(AssertUnwindSafe(f));
    QUIET.set(before);
    result
}

/// Calls `f` like [`catch_panic`], and returns the message of its panic.
pub(super) fn catch_message<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    catch_panic(f).map_err(|panic| panic_message(&*panic).into())
}

/// Returns the message of a panic.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(|text| &**text)).unwrap_or("(no text)")
}
