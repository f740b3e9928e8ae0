//! What a registry keeps of each name, and which cursor reads which list.

use alloc::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    vec::Vec,
};

use crate::inspect::{
    list::{List, ListEntry},
    stream::{CursorEntry, StreamEntry},
};

/// What the lock guards.
pub(super) struct Entries {
    pub(super) lists: Vec<Arc<ListEntry>>,
    pub(super) streams: Vec<Arc<StreamEntry>>,
    /// The names of declared edges.
    pub(super) connections: Vec<(Arc<str>, Arc<str>)>,
    /// The inspected lists by their addresses. An entry whose list is gone is overwritten or
    /// removed.
    by_id: BTreeMap<usize, Weak<List>>,
    /// Number of entries of `by_id` at which the next search for lists that are gone begins.
    next_sweep: usize,
}

impl Entries {
    pub(super) const fn new() -> Self {
        Self {
            lists: Vec::new(),
            streams: Vec::new(),
            connections: Vec::new(),
            by_id: BTreeMap::new(),
            next_sweep: 0,
        }
    }

    /// Lets a cursor know its list, if that is inspected.
    pub(super) fn link(&self, cursor: &CursorEntry) {
        if cursor.list.get().is_some() {
            return;
        }
        // The cursor's list lives, so it is the list that has the address now.
        if let Some(list) = self.by_id.get(&cursor.list_id).and_then(Weak::upgrade) {
            list.add_position(&cursor.position);
            // Nothing is dropped here, because the cell was empty and the lock is held.
            let _ = cursor.list.set(list);
        }
    }

    /// Adds a list to its row and to the addresses.
    pub(super) fn add_list(&mut self, list: &Arc<List>) {
        if self.by_id.len() >= self.next_sweep {
            self.by_id.retain(|_, list| list.strong_count() > 0);
            self.next_sweep = 2 * self.by_id.len() + 16;
        }
        self.by_id.insert(list.probe.list_id(), Arc::downgrade(list));
        list.row.add(list);
    }
}
