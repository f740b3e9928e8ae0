//! A queue of items, each with the number of readers that have not read it.
//!
//! A reader stores its own position; the ring stores only counts. A reader that joins or leaves
//! pushes a note, and the next reader at the ring takes the notes in first, so neither waits for
//! the ring. A reader joins at the position of another reader, whose count keeps the items until
//! the note is taken in.
//!
//! # Panics
//! No method drops an item. Removed items are returned, and the ring is consistent before the
//! caller drops them, so a panic in a drop loses no other item.

use alloc::{collections::VecDeque, vec::Vec};
use core::num::NonZeroUsize;

use aiter_core::Cursor;

/// A reader joins or leaves at a position.
pub(crate) enum Note {
    Born(usize),
    Gone(usize),
}

/// What happens to a reader that is `cap` items behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lag {
    /// The other readers wait for it.
    Wait,
    /// It misses the oldest items.
    DropOldest,
    /// It ends.
    Error,
}

struct Entry<T> {
    item: T,
    /// Number of readers that have not read the item.
    left: usize,
}

/// Where a reader stands.
pub(crate) enum Place {
    /// An item is ready for it.
    Ready,
    /// It has read every item.
    UpToDate,
    /// It lagged and was removed.
    Out,
}

/// The items that [`Ring::push`] removed.
pub(crate) struct Removed<T> {
    _oldest: Option<T>,
    _read: Vec<T>,
}

pub(crate) struct Ring<T> {
    entries: VecDeque<Entry<T>>,
    /// The position of the oldest item.
    base: usize,
    readers: usize,
    notes: Cursor<Note>,
    cap: usize,
    lag: Lag,
}

impl<T> Ring<T> {
    /// A ring with one reader, at position 0.
    pub(crate) fn new(notes: Cursor<Note>, cap: NonZeroUsize, lag: Lag) -> Self {
        let entries = VecDeque::new();
        Self { entries, base: 0, readers: 1, notes, cap: cap.get(), lag }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn readers(&self) -> usize {
        self.readers
    }

    /// Counts the readers that joined and left. Returns the items that no reader waits for any
    /// more.
    pub(crate) fn take_notes(&mut self) -> Vec<T> {
        while let Ok(note) = self.notes.try_next() {
            let (Note::Born(position) | Note::Gone(position)) = note;
            let behind = self.behind(position);
            if behind > 0 && self.lag == Lag::Error {
                // It was removed, and is not counted any more.
                continue;
            }
            let offset = self.offset(position);
            let unread = self.entries.iter_mut().skip(offset);
            match note {
                Note::Born(_) => {
                    unread.for_each(|entry| entry.left += 1);
                    self.readers += 1;
                }
                Note::Gone(_) => {
                    unread.for_each(|entry| entry.left -= 1);
                    self.readers -= 1;
                }
            }
        }
        self.remove_read()
    }

    /// Number of items that a reader has missed.
    fn behind(&self, position: usize) -> usize {
        // Positions wrap around. A reader that is more than half the range behind is ahead.
        let behind = self.base.wrapping_sub(position);
        if behind > usize::MAX / 2 { 0 } else { behind }
    }

    fn offset(&self, position: usize) -> usize {
        if self.behind(position) > 0 { 0 } else { position.wrapping_sub(self.base) }
    }

    /// Number of items that a reader has not read.
    pub(crate) fn unread(&self, position: usize) -> usize {
        self.entries.len().saturating_sub(self.offset(position))
    }

    /// Removes the oldest items that every reader has read.
    fn remove_read(&mut self) -> Vec<T> {
        let read = self.entries.iter().take_while(|entry| entry.left == 0).count();
        self.base = self.base.wrapping_add(read);
        self.entries.drain(..read).map(|entry| entry.item).collect()
    }

    /// Returns where a reader stands, and the number of items that it missed. Moves its position
    /// past these.
    pub(crate) fn place(&self, position: &mut usize) -> (Place, usize) {
        let missed = self.behind(*position);
        if missed > 0 {
            if self.lag == Lag::Error {
                return (Place::Out, 0);
            }
            *position = self.base;
        }
        let ready = self.offset(*position) < self.entries.len();
        (if ready { Place::Ready } else { Place::UpToDate }, missed)
    }

    /// Reads the item at a position that is `Ready`. Moves the item if no other reader waits for
    /// it.
    pub(crate) fn read(&mut self, position: &mut usize) -> Option<T>
    where
        T: Clone,
    {
        let at = self.offset(*position);
        let entry = self.entries.get_mut(at)?;
        let item = if entry.left > 1 {
            let item = entry.item.clone();
            entry.left -= 1;
            item
        } else {
            // The oldest item: its last reader has read all items before.
            debug_assert_eq!(at, 0, "items are read in order");
            self.base = self.base.wrapping_add(1);
            self.entries.pop_front()?.item
        };
        *position = position.wrapping_add(1);
        Some(item)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= self.cap
    }

    pub(crate) fn waits_for_laggards(&self) -> bool {
        self.lag == Lag::Wait
    }

    /// Adds an item for all readers. If the ring is full, removes the oldest item.
    pub(crate) fn push(&mut self, item: T) -> Removed<T> {
        let oldest = if self.is_full() { self.entries.pop_front() } else { None };
        if let Some(oldest) = &oldest {
            self.base = self.base.wrapping_add(1);
            if self.lag == Lag::Error {
                // A reader that has not read the oldest item has read none of the others.
                self.readers -= oldest.left;
                self.entries.iter_mut().for_each(|entry| entry.left -= oldest.left);
            }
        }
        self.entries.push_back(Entry { item, left: self.readers });
        Removed { _oldest: oldest.map(|entry| entry.item), _read: self.remove_read() }
    }
}
