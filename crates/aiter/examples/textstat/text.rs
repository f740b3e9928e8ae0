//! Producers that read files and push chunks of text.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use aiter::SharedCursor;
use aiter::inspect::Inspected;

use crate::model::{Chunk, Chunks, File, Part, Row, Rows, Skipped};

/// Maximum number of bytes in a chunk.
const CHUNK: usize = 64 * 1024;

/// Runs a producer, which reads files one by one on the blocking pool and pushes their chunks.
pub(crate) async fn produce(mut work: Inspected<SharedCursor<File>>, chunks: Chunks, rows: Rows) {
    while let Some(file) = work.next().await {
        let (chunks, rows) = (chunks.clone(), rows.clone());
        smol::unblock(move || {
            let file = Arc::new(file);
            let push = |part, text| {
                let chunk = Arc::new(Chunk { file: Arc::clone(&file), part, text });
                chunks.push_blocking(chunk).expect("the statistics read all chunks");
            };
            let mut read = 0;
            if let Err(why) = read_file(&file.path, &mut read, push) {
                if read > 0 {
                    push(Part::Void, String::new());
                }
                let size = file.size.saturating_sub(read);
                let skipped = Skipped { path: Arc::clone(&file.path), size, why };
                rows.push(Row::Skipped(skipped)).expect("`main` reads the rows");
            }
        })
        .await;
    }
}

/// Pushes the chunks of a file and counts their bytes in `read`.
fn read_file(path: &Path, read: &mut u64, push: impl Fn(Part, String)) -> Result<(), String> {
    let mut input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(fs::File::open(path).map_err(|error| error.to_string())?)
    };
    // First bytes of a character that the previous chunk has no room for.
    let mut cut = Vec::new();
    loop {
        let mut bytes = Vec::with_capacity(CHUNK);
        bytes.append(&mut cut);
        let room = (CHUNK - bytes.len()) as u64;
        let got = input.by_ref().take(room).read_to_end(&mut bytes);
        got.map_err(|error| error.to_string())?;
        let is_last = bytes.len() < CHUNK;
        let text = String::from_utf8(bytes).or_else(|error| {
            let (valid, is_cut) =
                (error.utf8_error().valid_up_to(), error.utf8_error().error_len().is_none());
            if is_last || !is_cut {
                return Err(format!("not UTF-8 after byte {}", *read + valid as u64));
            }
            let mut bytes = error.into_bytes();
            cut = bytes.split_off(valid);
            Ok(String::from_utf8(bytes).expect("the bytes are valid up to here"))
        })?;
        let part = match (*read, is_last) {
            (0, true) => Part::Whole,
            (_, true) => Part::Last,
            (_, false) => Part::Piece,
        };
        *read += text.len() as u64;
        push(part, text);
        if is_last {
            return Ok(());
        }
    }
}
