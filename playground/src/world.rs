//! What all scenes share: the clock, the marbles, the events and the program.

use std::{collections::VecDeque, rc::Rc, sync::Arc};

use crate::{
    clock::Clock,
    item::{Item, Token},
    program::Program,
    view::{Event, Form, Kind, Lane, Marble, Mark, Refusal},
};

/// Number of steps that the time axis shows.
const AXIS_STEPS: u32 = 60;

/// The parts of a scene that know no adapter.
pub(crate) struct World {
    pub(crate) clock: Rc<Clock>,
    pub(crate) rng: fastrand::Rng,
    pub(crate) program: Program,
    pub(crate) refusal: Option<Refusal>,
    events: VecDeque<Event>,
    made: u32,
    letters: u32,
    refused: u32,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            clock: Rc::default(),
            rng: fastrand::Rng::with_seed(seed),
            program: Program::new(),
            refusal: None,
            events: VecDeque::new(),
            made: 0,
            letters: 0,
            refused: 0,
        }
    }

    /// Makes the next marble, with the next letter and colour.
    pub(crate) fn item(&mut self) -> (Item, Arc<Token>) {
        let (letter, hue) = self.letter();
        self.item_as(letter, hue)
    }

    /// The next letter and its colour.
    pub(crate) fn letter(&mut self) -> (char, u8) {
        self.letters += 1;
        (letter(self.letters - 1), ((self.letters - 1) % 8) as u8)
    }

    /// Makes a marble with this letter and colour.
    pub(crate) fn item_as(&mut self, letter: char, hue: u8) -> (Item, Arc<Token>) {
        self.made += 1;
        Item::new(self.made, letter, hue)
    }

    /// Writes an event on the time axis.
    pub(crate) fn event(&mut self, kind: Kind, hue: u8) {
        let step = self.clock.now();
        self.events.retain(|event| event.step + AXIS_STEPS > step);
        // The axis shows no more of a kind in a step.
        let same = self.events.iter().rev().take_while(|event| event.step == step);
        if same.filter(|event| event.kind == kind).count() >= 2 {
            return;
        }
        self.events.push_back(Event { step, kind, hue });
    }

    /// Shows a refused push.
    pub(crate) fn refuse(&mut self, token: &Token, text: String) {
        self.refused += 1;
        let &Token { id, letter, hue, .. } = token;
        self.refusal = Some(Refusal { number: self.refused, id, letter, hue, text });
        self.event(Kind::Refuse, hue);
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.iter().copied().collect()
    }
}

/// The letter of a number.
pub(crate) fn letter(n: u32) -> char {
    char::from(b'a' + (n % 26) as u8)
}

/// Pushes by themselves, at random times about every two steps.
pub(crate) struct Auto {
    pub(crate) on: bool,
    next: u32,
}

impl Auto {
    pub(crate) fn new(on: bool) -> Self {
        Self { on, next: 2 }
    }

    /// Returns `true` if a push is due. Turns itself off if `held` items are too many to see.
    pub(crate) fn is_due(&mut self, world: &mut World, held: usize) -> bool {
        if held >= 48 {
            self.on = false;
        }
        if !self.on || world.clock.now() < self.next {
            return false;
        }
        self.next = world.clock.now() + world.rng.u32(1..=3);
        true
    }
}

/// Number of slots of a block on a 32-bit target.
const BLOCK: usize = 16;

/// Number of items that an adapter has dropped and that are still shown.
const DROPPED: usize = 3;

/// The lane of a push list. `first` is the index of the oldest item that the list holds.
pub(crate) fn list_lane(
    title: &str,
    pushed: &[Arc<Token>],
    first: usize,
    marks: Vec<Mark>,
) -> Lane {
    // The block before is shown as well, so that it can be seen to go.
    let start = (first / BLOCK * BLOCK).saturating_sub(BLOCK);
    Lane { block: BLOCK, ..lane("list", title, pushed, first, start, marks) }
}

/// The lane of what a list or an adapter holds, without blocks.
pub(crate) fn held_lane(id: &str, title: &str, pushed: &[Arc<Token>], marks: Vec<Mark>) -> Lane {
    let first = first_held(pushed);
    // A cursor that is behind stays in sight.
    let slowest = marks.iter().map(|mark| mark.at).min().unwrap_or(first);
    let start = first.min(slowest).saturating_sub(DROPPED);
    lane(id, title, pushed, first, start, marks)
}

fn lane(
    id: &str,
    title: &str,
    pushed: &[Arc<Token>],
    first: usize,
    start: usize,
    marks: Vec<Mark>,
) -> Lane {
    let end = pushed.len();
    let slowest = marks.iter().map(|mark| mark.at).min().unwrap_or(end);
    let marbles = (start..end)
        .map(|at| Marble { unread: at >= slowest, ..Marble::new(&pushed[at], at) })
        .collect();
    Lane {
        id: id.into(),
        form: Form::List,
        title: title.into(),
        total: end - first,
        start,
        end,
        marbles,
        marks,
        ..Lane::default()
    }
}

/// The index of the oldest item of which a copy exists.
pub(crate) fn first_held(pushed: &[Arc<Token>]) -> usize {
    pushed.iter().position(|token| token.is_held()).unwrap_or(pushed.len())
}
