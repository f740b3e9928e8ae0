use alloc::{boxed::Box, vec::Vec};
use core::{fmt, mem};
use std::sync::Mutex;

use super::{
    Token,
    book::{Book, Pages},
};
use crate::sync::lock;

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

static FREE: Mutex<Vec<&'static Book>> = Mutex::new(Vec::new());

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
        let unused = lock(&FREE).pop();
        Self { book: unused.unwrap_or_else(|| Box::leak(Box::default())) }
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
        lock(&FREE).push(self.book);
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
        assert!(
            !lock(&FREE).iter().any(|free| core::ptr::eq(*free, book)),
            "a token is still in it"
        );
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
