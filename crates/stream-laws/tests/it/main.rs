//! The driver on trial: adapters that break a law, and adapters that break none.

extern crate alloc;

mod adapters;
mod auto_traits;
mod broken;
mod correct;
mod notation;
mod reader_adapters;
mod replay;
