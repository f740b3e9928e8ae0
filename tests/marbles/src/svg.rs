//! Pictures of diagrams.
//!
//! A picture stands in the text of a page, and takes over its colour. It has no style sheet, no
//! script and no `id`, because many of them share a page. It has no blank line, because Markdown
//! would end there.

use core::fmt::Write;

use crate::{Cell, Diagram, Line, Style};

/// The widest picture that fits the text of a page.
pub const MAX_WIDTH: usize = 700;

const COLUMN: usize = 34;
const ROW: usize = 36;
const BOX: usize = 30;
const RADIUS: usize = 12;
/// Widths of a letter of the names, and of the calls.
const NAME_LETTER: f64 = 7.3;
const CALL_LETTER: f64 = 6.7;
/// White text is readable on each of these.
const COLOURS: [&str; 8] =
    ["#854d0e", "#b45309", "#15803d", "#7c3aed", "#be185d", "#0f766e", "#1d4ed8", "#86198f"];
const PLAIN: &str = "#64748b";
const RED: &str = "#c81e1e";

/// The parts of a picture, from the bottom to the top.
#[derive(Default)]
struct Layers {
    axes: String,
    busy: String,
    shapes: String,
    /// In the colour of the page.
    words: String,
    /// In white, on calls.
    calls: String,
    /// In white, on marbles.
    letters: String,
    names: String,
}

impl Layers {
    /// The attributes and the parts of each layer.
    fn groups(&self) -> [(&str, &str); 7] {
        let code = "font-family=\"monospace\" font-size=\"11\" text-anchor=\"middle\"";
        let white =
            "font-family=\"monospace\" font-size=\"11\" text-anchor=\"middle\" fill=\"#fff\"";
        [
            ("stroke=\"currentColor\" fill=\"none\" stroke-width=\"1.5\"", &self.axes),
            ("stroke-width=\"9\" stroke-linecap=\"round\" opacity=\".45\"", &self.busy),
            ("stroke=\"currentColor\"", &self.shapes),
            (code, &self.words),
            (white, &self.calls),
            (
                "font-size=\"13\" font-weight=\"bold\" fill=\"#fff\" text-anchor=\"middle\"",
                &self.letters,
            ),
            ("font-family=\"monospace\" font-size=\"12\"", &self.names),
        ]
    }
}

struct Place {
    left: usize,
    right: usize,
}

impl Place {
    fn x(&self, tick: usize) -> usize {
        self.left + COLUMN / 2 + tick * COLUMN
    }
}

/// Returns the picture as the text of an SVG file.
///
/// # Panics
/// Panics if the picture is too wide, or if texts of calls overlap.
pub fn draw(diagram: &Diagram) -> String {
    let lines = || diagram.above.iter().chain(&diagram.below);
    let columns = lines().map(|line| line.marbles.len()).max().unwrap_or(0);
    let longest = lines().map(|line| line.name.chars().count()).max().unwrap_or(0);
    let left = (longest as f64 * NAME_LETTER) as usize + 10;
    let place = Place { left, right: left + columns * COLUMN + 12 };
    let width = place.right + 8;
    assert!(width <= MAX_WIDTH, "{}: {width} is too wide", diagram.title);
    let box_top = 4 + diagram.above.len() * ROW;
    let box_bottom = box_top + BOX + 4;
    let height = box_bottom + diagram.below.len() * ROW + 4;

    let mut layers = Layers::default();
    for (n, line) in diagram.above.iter().enumerate() {
        draw_line(&mut layers, &place, line, 2 + n * ROW + ROW / 2);
    }
    for (n, line) in diagram.below.iter().enumerate() {
        draw_line(&mut layers, &place, line, box_bottom + n * ROW + ROW / 2);
    }
    let grid = (0..columns).map(|tick| format!("M{} 0V{height}", place.x(tick)));
    let grid: String = grid.collect();
    let (box_width, middle, box_text) = (width - 2, width / 2, box_top + BOX / 2 + 4);
    let title = escape(&diagram.title);
    push(
        &mut layers.shapes,
        format_args!(
            "<rect x=\"1\" y=\"{box_top}\" width=\"{box_width}\" height=\"{BOX}\" rx=\"6\" \
             fill=\"currentColor\" fill-opacity=\".08\"/>"
        ),
    );
    push(
        &mut layers.words,
        format_args!(
            "<text x=\"{middle}\" y=\"{box_text}\" font-size=\"13\" font-weight=\"bold\">{title}</text>"
        ),
    );

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         style=\"max-width:100%;height:auto\" font-family=\"sans-serif\" fill=\"currentColor\">\n\
         <title>{}</title>\n\
         <path d=\"{grid}\" stroke=\"currentColor\" opacity=\".12\"/>\n",
        escape(&alternative(diagram))
    );
    layers.groups().into_iter().filter(|(_, parts)| !parts.is_empty()).for_each(
        |(attributes, parts)| push(&mut svg, format_args!("<g {attributes}>\n{parts}</g>")),
    );
    svg + "</svg>\n"
}

fn draw_line(layers: &mut Layers, place: &Place, line: &Line, y: usize) {
    let name_y = y + 4;
    push(
        &mut layers.names,
        format_args!("<text x=\"2\" y=\"{name_y}\">{}</text>", escape(&line.name)),
    );
    match &line.style {
        Style::Calls(texts) => draw_calls(layers, place, line, texts, y),
        Style::Numbers => {
            for (x, cell) in events(place, line) {
                let y = y + 4;
                let text = text_of(cell);
                push(&mut layers.words, format_args!("<text x=\"{x}\" y=\"{y}\">{text}</text>"));
            }
        }
        Style::Marbles => draw_marbles(layers, place, line, y),
    }
}

/// The columns in which something happens.
fn events<'a>(place: &Place, line: &'a Line) -> impl Iterator<Item = (usize, &'a Cell)> {
    let cells = line.marbles.cells().iter().enumerate();
    cells
        .map(|(tick, cell)| (place.x(tick), cell))
        .filter(|(_, cell)| !matches!(cell, Cell::Nothing | Cell::Absent))
}

fn draw_rule(layers: &mut Layers, place: &Place, y: usize) {
    let Place { left, right } = place;
    push(&mut layers.axes, format_args!("<path d=\"M{left} {y}H{right}\" stroke-width=\".5\"/>"));
}

fn draw_calls(layers: &mut Layers, place: &Place, line: &Line, texts: &[(char, String)], y: usize) {
    draw_rule(layers, place, y);
    let mut free = 0;
    for (x, cell) in events(place, line) {
        let key = text_of(cell);
        let (_, text) =
            texts.iter().find(|(known, _)| key.starts_with(*known)).expect("each call has a text");
        let half = draw_call(layers, x, y, text);
        assert!(x >= free + half, "{text:?} overlaps with the call before");
        free = x + half;
    }
}

/// Draws the text of a call. Returns half of its width.
fn draw_call(layers: &mut Layers, x: usize, y: usize, text: &str) -> usize {
    let half = (text.chars().count() as f64 * CALL_LETTER / 2.) as usize + 5;
    let (left, top, width) = (x - half, y - 10, 2 * half);
    push(
        &mut layers.shapes,
        format_args!(
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"20\" rx=\"4\" \
             fill=\"{PLAIN}\"/>"
        ),
    );
    let y = y + 4;
    push(&mut layers.calls, format_args!("<text x=\"{x}\" y=\"{y}\">{}</text>", escape(text)));
    half
}

fn draw_marbles(layers: &mut Layers, place: &Place, line: &Line, y: usize) {
    let begin = line.marbles.begin();
    let from = place.left + begin * COLUMN;
    if begin > 0 {
        push(&mut layers.shapes, format_args!("<circle cx=\"{from}\" cy=\"{y}\" r=\"2.5\"/>"));
    }
    let axis = match line.marbles.end() {
        Some(end) => format!("M{from} {y}H{}", place.x(end)),
        None => format!("M{from} {y}H{}m-6-4 6 4-6 4", place.right),
    };
    push(&mut layers.axes, format_args!("<path d=\"{axis}\"/>"));
    let mut colour = PLAIN;
    let mut busy_from = place.x(begin);
    for (x, cell) in events(place, line) {
        match cell {
            Cell::Item(text) => {
                colour = colour_of(text);
                busy_from = x;
                draw_item(layers, x, y, text, colour);
            }
            Cell::Error => {
                (colour, busy_from) = (RED, x);
                draw_item(layers, x, y, "×", colour);
            }
            Cell::Busy => {
                let to = x + COLUMN / 4;
                push(
                    &mut layers.busy,
                    format_args!("<path d=\"M{busy_from} {y}H{to}\" stroke=\"{colour}\"/>"),
                );
                busy_from = to;
            }
            Cell::End => {
                let top = y - RADIUS;
                push(
                    &mut layers.axes,
                    format_args!("<path d=\"M{x} {top}v24\" stroke-width=\"2.5\"/>"),
                );
            }
            Cell::Dropped => {
                draw_call(layers, x, y, "drop");
            }
            Cell::Nothing | Cell::Absent => {}
        }
    }
}

fn draw_item(layers: &mut Layers, x: usize, y: usize, text: &str, colour: &str) {
    let letters = text.chars().count();
    if letters == 1 {
        push(
            &mut layers.shapes,
            format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{RADIUS}\" fill=\"{colour}\"/>"),
        );
    } else {
        let half = (RADIUS + 2).max(letters * 4 + 3);
        let (left, top, width, height) = (x - half, y - RADIUS, 2 * half, 2 * RADIUS);
        push(
            &mut layers.shapes,
            format_args!(
                "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" \
                 rx=\"{RADIUS}\" fill=\"{colour}\"/>"
            ),
        );
    }
    let y = y + 5;
    push(&mut layers.letters, format_args!("<text x=\"{x}\" y=\"{y}\">{}</text>", escape(text)));
}

fn colour_of(text: &str) -> &'static str {
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => COLOURS[letter.to_ascii_lowercase() as usize % COLOURS.len()],
        _ => PLAIN,
    }
}

fn text_of(cell: &Cell) -> String {
    match cell {
        Cell::Item(text) => text.clone(),
        cell => cell.to_string(),
    }
}

/// The same facts as text.
fn alternative(diagram: &Diagram) -> String {
    let rows = |lines: &[Line]| {
        lines.iter().fold(String::new(), |mut text, line| {
            write!(text, "{}: {}", line.name, line.marbles).expect("a string");
            if let Style::Calls(calls) = &line.style {
                calls.iter().for_each(|(key, call)| {
                    write!(text, ", {key} is {call}").expect("a string");
                });
            }
            text + "\n"
        })
    };
    format!("{}{}\n{}", rows(&diagram.above), diagram.title, rows(&diagram.below))
        .trim_end()
        .to_string()
}

fn push(layer: &mut String, element: core::fmt::Arguments<'_>) {
    writeln!(layer, "{element}").expect("a string");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
