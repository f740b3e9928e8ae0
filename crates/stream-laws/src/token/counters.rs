use alloc::vec::Vec;

/// The counts of a ledger.
///
/// Counters are never freed, because a token may outlive its ledger or be dropped twice. Counters
/// without tokens are reused.
#[derive(Default)]
pub(crate) struct Counters {
    /// Source and number of each token that exists, indexed by serial number.
    pub(super) tokens: Vec<Option<(usize, usize)>>,
    pub(super) alive: usize,
    pub(super) clones: usize,
    pub(super) double_drops: usize,
}

impl Counters {
    /// Records a new token. Returns its serial number.
    pub(super) fn add(&mut self, source: usize, number: usize) -> usize {
        self.tokens.push(Some((source, number)));
        self.alive += 1;
        self.tokens.len() - 1
    }

    /// Records the drop of a token.
    pub(super) fn remove(&mut self, serial: usize) {
        if self.tokens[serial].take().is_some() {
            self.alive -= 1;
        } else {
            self.double_drops += 1;
        }
    }
}
