//! What an adapter promises beyond the laws: fairness and bounded read-ahead.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

use crate::source::SourceHandle;

/// What the promises are reckoned from.
#[derive(Default)]
pub(super) struct ItemTracker {
    /// Items that some reader has got, each as its source and number.
    read: BTreeSet<(usize, usize)>,
    /// How many items of the second source came while an item of the first one was ready.
    overtaken: BTreeMap<(usize, usize), usize>,
}

impl ItemTracker {
    /// The sources of which an item is ready that no reader has got.
    pub(super) fn ready_sources(&self, handles: &[SourceHandle]) -> Vec<usize> {
        let read = |source| self.read.range((source, 0)..(source + 1, 0)).count();
        let ready = handles.iter().enumerate().filter(|(source, handle)| {
            handle.tokens_available().is_some_and(|ready| ready > read(*source))
        });
        ready.map(|(source, _)| source).collect()
    }

    /// A reader has got these items.
    pub(super) fn read(&mut self, items: &[(usize, usize)]) {
        self.read.extend(items);
    }

    /// Fairness, when a reader has got these items; `ready_sources` tells what was ready before.
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
                    unfair = Some(format!("{came} while one of source {source} was ready"));
                }
            }
        }
        unfair
    }

    /// How many of these items no reader has got.
    pub(super) fn unread(&self, held: Vec<(usize, usize)>) -> usize {
        held.into_iter().collect::<BTreeSet<_>>().difference(&self.read).count()
    }
}
