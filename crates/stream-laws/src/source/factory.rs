use alloc::{collections::VecDeque, sync::Arc, vec::Vec};
use std::sync::Mutex;

use super::{
    Source, future::ScriptedFuture, handle::SourceHandle, run_counters::RunCounters,
    script_state::ScriptKind,
};
use crate::{
    case::{Case, Script, SizeHint},
    sync::lock,
};

/// A factory of the sources of a run. Each source takes the next script.
pub(crate) struct SourceFactory {
    pub(crate) counters: Arc<RunCounters>,
    hint: SizeHint,
    sources: Mutex<Sources>,
}

struct Sources {
    scripts: VecDeque<Script>,
    handles: Vec<SourceHandle>,
}

impl SourceFactory {
    pub(crate) fn new(case: &Case) -> Arc<Self> {
        let scripts = case.scripts().iter().cloned().collect();
        let sources = Mutex::new(Sources { scripts, handles: Vec::new() });
        Arc::new(Self { counters: Arc::default(), hint: case.hint(), sources })
    }

    pub(super) fn next_handle(&self, kind: ScriptKind) -> SourceHandle {
        let mut sources = lock(&self.sources);
        // A source without a script ends at once.
        let script = sources.scripts.pop_front().unwrap_or_default();
        let handle = SourceHandle::new(
            script,
            kind,
            self.hint,
            sources.handles.len(),
            Arc::clone(&self.counters),
        );
        sources.handles.push(handle.clone());
        handle
    }

    pub(crate) fn source(&self) -> Source {
        Source::from_handle(self.next_handle(ScriptKind::Tokens))
    }

    pub(crate) fn future(&self) -> ScriptedFuture {
        ScriptedFuture::from_handle(self.next_handle(ScriptKind::Future))
    }

    /// Returns the handles of all sources that were created so far.
    pub(crate) fn handles(&self) -> Vec<SourceHandle> {
        lock(&self.sources).handles.clone()
    }

    pub(crate) fn handle(&self, index: usize) -> Option<SourceHandle> {
        lock(&self.sources).handles.get(index).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.sources).handles.len()
    }
}
