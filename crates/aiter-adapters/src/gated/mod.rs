mod gate;
mod stream;
mod word;

pub use gate::{Gate, GateError};
pub use stream::Gated;
