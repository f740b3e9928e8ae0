//! Completeness: each file has a test, and each adapter has a picture.

use crate::{adapters, blocking, bounded, files, forks, list, maps, readers};

fn of_adapters() -> Vec<&'static str> {
    [adapters::NAMES, bounded::NAMES, forks::NAMES, maps::NAMES].concat()
}

/// The packages and the names of their pictures.
fn packages() -> [(&'static str, Vec<&'static str>); 3] {
    [
        ("aiter-adapters", of_adapters()),
        ("aiter-core", [list::NAMES, readers::NAMES].concat()),
        ("aiter-executor-compat", blocking::NAMES.to_vec()),
    ]
}

#[test]
fn each_picture_is_in_the_docs() {
    for (package, names) in packages() {
        let sources = files::sources(package);
        for name in names {
            let file = format!("docs/marbles/{name}.svg\"");
            assert!(sources.contains(&file), "no source of {package} includes {file}");
        }
    }
}

#[test]
fn each_file_has_a_test() {
    packages().iter().for_each(|(package, names)| files::check_names(package, names));
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

/// The names in the first column of the table in docs/adapters.md.
fn table(page: &str) -> Vec<&str> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.filter_map(|row| row.split(" |").next());
    names.flat_map(|names| names.trim_end_matches('`').split("`, `")).collect()
}

#[test]
fn each_row_of_table_has_a_picture() {
    /// Has a thread of its own, which knows no virtual time.
    const THREAD: &str = "unblock_iter";
    let page = files::read("docs/adapters.md");
    let begin = page.find("| adapter |").expect("the table");
    let end = page[begin..].find("\n\n").expect("its end");
    let adapters = table(&page[begin..begin + end]);
    assert!(adapters.contains(&"azip") && adapters.contains(&"keyed"), "the table is there");
    let pictures = [of_adapters(), blocking::NAMES.to_vec()].concat();
    for adapter in adapters {
        assert!(pictures.contains(&adapter) || adapter == THREAD, "{adapter} has no picture");
    }
}
