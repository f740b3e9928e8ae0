//! Parts of size hints that several adapters share.

use futures_core::Stream;

/// The bounds of a `size_hint`.
pub(crate) type Hint = (usize, Option<usize>);

/// Returns the size hint of a source, which is exact if the source was dropped.
pub(crate) fn source_hint<S: Stream>(source: &Option<S>) -> Hint {
    source.as_ref().map_or((0, Some(0)), Stream::size_hint)
}

/// Adds items that come for certain to a size hint.
pub(crate) fn add_to_hint((lower, upper): Hint, items: usize) -> Hint {
    (lower.saturating_add(items), upper.and_then(|upper| upper.checked_add(items)))
}
