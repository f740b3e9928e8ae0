//! Pages for users of other libraries, and recipes.
//!
//! - [`from_channels`]: what replaces which channel, receiver and combinator.
//! - [`from_python`]: each function of the Python library `aiter`, before and after.
//! - [`bounding_memory`]: recipes that limit how many items a program holds.

#[doc = include_str!("../docs/bounding-memory.md")]
pub mod bounding_memory {}

#[doc = include_str!("../docs/from-channels.md")]
pub mod from_channels {}

#[doc = include_str!("../docs/from-python.md")]
pub mod from_python {}
