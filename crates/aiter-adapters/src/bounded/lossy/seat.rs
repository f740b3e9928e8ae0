//! The seat of a lossy cursor: the place of its core cursor, which a push may take away.
//!
//! A read holds the seat, also while it calls user code such as `T::clone`. A push takes the cursor
//! only from a seat that is free, by a try-lock, so it never waits for a reader. A reader may find
//! its seat held by a push, for a few instructions that run no user code.
//!
//! # Ordering policy
//! The lock of the seat orders all accesses to the cursor. The words beside it are Relaxed:
//! `position` is a hint that may be behind, and `at` belongs to the slow lock.

use std::sync::{PoisonError, TryLockError};

use aiter_core::Cursor;

use crate::{
    bounded::lossy::is_before,
    sync::{AtomicUsize, Mutex, MutexGuard, Ordering},
};

/// The seat of one cursor. It has a cache line to itself, because its cursor writes it for each
/// item.
#[cfg_attr(target_pointer_width = "64", repr(align(64)))]
pub(super) struct Seat<T> {
    /// `None` if the cursor is cut.
    cursor: Mutex<Option<Cursor<T>>>,
    /// The index of the next item. Exact if the cursor is cut, and otherwise never ahead.
    position: AtomicUsize,
    /// The place in the list of seats. Only accessed under the slow lock.
    at: AtomicUsize,
}

/// A seat that is held.
pub(super) type Held<'a, T> = MutexGuard<'a, Option<Cursor<T>>>;

impl<T> Seat<T> {
    /// Makes a seat with a cursor.
    pub(super) fn new(cursor: Cursor<T>) -> Self {
        let position = cursor.index();
        Self { cursor: Mutex::new(Some(cursor)), ..Self::cut_at(position) }
    }

    /// Makes the seat of a cursor that was cut at `position`.
    pub(super) fn cut_at(position: usize) -> Self {
        let (position, at) = (AtomicUsize::new(position), AtomicUsize::new(0));
        Self { cursor: Mutex::new(None), position, at }
    }

    /// Holds the seat, so that no push takes the cursor. Only the owner of the seat calls this.
    #[inline]
    pub(super) fn hold(&self) -> Held<'_, T> {
        // A read that has panicked leaves the cursor in a sound state.
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the cursor if it is before `limit` and the seat is free.
    ///
    /// A cursor whose next item is not ready stays, because it does not lag: it waits for a push
    /// that is not finished.
    pub(super) fn cut_before(&self, limit: usize) -> Option<Cursor<T>> {
        if !is_before(self.position(), limit) {
            return None;
        }
        let mut place = match self.cursor.try_lock() {
            Ok(place) => place,
            Err(TryLockError::Poisoned(error)) => error.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let position = place.as_ref()?.index();
        self.set_position(position);
        place.take_if(|cursor| is_before(position, limit) && cursor.is_item_available())
    }

    pub(super) fn position(&self) -> usize {
        // Relaxed, here and below: see the head of this file.
        self.position.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn set_position(&self, position: usize) {
        self.position.store(position, Ordering::Relaxed);
    }

    pub(super) fn at(&self) -> usize {
        self.at.load(Ordering::Relaxed)
    }

    pub(super) fn set_at(&self, at: usize) {
        self.at.store(at, Ordering::Relaxed);
    }
}
