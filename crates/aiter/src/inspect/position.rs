//! Where a cursor of a list stands.

use alloc::boxed::Box;
use core::{
    panic::{RefUnwindSafe, UnwindSafe},
    sync::atomic::{AtomicUsize, Ordering},
};

use aiter_adapters::{
    BoundedCursor, LossyCursor, SharedBoundedCursor, SharedWeighedCursor, WeighedCursor,
};
use aiter_core::{Cursor, SharedCursor, TryNextError};
use futures_core::Stream;

/// The number of items that the takers of a shared cursor have not taken.
type Len = Box<dyn Fn() -> usize + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// The position of a cursor, which another thread may read.
#[expect(unnameable_types, missing_debug_implementations, reason = "the trait is sealed")]
pub enum Position {
    /// The index of the next item, which the cursor's handle stores after each read.
    Own(AtomicUsize),
    /// A taker at the same position.
    Shared(Len),
}

impl Position {
    fn own(index: usize) -> Self {
        Self::Own(AtomicUsize::new(index))
    }

    /// Stores the index of the next item.
    pub(super) fn set(&self, index: usize) {
        if let Self::Own(own) = self {
            // Release: partner of `lag`, for the counts of the handle, and so that the item was
            // pushed before.
            own.store(index, Ordering::Release);
        }
    }

    /// Returns the number of unread items and the index of the next one. `tail` returns the index
    /// of the list's end.
    ///
    /// The tail is loaded after the position, so the number is never negative. The index may be
    /// too high by what is pushed meanwhile. May call the waker of another taker.
    pub(super) fn lag(&self, tail: impl FnOnce() -> usize) -> (usize, usize) {
        match self {
            Self::Own(own) => {
                // Acquire: partner of `set`.
                let index = own.load(Ordering::Acquire);
                (tail().wrapping_sub(index), index)
            }
            Self::Shared(len) => {
                let len = len();
                (len, tail().wrapping_sub(len))
            }
        }
    }
}

/// A cursor of a push list, of any kind: [`Cursor`], [`BoundedCursor`], [`LossyCursor`],
/// [`WeighedCursor`], or a shared one.
///
/// The items are `Send + 'static`, because any thread may take a snapshot. Sealed. Passed to
/// [`Registry::cursor`](crate::inspect::Registry::cursor).
pub trait ListCursor: Sealed {}

/// What a registry needs of a cursor.
#[expect(unnameable_types, reason = "the trait is sealed")]
pub trait Sealed: Stream + Unpin {
    fn list_id(&self) -> usize;

    fn position(&self) -> Position;

    /// The index of the next item, or `None` for a taker.
    fn next_index(&self) -> Option<usize>;

    fn missed(&self) -> usize;

    fn take(&mut self) -> Result<Self::Item, TryNextError>;

    fn cancel_wait(&mut self);
}

macro_rules! own_cursor {
    ($cursor:ident, $this:ident => $missed:expr) => {
        impl<T: Send + 'static> ListCursor for $cursor<T> {}

        impl<T: Send + 'static> Sealed for $cursor<T> {
            fn list_id(&self) -> usize {
                self.list_id()
            }

            fn position(&self) -> Position {
                Position::own(self.index())
            }

            fn next_index(&self) -> Option<usize> {
                Some(self.index())
            }

            fn missed(&self) -> usize {
                let $this = self;
                $missed
            }

            fn take(&mut self) -> Result<T, TryNextError> {
                self.try_next()
            }

            fn cancel_wait(&mut self) {
                self.cancel_wait();
            }
        }
    };
}

own_cursor!(Cursor, _this => 0);
own_cursor!(BoundedCursor, _this => 0);
own_cursor!(WeighedCursor, _this => 0);
own_cursor!(LossyCursor, this => this.missed());

macro_rules! shared_cursor {
    ($cursor:ident) => {
        impl<T: Send + 'static> ListCursor for $cursor<T> {}

        impl<T: Send + 'static> Sealed for $cursor<T> {
            fn list_id(&self) -> usize {
                self.list_id()
            }

            fn position(&self) -> Position {
                let taker = self.clone();
                Position::Shared(Box::new(move || taker.len()))
            }

            fn next_index(&self) -> Option<usize> {
                None
            }

            fn missed(&self) -> usize {
                0
            }

            fn take(&mut self) -> Result<T, TryNextError> {
                self.try_next()
            }

            fn cancel_wait(&mut self) {
                self.cancel_wait();
            }
        }
    };
}

shared_cursor!(SharedCursor);
shared_cursor!(SharedBoundedCursor);
shared_cursor!(SharedWeighedCursor);

/// The functions of a stream that is a cursor, or of any other stream.
pub(super) struct Functions<S> {
    pub(super) next_index: fn(&S) -> Option<usize>,
    pub(super) missed: fn(&S) -> usize,
    pub(super) cancel_wait: fn(&mut S),
}

impl<S> Clone for Functions<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Functions<S> {}

impl<S: Sealed> Functions<S> {
    pub(super) const CURSOR: Self =
        Self { next_index: S::next_index, missed: S::missed, cancel_wait: S::cancel_wait };
}

impl<S> Functions<S> {
    pub(super) const STREAM: Self =
        Self { next_index: |_| None, missed: |_| 0, cancel_wait: |_| {} };
}
