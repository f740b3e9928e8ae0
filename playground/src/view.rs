//! The snapshot: what a scene shows, without any position on the screen.

use serde::Serialize;

use crate::item::Token;

/// A snapshot of the playground.
#[derive(Debug, Serialize)]
pub(crate) struct View {
    pub(crate) scene: &'static str,
    pub(crate) title: &'static str,
    pub(crate) caption: &'static str,
    pub(crate) chapter: &'static str,
    pub(crate) seed: u64,
    pub(crate) step: u32,
    /// Steps until the end of the replay, 0 if none runs.
    pub(crate) replay: u32,
    pub(crate) counts: Vec<Count>,
    pub(crate) controls: Vec<Control>,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) events: Vec<Event>,
    /// The text of the last refusal.
    pub(crate) refusal: Option<Refusal>,
    pub(crate) code: String,
}

/// A number that a crate returned.
#[derive(Debug, Serialize)]
pub(crate) struct Count {
    pub(crate) name: &'static str,
    pub(crate) value: usize,
}

/// A button.
#[derive(Debug, Serialize)]
pub(crate) struct Control {
    pub(crate) act: String,
    pub(crate) label: &'static str,
    pub(crate) hint: String,
    /// The state of a toggle.
    pub(crate) on: Option<bool>,
    pub(crate) off: bool,
}

impl Control {
    pub(crate) fn new(
        act: impl Into<String>,
        label: &'static str,
        hint: impl Into<String>,
    ) -> Self {
        Self { act: act.into(), label, hint: hint.into(), on: None, off: false }
    }

    pub(crate) fn on(self, on: bool) -> Self {
        Self { on: Some(on), ..self }
    }

    pub(crate) fn off(self, off: bool) -> Self {
        Self { off, ..self }
    }
}

/// The form in which a lane is drawn.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// Slots in blocks, with marks below.
    List,
    /// What a reader received.
    #[default]
    Track,
    /// Work in progress: each marble has a part that is done.
    Work,
}

/// A row of marbles.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Lane {
    pub(crate) id: String,
    pub(crate) form: Form,
    pub(crate) badge: String,
    pub(crate) title: String,
    pub(crate) note: String,
    /// `idle`, `sleeps`, `busy` or `ended`.
    pub(crate) state: &'static str,
    pub(crate) wakes: u32,
    pub(crate) total: usize,
    /// Index of the first slot of the first block.
    pub(crate) start: usize,
    /// Index behind the last item.
    pub(crate) end: usize,
    /// Slots of a block, 0 if unknown.
    pub(crate) block: usize,
    /// Free slots behind the last item.
    pub(crate) room: usize,
    pub(crate) marbles: Vec<Marble>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) controls: Vec<Control>,
}

/// A marble at a place of its lane.
#[derive(Debug, Serialize)]
pub(crate) struct Marble {
    pub(crate) id: u32,
    pub(crate) letter: char,
    pub(crate) hue: u8,
    pub(crate) at: usize,
    /// The list holds a copy.
    pub(crate) held: bool,
    /// A cursor has not read it.
    pub(crate) unread: bool,
    /// The part that is done, in percent.
    pub(crate) part: u32,
}

impl Marble {
    pub(crate) fn new(token: &Token, at: usize) -> Self {
        let &Token { id, letter, hue, .. } = token;
        Self { id, letter, hue, at, held: token.is_held(), unread: true, part: 100 }
    }
}

/// A position below a list.
#[derive(Debug, Serialize)]
pub(crate) struct Mark {
    pub(crate) name: String,
    pub(crate) at: usize,
    pub(crate) sleeps: bool,
    pub(crate) wakes: u32,
}

/// A push that was refused, with its error's text.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Refusal {
    pub(crate) number: u32,
    pub(crate) id: u32,
    pub(crate) letter: char,
    pub(crate) hue: u8,
    pub(crate) text: String,
}

/// What happened in a step, for the time axis.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Event {
    pub(crate) step: u32,
    pub(crate) kind: Kind,
    pub(crate) hue: u8,
}

/// The kind of an [`Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Push,
    Refuse,
    Read,
    Sleep,
    Wake,
    Stop,
}
