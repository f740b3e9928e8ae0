pub(crate) mod generator;
pub(crate) mod notation;
mod random;
mod script;
pub(crate) mod shrink;
mod size_hint;

use alloc::vec::Vec;

pub use self::{
    script::{Script, ScriptError, Step},
    size_hint::SizeHint,
};

/// A scripted action on the tasks, before a fair executor runs the case to its end.
///
/// Tasks, sources and side effects are numbered from zero. A number past the last one wraps around.
///
/// # Examples
/// See the example of [`Case`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Move {
    /// Polls this task, whether or not it was woken.
    Poll(usize),
    /// Polls this task with a new waker, whether or not it was woken.
    PollWithNewWaker(usize),
    /// Wakes this source if it is waiting.
    Wake(usize),
    /// Takes a turn of the fair executor: polls a woken task, or else wakes a waiting source.
    Turn,
    /// Calls a closure that was added by [`Parts::side_effect`](crate::Parts::side_effect).
    SideEffect(usize),
    /// Drops the stream of this task.
    Drop(usize),
    /// Keeps the stream of this task, but neither polls nor drops it until the case ends.
    ///
    /// Does nothing if no other task of the same role is running, or if the task is a
    /// [worker](crate::Parts::workers) whose scripted future is running.
    Abandon(usize),
    /// Drops every stream and ends the case.
    DropAll,
}

impl Move {
    /// Returns the number of the task, source or side effect.
    pub(crate) fn index_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::Poll(n) | Self::PollWithNewWaker(n) | Self::Drop(n) | Self::Abandon(n) => Some(n),
            Self::Wake(n) | Self::SideEffect(n) => Some(n),
            Self::Turn | Self::DropAll => None,
        }
    }
}

/// A script for each source, and the moves of the tasks.
///
/// The text of a case contains the scripts, the size hints if they are not exact, and the moves.
/// The text that a report prints parses back to the same case.
///
/// # Examples
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
    /// Creates a case with these scripts, exact size hints and no moves.
    ///
    /// # Examples
    /// ```
    /// use stream_laws::{Case, Move, SizeHint};
    ///
    /// let case = Case::new(["-o|".parse()?, "|".parse()?])
    ///     .with_size_hint(SizeHint::Loose)
    ///     .with_moves([Move::Turn, Move::DropAll]);
    /// assert_eq!(case.to_string(), "`-o|` `|` (Loose hints): turn, drop all");
    /// # Ok::<(), stream_laws::ScriptError>(())
    /// ```
    pub fn new(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self { scripts: scripts.into_iter().collect(), ..Self::default() }
    }

    /// Sets the moves.
    ///
    /// # Examples
    /// See the example of [`new`](Self::new).
    pub fn with_moves(mut self, moves: impl IntoIterator<Item = Move>) -> Self {
        self.moves = moves.into_iter().collect();
        self
    }

    /// Sets how the sources answer `size_hint`.
    ///
    /// # Examples
    /// See the example of [`new`](Self::new).
    pub fn with_size_hint(mut self, hint: SizeHint) -> Self {
        self.hint = hint;
        self
    }

    /// Returns the scripts, in the order in which their sources are created.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn scripts(&self) -> &[Script] {
        &self.scripts
    }

    /// Returns the moves.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// Returns how the sources answer `size_hint`.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn hint(&self) -> SizeHint {
        self.hint
    }

    pub(crate) fn scripts_mut(&mut self) -> &mut Vec<Script> {
        &mut self.scripts
    }

    pub(crate) fn moves_mut(&mut self) -> &mut Vec<Move> {
        &mut self.moves
    }

    /// Returns the number of steps and moves, by which cases are compared.
    pub(crate) fn size(&self) -> usize {
        let steps: usize = self.scripts.iter().map(|script| script.steps().len()).sum();
        steps + self.moves.len() + usize::from(self.hint != SizeHint::Exact)
    }

    /// Returns copies of this case without panics, or nothing if it has no panic.
    ///
    /// One copy omits the panics. The others replace each panic with a self-wake or an item, so
    /// that later steps happen at the same poll.
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

    /// Returns this case without the moves for which `is_removed` holds, or `None` if there are
    /// none.
    pub(crate) fn without_moves(&self, is_removed: fn(&Move) -> bool) -> Option<Self> {
        let mut case = self.clone();
        case.moves.retain(|step| !is_removed(step));
        (case != *self).then_some(case)
    }
}
