use alloc::vec::Vec;
use core::fmt;

use crate::hint::Hint;
use crate::random::Random;
use crate::script::{Script, Step};

/// What happens from outside, before the case is run to its end by a fair executor.
///
/// Tasks and sources are counted from zero; a number past the last one begins again at the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Move {
    /// Polls this task, woken or not.
    Poll(usize),
    /// The same with a new waker.
    PollAnew(usize),
    /// Wakes this source, if it waits.
    Wake(usize),
    /// What the executor would do next: poll a woken task, or else wake a source that waits.
    Turn,
    /// Calls one of the closures given with [`Parts::poke`](crate::Parts::poke).
    Poke(usize),
    /// Drops this task's stream.
    Drop(usize),
    /// Drops every stream, which ends the case.
    DropAll,
}

impl Move {
    /// Which task, source or poke it is about.
    pub(crate) fn index_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::Poll(n) | Self::PollAnew(n) | Self::Drop(n) => Some(n),
            Self::Wake(n) | Self::Poke(n) => Some(n),
            Self::Turn | Self::DropAll => None,
        }
    }
}

/// A script for each source, and what happens to the tasks meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Case {
    scripts: Vec<Script>,
    hint: Hint,
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
    pub fn with_hint(mut self, hint: Hint) -> Self {
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
    pub fn hint(&self) -> Hint {
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
        steps + self.moves.len() + usize::from(self.hint != Hint::Exact)
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

    /// The same, nobody being dropped before the end.
    pub(crate) fn without_drops(&self) -> Self {
        let mut case = self.clone();
        case.moves.retain(|step| !matches!(step, Move::Drop(_)));
        case
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scripts.is_empty() {
            f.write_str("no source")?;
        }
        for (n, script) in self.scripts.iter().enumerate() {
            write!(f, "{}`{script}`", if n == 0 { "" } else { " " })?;
        }
        if self.hint != Hint::Exact {
            write!(f, " ({:?} hints)", self.hint)?;
        }
        for (n, step) in self.moves.iter().enumerate() {
            f.write_str(if n == 0 { ": " } else { ", " })?;
            match step {
                Move::Poll(task) => write!(f, "poll {task}")?,
                Move::PollAnew(task) => write!(f, "poll {task} with a new waker")?,
                Move::Wake(source) => write!(f, "wake {source}")?,
                Move::Turn => f.write_str("turn")?,
                Move::Poke(poke) => write!(f, "poke {poke}")?,
                Move::Drop(task) => write!(f, "drop {task}")?,
                Move::DropAll => f.write_str("drop all")?,
            }
        }
        Ok(())
    }
}

/// What cases for an adapter look like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) sources: usize,
    pub(crate) inner: Inside,
    pub(crate) errors: bool,
    pub(crate) panics: bool,
}

/// What the items of the first source are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    Tokens,
    Streams,
    Futures,
}

/// The main thing that a case is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Story {
    Executor,
    Moves,
    DropOne,
    DropAll,
    Panic,
}

impl Plan {
    /// The case of a seed.
    pub(crate) fn case(&self, seed: u64) -> Case {
        // Neighbouring seeds have to give unlike cases; the generator mixes them.
        let mut random = Random::new(seed);
        let longest = 1 + random.below(9);
        let mut author = Author {
            waits: [0, 1, 3, 6][random.below(4)],
            self_wakes: [0, 0, 1, 3][random.below(4)],
            errors: if self.errors { [0, 1, 3][random.below(3)] } else { 0 },
            random,
        };
        let mut scripts: Vec<Script> =
            (0..self.sources).map(|_| author.script(longest, Inside::Streams)).collect();
        if self.inner != Inside::Tokens {
            for _ in 0..scripts[0].items() {
                scripts.push(author.script(longest.min(5), self.inner));
            }
        }
        let random = &mut author.random;
        let story = match random.below(20) {
            0..8 => Story::Executor,
            8..12 => Story::Moves,
            12..14 => Story::DropOne,
            14..17 => Story::DropAll,
            _ if self.panics => Story::Panic,
            _ => Story::Moves,
        };
        let mut moves = Vec::new();
        if story != Story::Executor && (story != Story::Panic || random.chance(1, 2)) {
            for _ in 0..random.below(9) {
                moves.push(match random.below(16) {
                    0..4 => Move::Poll(random.below(4)),
                    4..6 => Move::PollAnew(random.below(4)),
                    6..9 => Move::Wake(random.below(scripts.len().max(1))),
                    9..15 => Move::Turn,
                    _ => Move::Poke(random.below(4)),
                });
            }
        }
        match story {
            Story::DropOne => {
                let at = random.below(moves.len() + 1);
                moves.insert(at, Move::Drop(random.below(4)));
            }
            Story::DropAll => moves.push(Move::DropAll),
            Story::Panic if !scripts.is_empty() => {
                for _ in 0..1 + random.below(2) {
                    let n = random.below(scripts.len());
                    let steps = scripts[n].steps_mut();
                    steps.insert(random.below(steps.len() + 1), Step::Panic);
                }
            }
            Story::Executor | Story::Moves | Story::Panic => {}
        }
        let hint = Hint::ALL[random.below(Hint::ALL.len())];
        Case { scripts, hint, moves }
    }
}

/// Writes scripts in which each kind of step has its share.
struct Author {
    random: Random,
    waits: usize,
    self_wakes: usize,
    errors: usize,
}

impl Author {
    fn script(&mut self, longest: usize, of: Inside) -> Script {
        // A future's script has no items.
        let items = if of == Inside::Futures { 0 } else { 4 };
        let len = self.random.below(longest + 1);
        let weights = [
            (Step::Ready, items),
            (Step::Error, self.errors.min(items)),
            (Step::Pending, self.waits),
            (Step::SelfWake, self.self_wakes),
        ];
        let sum: usize = weights.iter().map(|(_, weight)| weight).sum();
        if sum == 0 {
            return Script::default();
        }
        Script::new((0..len).map(|_| {
            let mut at = self.random.below(sum);
            let chosen = weights.iter().find(|(_, weight)| {
                let found = at < *weight;
                at = at.wrapping_sub(*weight);
                found
            });
            chosen.map_or(Step::Ready, |(step, _)| *step)
        }))
    }
}
