//! Files become lines.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aiter::{Pusher, SharedCursor};
use smol::lock::{Semaphore, SemaphoreGuardArc};

use crate::files::File;
use crate::report::{Row, Skipped};

/// A file that was read and is UTF-8.
pub(crate) struct Text {
    pub(crate) path: Arc<Path>,
    pub(crate) kind: Arc<str>,
    body: String,
    /// The readers that have not read the last line yet.
    readers: AtomicUsize,
    /// The place that the file takes up, until all readers have passed it.
    room: Mutex<Option<SemaphoreGuardArc>>,
}

/// A line of a file; a clone is another handle to the same text.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) text: Arc<Text>,
    range: Range<usize>,
    /// Counted from 1.
    pub(crate) number: usize,
    /// Each file has exactly one last line. Only an empty file has an empty one.
    pub(crate) is_last: bool,
}

impl Line {
    /// The line with its end, be it `\n`, `\r\n` or, at the end of the file, nothing.
    pub(crate) fn as_str(&self) -> &str {
        &self.text.body[self.range.clone()]
    }

    /// A reader is done with the line. After a file's last one it makes room for another file.
    ///
    /// The list frees whole blocks of items, so the drop of the `Text` would come too late.
    pub(crate) fn passed(self) {
        if self.is_last && self.text.readers.fetch_sub(1, Ordering::Relaxed) == 1 {
            drop(self.text.room.lock().expect("nothing panics under this lock").take());
        }
    }
}

/// A producer: reads one file after the other on the blocking pool and pushes its lines, for
/// `readers` cursors.
pub(crate) async fn produce(
    mut work: SharedCursor<File>,
    room: Arc<Semaphore>,
    readers: usize,
    lines: Pusher<Line>,
    rows: Pusher<Row>,
) {
    while let Some(File { path, size }) = work.next().await {
        let room = room.acquire_arc().await;
        let (lines, rows) = (lines.clone(), rows.clone());
        smol::unblock(move || match read(&path) {
            Ok(body) => {
                let text = Arc::new(Text {
                    kind: kind(&path),
                    path: path.into(),
                    body,
                    readers: AtomicUsize::new(readers),
                    room: Mutex::new(Some(room)),
                });
                lines.push_all(split(&text)).expect("the statistics read all lines");
            }
            Err(why) => {
                let skipped = Row::Skipped(Skipped { path, size, why });
                rows.push(skipped).expect("`main` reads the rows");
            }
        })
        .await;
    }
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes)
        .map_err(|error| format!("not UTF-8 after byte {}", error.utf8_error().valid_up_to()))
}

/// The lines of a text. There is no line after the last newline, except in an empty text.
fn split(text: &Arc<Text>) -> impl Iterator<Item = Line> {
    let end = text.body.len();
    let (mut start, mut number) = (0, 0);
    let mut is_last = false;
    std::iter::from_fn(move || {
        if is_last {
            return None;
        }
        let newline = text.body[start..].find('\n');
        let range = start..newline.map_or(end, |at| start + at + 1);
        start = range.end;
        number += 1;
        is_last = start == end;
        Some(Line { text: Arc::clone(text), range, number, is_last })
    })
}

/// The extension, or the name of a file without one, in lower case.
fn kind(path: &Path) -> Arc<str> {
    let kind = path.extension().or(path.file_name()).unwrap_or_default();
    kind.to_string_lossy().to_lowercase().into()
}
