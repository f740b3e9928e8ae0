use core::{fmt, str::FromStr};

use aiter_adapters::KeyedEvent;

/// What happens on a row in one tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// ` `: the stream does not exist yet.
    Absent,
    /// `-`: nothing.
    Nothing,
    /// `=`: the reader is busy.
    Busy,
    /// `~`: the producer waits.
    Waiting,
    /// A letter, or `(text)`: an item.
    Item(String),
    /// `x`: an error, as an item.
    Error,
    /// `|`: the end.
    End,
    /// `.`: the reader is dropped.
    Dropped,
}

impl Cell {
    /// Returns the letter of an item.
    pub(crate) fn letter(&self) -> char {
        match self {
            Self::Item(text) => text.chars().next().expect("an item has a text"),
            cell => panic!("{cell:?} is not an item"),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str(" "),
            Self::Nothing => f.write_str("-"),
            Self::Busy => f.write_str("="),
            Self::Waiting => f.write_str("~"),
            Self::Item(text) if text.chars().count() == 1 => f.write_str(text),
            Self::Item(text) => write!(f, "({text})"),
            Self::Error => f.write_str("x"),
            Self::End => f.write_str("|"),
            Self::Dropped => f.write_str("."),
        }
    }
}

/// A row as a marble string.
#[derive(Clone, PartialEq, Eq)]
pub struct Marbles(Vec<Cell>);

impl Marbles {
    /// Creates a row of these cells.
    pub fn new(cells: impl IntoIterator<Item = Cell>) -> Self {
        Self(cells.into_iter().collect())
    }

    /// Returns the cells of all columns.
    pub fn cells(&self) -> &[Cell] {
        &self.0
    }

    /// Returns the number of columns.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if there is no column.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the cell at a tick. Nothing happens after the last column.
    pub fn at(&self, tick: usize) -> &Cell {
        self.0.get(tick).unwrap_or(&Cell::Nothing)
    }

    /// Returns the first tick at which the stream exists.
    pub fn begin(&self) -> usize {
        self.0.iter().take_while(|cell| **cell == Cell::Absent).count()
    }

    /// Returns the tick at which the stream ends or is dropped.
    pub fn end(&self) -> Option<usize> {
        self.0.iter().position(|cell| matches!(cell, Cell::End | Cell::Dropped))
    }

    /// Returns the row without the columns behind its last event.
    pub fn trimmed(&self) -> Self {
        let behind = self.0.iter().rev();
        let behind = behind.take_while(|cell| matches!(cell, Cell::Nothing | Cell::Absent)).count();
        Self(self.0[..self.len() - behind].to_vec())
    }
}

impl fmt::Display for Marbles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|cell| write!(f, "{cell}"))
    }
}

impl fmt::Debug for Marbles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

impl FromStr for Marbles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut cells = Vec::new();
        let mut rest = text.chars();
        while let Some(letter) = rest.next() {
            cells.push(match letter {
                ' ' => Cell::Absent,
                '-' => Cell::Nothing,
                '=' => Cell::Busy,
                '~' => Cell::Waiting,
                'x' => Cell::Error,
                '|' => Cell::End,
                '.' => Cell::Dropped,
                '(' => {
                    let item: String = rest.by_ref().take_while(|letter| *letter != ')').collect();
                    Cell::Item(item)
                }
                letter if letter.is_alphanumeric() => Cell::Item(letter.into()),
                letter => return Err(format!("{letter:?} is not a marble, in {text:?}")),
            });
        }
        Ok(Self(cells))
    }
}

/// An item that can be drawn.
pub trait Marble {
    /// Returns the cell of the item.
    fn cell(&self) -> Cell;
}

impl Marble for Cell {
    fn cell(&self) -> Cell {
        self.clone()
    }
}

impl Marble for char {
    fn cell(&self) -> Cell {
        Cell::Item(self.to_string())
    }
}

impl Marble for usize {
    fn cell(&self) -> Cell {
        Cell::Item(self.to_string())
    }
}

impl Marble for Vec<char> {
    fn cell(&self) -> Cell {
        Cell::Item(self.iter().collect())
    }
}

impl Marble for (char, char) {
    fn cell(&self) -> Cell {
        Cell::Item(format!("{}{}", self.0, self.1))
    }
}

impl<T: Marble, E> Marble for Result<T, E> {
    fn cell(&self) -> Cell {
        self.as_ref().map_or(Cell::Error, Marble::cell)
    }
}

impl Marble for (char, KeyedEvent<char>) {
    fn cell(&self) -> Cell {
        match &self.1 {
            KeyedEvent::Item(item) => Cell::Item(format!("{}{item}", self.0)),
            KeyedEvent::End => Cell::Item(format!("{}|", self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_text_parses_back() {
        for text in ["a-(bc)~x=|", "  1-.", "", "(a|)-"] {
            let row: Marbles = text.parse().expect("a row");
            assert_eq!(row.to_string(), text);
        }
        assert!("a*b".parse::<Marbles>().is_err());
    }

    #[test]
    fn item_text_takes_one_column() {
        let row: Marbles = "  a(bcd)-|--".parse().expect("a row");
        assert_eq!((row.len(), row.begin(), row.end()), (8, 2, Some(5)));
        assert_eq!(row.at(3), &Cell::Item("bcd".into()));
        assert_eq!(row.trimmed().to_string(), "  a(bcd)-|");
    }
}
