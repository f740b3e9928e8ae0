//! The playground: the crates of aiter at work, for a page that draws them.
//!
//! [`Playground`] runs a scene and returns snapshots as JSON. `abi` exports it to a page.

mod abi;
mod clock;
mod item;
mod playground;
mod program;
mod reader;
mod scene;
mod scenes;
mod source;
mod view;
mod work;
mod world;

pub use playground::Playground;
