//! The text of a case, which [`BrokenLaw`](crate::BrokenLaw) prints and [`Case`] parses.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{error::Error, fmt, str::FromStr};

use super::{Case, Move, Script, SizeHint};

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scripts().is_empty() {
            f.write_str("no source")?;
        }
        for (n, script) in self.scripts().iter().enumerate() {
            write!(f, "{}`{script}`", if n == 0 { "" } else { " " })?;
        }
        if self.hint() != SizeHint::Exact {
            write!(f, " ({:?} hints)", self.hint())?;
        }
        for (n, step) in self.moves().iter().enumerate() {
            f.write_str(if n == 0 { ": " } else { ", " })?;
            match step {
                Move::Poll(task) => write!(f, "poll {task}")?,
                Move::PollWithNewWaker(task) => write!(f, "poll {task} with a new waker")?,
                Move::Wake(source) => write!(f, "wake {source}")?,
                Move::Turn => f.write_str("turn")?,
                Move::SideEffect(n) => write!(f, "side_effect {n}")?,
                Move::Drop(task) => write!(f, "drop {task}")?,
                Move::Abandon(task) => write!(f, "abandon {task}")?,
                Move::DropAll => f.write_str("drop all")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Case {
    type Err = CaseError;

    fn from_str(text: &str) -> Result<Self, CaseError> {
        let (sources, moves) = match text.split_once(": ") {
            Some((sources, moves)) => (sources, moves.split(", ").collect()),
            None => (text, Vec::new()),
        };
        let (scripts, hint) = match sources.split_once(" (") {
            Some((scripts, hint)) => (scripts, parse_hint(hint)?),
            None => (sources, SizeHint::Exact),
        };
        let scripts: Vec<_> = match scripts {
            "no source" => Vec::new(),
            scripts => scripts.split(' ').map(parse_script).collect::<Result<_, _>>()?,
        };
        let moves = moves.into_iter().map(parse_move).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::new(scripts).with_size_hint(hint).with_moves(moves))
    }
}

fn parse_script(text: &str) -> Result<Script, CaseError> {
    let script = text.strip_prefix('`').and_then(|text| text.strip_suffix('`'));
    script.and_then(|script| script.parse().ok()).ok_or_else(|| CaseError::of("script", text))
}

fn parse_hint(text: &str) -> Result<SizeHint, CaseError> {
    let name = text.strip_suffix(" hints)");
    let known = SizeHint::ALL.into_iter().find(|hint| name == Some(&format!("{hint:?}")));
    known.ok_or_else(|| CaseError::of("kind of hints", text))
}

fn parse_move(text: &str) -> Result<Move, CaseError> {
    let unknown = || CaseError::of("move", text);
    let (verb, of) = text.split_once(' ').unwrap_or((text, ""));
    let (number, anew) = match of.strip_suffix(" with a new waker") {
        Some(number) => (number, true),
        None => (of, false),
    };
    let number = || number.parse().map_err(|_| unknown());
    match (verb, anew) {
        ("poll", true) => number().map(Move::PollWithNewWaker),
        ("poll", false) => number().map(Move::Poll),
        ("wake", false) => number().map(Move::Wake),
        ("side_effect", false) => number().map(Move::SideEffect),
        ("abandon", false) => number().map(Move::Abandon),
        ("drop", false) if of == "all" => Ok(Move::DropAll),
        ("drop", false) => number().map(Move::Drop),
        ("turn", false) if of.is_empty() => Ok(Move::Turn),
        _ => Err(unknown()),
    }
}

/// An error of parsing a [`Case`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaseError {
    /// The part of a case that was expected.
    expected: &'static str,
    /// The text in its place.
    found: String,
}

impl CaseError {
    fn of(expected: &'static str, found: &str) -> Self {
        Self { expected, found: found.to_string() }
    }
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected, found } = self;
        write!(f, "{found:?} is not a {expected} of a case")
    }
}

impl Error for CaseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_text_names_the_part() {
        let error = |text: &str| text.parse::<Case>().expect_err("invalid case").to_string();
        assert_eq!(error(""), "\"\" is not a script of a case");
        assert_eq!(error("`o|` `p|`"), "\"`p|`\" is not a script of a case");
        assert_eq!(error("`o|` (Some hints)"), "\"Some hints)\" is not a kind of hints of a case");
        assert_eq!(error("`o|`: turn, "), "\"\" is not a move of a case");
        assert_eq!(error("`o|`: turn 1"), "\"turn 1\" is not a move of a case");
        assert!(error("`o|`: wake 1 with a new waker").contains("wake 1 with a new waker"));
        assert_eq!(error("`o|`: drop x"), "\"drop x\" is not a move of a case");
    }

    #[test]
    fn omitted_end_parses_as_printed() {
        assert_eq!("`o`: drop all".parse::<Case>(), "`o|`: drop all".parse());
        assert_eq!("no source".parse(), Ok(Case::default()));
    }
}
