//! Types that the parts of the program exchange.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aiter::inspect::{Inspected, InspectedPusher};
use aiter::{BoundedCursor, BoundedPusher, Pusher};

/// The pusher of the list of rows.
pub(crate) type Rows = InspectedPusher<Pusher<Row>>;

/// The pusher of the list of chunks.
pub(crate) type Chunks = InspectedPusher<BoundedPusher<Arc<Chunk>>>;

/// A fork of the list of chunks.
pub(crate) type ChunkCursor = Inspected<BoundedCursor<Arc<Chunk>>>;

/// A file to read.
pub(crate) struct File {
    /// Unique number, also among files of the same path.
    pub(crate) id: usize,
    /// Path; `-` is the standard input.
    pub(crate) path: Arc<Path>,
    /// The extension, or the name of a file without one, in lower case.
    pub(crate) kind: Arc<str>,
    /// Size in bytes for the progress bar. The file may change before it is read.
    pub(crate) size: u64,
}

impl File {
    pub(crate) fn new(id: usize, path: &Path, size: u64) -> Self {
        let kind = path.extension().or(path.file_name()).unwrap_or_default();
        Self { id, path: path.into(), kind: kind.to_string_lossy().to_lowercase().into(), size }
    }
}

/// Position of a chunk in its file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    /// Another chunk of the file follows.
    Piece,
    Last,
    /// The file is not UTF-8, so its earlier pieces do not count.
    Void,
}

/// A piece of the text of a file. It may end inside of a line or a word.
pub(crate) struct Chunk {
    pub(crate) file: Arc<File>,
    pub(crate) part: Part,
    pub(crate) text: String,
}

impl Chunk {
    pub(crate) fn ends_file(&self) -> bool {
        matches!(self.part, Part::Whole | Part::Last)
    }
}

/// Sums over files.
#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) files: u64,
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
}

/// A row of the report. Words and lines are pushed in the order of their rank.
pub(crate) enum Row {
    Kind(Arc<str>, Count),
    /// A word and its count.
    Word(String, u64),
    /// Length of a line in characters, its file and its number.
    Long(usize, Arc<Path>, usize),
    Skipped(Skipped),
}

/// A file that is not counted.
pub(crate) struct Skipped {
    pub(crate) path: Arc<Path>,
    /// Number of bytes that the progress bar will not see.
    pub(crate) size: u64,
    pub(crate) why: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}
