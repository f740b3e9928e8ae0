//! The push of all items of an iterator, and its error.

use core::{error::Error, fmt, iter};

use aiter_core::TryPushError;

use crate::bounded::lossy::pusher::LossyPusher;

impl<T> LossyPusher<T> {
    /// Appends all items of an iterator, one by one. Returns how many it appended.
    ///
    /// Never waits. If the iterator yields more than `cap` items, a cursor that is not read
    /// meanwhile loses some of them.
    ///
    /// # Errors
    /// Returns [`LossyPushAllError`] as soon as [`push`](Self::push) refuses an item. The error
    /// holds the number of items that were pushed, and all other items.
    ///
    /// # Panics
    /// Panics as [`push`](Self::push) does, or if the iterator panics. The items that it has
    /// yielded before are pushed.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, mut cursor) = bounded_lossy(2, LossyPolicy::DropOldest);
    /// assert_eq!(pusher.push_all(0..100).unwrap(), 100);
    /// assert_eq!((cursor.try_next(), cursor.missed()), (Ok(98), 98));
    /// pusher.stop();
    /// assert!(pusher.push_all(0..3).unwrap_err().into_unpushed().eq(0..3));
    /// ```
    pub fn push_all<I>(&self, items: I) -> Result<usize, LossyPushAllError<I::IntoIter>>
    where
        I: IntoIterator<Item = T>,
    {
        let (mut items, mut pushed) = (items.into_iter(), 0);
        while let Some(item) = items.next() {
            if let Err(refused) = self.push(item) {
                return Err(LossyPushAllError { pushed, refused, rest: items });
            }
            pushed += 1;
        }
        Ok(pushed)
    }
}

/// The error of [`LossyPusher::push_all`], with all items that were not pushed.
///
/// # Examples
/// ```
/// use aiter_adapters::{LossyPolicy, bounded_lossy};
/// use aiter_core::TryPushError;
///
/// let (pusher, cursor) = bounded_lossy(1, LossyPolicy::Disconnect);
/// let error = pusher.push_all(0..4).unwrap_err();
/// assert_eq!((error.pushed(), error.refused()), (2, &TryPushError::NoCursor(2)));
/// assert!(error.into_unpushed().eq([2, 3]));
/// # drop(cursor);
/// ```
pub struct LossyPushAllError<I: Iterator> {
    pushed: usize,
    refused: TryPushError<I::Item>,
    rest: I,
}

impl<I: Iterator> LossyPushAllError<I> {
    /// Returns the number of items that were pushed before the list refused an item.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn pushed(&self) -> usize {
        self.pushed
    }

    /// Returns the error of the item that was refused, with the reason.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn refused(&self) -> &TryPushError<I::Item> {
        &self.refused
    }

    /// Returns every item that was not pushed, in order.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn into_unpushed(self) -> iter::Chain<iter::Once<I::Item>, I> {
        iter::once(self.refused.into_inner()).chain(self.rest)
    }
}

impl<I: Iterator> fmt::Debug for LossyPushAllError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossyPushAllError")
            .field("pushed", &self.pushed)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl<I: Iterator> fmt::Display for LossyPushAllError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {} items", self.refused, self.pushed)
    }
}

impl<I: Iterator> Error for LossyPushAllError<I> {}
