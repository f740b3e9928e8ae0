mod counters;
pub(crate) mod ledger;

use core::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
};
use std::sync::Mutex;

use self::counters::Counters;
use crate::sync::lock;

/// An item that counts its creation, its clones and its drop in a [`Ledger`](crate::Ledger).
///
/// Two tokens are equal if their sources and their numbers are equal.
///
/// # Examples
/// ```
/// use stream_laws::Ledger;
///
/// let ledger = Ledger::new();
/// let token = ledger.token(3);
/// assert_eq!((token.source(), token.number()), (0, 3));
/// assert_eq!(token.clone(), token);
/// assert_eq!(ledger.clones(), 1);
/// ```
pub struct Token {
    counters: &'static Mutex<Counters>,
    serial: usize,
    id: Id,
}

/// The identity of a token, which its clones share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Id {
    source: usize,
    number: usize,
}

impl Token {
    fn new(counters: &'static Mutex<Counters>, source: usize, number: usize) -> Self {
        let serial = lock(counters).add(source, number);
        Self { counters, serial, id: Id { source, number } }
    }

    /// Returns the number of its source. Sources are numbered from zero in the order of creation.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn source(&self) -> usize {
        self.id.source
    }

    /// Returns its position among the items of its source, counted from zero.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn number(&self) -> usize {
        self.id.number
    }
}

#[cfg(test)]
impl Token {
    /// Drops this token twice, as only unsafe code could.
    pub(crate) fn drop_twice(self) {
        lock(self.counters).remove(self.serial);
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}.{})", self.id.source, self.id.number)
    }
}

impl Clone for Token {
    fn clone(&self) -> Self {
        lock(self.counters).clones += 1;
        Self::new(self.counters, self.id.source, self.id.number)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        lock(self.counters).remove(self.serial);
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
