//! A adapter adapter for each way to break a law: the driver has to find that law broken, and no
//! other one.

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

/// What is found, and that it is nothing but `law`.
fn breaks_only(law: Law, laws: &Laws) -> BrokenLaw {
    let report = laws.run();
    let found: Vec<Law> = report.broken().iter().map(|broken| broken.law).collect();
    assert_eq!(found, [law], "{report}");
    report.broken()[0].clone()
}

type Polled = Poll<Option<Token>>;

fn poll(source: &mut Source, cx: &mut Context<'_>) -> Polled {
    Pin::new(source).poll_next(cx)
}
