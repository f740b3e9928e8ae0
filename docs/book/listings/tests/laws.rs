//! The adapter of chapter 9 keeps the laws.

use sensor_hub::NewestExt;
use stream_laws::{Laws, Relation, RunItems};

/// The items are in order, and the last one is the last one of the source.
fn newest_in_order(run: &RunItems) -> Result<(), String> {
    let (sent, received) = (run.sent(), run.received(0));
    if received.is_sorted_by(|a, b| a < b) && received.last() == sent.last() {
        return Ok(());
    }
    Err(format!("{sent:?} became {received:?}"))
}

#[test]
fn newest_keeps_laws() {
    Laws::of("newest", NewestExt::newest)
        .expect(Relation::Check(newest_in_order))
        .read_ahead(0)
        .fused()
        .no_extra_polls()
        .run()
        .assert();
}
