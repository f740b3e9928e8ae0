//! The marbles. The list holds them, so their clones and drops show what it keeps in memory.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// A letter, a colour, and the number of copies that exist.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) id: u32,
    pub(crate) letter: char,
    pub(crate) hue: u8,
    copies: AtomicUsize,
}

impl Token {
    /// Returns `true` if a list or an adapter still holds a copy.
    pub(crate) fn is_held(&self) -> bool {
        self.copies.load(Relaxed) > 0
    }
}

/// The item that is pushed. Each clone and each drop counts at its [`Token`].
#[derive(Debug)]
pub(crate) struct Item(Arc<Token>);

impl Item {
    pub(crate) fn new(id: u32, letter: char, hue: u8) -> (Self, Arc<Token>) {
        let token = Arc::new(Token { id, letter, hue, copies: AtomicUsize::new(1) });
        (Self(token.clone()), token)
    }

    pub(crate) fn token(&self) -> &Arc<Token> {
        &self.0
    }
}

impl Clone for Item {
    fn clone(&self) -> Self {
        self.0.copies.fetch_add(1, Relaxed);
        Self(self.0.clone())
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.0.copies.fetch_sub(1, Relaxed);
    }
}
