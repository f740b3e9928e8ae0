//! The environment variables override the description.
//!
//! A process cannot change its environment safely, so these tests run `child` in another process.

use std::{
    env,
    process::{Command, Output},
};

use futures_util::stream;
use stream_laws::{Laws, Relation, Source};

/// Describes an adapter that loses all items.
fn lossy(name: &str) -> Laws {
    Laws::of(name, |_: Source| stream::empty::<()>()).expect(Relation::Same)
}

#[test]
#[ignore = "the other tests of this file run it"]
fn child() {
    let reports = ["lossy", "other's"].map(|name| lossy(name).run());
    panic!("{}\n{}", reports[0], reports[1]);
}

fn run(variable: &str, value: &str) -> (String, Output) {
    let program = env::current_exe().expect("path of the test program");
    let mut command = Command::new(program);
    command.args(["replay::child", "--exact", "--ignored", "--nocapture"]).env(variable, value);
    let output = command.output().expect("second process must start");
    (String::from_utf8_lossy(&output.stderr).into_owned(), output)
}

#[test]
fn seed_variable_runs_one_case() {
    let broken = lossy("lossy").check().expect_err("lost items break the relation");
    let (text, output) = run("STREAM_LAWS_SEED", &broken.seed.to_string());
    assert!(!output.status.success());
    assert!(text.contains("lossy: 1 cases, broken: items"), "{text}");
    assert!(text.contains("other's: 1 cases, broken: items"), "{text}");
    assert!(text.contains(&format!("STREAM_LAWS_SEED='lossy={}'", broken.seed)), "{text}");
}

#[test]
fn named_seed_applies_to_that_name_only() {
    let (text, _) = run("STREAM_LAWS_SEED", "other's=1");
    assert!(text.contains("lossy: 10000 cases, broken: items"), "{text}");
    assert!(text.contains("other's: 1 cases"), "{text}");
}

#[test]
fn cases_variable_sets_number() {
    let (text, _) = run("STREAM_LAWS_CASES", "321");
    assert!(text.contains("lossy: 321 cases"), "{text}");
}

#[test]
fn invalid_variable_panics() {
    let (text, output) = run("STREAM_LAWS_SEED", "often");
    assert!(!output.status.success());
    assert!(
        text.contains("STREAM_LAWS_SEED is \"often\", which is neither SEED nor NAME=SEED"),
        "{text}"
    );
    let (text, _) = run("STREAM_LAWS_CASES", "many");
    assert!(text.contains("STREAM_LAWS_CASES is \"many\", which is not a number"), "{text}");
}
