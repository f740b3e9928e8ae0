use alloc::vec::Vec;

/// The counts of a ledger.
///
/// Counters are never freed, so that a token which outlives its ledger, or is dropped a second time,
/// still finds them. Those whose tokens are all gone are used again.
#[derive(Default)]
pub(crate) struct Counters {
    /// By serial number: source and number of a token that is alive.
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

    pub(super) fn remove(&mut self, serial: usize) {
        if self.tokens[serial].take().is_some() {
            self.alive -= 1;
        } else {
            self.double_drops += 1;
        }
    }
}
