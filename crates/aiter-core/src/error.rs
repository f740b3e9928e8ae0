//! What can go wrong, one type per operation. The refused item always comes back.

use core::{error::Error, fmt};

use alloc::vec::{self, Vec};

/// Why a list takes no items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PushErrorKind {
    /// The list was stopped: by `stop`, or because its last `Pusher` was dropped.
    Stopped,
    /// Nobody reads: every cursor was dropped. `Pusher::subscribe` revives the list.
    NoCursor,
}

impl fmt::Display for PushErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopped => "the list is stopped",
            Self::NoCursor => "the list has no cursor left",
        })
    }
}

/// A refused [`Pusher::push`](crate::Pusher::push), with the item.
#[derive(Clone, Copy, PartialEq, Eq)]
#[doc(alias = "ValueError")]
pub enum PushError<T> {
    /// The list was stopped.
    Stopped(T),
    /// Every cursor was dropped: nobody would ever read the item.
    NoCursor(T),
}

impl<T> PushError<T> {
    pub(crate) fn new(kind: PushErrorKind, item: T) -> Self {
        match kind {
            PushErrorKind::Stopped => Self::Stopped(item),
            PushErrorKind::NoCursor => Self::NoCursor(item),
        }
    }

    /// Gives the item back.
    pub fn into_inner(self) -> T {
        match self {
            Self::Stopped(item) | Self::NoCursor(item) => item,
        }
    }

    /// Says why the item was refused.
    pub fn kind(&self) -> PushErrorKind {
        match self {
            Self::Stopped(_) => PushErrorKind::Stopped,
            Self::NoCursor(_) => PushErrorKind::NoCursor,
        }
    }
}

impl<T> fmt::Debug for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PushError::{:?}(..)", self.kind())
    }
}

impl<T> fmt::Display for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

impl<T> Error for PushError<T> {}

/// A refused [`Pusher::try_push`](crate::Pusher::try_push), with the item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryPushError<T> {
    /// No linked block has a free slot, and `try_push` does not allocate. See
    /// [`Pusher::reserve`](crate::Pusher::reserve).
    Full(T),
    /// The list was stopped.
    Stopped(T),
    /// Every cursor was dropped: nobody would ever read the item.
    NoCursor(T),
}

impl<T> TryPushError<T> {
    pub(crate) fn new(kind: Option<PushErrorKind>, item: T) -> Self {
        match kind {
            None => Self::Full(item),
            Some(PushErrorKind::Stopped) => Self::Stopped(item),
            Some(PushErrorKind::NoCursor) => Self::NoCursor(item),
        }
    }

    /// Gives the item back.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(item) | Self::Stopped(item) | Self::NoCursor(item) => item,
        }
    }

    /// True if the list takes items, only not without allocating.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}

impl<T> fmt::Debug for TryPushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "TryPushError::Full(..)",
            Self::Stopped(_) => "TryPushError::Stopped(..)",
            Self::NoCursor(_) => "TryPushError::NoCursor(..)",
        })
    }
}

impl<T> fmt::Display for TryPushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("no free slot without allocating"),
            Self::Stopped(_) => PushErrorKind::Stopped.fmt(f),
            Self::NoCursor(_) => PushErrorKind::NoCursor.fmt(f),
        }
    }
}

impl<T> Error for TryPushError<T> {}

/// A [`Pusher::push_all`](crate::Pusher::push_all) that was refused before its end, with
/// everything that was not pushed.
pub struct PushAllError<I: Iterator> {
    pub(crate) kind: PushErrorKind,
    pub(crate) pushed: usize,
    pub(crate) taken: Vec<I::Item>,
    pub(crate) rest: I,
}

impl<I: Iterator> PushAllError<I> {
    /// How many items were pushed before the kind.
    pub fn pushed(&self) -> usize {
        self.pushed
    }

    /// Says why the others were refused.
    pub fn kind(&self) -> PushErrorKind {
        self.kind
    }

    /// Gives back every item that was not pushed, in order: those that had been taken from the
    /// iterator already, then what the iterator still yields.
    pub fn into_unpushed(self) -> core::iter::Chain<vec::IntoIter<I::Item>, I> {
        self.taken.into_iter().chain(self.rest)
    }
}

impl<I: Iterator> fmt::Debug for PushAllError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushAllError")
            .field("kind", &self.kind)
            .field("pushed", &self.pushed)
            .finish_non_exhaustive()
    }
}

impl<I: Iterator> fmt::Display for PushAllError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {} items", self.kind, self.pushed)
    }
}

impl<I: Iterator> Error for PushAllError<I> {}

/// Why [`Cursor::try_next`](crate::Cursor::try_next) or
/// [`SharedCursor::try_next`](crate::SharedCursor::try_next) gave no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TryNextError {
    /// Nothing is ready now; more may come.
    Empty,
    /// The list was stopped and this cursor has read everything.
    Ended,
    /// Another taker of the shared cursor is at the position, so there may be an item. A cursor
    /// never says so.
    Contended,
}

impl fmt::Display for TryNextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "no item is ready",
            Self::Ended => "the list has ended",
            Self::Contended => "another taker is at the shared cursor",
        })
    }
}

impl Error for TryNextError {}
