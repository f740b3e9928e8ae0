//! Marble diagrams of streams in virtual time: scenes that run, and pictures of what they assert.
//!
//! A [`Scene`] has a row for each stream and each handle, as a marble string. A column is one tick.
//! The scene runs the rows that act, records the rows that result, and compares the latter with
//! their strings. [`svg::draw`] draws the strings.
//!
//! A row is a string of one character a column:
//!
//! | character | is |
//! |---|---|
//! | `-` | nothing |
//! | a letter, a digit | an item; `(ab)` is one item whose text is longer, in one column |
//! | `x` | an error, as an item |
//! | `\|` | the end |
//! | `=` | a reader, or a body, that is busy |
//! | `~` | a producer that waits |
//! | space | a stream that is not made yet |
//! | `.` | the drop of a reader |
//!
//! # Examples
//! ```
//! use aiter_adapters::AiterExt;
//! use aiter_marbles::{Scene, apply, calls, svg};
//!
//! let mut scene = Scene::new();
//! let letters = scene.source("letters", "a-b-c-d-");
//! let (stopper, stoppable) = apply!(scene, letters.stoppable());
//! calls!(scene, stopper: "---s----", 's' => stop());
//! scene.reader("stoppable", "a-b|", stoppable);
//! assert!(svg::draw(&scene.run()).starts_with("<svg"));
//! ```

extern crate alloc;

mod cell;
mod clock;
mod diagram;
mod handle;
mod log;
mod row;
mod scene;
mod source;
pub mod svg;

pub use cell::{Cell, Marble, Marbles};
pub use clock::Clock;
pub use diagram::{Diagram, Line, Style};
pub use handle::Handle;
pub use log::{Busy, Log};
pub use scene::{Run, Scene};
pub use source::Source;

/// An error item of a [`Source`], drawn as `x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault;

/// Applies an operation to a value, and makes its text the title of the scene.
#[macro_export]
macro_rules! apply {
    ($scene:ident, $receiver:ident . $($operation:tt)+) => {{
        $scene.operation(stringify!($($operation)+));
        $receiver.$($operation)+
    }};
    ($scene:ident, $($operation:tt)+) => {{
        $scene.operation(stringify!($($operation)+));
        $($operation)+
    }};
}

/// Adds a row of calls of a value's methods. Their texts are drawn.
#[macro_export]
macro_rules! calls {
    ($scene:ident, $receiver:ident: $marbles:literal,
     $($key:literal => $method:ident($($argument:expr)?)),+ $(,)?) => {{
        let texts = [$((
            $key,
            concat!(stringify!($method), "(", $(stringify!($argument),)? ")"),
        )),+];
        $scene.operation(texts[0].1);
        $scene.calls(stringify!($receiver), $marbles, &texts, move |key| match key {
            $($key => { let _ = $receiver.$method($($argument)?); })+
            key => panic!("{key:?} is not a call"),
        });
    }};
}

/// Adds a row for a task that makes its stream from a shared value at the first tick after the
/// spaces, and reads it.
#[macro_export]
macro_rules! later {
    ($scene:ident, $marbles:literal, $receiver:ident . $($operation:tt)+) => {{
        $scene.operation(stringify!($($operation)+));
        let name = concat!(stringify!($receiver), ".", stringify!($($operation)+));
        $scene.later(name, $marbles, move || $receiver.get().$($operation)+);
    }};
}

/// Adds a row of the results of a shared value's method.
#[macro_export]
macro_rules! answers {
    ($scene:ident, $marbles:literal, $receiver:ident . $($operation:tt)+) => {{
        $scene.operation(stringify!($($operation)+));
        let name = concat!(stringify!($receiver), ".", stringify!($($operation)+));
        $scene.answers(name, $marbles, move || $receiver.get().$($operation)+);
    }};
}

/// Adds a row of the numbers that a shared value's method returns.
#[macro_export]
macro_rules! numbers {
    ($scene:ident, $marbles:literal, $receiver:ident . $($operation:tt)+) => {{
        $scene.operation(stringify!($($operation)+));
        let name = concat!(stringify!($receiver), ".", stringify!($($operation)+));
        $scene.numbers(name, $marbles, move || $receiver.get().$($operation)+);
    }};
}
