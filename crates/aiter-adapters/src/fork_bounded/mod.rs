mod bounded_fork;
mod ring;
mod source;

pub use bounded_fork::BoundedFork;
pub use ring::LagPolicy;
