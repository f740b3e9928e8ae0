//! Draws panels as SVG, below each other.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Failure, INK, Panel, ROW, Shape, write};
use super::{bars, curves};

const WIDTH: i32 = 960;
/// Height of the title.
const HEAD: i32 = 44;
/// Least height of a panel of curves.
const CURVES: i32 = 340;

/// Returns the text of an SVG file with the panels below each other.
///
/// # Errors
/// Fails if plotters does, which never happens in practice, as it draws into a string.
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
                curves::draw(canvas, axis, lines, (top + 30, top + height - 50))?;
            }
            Shape::Bars(rows) => bars::draw(canvas, rows, top + 32)?,
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
