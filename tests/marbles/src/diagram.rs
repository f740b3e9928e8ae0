use crate::Marbles;

/// How the events of a row are drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Style {
    /// As marbles on a line.
    Marbles,
    /// As the texts of calls. Each letter of the row has a text.
    Calls(Vec<(char, String)>),
    /// As plain numbers.
    Numbers,
}

/// A row that ran, as it is drawn.
#[derive(Clone, Debug)]
pub struct Line {
    /// The name at the left.
    pub name: String,
    /// The events.
    pub marbles: Marbles,
    /// How the events are drawn.
    pub style: Style,
}

/// A scene that ran as its rows say.
#[derive(Clone, Debug)]
pub struct Diagram {
    /// The operation, in the box.
    pub title: String,
    /// The rows above the box.
    pub above: Vec<Line>,
    /// The rows below the box.
    pub below: Vec<Line>,
}
