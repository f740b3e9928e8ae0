//! Pictures of diagrams.
//!
//! A picture stands in the text of a page, and takes over its colour. It has no style sheet, no
//! script and no `id`, because many of them share a page. It has no blank line, because Markdown
//! would end there.

use core::fmt::{self, Write};

use crate::{Cell, Diagram, Line, Style};

/// The widest picture that fits the text of a page.
pub const MAX_WIDTH: usize = 700;

const IMAGE: &str = r#"xmlns="http://www.w3.org/2000/svg" role="img""#;
const LOOK: &str =
    r#"style="max-width:100%;height:auto" font-family="sans-serif" fill="currentColor""#;
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
    waits: String,
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
    fn groups(&self) -> [(&str, &str); 8] {
        [
            (r#"stroke="currentColor" fill="none" stroke-width="1.5""#, &self.axes),
            (r#"stroke-width="9" stroke-linecap="round" opacity=".6""#, &self.busy),
            (r#"stroke="currentColor" stroke-width="9" stroke-dasharray="2 3""#, &self.waits),
            (r#"stroke="currentColor""#, &self.shapes),
            (r#"font-family="monospace" font-size="11" text-anchor="middle""#, &self.words),
            (
                r##"font-family="monospace" font-size="11" text-anchor="middle" fill="#fff""##,
                &self.calls,
            ),
            (
                r##"font-size="13" font-weight="bold" text-anchor="middle" fill="#fff""##,
                &self.letters,
            ),
            (r#"font-family="monospace" font-size="12""#, &self.names),
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
    let below = box_top + BOX + 4;
    let height = below + diagram.below.len() * ROW + 4;

    let mut layers = Layers::default();
    for (n, line) in diagram.above.iter().enumerate() {
        draw_line(&mut layers, &place, line, 2 + n * ROW + ROW / 2);
    }
    draw_box(&mut layers, &diagram.title, box_top, width);
    for (n, line) in diagram.below.iter().enumerate() {
        draw_line(&mut layers, &place, line, below + n * ROW + ROW / 2);
    }

    let grid: String = (0..columns).map(|tick| format!("M{} 0V{height}", place.x(tick))).collect();
    let text = escape(&alternative(diagram));
    let mut svg = String::new();
    let size = format!(r#"width="{width}" height="{height}" viewBox="0 0 {width} {height}""#);
    push(&mut svg, format_args!("<svg {IMAGE} {size} {LOOK}>\n<title>{text}</title>"));
    push(&mut svg, format_args!(r#"<path d="{grid}" stroke="currentColor" opacity=".12"/>"#));
    for (attributes, parts) in layers.groups().into_iter().filter(|(_, parts)| !parts.is_empty()) {
        push(&mut svg, format_args!("<g {attributes}>\n{parts}</g>"));
    }
    svg + "</svg>\n"
}

fn draw_box(layers: &mut Layers, title: &str, top: usize, width: usize) {
    let (right, middle, y, title) = (width - 2, width / 2, top + BOX / 2 + 4, escape(title));
    let fill = r#"fill="currentColor" fill-opacity=".08""#;
    push(
        &mut layers.shapes,
        format_args!(r#"<rect x="1" y="{top}" width="{right}" height="{BOX}" rx="6" {fill}/>"#),
    );
    let font = r#"font-size="13" font-weight="bold""#;
    push(&mut layers.words, format_args!(r#"<text x="{middle}" y="{y}" {font}>{title}</text>"#));
}

fn draw_line(layers: &mut Layers, place: &Place, line: &Line, y: usize) {
    draw_text(&mut layers.names, 2, y + 4, &line.name);
    match &line.style {
        Style::Calls(texts) => draw_calls(layers, place, line, texts, y),
        Style::Numbers => {
            for (x, cell) in events(place, line) {
                draw_text(&mut layers.words, x, y + 4, &text_of(cell));
            }
        }
        Style::Marbles => draw_marbles(layers, place, line, y),
    }
}

fn draw_text(layer: &mut String, x: usize, y: usize, text: &str) {
    push(layer, format_args!(r#"<text x="{x}" y="{y}">{}</text>"#, escape(text)));
}

/// The columns in which something happens.
fn events<'a>(place: &Place, line: &'a Line) -> impl Iterator<Item = (usize, &'a Cell)> {
    let cells = line.marbles.cells().iter().enumerate();
    cells
        .map(|(tick, cell)| (place.x(tick), cell))
        .filter(|(_, cell)| !matches!(cell, Cell::Nothing | Cell::Absent))
}

fn draw_calls(layers: &mut Layers, place: &Place, line: &Line, texts: &[(char, String)], y: usize) {
    let Place { left, right } = place;
    push(&mut layers.axes, format_args!(r#"<path d="M{left} {y}H{right}" stroke-width=".5"/>"#));
    let mut free = 0;
    for (x, cell) in events(place, line) {
        let key = text_of(cell);
        let text = texts.iter().find(|(known, _)| key.starts_with(*known));
        let (_, text) = text.expect("each call has a text");
        let half = draw_call(layers, x, y, text);
        assert!(x >= free + half, "{text:?} overlaps with the call before");
        free = x + half;
    }
}

/// Draws the text of a call. Returns half of its width.
fn draw_call(layers: &mut Layers, x: usize, y: usize, text: &str) -> usize {
    let half = (text.chars().count() as f64 * CALL_LETTER / 2.) as usize + 5;
    draw_pill(&mut layers.shapes, (x, y), (half, 10), 4, PLAIN);
    draw_text(&mut layers.calls, x, y + 4, text);
    half
}

/// Draws a rectangle with round corners, by its centre and by half of its size.
fn draw_pill(
    layer: &mut String,
    (x, y): (usize, usize),
    (half, high): (usize, usize),
    radius: usize,
    colour: &str,
) {
    let (left, top, width, height) = (x - half, y - high, 2 * half, 2 * high);
    let size = format_args!(r#"width="{width}" height="{height}" rx="{radius}""#);
    push(layer, format_args!(r#"<rect x="{left}" y="{top}" {size} fill="{colour}"/>"#));
}

fn draw_marbles(layers: &mut Layers, place: &Place, line: &Line, y: usize) {
    let begin = line.marbles.begin();
    let from = place.left + begin * COLUMN;
    if begin > 0 {
        push(&mut layers.shapes, format_args!(r#"<circle cx="{from}" cy="{y}" r="2.5"/>"#));
    }
    let to = match line.marbles.end() {
        Some(end) => place.x(end).to_string(),
        None => format!("{}m-6-4 6 4-6 4", place.right),
    };
    push(&mut layers.axes, format_args!(r#"<path d="M{from} {y}H{to}"/>"#));
    // The busy time behind an item has the colour of the item.
    let (mut colour, mut busy_from) = (PLAIN, place.x(begin));
    for (x, cell) in events(place, line) {
        match cell {
            Cell::Item(text) => {
                (colour, busy_from) = (colour_of(text), x);
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
                    format_args!(r#"<path d="M{busy_from} {y}H{to}" stroke="{colour}"/>"#),
                );
                busy_from = to;
            }
            Cell::Waiting => {
                let from = x - COLUMN / 2;
                push(&mut layers.waits, format_args!(r#"<path d="M{from} {y}h{COLUMN}"/>"#));
            }
            Cell::End => {
                let top = y - RADIUS;
                push(
                    &mut layers.axes,
                    format_args!(r#"<path d="M{x} {top}v24" stroke-width="2.5"/>"#),
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
            format_args!(r#"<circle cx="{x}" cy="{y}" r="{RADIUS}" fill="{colour}"/>"#),
        );
    } else {
        let half = (RADIUS + 2).max(letters * 4 + 3);
        draw_pill(&mut layers.shapes, (x, y), (half, RADIUS), RADIUS, colour);
    }
    draw_text(&mut layers.letters, x, y + 5, text);
}

/// A letter and its capital have one colour.
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
    let above = diagram.above.iter().map(row_text);
    let rows = above.chain([diagram.title.clone()]).chain(diagram.below.iter().map(row_text));
    rows.collect::<Vec<_>>().join("\n")
}

fn row_text(line: &Line) -> String {
    let mut text = format!("{}: {}", line.name, line.marbles);
    if let Style::Calls(calls) = &line.style {
        text.extend(calls.iter().map(|(key, call)| format!(", {key} is {call}")));
    }
    text
}

fn push(layer: &mut String, element: fmt::Arguments<'_>) {
    writeln!(layer, "{element}").expect("a string");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scene;

    /// A scene of one row without a reader.
    fn picture(name: &str, marbles: &str) -> String {
        let mut scene = Scene::new();
        let _source = scene.source(name, marbles);
        scene.operation("a < b");
        draw(&scene.run())
    }

    #[test]
    fn picture_suits_markdown() {
        let picture = picture("a & b", "a(bc)-|");
        assert!(picture.lines().all(|line| !line.trim().is_empty()), "a blank line ends the HTML");
        let first = picture.lines().next().expect("a line");
        assert!(first.starts_with("<svg ") && first.ends_with('>'), "{first} must be a whole tag");
        assert!(!picture.contains(" id="), "ids clash on a page");
    }

    #[test]
    fn picture_has_its_facts_as_text() {
        let picture = picture("a & b", "a(bc)-|");
        assert!(picture.contains("<title>a &amp; b: a(bc)-|\na &lt; b</title>"), "{picture}");
    }

    /// The relative luminance of a colour, as WCAG 2 defines it.
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = u8::from_str_radix(&colour[at..at + 2], 16).expect("a number");
            let value = f64::from(value) / 255.;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    #[test]
    fn white_letters_are_readable() {
        for colour in COLOURS.iter().chain([&PLAIN, &RED]) {
            let contrast = 1.05 / (luminance(colour) + 0.05);
            assert!(contrast >= 4.5, "{colour}: {contrast}");
        }
    }

    #[test]
    #[should_panic = "too wide"]
    fn wide_picture_panics() {
        picture("letters", &"a".repeat(20));
    }

    #[test]
    #[should_panic = "overlaps"]
    fn overlapping_calls_panic() {
        let mut scene = Scene::new();
        scene.operation("f()");
        scene.calls("gate", "ab", &[('a', "a long call"), ('b', "another call")], |_| ());
        draw(&scene.run());
    }
}
