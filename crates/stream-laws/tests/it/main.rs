//! The driver on trial: adapters that break a law, and adapters that break none.

extern crate alloc;

mod auto_traits;
mod broken;
mod correct;
mod notation;
mod readers;
mod replay;
mod toys;
