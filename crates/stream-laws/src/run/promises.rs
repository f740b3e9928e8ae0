//! What an adapter promises beyond the laws: fairness and bounded read-ahead.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;

use super::Run;
use crate::control::Control;
use crate::law::Law;

/// What the promises are reckoned from.
#[derive(Default)]
pub(super) struct Promises {
    /// Items that some reader has got, each as its source and number.
    read: BTreeSet<(usize, usize)>,
    /// How many items of the second source came while an item of the first one was ready.
    overtaken: BTreeMap<(usize, usize), usize>,
}

impl Run {
    /// The sources of which an item is ready that no reader has got.
    pub(super) fn stood_ready(&self) -> Vec<usize> {
        if self.rules.fair.is_none() {
            return Vec::new();
        }
        let read = |source| self.promises.read.range((source, 0)..(source + 1, 0)).count();
        let controls = self.stage.controls();
        let ready = controls.iter().enumerate().filter(|(source, control)| {
            control.tokens_ready().is_some_and(|ready| ready > read(*source))
        });
        ready.map(|(source, _)| source).collect()
    }

    /// Fairness, when a reader has got these items; `stood_ready` tells what was ready before.
    pub(super) fn look_for_overtaking(&mut self, items: &[(usize, usize)], stood_ready: &[usize]) {
        self.promises.read.extend(items);
        let Some(most) = self.rules.fair else { return };
        let overtaken = &mut self.promises.overtaken;
        let came = |source: usize| items.iter().any(|(from, _)| *from == source);
        overtaken.retain(|(source, _), _| stood_ready.contains(source) && !came(*source));
        let mut unfair = None;
        for source in stood_ready.iter().copied().filter(|source| !came(*source)) {
            for (other, _) in items {
                let times = overtaken.entry((source, *other)).or_default();
                *times += 1;
                if *times > most {
                    let came = format!("{times} items of source {other} came");
                    unfair = Some(format!("{came} while one of source {source} was ready"));
                }
            }
        }
        unfair.into_iter().for_each(|why| self.find(Law::Fair, why));
    }

    /// Bounded read-ahead, after each poll.
    pub(super) fn look_for_read_ahead(&mut self) {
        let Some(most) = self.rules.ahead else { return };
        if self.has_panicked() {
            return;
        }
        let held: BTreeSet<_> = self.stage.meter.ledger.tokens().into_iter().collect();
        let unread = held.difference(&self.promises.read).count();
        let running = self.sum(|control: &Control| usize::from(control.is_running()));
        if unread + running > most {
            let why = format!("{} items are held that no reader has got", unread + running);
            self.find(Law::Ahead, why);
        }
    }
}
