mod book;
mod ledger;

use core::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
};

pub(crate) use self::book::Book;
pub use self::ledger::Ledger;

/// An item whose making, cloning and dropping is counted in a [`Ledger`](crate::Ledger).
///
/// Two tokens are equal if they have the same number and came from the same source.
pub struct Token {
    book: &'static Book,
    serial: usize,
    id: Id,
}

/// What a token keeps when it is cloned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Id {
    source: usize,
    number: usize,
}

impl Token {
    pub(crate) fn new(book: &'static Book, source: usize, number: usize) -> Self {
        Self { book, serial: book.made(source, number), id: Id { source, number } }
    }

    /// Which source it came from, counted from zero in the order in which they were made.
    pub fn source(&self) -> usize {
        self.id.source
    }

    /// Its place among its source's items, counted from zero.
    pub fn number(&self) -> usize {
        self.id.number
    }
}

#[cfg(test)]
impl Token {
    /// What only unsafe code could do.
    pub(crate) fn drop_twice(self) {
        self.book.dropped(self.serial);
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}.{})", self.id.source, self.id.number)
    }
}

impl Clone for Token {
    fn clone(&self) -> Self {
        let Id { source, number } = self.id;
        Self { book: self.book, serial: self.book.cloned(source, number), id: self.id }
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.book.dropped(self.serial);
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Token {}

impl PartialOrd for Token {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Token {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
}

impl Hash for Token {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}
