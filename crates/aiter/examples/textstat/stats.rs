//! What the forks of the cursor compute.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use aiter::{Cursor, Pusher};

use crate::report::Row;
use crate::text::Line;

/// How many lines a reader takes at once, at most.
pub(crate) const BATCH: usize = 256;

pub(crate) trait Statistic {
    fn add(&mut self, line: &Line);

    fn into_rows(self) -> impl Iterator<Item = Row>;
}

/// Adds all lines to a statistic, then pushes its rows.
pub(crate) async fn follow<S: Statistic>(
    mut lines: Cursor<Line>,
    mut statistic: S,
    rows: Pusher<Row>,
) {
    let mut batch = Vec::new();
    while lines.next_many(&mut batch, BATCH).await > 0 {
        for line in batch.drain(..) {
            statistic.add(&line);
            line.passed();
        }
        // Lines may be ready for long, and the other tasks want their turn.
        smol::future::yield_now().await;
    }
    let all = rows.push_all(statistic.into_rows());
    all.map(drop).expect("`main` reads the rows");
}

/// Files, lines and bytes by type.
#[derive(Default)]
pub(crate) struct Kinds {
    counts: HashMap<Arc<str>, Count>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) files: u64,
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
}

impl Statistic for Kinds {
    fn add(&mut self, line: &Line) {
        let kind = &line.text.kind;
        if !self.counts.contains_key(kind) {
            self.counts.insert(Arc::clone(kind), Count::default());
        }
        let count = self.counts.get_mut(kind).expect("it was inserted");
        count.files += u64::from(line.is_last);
        count.lines += u64::from(line.as_str().ends_with('\n'));
        count.bytes += line.as_str().len() as u64;
    }

    fn into_rows(self) -> impl Iterator<Item = Row> {
        self.counts.into_iter().map(|(kind, count)| Row::Kind(kind, count))
    }
}

/// The most frequent words: runs of letters and digits, in lower case.
pub(crate) struct Words {
    top: usize,
    counts: HashMap<String, u64>,
    /// The word at hand, kept for its memory.
    word: String,
}

impl Words {
    pub(crate) fn top(top: usize) -> Self {
        Self { top, counts: HashMap::new(), word: String::new() }
    }
}

impl Statistic for Words {
    fn add(&mut self, line: &Line) {
        for word in line.as_str().split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
            self.word.clear();
            self.word.extend(word.chars().flat_map(char::to_lowercase));
            match self.counts.get_mut(&self.word) {
                Some(count) => *count += 1,
                None => _ = self.counts.insert(self.word.clone(), 1),
            }
        }
    }

    fn into_rows(self) -> impl Iterator<Item = Row> {
        let mut counts: Vec<_> = self.counts.into_iter().collect();
        counts.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        counts.into_iter().take(self.top).map(|(word, count)| Row::Word(word, count))
    }
}

/// The lines with the most characters, their ends not counted.
pub(crate) struct Longest {
    top: usize,
    lines: BTreeSet<(Reverse<usize>, Arc<Path>, usize)>,
}

impl Longest {
    pub(crate) fn top(top: usize) -> Self {
        Self { top, lines: BTreeSet::new() }
    }
}

impl Statistic for Longest {
    fn add(&mut self, line: &Line) {
        let text = line.as_str();
        if text.is_empty() {
            return;
        }
        let text =
            text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
        let chars = text.chars().count();
        // Most lines are too short, and that is cheap to see.
        if self.lines.len() == self.top {
            match self.lines.last() {
                Some((Reverse(shortest), ..)) if chars >= *shortest => {}
                _ => return,
            }
        }
        self.lines.insert((Reverse(chars), Arc::clone(&line.text.path), line.number));
        if self.lines.len() > self.top {
            self.lines.pop_last();
        }
    }

    fn into_rows(self) -> impl Iterator<Item = Row> {
        self.lines.into_iter().map(|(Reverse(chars), path, number)| Row::Long(chars, path, number))
    }
}
