use alloc::{boxed::Box, vec::Vec};
use core::{fmt, mem};
use std::sync::Mutex;

use super::{Token, counters::Counters};
use crate::sync::lock;

/// A record of every [`Token`] that is created, cloned and dropped.
///
/// # Examples
/// ```
/// use stream_laws::Ledger;
///
/// let ledger = Ledger::new();
/// let (a, b) = (ledger.token(1), ledger.token(2));
/// let c = a.clone();
/// assert_eq!((ledger.alive(), ledger.clones()), (3, 1));
/// drop((a, c));
/// std::mem::forget(b);
/// assert_eq!((ledger.alive(), ledger.double_drops()), (1, 0));
/// ```
pub struct Ledger {
    counters: &'static Mutex<Counters>,
}

/// Counters that no ledger uses and that have no token.
static UNUSED: Mutex<Vec<&'static Mutex<Counters>>> = Mutex::new(Vec::new());

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("alive", &self.alive())
            .field("clones", &self.clones())
            .field("double_drops", &self.double_drops())
            .finish()
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new()
    }
}

impl Ledger {
    /// Creates an empty ledger.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn new() -> Self {
        let unused = lock(&UNUSED).pop();
        Self { counters: unused.unwrap_or_else(|| Box::leak(Box::default())) }
    }

    /// Creates a token with this number.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn token(&self, number: usize) -> Token {
        self.source_token(0, number)
    }

    /// Returns the number of tokens that exist.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn alive(&self) -> usize {
        lock(self.counters).alive
    }

    /// Returns the number of tokens that were created by a clone.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn clones(&self) -> usize {
        lock(self.counters).clones
    }

    /// Returns the number of drops of a token that had already been dropped.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn double_drops(&self) -> usize {
        lock(self.counters).double_drops
    }

    pub(crate) fn source_token(&self, source: usize, number: usize) -> Token {
        Token::new(self.counters, source, number)
    }

    /// Returns the source and the number of each token that exists, clones included.
    pub(crate) fn alive_tokens(&self) -> Vec<(usize, usize)> {
        lock(self.counters).tokens.iter().flatten().copied().collect()
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        {
            let mut counters = lock(self.counters);
            if counters.alive > 0 || counters.double_drops > 0 {
                return;
            }
            let mut tokens = mem::take(&mut counters.tokens);
            tokens.clear();
            *counters = Counters { tokens, ..Counters::default() };
        }
        lock(&UNUSED).push(self.counters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_drop_counts_as_double_drop() {
        let ledger = Ledger::new();
        let serial = lock(ledger.counters).add(0, 1);
        let other = ledger.token(0);
        lock(ledger.counters).remove(serial);
        assert_eq!((ledger.alive(), ledger.double_drops()), (1, 0));
        lock(ledger.counters).remove(serial);
        assert_eq!((ledger.alive(), ledger.double_drops()), (1, 1));
        drop(other);
        assert_eq!(ledger.alive(), 0);
    }

    #[test]
    fn token_that_outlives_ledger_keeps_counters() {
        let ledger = Ledger::new();
        let token = ledger.token(1);
        let counters = ledger.counters;
        drop(ledger);
        assert!(
            !lock(&UNUSED).iter().any(|unused| core::ptr::eq(*unused, counters)),
            "counters with a token must not be reused"
        );
        drop(token);
        assert_eq!(lock(counters).alive, 0);
    }

    #[test]
    fn reused_counters_start_empty() {
        let ledger = Ledger::new();
        drop(ledger.token(1).clone());
        drop(ledger);
        let ledger = Ledger::new();
        assert_eq!((ledger.alive(), ledger.clones(), ledger.double_drops()), (0, 0, 0));
    }
}
