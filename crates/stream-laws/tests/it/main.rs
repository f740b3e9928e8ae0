//! The driver on trial: adapters that break a law, and adapters that break none.

extern crate alloc;

mod broken;
mod correct;
mod replay;
mod toys;
