//! The row of the streams of one name, and what each of their handles adds to it.

use alloc::{
    sync::{Arc, Weak},
    vec::Vec,
};
use core::{
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
    time::Duration,
};
use std::{
    sync::{Mutex, OnceLock},
    time::Instant,
};

use portable_atomic::AtomicU64;

use crate::inspect::{
    list::{List, live, push_weak},
    nest::{self, Edges, Nested},
    position::Position,
};

/// What the streams of one name have in common. It lives as long as the registry.
///
/// # Ordering policy
/// All words are numbers that hand no other data over. `taken` is added to with Release and loaded
/// with Acquire, so the pushes of the items that it counts happen before. The others are Relaxed.
pub(super) struct StreamEntry {
    pub(super) id: usize,
    pub(super) name: Arc<str>,
    /// Rows whose polls poll a stream of this row.
    pub(super) consumers: Edges,
    pub(super) polls: AtomicU64,
    pub(super) taken: AtomicU64,
    pub(super) missed: AtomicU64,
    /// Numbers of handles that live, that wait, and that have ended.
    pub(super) live: AtomicUsize,
    pub(super) waiting: AtomicUsize,
    pub(super) ended: AtomicUsize,
    /// The sum over the handles. It wraps around for a moment.
    depth: AtomicUsize,
    epoch: Instant,
    /// Nanoseconds from `epoch` to the last read, and 0 before the first.
    last_read: AtomicU64,
    cursors: Mutex<Vec<Weak<CursorEntry>>>,
}

impl StreamEntry {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            id: nest::new_id(),
            name,
            consumers: Edges::new(),
            polls: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            missed: AtomicU64::new(0),
            live: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            depth: AtomicUsize::new(0),
            epoch: Instant::now(),
            last_read: AtomicU64::new(0),
            cursors: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn add(&self, cursor: &Arc<CursorEntry>) {
        push_weak(&self.cursors, cursor);
    }

    /// Returns the cursors that live. Drop them under no lock.
    pub(super) fn cursors(&self) -> Vec<Arc<CursorEntry>> {
        live(&self.cursors)
    }

    pub(super) fn depth(&self) -> usize {
        let depth = self.depth.load(Ordering::Relaxed);
        if depth > isize::MAX as usize { 0 } else { depth }
    }

    /// Returns the time from the last read until `now`.
    pub(super) fn idle(&self, now: Instant) -> Option<Duration> {
        let last_read = self.last_read.load(Ordering::Relaxed);
        let since = now.saturating_duration_since(self.epoch);
        (last_read != 0).then(|| since.saturating_sub(Duration::from_nanos(last_read)))
    }

    fn set_read(&self) {
        let nanos = u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.last_read.store(nanos.max(1), Ordering::Relaxed);
    }
}

/// A cursor that is inspected, and its list once that is known. Lives as long as its handles.
pub(super) struct CursorEntry {
    pub(super) list_id: usize,
    pub(super) position: Arc<Position>,
    pub(super) list: OnceLock<Arc<List>>,
}

/// What one stream adds to its row. It is dropped before the stream.
pub(super) struct Handle {
    pub(super) entry: Arc<StreamEntry>,
    pub(super) cursor: Option<Arc<CursorEntry>>,
    is_waiting: bool,
    ended: bool,
    depth: usize,
    missed: usize,
}

impl Handle {
    pub(super) fn new(entry: Arc<StreamEntry>, cursor: Option<Arc<CursorEntry>>) -> Self {
        entry.live.fetch_add(1, Ordering::Relaxed);
        Self { entry, cursor, is_waiting: false, ended: false, depth: 0, missed: 0 }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Counts a poll. The stream may be polled until the result is dropped.
    pub(super) fn begin_poll(&self) -> Nested {
        if let Some(outer) = nest::current().filter(|outer| *outer != self.entry.id) {
            self.entry.consumers.add(outer);
        }
        self.entry.polls.fetch_add(1, Ordering::Relaxed);
        Nested::enter(self.entry.id)
    }

    /// Counts the result of a read, after which the stream is as the arguments tell.
    pub(super) fn end_read<T>(
        &mut self,
        read: &Poll<Option<T>>,
        next_index: Option<usize>,
        missed: usize,
        depth: usize,
    ) {
        // Before `taken` is added to, so that a lag never counts an item that was taken.
        if let (Some(cursor), Some(index)) = (&self.cursor, next_index) {
            cursor.position.set(index);
        }
        let entry = &*self.entry;
        match read {
            Poll::Ready(Some(_)) => _ = entry.taken.fetch_add(1, Ordering::Release),
            Poll::Ready(None) if !self.ended => {
                self.ended = true;
                entry.ended.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
        entry.missed.fetch_add(missed.wrapping_sub(self.missed) as u64, Ordering::Relaxed);
        self.missed = missed;
        entry.depth.fetch_add(depth.wrapping_sub(self.depth), Ordering::Relaxed);
        self.depth = depth;
        entry.set_read();
        self.set_waiting(read.is_pending());
    }

    /// Notes whether a task waits for the stream.
    pub(super) fn set_waiting(&mut self, is_waiting: bool) {
        if self.is_waiting != is_waiting {
            self.is_waiting = is_waiting;
            match is_waiting {
                true => self.entry.waiting.fetch_add(1, Ordering::Relaxed),
                false => self.entry.waiting.fetch_sub(1, Ordering::Relaxed),
            };
        }
    }
}

impl Clone for Handle {
    /// Makes the handle of a clone of the stream, which has not been polled.
    fn clone(&self) -> Self {
        Self::new(self.entry.clone(), self.cursor.clone())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.set_waiting(false);
        self.entry.depth.fetch_sub(self.depth, Ordering::Relaxed);
        self.entry.ended.fetch_sub(usize::from(self.ended), Ordering::Relaxed);
        self.entry.live.fetch_sub(1, Ordering::Relaxed);
    }
}
