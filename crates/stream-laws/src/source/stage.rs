use alloc::{collections::VecDeque, sync::Arc, vec::Vec};
use std::sync::{Mutex, MutexGuard};

use super::{Source, control::Control, meter::Meter, state::Kind, work::Work};
use crate::{
    case::{Case, Hint, Script},
    sync::lock,
};

/// Where the sources of a run are made, each with the next script.
pub(crate) struct Stage {
    pub(crate) meter: Arc<Meter>,
    hint: Hint,
    cast: Mutex<Cast>,
}

struct Cast {
    scripts: VecDeque<Script>,
    controls: Vec<Control>,
}

impl Stage {
    pub(crate) fn new(case: &Case) -> Arc<Self> {
        let scripts = case.scripts().iter().cloned().collect();
        let cast = Mutex::new(Cast { scripts, controls: Vec::new() });
        Arc::new(Self { meter: Arc::default(), hint: case.hint(), cast })
    }

    fn cast(&self) -> MutexGuard<'_, Cast> {
        lock(&self.cast)
    }

    pub(super) fn next_control(&self, kind: Kind) -> Control {
        let mut cast = self.cast();
        // One that has no script left ends at once.
        let script = cast.scripts.pop_front().unwrap_or_default();
        let control =
            Control::new(script, kind, self.hint, cast.controls.len(), Arc::clone(&self.meter));
        cast.controls.push(control.clone());
        control
    }

    pub(crate) fn source(&self) -> Source {
        Source::of(self.next_control(Kind::Tokens))
    }

    pub(crate) fn work(&self) -> Work {
        Work::of(self.next_control(Kind::Work))
    }

    /// The sources made so far, and theirs alone.
    pub(crate) fn controls(&self) -> Vec<Control> {
        self.cast().controls.clone()
    }

    pub(crate) fn control(&self, index: usize) -> Option<Control> {
        self.cast().controls.get(index).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.cast().controls.len()
    }
}
