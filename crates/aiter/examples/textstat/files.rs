//! Search for the files to read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::model::{File, Row, Rows, Skipped};

/// Folders that the search enters.
#[derive(Clone, Copy)]
enum Folders {
    All,
    /// All but `target` and hidden folders.
    Sources,
}

impl Folders {
    fn include(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Sources => name != "target" && !name.starts_with('.'),
        }
    }
}

/// Returns the files that `args` ask for. Paths that cannot be listed are pushed as skipped.
pub(crate) fn find(args: &Args, rows: &Rows) -> Vec<File> {
    let mut files = Vec::new();
    if args.paths.is_empty() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace =
            package.ancestors().nth(2).expect("the package is in crates/ of the workspace");
        walk(workspace.to_owned(), Folders::Sources, &mut files, rows);
    }
    for path in &args.paths {
        if path == Path::new("-") {
            files.push(File::new(files.len(), path, 0));
            continue;
        }
        // Named paths are followed even if they are symbolic links.
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => walk(path.clone(), Folders::All, &mut files, rows),
            Ok(meta) => files.push(File::new(files.len(), path, meta.len())),
            Err(error) => skip(path, &error, rows),
        }
    }
    files
}

fn walk(top: PathBuf, folders: Folders, files: &mut Vec<File>, rows: &Rows) {
    let mut left = vec![top];
    while let Some(folder) = left.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                skip(&folder, &error, rows);
                continue;
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    skip(&folder, &error, rows);
                    continue;
                }
            };
            // The type of a link is not that of its target, so a loop of links is never entered.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    if folders.include(&entry.file_name().to_string_lossy()) {
                        left.push(entry.path());
                    }
                }
                Ok(kind) if kind.is_file() => {
                    let size = entry.metadata().map_or(0, |meta| meta.len());
                    files.push(File::new(files.len(), &entry.path(), size));
                }
                Ok(_) => {} // a link, a pipe, a socket, a device
                Err(error) => skip(&entry.path(), &error, rows),
            }
        }
    }
}

fn skip(path: &Path, error: &io::Error, rows: &Rows) {
    let skipped = Skipped { path: path.into(), size: 0, why: error.to_string() };
    rows.push(Row::Skipped(skipped)).expect("`main` reads the rows");
}
