use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

use crate::source::SourceHandle;

/// The items that were read, from which fairness and read-ahead are checked.
#[derive(Default)]
pub(super) struct ItemTracker {
    /// Source and number of each item that a reader received.
    read: BTreeSet<(usize, usize)>,
    /// For each pair of sources, the number of items of the second that came while an item of the
    /// first was ready.
    overtaken: BTreeMap<(usize, usize), usize>,
}

impl ItemTracker {
    /// Returns the sources with a ready item that no reader has received.
    pub(super) fn ready_sources(&self, handles: &[SourceHandle]) -> Vec<usize> {
        let read = |source| self.read.range((source, 0)..(source + 1, 0)).count();
        let ready = handles.iter().enumerate().filter(|(source, handle)| {
            handle.tokens_available().is_some_and(|ready| ready > read(*source))
        });
        ready.map(|(source, _)| source).collect()
    }

    /// Records that a reader received these items.
    pub(super) fn read(&mut self, items: &[(usize, usize)]) {
        self.read.extend(items);
    }

    /// Records that a reader received these items while `ready_sources` had a ready item.
    ///
    /// Returns a message if another source overtook one of them more than `most` times.
    pub(super) fn overtaking(
        &mut self,
        items: &[(usize, usize)],
        ready_sources: &[usize],
        most: usize,
    ) -> Option<String> {
        let came = |source: usize| items.iter().any(|(from, _)| *from == source);
        self.overtaken.retain(|(source, _), _| ready_sources.contains(source) && !came(*source));
        let mut unfair = None;
        for source in ready_sources.iter().copied().filter(|source| !came(*source)) {
            for (other, _) in items {
                let times = self.overtaken.entry((source, *other)).or_default();
                *times += 1;
                if *times > most {
                    let came = format!("{times} items of source {other} came");
                    unfair = Some(format!("{came} while an item of source {source} was ready"));
                }
            }
        }
        unfair
    }

    /// Returns the number of these items that no reader has received.
    pub(super) fn unread(&self, held: Vec<(usize, usize)>) -> usize {
        held.into_iter().collect::<BTreeSet<_>>().difference(&self.read).count()
    }
}
