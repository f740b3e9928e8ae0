//! The driver: cases, exceptions and endless streams.

use alloc::{rc::Rc, sync::Arc};
use core::{
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_core::Stream;
use futures_util::StreamExt;
use stream_laws::{Law, Laws, Output, Relation, Source, Task, Token};

use super::{breaks, poll};
use crate::adapters::poll_adapter;

#[test]
fn missing_relation_panics() {
    let laws = Laws::of("unstated", |source| source);
    let panic = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| laws.run()));
    let panic = panic.expect_err("missing relation must panic");
    let text = panic.downcast_ref::<String>().expect("panic message");
    assert_eq!(
        text,
        "unstated: state the relation of the items with `expect`; `Relation::Any` checks none"
    );
}

#[test]
fn found_case_is_small_and_reproducible() {
    let no_waker =
        poll_adapter(|(), source, _| poll(source, &mut Context::from_waker(Waker::noop())));
    let laws = Laws::of("no waker", no_waker).expect(Relation::Any).cases(500);
    let broken = laws.check().expect_err("unregistered waker must hang");
    assert_eq!(broken.case.to_string(), "`-|`");
    let again = laws.check_case(&broken.case).expect_err("the case must hang again");
    assert_eq!((again.law, again.step, again.message), (broken.law, broken.step, broken.message));
}

#[test]
fn excepted_law_is_not_checked() {
    let adapter = poll_adapter(|ended: &mut bool, source, cx| {
        assert!(!*ended, "polled after its end");
        poll(source, cx).map(|item| {
            *ended = item.is_none();
            item
        })
    });
    let report = Laws::of("panics after end", adapter)
        .expect(Relation::Any)
        .except(Law::L10, "documented")
        .run();
    report.assert();
    assert_eq!(report.excepted(), [(Law::L10, "documented")]);
    assert!(report.to_string().contains("L10 not checked: documented"));
}

#[test]
fn excepted_l6_runs_no_panics() {
    let adapter = poll_adapter(|busy: &mut bool, source, cx| {
        assert!(!mem::replace(busy, true));
        let item = poll(source, cx);
        *busy = false;
        item
    });
    Laws::of("panics after panic", adapter)
        .expect(Relation::Any)
        .except(Law::L6, "panics abort")
        .run()
        .assert();
}

/// A stream without end.
struct Endless;

impl Stream for Endless {
    type Item = ();

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<()>> {
        Poll::Ready(Some(()))
    }
}

#[test]
fn endless_stream_stops_after_one_case() {
    let laws = Laws::of_many("endless", |[]: [Source; 0]| Endless).expect(Relation::Same);
    let broken = breaks(Law::Items, &laws);
    assert!(broken.message.contains("no end"), "{broken}");
    assert_eq!(laws.run().cases(), 1);
}

#[test]
fn endless_stream_after_source_end_is_found() {
    let laws = Laws::of("endless after source", |source: Source| {
        source.map(Some).chain(futures_util::stream::repeat_with(|| None))
    });
    let laws = laws.expect(Relation::Subsequence);
    breaks(Law::Items, &laws);
    assert!(laws.run().cases() < 10, "{}", laws.run());
}

#[test]
fn endless_stream_is_accepted_by_any() {
    let laws = Laws::of_many("endless", |[]: [Source; 0]| Endless).expect(Relation::Any);
    let report = laws.run();
    report.assert();
    assert_eq!(report.cases(), 10_000);
}

#[test]
fn output_collects_tokens_of_nested_types() {
    let (source, handle) = Source::new("oooooo|".parse().expect("a script"));
    let mut task = Task::new(source);
    let mut next = || match task.poll() {
        Poll::Ready(Some(token)) => token,
        other => panic!("{other:?}"),
    };
    let nested = (vec![Some(next()), None], [Ok::<_, ()>(next())], Box::new((next(), 7_usize)));
    let counted = (Rc::new(next()), Arc::new(next()), Err::<u64, _>(next()));
    let mut tokens = Vec::new();
    (nested, counted).tokens(&mut tokens);
    assert!(tokens.iter().map(Token::number).eq(0..6));
    assert_eq!((handle.ledger().alive(), handle.ledger().clones()), (6, 0));
}
