//! Report of the rows that the tasks have pushed.

use std::cmp::Reverse;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::model::{Count, Row, Skipped};

#[derive(Default)]
pub(crate) struct Report {
    kinds: Vec<(Arc<str>, Count)>,
    words: Vec<(String, u64)>,
    longest: Vec<(usize, Arc<Path>, usize)>,
    skipped: Vec<Skipped>,
}

impl Report {
    pub(crate) fn add(&mut self, row: Row) {
        match row {
            Row::Kind(kind, count) => self.kinds.push((kind, count)),
            Row::Word(word, count) => self.words.push((word, count)),
            Row::Long(chars, path, number) => self.longest.push((chars, path, number)),
            Row::Skipped(skipped) => self.skipped.push(skipped),
        }
    }

    pub(crate) fn has_skipped(&self) -> bool {
        !self.skipped.is_empty()
    }

    /// The types, most bytes first.
    fn kinds(&self) -> Vec<&(Arc<str>, Count)> {
        let mut kinds: Vec<_> = self.kinds.iter().collect();
        kinds.sort_by_key(|(kind, count)| (Reverse(count.bytes), kind));
        kinds
    }

    fn total(&self) -> Count {
        self.kinds.iter().fold(Count::default(), |sum, (_, count)| Count {
            files: sum.files + count.files,
            lines: sum.lines + count.lines,
            bytes: sum.bytes + count.bytes,
        })
    }

    /// Writes the report as tables. A table without rows becomes one line. If `top` is 0, the
    /// tables of words and lines are left out.
    pub(crate) fn write_text(&self, top: usize, out: &mut impl Write) -> io::Result<()> {
        let total = self.total();
        if total.files == 0 {
            writeln!(out, "no files to count")?;
        } else {
            writeln!(out, "{:>9} {:>12} {:>15}  type", "files", "lines", "bytes")?;
            let rows = self.kinds().into_iter().map(|(kind, count)| (&**kind, *count));
            for (kind, Count { files, lines, bytes }) in rows.chain([("total", total)]) {
                writeln!(out, "{files:>9} {lines:>12} {bytes:>15}  {kind}")?;
            }
        }
        if total.files > 0 && top > 0 {
            if self.words.is_empty() {
                writeln!(out, "\nno words")?;
            } else {
                writeln!(out, "\n{:>9}  most frequent words", "times")?;
            }
            for (word, count) in &self.words {
                writeln!(out, "{count:>9}  {word}")?;
            }
            if self.longest.is_empty() {
                writeln!(out, "\nno lines")?;
            } else {
                writeln!(out, "\n{:>9}  longest lines", "chars")?;
            }
            for (chars, path, number) in &self.longest {
                writeln!(out, "{chars:>9}  {}:{number}", path.display())?;
            }
        }
        if self.has_skipped() {
            writeln!(out, "\n{:>9}  skipped, not counted above", self.skipped.len())?;
        }
        Ok(())
    }

    pub(crate) fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        let total = self.total();
        let report = json!({
            "files": total.files,
            "lines": total.lines,
            "bytes": total.bytes,
            "types": self.kinds().iter().map(|(kind, count)| json!({
                "type": **kind,
                "files": count.files,
                "lines": count.lines,
                "bytes": count.bytes,
            })).collect::<Vec<_>>(),
            "words": self.words.iter().map(|(word, count)| json!({
                "word": word,
                "count": count,
            })).collect::<Vec<_>>(),
            "longest": self.longest.iter().map(|(chars, path, number)| json!({
                "chars": chars,
                "path": path.to_string_lossy(),
                "line": number,
            })).collect::<Vec<_>>(),
            "skipped": self.skipped.iter().map(|Skipped { path, why, .. }| json!({
                "path": path.to_string_lossy(),
                "why": why,
            })).collect::<Vec<_>>(),
        });
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)
    }
}
