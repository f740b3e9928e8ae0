//! The table of executors in the README. Every cell is a test that runs.
//!
//! On WebAssembly the same test prints the last line; see ci/compat.sh.

#[cfg(not(target_family = "wasm"))]
mod native;
mod rows;
#[cfg(target_family = "wasm")]
mod wasm;

#[cfg(not(target_family = "wasm"))]
use native::columns;
use rows::{Cell, ROWS};
#[cfg(target_family = "wasm")]
use wasm::columns;

/// An executor and its results.
struct Executor {
    name: &'static str,
    /// The spawn function.
    spawns: &'static str,
    /// The `block_on` of the iterator.
    blocks: &'static str,
    cells: Vec<Cell>,
}

impl Executor {
    fn line(&self) -> String {
        let mut line = format!("| {} | {} |", self.name, self.spawns);
        for row in 0..ROWS.len() {
            let cell = self.cells.get(row).map_or_else(|| "HANGS".into(), Cell::to_string);
            line += &format!(" {cell} |");
        }
        line + &format!(" {} |", self.blocks)
    }
}

#[test]
fn readme_table_equals_printed_table() {
    let executors = columns();
    let mut table = vec![
        format!(
            "| executor | tasks by | {} | blocks by |",
            ROWS.map(|row| format!("`{row}`")).join(" | ")
        ),
        format!("|---|---{}|---|", "|---".repeat(ROWS.len())),
    ];
    table.extend(executors.iter().map(Executor::line));
    println!("{}", table.join("\n"));

    for executor in &executors {
        for (row, name) in ROWS.iter().enumerate() {
            let cell = executor.cells.get(row);
            assert!(cell.is_some_and(Cell::works), "{name} on {}: {cell:?}", executor.name);
        }
    }
    let readme = include_str!("../../README.md");
    let shown: Vec<&str> = readme
        .lines()
        .skip_while(|line| *line != table[0])
        .take_while(|line| line.starts_with('|'))
        .collect();
    let (last, above) = shown.split_last().expect("README must contain the table");
    if cfg!(target_family = "wasm") {
        assert_eq!([above[0], above[1], last], *table, "README must contain the printed table");
    } else {
        assert_eq!(above, table, "README must contain the printed table");
    }
}
