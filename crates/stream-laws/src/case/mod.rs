mod generator;
mod notation;
mod random;
mod script;
mod shrink;
mod size_hint;

use alloc::vec::Vec;

pub(crate) use self::{
    generator::{CaseGenerator, ItemKind},
    shrink::shrink,
};
pub use self::{
    notation::CaseError,
    script::{Script, ScriptError, Step},
    size_hint::SizeHint,
};

/// What happens from outside, before the case is run to its end by a fair executor.
///
/// Tasks and sources are counted from zero; a number past the last one begins again at the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Move {
    /// Polls this task, woken or not.
    Poll(usize),
    /// The same with a new waker.
    PollWithNewWaker(usize),
    /// Wakes this source, if it waits.
    Wake(usize),
    /// What the executor would do next: poll a woken task, or else wake a source that waits.
    Turn,
    /// Calls one of the closures given with [`Parts::side_effect`](crate::Parts::side_effect).
    SideEffect(usize),
    /// Drops this task's stream.
    Drop(usize),
    /// Keeps this task's stream, but neither polls nor drops it before the end of the case.
    ///
    /// Does nothing if the task is the last one of its kind that is still running, or if it is a
    /// [worker](crate::Parts::workers) with work in hand.
    Abandon(usize),
    /// Drops every stream, which ends the case.
    DropAll,
}

impl Move {
    /// Which task, source or side_effect it is about.
    pub(crate) fn index_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::Poll(n) | Self::PollWithNewWaker(n) | Self::Drop(n) | Self::Abandon(n) => Some(n),
            Self::Wake(n) | Self::SideEffect(n) => Some(n),
            Self::Turn | Self::DropAll => None,
        }
    }
}

/// A script for each source, and what happens to the tasks meanwhile.
///
/// A case is written as a report prints it: the scripts, the hints if they are not exact, and the
/// moves. The text parses back to the same case.
///
/// # Examples
///
/// ```
/// use stream_laws::{Case, SizeHint, Move};
///
/// let text = "`-o|` `|` (Loose hints): turn, poll 1 with a new waker, drop all";
/// let case: Case = text.parse()?;
/// assert_eq!(case.scripts().len(), 2);
/// assert_eq!(case.hint(), SizeHint::Loose);
/// assert_eq!(case.moves(), [Move::Turn, Move::PollWithNewWaker(1), Move::DropAll]);
/// assert_eq!(case.to_string(), text);
/// # Ok::<(), stream_laws::CaseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Case {
    scripts: Vec<Script>,
    hint: SizeHint,
    moves: Vec<Move>,
}

impl Case {
    /// A case with these scripts that is simply run to its end.
    pub fn new(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self { scripts: scripts.into_iter().collect(), ..Self::default() }
    }

    /// Begins with these moves.
    pub fn with_moves(mut self, moves: impl IntoIterator<Item = Move>) -> Self {
        self.moves = moves.into_iter().collect();
        self
    }

    /// Its sources answer `size_hint` like this.
    pub fn with_size_hint(mut self, hint: SizeHint) -> Self {
        self.hint = hint;
        self
    }

    /// The scripts, in the order in which their sources are made.
    pub fn scripts(&self) -> &[Script] {
        &self.scripts
    }

    /// The moves that come before the run to the end.
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// How the sources answer `size_hint`.
    pub fn hint(&self) -> SizeHint {
        self.hint
    }

    pub(crate) fn scripts_mut(&mut self) -> &mut Vec<Script> {
        &mut self.scripts
    }

    pub(crate) fn moves_mut(&mut self) -> &mut Vec<Move> {
        &mut self.moves
    }

    /// Steps and moves: what a smaller case has fewer of.
    pub(crate) fn size(&self) -> usize {
        let steps: usize = self.scripts.iter().map(|script| script.steps().len()).sum();
        steps + self.moves.len() + usize::from(self.hint != SizeHint::Exact)
    }

    /// The same without its panics: left out, or with something harmless in their place, so that
    /// what comes later happens at the same poll. Empty if there is none.
    pub(crate) fn without_panics(&self) -> Vec<Self> {
        let panics = |script: &Script| script.steps().contains(&Step::Panic);
        if !self.scripts.iter().any(panics) {
            return Vec::new();
        }
        let instead = [None, Some(Step::SelfWake), Some(Step::Ready)];
        let milder = instead.map(|instead| {
            let mut case = self.clone();
            for script in &mut case.scripts {
                let steps = script.steps().iter().filter_map(|step| match step {
                    Step::Panic => instead,
                    other => Some(*other),
                });
                *script = Script::new(steps);
            }
            case
        });
        milder.into()
    }

    /// The same case without the moves that `is_removed` names; `None` if it has none of them.
    pub(crate) fn without_moves(&self, is_removed: fn(&Move) -> bool) -> Option<Self> {
        let mut case = self.clone();
        case.moves.retain(|step| !is_removed(step));
        (case != *self).then_some(case)
    }
}
