#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

mod broken;
mod case;
mod control;
mod cue;
mod env;
mod hint;
mod law;
mod laws;
mod ledger;
mod notation;
mod outer;
mod output;
mod parts;
mod plan;
mod quiet;
mod random;
mod relation;
mod report;
mod run;
mod script;
mod shrink;
mod source;
mod task;
mod token;
mod waker;
mod work;

pub use broken::Broken;
pub use case::{Case, Move};
pub use control::Control;
pub use hint::Hint;
pub use law::Law;
pub use laws::Laws;
pub use ledger::Ledger;
pub use notation::CaseError;
pub use outer::Outer;
pub use output::Output;
pub use parts::{IntoParts, Parts};
pub use relation::{Flow, Relation};
pub use report::Report;
pub use script::{Script, ScriptError, Step};
pub use source::{Results, Source};
pub use task::Task;
pub use token::Token;
pub use waker::CountingWaker;
pub use work::Work;
