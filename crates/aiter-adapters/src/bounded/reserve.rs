//! The futures of reservations.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use aiter_core::PushErrorKind;

use crate::bounded::{
    error::{ReserveManyError, TryReserveError},
    gate::request::Request,
    permit::{OwnedPermit, Permit, Permits},
    pusher::BoundedPusher,
};

impl<T> BoundedPusher<T> {
    /// Waits for room and takes it for one item, which is pushed later through the [`Permit`].
    ///
    /// Use this if the item must not be lost when the future is dropped, or is made only once there
    /// is room. The permit counts as an unread item until it is dropped. Reservations stand in one
    /// line with the pushes; see [`push`](Self::push).
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/bounded_permits.svg"))]
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
    /// use aiter_adapters::bounded;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = bounded(1);
    /// let permit = pusher.reserve().now_or_never().expect("the list has room").unwrap();
    /// permit.push(1).unwrap();
    /// assert!(pusher.reserve().now_or_never().is_none());
    /// # drop(cursor);
    /// ```
    pub fn reserve(&self) -> Reserve<'_, T> {
        Reserve { pusher: self, request: Request::new(1) }
    }

    /// Waits for room for `n` items and takes it at once.
    ///
    /// The request waits until all `n` places are free. Requests behind it in the line wait
    /// meanwhile, also if they want less. Yields no permits if `n` is 0.
    ///
    /// # Errors
    /// - Returns [`ReserveManyError::TooMany`] at once if `n` is larger than
    ///   [`max_capacity`](Self::max_capacity).
    /// - Returns [`ReserveManyError`] if the list is stopped or has no cursor, also while it waits.
    ///
    /// # Panics
    /// A poll panics if the waker of a waiting task panics.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`reserve`](Self::reserve) is.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{ReserveManyError, bounded};
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = bounded(4);
    /// let mut permits = pusher.reserve_many(3).now_or_never().expect("the list has room")?;
    /// permits.next().expect("three permits").push('a').unwrap();
    /// assert_eq!((permits.len(), pusher.capacity(), cursor.len()), (2, 1, 1));
    /// drop(permits);
    /// assert_eq!(pusher.capacity(), 3);
    /// let refused = pusher.reserve_many(5).now_or_never().expect("too many");
    /// assert_eq!(refused.unwrap_err(), ReserveManyError::TooMany);
    /// # Ok::<(), ReserveManyError>(())
    /// ```
    pub fn reserve_many(&self, n: usize) -> ReserveMany<'_, T> {
        ReserveMany { pusher: self, n, request: Request::new(n) }
    }

    /// Waits for room and takes it for one item. The [`OwnedPermit`] owns the pusher.
    ///
    /// Clone the pusher first to keep one.
    ///
    /// # Errors
    /// Returns [`PushErrorKind`] if the list is stopped or has no cursor, also while it waits.
    ///
    /// # Panics
    /// A poll panics if the waker of a waiting task panics. It panics if it is called after it has
    /// completed.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`reserve`](Self::reserve) is. The future drops its pusher.
    ///
    /// # Examples
    /// ```
    /// use std::thread;
    ///
    /// use aiter_adapters::bounded;
    ///
    /// # futures_executor::block_on(async {
    /// let (pusher, mut cursor) = bounded(1);
    /// let permit = pusher.reserve_owned().await.expect("the list has a cursor");
    /// let thread = thread::spawn(move || permit.push("made by a thread"));
    /// assert_eq!(cursor.next().await, Some("made by a thread"));
    /// # thread.join().unwrap().unwrap();
    /// # });
    /// ```
    pub fn reserve_owned(self) -> ReserveOwned<T> {
        ReserveOwned { pusher: Some(self), request: Request::new(1) }
    }

    /// Takes room for one item if there is room and no request waits in line.
    ///
    /// Never waits. Lock-free if there is room by the last known position of the slowest cursor.
    /// Otherwise scans the cursors under a lock.
    ///
    /// # Errors
    /// Returns [`TryReserveError`] if there is no room, the list is stopped or has no cursor.
    ///
    /// # Examples
    /// See [`Permit::push`].
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TryReserveError> {
        if self.cursor_count() == 0 && !self.is_stopped() {
            return Err(TryReserveError::NoCursor);
        }
        self.list.gate.try_admit(1, 1).map(|_| Permit::new(self))
    }
}

/// Admits a request or joins the line, unless the list accepts no items.
pub(super) fn poll_admit<T>(
    pusher: &BoundedPusher<T>,
    request: &mut Request,
    cx: &mut Context<'_>,
) -> Poll<Result<(), PushErrorKind>> {
    let admitted = ready!(request.poll(&pusher.list.gate, cx));
    // The gate admits a newcomer while there is room, and leaves a grant to its request.
    Poll::Ready(admitted.and_then(|()| {
        let Some(kind) = refusal(pusher) else { return Ok(()) };
        pusher.list.gate.release(request.want());
        Err(kind)
    }))
}

/// Returns the reason if the list accepts no items.
fn refusal<T>(pusher: &BoundedPusher<T>) -> Option<PushErrorKind> {
    if pusher.is_stopped() {
        Some(PushErrorKind::Stopped)
    } else {
        (pusher.cursor_count() == 0).then_some(PushErrorKind::NoCursor)
    }
}

/// The future of [`BoundedPusher::reserve`].
#[must_use = "futures do nothing unless polled"]
pub struct Reserve<'a, T> {
    pusher: &'a BoundedPusher<T>,
    request: Request,
}

impl<'a, T> Future for Reserve<'a, T> {
    type Output = Result<Permit<'a, T>, PushErrorKind>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let pusher = self.pusher;
        let admitted = poll_admit(pusher, &mut self.request, cx);
        admitted.map_ok(|()| Permit::new(pusher))
    }
}

impl<T> Drop for Reserve<'_, T> {
    fn drop(&mut self) {
        self.request.cancel(&self.pusher.list.gate);
    }
}

impl<T> fmt::Debug for Reserve<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_waiting = self.request.is_queued();
        f.debug_struct("Reserve").field("is_waiting", &is_waiting).finish_non_exhaustive()
    }
}

/// The future of [`BoundedPusher::reserve_many`].
#[must_use = "futures do nothing unless polled"]
pub struct ReserveMany<'a, T> {
    pusher: &'a BoundedPusher<T>,
    n: usize,
    request: Request,
}

impl<'a, T> Future for ReserveMany<'a, T> {
    type Output = Result<Permits<'a, T>, ReserveManyError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (pusher, n) = (self.pusher, self.n);
        if n == 0 {
            let refusal = refusal(pusher).map(Into::into);
            return Poll::Ready(refusal.map_or_else(|| Ok(Permits::new(pusher, 0)), Err));
        }
        if n > pusher.max_capacity() {
            return Poll::Ready(Err(ReserveManyError::TooMany));
        }
        let admitted = poll_admit(pusher, &mut self.request, cx);
        admitted.map_ok(|()| Permits::new(pusher, n)).map_err(Into::into)
    }
}

impl<T> Drop for ReserveMany<'_, T> {
    fn drop(&mut self) {
        self.request.cancel(&self.pusher.list.gate);
    }
}

impl<T> fmt::Debug for ReserveMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReserveMany")
            .field("n", &self.n)
            .field("is_waiting", &self.request.is_queued())
            .finish_non_exhaustive()
    }
}

/// The future of [`BoundedPusher::reserve_owned`].
#[must_use = "futures do nothing unless polled"]
pub struct ReserveOwned<T> {
    /// `None` once the future has completed.
    pusher: Option<BoundedPusher<T>>,
    request: Request,
}

impl<T> Future for ReserveOwned<T> {
    type Output = Result<OwnedPermit<T>, PushErrorKind>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let pusher = this.pusher.as_ref().expect("a reservation must not be polled again");
        let admitted = ready!(poll_admit(pusher, &mut this.request, cx));
        // User code: if the request is refused, drops the pusher.
        let pusher = this.pusher.take();
        Poll::Ready(admitted.map(|()| OwnedPermit::new(pusher.expect("it was there above"))))
    }
}

impl<T> Drop for ReserveOwned<T> {
    fn drop(&mut self) {
        if let Some(pusher) = &self.pusher {
            self.request.cancel(&pusher.list.gate);
        }
    }
}

impl<T> fmt::Debug for ReserveOwned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_waiting = self.request.is_queued();
        f.debug_struct("ReserveOwned").field("is_waiting", &is_waiting).finish_non_exhaustive()
    }
}
