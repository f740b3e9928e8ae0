//! The content of a plot, and what its shapes have in common.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::harness::Role;

/// A part of a plot.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    /// Title above the panel.
    pub(crate) title: String,
    /// Content.
    pub(crate) shape: Shape,
}

/// The content of a panel.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A line for each contestant.
    Curves {
        /// Name of the horizontal axis.
        axis: String,
        /// The lines.
        lines: Vec<Line>,
    },
    /// A bar for each contestant.
    Bars(Vec<(String, Role, Mark)>),
}

/// A contestant's curve.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Name of the contestant.
    pub(crate) name: String,
    /// Part that the contestant plays.
    pub(crate) role: Role,
    /// Points from left to right.
    pub(crate) marks: Vec<(f64, Mark)>,
}

/// A measured value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    /// Median round.
    pub(crate) median: f64,
    /// Fastest round.
    pub(crate) min: f64,
    /// Slowest round.
    pub(crate) max: f64,
}

pub(super) type Canvas<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
pub(super) type Failure<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

pub(super) const LEFT: i32 = 70;
/// Right end of the curves. Their names begin here.
pub(super) const RIGHT: i32 = 590;
pub(super) const ROW: i32 = 22;
pub(super) const INK: RGBColor = RGBColor(40, 40, 40);
pub(super) const GRID: RGBColor = RGBColor(225, 225, 225);
const AITER: [RGBColor; 4] =
    [RGBColor(200, 20, 30), RGBColor(240, 120, 0), RGBColor(150, 0, 90), RGBColor(250, 170, 60)];
const OTHERS: [RGBColor; 10] = [
    RGBColor(31, 119, 180),
    RGBColor(44, 160, 44),
    RGBColor(23, 170, 190),
    RGBColor(110, 90, 190),
    RGBColor(120, 75, 60),
    RGBColor(0, 90, 90),
    RGBColor(130, 160, 30),
    RGBColor(90, 130, 220),
    RGBColor(180, 110, 170),
    RGBColor(0, 60, 140),
];
const FLOOR: RGBColor = RGBColor(150, 150, 150);

pub(super) fn write<'a>(
    canvas: &Canvas<'a>,
    text: &str,
    at: (i32, i32),
    size: u32,
    color: &RGBColor,
    align: HPos,
) -> Result<(), Failure<'a>> {
    let style = TextStyle::from(("sans-serif", size).into_font())
        .color(color)
        .pos(Pos::new(align, VPos::Center));
    canvas.draw(&Text::new(text, at, style))
}

/// Draws a straight line.
pub(super) fn rule<'a>(
    canvas: &Canvas<'a>,
    from: (i32, i32),
    to: (i32, i32),
    color: &RGBColor,
    width: u32,
) -> Result<(), Failure<'a>> {
    canvas.draw(&PathElement::new(vec![from, to], color.stroke_width(width)))
}

/// Returns the colour of a line or bar of that role, its width, and the suffix of its name.
///
/// `turn` counts the colours that are in use, of this repository and of others.
pub(super) fn looks(role: Role, turn: &mut [usize; 2]) -> (RGBColor, u32, &'static str) {
    let mut next = |which: usize, colors: &[RGBColor]| {
        let color = colors[turn[which] % colors.len()];
        turn[which] += 1;
        color
    };
    match role {
        Role::Aiter => (next(0, &AITER), 3, ""),
        Role::Peer => (next(1, &OTHERS), 2, ""),
        Role::Listed => (next(1, &OTHERS), 1, " (listed)"),
        Role::Floor => (FLOOR, 1, " (floor)"),
    }
}
