//! Error types, one for each operation. A push that fails returns its items in the error.

use core::{error::Error, fmt};

use alloc::vec::{self, Vec};

/// The reason why a list refuses items.
///
/// # Examples
/// See the examples of [`PushError::kind`] and [`PushAllError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PushErrorKind {
    /// The list was stopped, by a call of `stop` or `close`, or by the drop of its last `Pusher`.
    Stopped,
    /// Every cursor was dropped. After `Pusher::subscribe`, the list accepts items again.
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

impl Error for PushErrorKind {}

/// The error of [`Pusher::push`](crate::Pusher::push), with the refused item.
#[derive(Clone, Copy, PartialEq, Eq)]
#[doc(alias = "ValueError")]
pub enum PushError<T> {
    /// The list was stopped.
    Stopped(T),
    /// The list has no cursor, so the item would never be read.
    NoCursor(T),
}

impl<T> PushError<T> {
    pub(crate) fn new(kind: PushErrorKind, item: T) -> Self {
        match kind {
            PushErrorKind::Stopped => Self::Stopped(item),
            PushErrorKind::NoCursor => Self::NoCursor(item),
        }
    }

    /// Returns the item.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list();
    /// pusher.stop();
    /// assert_eq!(pusher.push("item").unwrap_err().into_inner(), "item");
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Stopped(item) | Self::NoCursor(item) => item,
        }
    }

    /// Returns the reason why the item was refused.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::{PushErrorKind, push_list};
    ///
    /// let (pusher, cursor) = push_list();
    /// drop(cursor);
    /// assert_eq!(pusher.push(1).unwrap_err().kind(), PushErrorKind::NoCursor);
    /// ```
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

/// The error of [`Pusher::try_push`](crate::Pusher::try_push), with the refused item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryPushError<T> {
    /// The list is full for now.
    ///
    /// In a list from [`push_list`](crate::push_list), no linked block has a free slot, and
    /// `try_push` does not allocate. See [`Pusher::reserve`](crate::Pusher::reserve). In a bounded
    /// list, a cursor has not read `cap` items yet, or a request waits in line.
    Full(T),
    /// The list was stopped.
    Stopped(T),
    /// The list has no cursor, so the item would never be read.
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

    /// Returns the item.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list();
    /// pusher.stop();
    /// assert_eq!(pusher.try_push("item").unwrap_err().into_inner(), "item");
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(item) | Self::Stopped(item) | Self::NoCursor(item) => item,
        }
    }

    /// Returns `true` if the list accepts items but is full for now.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list();
    /// while let Ok(()) = pusher.try_push(0) {}
    /// assert!(pusher.try_push(0).unwrap_err().is_full());
    /// pusher.reserve(1);
    /// assert!(pusher.try_push(0).is_ok());
    /// ```
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
            Self::Full(_) => f.write_str("the list is full"),
            Self::Stopped(_) => PushErrorKind::Stopped.fmt(f),
            Self::NoCursor(_) => PushErrorKind::NoCursor.fmt(f),
        }
    }
}

impl<T> Error for TryPushError<T> {}

/// The error of [`Pusher::push_all`](crate::Pusher::push_all), with all items that were not pushed.
///
/// # Examples
/// ```
/// use aiter_core::{PushErrorKind, push_list};
///
/// let (pusher, _cursor) = push_list();
/// pusher.stop();
/// let error = pusher.push_all([1, 2, 3]).unwrap_err();
/// assert_eq!((error.pushed(), error.kind()), (0, PushErrorKind::Stopped));
/// assert!(error.into_unpushed().eq([1, 2, 3]));
/// ```
pub struct PushAllError<I: Iterator> {
    pub(crate) kind: PushErrorKind,
    pub(crate) pushed: usize,
    pub(crate) taken: Vec<I::Item>,
    pub(crate) rest: I,
}

impl<I: Iterator> PushAllError<I> {
    /// Returns the number of items that were pushed before the list refused an item.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn pushed(&self) -> usize {
        self.pushed
    }

    /// Returns the reason why the other items were refused.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn kind(&self) -> PushErrorKind {
        self.kind
    }

    /// Returns every item that was not pushed, in order.
    ///
    /// The items that were taken from the iterator precede the rest of the iterator.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
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

/// The error of [`Cursor::try_next`](crate::Cursor::try_next) and
/// [`SharedCursor::try_next`](crate::SharedCursor::try_next).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TryNextError {
    /// No item is ready, but later pushes may add items.
    Empty,
    /// The list was stopped, and the cursor has read every item.
    Ended,
    /// Another taker of the shared cursor has the position, so an item may be ready. A `Cursor`
    /// never returns this.
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
