//! What a registry knows at one moment, as plain data.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

/// What a [`Registry`](crate::inspect::Registry) knew at one moment.
///
/// The text of its [`Display`](core::fmt::Display) is two tables, and that of
/// [`mermaid`](Self::mermaid) is a graph. Both leave out the rows of names without a live handle.
///
/// A snapshot reads several atomics one after another, while other threads go on. So two numbers
/// may be of slightly different moments. These hold in every snapshot:
/// - No number is negative: what would be is 0.
/// - `pushed`, `refused`, `polls`, `taken` and `missed` never decrease from a snapshot to the next.
/// - A cursor that is alone in its row has not `taken` more items than its list has `pushed`.
///
/// On 32-bit targets, `pushed` wraps around for each list at 2³².
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The lists, in the order in which their names came up first.
    pub lists: Vec<ListRow>,
    /// The cursors and streams, in the order in which their names came up first.
    pub streams: Vec<StreamRow>,
    /// What feeds what.
    pub edges: Vec<Edge>,
}

/// The lists of one name. Numbers of several lists are added up, unless they say otherwise.
///
/// Returned by [`Snapshot::list`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ListRow {
    /// The name that the program has given.
    pub name: Arc<str>,
    /// Number of lists of this name that live: an inspected pusher or cursor of each lives.
    pub live: usize,
    /// Number of items that were ever pushed, also by pushers that are not inspected.
    pub pushed: u64,
    /// Number of calls of an inspected pusher that gave an item back.
    pub refused: u64,
    /// Number of items that the list keeps, rounded up to a block: see
    /// [`Pusher::retained`](crate::Pusher::retained).
    pub retained: usize,
    /// Number of places that unread items and permits use. `None` without a bounded list.
    pub used: Option<usize>,
    /// The largest `used`, or the lag at which a lossy list gives items up. `None` if no list is
    /// bounded.
    pub capacity: Option<usize>,
    /// Number of pushers, inspected or not.
    pub pushers: usize,
    /// Number of cursors, inspected or not. A shared cursor counts once.
    pub cursors: usize,
    /// Number of pushes and reservations that wait for room.
    pub waiting: usize,
    /// Number of lists that were stopped.
    pub stopped: usize,
    /// The largest `oldest` of the inspected cursors.
    pub oldest: Option<Duration>,
}

/// The cursors or streams of one name. Numbers of several are added up, unless they say otherwise.
///
/// Returned by [`Snapshot::stream`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StreamRow {
    /// The name that the program has given.
    pub name: Arc<str>,
    /// The names of the lists that the cursors read, if a pusher of them is inspected.
    pub lists: Vec<Arc<str>>,
    /// Number of handles that live.
    pub live: usize,
    /// Number of polls.
    pub polls: u64,
    /// Number of items that were returned.
    pub taken: u64,
    /// Number of items that cursors of a lossy list have lost because they were too slow.
    pub missed: u64,
    /// Number of unread items of the slowest cursor. `None` if it is not known which list the
    /// cursors read.
    pub lag: Option<usize>,
    /// Number of items that the streams held after their last polls: the lower bound of
    /// `size_hint`.
    pub depth: usize,
    /// Number of handles whose last poll was pending.
    pub waiting: usize,
    /// Number of handles that have returned their end.
    pub ended: usize,
    /// The age of the oldest unread item of the slowest cursor, at least. `None` if no item is
    /// unread, or if the lag is not known.
    ///
    /// The age is too low by the time from the push of the item to the next moment that the list
    /// has noted: that of a counted push, or of a snapshot. Moments within a millisecond are one.
    /// If there are more than 64 while an item waits to be read, the list forgets every second.
    pub oldest: Option<Duration>,
    /// Time since the last read of any handle. `None` before the first.
    pub idle: Option<Duration>,
}

/// An edge of the graph: items go from one row to another.
///
/// # Examples
/// ```
/// use aiter::{
///     inspect::{Node, Registry},
///     push_list,
/// };
///
/// let (registry, (pusher, cursor)) = (Registry::new(), push_list::<u8>());
/// let _pusher = registry.list("bytes", pusher);
/// let _reader = registry.cursor("reader", cursor);
/// let edge = &registry.snapshot().edges[0];
/// assert_eq!(edge.from, Node::List("bytes".into()));
/// assert_eq!(edge.to, Node::Stream("reader".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Edge {
    /// Where the items come from.
    pub from: Node,
    /// Where the items go.
    pub to: Node,
    /// `true` if the program has declared the edge by
    /// [`Registry::connect`](crate::inspect::Registry::connect), and it was not seen.
    pub is_declared: bool,
}

/// An end of an [`Edge`].
///
/// # Examples
/// ```
/// use aiter::inspect::Node;
///
/// fn name(node: &Node) -> &str {
///     match node {
///         Node::List(name) | Node::Stream(name) => name,
///     }
/// }
/// assert_eq!(name(&Node::List("bytes".into())), "bytes");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// A row of [`Snapshot::lists`], by its name.
    List(Arc<str>),
    /// A row of [`Snapshot::streams`], by its name.
    Stream(Arc<str>),
}

impl Snapshot {
    /// Returns the row of the lists of a name.
    ///
    /// # Examples
    /// ```
    /// use aiter::{inspect::Registry, push_list};
    ///
    /// let (registry, (pusher, _cursor)) = (Registry::new(), push_list::<u32>());
    /// let _pusher = registry.list("jobs", pusher);
    /// assert_eq!(registry.snapshot().list("jobs").unwrap().cursors, 1);
    /// assert_eq!(registry.snapshot().list("other"), None);
    /// ```
    pub fn list(&self, name: &str) -> Option<&ListRow> {
        self.lists.iter().find(|row| &*row.name == name)
    }

    /// Returns the row of the cursors and streams of a name.
    ///
    /// # Examples
    /// ```
    /// use aiter::{inspect::Registry, push_list};
    ///
    /// let (registry, (_pusher, cursor)) = (Registry::new(), push_list::<u32>());
    /// let _cursor = registry.cursor("reader", cursor);
    /// assert_eq!(registry.snapshot().stream("reader").unwrap().taken, 0);
    /// ```
    pub fn stream(&self, name: &str) -> Option<&StreamRow> {
        self.streams.iter().find(|row| &*row.name == name)
    }
}
