//! The table in the README of the adapters has a row for each method and function.

/// Returns `true` if a row of the table links to `target`.
fn has_row(target: &str) -> bool {
    let readme = include_str!("../../crates/aiter-adapters/README.md");
    readme.lines().any(|line| line.starts_with("| [`") && line.contains(target))
}

#[test]
fn each_method_has_row() {
    let ext = include_str!("../../crates/aiter-adapters/src/ext.rs");
    let names = ext.lines().filter_map(|line| line.strip_prefix("    fn "));
    let names: Vec<_> = names.filter_map(|rest| rest.split(['(', '<']).next()).collect();
    assert!(names.len() > 15 && names.contains(&"active"), "{names:?}");
    for name in names {
        assert!(has_row(&format!("[`{name}`](AiterExt::{name})")), "{name} has no row");
    }
}

#[test]
fn each_function_has_row() {
    let lib = include_str!("../../crates/aiter-adapters/src/lib.rs");
    let exports = lib.lines().filter_map(|line| line.strip_prefix("pub use ")?.split_once("::"));
    let names = exports.flat_map(|(_, names)| names.split(['{', '}', ',', ' ', ';']));
    let names: Vec<_> = names.filter(|name| name.starts_with(char::is_lowercase)).collect();
    assert!(names.contains(&"azip"), "{names:?}");
    for name in names {
        assert!(has_row(&format!("[`{name}`]")), "{name} has no row");
    }
}
