use alloc::vec::Vec;

use super::{Case, Move, Script, SizeHint, Step, random::Random};

/// A generator of random cases for an adapter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CaseGenerator {
    pub(crate) sources: usize,
    pub(crate) item_kind: ItemKind,
    pub(crate) errors: bool,
    pub(crate) panics: bool,
    pub(crate) abandons: bool,
}

/// The kind of the items of the first source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemKind {
    Tokens,
    Streams,
    Futures,
}

/// The main subject of a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scenario {
    Executor,
    Moves,
    DropOne,
    DropAll,
    Abandon,
    Panic,
}

impl CaseGenerator {
    pub(crate) fn new(sources: usize, item_kind: ItemKind) -> Self {
        Self { sources, item_kind, errors: false, panics: true, abandons: true }
    }

    /// Returns the case of this seed.
    pub(crate) fn case(&self, seed: u64) -> Case {
        let mut random = Random::new(seed);
        let longest = 1 + random.below(9);
        let mut generator = ScriptGenerator {
            pending: [0, 1, 3, 6][random.below(4)],
            self_wakes: [0, 0, 1, 3][random.below(4)],
            errors: if self.errors { [0, 1, 3][random.below(3)] } else { 0 },
            random,
        };
        let mut scripts: Vec<Script> =
            (0..self.sources).map(|_| generator.script(longest, ItemKind::Streams)).collect();
        if self.item_kind != ItemKind::Tokens {
            for _ in 0..scripts[0].items() {
                scripts.push(generator.script(longest.min(5), self.item_kind));
            }
        }
        let random = &mut generator.random;
        let story = match random.below(20) {
            0..6 => Scenario::Executor,
            6..8 if self.abandons => Scenario::Abandon,
            6..12 => Scenario::Moves,
            12..14 => Scenario::DropOne,
            14..17 => Scenario::DropAll,
            _ if self.panics => Scenario::Panic,
            _ => Scenario::Moves,
        };
        let mut moves = Vec::new();
        if story != Scenario::Executor && (story != Scenario::Panic || random.chance(1, 2)) {
            for _ in 0..random.below(9) {
                moves.push(match random.below(16) {
                    0..4 => Move::Poll(random.below(4)),
                    4..6 => Move::PollWithNewWaker(random.below(4)),
                    6..9 => Move::Wake(random.below(scripts.len().max(1))),
                    9..15 => Move::Turn,
                    _ => Move::SideEffect(random.below(4)),
                });
            }
        }
        match story {
            Scenario::DropOne => {
                let at = random.below(moves.len() + 1);
                moves.insert(at, Move::Drop(random.below(4)));
            }
            Scenario::DropAll => moves.push(Move::DropAll),
            Scenario::Abandon => {
                // The abandoned task is polled last, and then woken in half of the cases.
                let task = random.below(4);
                let wake = Move::Wake(random.below(scripts.len().max(1)));
                let wake = random.chance(1, 2).then_some(wake);
                let at = random.below(moves.len() + 1);
                let last = [Some(Move::Poll(task)), wake, Some(Move::Abandon(task))];
                moves.splice(at..at, last.into_iter().flatten());
            }
            Scenario::Panic if !scripts.is_empty() => {
                for _ in 0..1 + random.below(2) {
                    let n = random.below(scripts.len());
                    let steps = scripts[n].steps_mut();
                    steps.insert(random.below(steps.len() + 1), Step::Panic);
                }
            }
            Scenario::Executor | Scenario::Moves | Scenario::Panic => {}
        }
        let hint = SizeHint::ALL[random.below(SizeHint::ALL.len())];
        Case::new(scripts).with_size_hint(hint).with_moves(moves)
    }
}

/// A generator of random scripts, with a weight for each kind of step.
struct ScriptGenerator {
    random: Random,
    pending: usize,
    self_wakes: usize,
    errors: usize,
}

impl ScriptGenerator {
    fn script(&mut self, longest: usize, of: ItemKind) -> Script {
        // The script of a future has no items.
        let items = if of == ItemKind::Futures { 0 } else { 4 };
        let len = self.random.below(longest + 1);
        let weights = [
            (Step::Ready, items),
            (Step::Error, self.errors.min(items)),
            (Step::Pending, self.pending),
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
