//! One test binary for everything that spans the crates.

extern crate alloc;

mod auto_traits;
mod differential;
#[path = "../../crates/aiter-core/tests/list/ledger.rs"]
mod ledger;
mod model;
#[path = "../../crates/aiter-core/tests/list/waker.rs"]
mod waker;
