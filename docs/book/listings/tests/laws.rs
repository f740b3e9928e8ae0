//! The adapter of chapter 9 keeps the laws.

use sensor_hub::NewestExt;
use stream_laws::{Laws, Relation};

#[test]
fn newest_keeps_laws() {
    Laws::of("newest", NewestExt::newest)
        .expect(Relation::Subsequence)
        .read_ahead(0)
        .fused()
        .no_extra_polls()
        .run()
        .assert();
}
