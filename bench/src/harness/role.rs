/// The part that a contestant plays in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// From this repository.
    Aiter,
    /// Offers what the crates of this repository offer. Ratios are taken against the fastest peer.
    Peer,
    /// Shown without a ratio to beat, because it does less: it blocks, drops items, or only lends
    /// them.
    Listed,
    /// A plain container. It shows which part of a number is the benchmark itself.
    Floor,
}

impl Role {
    /// All roles.
    pub(crate) const ALL: [Self; 4] = [Self::Aiter, Self::Peer, Self::Listed, Self::Floor];

    /// Returns the word in the table.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Aiter => "aiter",
            Self::Peer => "peer",
            Self::Listed => "listed",
            Self::Floor => "floor",
        }
    }
}
