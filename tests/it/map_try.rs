//! `map_try`: error rules, caught panics, budgets and drops.

use crate::{
    drain,
    ledger::{Ledger, Tracked},
    script::{script, scripted},
    waker::{Counting, next},
};
use aiter::{AiterExt, OnError, adapters::MapError};
use core::{error::Error, panic::AssertUnwindSafe, task::Poll};
use futures_core::{FusedStream, Stream};
use futures_util::{StreamExt, stream};
use std::panic::{catch_unwind, resume_unwind};

fn fail_at_2(n: u32) -> Result<u32, &'static str> {
    if n == 2 { Err("two") } else { Ok(10 * n) }
}

#[test]
fn on_error_selects_emit_skip_or_stop() {
    let tens = || stream::iter(1..=3).map_try(fail_at_2);
    assert_eq!(drain(tens()), [Ok(10), Err("two"), Ok(30)], "`Emit` is the default");
    assert_eq!(drain(tens().on_error(OnError::Emit)), [Ok(10), Err("two"), Ok(30)]);
    assert_eq!(drain(tens().on_error(OnError::Skip)), [Ok(10), Ok(30)]);
    assert_eq!(drain(tens().on_error(OnError::Stop)), [Ok(10), Err("two")]);
}

#[test]
fn rule_is_called_once_per_error() {
    let mut seen = Vec::new();
    let results = stream::iter(0..10).map_try(|n| if n % 2 == 0 { Ok(n) } else { Err(n) });
    let results = results.on_error_with(|error| {
        seen.push(*error);
        match error {
            1 => OnError::Skip,
            3 => OnError::Emit,
            _ => OnError::Stop,
        }
    });
    assert_eq!(drain(results), [Ok(0), Ok(2), Err(3), Ok(4), Err(5)]);
    assert_eq!(seen, [1, 3, 5]);
}

#[test]
fn stop_drops_source_with_error() {
    let (handle, source) = scripted(1..=3);
    let mut results = source.map_try(fail_at_2).on_error(OnError::Stop);
    assert_eq!(next(&mut results), Poll::Ready(Some(Ok(10))));
    assert!(!results.is_terminated());
    assert_eq!(next(&mut results), Poll::Ready(Some(Err("two"))));
    assert!(handle.is_dropped() && !results.is_terminated());
    for _ in 0..3 {
        assert_eq!(results.size_hint(), (0, Some(0)));
        assert_eq!(next(&mut results), Poll::Ready(None));
        assert!(results.is_terminated());
    }
    assert!(results.into_inner().is_none());
}

#[test]
fn ended_source_is_dropped_and_not_polled() {
    let (handle, source) = scripted([1]);
    let mut results = source.map_try(fail_at_2);
    assert_eq!(next(&mut results), Poll::Ready(Some(Ok(10))));
    assert!(results.get_ref().is_some());
    assert_eq!(next(&mut results), Poll::Ready(None));
    assert!(handle.is_dropped());
    assert!(results.get_ref().is_none());
    assert_eq!(next(&mut results), Poll::Ready(None));
    assert_eq!(handle.polls(), 2);
}

#[test]
fn many_skips_yield_after_budget() {
    let errors = stream::iter(0..1000).map_try(Err::<u8, _>);
    let mut errors = errors.on_error(OnError::Skip);
    let task = Counting::new();
    let mut polls = 1;
    while task.poll(&mut errors).is_pending() {
        assert_eq!(task.wakes(), polls, "it wakes its own task");
        polls += 1;
    }
    assert_eq!(polls, 1000 / 128 + 1);
}

#[test]
fn size_hint_depends_on_rule() {
    let results = || stream::iter(0..5).map_try(fail_at_2);
    assert_eq!(results().size_hint(), (5, Some(5)));
    assert_eq!(results().on_error(OnError::Skip).size_hint(), (0, Some(5)));
    assert_eq!(results().on_error(OnError::Stop).size_hint(), (1, Some(5)));
    assert_eq!(results().on_error_with(|_| OnError::Emit).size_hint(), (0, Some(5)));
    let none = stream::iter(0..0).map_try(fail_at_2).on_error(OnError::Stop);
    assert_eq!(none.size_hint(), (0, Some(0)));
}

#[test]
fn latest_waker_is_woken() {
    let (handle, source) = script();
    let mut results = source.map_try(fail_at_2).on_error(OnError::Skip);
    let (old, new) = (Counting::new(), Counting::new());
    assert_eq!(old.poll(&mut results), Poll::Pending);
    handle.send(2);
    assert_eq!(old.wakes(), 1);
    assert_eq!(
        new.poll(&mut results),
        Poll::Pending,
        "the item is skipped and the source is pending"
    );
    handle.send(3);
    assert_eq!((old.wakes(), new.wakes()), (1, 1));
    assert_eq!(new.poll(&mut results), Poll::Ready(Some(Ok(30))));
}

#[test]
fn function_or_rule_panics_only_item_is_lost() {
    let check = |n: u32| {
        assert_ne!(n, 1);
        fail_at_2(n)
    };
    let mut results = stream::iter(0..4).map_try(check).on_error_with(|_| panic!("rule panics"));
    assert_eq!(next(&mut results), Poll::Ready(Some(Ok(0))));
    for _ in 0..2 {
        assert!(catch_unwind(AssertUnwindSafe(|| next(&mut results))).is_err());
    }
    assert_eq!(next(&mut results), Poll::Ready(Some(Ok(30))));
    assert_eq!(next(&mut results), Poll::Ready(None));
}

#[test]
fn panicked_source_is_dropped() {
    let (handle, source) = script();
    handle.panic();
    let mut results = source.map_try(fail_at_2).catch_panics();
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut results).is_ready())).is_err());
    assert!(handle.is_dropped());
    assert!(matches!(next(&mut results), Poll::Ready(None)));
}

#[test]
fn caught_panics_and_errors_are_distinct() {
    let check = |n: u32| match n {
        1 => panic!("one"),
        3 => panic!("{n} is not {}", 4),
        4 => resume_unwind(Box::new(44_u8)),
        n => fail_at_2(n),
    };
    let mut results = stream::iter(0..6).map_try(check).catch_panics();
    let mut text = Vec::new();
    while let Poll::Ready(Some(result)) = next(&mut results) {
        text.push(match result {
            Ok(n) => n.to_string(),
            Err(MapError::Failed(error)) => error.to_string(),
            Err(MapError::Panicked(panic)) => {
                let message = panic.message().map(str::to_owned);
                let text = panic.to_string();
                match panic.into_payload().downcast::<u8>() {
                    Ok(payload) => format!("{payload} {message:?} {text}"),
                    Err(_) => format!("{message:?} {text}"),
                }
            }
        });
    }
    let expected = [
        "0",
        "Some(\"one\") panicked: one",
        "two",
        "Some(\"3 is not 4\") panicked: 3 is not 4",
        "44 None panicked",
        "50",
    ];
    assert_eq!(text, expected);
}

#[test]
fn rules_apply_to_caught_panics() {
    let check = |n: u32| {
        assert_ne!(n, 1, "one");
        fail_at_2(n)
    };
    let results = || stream::iter(0..4).map_try(check);
    let skipped = results().on_error(OnError::Skip).catch_panics();
    assert_eq!(
        drain(skipped.map(Result::ok)),
        [Some(0), Some(30)],
        "`catch_panics` keeps the rule"
    );
    let stopped = results().catch_panics().on_error(OnError::Stop);
    assert_eq!(drain(stopped.map(Result::ok)), [Some(0), None]);
    let chosen = results().catch_panics().on_error_with(|error| match error {
        MapError::Failed("two") => OnError::Skip,
        MapError::Failed(_) => OnError::Emit,
        MapError::Panicked(panic) => {
            assert!(panic.message().is_some_and(|message| message.contains("one")));
            OnError::Skip
        }
    });
    assert_eq!(drain(chosen.map(Result::ok)), [Some(0), Some(30)]);
}

#[test]
fn map_error_forwards_display_and_source() {
    #[derive(Debug)]
    struct Outer(core::num::ParseIntError);
    impl core::fmt::Display for Outer {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str("outer")
        }
    }
    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    let inner = "x".parse::<u8>().expect_err("`x` is not a number");
    let error = MapError::Failed(Outer(inner.clone()));
    assert_eq!(error.to_string(), "outer");
    assert_eq!(error.source().map(ToString::to_string), Some(inner.to_string()));
}

#[test]
fn dropped_at_any_step_frees_each_item_once() {
    let odd_fail = |item: Tracked| if item.value % 2 == 1 { Err(item) } else { Ok(item) };
    for steps in 0..6 {
        for rule in [OnError::Emit, OnError::Skip, OnError::Stop] {
            let ledger = Ledger::new();
            let source = stream::iter(ledger.items(4).collect::<Vec<_>>());
            let mut results = source.map_try(odd_fail).on_error(rule);
            for _ in 0..steps {
                drop(next(&mut results));
            }
            if steps % 2 == 0 {
                drop(results.into_inner())
            } else {
                drop(results)
            }
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn source_need_not_be_unpin() {
    let source = stream::once(async { 2 }).chain(stream::once(async { 3 }));
    let mut results = core::pin::pin!(source.map_try(fail_at_2));
    assert!(results.as_mut().get_pin_mut().is_some());
    assert_eq!(drain(results), [Err("two"), Ok(30)]);
}

#[test]
fn debug_shows_state_and_no_items() {
    let mut results = stream::iter(["secret"]).map_try(Ok::<_, ()>);
    assert_eq!(format!("{results:?}"), "MapTry { source_ended: false, .. }");
    assert_eq!(drain(results.by_ref()), [Ok("secret")]);
    assert_eq!(format!("{results:?}"), "MapTry { source_ended: true, .. }");
}
