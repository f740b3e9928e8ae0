//! How a snapshot is taken: handles are collected under the lock, and read without it.

use alloc::{sync::Arc, vec::Vec};
use core::{sync::atomic::Ordering, time::Duration};
use std::time::Instant;

use crate::inspect::{
    entries::Entries,
    list::{List, ListEntry},
    snapshot::{Edge, ListRow, Node, Snapshot, StreamRow},
    stream::{CursorEntry, StreamEntry},
};

/// The handles that lived when the snapshot began.
///
/// They are dropped without the lock, because the drop of the last handle of a list drops items.
pub(super) struct Survey {
    lists: Vec<(Arc<ListEntry>, Vec<Arc<List>>)>,
    streams: Vec<(Arc<StreamEntry>, Vec<Arc<CursorEntry>>)>,
    connections: Vec<(Arc<str>, Arc<str>)>,
}

impl Survey {
    /// Collects the handles. The caller holds the lock of the entries.
    pub(super) fn new(entries: &Entries) -> Self {
        let lists = entries.lists.iter().map(|row| (row.clone(), row.live())).collect();
        let streams = entries.streams.iter().map(|row| (row.clone(), row.cursors())).collect();
        let survey = Self { lists, streams, connections: entries.connections.clone() };
        for cursor in survey.streams.iter().flat_map(|(_, cursors)| cursors) {
            entries.link(cursor);
        }
        survey
    }

    /// Reads the numbers: first those of the streams, so that no item seems to be taken before it
    /// was pushed.
    pub(super) fn read(self) -> Snapshot {
        let mut streams: Vec<_> = self.streams.iter().map(|(row, _)| stream_row(row)).collect();
        for list in self.lists.iter().flat_map(|(_, lists)| lists) {
            list.sample();
        }
        let mut ages = Vec::new();
        for (row, (_, cursors)) in streams.iter_mut().zip(&self.streams) {
            ages.extend(cursors.iter().filter_map(|cursor| add_cursor(row, cursor)));
        }
        let list_rows = self.lists.iter().map(|(row, lists)| {
            let ages = ages.iter().filter(|(id, _)| *id == row.id);
            ListRow { oldest: ages.map(|(_, age)| *age).max(), ..list_row(row, lists) }
        });
        let lists = list_rows.collect();
        for list in self.lists.iter().flat_map(|(_, lists)| lists) {
            list.thin();
        }
        let edges = self.edges(&streams);
        Snapshot { lists, streams, edges }
    }

    fn edges(&self, streams: &[StreamRow]) -> Vec<Edge> {
        let mut edges = Vec::new();
        let mut add = |from: Option<Node>, to: Option<Node>, is_declared| {
            let (Some(from), Some(to)) = (from, to) else { return };
            let is_known = |edge: &Edge| edge.from == from && edge.to == to;
            if !edges.iter().any(is_known) {
                edges.push(Edge { from, to, is_declared });
            }
        };
        for row in streams {
            for list in &row.lists {
                add(Some(Node::List(list.clone())), Some(Node::Stream(row.name.clone())), false);
            }
        }
        let of_id = |id| {
            let row = self.streams.iter().map(|(row, _)| row).find(|row| row.id == id)?;
            Some(Node::Stream(row.name.clone()))
        };
        for (row, _) in &self.streams {
            for id in row.consumers.all() {
                add(Some(Node::Stream(row.name.clone())), of_id(id), false);
            }
        }
        for (row, _) in &self.lists {
            for id in row.sources.all() {
                add(of_id(id), Some(Node::List(row.name.clone())), false);
            }
        }
        for (from, to) in &self.connections {
            for from in self.named(from) {
                for to in self.named(to) {
                    add(Some(from.clone()), Some(to), true);
                }
            }
        }
        edges
    }

    /// Returns the rows of a name.
    fn named(&self, name: &Arc<str>) -> impl Iterator<Item = Node> {
        let list = self.lists.iter().any(|(row, _)| row.name == *name);
        let stream = self.streams.iter().any(|(row, _)| row.name == *name);
        let list = list.then(|| Node::List(name.clone()));
        list.into_iter().chain(stream.then(|| Node::Stream(name.clone())))
    }
}

/// Reads the row of streams, without what depends on their lists.
fn stream_row(row: &StreamEntry) -> StreamRow {
    // Acquire: see `StreamEntry`. The others are Relaxed: only numbers.
    let taken = row.taken.load(Ordering::Acquire);
    let (waiting, ended) = (row.waiting.load(Ordering::Relaxed), row.ended.load(Ordering::Relaxed));
    StreamRow {
        name: row.name.clone(),
        lists: Vec::new(),
        live: row.live.load(Ordering::Relaxed),
        polls: row.polls.load(Ordering::Relaxed),
        taken,
        missed: row.missed.load(Ordering::Relaxed),
        lag: None,
        depth: row.depth(),
        waiting,
        ended,
        oldest: None,
        idle: row.idle(Instant::now()),
    }
}

/// Adds the lag of a cursor to the row, if its list is inspected. Returns the row of the list and
/// the age of the oldest unread item.
fn add_cursor(row: &mut StreamRow, cursor: &CursorEntry) -> Option<(usize, Duration)> {
    let list = cursor.list.get()?;
    if !row.lists.contains(&list.row.name) {
        row.lists.push(list.row.name.clone());
    }
    let (lag, next) = cursor.position.lag(|| list.probe.index());
    row.lag = row.lag.max(Some(lag));
    let age = (lag > 0).then(|| list.age(next, Instant::now()))?;
    row.oldest = row.oldest.max(Some(age));
    Some((list.row.id, age))
}

fn list_row(row: &ListEntry, lists: &[Arc<List>]) -> ListRow {
    let mut sum = ListRow {
        name: row.name.clone(),
        live: lists.len(),
        pushed: 0,
        refused: row.refused.load(Ordering::Relaxed),
        retained: 0,
        used: None,
        capacity: None,
        pushers: 0,
        cursors: 0,
        waiting: 0,
        stopped: 0,
        oldest: None,
    };
    let add = |sum: &mut Option<usize>, more: Option<usize>| {
        if let Some(more) = more {
            *sum = Some(sum.unwrap_or(0).saturating_add(more));
        }
    };
    let mut pushed = 0;
    for list in lists {
        let probe = &list.probe;
        let places = probe.places();
        pushed += probe.pushed() as u64;
        sum.retained += probe.retained();
        sum.pushers += probe.pushers();
        sum.cursors += probe.cursors();
        sum.waiting += places.waiting;
        sum.stopped += usize::from(probe.is_stopped());
        add(&mut sum.used, places.used);
        add(&mut sum.capacity, places.capacity);
    }
    sum.pushed = row.pushed(pushed);
    sum
}
