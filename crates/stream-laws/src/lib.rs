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
pub use case::{Case, CaseError, Move, Script, ScriptError, SizeHint, Step};
pub use law::Law;
pub use laws::{BrokenLaw, Laws, Report};
pub use relation::{Relation, RunItems};
pub use source::{NestedSource, ResultSource, ScriptedFuture, Source, SourceHandle};
pub use task::{CountingWaker, Task};
pub use token::{Ledger, Token};
