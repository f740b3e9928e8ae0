//! Reservations of weight.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::PushErrorKind;

use crate::bounded::{
    error::TryReserveError,
    gate::request::Request,
    reserve::poll_admit,
    weighed::{permit::WeighedPermit, pusher::WeighedPusher},
};

impl<T, W> WeighedPusher<T, W> {
    /// Waits for room for an item of at most `weight`, which is pushed later through the
    /// [`WeighedPermit`].
    ///
    /// Use this if the item is made only once there is room. The permit counts as an unread item
    /// until it is dropped. Reservations stand in one line with the pushes; see
    /// [`push`](Self::push). A weight of 0 counts as 1, and a weight above
    /// [`max_capacity`](Self::max_capacity) as `max_capacity`, which is enough for every item.
    ///
    /// # Errors
    /// Returns [`PushErrorKind`] if the list is stopped or has no cursor, also while it waits.
    ///
    /// # Panics
    /// A poll panics if the waker of a waiting task panics.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, it leaves the line or returns the room, and no other
    /// task waits longer.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = bounded_by(10, Vec::<u8>::len);
    /// let permit = pusher.reserve(8).now_or_never().expect("the list has room").unwrap();
    /// assert!(pusher.reserve(8).now_or_never().is_none());
    /// permit.push(vec![1, 2])?;
    /// assert_eq!((pusher.capacity(), cursor.len()), (8, 1));
    /// # Ok::<(), aiter_adapters::WeighedPermitError<Vec<u8>>>(())
    /// ```
    pub fn reserve(&self, weight: usize) -> WeighedReserve<'_, T, W> {
        WeighedReserve { pusher: self, request: Request::new(self.clamp(weight)) }
    }

    /// Takes room for an item of at most `weight` if there is room and no request waits in line.
    ///
    /// Never waits. Clamps the weight as [`reserve`](Self::reserve) does. Lock-free if there is
    /// room by the last known position of the slowest cursor. Otherwise scans the cursors under a
    /// lock.
    ///
    /// # Errors
    /// Returns [`TryReserveError`] if there is no room, the list is stopped or has no cursor.
    ///
    /// # Examples
    /// See [`WeighedPermit::push`].
    pub fn try_reserve(&self, weight: usize) -> Result<WeighedPermit<'_, T, W>, TryReserveError> {
        if self.cursor_count() == 0 && !self.is_stopped() {
            return Err(TryReserveError::NoCursor);
        }
        let weight = self.clamp(weight);
        self.inner.list.gate.try_admit(weight, weight)?;
        Ok(WeighedPermit::new(self, weight))
    }
}

/// The future of [`WeighedPusher::reserve`].
#[must_use = "futures do nothing unless polled"]
pub struct WeighedReserve<'a, T, W> {
    pusher: &'a WeighedPusher<T, W>,
    request: Request,
}

impl<'a, T, W> Future for WeighedReserve<'a, T, W> {
    type Output = Result<WeighedPermit<'a, T, W>, PushErrorKind>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (pusher, weight) = (self.pusher, self.request.want());
        let admitted = poll_admit(&pusher.inner, &mut self.request, cx);
        admitted.map_ok(|()| WeighedPermit::new(pusher, weight))
    }
}

impl<T, W> Drop for WeighedReserve<'_, T, W> {
    fn drop(&mut self) {
        self.request.cancel(&self.pusher.inner.list.gate);
    }
}

impl<T, W> fmt::Debug for WeighedReserve<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeighedReserve")
            .field("weight", &self.request.want())
            .field("is_waiting", &self.request.is_queued())
            .finish_non_exhaustive()
    }
}
