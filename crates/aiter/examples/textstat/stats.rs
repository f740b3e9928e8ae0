//! Statistics that the forks compute.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::mem;
use std::path::Path;
use std::sync::Arc;

use crate::model::{Chunk, ChunkCursor, Count, Part, Row, Rows};

/// Maximum number of characters of a word that are kept and shown.
const MAX_WORD: usize = 40;

pub(crate) trait Statistic {
    /// Adds the next chunk of a file.
    fn add(&mut self, chunk: &Chunk);

    /// Adds the statistic of another file.
    fn merge(&mut self, file: Self);

    fn into_rows(self) -> impl Iterator<Item = Row>;
}

/// Adds all files to a statistic, then pushes its rows.
pub(crate) async fn follow<S: Statistic>(mut chunks: ChunkCursor, new: impl Fn() -> S, rows: Rows) {
    let mut total = new();
    // Incomplete files of several chunks. A file counts only if all of its text is UTF-8.
    let mut files = HashMap::new();
    while let Some(chunk) = chunks.next().await {
        let id = chunk.file.id;
        match chunk.part {
            Part::Whole => total.add(&chunk),
            Part::Piece => files.entry(id).or_insert_with(&new).add(&chunk),
            Part::Last => {
                let mut file = files.remove(&id).unwrap_or_else(&new);
                file.add(&chunk);
                total.merge(file);
            }
            Part::Void => drop(files.remove(&id)),
        }
        drop(chunk);
        // If chunks are always ready, the loop must not starve the other tasks.
        smol::future::yield_now().await;
    }
    let all = rows.push_all(total.into_rows());
    all.map(drop).expect("`main` reads the rows");
}

/// Files, lines and bytes by type.
#[derive(Default)]
pub(crate) struct Kinds {
    counts: HashMap<Arc<str>, Count>,
}

impl Kinds {
    fn count(&mut self, kind: &Arc<str>, more: Count) {
        if !self.counts.contains_key(kind) {
            self.counts.insert(Arc::clone(kind), Count::default());
        }
        let count = self.counts.get_mut(kind).expect("it was inserted");
        count.files += more.files;
        count.lines += more.lines;
        count.bytes += more.bytes;
    }
}

impl Statistic for Kinds {
    fn add(&mut self, chunk: &Chunk) {
        let more = Count {
            files: u64::from(chunk.ends_file()),
            lines: chunk.text.bytes().filter(|byte| *byte == b'\n').count() as u64,
            bytes: chunk.text.len() as u64,
        };
        self.count(&chunk.file.kind, more);
    }

    fn merge(&mut self, file: Self) {
        for (kind, count) in file.counts {
            self.count(&kind, count);
        }
    }

    fn into_rows(self) -> impl Iterator<Item = Row> {
        self.counts.into_iter().map(|(kind, count)| Row::Kind(kind, count))
    }
}

/// The most frequent words: runs of letters and digits, in lower case.
///
/// Runs of digits and single letters are not words. Only the first characters of a long word are
/// kept, so long words with equal first characters are counted as one.
pub(crate) struct Words {
    top: usize,
    counts: HashMap<String, u64>,
    /// Kept characters of the current word.
    word: String,
    /// Number of all characters of the current word.
    chars: usize,
    has_letter: bool,
}

impl Words {
    pub(crate) fn top(top: usize) -> Self {
        let (counts, word) = (HashMap::new(), String::new());
        Self { top, counts, word, chars: 0, has_letter: false }
    }

    /// Appends to the current word.
    fn extend(&mut self, run: &str) {
        let room = MAX_WORD.saturating_sub(self.chars);
        if run.is_ascii() {
            let start = self.word.len();
            self.word.push_str(&run[..run.len().min(room)]);
            self.word[start..].make_ascii_lowercase();
            self.chars += run.len();
        } else {
            self.word.extend(run.chars().take(room).flat_map(char::to_lowercase));
            self.chars += run.chars().count();
        }
        self.has_letter = self.has_letter || run.chars().any(char::is_alphabetic);
    }

    fn end(&mut self) {
        if self.chars > 1 && self.has_letter {
            if self.chars > MAX_WORD {
                self.word.push('…');
            }
            match self.counts.get_mut(&self.word) {
                Some(count) => *count += 1,
                None => _ = self.counts.insert(self.word.clone(), 1),
            }
        }
        self.word.clear();
        self.chars = 0;
        self.has_letter = false;
    }
}

impl Statistic for Words {
    fn add(&mut self, chunk: &Chunk) {
        let mut text = &*chunk.text;
        loop {
            let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
            let (run, rest) = text.split_at(end);
            self.extend(run);
            if rest.is_empty() {
                break;
            }
            self.end();
            text = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        }
        if chunk.ends_file() {
            self.end();
        }
    }

    fn merge(&mut self, mut file: Self) {
        if self.counts.len() < file.counts.len() {
            mem::swap(&mut self.counts, &mut file.counts);
        }
        for (word, count) in file.counts {
            *self.counts.entry(word).or_default() += count;
        }
    }

    fn into_rows(self) -> impl Iterator<Item = Row> {
        let mut counts: Vec<_> = self.counts.into_iter().collect();
        counts.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        counts.into_iter().take(self.top).map(|(word, count)| Row::Word(word, count))
    }
}

/// The lines with the most characters, without their line ends.
pub(crate) struct Longest {
    top: usize,
    lines: BTreeSet<(Reverse<usize>, Arc<Path>, usize)>,
    current: CurrentLine,
}

#[derive(Default)]
struct CurrentLine {
    /// Number of lines before this line.
    before: usize,
    chars: usize,
    is_begun: bool,
    ends_with_return: bool,
}

impl Longest {
    pub(crate) fn top(top: usize) -> Self {
        Self { top, lines: BTreeSet::new(), current: CurrentLine::default() }
    }

    fn insert(&mut self, chars: usize, path: &Arc<Path>, number: usize) {
        // Fast path: most lines are too short.
        if self.lines.len() == self.top {
            match self.lines.last() {
                Some((least, last, last_number))
                    if (Reverse(chars), path, number) < (*least, last, *last_number) => {}
                _ => return,
            }
        }
        self.lines.insert((Reverse(chars), Arc::clone(path), number));
        if self.lines.len() > self.top {
            self.lines.pop_last();
        }
    }
}

impl Statistic for Longest {
    fn add(&mut self, chunk: &Chunk) {
        for piece in chunk.text.split_inclusive('\n') {
            let line = &mut self.current;
            line.chars += piece.chars().count();
            line.is_begun = true;
            let Some(piece) = piece.strip_suffix('\n') else {
                line.ends_with_return = piece.ends_with('\r');
                continue;
            };
            let has_return =
                if piece.is_empty() { line.ends_with_return } else { piece.ends_with('\r') };
            let (chars, number) = (line.chars - 1 - usize::from(has_return), line.before + 1);
            *line = CurrentLine { before: number, ..CurrentLine::default() };
            self.insert(chars, &chunk.file.path, number);
        }
        if chunk.ends_file() {
            let line = mem::take(&mut self.current);
            if line.is_begun {
                self.insert(line.chars, &chunk.file.path, line.before + 1);
            }
        }
    }

    fn merge(&mut self, file: Self) {
        for (Reverse(chars), path, number) in file.lines {
            self.insert(chars, &path, number);
        }
    }

    fn into_rows(self) -> impl Iterator<Item = Row> {
        self.lines.into_iter().map(|(Reverse(chars), path, number)| Row::Long(chars, path, number))
    }
}
