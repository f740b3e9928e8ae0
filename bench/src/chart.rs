//! Draws curves and bars as SVG.
//!
//! Curves have logarithmic axes, a whisker from the fastest to the slowest round at each point, and their
//! names beside them in the order in which they end.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::harness::Role;
use crate::report::nanos;

/// A part of a picture.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    /// What stands above it.
    pub(crate) title: String,
    /// What it shows.
    pub(crate) shape: Shape,
}

/// What a panel shows.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A line for each contestant.
    Curves {
        /// What the horizontal axis counts.
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
    /// Whose it is.
    pub(crate) name: String,
    /// The part that it plays.
    pub(crate) role: Role,
    /// Its points from left to right.
    pub(crate) marks: Vec<(f64, Mark)>,
}

/// A measured value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    /// The middle round.
    pub(crate) median: f64,
    /// The fastest round.
    pub(crate) min: f64,
    /// The slowest round.
    pub(crate) max: f64,
}

type Canvas<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Failure<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

const WIDTH: i32 = 960;
const LEFT: i32 = 70;
/// Where the curves end and their names begin.
const RIGHT: i32 = 590;
const HEAD: i32 = 44;
const CURVES: i32 = 340;
const ROW: i32 = 22;
/// Where bars begin and end.
const BARS: (i32, i32) = (330, 860);
/// A bar is cut where it is that many times the best peer's.
const CUT: f64 = 6.0;
const INK: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(225, 225, 225);
const OURS: [RGBColor; 4] =
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

/// The panels below each other, as the text of an SVG file.
///
/// # Errors
/// Never in practice: it draws into a string.
pub(crate) fn draw(title: &str, panels: &[Panel]) -> Result<String, String> {
    let heights: Vec<i32> = panels.iter().map(height).collect();
    let total = HEAD + heights.iter().sum::<i32>();
    let mut svg = String::new();
    {
        let backend = SVGBackend::with_string(&mut svg, (WIDTH as u32, total as u32));
        let canvas = backend.into_drawing_area();
        draw_all(&canvas, title, panels, &heights).map_err(|error| error.to_string())?;
    }
    Ok(svg)
}

fn draw_all<'a>(
    canvas: &Canvas<'a>,
    title: &str,
    panels: &[Panel],
    heights: &[i32],
) -> Result<(), Failure<'a>> {
    canvas.fill(&WHITE)?;
    write(canvas, title, (20, 26), 20, &INK, HPos::Left)?;
    let mut top = HEAD;
    for (panel, height) in panels.iter().zip(heights) {
        write(canvas, &panel.title, (20, top + 12), 15, &INK, HPos::Left)?;
        match &panel.shape {
            Shape::Curves { axis, lines } => {
                curves(canvas, axis, lines, (top + 30, top + height - 50))?;
            }
            Shape::Bars(rows) => bars(canvas, rows, top + 32)?,
        }
        top += height;
    }
    canvas.present()
}

fn height(panel: &Panel) -> i32 {
    match &panel.shape {
        Shape::Curves { lines, .. } => CURVES.max(lines.len() as i32 * ROW + 90),
        Shape::Bars(rows) => rows.len() as i32 * ROW + 44,
    }
}

fn write<'a>(
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

fn rule<'a>(
    canvas: &Canvas<'a>,
    from: (i32, i32),
    to: (i32, i32),
    color: &RGBColor,
    width: u32,
) -> Result<(), Failure<'a>> {
    canvas.draw(&PathElement::new(vec![from, to], color.stroke_width(width)))
}

/// A logarithmic axis.
struct Axis {
    low: f64,
    high: f64,
    from: i32,
    to: i32,
}

impl Axis {
    /// Over all values; zero has its place a step before the smallest of the others.
    fn over(values: impl Iterator<Item = f64> + Clone, from: i32, to: i32, rest: f64) -> Self {
        let least = values.clone().filter(|value| *value > 0.0).fold(f64::MAX, f64::min);
        let most = values.clone().fold(0.0, f64::max);
        let least = if values.into_iter().any(|value| value <= 0.0) { least / 10.0 } else { least };
        Self { low: (least / rest).ln(), high: (most * rest).ln(), from, to }
    }

    fn at(&self, value: f64) -> i32 {
        let share = (value.ln() - self.low) / (self.high - self.low);
        self.from + (share.clamp(0.0, 1.0) * f64::from(self.to - self.from)).round() as i32
    }

    /// One, two and five times the powers of ten within.
    fn ticks(&self) -> Vec<f64> {
        let powers = self.low.exp().log10().floor() as i32..=self.high.exp().log10().ceil() as i32;
        let all = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|times| times * 10_f64.powi(power)));
        let within = |tick: &f64| (self.low..=self.high).contains(&tick.ln());
        let ticks: Vec<f64> = all.filter(within).collect();
        // With many powers, only these.
        if ticks.len() <= 9 {
            return ticks;
        }
        let is_power = |tick: &f64| (tick.log10() - tick.log10().round()).abs() < 1e-9;
        ticks.into_iter().filter(is_power).collect()
    }
}

/// A number as short as it is exact: 12.5, 1000, 1e6.
fn short(value: f64) -> String {
    let power = value.log10().floor();
    let digit = value / 10_f64.powf(power);
    if value >= 10_000.0 && (digit - digit.round()).abs() < 1e-9 {
        format!("{digit:.0}e{power}")
    } else {
        format!("{value}")
    }
}

/// What a line or bar of that part looks like: its colour, how broad it is, and what is said after its name.
fn looks(role: Role, turn: &mut [usize; 2]) -> (RGBColor, u32, &'static str) {
    let mut next = |which: usize, colors: &[RGBColor]| {
        let color = colors[turn[which] % colors.len()];
        turn[which] += 1;
        color
    };
    match role {
        Role::Ours => (next(0, &OURS), 3, ""),
        Role::Peer => (next(1, &OTHERS), 2, ""),
        Role::Listed => (next(1, &OTHERS), 1, " (listed)"),
        Role::Floor => (FLOOR, 1, " (floor)"),
    }
}

fn curves<'a>(
    canvas: &Canvas<'a>,
    axis: &str,
    lines: &[Line],
    (top, bottom): (i32, i32),
) -> Result<(), Failure<'a>> {
    let marks = || lines.iter().flat_map(|line| &line.marks);
    let xs = marks().map(|(x, _)| *x);
    let ys = marks().map(|(_, mark)| mark.median);
    let across = Axis::over(xs.clone(), LEFT + 12, RIGHT - 12, 1.0);
    let up = Axis::over(ys, bottom, top, 1.15);

    for tick in up.ticks() {
        let y = up.at(tick);
        rule(canvas, (LEFT, y), (RIGHT, y), &GRID, 1)?;
        write(canvas, &short(tick), (LEFT - 8, y), 12, &INK, HPos::Right)?;
    }
    let mut places: Vec<f64> = xs.collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    for x in places {
        let at = across.at(x);
        rule(canvas, (at, top), (at, bottom), &GRID, 1)?;
        write(canvas, &short(x), (at, bottom + 14), 12, &INK, HPos::Center)?;
    }
    rule(canvas, (LEFT, bottom), (RIGHT, bottom), &INK, 1)?;
    write(canvas, axis, ((LEFT + RIGHT) / 2, bottom + 32), 13, &INK, HPos::Center)?;

    let mut turn = [0; 2];
    let mut names = Vec::new();
    for line in lines {
        let (color, width, also) = looks(line.role, &mut turn);
        let points: Vec<_> =
            line.marks.iter().map(|(x, mark)| (across.at(*x), up.at(mark.median))).collect();
        for ((x, mark), (at, _)) in line.marks.iter().zip(&points) {
            debug_assert_eq!(across.at(*x), *at);
            rule(canvas, (*at, up.at(mark.min)), (*at, up.at(mark.max)), &color, 1)?;
        }
        canvas.draw(&PathElement::new(points.clone(), color.stroke_width(width)))?;
        for point in &points {
            canvas.draw(&Circle::new(*point, if width > 2 { 4 } else { 3 }, color.filled()))?;
        }
        if let (Some(last), Some((_, mark))) = (points.last(), line.marks.last()) {
            names.push((last.1, format!("{}{also}: {}", line.name, nanos(mark.median)), color));
        }
    }
    // From top to bottom, each as near to the end of its line as the others leave room.
    names.sort_by_key(|(y, _, _)| *y);
    let count = names.len() as i32;
    let mut free = top - ROW / 2;
    for (index, (y, name, color)) in names.into_iter().enumerate() {
        let below = (count - 1 - index as i32) * ROW;
        let at = y.max(free).min((bottom - below).max(free));
        rule(canvas, (RIGHT + 6, at), (RIGHT + 22, at), &color, 3)?;
        write(canvas, &name, (RIGHT + 28, at), 13, &INK, HPos::Left)?;
        free = at + ROW;
    }
    Ok(())
}

fn bars<'a>(
    canvas: &Canvas<'a>,
    rows: &[(String, Role, Mark)],
    top: i32,
) -> Result<(), Failure<'a>> {
    let best = rows
        .iter()
        .filter(|(_, role, _)| *role == Role::Peer)
        .map(|(_, _, mark)| mark.median)
        .fold(f64::MAX, f64::min);
    let longest = rows.iter().map(|(_, _, mark)| mark.median).fold(0.0, f64::max);
    let ours = rows
        .iter()
        .filter(|(_, role, _)| *role == Role::Ours)
        .map(|(_, _, mark)| mark.median)
        .fold(0.0, f64::max);
    let end = longest.min((best * CUT).max(ours)).max(f64::MIN_POSITIVE);
    let across =
        |value: f64| BARS.0 + (value.min(end) / end * f64::from(BARS.1 - BARS.0)).round() as i32;
    let count = rows.len() as i32;
    let mut turn = [0; 2];
    let mut rows: Vec<_> = rows.iter().map(|row| (row, looks(row.1, &mut turn))).collect();
    rows.sort_by(|(a, _), (b, _)| a.2.median.total_cmp(&b.2.median));
    for (index, ((name, _, mark), (color, _, also))) in rows.into_iter().enumerate() {
        let y = top + index as i32 * ROW;
        write(canvas, &format!("{name}{also}"), (BARS.0 - 8, y), 13, &INK, HPos::Right)?;
        let corners = [(BARS.0, y - 7), (across(mark.median).max(BARS.0 + 1), y + 7)];
        canvas.draw(&Rectangle::new(corners, color.filled()))?;
        let mut tip = across(mark.median);
        if mark.max <= end && mark.max > mark.min {
            rule(canvas, (across(mark.min), y), (across(mark.max), y), &INK, 1)?;
            tip = across(mark.max);
        }
        let cut = if mark.median > end { "\u{2026} " } else { "" };
        let value = format!("{cut}{}", nanos(mark.median));
        write(canvas, &value, (tip + 6, y), 13, &INK, HPos::Left)?;
    }
    rule(canvas, (BARS.0, top - ROW / 2), (BARS.0, top + count * ROW - ROW / 2), &INK, 1)
}
