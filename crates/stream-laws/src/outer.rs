use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_core::Stream;

use crate::case::Case;
use crate::control::{Control, Kind, Meter};
use crate::cue::Cue;
use crate::hint::Hint;
use crate::script::Script;
use crate::source::Source;
use crate::work::Work;

/// A scripted source of [`Source`]s or of [`Work`]: each of its items follows a script of its own.
#[must_use = "streams do nothing unless polled"]
pub struct Outer<T> {
    cue: Cue,
    stage: Arc<Stage>,
    make: fn(&Stage) -> T,
}

impl<T> fmt::Debug for Outer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outer").field("control", &self.cue.control).finish_non_exhaustive()
    }
}

impl<T> Stream for Outer<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.cue.poll(cx).map(|given| given.map(|_| (self.make)(&self.stage)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.cue.size_hint()
    }
}

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
        self.cast.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_control(&self, kind: Kind) -> Control {
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

    fn work(&self) -> Work {
        Work::of(self.next_control(Kind::Work))
    }

    pub(crate) fn sources(self: &Arc<Self>) -> Outer<Source> {
        self.outer(Self::source)
    }

    pub(crate) fn works(self: &Arc<Self>) -> Outer<Work> {
        self.outer(Self::work)
    }

    fn outer<T>(self: &Arc<Self>, make: fn(&Self) -> T) -> Outer<T> {
        let cue = Cue::new(self.next_control(Kind::Inner));
        Outer { cue, stage: Arc::clone(self), make }
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
