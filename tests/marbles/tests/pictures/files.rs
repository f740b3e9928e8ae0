//! The files of the pictures: each is as its test draws it, and no other file exists.

use alloc::collections::BTreeSet;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

use aiter_marbles::{Diagram, svg};

/// With this variable, the tests write the files.
const WRITE: &str = "AITER_MARBLES_WRITE";
const MAX_BYTES: usize = 6_000;

fn is_writing() -> bool {
    env::var_os(WRITE).is_some()
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn folder(package: &str) -> PathBuf {
    workspace().join("crates").join(package).join("docs/marbles")
}

/// Compares the picture of a diagram with its file.
pub(crate) fn check(package: &str, name: &str, diagram: &Diagram) {
    let picture = svg::draw(diagram);
    assert!(picture.len() <= MAX_BYTES, "{name} has {} bytes", picture.len());
    let file = folder(package).join(name).with_extension("svg");
    if is_writing() {
        fs::create_dir_all(folder(package)).expect("a folder for the pictures");
        fs::write(&file, picture).expect("the file of a picture");
        return;
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == picture, "{} is stale or missing: ci/marbles.sh --write", file.display());
}

/// Compares the names of the files in a package with the names of its pictures.
pub(crate) fn check_names(package: &str, names: &[&str]) {
    let names: BTreeSet<_> = names.iter().map(|name| format!("{name}.svg")).collect();
    for entry in fs::read_dir(folder(package)).expect("the folder of the pictures") {
        let entry = entry.expect("an entry of the folder");
        if !names.contains(&*entry.file_name().to_string_lossy()) {
            assert!(is_writing(), "no test draws {}", entry.path().display());
            fs::remove_file(entry.path()).expect("a file without a test");
        }
    }
}

/// Reads a file of the repository.
pub(crate) fn read(path: &str) -> String {
    let text = fs::read_to_string(workspace().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Reads all sources of a package.
pub(crate) fn sources(package: &str) -> String {
    fn add(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry of the folder").path();
            if path.is_dir() {
                add(&path, text);
            } else {
                *text += &fs::read_to_string(path).expect("a source");
            }
        }
    }
    let mut text = String::new();
    add(&workspace().join("crates").join(package).join("src"), &mut text);
    text
}
