//! The sensor hub of the book: what its chapters share. Each chapter is an example.
#![forbid(unsafe_code)]

mod hub;
mod newest;
mod reading;

pub use self::{
    hub::Hub,
    newest::{Newest, NewestExt},
    reading::Reading,
};
