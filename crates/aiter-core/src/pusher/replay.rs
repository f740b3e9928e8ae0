//! `Replay`, a pusher that keeps the last items for later subscribers.

use core::fmt;

use crate::{
    cursor::Cursor,
    error::{PushAllError, PushError},
    pusher::Pusher,
};

/// A pusher that keeps the last items, and makes cursors that begin with them. See
/// [`Pusher::replay`].
///
/// # Memory
/// The handle holds a cursor of its own. After each of its methods, that cursor is at most
/// [`max`](Self::max) items behind the end, rounded up to a block. Items that other pushers of the
/// list append in between are kept as well, until the next call. If other pushers append without
/// end, call [`trim`](Self::trim) once in a while, or push through this handle.
///
/// The cursor counts as a cursor of the list. So pushes are accepted without a subscriber, and
/// items are cloned.
///
/// # Examples
/// ```
/// use aiter_core::push_list;
///
/// let (pusher, cursor) = push_list();
/// let mut replay = pusher.replay(2);
/// drop((pusher, cursor));
/// for n in 0..10 {
///     replay.push(n)?;
/// }
/// let mut late = replay.subscribe();
/// replay.push(10)?;
/// drop(replay);
/// assert_eq!((late.try_next(), late.try_next()), (Ok(8), Ok(9)));
/// assert_eq!(late.try_next(), Ok(10));
/// assert!(late.is_drained());
/// # Ok::<(), aiter_core::PushError<i32>>(())
/// ```
#[doc(alias = "ReplaySubject")]
#[doc(alias = "behavior")]
#[must_use = "a replay that is neither pushed to nor trimmed keeps the items of other pushers"]
pub struct Replay<T> {
    pusher: Pusher<T>,
    kept: Cursor<T>,
    max: usize,
}

impl<T> Replay<T> {
    /// Appends an item as [`Pusher::push`] does, then gives up the items before the last
    /// [`max`](Self::max).
    ///
    /// # Errors
    /// Returns [`PushError`] with the item if the list is stopped.
    ///
    /// # Panics
    /// Panics as [`Pusher::push`] or [`trim`](Self::trim) does. The item is pushed.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list();
    /// let mut replay = pusher.replay(1);
    /// replay.push("old")?;
    /// replay.push("new")?;
    /// assert_eq!(replay.subscribe().try_next(), Ok("new"));
    /// # Ok::<(), aiter_core::PushError<&str>>(())
    /// ```
    #[doc(alias = "send")]
    pub fn push(&mut self, item: T) -> Result<(), PushError<T>> {
        let pushed = self.pusher.push(item);
        self.trim();
        pushed
    }

    /// Appends all items of an iterator as [`Pusher::push_all`] does, then gives up the items
    /// before the last [`max`](Self::max).
    ///
    /// # Errors
    /// Returns [`PushAllError`] if the list is stopped.
    ///
    /// # Panics
    /// Panics as [`Pusher::push_all`] or [`trim`](Self::trim) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list();
    /// let mut replay = pusher.replay(3);
    /// assert_eq!(replay.push_all(0..100).unwrap(), 100);
    /// assert_eq!(replay.subscribe().len(), 3);
    /// ```
    pub fn push_all<I>(&mut self, items: I) -> Result<usize, PushAllError<I::IntoIter>>
    where
        I: IntoIterator<Item = T>,
    {
        let pushed = self.pusher.push_all(items);
        self.trim();
        pushed
    }

    /// Gives up the items before the last [`max`](Self::max), and returns their number.
    ///
    /// Only needed if other pushers append to the list. An item of a push that is not finished
    /// counts, and so do the items behind it, but none of them is given up. Lock-free.
    ///
    /// # Panics
    /// Panics as [`Cursor::skip_items`] does.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut replay = pusher.replay(1);
    /// drop(cursor);
    /// pusher.push_all(0..1000).unwrap();
    /// assert_eq!(pusher.retained(), 1000);
    /// assert_eq!(replay.trim(), 999);
    /// assert!(pusher.retained() < 100);
    /// ```
    pub fn trim(&mut self) -> usize {
        match self.kept.len().saturating_sub(self.max) {
            0 => 0,
            excess => self.kept.skip_items(excess),
        }
    }

    /// Makes a cursor that receives the last [`max`](Self::max) items, then all that are pushed
    /// from now on.
    ///
    /// If fewer items were pushed since the call of [`Pusher::replay`], receives all of them. If
    /// the list is stopped, receives the last items and then the end. Lock-free.
    ///
    /// # Panics
    /// Panics as [`Cursor::fork`] or [`trim`](Self::trim) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list();
    /// let mut replay = pusher.replay(2);
    /// pusher.push_all([1, 2, 3])?;
    /// assert!(replay.subscribe().available_iter().eq(&[2, 3]));
    /// # Ok::<(), aiter_core::PushAllError<std::array::IntoIter<i32, 3>>>(())
    /// ```
    pub fn subscribe(&mut self) -> Cursor<T>
    where
        T: Clone + Sync,
    {
        self.trim();
        self.kept.fork()
    }

    /// Returns the number of items that a new subscriber receives at most.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list::<char>();
    /// assert_eq!(pusher.replay(100).max(), 100);
    /// ```
    pub fn max(&self) -> usize {
        self.max
    }
}

impl<T> fmt::Debug for Replay<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay")
            .field("max", &self.max)
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}

impl<T> Pusher<T> {
    /// Makes a pusher that keeps the last `max` items from now on, and makes cursors that begin
    /// with them.
    ///
    /// With `max` of 0, its subscribers begin at the end. The memory is that of `max` items if all
    /// items are pushed through the returned handle; see [`Replay`](Replay#memory). The handle is a
    /// pusher, so it keeps the list from ending.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/replay.svg"))]
    ///
    /// # Panics
    /// Panics as [`subscribe`](Self::subscribe) or [`clone`](Clone::clone) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list();
    /// pusher.push("before")?;
    /// let mut replay = pusher.replay(10);
    /// replay.push("kept")?;
    /// assert!(replay.subscribe().available_iter().eq(&["kept"]));
    /// # Ok::<(), aiter_core::PushError<&str>>(())
    /// ```
    pub fn replay(&self, max: usize) -> Replay<T>
    where
        T: Clone + Sync,
    {
        Replay { pusher: self.clone(), kept: self.subscribe(), max }
    }
}
