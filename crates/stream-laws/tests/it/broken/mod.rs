//! Adapters that break one law each. The driver must find that law, and no other.

mod driver;
mod items;
mod promises;
mod readers;
mod wakes;

use core::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use stream_laws::{BrokenLaw, Law, Laws, Source, Token};

/// Asserts that the adapter breaks only `law`, and returns the finding.
fn breaks(law: Law, laws: &Laws) -> BrokenLaw {
    let report = laws.run();
    let found: Vec<Law> = report.broken().iter().map(|broken| broken.law).collect();
    assert_eq!(found, [law], "{report}");
    report.broken()[0].clone()
}

type Polled = Poll<Option<Token>>;

fn poll(source: &mut Source, cx: &mut Context<'_>) -> Polled {
    Pin::new(source).poll_next(cx)
}
