//! What each thread knows of itself: which futures are in the middle of a poll on it.

use core::cell::Cell;
use std::thread_local;

use crate::stuck::Stuck;

/// Without a destructor: it can be asked for as long as the thread runs.
struct Scope {
    /// `forbid_blocking` futures that are being polled, less those that `allow_blocking` hides.
    forbidden: Cell<u32>,
    /// Futures that a `BlockOn` of this thread is polling.
    blocked_on: Cell<u32>,
}

thread_local! {
    static SCOPE: Scope = const { Scope { forbidden: Cell::new(0), blocked_on: Cell::new(0) } };
}

/// Panics where a wait is forbidden.
pub(crate) fn check_allowed() {
    if SCOPE.with(|scope| scope.forbidden.get() > 0) {
        Stuck::Forbidden.fail();
    }
}

/// True inside a future that a `BlockOn` of this thread is polling.
pub(crate) fn is_nested() -> bool {
    SCOPE.with(|scope| scope.blocked_on.get() > 0)
}

/// Runs `poll` as the poll of a future that must not block.
pub(crate) fn forbidding<T>(poll: impl FnOnce() -> T) -> T {
    let _until_dropped = SCOPE.with(|scope| Restore::set(scope, scope.forbidden.get() + 1));
    poll()
}

/// Runs `f` as if no future around it forbade to block.
pub(crate) fn allowing<T>(f: impl FnOnce() -> T) -> T {
    let _until_dropped = SCOPE.with(|scope| Restore::set(scope, 0));
    f()
}

/// Runs `poll` as the poll of a future that this thread is blocked on.
pub(crate) fn blocked_on<T>(poll: impl FnOnce() -> T) -> T {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            SCOPE.with(|scope| scope.blocked_on.set(scope.blocked_on.get() - 1));
        }
    }
    SCOPE.with(|scope| scope.blocked_on.set(scope.blocked_on.get() + 1));
    let _until_dropped = Leave;
    poll()
}

/// Puts `forbidden` back, also when what runs meanwhile panics.
struct Restore(u32);

impl Restore {
    fn set(scope: &Scope, forbidden: u32) -> Self {
        Self(scope.forbidden.replace(forbidden))
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        SCOPE.with(|scope| scope.forbidden.set(self.0));
    }
}
