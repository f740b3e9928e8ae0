//! What each thread knows of itself: which futures are in the middle of a poll on it.

use core::cell::Cell;
use core::ptr;
use std::thread_local;

use crate::stuck::Stuck;

/// Without a destructor: it can be asked for as long as the thread runs.
struct Scope {
    /// The innermost word of the program around what is running.
    word: Cell<Word>,
    /// The innermost wait of a `BlockOn` that is polling its future.
    around: Cell<Around>,
}

/// What the program has said about blocking.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Nothing,
    /// By `forbid_blocking`.
    Forbidden,
    /// By `allow_blocking`.
    Allowed,
}

/// A wait around what is running.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Around {
    NoWait,
    Wait,
    /// One that ends by itself, at a time that the program has given.
    WaitWithEnd,
}

thread_local! {
    static SCOPE: Scope =
        const { Scope { word: Cell::new(Word::Nothing), around: Cell::new(Around::NoWait) } };
}

/// One number for each thread that is alive.
pub(crate) fn this_thread() -> usize {
    SCOPE.with(|scope| ptr::from_ref(scope).addr())
}

/// Panics where a wait is forbidden.
pub(crate) fn check_allowed() {
    if SCOPE.with(|scope| scope.word.get() == Word::Forbidden) {
        Stuck::Forbidden.fail();
    }
}

/// True where the program has said that this thread may block.
pub(crate) fn is_allowed_by_word() -> bool {
    SCOPE.with(|scope| scope.word.get() == Word::Allowed)
}

/// True inside a future that a `BlockOn` of this thread is polling.
pub(crate) fn is_nested() -> bool {
    SCOPE.with(|scope| scope.around.get() != Around::NoWait)
}

/// True inside one whose wait ends by itself.
pub(crate) fn is_in_a_wait_with_end() -> bool {
    SCOPE.with(|scope| scope.around.get() == Around::WaitWithEnd)
}

/// Runs `poll` as the poll of a future that must not block.
pub(crate) fn forbidding<T>(poll: impl FnOnce() -> T) -> T {
    let _until_dropped = SCOPE.with(|scope| Restore::set(scope, Word::Forbidden));
    poll()
}

/// Runs `f` on a thread that may block, whatever a future around it says.
pub(crate) fn allowing<T>(f: impl FnOnce() -> T) -> T {
    let _until_dropped = SCOPE.with(|scope| Restore::set(scope, Word::Allowed));
    f()
}

/// Runs `poll` as the poll of a future that this thread is blocked on, in that wait.
pub(crate) fn blocked_on<T>(wait: Around, poll: impl FnOnce() -> T) -> T {
    struct Leave(Around);
    impl Drop for Leave {
        fn drop(&mut self) {
            SCOPE.with(|scope| scope.around.set(self.0));
        }
    }
    let _until_dropped = Leave(SCOPE.with(|scope| scope.around.replace(wait)));
    poll()
}

/// Puts the word back, also when what runs meanwhile panics.
struct Restore(Word);

impl Restore {
    fn set(scope: &Scope, word: Word) -> Self {
        Self(scope.word.replace(word))
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        SCOPE.with(|scope| scope.word.set(self.0));
    }
}
