//! Names every public type of `aiter` from a crate without std: none can come to need it unseen.
#![no_std]
#![forbid(unsafe_code)]

/// The push list: its two ends.
pub mod list {
    use aiter::{
        AvailableIter, Cursor, NextMany, Preflight, Pusher, SharedCursor, SolePusher, WeakPusher,
    };

    /// The ends that push.
    pub type Pushers<'a, T> = (Pusher<T>, SolePusher<'a, T>, WeakPusher<T>);
    /// The ends that read.
    pub type Cursors<T, F> = (Cursor<T>, SharedCursor<T>, Preflight<T, F>);
    /// What a cursor lends.
    pub type Borrows<'a, T> = (AvailableIter<'a, T>, NextMany<'a, T>);

    /// Makes a list.
    pub fn make<T>() -> (Pusher<T>, Cursor<T>) {
        aiter::push_list()
    }
}

/// The push list's errors.
pub mod error {
    use aiter::{PushAllError, PushError, Refusal, TryNextError, TryPushError};

    /// What a refused push gives back.
    pub type Refused<T, I> = (PushError<T>, TryPushError<T>, PushAllError<I>, Refusal);
    /// What a cursor without an item says.
    pub type Unread = TryNextError;

    /// Each is an error, whatever the item is.
    pub fn are_errors<T, I: Iterator>(errors: Refused<T, I>) -> [&'static str; 4] {
        fn name<E: core::error::Error>(_: E) -> &'static str {
            core::any::type_name::<E>()
        }
        [name(errors.0), name(errors.1), name(errors.2), name(errors.3)]
    }
}
