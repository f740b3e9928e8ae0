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
pub use case::{Case, Move, Script, ScriptError, SizeHint, Step, notation::CaseError};
pub use law::Law;
pub use laws::{BrokenLaw, Laws, Report};
pub use relation::{Relation, RunItems};
pub use source::{ResultSource, ScriptedFuture, Source, SourceHandle, nested::NestedSource};
pub use task::{CountingWaker, Task};
pub use token::{Token, ledger::Ledger};
