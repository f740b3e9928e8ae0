//! Completeness: each file has a test, and each adapter has a picture.

use crate::{adapters, bounded, files, forks, list, maps, readers};

fn of_adapters() -> Vec<&'static str> {
    [adapters::NAMES, bounded::NAMES, forks::NAMES, maps::NAMES].concat()
}

#[test]
fn each_file_has_a_test() {
    files::check_names("aiter-adapters", &of_adapters());
    files::check_names("aiter-core", &[list::NAMES, readers::NAMES].concat());
}

/// The methods of the extension trait.
fn methods(source: &str) -> Vec<&str> {
    let methods = source.lines().filter_map(|line| line.strip_prefix("    fn "));
    methods.filter_map(|line| line.split(['(', '<']).next()).collect()
}

#[test]
fn each_method_has_a_picture() {
    let source = files::read("crates/aiter-adapters/src/ext.rs");
    let methods = methods(&source);
    assert!(methods.contains(&"gated"), "the methods are in ext.rs");
    let pictures = of_adapters();
    for method in methods {
        assert!(pictures.contains(&method), "{method} has no picture");
    }
}
