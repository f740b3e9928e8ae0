use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::token::Token;

/// Who owns what: every [`Token`] made, cloned and dropped is written down in its ledger.
///
/// # Examples
///
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
    book: &'static Book,
}

/// The pages of a ledger.
///
/// Books live for ever, so that a token which outlives its ledger, or is dropped a second time,
/// still finds a book to be counted in. Those whose tokens are all gone are used again.
pub(crate) struct Book(Mutex<Pages>);

#[derive(Default)]
struct Pages {
    /// By serial number: source and number of a token that is alive.
    tokens: Vec<Option<(usize, usize)>>,
    alive: usize,
    clones: usize,
    double_drops: usize,
}

static FREE: Mutex<Vec<&'static Book>> = Mutex::new(Vec::new());

fn free() -> MutexGuard<'static, Vec<&'static Book>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

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
    /// An empty ledger.
    pub fn new() -> Self {
        let unused = free().pop();
        Self { book: unused.unwrap_or_else(|| Box::leak(Box::new(Book(Mutex::default())))) }
    }

    /// A token with this number.
    pub fn token(&self, number: usize) -> Token {
        Token::new(self.book, 0, number)
    }

    /// How many tokens exist at this moment.
    pub fn alive(&self) -> usize {
        self.book.pages().alive
    }

    /// How many tokens were made by a clone.
    pub fn clones(&self) -> usize {
        self.book.pages().clones
    }

    /// How often a token was dropped that had been dropped before.
    pub fn double_drops(&self) -> usize {
        self.book.pages().double_drops
    }

    /// Source and number of each token that exists, clones included.
    pub(crate) fn tokens(&self) -> Vec<(usize, usize)> {
        self.book.pages().tokens.iter().flatten().copied().collect()
    }

    pub(crate) fn book(&self) -> &'static Book {
        self.book
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        {
            let mut pages = self.book.pages();
            if pages.alive > 0 || pages.double_drops > 0 {
                return;
            }
            let mut tokens = mem::take(&mut pages.tokens);
            tokens.clear();
            *pages = Pages { tokens, ..Pages::default() };
        }
        free().push(self.book);
    }
}

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a new token. Returns its serial number.
    pub(crate) fn made(&self, source: usize, number: usize) -> usize {
        let mut pages = self.pages();
        pages.tokens.push(Some((source, number)));
        pages.alive += 1;
        pages.tokens.len() - 1
    }

    pub(crate) fn cloned(&self, source: usize, number: usize) -> usize {
        self.pages().clones += 1;
        self.made(source, number)
    }

    pub(crate) fn dropped(&self, serial: usize) {
        let mut pages = self.pages();
        if pages.tokens[serial].take().is_some() {
            pages.alive -= 1;
        } else {
            pages.double_drops += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_drop_is_seen() {
        let ledger = Ledger::new();
        let serial = ledger.book().made(0, 1);
        let other = ledger.token(0);
        ledger.book().dropped(serial);
        assert_eq!((ledger.alive(), ledger.double_drops()), (1, 0));
        ledger.book().dropped(serial);
        assert_eq!((ledger.alive(), ledger.double_drops()), (1, 1));
        drop(other);
        assert_eq!(ledger.alive(), 0);
    }

    #[test]
    fn a_token_may_outlive_its_ledger() {
        let ledger = Ledger::new();
        let token = ledger.token(1);
        let book = ledger.book();
        drop(ledger);
        assert!(!free().iter().any(|free| core::ptr::eq(*free, book)), "a token is still in it");
        drop(token);
        assert_eq!(book.pages().alive, 0);
    }

    #[test]
    fn a_book_used_again_is_empty() {
        let ledger = Ledger::new();
        drop(ledger.token(1).clone());
        drop(ledger);
        let ledger = Ledger::new();
        assert_eq!((ledger.alive(), ledger.clones(), ledger.double_drops()), (0, 0, 0));
    }
}
