/// How a scripted source answers `size_hint`. Every answer is correct, but not every one is exact.
///
/// # Examples
/// See the example of [`Case`](crate::Case).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SizeHint {
    /// Both bounds equal the number of remaining items.
    #[default]
    Exact,
    /// The bounds are `(0, None)`.
    Unknown,
    /// The lower bound is below the number of remaining items, and the upper bound above it.
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
