//! Checks the laws on adapters of other crates, and prints the results as Markdown.

#![forbid(unsafe_code)]

extern crate alloc;

mod forks;
mod futures_buffered;
mod futures_concurrency;
mod futures_lite;
mod futures_util;
mod peer;
mod table;
mod tokio_stream;

fn main() {
    let crates = [
        futures_util::peers(),
        futures_lite::peers(),
        tokio_stream::peers(),
        futures_concurrency::peers(),
        futures_buffered::peers(),
        forks::peers(),
    ];
    let peers = crates.into_iter().flatten().collect();
    print!("{}", table::Table::of(peers));
}
