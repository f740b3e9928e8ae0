//! A permit: weight in a weighed list that is reserved for one item.

use core::fmt;

use crate::bounded::weighed::{WeighedPermitError, push_admitted, pusher::WeighedPusher};

/// Room in a weighed list; made by [`reserve`](WeighedPusher::reserve) and
/// [`try_reserve`](WeighedPusher::try_reserve).
///
/// Dropping it returns the room and wakes the producers that wait for it. The room of a permit that
/// is forgotten with [`mem::forget`](core::mem::forget) is lost to the list.
///
/// # Examples
/// ```
/// use aiter_adapters::bounded_by;
///
/// let (pusher, mut cursor) = bounded_by(1024, Vec::<u8>::len);
/// let permit = pusher.try_reserve(100).expect("the list has room");
/// let page = vec![0; permit.weight() / 2]; // for example a read of at most so many bytes
/// permit.push(page).expect("the list has a cursor");
/// assert_eq!(pusher.used(), 50);
/// assert_eq!(cursor.try_next().map(|page| page.len()), Ok(50));
/// ```
#[must_use = "a permit that is dropped returns its room"]
pub struct WeighedPermit<'a, T, W> {
    pusher: &'a WeighedPusher<T, W>,
    /// The weight to return on drop.
    weight: usize,
}

impl<'a, T, W> WeighedPermit<'a, T, W> {
    /// Makes a permit for a weight that is admitted.
    pub(super) fn new(pusher: &'a WeighedPusher<T, W>, weight: usize) -> Self {
        Self { pusher, weight }
    }

    /// Returns the largest weight of an item for this permit.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn weight(&self) -> usize {
        self.weight
    }
}

impl<T, W: Fn(&T) -> usize> WeighedPermit<'_, T, W> {
    /// Appends an item at once, and returns the room that the item does not need.
    ///
    /// Calls the weight function. Lock-free, except for what that function and wakers do, and
    /// unless a producer waits for the room that is returned.
    ///
    /// # Errors
    /// - Returns [`WeighedPermitError::TooHeavy`] with the item if it is heavier than the permit.
    ///   The room is returned.
    /// - Returns [`WeighedPermitError::Stopped`] or [`WeighedPermitError::NoCursor`] with the item
    ///   if the list is stopped or has no cursor.
    ///
    /// # Panics
    /// Panics if the weight function panics. The item is then dropped and the room is returned.
    /// Panics if the waker of a waiting task panics. The item is pushed.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, mut cursor) = bounded_by(10, String::len);
    /// let permit = pusher.try_reserve(5)?;
    /// let error = permit.push("too heavy".to_owned()).unwrap_err();
    /// assert!(error.is_too_heavy());
    /// let permit = pusher.try_reserve(9)?;
    /// permit.push("light".to_owned())?;
    /// assert_eq!((pusher.used(), cursor.try_next().as_deref()), (5, Ok("light")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "send")]
    pub fn push(mut self, item: T) -> Result<(), WeighedPermitError<T>> {
        let weighed = self.pusher.weigh(item);
        match self.weight.checked_sub(weighed.weight) {
            None => Err(WeighedPermitError::TooHeavy(weighed.item)),
            Some(rest) => {
                // The other room belongs to the item. The drop returns the rest, also after a
                // panic.
                self.weight = rest;
                Ok(push_admitted(&self.pusher.inner, weighed)?)
            }
        }
    }
}

impl<T, W> Drop for WeighedPermit<'_, T, W> {
    fn drop(&mut self) {
        if self.weight > 0 {
            self.pusher.inner.list.gate.release(self.weight);
        }
    }
}

impl<T, W> fmt::Debug for WeighedPermit<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeighedPermit").field("weight", &self.weight).finish_non_exhaustive()
    }
}
