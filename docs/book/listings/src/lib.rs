//! The sensor hub of the book: what its chapters share. The binaries are the chapters.
#![forbid(unsafe_code)]

mod hub;
mod newest;
mod reading;

pub use self::{
    hub::Hub,
    newest::{Newest, NewestExt},
    reading::Reading,
};
