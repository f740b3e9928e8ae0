use alloc::vec::Vec;
use std::sync::{Mutex, MutexGuard};

use crate::sync::lock;

/// The pages of a ledger.
///
/// Books live for ever, so that a token which outlives its ledger, or is dropped a second time,
/// still finds a book to be counted in. Those whose tokens are all gone are used again.
#[derive(Default)]
pub(crate) struct Book(Mutex<Pages>);

#[derive(Default)]
pub(super) struct Pages {
    /// By serial number: source and number of a token that is alive.
    pub(super) tokens: Vec<Option<(usize, usize)>>,
    pub(super) alive: usize,
    pub(super) clones: usize,
    pub(super) double_drops: usize,
}

impl Book {
    pub(super) fn pages(&self) -> MutexGuard<'_, Pages> {
        lock(&self.0)
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
