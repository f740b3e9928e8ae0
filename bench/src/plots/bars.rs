use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Failure, INK, Mark, ROW, looks, rule, write};
use crate::harness::Role;
use crate::report::nanos;

const LEFT: i32 = 330;
const RIGHT: i32 = 860;
/// A bar is cut at this multiple of the best peer's.
const CUT: f64 = 6.0;

/// Draws a bar for each row, the shortest first.
pub(super) fn draw<'a>(
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
        .filter(|(_, role, _)| *role == Role::Aiter)
        .map(|(_, _, mark)| mark.median)
        .fold(0.0, f64::max);
    let end = longest.min((best * CUT).max(ours)).max(f64::MIN_POSITIVE);
    let across =
        |value: f64| LEFT + (value.min(end) / end * f64::from(RIGHT - LEFT)).round() as i32;
    let count = rows.len() as i32;
    let mut turn = [0; 2];
    let mut rows: Vec<_> = rows.iter().map(|row| (row, looks(row.1, &mut turn))).collect();
    rows.sort_by(|(a, _), (b, _)| a.2.median.total_cmp(&b.2.median));
    for (index, ((name, _, mark), (color, _, also))) in rows.into_iter().enumerate() {
        let y = top + index as i32 * ROW;
        write(canvas, &format!("{name}{also}"), (LEFT - 8, y), 13, &INK, HPos::Right)?;
        let corners = [(LEFT, y - 7), (across(mark.median).max(LEFT + 1), y + 7)];
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
    rule(canvas, (LEFT, top - ROW / 2), (LEFT, top + count * ROW - ROW / 2), &INK, 1)
}
