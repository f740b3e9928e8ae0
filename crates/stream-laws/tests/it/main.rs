//! Tests of the driver with adapters that break a law and adapters that keep every law.

extern crate alloc;

mod adapters;
mod auto_traits;
mod broken;
mod correct;
mod notation;
mod reader_adapters;
mod replay;
