//! `Registry`, which gives names to lists and streams.
//!
//! `survey.rs` takes the snapshots.

use alloc::{sync::Arc, vec::Vec};
use core::fmt;
use std::sync::{Mutex, OnceLock};

use futures_core::Stream;

use crate::inspect::{
    entries::Entries,
    inspected::Inspected,
    list::{List, ListEntry},
    lock::lock,
    position::{Functions, ListCursor},
    probe::ListPusher,
    pusher::InspectedPusher,
    snapshot::Snapshot,
    stream::{CursorEntry, Handle, StreamEntry},
    survey::Survey,
};

/// Names of lists and streams, from which [`snapshot`](Self::snapshot) reads.
///
/// A registry is a plain value: it has no thread and no timer. A program may keep it in a static,
/// in an [`Arc`], or on the stack.
///
/// # Names
/// Lists, cursors or streams of one name are one row, whose numbers add up. So all connections of a
/// server are one row, and what is told apart has two names. The registry keeps the totals of each
/// name for its own life, so take names from a fixed set. It keeps nothing else alive: a row
/// without a live handle is left out of tables and graphs.
///
/// # Locks
/// All methods may be called from any thread, and also inside of a `wake`, `T::clone` or `T::drop`.
/// No user code runs under a lock of the registry.
///
/// # Examples
/// ```
/// use aiter::{bounded, inspect::Registry};
///
/// static PIPELINE: Registry = Registry::new();
///
/// let (pusher, cursor) = bounded(8);
/// let pusher = PIPELINE.list("jobs", pusher);
/// let mut fast = PIPELINE.cursor("fast", cursor.fork());
/// let slow = PIPELINE.cursor("slow", cursor);
/// for job in 0..5 {
///     pusher.try_push(job)?;
///     assert_eq!(fast.try_next(), Ok(job));
/// }
/// let snapshot = PIPELINE.snapshot();
/// assert_eq!(snapshot.list("jobs").unwrap().used, Some(5));
/// assert_eq!(snapshot.stream("fast").unwrap().lag, Some(0));
/// assert_eq!(snapshot.stream("slow").unwrap().lag, Some(5));
/// println!("{snapshot}\n{}", snapshot.mermaid());
/// # drop(slow);
/// # Ok::<(), aiter::TryPushError<i32>>(())
/// ```
pub struct Registry {
    entries: Mutex<Entries>,
}

impl Registry {
    /// Makes an empty registry. Does not allocate. See the [example](Self#examples).
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Mutex::new(Entries::new()) }
    }

    /// Names the list of a pusher.
    ///
    /// The row stays until each inspected pusher and each inspected cursor of the list is dropped.
    /// An inspected list has a weak pusher, so [`Pusher::unique`](crate::Pusher::unique) returns
    /// `None`.
    ///
    /// # Panics
    /// Panics as [`Pusher::downgrade`](crate::Pusher::downgrade) does.
    ///
    /// # Examples
    /// ```
    /// use aiter::{inspect::Registry, push_list};
    ///
    /// let (registry, (pusher, _cursor)) = (Registry::new(), push_list());
    /// let pusher = registry.list("numbers", pusher);
    /// pusher.push_all(0..100)?;
    /// assert_eq!(registry.snapshot().list("numbers").unwrap().pushed, 100);
    /// # Ok::<(), aiter::adapters::PushAllError<std::ops::Range<i32>>>(())
    /// ```
    pub fn list<P: ListPusher>(&self, name: impl Into<Arc<str>>, pusher: P) -> InspectedPusher<P> {
        let (name, probe) = (name.into(), pusher.probe());
        let row = {
            let lists = &mut lock(&self.entries).lists;
            match lists.iter().find(|row| row.name == name) {
                Some(row) => row.clone(),
                None => {
                    let row = Arc::new(ListEntry::new(name));
                    lists.push(row.clone());
                    row
                }
            }
        };
        let list = Arc::new(List::new(row, probe));
        lock(&self.entries).add_list(&list);
        InspectedPusher::new(pusher, list)
    }

    /// Names a cursor, which then counts the items that are read.
    ///
    /// Its lag is known if a pusher of its list is inspected, before or after this call.
    ///
    /// # Examples
    /// ```
    /// use aiter::{inspect::Registry, push_list};
    ///
    /// let (registry, (pusher, cursor)) = (Registry::new(), push_list());
    /// let pusher = registry.list("numbers", pusher);
    /// let mut cursor = registry.cursor("sum", cursor);
    /// pusher.push_all(0..100)?;
    /// cursor.try_next().unwrap();
    /// let snapshot = registry.snapshot();
    /// let row = snapshot.stream("sum").unwrap();
    /// assert_eq!((row.taken, row.lag, &*row.lists[0]), (1, Some(99), "numbers"));
    /// # Ok::<(), aiter::adapters::PushAllError<std::ops::Range<i32>>>(())
    /// ```
    pub fn cursor<C: ListCursor>(&self, name: impl Into<Arc<str>>, cursor: C) -> Inspected<C> {
        let (list_id, position) = (cursor.list_id(), Arc::new(cursor.position()));
        let entry = Arc::new(CursorEntry { list_id, position, list: OnceLock::new() });
        let row = {
            let mut entries = lock(&self.entries);
            let row = stream_row(&mut entries.streams, name.into());
            entries.link(&entry);
            row.add(&entry);
            row
        };
        Inspected::new(Handle::new(row, Some(entry)), Functions::CURSOR, cursor)
    }

    /// Names a stream, for example of an adapter.
    ///
    /// If it is polled inside of a poll of another named stream, the graph has an edge from this
    /// one to the other one. For a cursor, [`cursor`](Self::cursor) also knows the lag.
    ///
    /// # Examples
    /// ```
    /// use aiter::{BlockOn, inspect::Registry, prelude::*};
    ///
    /// let registry = Registry::new();
    /// let numbers = registry.stream("numbers", iter_to_aiter(0..10));
    /// let even = numbers.map_filter(|n| (n % 2 == 0).then_some(n));
    /// let mut even = registry.stream("even", even);
    /// BlockOn::new().block_on(even.next());
    /// BlockOn::new().block_on(even.next());
    /// let snapshot = registry.snapshot();
    /// assert_eq!(snapshot.stream("numbers").unwrap().taken, 3);
    /// assert_eq!(snapshot.stream("even").unwrap().taken, 2);
    /// assert!(snapshot.mermaid().contains("s0 --> s1"));
    /// ```
    pub fn stream<S: Stream>(&self, name: impl Into<Arc<str>>, stream: S) -> Inspected<S> {
        let row = stream_row(&mut lock(&self.entries).streams, name.into());
        Inspected::new(Handle::new(row, None), Functions::STREAM, stream)
    }

    /// Declares that items go from the rows named `from` to the rows named `to`.
    ///
    /// For an edge that no poll shows, for example of a task that reads one list and pushes into
    /// another. Edges from a list to its cursors, and from stream to stream, are found without it.
    ///
    /// # Examples
    /// ```
    /// use aiter::{inspect::Registry, push_list};
    ///
    /// let (registry, (_source, cursor), (pusher, _target)) =
    ///     (Registry::new(), push_list::<u32>(), push_list::<u32>());
    /// let _reader = registry.cursor("reader", cursor);
    /// let _pusher = registry.list("results", pusher);
    /// registry.connect("reader", "results");
    /// assert!(registry.snapshot().mermaid().contains("s0 -.-> l0"));
    /// ```
    pub fn connect(&self, from: impl Into<Arc<str>>, to: impl Into<Arc<str>>) {
        let connection = (from.into(), to.into());
        let connections = &mut lock(&self.entries).connections;
        if !connections.contains(&connection) {
            connections.push(connection);
        }
    }

    /// Reads what is known now.
    ///
    /// Takes time for each name, list and cursor. If another thread drops the last handle of a list
    /// or of a shared cursor meanwhile, this call may drop its items and call wakers instead. See
    /// the [example](Self#examples).
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let survey = Survey::new(&lock(&self.entries));
        survey.read()
    }
}

/// Returns the row of a name.
fn stream_row(rows: &mut Vec<Arc<StreamEntry>>, name: Arc<str>) -> Arc<StreamEntry> {
    if let Some(row) = rows.iter().find(|row| row.name == name) {
        return row.clone();
    }
    let row = Arc::new(StreamEntry::new(name));
    rows.push(row.clone());
    row
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}
