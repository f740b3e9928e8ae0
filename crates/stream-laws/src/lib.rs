#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

mod adapter;
mod case;
mod driver;
mod law;
mod laws;
mod relation;
mod source;
mod sync;
mod task;
mod token;

pub use adapter::{IntoParts, Output, Parts};
pub use case::{Case, CaseError, Hint, Move, Script, ScriptError, Step};
pub use law::Law;
pub use laws::{Broken, Laws, Report};
pub use relation::{Flow, Relation};
pub use source::{Control, Outer, Results, Source, Work};
pub use task::{CountingWaker, Task};
pub use token::{Ledger, Token};
