//! Curves with logarithmic axes.
//!
//! Each point has a whisker from the fastest to the slowest round. The names stand beside the
//! curves, in the order in which the curves end.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Failure, GRID, INK, LEFT, Line, RIGHT, ROW, looks, rule, write};
use crate::report::nanos;

/// Draws the curves between `top` and `bottom`.
pub(super) fn draw<'a>(
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
    // From top to bottom, each name as near to the end of its line as the other names permit.
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

/// A logarithmic axis.
struct Axis {
    low: f64,
    high: f64,
    from: i32,
    to: i32,
}

impl Axis {
    /// Makes an axis over all values. Zero is a decade below the smallest other value.
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

    /// Returns one, two and five times each power of ten on the axis.
    fn ticks(&self) -> Vec<f64> {
        let powers = self.low.exp().log10().floor() as i32..=self.high.exp().log10().ceil() as i32;
        let all = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|times| times * 10_f64.powi(power)));
        let within = |tick: &f64| (self.low..=self.high).contains(&tick.ln());
        let ticks: Vec<f64> = all.filter(within).collect();
        // With many powers, only the powers themselves.
        if ticks.len() <= 9 {
            return ticks;
        }
        let is_power = |tick: &f64| (tick.log10() - tick.log10().round()).abs() < 1e-9;
        ticks.into_iter().filter(is_power).collect()
    }
}

/// Returns the shortest exact notation of a number: 12.5, 1000, 1e6.
fn short(value: f64) -> String {
    let power = value.log10().floor();
    let digit = value / 10_f64.powf(power);
    if value >= 10_000.0 && (digit - digit.round()).abs() < 1e-9 {
        format!("{digit:.0}e{power}")
    } else {
        format!("{value}")
    }
}
