/// How a scripted source answers `size_hint`. Each way is true, not each is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SizeHint {
    /// Both bounds are the number of items left.
    #[default]
    Exact,
    /// `(0, None)`.
    Unknown,
    /// The lower bound is too low, the upper one too high.
    Loose,
    /// The upper bound is `usize::MAX`.
    Wide,
}

impl SizeHint {
    pub(crate) const ALL: [Self; 4] = [Self::Exact, Self::Unknown, Self::Loose, Self::Wide];

    pub(crate) fn bounds(self, left: usize) -> (usize, Option<usize>) {
        match self {
            Self::Exact => (left, Some(left)),
            Self::Unknown => (0, None),
            Self::Loose => (left / 2, Some(left + 3)),
            Self::Wide => (left, Some(usize::MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_hint_holds() {
        for left in 0..4 {
            for hint in SizeHint::ALL {
                let (lower, upper) = hint.bounds(left);
                assert!(lower <= left && upper.is_none_or(|upper| left <= upper));
            }
        }
    }
}
